"""Running out of memory: recognizes it, and notices it before a library crashes."""

from __future__ import annotations

import errno
import os
import sys

# How other libraries report it: pandas, the loader of shared libraries, a thread without a stack.
_WORDS = (
    "out of memory",
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "without setting an exception",  # Python itself, when it has not even the memory for a MemoryError
    "without exception set",
)
_FOR_PANDAS = 120 * 1024 * 1024  # bytes of address space that importing it takes, and some to work with


def ran_out(error: BaseException) -> bool:
    """Whether an exception, or one that led to it, means that there is not enough memory."""
    found: BaseException | None = error
    for _ in range(10):  # longer chains lead nowhere
        if found is None:
            return False
        if isinstance(found, MemoryError) or getattr(found, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(found, (ImportError, RuntimeError, SystemError, ValueError)) and _says_so(found):
            return True
        found = found.__cause__ or found.__context__
    return False


def _says_so(error: BaseException) -> bool:
    said = str(error).lower()
    return any(words in said for words in _WORDS)


def is_used_up() -> bool:
    """Whether not even a little memory is left."""
    return os.name == "posix" and not _fits(2**20)


def before_pandas() -> None:
    """Prepares the import of pandas by a command: `doctor`, and sqlite-utils for migrations.

    Without enough memory OpenBLAS, which numpy brings, ends the process or crashes it. So this asks first.

    Raises:
        MemoryError: there is not enough.
    """
    # OpenBLAS would start a thread for each core, which costs 100 ms of CPU and much address space; nothing
    # here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # On Windows, `_fits` would take the memory itself.
    if os.name == "posix" and "pandas" not in sys.modules and not _fits(_FOR_PANDAS):
        raise MemoryError("not enough to load pandas")


def _fits(size: int) -> bool:
    """Whether so many bytes of address space can be had."""
    try:
        import mmap  # a shared library: if memory is nearly used up, even that may not fit

        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (ImportError, OSError):
        return False
    return True
