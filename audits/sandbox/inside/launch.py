"""The first thing that runs inside: gives up every right that the program does not need, then runs it.

Started as a script with one argument, a JSON object. What fails here ends the process before the program has begun.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys

# Every module that is imported here is waited for at each start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 1, 24, 38, 4
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63
DEVICES = ("/dev/null",)
# Which libraries it has loaded itself: numeric libraries ask for that.
OWN = "/proc/self/maps"
# Chance, for libraries that do not ask the kernel for it directly.
CHANCE = "/dev/urandom"
FAILED = 97
SIGKILL = 9


def main() -> None:
    """Confine this process as told, then serve with the program's ``serve``."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    sys.path[:] = told["import_from"]
    from audits.sandbox.inside import landlock, seccomp
    from audits.sandbox.inside.wire import Channel

    if told["parent"] is not None:
        _end_with(told["parent"])
    lent = told["lent"]
    if lent is not None:  # to a low number, as the others
        lent = os.dup(told["lent"])
        os.close(told["lent"])
    asks, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what is printed is talk, not an answer
    os.closerange(max(asks, answers, lent or 0) + 1, 1 << 16)
    for name, value in told["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    _drop_capabilities()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError("new privileges cannot be given up")
    version = landlock.restrict([*told["readable"], OWN, CHANCE], devices=DEVICES)
    seccomp.restrict()

    channel = Channel(asks, answers, lent)
    channel.send({"confined": {"landlock": version, "seccomp": True}})
    if told["program"] is None:
        return
    try:
        _serve_of(told["program"])(channel)
    except MemoryError:
        channel.send({"error": {"code": "out_of_memory", "message": "the program ran out of memory"}})
    except BaseException as failed:
        import traceback

        traceback.print_exc()
        kind = type(failed).__name__
        channel.send({"error": {"code": "program_failed", "message": f"{kind}: {failed}"[:1000]}})


def _serve_of(path: str) -> Any:
    """The function ``serve`` of a program."""
    with open(path, "rb") as opened:
        code = compile(opened.read(), path, "exec")
    names: dict[str, Any] = {"__name__": "guest", "__file__": path}
    exec(code, names)  # noqa: S102 - to run a stranger's program is what all of this is for
    return names["serve"]


def _end_with(parent: int) -> None:
    """Die when the process that started this one does, even if that was a moment ago."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(FAILED)


def _drop_capabilities() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # without the right to drop there is nothing to drop
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


if __name__ == "__main__":
    try:
        main()
    except Exception as failed:
        print(f"not confined: {failed}", file=sys.stderr)  # noqa: T201 - the one way out that is left
        sys.exit(FAILED)
