"""Finds out from a list's header what each column is, in the words of schools, forms and spreadsheets."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from kagsync.errors import UsageError
from kagsync.inputs import set_of, short

# Any other header that asks for the username or the team on Kaggle, such as a form's question.
_ON_KAGGLE = "…kaggle…"


# The headers of each field, the one that is preferred first: lower case, without accents and spaces.
_HEADERS = {
    "username": f"kaggleusername kaggle {_ON_KAGGLE} username usernames user users benutzername nutzername "
    "nomdutilisateur",
    "team": f"kaggleteam kaggleteamname {_ON_KAGGLE} team teamname equipe nomdelequipe nomdequipe",
    "name": "name fullname studentname displayname student vollstandigername vollername nomcomplet "
    "firstandlastname nachnamevorname namevorname vornamenachname vornamename vorundnachname nomprenom "
    "prenomnom nometprenom prenometnom nom",
    "first name": "firstname givenname forename vorname vornamen prenom prenoms",
    "last name": "lastname surname familyname nachname familienname nomdefamille",
    "group": "group groups groupname class section sections gruppe gruppen klasse groupe groupes classe",
    "student_id": "studentid studentnumber studentno sisuserid sisid sisstudentid idnumber "
    "matriculationnumber matrikelnummer matrikelnr matrnr idnummer orgdefinedid numeroetudiant "
    "numerodetudiant netudiant noetudiant numetudiant numerodidentification id",
    "pseudonym": "pseudonym alias pseudonyme",
}
_KNOWN = {
    header: (field, rank)
    for field, headers in _HEADERS.items()
    for rank, header in enumerate(headers.split())
}
# Lists with a first name often call the last name just "name".
_LAST_NAME_BESIDE = {"vorname": "name", "vornamen": "name", "prenom": "nom", "prenoms": "nom"}
# Other words above a list of usernames or people.
_TITLES = set_of(
    "participant participants teilnehmer teilnehmerin teilnehmende teilnehmerinnen member members mitglied "
    "mitglieder students schuler schulerin schulerinnen studenten studierende eleve eleves etudiant "
    "etudiants people person persons player players names namen noms list liste classlist roster email "
    "emails mail login account accounts handle handles nickname benutzer nutzer nutzernamen benutzernamen"
)
_POLITE = re.compile(
    r"^(?:please )?(?:enter |give |what is |what s |whats |wie lautet |wie ist |quel est |quelle est )?"
    r"(?:your |the |dein |deine |ihr |ihre |ton |ta |votre )?"
)
_YES_OR_NO = set_of(
    "do does did have has are is can will haben hast hat sind ist bist kennst kennen as avez etes est"
)
_USERNAME_WORDS = set_of(
    "username usernames user handle profile id account name nickname login url link benutzername nutzername "
    "benutzer nutzer kennung konto profil identifiant utilisateur pseudo pseudonyme compte nom lien"
)
_TEAM_WORDS = set_of("team teamname equipe")
_OTHER_WORDS = set_of("mail email courriel competition score rank points")
# What Canvas adds to the header of an assignment, and Moodle to that of a grade.
_GRADE = re.compile(r"\((?:\d+|real|percentage|letter)\)\s*$", re.IGNORECASE)


class Columns(NamedTuple):
    """The columns of a list: the positions of each field's cells, and the headers of the columns not used.

    The fields are those of `Line`. A name may be in two cells.
    """

    cells: dict[str, list[int]]
    left_out: list[str]


def find(header: list[str]) -> Columns | None:
    """The columns that the first row of a list names; None: it is not a header.

    Raises:
        UsageError: two columns may be the same field.
    """
    cells = _cells(header, list(_HEADERS))
    if not cells:
        return None
    used = {position for positions in cells.values() for position in positions}
    return Columns(cells, [text for position, text in enumerate(header) if text and position not in used])


def positions(header: list[str], field: str) -> list[int]:
    """The positions of one field's cells, whatever the other columns are; empty: no column is that field.

    Raises:
        UsageError: two columns may be that field.
    """
    parts = ["name", "first name", "last name"] if field == "name" else [field]
    return _cells(header, parts).get(field, [])


def _cells(header: list[str], fields: list[str]) -> dict[str, list[int]]:
    """The positions of the cells of some fields; those that no column has are left out."""
    found: dict[str, list[tuple[int, int]]] = {}  # the rank and the position of each candidate
    for position, text in enumerate(header):
        field, rank = _field(text)
        if field in fields:
            found.setdefault(field, []).append((rank, position))
    for field, candidates in found.items():
        candidates.sort()
        best = [header[position] for rank, position in candidates if rank == candidates[0][0]]
        if len(best) > 1:
            raise UsageError(
                f"two columns may be the {field.replace('_', ' ')}: {short(best[0])} and {short(best[1])}",
                "Rename or delete one of them",
            )
    return _with_name({field: candidates[0][1] for field, candidates in found.items()}, header)


def _with_name(found: dict[str, int], header: list[str]) -> dict[str, list[int]]:
    """The same with one field for the name: a whole name is preferred to first and last name."""
    first, last = found.pop("first name", None), found.pop("last name", None)
    cells = {field: [position] for field, position in found.items()}
    name = found.get("name")
    if first is not None and last is None and name is not None:
        if _squeezed(header[name]) == _LAST_NAME_BESIDE.get(_squeezed(header[first])):
            cells["name"] = [first, name]
    elif name is None and (parts := [position for position in (first, last) if position is not None]):
        cells["name"] = parts
    return cells


def is_title(text: str) -> bool:
    """Whether a text looks like a header rather than like somebody's username."""
    return _field(text)[0] is not None or _squeezed(text) in _TITLES


def is_header(cells: list[str]) -> bool:
    """Whether a row of several cells looks like a header: each of them does."""
    texts = [text for text in cells if text]
    return len(texts) > 1 and all(map(is_title, texts))


def _field(text: str) -> tuple[str | None, int]:
    """Which field a header names, and its place among the headers of this field."""
    if _GRADE.search(text):
        return None, 0
    words = _words(text)
    asked = _POLITE.sub("", " ".join(words)).replace(" ", "")
    if asked in _KNOWN:
        return _KNOWN[asked]
    content = set(words)
    if "kaggle" in content and not content & _OTHER_WORDS and words[0] not in _YES_OR_NO:
        for field, typical in (("team", _TEAM_WORDS), ("username", _USERNAME_WORDS)):
            if content & typical:
                return field, _HEADERS[field].split().index(_ON_KAGGLE)
    return None, 0


def _words(text: str) -> list[str]:
    """The words of a header in lower case, without accents and parentheses; `KaggleID` has two."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\([^()]*\)", " ", text).casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", plain.replace("kaggle", " kaggle ")).split()


def _squeezed(text: str) -> str:
    return "".join(_words(text))
