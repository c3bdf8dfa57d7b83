"""The tests' loopback Kaggle in a process of its own, so that what it costs is not counted.

Told what to do by lines of JSON: `python kaggle.py [FOLDER]`, which the class `Kaggle` starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


class Kaggle:
    """A Kaggle on http://localhost:7777, until the end of the `with`.

    Args:
        secure: a folder for its certificates. Then it speaks https, and redirects downloads to a second host.

    Attributes:
        environment: the variables with which programs find it, beside those that they get anyway.
    """

    def __init__(self, secure: Path | None = None) -> None:
        self._folder = [] if secure is None else [str(secure)]
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Kaggle:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        self.environment = json.loads(self._process.stdout.readline() or "{}")
        self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def show(self, boards: Mapping[str, Path], when: str) -> None:
        """Sets the boards (CSV files) that downloads get from now on, all made at one moment."""
        self._tell(boards={slug: str(path) for slug, path in boards.items()}, when=when)

    def latency(self, seconds: float) -> None:
        """Sets how long it waits before each answer."""
        self._tell(latency=seconds)

    def _tell(self, **what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("the loopback Kaggle ended; is port 7777 taken?")


def _serve() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from world.kaggle_server import PORT, KaggleServer, SecureKaggle

    folder = sys.argv[1:]
    with SecureKaggle(Path(folder[0]), PORT, wait=10) if folder else KaggleServer(PORT, wait=10) as server:
        print(json.dumps(server.environment if isinstance(server, SecureKaggle) else {}))
        print("done", flush=True)
        for line in sys.stdin:
            told = json.loads(line)
            server.latency = told.get("latency", server.latency)
            contents: dict[str, bytes] = {}
            for slug, path in told.get("boards", {}).items():
                if path not in contents:
                    contents[path] = Path(path).read_bytes()
                server.board(slug, contents[path], told["when"])
                server.competition(slug, title=slug.title(), team_count=1743, awards_points=True)
            server.requests.clear()  # they are kept for tests, and would grow
            print("done", flush=True)


if __name__ == "__main__":
    _serve()
