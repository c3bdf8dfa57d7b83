"""Which failures of programs that download are the network's: only those that say so."""

from __future__ import annotations

import subprocess

import pytest

from world.downloads import downloading, network_failure

RETRYING = (
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after "
    "connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at "
    "0x7fd2>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/{name}/\n"
)
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement {name} (from versions: none)
ERROR: No matching distribution found for {name}
"""
# As `build` passes on what pip says, in lines of 80 characters.
BUILD = """\
< Looking in indexes: http://127.0.0.1:1/simple
< WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None,
  status=None)) after connection broken by
  'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object
  at 0x7fa46df190d0>: Failed to establish a new connection: [Errno 111]
  Connection refused')': /simple/hatch-fancy-pypi-readme/
< ERROR: Could not find a version that satisfies the requirement hatch-fancy-
  pypi-readme>=24 (from versions: none)
"""
APT = "E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  {reason}\n"
NETWORK = {
    "pip finds no index": RETRYING.format(name="rich") + NOT_FOUND.format(name="rich"),
    "pip reads no page": RETRYING.format(name="rich").replace("NewConnectionError", "ReadTimeoutError")
    + NOT_FOUND.format(name="rich>=13"),
    "build": BUILD,
    "pip gets a part of a file": "pip._vendor.urllib3.exceptions.ProtocolError: "
    "(\"Connection broken: ConnectionResetError(104, 'Connection reset by peer')\", ConnectionResetError())",
    "a newer pip gets a part of a file": "error: incomplete-download\n\n"
    "note: This is an issue with network connectivity, not pip.\n",
    "pip gets no file": "ERROR: HTTP error 502 while getting http://127.0.0.1:1/a-1.0-py3-none-any.whl",
    **{
        reason: APT.format(reason=reason)
        for reason in (
            "Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)",
            "Could not resolve 'deb.debian.org'",
            "Temporary failure resolving 'deb.debian.org'",
            "Connection failed [IP: 127.0.0.1 18091]",
            "503  Service Unavailable [IP: 127.0.0.1 18090]",
        )
    },
}
OTHERS = {
    "no such project": NOT_FOUND.format(name="nonesuch"),
    "no such project, after a hiccup": RETRYING.format(name="rich") + NOT_FOUND.format(name="nonesuch"),
    "no such project, after a hiccup at one of a longer name": RETRYING.format(name="nonesuch-more")
    + NOT_FOUND.format(name="nonesuch"),
    "no such project, after a hiccup at one of a shorter name": RETRYING.format(name="nonesuch")
    + NOT_FOUND.format(name="nonesuch-more"),
    "a build that fails, after a hiccup": RETRYING.format(name="rich")
    + "ERROR Backend subprocess exited when trying to invoke build_wheel",
    "no such suite": "E: The repository 'http://deb.debian.org/debian x Release' does not"
    " have a Release file.",
    "no such package": "E: Unable to locate package nonesuch",
    "no such file": APT.format(reason="404  Not Found [IP: 203.0.113.80 80]"),
    "no such file at the index": "ERROR: HTTP error 404 while getting http://127.0.0.1:1/a-1.0.tar.gz",
    "silence": "",
}


@pytest.mark.parametrize("output", NETWORK.values(), ids=NETWORK)
def test_the_network_failed(output: str) -> None:
    assert network_failure(output)


@pytest.mark.parametrize("output", OTHERS.values(), ids=OTHERS)
def test_something_else_failed(output: str) -> None:
    assert network_failure(output) is None


def ended(code: int, err: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], code, "", err)


def test_a_second_try_decides() -> None:
    good, bad, cut = ended(0), ended(1, "the build failed"), ended(1, BUILD)
    for tries, result in (([good], good), ([cut, good], good), ([bad, good], good), ([cut, bad], bad)):
        ends = iter(tries)
        assert downloading(lambda ends=ends: next(ends)) is result  # type: ignore[misc]
    with pytest.raises(pytest.skip.Exception, match="the network failed: connection broken by"):
        downloading(lambda: cut)
