"""The last check before something is published: secrets in every form, and unpublished names."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.boards import Team
from world.running import one_line

from kagsync.github import guard, secrets
from kagsync.github.secrets import forms

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club
    from world.running import Ran

KEY = 's3cret/key+with <odd> & "chars" é'
HOOK = "json://hooks.example.org/T0K3N-secret?to=ann"


@pytest.fixture
def site(club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The report of a club whose people have names and ids, on a machine with secrets."""
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    monkeypatch.setenv("KAGSYNC_PING_URL", "https://hc-ping.example.org/0000-1111-2222")
    club.track("alice", "bob")
    club.ok("users", "add", "alice", "--name", "Alice O'Dell-Müller", "--student-id", "s1234567")
    club.ok("users", "add", "bob", "--name", "Bob Builder", "--student-id", "7654321", "--group", "blue")
    club.ok("notify", "add", HOOK)
    club.board("2025-10-31T12:00:00", Team(1, "Alice O'Dell-Müller", ("alice",)), Team(2, "b", ("bob",)))
    folder = tmp_path / "site"
    return folder


def published(club: Club, site: Path, names: str = "username", planted: str = "") -> Ran:
    """Writes the report, plants a text in one of its pages, and checks it."""
    club.ok("report", "--output", str(site), "--names", names)
    page = site / "index.html"
    page.write_text(f"{page.read_text()}\n{planted}\n")
    return club.run("github", "check", str(site), "--names", names)


@pytest.mark.parametrize("names", ["real", "username", "pseudonym"])
def test_a_report_as_it_is_may_be_published(club: Club, site: Path, names: str) -> None:
    ran = published(club, site, names)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No secret and no unpublished name in ")


def test_quiet_says_nothing(club: Club, site: Path) -> None:
    club.ok("report", "--output", str(site), "--names", "username")
    assert club.ok("github", "check", str(site), "-q") == ""


@pytest.mark.parametrize("value", [KEY, HOOK, "https://hc-ping.example.org/0000-1111-2222"])
@pytest.mark.parametrize(
    "form",
    [
        str,
        html.escape,
        lambda value: value.replace("&", "&#38;"),
        lambda value: quote(value, safe=""),
        lambda value: json.dumps({"key": value}),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f"u:{value}!".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"user:{value}".encode()).decode(),
    ],
)
def test_a_secret_is_found_in_every_form(club: Club, site: Path, value: str, form: object) -> None:
    message = one_line(published(club, site, planted=form(value)), code=1)  # type: ignore[operator]
    assert "must not be published: a secret (" in message and "index.html" in message
    assert value not in message


@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_a_form_in_base64_does_not_depend_on_what_is_around(value: str, before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + value.encode() + after).decode()
        assert any(form in text for form in forms(value))


def test_secrets_that_are_too_short_are_named(
    club: Club, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "s3cret")
    ran = published(club, site)
    assert "Too short to be searched for: KAGGLE_KEY" in ran.out
    assert "s3cret" not in ran.out


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        ("username", "Bob Builder", True),
        ("username", "<b>bob\n builder</b>", True),
        ("username", "Alice O&#39;Dell-M&uuml;ller", True),
        ("username", json.dumps("Alice O'Dell-Müller"), True),
        ("username", "DESCRIPTION:Bob Bui\r\n lder", True),
        ("username", "s1234567", True),
        ("username", "7654321", True),
        ("username", "0.7654321", False),
        ("username", "17654321", False),
        ("username", "Bob Builders", False),
        ("username", "alice", False),
        ("pseudonym", "alice", True),
        ("pseudonym", "blue", False),
        ("real", "Bob Builder", False),
        ("real", "s1234567", True),
    ],
)
def test_an_unpublished_name_is_found_as_a_word(
    club: Club, site: Path, names: str, text: str, found: bool
) -> None:
    ran = published(club, site, names, planted=text)
    if found:
        message = one_line(ran, code=1)
        assert "an unpublished name or student id in index.html" in message
        assert "builder" not in message.lower() and "1234567" not in message
    else:
        assert ran.code == 0, ran


