"""The ZIP that Kaggle sends: one CSV comes out, and nothing else happens."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from world.boards import board_csv, board_name, board_zip, many_teams

from kagsync.board import archive
from kagsync.board import file_name as names
from kagsync.errors import BadDownload

CSV = board_csv(many_teams(30))
SLUG = "spaceship-titanic"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, attributes: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as opened:
        for name, content in members:
            member = zipfile.ZipInfo(name)
            member.compress_type = method
            member.external_attr = attributes
            opened.writestr(member, content)
    return file.getvalue()


def patched(content: bytes, *, local: int, central: int, form: str, value: int) -> bytes:
    """A one-member ZIP with a field of both its headers overwritten."""
    changed = bytearray(content)
    struct.pack_into(form, changed, local, value)
    struct.pack_into(form, changed, content.index(b"PK\x01\x02") + central, value)
    return bytes(changed)


def extract(content: bytes | bytearray, tmp_path: Path) -> archive.ExtractedCsv:
    folder = tmp_path / "around" / "run"
    folder.mkdir(parents=True)
    zipped = folder.with_name("board.zip")
    zipped.write_bytes(content)
    return archive.extract_csv(zipped, folder)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_macos_adds_to_an_archive_is_no_second_csv(tmp_path: Path) -> None:
    member = board_name(SLUG)
    added = ("__MACOSX/", b""), (f"__MACOSX/._{member}", b"\0\5\26\7")
    assert extract(packed((member, CSV), *added), tmp_path).path.read_bytes() == CSV


def test_the_csv_comes_out_under_a_name_that_windows_can_store(tmp_path: Path) -> None:
    extracted = extract(board_zip(SLUG, CSV), tmp_path)

    assert extracted.path.name == "spaceship-titanic-publicleaderboard-2025-10-31_T_16_26_26.csv"
    assert extracted.original_name == board_name(SLUG)
    assert extracted.path.read_bytes() == CSV
    assert extracted.sha256 == hashlib.sha256(CSV).hexdigest()


def test_files_beside_the_csv_are_left_in_the_archive(tmp_path: Path) -> None:
    content = packed(("README.txt", b"hello"), ("../../evil.sh", b"rm"), ("board.csv", CSV))

    extracted = extract(content, tmp_path)

    assert left_in(extracted.path.parent) == ["board.csv"]
    assert left_in(tmp_path / "around") == ["board.zip", "run"]


ZIP = board_zip(SLUG, CSV)
ELSEWHERE = bytearray(ZIP)  # zipfile then seeks to a negative place, for which the system has an OSError
struct.pack_into("<I", ELSEWHERE, ZIP.index(b"PK\x05\x06") + 16, len(ZIP) + 100_000)
REFUSED = {
    "nothing": (b"", "not a ZIP"),
    "text": (b"This is no ZIP file.\n" * 50, "not a ZIP"),
    "only the magic": (b"PK\x03\x04" * 1000, "not a ZIP"),
    "half a ZIP": (ZIP[: len(ZIP) // 2], "not a ZIP"),
    "a byte less": (ZIP[:-1], "not a ZIP"),
    "no member": (packed(), "no CSV"),
    "no CSV": (packed(("README.txt", CSV)), "no CSV"),
    "several CSVs": (packed(("a.csv", CSV), ("b.CSV", CSV)), "2 CSV files"),
    "encrypted": (patched(ZIP, local=6, central=8, form="<H", value=1), "encrypted"),
    "unknown packing": (patched(ZIP, local=8, central=10, form="<H", value=99), "unsupported format"),
    "a directory elsewhere": (ELSEWHERE, "damaged|unsupported format"),
    "a link": (packed(("a.csv", b"/etc/passwd"), attributes=(stat.S_IFLNK | 0o777) << 16), "a link"),
    "declares too little": (patched(ZIP, local=22, central=24, form="<I", value=5), "damaged"),
    "wrong checksum": (patched(ZIP, local=14, central=16, form="<I", value=1), "damaged"),
    **{
        f"named {name!r}": (packed((name, CSV)), "path in its name")
        for name in ("/etc/evil.csv", "../evil.csv", "a/b.csv", "..\\evil.csv", "C:\\evil.csv", "..csv")
    },
    "a NUL in its name": (
        packed(("evil.txt_.csv", CSV)).replace(b"evil.txt_.csv", b"evil.txt\0.csv"),
        "path in its name",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_leaderboard_archive_is_refused_by_name(case: str, tmp_path: Path) -> None:
    content, reason = REFUSED[case]

    with pytest.raises(BadDownload, match=reason) as error:
        extract(content, tmp_path)

    assert error.value.remedy
    assert left_in(tmp_path / "around") == ["board.zip", "run"]
    assert left_in(tmp_path) == ["around", "home"]
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("method", METHODS[:2])
def test_a_bomb_stops_at_the_cap(method: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cap = 3 * 1024 * 1024
    monkeypatch.setattr(archive, "MAX_UNPACKED", cap)

    with pytest.raises(BadDownload, match="larger than 3 MB unpacked"):
        extract(packed(("bomb.csv", bytes(4 * cap)), method=method), tmp_path)

    assert sum(path.stat().st_size for path in (tmp_path / "around" / "run").iterdir()) <= cap


def test_a_bomb_that_declares_itself_small_writes_no_more_than_it_declares(tmp_path: Path) -> None:
    bomb = patched(packed(("bomb.csv", bytes(5_000_000))), local=22, central=24, form="<I", value=100)

    with pytest.raises(BadDownload):
        extract(bomb, tmp_path)

    assert sum(path.stat().st_size for path in (tmp_path / "around" / "run").iterdir()) <= 100


def test_a_size_declared_too_large_allocates_nothing(tmp_path: Path) -> None:
    content = patched(ZIP, local=22, central=24, form="<I", value=0xFFFF_FFF0)

    assert extract(content, tmp_path).path.read_bytes() == CSV  # its checksum says that it is whole


@pytest.mark.parametrize("method", METHODS)
def test_damage_inside_is_refused_however_it_is_packed(method: int, tmp_path: Path) -> None:
    whole = packed(("board.csv", CSV), method=method)
    middle = len(whole) // 2
    damaged = whole[: middle - 20] + bytes(40) + whole[middle + 20 :]

    with pytest.raises(BadDownload, match=r"damaged|unsupported format"):
        extract(damaged, tmp_path)


SMALL = [packed(("board.csv", CSV[:600]), method=method) for method in METHODS]


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), max_size=4))
def test_any_change_of_bytes_gives_the_csv_or_a_refusal(
    content: bytes, changes: list[tuple[int, int]]
) -> None:
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        folder.mkdir()
        zipped = Path(temporary) / "board.zip"
        zipped.write_bytes(changed)
        try:
            extracted = archive.extract_csv(zipped, folder)
        except BadDownload:
            pass
        else:
            assert extracted.path.parent == folder
        assert {path.name for path in Path(temporary).iterdir()} == {"board.zip", "run"}


@settings(max_examples=300)
@given(st.text(max_size=300))
@example("CON.csv")
@example("…-2025-10-31T16:26:26.csv")
@example("\ud800.csv")
@example("..")
def test_a_safe_name_is_one_component_that_every_system_can_store(name: str) -> None:
    safe = names.safe(name)

    assert safe.endswith(".csv")
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', safe)
    assert Path(safe).name == safe
    assert len(safe) < 200
    assert safe.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}
    assert not safe.removesuffix(".csv").endswith((" ", "."))
    safe.encode()


def test_is_zip_looks_at_the_first_bytes_only(tmp_path: Path) -> None:
    (tmp_path / "board.csv").write_bytes(ZIP)
    (tmp_path / "board.zip").write_bytes(CSV)

    assert archive.is_zip(tmp_path / "board.csv")
    assert not archive.is_zip(tmp_path / "board.zip")
