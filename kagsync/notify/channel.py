"""A channel that notifications go to: the only door to Apprise.

A channel's URL is a secret. Only those parts of the URL and of a service's answer are shown that are known to
be harmless: Apprise's own masking leaves passwords with an @ in them, topics and chat numbers readable.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from kagsync import installation
from kagsync.errors import ConfigurationError, KagsyncError, UsageError
from kagsync.net import bounds
from kagsync.notify import address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.notify.message import Message
    from kagsync.store.records import Target

SERVICES = "https://appriseit.com/services/"
_JSON = "json"  # the kind of channel for programs, which gets a message as data, too
_PATIENCE = 30.0  # seconds for one request
_TOO_LATE = " (no connection, or no answer in time)"
_LONGEST_SENTENCE = 1_000  # bytes
_SHORTEST_SENTENCE = 40  # bytes
_JOIN = 16  # bytes that Apprise adds when it puts the title into the body: <b></b><br />
# What Apprise logs when it ignores a part of a URL.
_IGNORED = re.compile(
    r"drop|ignor|invalid|unsupported|not (found|available)|no\b.*(detected|identified)", re.I
)
# A URL template of Apprise's that has the name of a server in the usual place.
_NAMES_A_SERVER = re.compile(r"://([^/?]*@)?\{host\}")
_HOST = re.compile(r"(?!\d+$)[a-z0-9-]+(\.[a-z0-9-]+)*", re.I)  # a plain number is not a server
_LONGEST_PART = 15  # characters: a longer label in a host name may be a key, as in <key>.example.net


class NotSent(KagsyncError):
    """A channel did not accept a message."""

    code = "not-sent"


def check(url: str) -> None:
    """Checks that messages can be sent to a URL and that Apprise understands all of it.

    Raises:
        UsageError: Apprise does not know it, would misread it, or would ignore a part.
        ConfigurationError: Apprise is not installed, or the variable that holds the URL is not set.
    """
    with address.resolved(url) as found:
        _check(found)


def _check(url: str) -> None:
    _apprise()
    login = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[0]
    if "@" in login or login.count(":") > 1:
        # Apprise ends the password at the first of them and takes the rest for the name of a server.
        raise UsageError(
            f"the login in this {_scheme(url)} URL is ambiguous",
            "In a user name or password, write @ as %40 and : as %3A",
        )
    with _warnings() as warnings:
        found = _made(url)
    if found.port and not 0 < found.port < 65536:
        raise UsageError(f"{found.port} is not a port", "A port is a number from 1 to 65535")
    if any(_IGNORED.search(warning) for warning in warnings):
        raise UsageError(
            f"Apprise would ignore a part of this {_scheme(url)} URL",
            f"Check each recipient and option: {SERVICES}",
        )


def problem(target: Target) -> KagsyncError | None:
    """Why a target cannot be notified, as far as that is known without sending; None: no problem is known."""
    try:
        check(target.url)
    except KagsyncError as error:
        return error
    return None


def shown(target: Target) -> str:
    """A target's URL without its secrets: the scheme, and the server if the URL names one.

    If a variable holds the URL, this is `env:` and its name.
    """
    if address.variable(target.url) is not None:
        return target.url
    try:
        found = _instance(target.url)
    except KagsyncError:
        return f"{_scheme(target.url)}…"
    return f"{_kind(found, target.url)}://{_server(found)}…"


def send(target: Target, message: Message) -> None:
    """Sends one message.

    Raises:
        NotSent: the channel did not accept it, or did not answer in time.
        UsageError: the URL in the variable that should hold it is wrong.
        ConfigurationError: Apprise is not installed, or that variable is not set.
    """
    found = _instance(target.url)
    found.optional = False  # `?optional=yes` would have Apprise report a failure as a success
    if type(found).protocol == _JSON:
        found.payload_extras["kagsync"] = message.data
    patience = _patience(found, message.body)
    try:
        # In a thread that can be abandoned. Apprise's own threads would keep the process alive.
        refusal = bounds.wait_for(lambda: _refusal(found, message, patience), patience)
    except TimeoutError:
        refusal = _TOO_LATE
    except Exception as error:  # noqa: BLE001  (a failure of one channel must not stop the others)
        refusal = f" ({type(error).__name__} in Apprise)"
    if refusal is not None:
        raise NotSent(
            f"the message was not accepted{refusal}",
            f"Check the channel, then: kagsync notify test {target.id}",
        )


def send_test(target: Target) -> None:
    """Sends a message to try a target.

    Raises:
        NotSent: it did not arrive.
    """
    from kagsync.notify.message import TEST, Message, data

    send(target, Message("kagsync: a test", "Notifications will arrive here.", 0, data(TEST)))


def _refusal(found: Any, message: Message, patience: float) -> str | None:
    """Sends a message. Returns why it was not accepted, in brackets, as far as known; None: it was."""
    apprise = _apprise()
    channel = apprise.Apprise()
    channel.add(found)
    with bounds.bounded(bounds.LONGEST_ANSWER, patience):
        result = channel.notify(
            title=message.title,
            body=message.body,
            body_format=apprise.NotifyFormat.TEXT,
            log_level=logging.WARNING,
        )
    return None if result else _said(" ".join(str(entry.message) for entry in result.logs()))


def room(target: Target) -> Room:
    """How long a message to a target may be.

    Raises:
        UsageError, ConfigurationError: messages cannot be sent to its URL.
    """
    with address.resolved(target.url) as url:
        return Room(_made(url), unlimited=_has_own_overflow(url))


class Room:
    """How long a message may be for a channel.

    Lengths are in bytes. Services count bytes, UTF-16 units or characters, and bytes are never fewer. Nearly
    all of a message is ASCII, so this costs little.

    Attributes:
        title: how long the title may be; None: any length.
        sentence: how long one sentence may be, so that a single one cannot fill a message.
    """

    def __init__(self, found: Any, *, unlimited: bool) -> None:
        self._unlimited = unlimited
        self._limit = int(found.body_maxlen)
        self._lines = int(found.body_max_line_count)
        title = int(found.title_maxlen)
        self._merged = title <= 0  # Apprise puts the title into the body
        self._shared = self._merged or bool(found.overflow_amalgamate_title)  # the limit is for both
        formats = found.notify_format
        self._formats = formats if isinstance(formats, (tuple, list)) else (formats,)
        self.title = None if unlimited or self._merged else title
        self.sentence = _LONGEST_SENTENCE
        if not unlimited:
            self.sentence = min(_LONGEST_SENTENCE, max(_SHORTEST_SENTENCE, self._limit // 2))

    def fits(self, title: str, body: str) -> bool:
        """Whether a message arrives complete, in the longest of the formats that the channel may use."""
        if self._unlimited:
            return True
        lines = body.count("\n") + 1 + (1 if self._merged and title else 0)
        if self._lines and lines > self._lines:
            return False
        return (
            self._bytes(body) + (self._bytes(title) + _JOIN if self._shared and title else 0) <= self._limit
        )

    def _bytes(self, text: str) -> int:
        from apprise.conversion import convert_between

        text_format = _apprise().NotifyFormat.TEXT
        return max(len(convert_between(text_format, each, text).encode()) for each in self._formats)


def _apprise() -> Any:
    try:
        import apprise  # 0.15 s, and an optional extra, so only when there is something to send
    except ImportError as error:
        remedy = installation.this().add_extra("notify")
        raise ConfigurationError("notifications need Apprise, which is not installed", remedy) from error
    log = logging.getLogger("apprise")  # its lines contain addresses and tokens
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    return apprise


def _instance(url: str) -> Any:
    with address.resolved(url) as found:
        return _made(found)


def _made(url: str) -> Any:
    apprise = _apprise()
    # With a timeout of 0, Apprise sends in the calling thread, which is ours.
    asset = apprise.AppriseAsset(service_timeout=0)
    found = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if found is None:
        raise _why_not(url)
    return found


def _why_not(url: str) -> UsageError:
    """Why Apprise cannot send to a URL."""
    from apprise.manager_plugins import NotificationManager

    known = NotificationManager()
    scheme = _scheme(url).partition("://")[0]
    if not scheme:
        return UsageError(
            "this is not a URL", f"A channel is a URL such as mailto://… or discord://…: {SERVICES}"
        )
    if scheme not in known:
        return UsageError(f"Apprise does not know {_scheme(url)} URLs", f"See {SERVICES} for yours")
    plugin = known[scheme]
    if plugin.enabled:
        return UsageError(
            f"Apprise cannot use this {_scheme(url)} URL",
            f"Compare it with {SERVICES}; in a user name or password, write @ as %40 and / as %2F",
        )
    packages = plugin.requirements.get("packages_required") or []
    packages = [packages] if isinstance(packages, str) else packages
    remedy = installation.this().add_packages(*packages) if packages else f"See {SERVICES}"
    return UsageError(f"{_scheme(url)} does not work on this system", remedy)


def _scheme(url: str) -> str:
    found = re.match(r"[a-z0-9][a-z0-9+.-]{0,19}://", url, re.I)
    return found[0].lower() if found else ""


@contextlib.contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collects Apprise's warnings during the block."""
    said: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log, collect = logging.getLogger("apprise"), Collect(logging.WARNING)
    log.addHandler(collect)
    try:
        yield said
    finally:
        log.removeHandler(collect)


