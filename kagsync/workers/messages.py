"""What workers send each other: an order (what to fetch), and a delivery (what came of it).

Both travel as JSON. A message is checked as if a stranger had written it, since whoever can write to the
broker can send one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock, errors, inputs
from kagsync.errors import BadDownload, KagsyncError, RateLimited
from kagsync.safe_text import clip, printable
from kagsync.standings.facts import CompetitionFacts
from kagsync.standings.standing import Standing
from kagsync.standings.which import PUBLIC
from kagsync.store.records import Competition
from kagsync.sync.fetch_private import Known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kagsync.sync.fetch import Fetched

BOARD, UNCHANGED, NOT_OUT, FAILED = "board", "unchanged", "not-out", "failed"
LARGEST = 16 * 1024 * 1024  # bytes of a packed board; the largest one ever seen has 900,000
_PIECE = 1024 * 1024
_LONGEST_ERROR = 2000  # characters
LOOK_AT_LOGS = "Look at the logs of the workers: perhaps memory runs out"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FACT_TIMES = ("deadline", "merger_deadline", "new_entrant_deadline")


class GivenUp(KagsyncError):
    """Each worker that tries it dies."""

    code = "given-up"


# The errors of a fetch. Any other becomes a plain KagsyncError.
_ERRORS = {
    kind.code: kind
    for kind in (
        errors.ConfigurationError,
        errors.CredentialsError,
        errors.Forbidden,
        errors.NotFound,
        errors.Unreachable,
        errors.BadDownload,
        errors.BadBoard,
        errors.SuspiciousBoard,
        errors.DatabaseError,
        errors.DiskFull,
        errors.Unforeseen,
        GivenUp,
    )
}


class BadMessage(KagsyncError):
    """A message that no worker of this version sends."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"a message from the broker was dropped: {problem}",
            "Install the same version on all machines, and check who can write to the broker",
        )


class Order(NamedTuple):
    """What a fetch worker needs to know, which has no database.

    Attributes:
        id: names the order; a repeated one has the same.
        run: when the tick that sent it began (ISO 8601 UTC), the name of its run in `sync_runs`.
        last: the hash and the rows of the board that the database has; None: send it in any case.
        known: to ask for the private board with; None: do not ask.
        asks_facts: whether to ask Kaggle for title, deadline and so on.
    """

    id: str
    run: str
    slug: str
    kaggle_id: str
    last: tuple[str, int] | None = None
    known: Known | None = None
    asks_facts: bool = False

    @property
    def competition(self) -> Competition:
        """The competition, as far as a fetch needs it."""
        unknown = dict.fromkeys(Competition._fields)
        sha256, rows = self.last or (None, None)
        found = {
            "id": 0,
            "slug": self.slug,
            "kaggle_competition_id": self.kaggle_id,
            "active": True,
            "fingerprint": sha256 and f"{sha256}:",
            "row_count": rows,
            "board": PUBLIC,
        }
        return Competition(**unknown | found)  # type: ignore[arg-type]

    @property
    def data(self) -> dict[str, Any]:
        """The order as JSON has it."""
        known = self.known and {
            "hosts": sorted(self.known.hosts),
            "ours": [[key, *standing] for key, standing in self.known.ours.items()],
        }
        return {**self._asdict(), "known": known}

    @classmethod
    def of(cls, data: Any) -> Order:
        """Reads `data`; raises BadMessage."""
        with _Refusing():
            known = data["known"]
            if known is not None:
                ours = {int(key): Standing(*standing) for key, *standing in known["ours"]}
                known = Known(frozenset(map(int, known["hosts"])), ours)
            last = data["last"]
            return cls(
                id=_text(data["id"]),
                run=clock.iso(clock.parse_iso(data["run"])),
                slug=inputs.competition_slug(data["slug"]),
                kaggle_id=inputs.competition_slug(data["kaggle_id"]),
                last=None if last is None else (_sha256(last[0]), int(last[1])),
                known=known,
                asks_facts=bool(data["asks_facts"]),
            )


class Brought(NamedTuple):
    """One board, or why there is none.

    Attributes:
        status: BOARD, UNCHANGED (the database has it), NOT_OUT (a private board) or FAILED.
        snapshot_at: when Kaggle made it.
        partial: whether it was read only as far as our people.
        content: of a BOARD, its CSV, packed.
        error: of one that FAILED.
    """

    status: str
    sha256: str = ""
    snapshot_at: datetime | None = None
    partial: bool = False
    content: str = ""
    error: KagsyncError | None = None

    @classmethod
    def board(cls, fetched: Fetched, last: tuple[str, int] | None = None) -> Brought:
        """What to send of a board.

        Args:
            last: what the database has; the same board is not sent again.

        Raises:
            BadDownload: it is too large to be sent.
        """
        same = last is not None and last[0] == fetched.sha256
        content = "" if same else pack(fetched.csv.read_bytes())
        status = UNCHANGED if same else BOARD
        return cls(status, fetched.sha256, fetched.snapshot_at, fetched.partial, content)

    @property
    def data(self) -> dict[str, Any]:
        """The board as JSON has it."""
        error = self.error and {
            "code": self.error.code,
            "message": self.error.message,
            "remedy": self.error.remedy,
            "until": _iso(getattr(self.error, "until", None)),
        }
        return {**self._asdict(), "snapshot_at": _iso(self.snapshot_at), "error": error}

    @classmethod
    def of(cls, data: Any, worker: str) -> Brought:
        """Reads `data`; `worker` is who sent it, for errors."""
        status = data["status"]
        if status == FAILED:
            return cls(FAILED, error=_error(data["error"], worker))
        if status == NOT_OUT:
            return cls(NOT_OUT)
        if status not in (BOARD, UNCHANGED):
            raise ValueError("unknown status")
        return cls(
            status,
            _sha256(data["sha256"]),
            clock.parse_iso(data["snapshot_at"]),
            bool(data["partial"]),
            str(data["content"]),
        )


