"""Landlock: this process may read what is named here, write nothing and reach nobody, and nothing lifts that again.

Source: Linux, Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h (ABI 1 to 6).
"""

from __future__ import annotations

import ctypes
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
# By ABI, how many of the rights to files are known: all of them are withheld, whatever the kernel knows.
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
NETWORK_FROM, BOTH_TCP = 4, 0b11
SCOPES_FROM, BOTH_SCOPES = 6, 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    answer: int = libc.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return answer


def abi() -> int:
    """The version that the kernel speaks, 0 where there is none or it is switched off."""
    try:
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def restrict(readable: Iterable[str], *, devices: Iterable[str] = ()) -> int:
    """Allow reading of files and folders, reading and writing of devices, and nothing else. Needs NO_NEW_PRIVS.

    Paths that are not there are left out. From ABI 4 on TCP is closed, from 6 on signals and abstract sockets to the
    outside are.

    Returns:
        The ABI.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    version = abi()
    if not version:
        raise OSError("landlock: not offered by this kernel")
    attributes = _Ruleset(
        (1 << RIGHTS[min(version, max(RIGHTS))]) - 1,
        BOTH_TCP if version >= NETWORK_FROM else 0,
        BOTH_SCOPES if version >= SCOPES_FROM else 0,
    )
    size = 8 if version < NETWORK_FROM else 16 if version < SCOPES_FROM else 24
    ruleset = _call(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path in readable:
        _allow(ruleset, path, READ_FILE, READ_DIR)
    for path in devices:
        _allow(ruleset, path, READ_FILE | WRITE_FILE, 0)
    _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int, of_folders: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(os.fstat(opened).st_mode):
        rights |= of_folders
    rule = _Beneath(rights, opened)
    _call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(opened)
