"""The file of `kaggle auth login`, which holds a login that is renewed again and again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import KagsyncError
from kagsync.files import output_file
from kagsync.kaggle.credentials import is_sendable
from kagsync.log import logger

if TYPE_CHECKING:
    from pathlib import Path

_MARGIN = timedelta(minutes=5)  # a token that ends sooner is renewed, so that none ends during a run


@dataclass(frozen=True)
class Login:
    """What the file says: a refresh token, and the access token of its last renewal."""

    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Login:
        return cls(path, json.loads(path.read_text(encoding="utf-8-sig")))

    @property
    def refresh_token(self) -> str:
        return str(self.content["refresh_token"])

    def valid_token(self) -> str | None:
        """The access token, if it is good for some minutes."""
        token = self.content.get("access_token")
        try:
            end = datetime.fromisoformat(str(self.content.get("access_token_expiration")))
        except ValueError:
            return None
        if end.tzinfo is None:
            end = end.replace(tzinfo=UTC)
        return str(token) if is_sendable(token) and end > clock.utc_now() + _MARGIN else None

    def store(self, token: str, expires_in: int) -> None:
        """Keeps a new access token; a power cut leaves the old file or the new one."""
        expiration = clock.utc_now() + timedelta(seconds=expires_in)
        content = {"access_token": token, "access_token_expiration": expiration.isoformat()}
        try:
            output_file.write_private(self.path, json.dumps(self.content | content, indent=2))
        except KagsyncError as error:  # a read-only home: the token is good all the same, only not kept
            logger.debug("Could not store the new access token: %s", error)
