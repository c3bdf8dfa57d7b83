"""The slope chart from the public to the private board: what it draws, and what it says in words."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.hostile import HOSTILE

from kagsync.report import pages, slope
from kagsync.report.slope import Person
from kagsync.safe_text import printable


def laid_out(*people: Person) -> slope.Slope:
    found = slope.draw(list(people))
    assert found is not None
    return found


def drawn(*people: Person) -> ElementTree.Element:
    """The chart as it stands in a page."""
    template = pages._environment().get_template("slope.html")
    return ElementTree.fromstring(f"<main>{template.render(slope=laid_out(*people))}</main>")


def person(username: str, public: int | None, private: int, label: str | None = None) -> Person:
    return Person(username, label or username, public, private)


def crowd(people: int, teams: int = 1744) -> list[Person]:
    chance = random.Random(people)
    ranks = zip(
        chance.sample(range(1, teams + 1), people), chance.sample(range(1, teams + 1), people), strict=True
    )
    return [person(f"user{number}", *each) for number, each in enumerate(ranks)]


def lines(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The lines by username."""
    found = [each for each in root.iter("path") if (each.get("class") or "").startswith("line")]
    return {each.attrib["data-user"]: each for each in found}


def ends(line: ElementTree.Element) -> tuple[float, float]:
    """The heights at the left and at the right."""
    found = re.fullmatch(rf"M0,(\d+)L{slope.WIDTH},(\d+)", line.attrib["d"])
    assert found is not None
    return float(found[1]), float(found[2])


