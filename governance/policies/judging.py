"""One requirement against the runs that there are: does it hold, until when, and if not, why?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from governance.policies.moments import AHEAD_AT_MOST, FactsMalformed, moment, utc
from governance.policies.shapes import Requirement


class Status(StrEnum):
    """How a requirement stands.

    Satisfied holds, waived while somebody answers for it, overridden while two administrators set it aside; not
    applicable is not asked.
    """

    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    PENDING = "pending"
    WAIVED = "waived"
    OVERRIDDEN = "overridden_by_admin"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


# What a run that has not succeeded means, or that there is none on the inputs of today. A state that is not named
# here is an error.
_STATES: Mapping[str, Status] = {
    "missing": Status.UNSATISFIED,
    "outdated": Status.UNSATISFIED,
    "queued": Status.PENDING,
    "running": Status.PENDING,
    "errored": Status.ERROR,
    "timed_out": Status.ERROR,
    "cancelled": Status.ERROR,
}
SUCCEEDED = "succeeded"
OVERRIDE_ENDED = "override_ended"

# What a result carries along of the run that it rests on.
_TOLD = ("state", "verdict", "origin", "error_code", "error", "lacking")


@dataclass(frozen=True)
class RequirementResult:
    """How one requirement of one policy stands.

    ``code`` says why and ``params`` with which values; both are worded when shown. ``run`` is the number of the run
    that was looked at. ``holds_until`` is set while a satisfied requirement will go stale by time alone, and at the end
    of a waiver. ``needs`` are the audits that a condition rests on beside ``kind``, which is empty where a condition
    stands alone.
    """

    id: str
    title: str
    kind: str
    status: Status
    severity: str
    code: str
    policy: str
    run: int | None = None
    holds_until: dt.datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> RequirementResult:
        """The result that ``as_json`` wrote."""
        return cls(
            id=row["id"],
            title=row.get("title", ""),
            kind=row.get("kind", ""),
            status=Status(row["status"]),
            severity=row["severity"],
            code=row["code"],
            policy=row["policy"],
            run=row.get("run"),
            holds_until=moment(row.get("holds_until")),
            params=row.get("params", {}),
            needs=tuple(row.get("needs", ())),
        )

    @property
    def decides(self) -> bool:
        """Whether the verdict depends on it."""
        return self.severity != "info" and self.status is not Status.NOT_APPLICABLE

    @property
    def reads(self) -> frozenset[str]:
        """The kinds of audit that it rests on."""
        return frozenset((self.kind, *self.needs)) - {""}

    def as_json(self) -> dict[str, Any]:
        return {
            **({"needs": list(self.needs)} if self.needs else {}),
            "id": self.id,
            "title": self.title,
            "kind": self.kind,
            "status": self.status.value,
            "severity": self.severity,
            "code": self.code,
            "policy": self.policy,
            "run": self.run,
            "holds_until": utc(self.holds_until),
            "params": dict(self.params),
        }


@dataclass(frozen=True)
class RunFacts:
    """The ``audits`` of a facts document by kind, and the moment at which the facts were taken."""

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    asked_at: dt.datetime | None

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> RunFacts:
        """Sort the runs by kind.

        Raises:
            FactsMalformed: ``audits`` is not a list of mappings that each name a kind. A row that cannot be
                attributed may be the one that says no.
        """
        listed = facts.get("audits", [])
        if not isinstance(listed, list):
            raise FactsMalformed("audits")
        rows: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for number, row in enumerate(listed):
            if not isinstance(row, Mapping) or not isinstance(row.get("kind"), str):
                raise FactsMalformed(f"audits[{number}].kind")
            rows[row["kind"]] = (*rows.get(row["kind"], ()), row)
        return cls(rows, moment(facts.get("asked_at")))

    def newest(self, kind: str) -> Mapping[str, Any] | str | None:
        """The run that was asked for last, or None. A word says why it cannot be told which that is."""
        rows = self.rows.get(kind, ())
        numbers: list[Any] = [0 if row.get("state") == "missing" else row.get("run") for row in rows]
        if any(type(number) is not int for number in numbers):
            return "run_unreadable"
        last = max(numbers, default=None)
        found = [row for row, number in zip(rows, numbers, strict=True) if number == last]
        if any(row != found[0] for row in found):
            return "run_ambiguous"
        return found[0] if found else None


def judge(requirement: Requirement, *, policy: str, runs: RunFacts, at: dt.datetime) -> RequirementResult:
    """Hold one requirement against the newest run of its kind.

    The newest run counts even where an older one was better: it was asked for because something changed.
    """
    row = runs.newest(requirement.kind)
    params: dict[str, Any] = {"kind": requirement.kind, "accepted": list(requirement.verdicts)}
    run = holds_until = None
    if row is None:
        status, code = Status.UNSATISFIED, "missing"
    elif isinstance(row, str):
        status, code = Status.ERROR, row
    else:
        run = row.get("run")
        params |= {name: row[name] for name in _TOLD if isinstance(row.get(name), str)}
        if isinstance(row.get("profile_lacks"), list):
            params |= {"profile_lacks": list(row["profile_lacks"]), "found_else": row.get("found_else", 0)}
        status, code = _by_result(requirement, row)
        if status is Status.SATISFIED:
            status, code, holds_until = _by_age(requirement, row, runs.asked_at, at, params)
    return RequirementResult(
        id=requirement.id,
        title=requirement.title,
        kind=requirement.kind,
        status=status,
        severity=requirement.severity,
        code=code,
        policy=policy,
        run=run,
        holds_until=holds_until,
        params=params,
    )


def by_state(row: Mapping[str, Any] | str | None) -> tuple[Status, str]:
    """How far the newest run of a kind has come, whatever it found: satisfied where it came to an end."""
    if row is None:
        return Status.UNSATISFIED, "missing"
    if isinstance(row, str):
        return Status.ERROR, row
    state = row.get("state")
    if state == SUCCEEDED:
        return Status.SATISFIED, SUCCEEDED
    known = isinstance(state, str) and state in _STATES
    return (_STATES[str(state)], str(state)) if known else (Status.ERROR, "state_unknown")


def _by_result(requirement: Requirement, row: Mapping[str, Any]) -> tuple[Status, str]:
    status, code = by_state(row)
    if status is not Status.SATISFIED:
        return status, code
    verdict = row.get("verdict")
    if verdict not in requirement.known_verdicts:
        return Status.ERROR, "verdict_unknown"
    if verdict not in requirement.verdicts:
        return Status.UNSATISFIED, "verdict_not_accepted"
    return Status.SATISFIED, "accepted"


def _by_age(
    requirement: Requirement,
    row: Mapping[str, Any],
    asked_at: dt.datetime | None,
    at: dt.datetime,
    params: dict[str, Any],
) -> tuple[Status, str, dt.datetime | None]:
    """An accepted run may be too old, or rest on an override. It is fresh up to, and not at, its last moment."""
    if requirement.max_age_days is None:
        return by_override(row, at, None, params)
    params["max_age_days"] = requirement.max_age_days
    finished = _finished(row, asked_at)
    if finished is None:
        return Status.ERROR, "age_unknown", None
    if finished > at + AHEAD_AT_MOST:
        return Status.ERROR, "finished_in_future", None
    params["age_days"] = max(0, (at - finished).days)
    try:
        holds_until = finished + dt.timedelta(days=requirement.max_age_days)
    except OverflowError:
        return Status.ERROR, "age_unknown", None
    if at >= holds_until:
        return Status.UNSATISFIED, "stale", None
    return by_override(row, at, holds_until, params)


def by_override(
    row: Mapping[str, Any], at: dt.datetime, fresh_until: dt.datetime | None, params: dict[str, Any]
) -> tuple[Status, str, dt.datetime | None]:
    """What holds because of somebody's override does not outlive it."""
    if row.get("holds_until") is None:
        return Status.SATISFIED, "accepted", fresh_until
    ends = moment(row["holds_until"])
    if ends is None:
        return Status.ERROR, "age_unknown", None
    if at >= ends:
        return Status.UNSATISFIED, OVERRIDE_ENDED, None
    if fresh_until is not None and fresh_until <= ends:
        return Status.SATISFIED, "accepted", fresh_until
    params["lapses"] = OVERRIDE_ENDED
    return Status.SATISFIED, "accepted", ends


def _finished(row: Mapping[str, Any], asked_at: dt.datetime | None) -> dt.datetime | None:
    """When the run finished: said outright, or by its age on the day the facts were taken."""
    if row.get("finished_at") is not None:
        return moment(row["finished_at"])
    age = row.get("age_days")
    if asked_at is None or isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age < 100_000:
        return None
    try:
        return asked_at - dt.timedelta(days=age)
    except OverflowError:
        return None