class Delivery(NamedTuple):
    """What a fetch worker brings.

    Attributes:
        order: the id of the order.
        run, slug, kaggle_id: as the order has them.
        worker: who fetched it.
        public: the public board.
        private: the private board; None: it was not asked for.
        facts: what Kaggle says of the competition; None: it was not asked, or did not say.
        asked_facts: whether it was asked.
    """

    order: str
    run: str
    slug: str
    kaggle_id: str
    worker: str
    public: Brought
    private: Brought | None = None
    facts: CompetitionFacts | None = None
    asked_facts: bool = False

    @classmethod
    def failed(cls, order: Order | Delivery, worker: str, error: KagsyncError | None = None) -> Delivery:
        """A delivery of nothing, because of an error; None: it is not known yet."""
        identity = order.order if isinstance(order, Delivery) else order.id
        return cls(identity, order.run, order.slug, order.kaggle_id, worker, Brought(FAILED, error=error))

    @property
    def data(self) -> dict[str, Any]:
        """The delivery as JSON has it."""
        facts = None
        if self.facts is not None:
            times = {name: _iso(getattr(self.facts, name)) for name in _FACT_TIMES}
            facts = {**self.facts._asdict(), **times}
        private = self.private and self.private.data
        return {**self._asdict(), "public": self.public.data, "private": private, "facts": facts}

    @classmethod
    def read(cls, text: str) -> Delivery:
        """Reads `data` as JSON; raises BadMessage."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadMessage(f"it is malformed ({type(error).__name__})") from error
        return cls.of(data)

    @classmethod
    def of(cls, data: Any) -> Delivery:
        """Reads `data`; raises BadMessage."""
        with _Refusing():
            worker, private, facts = _text(data["worker"]), data["private"], data["facts"]
            return cls(
                order=_text(data["order"]),
                run=clock.iso(clock.parse_iso(data["run"])),
                slug=inputs.competition_slug(data["slug"]),
                kaggle_id=inputs.competition_slug(data["kaggle_id"]),
                worker=worker,
                public=Brought.of(data["public"], worker),
                private=None if private is None else Brought.of(private, worker),
                facts=None if facts is None else _facts(facts),
                asked_facts=bool(data["asked_facts"]),
            )


def pack(content: bytes) -> str:
    """A CSV as a message carries it.

    Raises:
        BadDownload: it is too large.
    """
    packed = zlib.compress(content)
    if len(packed) > LARGEST:
        raise BadDownload(
            f"the board has more than {LARGEST // 1024**2} MB packed, too much for the broker",
            "Run kagsync sync for it on the machine with the database",
        )
    return base64.b64encode(packed).decode("ascii")


def unpack(content: str) -> Iterator[bytes]:
    """The pieces of a CSV, of a megabyte each; raises BadDownload."""
    try:
        unpacker, rest = zlib.decompressobj(), base64.b64decode(content, validate=True)
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
    except (binascii.Error, ValueError, zlib.error) as error:
        raise BadDownload("the board arrived damaged", "The next run fetches it again") from error


def error_of(code: str, message: str, remedy: str = "", until: datetime | None = None) -> KagsyncError:
    """The error that a code and a message are of."""
    if code == RateLimited.code:
        return RateLimited(message, remedy, until=until)
    return _ERRORS.get(code, KagsyncError)(message, remedy)


class _Refusing:
    """Turns whatever reading a malformed message raises into a refusal."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        kinds = LookupError | TypeError | ValueError | AttributeError | OverflowError | KagsyncError
        if isinstance(error, kinds):
            raise BadMessage(f"it is malformed ({type(error).__name__})") from error


def _text(data: Any) -> str:
    """A text that Redis and SQLite can store."""
    text = str(data)
    text.encode()
    return text


def _sha256(text: Any) -> str:
    if not isinstance(text, str) or not _SHA256.fullmatch(text):
        raise ValueError("not a hash")
    return text


def _error(data: Any, worker: str) -> KagsyncError:
    until = data["until"]
    message, remedy = (printable(clip(str(data[name]), _LONGEST_ERROR)) for name in ("message", "remedy"))
    message = f"{message} (on the worker {clip(worker, _LONGEST_ERROR)})"
    return error_of(str(data["code"]), message, remedy, None if until is None else clock.parse_iso(until))


def _facts(data: Any) -> CompetitionFacts:
    title, metric, count, points = (data[name] for name in ("title", "metric", "team_count", "awards_points"))
    if count is not None and not 0 <= count < 2**31:
        raise ValueError("not a number of teams")
    deadline, merger, entrant = (data[name] and clock.parse_iso(data[name]) for name in _FACT_TIMES)
    return CompetitionFacts(
        title=None if title is None else _text(title),
        deadline=deadline,
        metric=None if metric is None else _text(metric),
        team_count=None if count is None else int(count),
        awards_points=None if points is None else bool(points),
        merger_deadline=merger,
        new_entrant_deadline=entrant,
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else clock.iso(moment)
