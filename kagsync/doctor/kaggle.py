"""Checks of the connection to Kaggle: credentials, certificates, and access to each leaderboard."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kagsync import clock, errors, installation, memory
from kagsync.doctor.checks import Check
from kagsync.errors import (
    BadDownload,
    ConfigurationError,
    CredentialsError,
    Forbidden,
    KagsyncError,
    NotFound,
    RateLimited,
    Unreachable,
)
from kagsync.files import rights
from kagsync.kaggle import credentials
from kagsync.net import route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.doctor.checks import Found
    from kagsync.kaggle.client import Clients
    from kagsync.store.records import Competition

_SKEW = 300.0  # seconds a clock may be wrong
_ANSWERS = (BadDownload, CredentialsError, Forbidden, NotFound, RateLimited)  # errors after Kaggle answered
_ON_THE_WAY = {Unreachable.code, ConfigurationError.code}  # problems that are not about one competition


def key(known: Found) -> Iterator[Check]:
    """Checks the credentials, which may be missing if the workers that ask Kaggle are on other machines."""
    try:
        found = credentials.find()
    except KagsyncError as error:
        if known.fetched_elsewhere:
            yield Check(
                "Kaggle's key", None, "none needed here: the workers that fetch have keys of their own"
            )
            return
        yield Check("Kaggle's key", False, error.message, error.remedy)
        return
    exposed = credentials.exposed_file(found)
    if exposed is not None:
        said = f"from {found.source}, which others on this machine can read"
        yield Check("Kaggle's key", False, said, rights.change("600", exposed))
    else:
        passed_over = "".join(f"; passed over: {reason}" for reason in found.passed_over)
        yield Check("Kaggle's key", True, f"from {found.source}{passed_over}")


def certificates() -> Iterator[Check]:
    """Reports trusted certificates that are missing, which makes every download fail; otherwise nothing."""
    if error := route.missing_certificates():
        yield Check("Certificates", False, error.message, error.remedy)


def answers(found: Found) -> Iterator[Check]:
    """Asks Kaggle for each leaderboard. If it cannot be reached, one check says so for all."""
    try:
        from kagsync.kaggle import client, sdk

        sdk.part()
    except Exception as error:
        if memory.ran_out(error):
            raise  # `survived` reports it as such
        said = f"Kaggle's SDK (kagglesdk) cannot be used: {type(error).__name__}: {error}"
        yield Check("Kaggle", False, said, installation.this().reinstall())
        return
    try:
        credentials.find()
    except KagsyncError:
        yield Check("Kaggle", None, "skipped: no Kaggle credentials")
        return
    api = client.connect()
    competitions = found.linked
    if found.settings is None or not competitions:
        why = (
            "it is not known which database to read"
            if found.settings is None
            else "no competition to ask for"
        )
        yield Check("Kaggle", None, f"skipped: {why}")
        return
    with ThreadPoolExecutor(min(found.settings.jobs, len(competitions))) as pool:
        asked = list(pool.map(lambda competition: _ask(api, competition), competitions))
    silent = [error for error, _ in asked if error is not None and error.code in _ON_THE_WAY]
    if silent:
        yield Check("Kaggle", False, silent[0].message, silent[0].remedy)
    elif any(error is None or isinstance(error, _ANSWERS) for error, _ in asked):
        yield Check("Kaggle", True, "answers")
    for competition, (refusal, _) in zip(competitions, asked, strict=True):
        if refusal is None:
            yield Check(competition.slug, True, "Kaggle gives its leaderboard")
        elif refusal.code not in _ON_THE_WAY:
            yield Check(competition.slug, False, refusal.message, refusal.remedy)
    ahead = next((seconds for _, seconds in asked if seconds is not None), None)
    if ahead is not None and abs(ahead) > _SKEW:
        said = f"{clock.span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Kaggle's"
        yield Check("Clock", False, said, "Set the clock: timedatectl set-ntp true")
    elif ahead is not None:
        yield Check("Clock", True, "agrees with Kaggle's")


def _ask(api: Clients, competition: Competition) -> tuple[KagsyncError | None, float | None]:
    try:
        return None, api().may_download(competition.kaggle_id)
    except KagsyncError as error:
        return error, None
    except OSError as error:  # what requests raises for missing certificates
        return Unreachable(f"Kaggle cannot be asked: {error}"), None
    except Exception as error:  # noqa: BLE001  (about one competition; Kaggle is still asked about the others)
        return errors.unforeseen(error), None