def _kind(found: Any, url: str) -> str:
    """The scheme of a channel: the URL's, or Apprise's if the URL is a web address that it knows."""
    names: list[str] = []
    for each in (
        type(found).secure_protocol,
        type(found).protocol,
    ):  # from the class: some instances change theirs
        names += [each] if isinstance(each, str) else each or ()
    written = _scheme(url).partition("://")[0]
    return written if written in names else names[0]


def _server(found: Any) -> str:
    """The server and port of a URL, with a slash; empty if the URL has something else in that place."""
    templates = getattr(type(found), "templates", ())
    host = found.host or ""
    named = bool(templates) and all(_NAMES_A_SERVER.search(each) for each in templates)
    if not named or not _HOST.fullmatch(host):
        return ""
    name = ".".join("…" if len(label) > _LONGEST_PART else label for label in host.split("."))
    return f"{name}:{found.port}/" if found.port and found.port < 65536 else f"{name}/"


def _has_own_overflow(url: str) -> bool:
    """Whether a URL asks to split a long message, or to send it unchanged.

    With `truncate`, Apprise would silently cut off the end, so the message is made to fit.
    """
    found = re.findall(r"[?&]overflow=(\w+)", url, re.I)
    return bool(found) and found[-1].lower() in ("split", "upstream")


def _patience(found: Any, body: str) -> float:
    """How long sending may take: Apprise pauses between requests, one for each recipient and piece."""
    pieces = 1
    if found.overflow_mode.value == "split":
        pieces += len(body) // max(int(found.body_maxlen) // 2, 1)
    return _PATIENCE + (max(len(found), 1) * pieces - 1) * (float(found.request_rate_per_sec) + 1)


def _said(text: str) -> str:
    """What Apprise logged, as far as that is known to contain no secret, in brackets; else empty."""
    if found := re.search(r"\berror(?: code)?[=: ]+([1-5]\d\d)\b", text):
        return f" (HTTP {found[1]})"
    if re.search(r"connection error|connect(ion)? (failed|refused)|timed? ?out|deadline", text, re.I):
        return _TOO_LATE
    return ""
