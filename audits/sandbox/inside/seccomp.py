"""Seccomp: which calls of the kernel a program may make at all. What is not listed fails with EPERM.

The list is what Python, numpy and ONNX Runtime need to compute and to talk through pipes that are open already: memory,
threads, clocks, reading files. No new process, no other program, no socket, no file system, no signal to others.
The filter is classic BPF, made here: the binding of libseccomp for Python had its last release in 2021 and needs the
system's library.

Source: Linux, include/uapi/linux/{seccomp,filter,audit}.h; the numbers of the calls, arch/x86/entry/syscalls/
syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

# name: (x86_64, aarch64); None where an architecture has no such call
CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "preadv": (295, 69),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "open": (2, None),
    "openat": (257, 56),
    "stat": (4, None),
    "lstat": (6, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "fcntl": (72, 25),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "ioctl": (16, 29),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "pipe2": (293, 59),
    "eventfd2": (290, 19),
    "fadvise64": (221, 223),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "mincore": (27, 232),
    "brk": (12, 214),
    "membarrier": (324, 283),
    "futex": (202, 98),
    "futex_waitv": (449, 449),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "getcpu": (309, 168),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    # further conditions on these, below
    "clone": (56, 220),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# From here on calls are so new that libraries have another way where a kernel does not know them (clone3 above all,
# whose flags lie in memory, where no filter sees them).
KNOWN_SINCE_5_6 = 435
X32 = 0x40000000

CLONE_THREAD = 0x00010000
PR_SET_NAME, PR_GET_NAME = 15, 16
NAMES = (PR_SET_NAME, PR_GET_NAME, 0x53564D41)  # the last one names an area of memory

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# instructions: load a word, compare, test bits, answer
LOAD, EQUAL, AT_LEAST, BITS, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCH, ARGUMENTS = 0, 4, 16

PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_SET_SECCOMP, MODE_FILTER = 38, 21, 22, 2


def offered() -> bool:
    """Whether this machine's architecture is known here and its kernel has filters."""
    if os.uname().machine not in AUDIT_ARCH:
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


def program(*, machine: str, pid: int) -> bytes:
    """The filter as the kernel reads it: 8 bytes an instruction.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        pid: the process's own number as it sees itself; signals go to no other.
    """
    column = list(AUDIT_ARCH).index(machine)
    allow, deny = (ANSWER, 0, 0, ALLOW), (ANSWER, 0, 0, ERRNO | errno.EPERM)
    unknown = (ANSWER, 0, 0, ERRNO | errno.ENOSYS)
    code = [(LOAD, 0, 0, ARCH), (EQUAL, 1, 0, AUDIT_ARCH[machine]), (ANSWER, 0, 0, KILL_PROCESS), (LOAD, 0, 0, NUMBER)]
    code += [(AT_LEAST, 0, 1, X32), deny]
    conditions = {
        # a thread, never a process
        "clone": [(LOAD, 0, 0, _low(0)), (BITS, 0, 1, CLONE_THREAD), allow, deny],
        "kill": [(LOAD, 0, 0, _low(0)), (EQUAL, 0, 1, pid), allow, deny],
        "tgkill": [(LOAD, 0, 0, _low(0)), (EQUAL, 0, 1, pid), allow, deny],
        # reading limits of its own, setting none
        "prlimit64": [(LOAD, 0, 0, _low(0)), (EQUAL, 0, 5, 0)]
        + [(LOAD, 0, 0, _low(2)), (EQUAL, 0, 3, 0), (LOAD, 0, 0, _low(2) + 4), (EQUAL, 0, 1, 0), allow, deny],
        "prctl": [(LOAD, 0, 0, _low(0))] + [step for name in NAMES for step in ((EQUAL, 0, 1, name), allow)] + [deny],
    }
    for name, numbers in CALLS.items():
        number = numbers[column]
        if number is None:
            continue
        then = conditions.get(name, [allow])
        code += [(EQUAL, 0, len(then), number), *then]
    code += [(AT_LEAST, 0, 1, KNOWN_SINCE_5_6), unknown, deny]
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _low(argument: int) -> int:
    """Where the lower half of an argument lies: both architectures are little-endian."""
    return ARGUMENTS + 8 * argument


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def restrict() -> None:
    """Put the filter on this process and all its threads to come. Needs NO_NEW_PRIVS.

    Raises:
        OSError: the kernel has no filters, or refuses.
    """
    code = program(machine=os.uname().machine, pid=os.getpid())
    libc = ctypes.CDLL(None, use_errno=True)
    given = _Program(len(code) // 8, code)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
