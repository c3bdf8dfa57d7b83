"""Which column of a list is what."""

from __future__ import annotations

import re
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import ROOT

from kagsync.errors import UsageError
from kagsync.tracking.columns import find, is_title


def used(*header: str) -> dict[str, list[str]]:
    """The headers of the columns that each field comes from."""
    columns = find(list(header))
    assert columns is not None
    taken = {
        field: [header[position] for position in positions] for field, positions in columns.cells.items()
    }
    assert sorted([*chain.from_iterable(taken.values()), *columns.left_out]) == sorted(
        text for text in header if text
    )
    return taken


@pytest.mark.parametrize(
    ("field", "headers"),
    [
        (
            "username",
            "username|User Name|USER|kaggle|Kaggle_Username|kaggle-username|KaggleID|Kaggle ID *|Kagglename|"
            "Kaggle profile URL|What is your Kaggle username?|Your Kaggle user name (lower case)|"
            "profile_field_kaggle_name|Benutzername|Kaggle-Benutzername|Wie lautet dein Kaggle-Nutzername?|"
            "Nom d'utilisateur|Nom d’utilisateur Kaggle|Identifiant Kaggle|Quel est votre pseudo Kaggle ?",
        ),
        ("team", "team|Team Name|Kaggle team|kaggle_team_name|Teamname|Équipe|Name of your team on Kaggle"),
        (
            "name",
            "name|Full name|FULL_NAME|Student|Student name|What is your name?|Name*|Nom|Vollständiger Name",
        ),
        ("group", "group|Class|section|Sections|Klasse|Gruppe|Groupe|Classe|What is your class?"),
        (
            "student_id",
            "id|student id|Student_ID|StudentID|SIS User ID|sis id|ID number|Matrikelnummer|Matrikel-Nr.|"
            "Numéro étudiant|N° étudiant|Nº étudiant|OrgDefinedId|Student Number",
        ),
        ("pseudonym", "pseudonym|Alias|ALIAS|Pseudonyme"),
    ],
)
def test_headers_in_the_words_of_many_systems(field: str, headers: str) -> None:
    for header in headers.split("|"):
        assert used(header, "Comment") == {field: [header]}, header


def test_the_headers_in_the_readme_are_known() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n### The roster\n")[2]
    rows = re.findall(
        r"^\| ([a-z ]+?)(?: on Kaggle)? \| (.*`.*) \|$", section.partition("\n### ")[0], re.MULTILINE
    )
    assert len(rows) == 6
    for field, headers in rows:
        for header in re.findall("`(.*?)`", headers):
            assert list(used(header)) == [field.replace(" ", "_")], header


@pytest.mark.parametrize(
    "header",
    [
        "Do you have a Kaggle account?",
        "Have you ever used Kaggle?",
        "Hast du einen Kaggle-Account?",
        "As-tu un compte Kaggle ?",
        "Kaggle (58213)",
        "Kaggle username (58213)",
        "Assignment: Kaggle username (Real)",
        "Kaggle score",
        "Kaggle competition ID",
        "E-mail of your Kaggle account",
        "I like Kaggle",
        "Email address",
        "SIS Login ID",
        "Points Possible",
        "Timestamp",
        "alice",
        "",
        "?",
    ],
)
def test_what_is_another_question_is_no_column(header: str) -> None:
    assert find([header]) is None


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Username|Kaggle username", {"username": ["Kaggle username"]}),
        ("Username|Your handle on Kaggle", {"username": ["Your handle on Kaggle"]}),
        ("Confirm your Kaggle username|Kaggle username", {"username": ["Kaggle username"]}),
        ("Team|Kaggle team", {"team": ["Kaggle team"]}),
        ("ID|SIS User ID", {"student_id": ["SIS User ID"]}),
        ("id|Student ID", {"student_id": ["Student ID"]}),
        ("Section|Class|Group", {"group": ["Group"]}),
        ("First name|Last name|Name", {"name": ["Name"]}),
        ("Last name|First name", {"name": ["First name", "Last name"]}),
        ("First name|Class", {"name": ["First name"], "group": ["Class"]}),
        ("Surname", {"name": ["Surname"]}),
        ("Name|First name", {"name": ["Name"]}),
        ("Name|Vorname", {"name": ["Vorname", "Name"]}),
        ("Nom|Prénom", {"name": ["Prénom", "Nom"]}),
        ("Name|Vorname|Nachname", {"name": ["Name"]}),
    ],
)
def test_of_two_columns_for_one_field_the_clearer_one_is_used(
    header: str, fields: dict[str, list[str]]
) -> None:
    assert used(*header.split("|")) == fields


@pytest.mark.parametrize(
    "header",
    ["Name|name", "User_Name|username", "Kaggle handle|Kaggle link", "Klasse|name|KLASSE"],
)
def test_two_columns_that_are_as_good_are_not_guessed(header: str) -> None:
    with pytest.raises(UsageError, match="two columns may be the"):
        find(header.split("|"))


def test_two_columns_of_one_header_that_is_not_used_do_no_harm() -> None:
    assert used("username", "Comment", "Comment") == {"username": ["username"]}
    assert used("id", "ID", "student id") == {"student_id": ["student id"]}


@pytest.mark.parametrize(
    "word", ["Name", "Student", "Participants", "Teilnehmer", "Nom", "Schüler", "usernames"]
)
def test_a_word_above_a_list_is_not_a_person(word: str) -> None:
    assert is_title(word)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_header_is_read_or_refused(header: list[str]) -> None:
    try:
        columns = find(header)
    except UsageError:
        return
    if columns is not None:
        positions = list(chain.from_iterable(columns.cells.values()))
        assert len(set(positions)) == len(positions)
        assert set(positions) <= set(range(len(header)))
