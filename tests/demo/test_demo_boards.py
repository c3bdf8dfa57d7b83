"""The demo's boards and rosters: what is packaged is what the script makes, and it shows what it should."""

import csv
import io
import re
import tarfile
import zipfile
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from world import demo_boards as boards
from world import demo_people as people

from kagsync import demo
from kagsync.standings.marks import last_ranks

FOLDER = Path(demo.__file__).parent
MEMBERS = {
    1: "spaceship-titanic-publicleaderboard-2025-10-31T11:21:07.csv",
    2: "spaceship-titanic-publicleaderboard-2025-10-31T16:26:26.csv",
    "private": "spaceship-titanic-privateleaderboard-2025-11-01T09:30:52.csv",
}
Row = dict[str, str]


class Match(NamedTuple):
    row: Row
    by: str  # "member" or "name"


def packaged(number: int | str) -> tuple[str, bytes]:
    with zipfile.ZipFile(FOLDER / f"spaceship-titanic-{number}.zip") as archive:
        (member,) = archive.namelist()
        return member, archive.read(member)


def parsed(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def rows(number: int | str) -> list[Row]:
    return parsed(packaged(number)[1])


def earlier() -> dict[str, bytes]:
    """The boards before the first, by file name, the earliest first."""
    with tarfile.open(FOLDER / "earlier.tar.gz") as archive:
        return {name: file.read() for name in archive.getnames() if (file := archive.extractfile(name))}


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
    for number, board in zip(MEMBERS, demo.boards, strict=True):
        assert board.file == f"spaceship-titanic-{number}.zip"
        assert (board.member, board.csv.encode()) == packaged(number)
    assert {name: text.encode() for name, text in demo.earlier.items()} == earlier()
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
    assert len(written[0]) == 6


def test_the_form_is_kaggles() -> None:
    assert all(packaged(number)[0] == member for number, member in MEMBERS.items())
    for content in [*(packaged(number)[1] for number in MEMBERS), *earlier().values()]:
        assert content.startswith(b"\xef\xbb\xbfRank,TeamId,TeamName,LastSubmissionDate,Score,")
        assert b"\r" not in content
        assert content.endswith(b"\n")
        quoted_date = rb',"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",'
        assert all(re.search(quoted_date, line) for line in content.splitlines()[1:])


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search('[ ,"]', text) else text


def test_only_fields_with_a_space_comma_or_quote_are_quoted() -> None:
    for number in MEMBERS:
        lines = packaged(number)[1].decode("utf-8-sig").split("\n")[1:-1]
        for line, row in zip(lines, rows(number), strict=True):
            assert line == ",".join(map(quoted, row.values()))


def test_each_board_has_1742_ranked_teams_and_two_benchmarks() -> None:
    for number in MEMBERS:
        board = rows(number)
        assert len(board) == 1744
        assert [int(row["Rank"]) for row in board if row["Rank"] != "0"] == list(range(1, 1743))
        hosts = [place for place, row in enumerate(board) if row["Rank"] == "0"]
        assert len(hosts) == 2
        assert all(100 < place < 1740 and not board[place]["TeamMemberUserNames"] for place in hosts)


def test_scores_are_accuracies_best_first_with_many_ties() -> None:
    for number in MEMBERS:
        scores = [row["Score"] for row in rows(number)]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] == "0.00000"
        assert "0.81500" < scores[0] < "0.84000"
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
    both = roster(1) + roster(2)
    assert (len(roster(1)), len(roster(2))) == (8, 12)
    assert list(both[0]) == ["username", "name", "group"]
    assert Counter(person["group"] for person in both) == {"red": 10, "blue": 10}
    assert len({person["username"] for person in both}) == len({person["name"] for person in both}) == 20


def test_the_first_roster_matches_eight_rows_of_the_first_board() -> None:
    found = matches(rows(1), usernames(1))
    assert sorted(found) == sorted(usernames(1))
    assert len(set(matched_ids(found))) == len(matched_ids(found)) == 8


def test_the_second_roster_is_on_the_first_board_too() -> None:
    assert sorted(only(matches(rows(1), usernames(2)))) == sorted(usernames(2))


def test_both_rosters_match_twenty_rows_of_the_second_board() -> None:
    found = matches(rows(2), usernames(1, 2))
    assert sorted(found) == sorted(usernames(1, 2))
    assert len(set(matched_ids(found))) == len(matched_ids(found)) == 20
    assert set(matched_ids(matches(rows(1), usernames(1, 2)))) == set(matched_ids(found))


def test_exactly_one_person_is_found_by_team_name_alone() -> None:
    by_name = [user for user, (match,) in matches(rows(2), usernames(1, 2)).items() if match.by == "name"]
    assert len(by_name) == 1
    assert by_name[0] in usernames(2)
    names = [row["TeamName"].strip().lower() for number in (1, 2) for row in rows(number)]
    assert [name for name in names if name in usernames(1, 2)] == by_name * 2


