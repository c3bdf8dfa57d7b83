"""A URL of every kind that Apprise knows, with a secret that can be recognized wherever there may be one."""

from __future__ import annotations

import functools
import itertools
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apprise import Apprise
from apprise.manager_plugins import NotificationManager

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "chat.example.org"
HEX = "a1b2c3d4e5f60718293a4b5c6d7e8f90" * 4
# Channels whose parts depend on each other, or have a form that their templates do not tell.
BY_HAND = {
    "acs": f"acs://secret12@example.com/{'YWJj' * 20}/secret34.communication.azure.com",
    "aprs": "aprs://DF1JSL-15:54321@DF1ABC",
    "awswhatsapp": "awswhatsapp://AHIAJGNT76XIMXDBIJYA/bu1dHSdO22pfaaVy/wmNsdljF4C07D3bndi9PQJ9/us-east-2/"
    f"phone-number-id-{HEX[:32]}/15551234567",
    "cliq": "cliq://s3cretchannel@1001.s3cret1234567890abcdef.s3cret0987654321/",
    "azure": "azure://secret12@example.com/s3crettenant/ab-cd-ef-gh/s3cretsecret/secret34@example.com",
    "lauther": "lauther://lpt_s3cret123",
    "nostr": "nostr://nsec1zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs4rm7hz",
    "pagertree": f"pagertree://int_{HEX[:10]}",
    "pingram": "pingram://pingram_sk_s3cret123/secret1234/secret@example.com",
    "pushward": "pushward://hlk_s3cret123",
    "ringc": "ringc://18005554321:s3cretpassword@s3cretclient/s3cretsecret/15551234567",
    "ryver": "ryver://s3cretorg/ckhrjW8w672m6HG",
    "ses": "ses://secret12@example.com/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcevi7FQ/us-west-2",
    "sfr": "sfr://s3cretuser:s3cretpass@s3cretspace/0612345678",
    "sns": "sns://AHIAJGNT76XIMXDBIJYA/bu1dHSdO22pfaaVy/wmNsdljF4C07D3bndi9PQJ9/us-east-2/15551234567",
    "threema": "threema://*THEGWID@s3cretsecret/15551234567",
    "trigvs": f"trigvs://trgv_a1b2c3d4_{HEX[:32]}/secret12",
    "voipms": "voipms://s3cretpass:s3cretuser@example.com/16134448888",
    "wechat": "wechat://s3cretcorp:s3cretsecret@1000002",
    "wpush": "wpush://WPUSHs3cret1234567890abcdefghijk",
    "wxpusher": "wxpusher://AT_s3cret12/UID_s3cret34",
    "youlmk": f"youlmk://ylk_{HEX[:32]}",
}


@dataclass(frozen=True)
class Example:
    """A URL and the secrets in it."""

    name: str  # of the class
    url: str
    secrets: tuple[str, ...]


def plugins() -> list[Any]:
    """Every kind of channel; some need packages that are not installed, and are not `enabled`."""
    manager = NotificationManager()
    manager.load_modules()
    return sorted(set(manager.plugins()), key=lambda each: str(each.__name__))


@functools.cache
def examples() -> tuple[Example, ...]:
    """As many as there are templates of URLs that can be filled in."""
    found = []
    logging.getLogger("apprise").propagate = False
    for plugin in filter(lambda each: each.enabled, plugins()):
        for template in plugin.templates:
            filled = (_filled(plugin, template, kind) for kind in ("word", "phone", "email"))
            if example := next((each for each in filled if each and Apprise.instantiate(each.url)), None):
                found.append(example)
        scheme = _scheme(plugin)
        if scheme in BY_HAND:
            found.append(Example(plugin.__name__, BY_HAND[scheme], _parts(BY_HAND[scheme])))
    return tuple(found)


@functools.cache
def one_of_each() -> tuple[Example, ...]:
    """The last example of every kind of channel."""
    return tuple({example.name: example for example in examples()}.values())


def _parts(url: str) -> tuple[str, ...]:
    rest = url.partition("://")[2].replace(HOST, "")
    return tuple(part for part in re.split(r"[/:@?&=]", rest) if len(part) > 4 and part != "example.com")


def _scheme(plugin: Any) -> str:
    names = plugin.secure_protocol or plugin.protocol
    return str(names if isinstance(names, str) else next(iter(names)))


def _filled(plugin: Any, template: str, kind: str) -> Example | None:
    """A template with a value for each of its tokens; None: there is none for one of them."""
    template = template.replace("}{", "}/{")
    url, secrets = template, []
    for name in re.findall(r"\{(\w+)\}", template):
        fixed = {"schema": _scheme(plugin), "host": HOST, "port": "8080"}.get(name)
        value = fixed or _value(plugin.template_tokens, name, kind)
        if value is None:
            return None
        if not fixed and len(value) > 4:
            secrets.append(value)
        url = url.replace(f"{{{name}}}", value, 1)
    return Example(plugin.__name__, url, tuple(secrets))


def _value(tokens: Any, name: str, kind: str) -> str | None:
    token = tokens[name]
    while "alias_of" in token:
        token = tokens[token["alias_of"]]
    if "group" in token:  # a list of things of several kinds: the first will do
        token = next((tokens[each] for each in sorted(token["group"]) if each in tokens), token)
    if "values" in token:
        return str(next(iter(token["values"])))
    if token.get("type") in ("int", "float"):
        return str(int(token.get("min") or 5))
    pattern, flags = (
        (*token["regex"], "")[:2] if isinstance(token.get("regex"), tuple) else (token.get("regex"), "")
    )
    wanted = re.compile(pattern or "", re.IGNORECASE if "i" in (flags or "") else 0)
    kind = "email" if token.get("type") == "email" else kind
    return next((each for each in _candidates(kind) if wanted.search(each)), None)


_numbers = itertools.count(1000)


def _candidates(kind: str) -> Iterator[str]:
    """Values that no other token gets, of many forms."""
    number = next(_numbers)
    word, phone, email = f"secret{number}", f"1555123{number}", f"secret{number}@example.com"
    yield {"word": word, "phone": phone, "email": email}[kind]
    yield from (word, phone, email, f"9{number}", f"SECRET{number}", f"@{word}", f"sk_live_{HEX[:32]}")
    long, digits = f"s3cret{number}" + "Abcdefghijklmnopqrstuvwxyz0123456789" * 4, f"{number}{HEX}"
    yield from (long[:size] for size in (20, 24, 25, 30, 32, 36, 40, 43, 44, 64, 88, 128))
    yield from (digits[:size] for size in (8, 16, 20, 24, 30, 32, 40, 64, 128))
    yield f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
    yield from (f"AC{digits[:32]}", f"{number}56789:{long[:35]}", f"{number}.{digits[:32]}.{digits[32:64]}")
