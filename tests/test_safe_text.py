"""Names that strangers choose reach a chat as text, and only as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kagsync.safe_text import chat_safe, printable

GAP = "\u200b"
HOSTILE = (
    "@everyone @here @channel @all @room ＠everyone #everyone #general ＃tag !here $TSLA",
    "<!channel> <!here> <@123> <@&456> <#789> <users/all> <at user_id='all'></at> <subteam^x>",
    "@**all** @_**all** #**general** @user:matrix.org #room:matrix.org !id:matrix.org",
    "https://evil.com http://127.0.0.1/x HTTPS://EVIL.COM //evil.com ／／evil.com ftp://x",
    "www.evil.org evil.com evil.co.uk/x ☕.ws evil。com evil．com münchen.de 10.0.0.1",
    "me@evil.com mailto:me@evil.com tel:+15551234 tel:0049 javascript:alert(1) tg:x :tada: ：x",
    "[x](http://evil.com) [x](//evil.com) ![x](evil.com) <a href='x.org'>y</a> {evil.com|x} `x` ~x~",
    "/kick /start@bot u/name r/all /／x",
)
# What services turn into something else, by their documentation or by what their clients do.
READ_AS_MORE = {
    "a mention, a channel, a hashtag, a cashtag": r"[@＠#＃!！$＄][\w<*_/:]",
    "Slack's, Discord's and Feishu's tags": r"[<>]",
    "Markdown": r"[\[\]`*_~|\\]",
    "an address": r"(?i)[a-z][a-z0-9+.-]*:[^\s\d\u200b]|[a-z]:\d",
    "an address without a scheme": r"[/／][/／]",
    "an emoji": r":[a-z0-9_+-]+:",
    "the name of a server": r"(?i)[\w☕][.．。｡][a-z]",
    "the number of a server": r"\d+\.\d+\.\d+",
    "a command, a user of Reddit": r"(?i)[/／][a-z]",
}


def assert_only_text(text: str) -> None:
    sent = chat_safe(text)
    for what, pattern in READ_AS_MORE.items():
        assert not re.search(pattern, sent), (what, text, sent)


def assert_readable(text: str) -> None:
    """It has the same characters in the same order, some of them in their wide forms."""
    narrow = {ord(wide): ord(wide) - 0xFEE0 for wide in "＠＜＞［］｀＊＿～｜＼"}
    assert chat_safe(text).replace(GAP, "").translate(narrow) == printable(text).replace(GAP, "").translate(
        narrow
    )


@pytest.mark.parametrize("name", [word for line in HOSTILE for word in line.split(" ")])
def test_what_people_may_call_a_team(name: str) -> None:
    for text in (name, f"a {name}", f"the team “x” is now called “{name}”", f"({name})", f"x{name}x"):
        assert_only_text(text)
        assert_readable(text)


PIECES = st.sampled_from([word for line in HOSTILE for word in line.split(" ")])


@given(
    st.lists(st.one_of(PIECES, st.text(max_size=4), st.sampled_from("@#!$/:.wx1 ")), max_size=8).map("".join)
)
@example("a:/b")
def test_whatever_they_think_of(name: str) -> None:
    assert_only_text(name)
    assert_readable(name)


@pytest.mark.parametrize(
    "text",
    [
        "bob 2 → 1 of 3: improved 0.70 → 0.90",
        "alice: the team “alpha” is now called “beta”",
        "Titanic - Machine Learning from Disaster: 2 of ours moved",
        "Dr. Jane Smith 3 → 2 of 1,744: improved -589.7 → 68908.316 (3/4, 10:30)",
        "Спортлото 梯度下降部 👩‍🚀 Zoë O'Neil-Müller & Co.",
    ],
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert chat_safe(text) == text