def test_a_set_up_that_wants_less_than_the_workflow_counts(club: Club, site: Path) -> None:
    club.execute("INSERT INTO report_options (id, names) VALUES (1, 'pseudonym')")
    assert published(club, site, "username").code == 1
    assert published(club, site, "pseudonym").code == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王小明", "参加王小明的"),
        ("김철수", "<td>김철수</td>"),
        ("Bob Builder", "<td><b>Bob</b></td><td>Builder</td>"),
        ("Bob Builder", "Bo<wbr>b Bui\u200blder"),
        ("Bob Builder", "search?q=bob+builder"),
        ("Zoë Núñez", "Zoe\u0308%20N%C3%BAn%CC%83ez"),
        ("Builder, Bob; Jr", "SUMMARY:Builder\\, Bob\\; Jr"),
        ('Bob "Bo" Builder', json.dumps('Bob "Bo" Builder')),
        ('Bob "Bo" Builder', '"Bob ""Bo"" Builder",1'),
    ],
)
def test_a_name_is_found_in_the_formats_of_a_report(club: Club, site: Path, name: str, text: str) -> None:
    club.ok("users", "add", "bob", "--name", name)
    assert "an unpublished name" in one_line(published(club, site, planted=text), code=1)


@pytest.mark.parametrize("name", ["Table", "Score", "Space", "Group", "Tiger"])
def test_a_name_that_pages_hold_anyway_does_not_stop_each_run(club: Club, site: Path, name: str) -> None:
    club.ok("users", "add", "bob", "--name", name)
    club.ok("competitions", "add", club.slug, "--title", "Find the tiger", "--no-kaggle")
    assert published(club, site).code == 0


def test_archived_people_stay_unpublished_too(club: Club, site: Path) -> None:
    club.ok("users", "archive", "bob")
    assert published(club, site, planted="Bob Builder").code == 1


def test_names_that_are_too_short_are_counted(club: Club, site: Path) -> None:
    club.ok("users", "add", "bob", "--name", "Bo", "--student-id", "12")
    assert "Names and student ids too short or too common to be searched for: 2" in published(club, site).out


def test_a_name_of_a_file_counts_too(club: Club, site: Path) -> None:
    club.ok("report", "--output", str(site), "--names", "username")
    (site / "Bob Builder.html").write_text("by Bob Builder")
    message = one_line(club.run("github", "check", str(site)), code=1)
    assert "an unpublished name or student id in the name of a file" in message
    assert "an unpublished name or student id in that file" in message
    assert "Builder" not in message  # the log of a public repository is public


def test_a_folder_that_is_missing_or_empty_is_refused(club: Club, site: Path) -> None:
    assert "is not a folder" in one_line(club.run("github", "check", str(site)))
    site.mkdir()
    assert "is empty" in one_line(club.run("github", "check", str(site)))


@pytest.mark.parametrize("limit", ["_MOST_FILES", "_LARGEST"])
def test_a_folder_that_is_too_large_for_a_website_is_refused(
    limit: str, club: Club, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.ok("report", "--output", str(site), "--names", "username")
    monkeypatch.setattr(guard, limit, 3)
    assert "too much for a website" in one_line(club.run("github", "check", str(site)))


def test_a_target_that_names_a_variable_is_secret(
    club: Club, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUB_HOOK", "json://hooks.example.org/another-secret")
    club.execute("UPDATE notify_targets SET url = 'env:CLUB_HOOK'")
    message = one_line(published(club, site, planted="json://hooks.example.org/another-secret"), code=1)
    assert "a secret (CLUB_HOOK)" in message


def test_the_shortest_secret_is_searched_for() -> None:
    long, short = secrets.searchable([secrets.Secret("A", "x" * 8), secrets.Secret("B", "x" * 7)])
    assert [secret.what for secret in long] == ["A"] and short == ["B"]
