"""`embed-SLUG.html`: the table alone, for an iframe."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import html5lib
import pytest
from test_feed import climbing, sync
from test_pages import NOW, PAYLOADS, Page, hostile, write
from world.running import set_columns

from kagsync.report import NAMES, PSEUDONYM
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from pathlib import Path


def read(site: Path, slug: str = "digits") -> Page:
    """The page, which is well-formed HTML."""
    text = (site / f"embed-{slug}.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    return Page(text)


def table(found: Page) -> list[list[str]]:
    """The texts of the table's cells."""
    root = html5lib.parse(found.html, namespaceHTMLElements=False)
    return [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in root.iter("tr")]


def test_it_is_the_table_with_a_link_to_the_page(db: Path, site: Path) -> None:
    climbing("digits", 2, missing=["zoe"]).into(db)
    write(db, site)
    found = read(site)
    assert table(found) == [
        ["Rank", "Moved", "Person", "Score", "Next"],
        ["872", "▲9 places up", "Digits 1 @digits1 · digits team 1", "0.5031", ""],
        [
            "873",
            "▲9 places up",
            "Digits 0 @digits0 · digits team 0",
            "0.5030",
            "0.0001 · 1 place to Digits 1",
        ],
    ]
    assert [link["href"] for link in found.all("a")] == ["competition-digits.html"]
    assert "zoe" not in found.text
    assert "board from 2025-11-10 11:50 UTC" in found.text


def test_of_a_result_it_has_the_final_ranks(db: Path, site: Path) -> None:
    climbing("digits", 2, final=(4, 900)).into(db)
    write(db, site)
    found = read(site)
    assert table(found) == [
        ["Rank", "Shake-up", "Person", "Score", "Medal"],
        ["4", "▲869 places up", "Digits 0 gold medal @digits0 · digits team 0", "0.8996", "gold"],
        ["900", "▼28 places down", "Digits 1 @digits1 · digits team 1", "0.8100", ""],
    ]
    assert "private board from" in found.text
    ways = [each.get("class") for each in found.all("span")]
    assert [way for way in ways if way != "aside"] == ["up", "down"]  # as the pages colour them


def test_it_needs_no_script_and_opens_links_outside_of_the_frame(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    write(db, site)
    found = read(site)
    assert found.all("script") == []
    assert found.all("base") == [{"target": "_blank"}]
    assert {each["href"] for each in found.all("link")} == {"data:,"}
    (policy,) = [each["content"] for each in found.all("meta") if each.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(found.raw("style").encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}';" in (policy or "")
    assert "script-src" not in (policy or "")


@pytest.mark.parametrize("names", NAMES)
def test_it_names_people_as_the_pages_do_and_asks_search_engines_to_stay_away(
    db: Path, site: Path, names: str
) -> None:
    climbing("digits").into(db)
    sync(db, site, names=names)
    found = read(site)
    robots = [each["content"] for each in found.all("meta") if each.get("name") == "robots"]
    assert robots == ["noindex"]
    assert ("Digits 0" in found.text, "@digits0" in found.text) == {
        "real": (True, True),
        "username": (False, False),  # it stands there already
        PSEUDONYM: (False, False),
    }[names]
    sync(db, site, names=names, searchable=True)
    robots = [each["content"] for each in read(site).all("meta") if each.get("name") == "robots"]
    assert robots == ["index"]


def test_it_is_written_only_if_it_changed(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    sync(db, site)
    path = site / "embed-digits.html"
    before = path.stat().st_ino, path.stat().st_mtime_ns
    sync(db, site)
    write(db, site)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before
    set_columns(db, "digits", title="Digits")
    sync(db, site)
    assert read(site).raw("h1") == "" and read(site).raw("a") == "Digits"


def test_a_lost_one_is_made_again(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    sync(db, site)
    path = site / "embed-digits.html"
    before = path.read_bytes()
    path.unlink()
    sync(db, site)
    assert path.read_bytes() == before


def test_without_anybody_it_says_so(db: Path, site: Path) -> None:
    filling = climbing("digits")
    filling.standings = []
    filling.missing = ["zoe"]
    filling.into(db)
    write(db, site, NOW)
    assert "None of our people is on the board." in read(site).text
    assert read(site).all("table") == []


def test_hostile_names_are_text_and_nothing_else(db: Path, site: Path) -> None:
    hostile().into(db)
    write(db, site)
    text = (site / "embed-titanic.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    found = Page(text)
    for name in PAYLOADS.values():
        assert " ".join(printable(name).split()) in found.text, name
    assert found.open == [] and len(found.all("style")) == 1
    assert {tag for tag, _ in found.elements} & {"script", "img", "iframe", "object", "form", "svg"} == set()
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
