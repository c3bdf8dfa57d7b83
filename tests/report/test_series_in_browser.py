"""The page of a series in a real browser: a wide table on narrow screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_in_browser import Visit
from test_pages import Filling, Standing, write
from test_series_page import LAST, save, season

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

LONG = "Wolfeschlegelsteinhausenbergerdorff"
MORE = 8  # competitions beside those of `season`


@pytest.fixture
def page(db: Path, site: Path) -> Path:
    """The page of a series of ten competitions, of which only the best five count."""
    season(db)
    for number in range(MORE):
        standings = [Standing("lina", team=f"l{number}", ranks=(90 - number,))]
        if number < MORE - 1:
            standings.append(Standing("bob", team=f"b{number}", ranks=(5 + 20 * number,)))
        Filling(standings, [LAST], f"more-{number}", f"{LONG} {number}").into(db)
    slugs = ("one", "two", *(f"more-{number}" for number in range(MORE)))
    save(db, "Autumn 2026", slugs, best=5, name="Autumn 2026 " + LONG * 2)
    write(db, site)
    (found,) = site.glob("series-*.html")
    return found


def sides(visit: Visit, selector: str) -> tuple[float, float]:
    """Where the first such element begins and ends."""
    box = visit.page.locator(selector).first.bounding_box()
    return box["x"], box["x"] + box["width"]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_table_scrolls_in_its_own_frame_and_the_names_stay(browser: Any, page: Path, width: int) -> None:
    with Visit(browser, page, width) as visit:
        assert (visit.said, visit.asked) == ([], [page.as_uri()])
        assert visit.js("document.documentElement.scrollWidth") <= width
        frame = sides(visit, ".across")
        for cell in (".rank", ".fixed", ".total"):  # can be seen before anything is scrolled
            left, right = sides(visit, f"tbody {cell}")
            assert frame[0] <= left < right <= frame[1]
        visit.js("document.querySelector('.across').scrollLeft = 9999")
        assert sides(visit, "tbody .fixed")[0] == pytest.approx(frame[0], abs=1)
        left, right = sides(visit, "tbody td:last-child")
        assert frame[0] <= left < right <= frame[1] + 1


def test_the_frame_can_be_scrolled_with_the_keyboard(browser: Any, page: Path) -> None:
    with Visit(browser, page, 360) as visit:
        visit.page.get_by_role("region", name="Table of the standings").focus()
        visit.page.keyboard.press("ArrowRight")
        # Not wait_for_function, whose eval the page's Content-Security-Policy forbids.
        for _ in range(100):
            if visit.js("document.querySelector('.across').scrollLeft") > 0:
                return
            visit.page.wait_for_timeout(50)
    raise AssertionError("the table did not scroll")


def test_results_are_sorted_as_numbers_even_if_they_do_not_count(browser: Any, page: Path) -> None:
    with Visit(browser, page, 1280) as visit:
        heads = visit.page.locator("thead th").all_inner_texts()
        number = 1 + next(i for i, head in enumerate(heads) if f"{LONG} 7" in head)
        assert visit.page.locator("s").count() > 0
        people = "[...document.querySelectorAll('tbody tr')].map((row) => row.dataset.user)"
        assert visit.js(people) == ["bob", "lina", "zoe"]
        visit.page.locator(f"thead th:nth-child({number}) button").click()
        assert visit.js(people)[0] == "lina"  # the others are not on that board
        visit.page.locator(f"thead th:nth-child({number - 1}) button").click()
        first = visit.js(people)[:2]
        visit.page.locator(f"thead th:nth-child({number - 1}) button").click()
        assert visit.js(people)[:2] == first[::-1] and {*first} == {"bob", "lina"}


def test_the_filter_and_the_pointer_find_a_person_in_the_table_and_the_chart(
    browser: Any, page: Path
) -> None:
    with Visit(browser, page) as visit:
        visit.page.locator('tr[data-user="bob"] .who').hover()
        assert visit.page.locator('path.lit[data-user="bob"]').count() == 1
        visit.page.locator("#filter").fill("lin")
        assert visit.page.locator("tbody tr:visible").count() == 1
        assert visit.page.locator("#found").inner_text() == "1 of 3"


def test_without_javascript_it_is_a_plain_table_too(browser: Any, page: Path) -> None:
    with Visit(browser, page, java_script_enabled=False) as visit:
        assert visit.page.locator("#people tbody tr:visible").count() == 3
        assert visit.page.locator("thead button").count() == 0
        assert visit.page.locator("svg .line").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_an_accessibility_checker_finds_nothing_on_a_series(
    browser: Any,
    page: Path,
    scheme: str,
    width: int,
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe: pip install axe-playwright-python"
    ).Axe()
    for path in (page, page.parent / "index.html", page.parent / "competition-one.html"):
        with Visit(browser, path, width, color_scheme=scheme, bypass_csp=True) as visit:
            found = axe.run(visit.page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
