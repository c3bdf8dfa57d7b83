"""The demo's boards and rosters: what is packaged is what the script makes, and it shows what it should."""

import csv
import io
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from world import demo_boards as boards

from kagsync import demo

FOLDER = Path(demo.__file__).parent
MEMBERS = (
    "spaceship-titanic-publicleaderboard-2025-10-31T11:21:07.csv",
    "spaceship-titanic-publicleaderboard-2025-10-31T16:26:26.csv",
)
Row = dict[str, str]


class Match(NamedTuple):
    row: Row
    by: str  # "member" or "name"


def packaged(number: int) -> tuple[str, bytes]:
    with zipfile.ZipFile(FOLDER / f"spaceship-titanic-{number}.zip") as archive:
        (member,) = archive.namelist()
        return member, archive.read(member)


def rows(number: int) -> list[Row]:
    return list(csv.DictReader(io.StringIO(packaged(number)[1].decode("utf-8-sig"), newline="")))


def roster(number: int) -> list[Row]:
    with (FOLDER / f"roster-{number}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def usernames(*numbers: int) -> list[str]:
    return [person["username"] for number in numbers for person in roster(number)]


def matches(board: list[Row], tracked: list[str]) -> dict[str, list[Match]]:
    """The matching rule, written once more without any of the program's code."""
    found: dict[str, list[Match]] = {}
    for row in board:
        members = row["TeamMemberUserNames"].lower().split(",")
        here = [user for user in tracked if user in members]
        by = "member" if here else "name"
        for user in here or [user for user in tracked if user == row["TeamName"]]:
            found.setdefault(user, []).append(Match(row, by))
    return found


def only(found: dict[str, list[Match]]) -> dict[str, Row]:
    assert all(len(places) == 1 for places in found.values())
    return {user: places[0].row for user, places in found.items()}


def matched_ids(found: dict[str, list[Match]]) -> list[str]:
    return [match.row["TeamId"] for places in found.values() for match in places]


def test_the_script_still_makes_the_packaged_files() -> None:
    demo = boards.generate()
    for number, board in enumerate(demo.boards, 1):
        assert board.zip_name == f"spaceship-titanic-{number}.zip"
        assert (board.member, board.csv.encode()) == packaged(number)
    assert {name: (FOLDER / name).read_bytes() for name in demo.rosters} == {
        name: text.encode() for name, text in demo.rosters.items()
    }


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("once", "twice"):
        folder = tmp_path / name
        folder.mkdir()
        boards.write(folder)
        written.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 4


def test_the_form_is_kaggles() -> None:
    for number in (1, 2):
        member, content = packaged(number)
        assert member == MEMBERS[number - 1]
        assert content.startswith(b"\xef\xbb\xbfRank,TeamId,TeamName,LastSubmissionDate,Score,")
        assert b"\r" not in content
        assert content.endswith(b"\n")
        quoted_date = rb',"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",'
        assert all(re.search(quoted_date, line) for line in content.splitlines()[1:])


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search('[ ,"]', text) else text


def test_only_fields_with_a_space_comma_or_quote_are_quoted() -> None:
    for number in (1, 2):
        lines = packaged(number)[1].decode("utf-8-sig").split("\n")[1:-1]
        for line, row in zip(lines, rows(number), strict=True):
            assert line == ",".join(map(quoted, row.values()))


def test_each_board_has_1742_ranked_teams_and_two_benchmarks() -> None:
    for number in (1, 2):
        board = rows(number)
        assert len(board) == 1744
        assert [int(row["Rank"]) for row in board if row["Rank"] != "0"] == list(range(1, 1743))
        hosts = [place for place, row in enumerate(board) if row["Rank"] == "0"]
        assert len(hosts) == 2
        assert all(100 < place < 1740 and not board[place]["TeamMemberUserNames"] for place in hosts)


def test_scores_are_accuracies_best_first_with_many_ties() -> None:
    for number in (1, 2):
        scores = [row["Score"] for row in rows(number)]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] == "0.00000"
        assert "0.81500" < scores[0] < "0.83000"
        assert set(scores) <= {f"{right / 4277:.5f}" for right in range(4278)}
        assert len(set(scores)) < 600


def test_dates_counts_and_teams_are_plausible() -> None:
    taken = ("2025-10-31 11:21:07", "2025-10-31 16:26:26")
    for number in (1, 2):
        teams = [row for row in rows(number) if row["Rank"] != "0"]
        assert all("2025-08-31 11:21:07" < row["LastSubmissionDate"] < taken[number - 1] for row in teams)
        assert all(1 <= int(row["SubmissionCount"]) <= 60 for row in teams)
        sizes = Counter(row["TeamMemberUserNames"].count(",") + 1 for row in teams)
        assert sorted(sizes) == [1, 2, 3, 4, 5]
        gone = [row for row in teams if row["TeamName"].startswith("[Deleted] ")]
        assert len(gone) >= 3
        assert all(re.fullmatch("del=[0-9a-f]{16}", row["TeamMemberUserNames"]) for row in gone)


def test_nobody_is_in_two_teams_and_usernames_are_plain() -> None:
    for number in (1, 2):
        users = [user for row in rows(number) for user in row["TeamMemberUserNames"].split(",") if user]
        assert len(users) == len(set(users))
        assert all(re.fullmatch("[a-z0-9]{3,20}|del=[0-9a-f]{16}", user) for user in users)
        assert len({row["TeamId"] for row in rows(number)}) == 1744