def texts(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The texts at the right by username."""
    names = [each for each in root.iter("g") if each.get("class") == "name"]
    return {each.attrib["data-user"]: text for each in names for text in each.iter("text")}


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_a_line_goes_from_the_public_to_the_private_rank_with_the_best_at_the_top() -> None:
    root = drawn(person("Alice", 120, 37), person("bob", 37, 120), person("carol", 80, 80))
    found = {name: ends(line) for name, line in lines(root).items()}
    assert found["alice"] == tuple(reversed(found["bob"]))
    assert found["alice"][0] > found["carol"][0] == found["carol"][1] > found["alice"][1]


def test_up_and_down_differ_in_more_than_colour() -> None:
    root = drawn(person("alice", 120, 37), person("bob", 1037, 2066), person("carol", 80, 80))
    assert {name: line.get("class") for name, line in lines(root).items()} == {
        "alice": "line up",
        "bob": "line down",
        "carol": "line still",
    }
    style = (pages._HERE / "templates" / "style.css").read_text(encoding="utf-8")
    assert re.search(r"\.line\.down \{ stroke-dasharray: 7", style)
    assert {name: words(text) for name, text in texts(root).items()} == {
        "alice": "37 ▲83 alice",
        "bob": "2,066 ▼1,029 bob",
        "carol": "80 = carol",
    }


def test_a_line_says_both_ranks_when_it_is_pointed_at() -> None:
    root = drawn(person("a", 1120, 37), person("b", 37, 38), person("c", 8, 8), person("d", None, 5))
    titles = {
        each.attrib["data-user"]: each.findtext("title")
        for each in root.iter()
        if each.find("title") is not None
    }
    assert titles == {
        "a": "a: from 1,120 to 37, 1,083 places up",
        "b": "b: from 37 to 38, 1 place down",
        "c": "c: 8 on both boards",
        "d": "d: 5 on the private board, not on the public board",
    }


def test_without_a_public_rank_there_is_only_a_dot_at_the_right() -> None:
    root = drawn(person("alice", None, 5), person("bob", 7, 9))
    assert list(lines(root)) == ["bob"]
    dots = {
        each.attrib["data-user"]: each.findall("circle")
        for each in root.iter("g")
        if each.find("circle") is not None
    }
    assert [circle.get("cx") for circle in dots["alice"]] == ["100%"]
    assert [circle.get("cx") for circle in dots["bob"]] == [None, "100%"]
    assert words(texts(root)["alice"]) == "5 alice"


def test_it_says_in_words_what_it_shows() -> None:
    root = drawn(person("a", 9, 3), person("b", 3, 4), person("c", 5, 5), person("d", 8, 1))
    (svg, *_), (about,) = root.iter("svg"), root.iter("desc")
    assert (svg.get("role"), svg.get("aria-describedby")) == ("img", about.get("id"))
    assert (about.text or "").startswith("Ranks of 4 people on the public board at the left and ")
    assert (about.text or "").endswith(": 2 went up, 1 down, 1 kept the rank.")
    (about,) = drawn(person("a", None, 3)).iter("desc")
    assert "Ranks of 1 person " in (about.text or "")
    assert (about.text or "").endswith("0 kept the rank, 1 had none on the public board.")


@pytest.mark.parametrize("people", [1, 2, 20, slope.MOST_NAMES])
def test_a_few_people_all_have_names_that_do_not_touch(people: int) -> None:
    for each in (crowd(people), [person(f"user{i}", 100 + i, 100 + i // 3) for i in range(people)]):
        root = drawn(*each)
        heights = sorted(float(text.get("y", "nan")) for text in texts(root).values())
        assert len(heights) == people
        assert all(below - above >= 16 for above, below in pairwise(heights))
        assert heights[0] >= 0 and heights[-1] <= laid_out(*each).height + 4
        assert "have names" not in words(root)


def test_names_stand_in_the_order_of_the_ranks() -> None:
    people = [person(f"user{i}", 1 + i * 99, 1500 + (i * 7) % 20) for i in range(20)]
    heights = {name: float(text.get("y", "nan")) for name, text in texts(drawn(*people)).items()}
    assert sorted(heights, key=heights.__getitem__) == [
        each.username for each in sorted(people, key=lambda each: each.private)
    ]


def test_of_many_people_the_steepest_lines_have_names() -> None:
    people = crowd(200)
    root = drawn(*people)
    named = texts(root).keys()
    assert "Only the 20 steepest lines have names." in words(root)
    assert len(lines(root)) == 200 and len(named) == 20
    steep = {
        name: abs(start - end) for name, (start, end) in ((n, ends(line)) for n, line in lines(root).items())
    }
    assert min(steep[name] for name in named) >= max(steep[name] for name in steep.keys() - named)
    assert {name for name, line in lines(root).items() if "faint" in (line.get("class") or "")} == (
        steep.keys() - named
    )
    assert (
        list(lines(root))[-20:] != list(lines(root))[:20] and set(list(lines(root))[-20:]) == named
    )  # on top


def test_one_place_does_not_look_like_many() -> None:
    start, end = ends(lines(drawn(person("alice", 500, 499)))["alice"])
    assert 0 < start - end <= laid_out(person("alice", 500, 499)).height / 20


def test_a_few_places_at_the_top_of_a_large_board_can_be_seen() -> None:
    found = drawn(person("alice", 1, 12), person("bob", 1700, 1740), person("carol", 1740, 1700))
    assert "(square root)" in words(found)
    start, end = ends(lines(found)["alice"])
    assert end - start >= 10
    assert "square root" not in words(drawn(person("alice", 1, 12), person("bob", 20, 29)))


@given(
    st.lists(st.tuples(st.none() | st.integers(1, 50_000), st.integers(1, 50_000)), min_size=1, max_size=50)
)
def test_any_ranks_can_be_drawn(ranks: list[tuple[int | None, int]]) -> None:
    found = laid_out(*(person(f"user{number}", *each) for number, each in enumerate(ranks)))
    assert len(found.people) == len(ranks)
    for each in found.people:
        assert 0 <= each.end <= found.height and (each.start is None or 0 <= each.start <= found.height)
        assert each.name_at is None or 0 <= each.name_at <= found.height
    heights = [tick.at for tick in found.ranks]
    assert (heights[0], heights[-1]) == (0, found.height)
    assert all(below - above >= 32 for above, below in pairwise(heights))
    assert len(heights) <= 21


def test_nobody_is_no_chart() -> None:
    assert slope.draw([]) is None


def test_hostile_names_are_text_and_nothing_else() -> None:
    payloads = [
        *HOSTILE.values(),
        "<script>window.owned = 1</script>",
        '"><img src=x onerror="window.owned = 1">',
    ]
    root = drawn(*(person(f"user{i}", i + 9, i + 1, label=text) for i, text in enumerate(payloads)))
    titles = {title.text for title in root.iter("title")}
    assert titles == {printable(f"{text}: from {i + 9} to {i + 1}, 8 places up")
                      for i, text in enumerate(payloads)}  # fmt: skip
    assert {each.tag for each in root.iter()} <= {
        "main", "div", "p", "svg", "g", "path", "circle", "text", "tspan", "title", "desc",
    }  # fmt: skip
    assert all(len(words(text)) <= len("9 ▲8 ") + 17 for text in texts(root).values())
