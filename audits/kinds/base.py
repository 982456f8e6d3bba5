"""What an audit kind is: a function from inputs to an outcome, registered under a name.

Kinds know nothing of rows, leases and retries; ``audits.execution`` does that around them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

SEVERITIES = ("info", "low", "medium", "high", "critical")


class InputsRejected(ValueError):
    """The inputs cannot support this audit; ``code`` says why for programs, the message how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Draft:
    """A finding before it is stored.

    ``code`` and ``params`` are worded when shown. ``locus`` says where: a metric and slice, a file, a card
    field, a licence chain; it goes into the fingerprint, so it holds no measured number.
    """

    code: str
    severity: str
    locus: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    field: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What an audit found.

    ``verdict`` is one of the kind's verdicts. ``summary`` holds named doubles for policies (a quantity that
    was not measured is absent, never 0 or NaN). ``document`` is the whole result as JSON-ready data.
    """

    verdict: str
    summary: Mapping[str, float] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    drafts: Sequence[Draft] = ()
    artefacts: Sequence[bytes] = ()


class Context(Protocol):
    """What a running audit may use."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The run's stored inputs: parameters, digests of uploads and plan."""

    @property
    def seed(self) -> int: ...

    @property
    def at(self) -> dt.datetime:
        """When the audit was begun, by the database's clock."""

    def open_blob(self, sha256: str) -> IO[bytes]:
        """An uploaded file by its digest, opened for reading. Raises InputsRejected when it is gone or altered."""

    def progress(self, done: int, total: int | None) -> None:
        """Tell how far the work is, in units of the kind's own (rows, files); cheap to call often.

        Raises:
            Interrupted: the run was cancelled, has lost its lease or is over its time; let it through.
        """


class Interrupted(Exception):
    """The run may not go on. Raised by ``Context.progress``; kinds let it pass."""


AuditFn = Callable[[Context], Outcome]


@dataclass(frozen=True)
class Kind:
    """A registered audit: its name, its own version, the packages its numbers depend on, the verdicts it gives."""

    name: str
    version: int
    run: AuditFn
    packages: tuple[str, ...]
    verdicts: tuple[str, ...]
    time_limit_s: int


_kinds: dict[str, Kind] = {}


def audit(
    name: str,
    *,
    version: int = 1,
    packages: tuple[str, ...] = (),
    verdicts: tuple[str, ...],
    time_limit_s: int = 600,
) -> Callable[[AuditFn], AuditFn]:
    """Register a function as the audit called ``name``; a change of its numbers is a new ``version``."""

    def register(fn: AuditFn) -> AuditFn:
        if name in _kinds:
            raise ValueError(f"audit kind {name!r} is registered twice")
        _kinds[name] = Kind(name, version, fn, packages, verdicts, time_limit_s)
        return fn

    return register


def get(name: str) -> Kind:
    """Return the audit called ``name``.

    Raises:
        KeyError: no such audit; the message names the known kinds.
    """
    try:
        return _kinds[name]
    except KeyError:
        raise KeyError(f"no audit kind {name!r}; known: {', '.join(sorted(_kinds))}") from None


def names() -> list[str]:
    """The names of all registered kinds, sorted."""
    return sorted(_kinds)
