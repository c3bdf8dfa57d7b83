"""The demo's twenty people, all invented, and what each of them did in the two weeks of the demo."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """Submissions on one day, the last of which counts.

    Attributes:
        days: how many days before the second board the last one was made.
        count: how many there were.
        place: the place on the first board whose score the last one reaches; 0: none of them is better.
    """

    days: float
    count: int
    place: int


class Person(NamedTuple):
    """A tracked person.

    Attributes:
        private: the place to aim at on the private board (others may push it a little).
        steps: all submissions, the earliest first.
        team: the team's name; empty: alone, under the person's own name.
        mates: how many untracked people are in the team too.
        formed: how many days before the second board the mates joined and the team got its name; until then
            the person was alone. 0: before the earliest board.
    """

    username: str
    name: str
    group: str
    private: int
    steps: tuple[Step, ...]
    team: str = ""
    mates: int = 0
    formed: float = 0


# The names that the tests of the boards know.
OVERTAKEN, STUCK, CLIMBER, BY_NAME_ONLY = "saraelmanshi", "diegomarvales", "pkolanthar", "bao404"
ROSTERS = (
    (
        Person(
            "linaverrow", "Lina Verrow", "red", 19,
            (Step(20, 2, 160), Step(12.3, 3, 41), Step(6.1, 4, 19), Step(2.2, 2, 7)),
        ),
        Person(
            "tundeokafemi", "Tunde Okafemi", "blue", 203,
            (Step(40, 3, 95), Step(9.4, 2, 61), Step(4.7, 3, 48)),
            "Caffeine Gradients", 2,
        ),
        Person("mwilkonrad", "Mateusz Wilkonrad", "red", 241, (Step(33, 2, 560), Step(7.7, 2, 211))),
        Person("haruminazu", "Haru Minazumi", "blue", 180, (Step(26, 1, 377),), "梯度下降部", 1),
        Person(OVERTAKEN, "Sara Elmanshi", "red", 236, (Step(18, 6, 905), Step(11.5, 6, 560))),
        Person(STUCK, "Diego Marvales", "blue", 801, (Step(10.6, 1, 742), Step(0.13, 2, 0))),
        Person(
            CLIMBER, "Priya Kolanthar", "red", 967,
            (
                Step(13, 2, 1530), Step(9.3, 8, 1342), Step(5.6, 7, 1250), Step(3.1, 5, 1180),
                Step(0.14, 7, 131),
            ),
        ),
        Person(
            "jonasfeldrup", "Jonas Feldrup", "blue", 1471, (Step(24, 2, 1495),), "Late Night Lunch", 1, 5.2,
        ),
    ),
    (
        Person(
            "aylintarkoc", "Aylin Tarkoc", "red", 388,
            (Step(7.8, 2, 410), Step(3.4, 5, 133), Step(0.11, 4, 33)),
            "[bold magenta]overfit[/bold magenta] club", 1,
        ),
        Person(
            "kboadusa", "Kwame Boadusa", "blue", 148,
            (Step(45, 3, 260), Step(8.6, 2, 96), Step(0.06, 1, 92)),
        ),
        Person(
            "meilinzhuo", "Meilin Zhuoran", "red", 71,
            (Step(13.8, 3, 840), Step(10, 4, 610), Step(6.3, 6, 402), Step(0.09, 3, 154)),
            "Dropout Support Group", 3, 4.4,
        ),
        Person(
            "odravchuk", "Olena Dravchuk", "blue", 655,
            (Step(3.3, 4, 620), Step(1.2, 5, 290), Step(0.05, 1, 0)),
        ),
        Person(
            "rafaquintelo", "Rafa Quintelo", "red", 512,
            (Step(29, 5, 980), Step(6.7, 3, 701), Step(0.1, 5, 431)),
            "Warp Drive 🚀", 2, 9.9,
        ),
        Person("siobhankv", "Siobhan Kilvarra", "blue", 490, (Step(16, 10, 615),)),
        Person(
            "anarutewhata", "Anaru Tewhata", "red", 1210,
            (Step(5.1, 3, 1407), Step(2.6, 4, 1302), Step(0.08, 6, 828)),
            "Seeds of Chance", 4,
        ),
        Person(
            "inescarvalim", "Ines Carvalim", "blue", 700,
            (Step(12.6, 3, 1250), Step(8.1, 2, 1044), Step(0.02, 3, 905)),
        ),
        Person(BY_NAME_ONLY, "Bao Thienlam", "red", 1050, (Step(38, 4, 1010),), BY_NAME_ONLY),
        Person("zanelemk", "Zanele Mkhondwe", "blue", 905, (Step(1.6, 2, 1405), Step(0.12, 1, 1127))),
        Person(
            "pavelhruz", "Pavel Hruzicka", "red", 1333,
            (Step(11.2, 6, 1450), Step(4.9, 4, 1290)),
            "Two Stubborn Trees", 1, 7.1,
        ),
        Person(
            "amaradeva", "Amara Devasingh", "blue", 1380,
            (Step(14.5, 1, 1640), Step(6.3, 2, 1362), Step(0.07, 3, 0)),
        ),
    ),
)  # fmt: skip
PEOPLE = [person for roster in ROSTERS for person in roster]
