"""The rights of files, which bind root only if it gives up some of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# <linux/capability.h>: version 3, and twice 32 bits each of the effective, permitted and inheritable ones.
_HEADER = struct.pack("=Ii", 0x20080522, 0)
_CAPABILITIES = struct.Struct("=6I")
# <linux/prctl.h>, <linux/securebits.h>: else access(2) uses the permitted capabilities of root.
_GET_SECUREBITS, _SET_SECUREBITS, _NO_SETUID_FIXUP = 27, 28, 1 << 2
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1 << 1, 1 << 2


@contextlib.contextmanager
def binding() -> Iterator[None]:
    """Makes the rights of files hold for this thread, also if it is root's. Its child processes stay free.

    Raises:
        OSError: they cannot be made to hold.
    """
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        raise OSError("only Linux takes rights from root")
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *values: object) -> int:
        result = int(libc[function](*values))
        if result < 0:
            raise OSError(ctypes.get_errno(), function)
        return result

    before = ctypes.create_string_buffer(_CAPABILITIES.size)
    call("capget", _HEADER, before)
    effective, *others = _CAPABILITIES.unpack(before.raw)
    if not effective & (_DAC_OVERRIDE | _DAC_READ_SEARCH):
        yield
        return
    bits = call("prctl", _GET_SECUREBITS)
    call("prctl", _SET_SECUREBITS, bits | _NO_SETUID_FIXUP)
    try:
        call("capset", _HEADER, _CAPABILITIES.pack(effective & ~(_DAC_OVERRIDE | _DAC_READ_SEARCH), *others))
        yield
    finally:
        call("capset", _HEADER, before)
        call("prctl", _SET_SECUREBITS, bits)