def test_all_twenty_move_and_show_every_kind_of_afternoon() -> None:
    everybody = usernames(1, 2)
    before, after = only(matches(rows(1), everybody)), only(matches(rows(2), everybody))

    def moved(user: str) -> int:
        return int(after[user]["Rank"]) - int(before[user]["Rank"])

    def submitted(user: str) -> int:
        return int(after[user]["SubmissionCount"]) - int(before[user]["SubmissionCount"])

    assert moved(people.CLIMBER) < -500
    assert submitted(people.CLIMBER) > 0
    assert after[people.CLIMBER]["Score"] > before[people.CLIMBER]["Score"]
    assert submitted(people.STUCK) > 0
    assert after[people.STUCK]["Score"] == before[people.STUCK]["Score"]
    assert moved(people.OVERTAKEN) > 0
    assert submitted(people.OVERTAKEN) == 0
    assert all(moved(user) for user in everybody)
    assert {user for user in everybody if moved(user) < 0 and not submitted(user)} == {
        "linaverrow",  # others left above
        "jonasfeldrup",
    }
    improved = {user for user in everybody if after[user]["Score"] > before[user]["Score"]}
    assert improved.intersection(usernames(1)) == {people.CLIMBER}
    assert 6 <= len(improved) <= 10
    assert len([user for user in improved if moved(user) > 0]) == 1  # improved, yet overtaken
    assert len([user for user in everybody if submitted(user) and user not in improved]) >= 3


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


def test_the_earlier_boards_lead_to_the_first() -> None:
    boards_before = earlier()
    assert len(boards_before) == 28
    moments = [name.rpartition("-publicleaderboard-")[2].removesuffix(".csv") for name in boards_before]
    assert moments == sorted(moments)
    assert moments[0].startswith("2025-10-17_T_22_")
    assert moments[-1].startswith("2025-10-31_T_10_")  # --since 4h of the second board begins with this one
    seen: dict[str, list[Row]] = defaultdict(list)
    for content in [*boards_before.values(), packaged(1)[1]]:
        board = parsed(content)
        assert 1700 < int(board[-1]["Rank"]) < 1800  # the number of places
        ranks = [int(row["Rank"]) for row in board if row["Rank"] != "0"]
        assert ranks == sorted(set(ranks))
        for user, row in only(matches(board, usernames(1, 2))).items():
            seen[user].append(row)
    assert len(seen) == 20
    assert 5 <= sum(len(of_user) < 29 for of_user in seen.values()) <= 10  # who entered in these two weeks
    for old, new in (pair for of_user in seen.values() for pair in pairwise(of_user)):
        assert old["TeamId"] == new["TeamId"]
        assert old["Score"] <= new["Score"]
        assert int(old["SubmissionCount"]) <= int(new["SubmissionCount"])
        assert old["LastSubmissionDate"] <= new["LastSubmissionDate"]
        unmoved = old["SubmissionCount"] == new["SubmissionCount"]
        assert unmoved == (old["LastSubmissionDate"] == new["LastSubmissionDate"])


def test_the_private_board_has_the_same_teams_in_another_order() -> None:
    public, private = ({row["TeamId"]: row for row in rows(number)} for number in (2, "private"))
    assert public.keys() == private.keys()
    for team in public:
        for column in ("TeamName", "LastSubmissionDate", "SubmissionCount", "TeamMemberUserNames"):
            assert public[team][column] == private[team][column]
    pairs = [(int(public[team]["Rank"]), int(private[team]["Rank"])) for team in public]
    places = [(one, other) for one, other in pairs if one]
    count, squares = len(places), sum((one - other) ** 2 for one, other in places)
    assert 0.88 < 1 - 6 * squares / (count * (count**2 - 1)) < 0.92  # Spearman's correlation


def test_the_result_moves_the_twenty_and_gives_some_a_medal() -> None:
    public, private = only(matches(rows(2), usernames(1, 2))), only(matches(rows("private"), usernames(1, 2)))
    shake = {user: int(public[user]["Rank"]) - int(private[user]["Rank"]) for user in public}
    assert all(shake.values())
    assert sum(places > 0 for places in shake.values()) >= 6
    assert max(shake.values()) > 300
    assert min(shake.values()) < -300
    assert sum(int(row["Rank"]) <= last_ranks(1742)["bronze"] for row in private.values()) == 3


def test_the_demo_stays_small() -> None:
    data = {file.name: file.stat().st_size for file in FOLDER.iterdir() if file.suffix not in {"", ".py"}}
    assert len(data) == 6
    assert data["earlier.tar.gz"] < 25_000
    assert sum(data.values()) < 160_000