def test_a_team_stays_the_same_team_in_the_second_board() -> None:
    before, after = ({row["TeamId"]: row for row in rows(number)} for number in (1, 2))
    stayed = before.keys() & after.keys()
    assert 0 < len(before) - len(stayed) < 60
    for team in stayed:
        for column in ("TeamName", "TeamMemberUserNames"):
            assert before[team][column] == after[team][column]
        assert int(before[team]["SubmissionCount"]) <= int(after[team]["SubmissionCount"])
        assert before[team]["Score"] <= after[team]["Score"]
    members_before = {user for row in before.values() for user in row["TeamMemberUserNames"].split(",")}
    new = [after[team] for team in after.keys() - stayed]
    assert all(members_before.isdisjoint(row["TeamMemberUserNames"].split(",")) for row in new)


def test_odd_team_names_are_spread_over_both_boards() -> None:
    for number in (1, 2):
        ranks = {row["TeamName"]: int(row["Rank"]) for row in rows(number)}
        odd = [ranks[name] for name in boards.ODD_NAMES]
        assert len(odd) >= 25
        assert min(odd) < 50
        assert max(odd) > 1600
    assert {"NaN", "null", "=1+1", "@team", "trailing space ", "<b>html</b>"} <= set(boards.ODD_NAMES)
    assert max(map(len, boards.ODD_NAMES)) == 76


def test_the_rosters_are_twenty_people_in_two_groups() -> None:
    people = roster(1) + roster(2)
    assert (len(roster(1)), len(roster(2))) == (8, 12)
    assert list(people[0]) == ["username", "name", "group"]
    assert Counter(person["group"] for person in people) == {"red": 10, "blue": 10}
    assert len({person["username"] for person in people}) == len({person["name"] for person in people}) == 20


def test_the_first_roster_matches_eight_rows_of_the_first_board() -> None:
    found = matches(rows(1), usernames(1))
    assert sorted(found) == sorted(usernames(1))
    assert len(set(matched_ids(found))) == len(matched_ids(found)) == 8


def test_the_second_roster_is_not_yet_on_the_first_board() -> None:
    assert matches(rows(1), usernames(2)) == {}


def test_both_rosters_match_twenty_rows_of_the_second_board() -> None:
    found = matches(rows(2), usernames(1, 2))
    assert sorted(found) == sorted(usernames(1, 2))
    assert len(set(matched_ids(found))) == len(matched_ids(found)) == 20
    before = {match.row["TeamId"] for places in matches(rows(1), usernames(1)).values() for match in places}
    assert len(before.intersection(matched_ids(found))) == 8


def test_exactly_one_person_is_found_by_team_name_alone() -> None:
    by_name = [user for user, (match,) in matches(rows(2), usernames(1, 2)).items() if match.by == "name"]
    assert len(by_name) == 1
    assert by_name[0] in usernames(2)
    names = [row["TeamName"].strip().lower() for number in (1, 2) for row in rows(number)]
    assert [name for name in names if name in usernames(1, 2)] == by_name


def test_the_eight_show_every_kind_of_afternoon() -> None:
    before, after = only(matches(rows(1), usernames(1))), only(matches(rows(2), usernames(1)))

    def moved(user: str) -> int:
        return int(after[user]["Rank"]) - int(before[user]["Rank"])

    def submitted(user: str) -> int:
        return int(after[user]["SubmissionCount"]) - int(before[user]["SubmissionCount"])

    assert moved(boards.CLIMBER) < -500
    assert submitted(boards.CLIMBER) > 0
    assert after[boards.CLIMBER]["Score"] > before[boards.CLIMBER]["Score"]
    assert submitted(boards.STUCK) > 0
    assert after[boards.STUCK]["Score"] == before[boards.STUCK]["Score"]
    assert moved(boards.OVERTAKEN) > 0
    assert submitted(boards.OVERTAKEN) == 0
    assert [user for user in before if moved(user) < 0 and submitted(user) == 0] == ["linaverrow"]
    same_score = [user for user in before if after[user]["Score"] == before[user]["Score"]]
    assert sorted(before.keys() - set(same_score)) == [boards.CLIMBER]


def test_the_twenty_are_spread_from_the_top_ten_to_the_tail() -> None:
    found = only(matches(rows(2), usernames(1, 2)))
    ranks = sorted(int(row["Rank"]) for row in found.values())
    assert ranks[0] <= 10
    assert 1400 < ranks[-1] < 1600
    names = " ".join(row["TeamName"] for row in found.values())
    assert "[bold magenta]" in names
    assert re.search("[\u4e00-\u9fff]", names)
    assert re.search("[\U0001f300-\U0001faff]", names)
    assert sum("," in row["TeamMemberUserNames"] for row in found.values()) >= 6


def test_the_demo_stays_small() -> None:
    data = [file for file in FOLDER.iterdir() if file.suffix in {".zip", ".csv", ".json", ".db"}]
    assert sum(file.stat().st_size for file in data if file.suffix == ".zip") < 135_000
    assert sum(file.stat().st_size for file in data) < 150_000
