"""The login of `kaggle auth login`: a file with a refresh token, and an access token that expires.

The SDK's own `KaggleCredentials.get_access_token` would use a token until 30 minutes after it expires, and it
writes the file in place, where a power cut loses the login.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock, installation
from kagsync.errors import KagsyncError, RefusedCredentials
from kagsync.files import output_file
from kagsync.kaggle import answers, exchange, sdk
from kagsync.kaggle.credentials import Credentials, is_sendable
from kagsync.kaggle.exchange import Exchange
from kagsync.log import logger

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.kaggle.retry import RetryPolicy

_MARGIN = timedelta(minutes=5)  # a token that expires sooner is renewed, so that none expires during a run
_LONGEST = 366 * 86400  # seconds that an access token may last


class Login(NamedTuple):
    """The content of the file: a refresh token, and the access token of its last renewal."""

    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Login:
        return cls(path, json.loads(path.read_text(encoding="utf-8-sig")))

    @property
    def refresh_token(self) -> str:
        return str(self.content["refresh_token"])

    def valid_token(self) -> str | None:
        """The access token, if it is valid for some more minutes."""
        token = self.content.get("access_token")
        try:
            end = datetime.fromisoformat(str(self.content.get("access_token_expiration")))
        except ValueError:
            return None
        if end.tzinfo is None:
            end = end.replace(tzinfo=UTC)
        return str(token) if is_sendable(token) and end > clock.utc_now() + _MARGIN else None

    def store(self, token: str, expires_in: int) -> None:
        """Keeps a new access token. A power cut leaves the old file or the new one."""
        expiration = clock.utc_now() + timedelta(seconds=expires_in)
        content = {"access_token": token, "access_token_expiration": expiration.isoformat()}
        try:
            output_file.write_private(self.path, json.dumps(self.content | content, indent=2))
        except KagsyncError as error:  # such as a read-only home; the token can be used anyway
            logger.debug("Could not store the new access token: %s", error)


def with_access_token(credentials: Credentials, path: Path, policy: RetryPolicy) -> Credentials:
    """Turns a login into a valid access token. An expired token is renewed and stored.

    Args:
        path: the file of the login.

    Raises:
        RefusedCredentials: Kaggle refuses to renew it.
        KagsyncError: Kaggle cannot be reached, or its answer makes no sense.
    """
    login = Login.read(path)
    token = login.valid_token()
    if token is None:
        token, expires_in = _renew(login, policy)
        login.store(token, expires_in)
    return replace(credentials, token=token, oauth_file=None, refresh_token=login.refresh_token)


def _renew(login: Login, policy: RetryPolicy) -> tuple[str, int]:
    """Asks Kaggle, once, for a new access token, which comes with its lifetime in seconds."""
    from kagglesdk import KaggleClient, KaggleCredentials  # all of the SDK: twice a day at most

    def call() -> tuple[str, int]:
        answer = KaggleCredentials(client, refresh_token=login.refresh_token).generate_access_token()
        if not is_sendable(answer.token) or not 0 < answer.expires_in < _LONGEST:
            raise ValueError("no access token")  # one of answers.NONSENSE
        return answer.token, answer.expires_in

    client = KaggleClient(user_agent=sdk.USER_AGENT, api_token=sdk.NO_SEARCH)
    try:
        session = sdk.open_session(client.http_client())
        session.auth = None
        exchange.bind(session, policy)
        renewal = Exchange(policy.read_timeout)
        try:
            return renewal.run(call)
        except Exception as cause:  # noqa: BLE001  (explained, or raised again by `_explain`)
            error = _explain(cause, renewal, login)
        raise error
    finally:
        client.__exit__(None, None, None)


def _explain(cause: Exception, renewal: Exchange, login: Login) -> KagsyncError:
    response = answers.refusal(cause, renewal)
    if response is not None and answers.status_of(response) in (400, 401, 403):
        said = answers.quoted(response, [login.refresh_token])
        message = f"Kaggle refused to renew the login in {login.path}{said}"
        return RefusedCredentials(message, f"Log in again: {installation.kaggle_login()}")
    used = Credentials(str(login.path), token=login.refresh_token)
    return answers.explain(cause, renewal, "", used).error
