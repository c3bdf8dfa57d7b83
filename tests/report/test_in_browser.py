"""The report in a real browser: opened from disk, with the network cut."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import test_pages
from test_pages import SLUG, Filling, Standing, a_year, hostile, locks_of, moving, write
from world.database import execute

from kagsync import clock
from kagsync.report import PSEUDONYM, chart
from kagsync.report import write as report
from kagsync.report.folder import embed_name, files_of
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

NOW = datetime.now(UTC).replace(microsecond=0)


LINES_SHOWN = (
    "[...document.querySelectorAll('svg .line')].filter((e) => getComputedStyle(e).display !== 'none')"
    ".map((e) => e.dataset.user).sort()"
)


class Visit:
    """A page that is open, and all it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, **context: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **({"locale": "en-GB"} | context)
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def js(self, script: str) -> Any:
        return self.page.evaluate(script)

    def column(self, number: int) -> list[str]:
        """The cells of a column of the table, by row (from 1); of people only the names."""
        return self.js(  # type: ignore[no-any-return]
            f"[...document.querySelectorAll('#people tbody tr > :nth-child({number})')]"
            ".map((cell) => (cell.querySelector('.who') ?? cell).innerText.trim())"
        )


def site(tmp_path: Path, *fillings: Filling, now: datetime = NOW) -> Path:
    """A site made of these competitions."""
    tmp_path.mkdir(exist_ok=True)
    for filling in fillings:
        filling.into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path / "site", now)
    return tmp_path / "site"


