"""How much a program may use."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1 << 20
# Address space costs nothing until it is used: libraries and the stacks of threads reserve gigabytes.
RESERVED = 8192 * MB


@dataclass(frozen=True)
class Limits:
    """Bounds of one program's run; what goes over one of them ends the program.

    Attributes:
        memory_bytes: resident at any moment, and allocated privately.
        seconds: by the clock, over all its answers and its start.
        answer_seconds: by the clock, for one answer.
        answer_bytes: of one answer.
        talk_bytes: printed, all together; what is printed is not kept beyond its last 4 KB.
        threads: at once, and as many as its libraries are told to use at most ``cores``.
        cores: that libraries are told to use.
        opening_seconds: by the clock, for reading a model before it is asked; as an answer where None.
    """

    memory_bytes: int = 2048 * MB
    seconds: float = 600.0
    answer_seconds: float = 120.0
    answer_bytes: int = 256 * MB
    talk_bytes: int = 1 * MB
    threads: int = 64
    cores: int = 2
    opening_seconds: float | None = None

    def as_rlimits(self) -> dict[str, int]:
        """The part that the kernel holds per process."""
        return {
            "RLIMIT_DATA": self.memory_bytes,
            "RLIMIT_AS": self.memory_bytes + RESERVED,
            "RLIMIT_CPU": max(1, round(self.seconds * self.cores) + 1),
            "RLIMIT_FSIZE": 0,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 256,
            "RLIMIT_MEMLOCK": 0,
            "RLIMIT_MSGQUEUE": 0,
        }
