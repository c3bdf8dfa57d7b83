"""Lists as schools, forms and spreadsheets write them: what each gives, exactly. The people are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from kagsync.errors import BadLines
from kagsync.tracking.roster_file import Line, read_roster

FILES = Path(__file__).parent / "files"


def line(number: int, username: str | None, name: str, group: str, **more: str) -> Line:
    others = {field: more.get(field) for field in ("student_id", "team", "pseudonym")}
    return Line(number, username, name, group, **others)


def test_a_gradebook_from_canvas() -> None:
    found = read_roster(FILES / "canvas-gradebook.csv")
    assert found.lines == [
        line(4, "mirelaaldarin", "Aldarin, Mirela", "DATA 201 - Section 01", student_id="S2026014"),
        line(5, "jonasbrevik", "Brevik, Jonas T.", "DATA 201 - Section 02", student_id="S2026022"),
        line(6, "", "Quist-Okoro, Ada", "DATA 201 - Section 01, DATA 201 - Lab B", student_id="S2026031"),
    ]
    assert found.left_out == [
        "ID",
        "SIS Login ID",
        "Titanic report (58211)",
        "Kaggle score (58212)",
        "Final Score",
    ]


def test_grades_from_moodle_where_the_username_is_the_schools_login() -> None:
    found = read_roster(FILES / "moodle-grades.csv")
    assert found.lines == [
        line(2, "tovealm", "Tove Almstrand", "Red", student_id="201544"),
        line(3, "ICastelane", "Ibrahim Castelane", "Blue, Lab 2", student_id="201551"),
        line(4, "", "Mei Lin Dvorak", "Red", student_id="201560"),
    ]
    assert found.left_out == [
        "Username",
        "Institution",
        "Department",
        "Email address",
        "Assignment: Kaggle username (Real)",
        "Course total (Real)",
        "Last downloaded from this course",
    ]


def test_answers_to_a_google_form_of_which_one_was_sent_twice() -> None:
    found = read_roster(FILES / "google-forms.csv")
    assert found.lines == [
        line(2, "rowantamsin", "Rowan Tamsin", "11B"),
        line(3, "oskarfeldt", "Oskar Feldt", "11A"),
        line(4, "ninasardo", 'Nina "Nino" Sardo', "11A"),
    ]
    assert found.left_out == [
        "Timestamp",
        "Email Address",
        "Which lab are you in?",
        "Do you have a Kaggle account already?",
    ]


def test_a_german_list_from_excel_with_semicolons_in_windows_1252() -> None:
    found = read_roster(FILES / "excel-german.csv")
    assert found.lines == [
        line(2, "joerggruen", "Jörg Grünwald", "10a", student_id="00417"),
        line(3, "annesuess", "Änne Süßmilch", "10b", student_id="00422"),
        line(4, "", "Defne Öztan", "10a", student_id="00431"),
    ]
    assert found.left_out == ["Bemerkung"]


def test_a_french_list_from_excel_with_semicolons_and_a_byte_order_mark() -> None:
    found = read_roster(FILES / "excel-french.csv")
    assert found.lines == [
        line(2, "chloelefevre", "Chloé Lefèvre-Aubin", "TP 1", student_id="22104477", team=""),
        line(3, "gaetandormont", "Gaëtan D’Ormont", "TP 2", student_id="22104501", team="Les surapprentis"),
        line(4, "", "Zoé Çelik", "TP 1", student_id="22104519", team='Groupe "Ré-gression"'),
    ]
    assert found.left_out == []


def test_an_american_list_from_excel() -> None:
    found = read_roster(FILES / "excel-us.csv")
    assert found.lines == [
        line(2, "danaharrow", "Dana, Jr. Harrow", "1", student_id="900417"),
        line(3, "ezeudo-okpara", "Ezeudo Okpara", "1", student_id="900422"),
        line(4, "louvance", "Lou Vance", "2", student_id="900431"),
    ]
    assert found.left_out == ["E-mail"]


def test_unicode_text_from_excel_which_is_utf_16_with_tabs() -> None:
    found = read_roster(FILES / "excel-unicode-text.txt")
    assert found.lines == [
        line(2, "mariszalitis", "Māris Zālītis", "9.b", pseudonym="Lynx"),
        line(3, "xiaoyulan", "兰小雨", "9.b", pseudonym="Heron"),
        line(4, "giorgosniko", 'Γιώργος "Νίκο" Νικολάου', "9.c", pseudonym=""),
    ]
    assert found.left_out == []


def test_a_list_from_libreoffice_whose_people_are_known_by_their_teams() -> None:
    found = read_roster(FILES / "libreoffice.csv")
    assert found.lines == [
        line(2, None, "Petra Novotna", "evening", student_id="31007", team=r"/\b{id}\b/"),
        line(3, None, "Samir Haddadi", "morning", student_id="31015", team="[34] the overfitters"),
        line(4, None, "Bo Lindqvistsson", "morning", student_id="31022", team=""),
    ]
    assert found.left_out == []


def test_a_plain_list_of_usernames() -> None:
    found = read_roster(FILES / "plain-list.txt")
    assert [(each.number, each.username) for each in found.lines] == [
        (1, "alinevarga"),
        (3, "bentoruiz"),
        (4, "cmwangala"),
    ]
    assert {each[2:] for each in found.lines} == {(None,) * 5}
    assert found.left_out == []


def test_a_workbook_whose_numbers_are_text_and_whose_first_sheet_counts() -> None:
    found = read_roster(FILES / "excel-workbook.xlsx")
    assert found.lines == [
        line(2, "yarabenning", "Yara Benning", "8", student_id="30211"),
        line(3, "tomasquill", "Tomás Quillfeather", "8b", student_id="30224"),
        line(5, "20260", "Ines Moorcroft", "8.5", student_id="X-30230"),
    ]
    assert found.left_out == ["Joined", "Fee paid"]


def test_a_list_with_five_mistakes_names_them_all() -> None:
    with pytest.raises(BadLines) as caught:
        read_roster(FILES / "five-mistakes.csv")
    assert caught.value.message == f"{FILES / 'five-mistakes.csv'}: 5 lines are wrong"
    assert "Nothing was changed" in caught.value.remedy
    for found, (number, text, what) in zip(
        caught.value.lines,
        [
            (3, "boris.tal@school.example", "mail address"),
            (4, "Carla Dimova", "space"),
            (5, "https://www.kaggle.com/competitions/titanic", "not the URL of a Kaggle profile"),
            (6, "kaggle.com/u/evasolari", "not the URL of a Kaggle profile"),
            (8, "ANNAPERRIN", "line 2"),
        ],
        strict=True,
    ):
        assert found.startswith(f"line {number}: ")
        assert text in found
        assert what in found