def few() -> Filling:
    """Three people whose numbers do not sort as text: a thousand, one that fell, one that is new."""
    end = int(NOW.timestamp()) - 600
    before = end - 30 * 3600
    return Filling(
        [
            Standing("alice", "Alice", "crimson", "Rabbits", (999, 1000), ("0.51", "0.52")),
            Standing("bob", "Bob", "blue", "Team Bob", (1, 999), ("0.9", "0.6")),
            Standing("carol", "Carol", "crimson", "Team Carol", (7,), ("0.8",)),
        ],
        [before, end],
        synced_at=NOW - timedelta(minutes=5),
        deadline=NOW + timedelta(days=3, hours=1),
        missing=["dave"],
    )


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of `few`."""
    return site(tmp_path, few()) / report.page_name(SLUG)


def test_pages_open_from_disk_and_ask_for_nothing(browser: Any, page: Path) -> None:
    for path in (page, page.parent / report.INDEX, page.parent / embed_name(SLUG)):
        with Visit(browser, path) as visit:
            assert visit.page.title()
            assert (visit.said, visit.asked) == ([], [path.as_uri()])


def test_the_links_between_the_pages_work(browser: Any, page: Path) -> None:
    with Visit(browser, page.parent / report.INDEX) as visit:
        visit.page.get_by_role("link", name="Titanic").click()
        assert visit.page.url == page.as_uri()
        visit.page.get_by_role("navigation").get_by_role("link").click()
        assert visit.page.url == (page.parent / report.INDEX).as_uri()


def test_an_embedded_table_opens_its_page_in_another_tab(browser: Any, page: Path, tmp_path: Path) -> None:
    outside = tmp_path / "blog.html"
    outside.write_text(f'<iframe src="{(page.parent / embed_name(SLUG)).as_uri()}"></iframe>')
    with Visit(browser, outside) as visit:
        with visit.context.expect_page() as opened:
            visit.page.frame_locator("iframe").get_by_role("link", name="Titanic").click()
        assert opened.value.url == page.as_uri()
        assert visit.page.url == outside.as_uri()
        assert visit.said == []


def test_an_embedded_table_follows_the_system_and_has_one_line_for_each_person_on_a_phone(
    browser: Any, page: Path
) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        with Visit(browser, page.parent / embed_name(SLUG), 360, color_scheme=scheme) as visit:
            colours.add(visit.js("getComputedStyle(document.body).color"))
            heights = visit.js("[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)")
            assert len(heights) == 3 and max(heights) < 40
    assert len(colours) == 2


def test_the_policy_lets_no_other_script_or_style_in(browser: Any, page: Path) -> None:
    with Visit(browser, page) as visit:
        violated = visit.js("""async () => {
            const found = [];
            document.addEventListener("securitypolicyviolation", (e) => found.push(e.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.owned = 1";
            document.body.append(script);
            const div = document.createElement("div");
            div.innerHTML = '<img src="x" onerror="window.owned = 2"><p style="position:fixed">x</p>';
            document.body.append(div);
            await fetch("https://example.com/").catch(() => {});
            await new Promise((done) => setTimeout(done, 200));
            return found;
        }""")
        assert {"script-src-elem", "connect-src", "img-src", "style-src-attr"} <= set(violated)
        assert visit.js("window.owned") is None


def test_hostile_names_run_nothing(browser: Any, tmp_path: Path) -> None:
    folder = site(tmp_path, hostile())
    for name in (report.page_name(SLUG), embed_name(SLUG), report.INDEX):
        with Visit(browser, folder / name) as visit:
            if name == report.page_name(SLUG):
                visit.page.locator(".who").first.hover()
                visit.page.locator("#filter").fill("<script>")
                for button in visit.page.locator("thead button").all():
                    button.click()
            assert visit.js("window.owned") is None
            assert (visit.said, visit.asked) == ([], [(folder / name).as_uri()])


def test_the_table_is_sorted_by_each_column_and_by_keyboard(browser: Any, page: Path) -> None:
    with Visit(browser, page) as visit:
        titles = [title.strip() for title in visit.page.locator("thead th").all_inner_texts()]
        assert titles[:5] == ["Rank", "Moved", "Person", "Group", "Score"]
        button = visit.page.locator("thead button")
        assert visit.column(1) == ["7", "999", "1,000"]
        button.nth(0).click()  # it was in ascending order already
        assert visit.column(1) == ["1,000", "999", "7"]
        assert visit.js("document.querySelector('thead th').getAttribute('aria-sort')") == "descending"
        button.nth(1).click()
        assert [cell.split()[0] for cell in visit.column(2)] == ["▼998", "▼1", "new"]
        button.nth(1).click()  # what has no number stays below
        assert [cell.split()[0] for cell in visit.column(2)] == ["▼1", "▼998", "new"]
        button.nth(2).focus()
        visit.page.keyboard.press("Enter")
        assert visit.column(3) == ["Alice", "Bob", "Carol"]
        visit.page.keyboard.press("Space")
        assert visit.column(3) == ["Carol", "Bob", "Alice"]
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Enter")
        assert visit.column(5) == ["0.52", "0.6", "0.8"]
        assert visit.js("document.querySelectorAll('[aria-sort]').length") == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_the_filter_narrows_rows_and_lines(browser: Any, page: Path, width: int) -> None:
    with Visit(browser, page, width) as visit:
        visit.page.get_by_label("Filter").fill("CRIMSON")
        assert visit.page.locator("#people tbody tr:visible").count() == 2
        assert visit.page.locator("#found").inner_text() == "2 of 3"
        assert visit.js("document.documentElement.scrollWidth") <= width
        assert visit.js(LINES_SHOWN) == ["alice", "carol"]
        visit.page.get_by_label("Filter").fill("rabbits")
        assert visit.page.locator("#people tbody tr:visible").count() == 1
        assert visit.js(LINES_SHOWN) == ["alice"]
        visit.page.get_by_label("Filter").fill("")
        assert visit.page.locator("#people tbody tr:visible").count() == 3
        assert visit.page.locator("#found").inner_text() == ""


def test_pointing_at_a_person_or_a_line_lights_up_both(browser: Any, page: Path) -> None:
    lit = "[...document.querySelectorAll('.lit')].map((e) => e.localName + ' ' + e.dataset.user).sort()"
    of = ["g bob", "path bob", "tr bob"]
    with Visit(browser, page) as visit:
        assert visit.js(lit) == []
        visit.page.get_by_text("Bob", exact=True).first.hover()
        assert visit.js(lit) == of
        assert visit.page.locator(".pointed").inner_text() == "Bob"
        visit.page.locator("h1").hover()
        assert visit.js(lit) == []
        visit.page.locator('tr[data-user="bob"] .who').focus()
        assert visit.js(lit) == of
        visit.page.locator("#filter").focus()
        assert visit.js(lit) == []
        visit.page.locator('svg .name[data-user="bob"] text').hover()
        assert visit.js(lit) == of


@pytest.mark.parametrize("people", [20, 1, 200])
@pytest.mark.parametrize("names", ["long", "usual"])
def test_no_width_needs_to_be_scrolled_sideways(
    browser: Any, tmp_path: Path, people: int, names: str
) -> None:
    long = {"name": "Wolfeschlegelsteinhausenbergerdorff" * 2, "team": "W" * 76} if names == "long" else {}
    folder = site(tmp_path, a_year(people, 20, final=True, **long))
    for width in (360, 768, 1280):
        for file in (report.page_name(SLUG), embed_name(SLUG), report.INDEX):
            with Visit(browser, folder / file, width) as visit:
                assert visit.js("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("people", [1, 3, 24, 30, 200])
def test_no_texts_of_the_charts_overlap_or_are_cut(
    browser: Any, tmp_path: Path, people: int, width: int
) -> None:
    path = site(tmp_path, a_year(people, 20, final=True)) / report.page_name(SLUG)
    with Visit(browser, path, width) as visit:
        for media in ("screen", "print") if width > 360 else ("screen",):
            visit.page.emulate_media(media=media)
            boxes = visit.js("""[...document.querySelectorAll('svg text')]
                .map((e) => e.getBoundingClientRect()).filter((box) => box.width)
                .map((box) => [box.left, box.top, box.right, box.bottom])""")
            names = 0 if people == 1 else people if people <= chart.MOST_NAMES else 12
            assert len(boxes) > min(people, 20) + names
            assert all(box[0] >= 0 and box[2] <= width for box in boxes)
            for a, b in itertools.combinations(boxes, 2):
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
                assert apart, (media, a, b)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """The page of `few` with a private board."""
    filling = few()
    filling.final = (400, 999, 12)
    return site(tmp_path / "result", filling) / report.page_name(SLUG)


def test_one_filter_is_for_both_tables_and_both_charts(browser: Any, result: Path) -> None:
    with Visit(browser, result) as visit:
        visit.page.get_by_label("Filter").fill("crimson")
        assert visit.page.locator(".standings tbody tr:visible").count() == 4
        assert visit.page.locator("#found").inner_text() == "2 of 3"
        assert visit.js(LINES_SHOWN) == ["alice", "alice", "carol", "carol"]
        assert visit.page.locator(".slope .dots:visible").count() == 2
        visit.page.get_by_label("Filter").fill("")
        assert visit.page.locator(".standings tbody tr:visible").count() == 6


def test_pointing_at_a_person_lights_up_both_tables_and_both_charts(browser: Any, result: Path) -> None:
    lit = "[...document.querySelectorAll('.lit')].map((e) => e.localName + ' ' + e.dataset.user).sort()"
    of = ["g bob", "g bob", "g bob", "path bob", "path bob", "tr bob", "tr bob"]
    with Visit(browser, result) as visit:
        visit.page.locator('.slope .name[data-user="bob"] text').hover()
        assert visit.js(lit) == of
        assert visit.page.locator(".pointed").all_inner_texts() == ["Bob", "Bob"]
        visit.page.locator("h1").hover()
        assert visit.js(lit) == []
        assert visit.page.locator(".pointed").all_inner_texts() == ["best at the top"] * 2


def test_people_with_pseudonyms_are_filtered_and_lit_up_too(browser: Any, tmp_path: Path) -> None:
    filling = few()
    filling.final = (400, 999, 12)
    filling.into(tmp_path / "a.db")
    execute(tmp_path / "a.db", "UPDATE users SET pseudonym = 'Person \"<' || (1000 + id)")
    folder = tmp_path / "site"
    with Store.open(tmp_path / "a.db", locks_of(tmp_path / "a.db")) as store:
        report.report(store, folder, NOW, report.Content(names=PSEUDONYM))
    bob = 'Person "<1002'
    lit = "[...document.querySelectorAll('.lit')].map((e) => e.localName + ' ' + e.dataset.user).sort()"
    with Visit(browser, folder / report.page_name(SLUG)) as visit:
        visit.page.get_by_text(bob, exact=True).first.hover()
        assert {each.split(maxsplit=1)[1] for each in visit.js(lit)} == {bob.lower()}
        assert len(visit.js(lit)) == 7
        assert visit.page.locator(".pointed").all_inner_texts() == [bob, bob]
        visit.page.get_by_label("Filter").fill("1002")
        assert visit.page.locator("#found").inner_text() == "1 of 3"
        assert visit.js(LINES_SHOWN) == [bob.lower()] * 2
        assert visit.page.get_by_label("Filter").get_attribute("placeholder") == "name, group"
        assert (visit.said, visit.asked) == ([], [(folder / report.page_name(SLUG)).as_uri()])


def test_each_table_is_sorted_by_itself(browser: Any, result: Path) -> None:
    shaken = ".standings >> nth=0 >> tbody tr > :nth-child(3)"
    with Visit(browser, result) as visit:
        visit.page.get_by_role("button", name="Shake-up").click()
        cells = [text.split()[0] for text in visit.page.locator(shaken).all_inner_texts()]
        assert cells == ["▼5", "=", "▲600"]
        assert visit.column(1) == ["7", "999", "1,000"]
        visit.page.get_by_role("button", name="Rank").nth(1).click()
        assert visit.column(1) == ["1,000", "999", "7"]
        assert [text.split()[0] for text in visit.page.locator(shaken).all_inner_texts()] == cells


def test_lines_down_are_dashed_on_paper_and_on_screen(browser: Any, result: Path) -> None:
    dashes = "getComputedStyle(document.querySelector('.slope .line.{}')).strokeDasharray"
    with Visit(browser, result) as visit:
        for media in ("screen", "print"):
            visit.page.emulate_media(media=media)
            assert visit.js(dashes.format("up")) == "none"
            assert visit.js(dashes.format("down")) == "7px, 5px"
            assert visit.js(dashes.format("still")) == "0px, 5px"


def test_a_dark_screen_prints_light(browser: Any, page: Path) -> None:
    with Visit(browser, page, color_scheme="dark") as visit:
        colour = "getComputedStyle(document.documentElement).getPropertyValue('--up').trim()"
        assert visit.js(colour) != "#14713d"
        visit.page.emulate_media(media="print")
        assert visit.js(colour) == "#14713d"


def test_times_are_relative_with_the_exact_ones_at_hand(browser: Any, page: Path) -> None:
    synced, board = NOW - timedelta(minutes=5), NOW - timedelta(minutes=10)
    deadline = NOW + timedelta(days=3, hours=1)
    with Visit(browser, page, timezone_id="Asia/Tokyo") as visit:
        visit.page.clock.install(time=NOW)
        visit.page.reload()
        times = {
            time.get_attribute("datetime"): (time.text_content(), time.get_attribute("title") or "")
            for time in visit.page.locator("header time, h3 time").all()
        }
        there = synced + timedelta(hours=9)
        text, title = times[clock.iso(synced)]
        assert text == "5 minutes ago"
        assert title.startswith(f"{synced:%Y-%m-%d %H:%M} UTC, ")
        assert title.endswith(f"{there:%H:%M} your time")
        assert times[clock.iso(board)][0] == "10 minutes ago"
        text, title = times[clock.iso(deadline)]  # people act on it
        assert text == f"{deadline:%Y-%m-%d %H:%M} UTC" and title.startswith("in 3 days, ")
        visit.page.clock.fast_forward("02:00:00")
        assert visit.page.locator(".fresh time").inner_text() == "2 hours ago"


def test_one_zone_is_for_the_whole_page_and_named(browser: Any, page: Path) -> None:
    shown = []
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        with Visit(browser, page, timezone_id=zone) as visit:
            assert "times in UTC" in visit.page.locator(".heading", has_text="Ranks over time").inner_text()
            texts = visit.page.locator("svg .x text, time.exact").all_text_contents()
            assert all(text.endswith("UTC") for text in texts if text[:2] == "20")
            shown.append(texts)
    assert len(shown[0]) > 3 and shown[0] == shown[1]


def test_paper_has_exact_times(browser: Any, page: Path) -> None:
    exact = f"{NOW - timedelta(minutes=5):%Y-%m-%d %H:%M} UTC"
    with Visit(browser, page) as visit:
        fresh = visit.page.locator(".fresh time")
        for event, is_exact in (("beforeprint", True), ("afterprint", False)):
            visit.js(f"dispatchEvent(new Event('{event}'))")
            assert (fresh.inner_text() == exact) is is_exact


BROKEN_NUMBERS = """() => {
    const broken = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        for (const found of node.data.matchAll(/[▲▼+-]?\\d[\\d,.]*\\d/g)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
            if (lines.size > 1) broken.push(found[0]);
        }
    }
    return broken;
}"""


def test_no_number_is_broken_at_any_width(browser: Any, tmp_path: Path) -> None:
    end = int(NOW.timestamp()) - 600
    standings = [
        Standing(f"user{i}", "Wolfeschlegelstein Hausenberger", "a long group name", "W" * 40,
                 (19_999 - i, 12_301 + i), ("12345.12345", "12399.98765"))
        for i in range(12)
    ]  # fmt: skip
    filling = Filling(standings, [end - 2 * 86400, end], final=range(7_000, 7_012))
    folder = site(tmp_path, filling)
    for width in (360, 420, 576, 768, 1000, 1280):
        for file in (report.page_name(SLUG), report.INDEX):
            with Visit(browser, folder / file, width) as visit:
                visit.js("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
                assert visit.js(BROKEN_NUMBERS) == [], (width, file)


def test_a_phone_shows_what_is_next(browser: Any, page: Path) -> None:
    for width in (360, 768, 1280):
        with Visit(browser, page, width) as visit:
            told = visit.page.locator('tr[data-user="bob"] .next').inner_text()
            assert " ".join(told.split()).startswith("0.20 · 992 places to Carol")


NAMES_SHOWN = (
    "[...document.querySelectorAll('.over-time .name text')].filter((e) => e.getBoundingClientRect().height)"
    ".map((e) => e.closest('g').dataset.user).sort()"
)
COLOURED = "[...document.querySelectorAll('.over-time .line:not(.grey)')].map((e) => e.dataset.user).sort()"


@pytest.mark.parametrize("width", [360, 1280])
def test_whoever_is_filtered_has_a_name_and_a_colour_among_many(
    browser: Any, tmp_path: Path, width: int
) -> None:
    path = site(tmp_path, a_year(40, 20)) / report.page_name(SLUG)
    with Visit(browser, path, width) as visit:
        usual = visit.js(NAMES_SHOWN)
        assert len(usual) == chart.BEST_NAMES + chart.MOVING_NAMES
        coloured = visit.js(COLOURED)
        visit.page.get_by_label("Filter").fill("user01")
        assert visit.js(NAMES_SHOWN) == [f"user01{i}" for i in range(10)]
        assert set(visit.js(COLOURED)) >= {f"user01{i}" for i in range(10)}
        assert not visit.page.get_by_text("biggest movers have names").is_visible()
        boxes = visit.js("""[...document.querySelectorAll('.over-time .name text')]
            .map((e) => e.getBoundingClientRect()).filter((box) => box.height).map((box) => box.top).sort(
            (a, b) => a - b)""")
        assert all(below - above >= 12 for above, below in itertools.pairwise(boxes))
        visit.page.locator('.found [data-user="user015"] text').hover()
        assert visit.page.locator(".over-time .name.lit").count() == 1
        visit.page.get_by_label("Filter").fill("")
        assert (visit.js(NAMES_SHOWN), visit.js(COLOURED)) == (usual, coloured)
        visit.page.get_by_label("Filter").fill("lastname")  # everybody
        assert visit.js(NAMES_SHOWN) == usual


def test_the_filter_looks_at_people_and_not_at_who_is_ahead_of_them(browser: Any, page: Path) -> None:
    with Visit(browser, page) as visit:
        visit.page.get_by_label("Filter").fill("carol")
        assert visit.page.locator("#found").inner_text() == "1 of 3"


def test_one_person_has_nothing_to_filter_or_sort(browser: Any, tmp_path: Path) -> None:
    path = site(tmp_path, a_year(1, 20)) / report.page_name(SLUG)
    with Visit(browser, path) as visit:
        assert visit.page.locator("#filter, thead button").count() == 0
        assert "ago" in visit.page.locator(".fresh").inner_text()
        assert visit.said == []


def test_a_page_turns_red_an_hour_after_the_last_good_sync(browser: Any, page: Path) -> None:
    with Visit(browser, page) as visit:
        visit.page.clock.install(time=NOW)
        visit.page.reload()
        assert "old" not in visit.page.locator(".fresh").get_attribute("class").split()
        assert not visit.page.get_by_text("more than an hour ago").is_visible()
    with Visit(browser, page) as visit:
        visit.page.clock.install(time=NOW + timedelta(minutes=50))
        visit.page.reload()
        assert "old" not in visit.page.locator(".fresh").get_attribute("class").split()
        visit.page.clock.fast_forward("10:00")
        assert "old" in visit.page.locator(".fresh").get_attribute("class").split()
        assert visit.page.get_by_text("more than an hour ago").is_visible()
        red, green, blue = visit.js(
            "getComputedStyle(document.querySelector('.fresh')).color.match(/\\d+/g).map(Number)"
        )
        assert red > 2 * max(green, blue)


def test_light_and_dark_follow_the_system(browser: Any, page: Path) -> None:
    shade = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    for scheme, bright in (("light", True), ("dark", False)):
        with Visit(browser, page, color_scheme=scheme) as visit:
            assert (visit.js(shade) > 128) is bright


def test_without_javascript_it_is_a_plain_table(browser: Any, page: Path) -> None:
    with Visit(browser, page, java_script_enabled=False) as visit:
        assert visit.page.locator("#people tbody tr:visible").count() == 3
        assert not visit.page.locator("#filter").is_visible()
        assert visit.page.locator("thead button").count() == 0
        assert f"{NOW - timedelta(minutes=5):%Y-%m-%d %H:%M} UTC" in visit.page.locator(".fresh").inner_text()
        assert visit.page.locator("svg .line").count() == 3


def test_on_paper_there_is_nothing_to_press(browser: Any, page: Path) -> None:
    with Visit(browser, page) as visit:
        visit.page.emulate_media(media="print")
        assert not visit.page.locator("#filter").is_visible()
        assert visit.page.locator("#people").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_an_accessibility_checker_finds_nothing(
    browser: Any, page: Path, result: Path, tmp_path: Path, scheme: str, width: int
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe: pip install axe-playwright-python"
    ).Axe()
    crowd = site(tmp_path / "crowd", a_year(30, 20))
    ended = moving(5, new=2)
    ended.deadline = test_pages.NOW - timedelta(days=1)
    folders = (page.parent, result.parent, crowd, site(tmp_path / "ended", ended, now=test_pages.NOW))
    files = (*files_of(SLUG), report.INDEX)
    for path in (folder / file for folder in folders for file in files):
        # axe itself is a script that the policy would keep out.
        with Visit(browser, path, width, color_scheme=scheme, bypass_csp=True) as visit:
            visit.js("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            found = axe.run(visit.page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
