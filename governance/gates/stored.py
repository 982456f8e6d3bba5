"""What is stored that answers a pipeline's question, in one query.

The gate is asked more often than anything else, and building such a query from models costs more than running it: so
it is written out here, as the only place that is. Rows come back as the models that the rest of the room knows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from django.db import models

from governance.catalog.models import Entry, Version
from governance.gates.models import Approval, GateMode, ReviewStanding
from governance.gates.portfolio import closed_as
from governance.people.models import User
from governance.people.prepared import prepared_cursor
from governance.people.queries import teams_seen_by
from governance.policies.lapsing import as_of

Row = TypeVar("Row", bound=models.Model)
OF_VERSION = ("id", "entry_id", "revision", "digest", "manifest_digest", "assurance")
OF_ENTRY = ("id", "kind", "repo_id")
# What tells whether the answer of an approval in force has changed; in the order of the model, as rows are made.
SMALL = ("id", "verdict", "conditions", "expires_at", "ended_reason")
# A repository that was renamed answers to its former name as well.
OF_SUBJECT = """
    entry.kind = %(kind)s AND (version.revision = %(revision)s OR version.digest = %(revision)s) AND (
        entry.key = %(key)s
        OR EXISTS (SELECT FROM catalog_alias alias WHERE alias.entry_id = entry.id AND alias.key = %(key)s)
    )
"""
# The newest row counts, until its end.
MODE = """
    SELECT * FROM (
        SELECT * FROM gates_gatemode WHERE use_case_id = {use_case} AND stage = %(stage)s ORDER BY id DESC LIMIT 1
    ) newest WHERE until > statement_timestamp()
"""


@dataclass(frozen=True)
class Subject:
    """What a pipeline asks about: one commit, or one digest, of one repository."""

    kind: str
    repo_id: str
    revision: str

    @property
    def key(self) -> str:
        return unicodedata.normalize("NFKC", self.repo_id).casefold()


@dataclass(frozen=True)
class Stored:
    """The newest approval of what was asked for, or where its review stands, and how the gate is set there.

    ``open`` says whether the approval is in force at ``asked_at``, by the database's clock. ``standing`` is read only
    where it is not. ``judged`` is the evaluation that the approval was granted on, ``submission`` the review's number.
    From ``stale_from`` on other policies apply than those that the review was judged under.
    """

    asked_at: dt.datetime
    known: bool
    approval: Approval | None
    open: bool
    judged: dict[str, Any]
    submission: int | None
    standing: ReviewStanding | None
    standing_md5: str | None
    stale_from: dt.datetime | None
    mode: GateMode | None

    @property
    def lapsed(self) -> list[dict[str, Any]]:
        """The conditions of an open approval that no longer hold."""
        if self.approval is None or not self.open:
            return []
        return [c for c in self.approval.conditions if dt.datetime.fromisoformat(c["holds_until"]) <= self.asked_at]

    @property
    def verdict(self) -> str:
        """Of an open approval: what it was granted with, or what time has made of it."""
        if self.approval is None or not self.open:
            raise ValueError("there is no approval in force")
        lapsed = self.lapsed
        closing = [condition for condition in lapsed if condition["severity"] == "fail"]
        if closing:
            return closed_as(closing)
        return "warn" if lapsed or self.waived or self.overridden else self.approval.verdict

    @property
    def waived(self) -> list[dict[str, Any]]:
        """The conditions of an open approval that hold only because somebody answers for them."""
        return self._resting_on("waiver")

    @property
    def overridden(self) -> list[dict[str, Any]]:
        """The conditions of an open approval that hold only because two administrators set them aside."""
        return self._resting_on("override")

    def _resting_on(self, what: str) -> list[dict[str, Any]]:
        if self.approval is None or not self.open:
            return []
        lapsed = self.lapsed
        return [condition for condition in self.approval.conditions if what in condition and condition not in lapsed]

    @property
    def judged_now(self) -> dict[str, Any]:
        """The evaluation of the review, as time has left it."""
        if self.standing is None:
            return {}
        stale = self.stale_from is not None and self.stale_from <= self.asked_at
        return as_of(self.standing.evaluation, at=self.asked_at, stale=stale)

    @property
    def next_change_at(self) -> dt.datetime | None:
        """The next moment at which time alone changes the answer."""
        ahead = [] if self.mode is None or self.mode.until is None else [self.mode.until]
        if self.approval is not None and self.open and self.verdict in ("allow", "warn"):
            until = (dt.datetime.fromisoformat(condition["holds_until"]) for condition in self.approval.conditions)
            ahead += [self.approval.expires_at, *(moment for moment in until if moment > self.asked_at)]
        if self.stale_from is not None and self.stale_from > self.asked_at:
            ahead.append(self.stale_from)
        return min(ahead, default=None)

    @property
    def etag(self) -> str:
        """Changes whenever the answer does, by facts or by time.

        What else an answer shows of an approval is frozen with its row.
        """
        approval, standing, next_at = self.approval, self.standing, self.next_change_at
        now = self.judged_now
        seen = [
            None if approval is None else [approval.pk, self.open, approval.ended_reason],
            [] if approval is None or not self.open else [len(self.lapsed), approval.conditions],
            None if standing is None else [standing.pk, standing.state, standing.verdict, self.standing_md5],
            [now.get("verdict"), now.get("reason_codes")],
            None if self.mode is None else self.mode.pk,
            None if next_at is None else next_at.isoformat(),
        ]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def stored(*, user: User | None, subject: Subject, use_case: str, stage: str) -> Stored:
    """What answers a question, among what ``user`` may see (None: all). One query."""
    return _read(iter(_asked(_statement(), user, subject, use_case, stage)))


def in_force_tag(*, user: User | None, subject: Subject, use_case: str, stage: str) -> str:
    """The ``etag`` of what is stored where an approval is in force, "" where none is. One small query.

    That is the answer of nearly every question that repeats, and needs none of the documents.
    """
    row = _asked(_small_statement(), user, subject, use_case, stage)
    if row is None:
        return ""
    asked_at, mode_id, mode_until, *values = row
    mode = None if mode_id is None else GateMode(pk=mode_id, until=mode_until)
    approval = Approval.from_db("default", SMALL, [*values[:2], _from_json(values[2]), *values[3:]])
    return Stored(
        asked_at=asked_at,
        known=True,
        approval=approval,
        open=True,
        judged={},
        submission=None,
        standing=None,
        standing_md5=None,
        stale_from=None,
        mode=mode,
    ).etag


def _asked(statement: str, user: User | None, subject: Subject, use_case: str, stage: str) -> Any:
    seen = None if user is None else teams_seen_by(user)
    asked: dict[str, Any] = {
        "kind": subject.kind,
        "revision": subject.revision,
        "key": subject.key,
        "use_case": use_case,
        "stage": stage,
        "everywhere": seen is None,
        "teams": seen or [],
    }
    with prepared_cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchone()


@cache
def _small_statement() -> str:
    return f"""
        SELECT statement_timestamp(), mode.id, mode.until, {", ".join(f"approval.{name}" for name in SMALL)}
        FROM gates_approval approval
        JOIN catalog_version version ON version.id = approval.version_id
        JOIN catalog_entry entry ON entry.id = version.entry_id
        JOIN catalog_usecase use_case ON use_case.id = approval.use_case_id
        LEFT JOIN LATERAL ({MODE.format(use_case="use_case.id")}) mode ON true
        WHERE use_case.slug = %(use_case)s AND (%(everywhere)s OR use_case.owner_team_id = ANY(%(teams)s))
            AND approval.stage = %(stage)s AND approval.ended_at IS NULL
            AND approval.granted_at <= statement_timestamp() AND approval.expires_at > statement_timestamp()
            AND {OF_SUBJECT}
        ORDER BY approval.granted_at DESC, approval.id DESC LIMIT 1
    """  # noqa: S608 (names of our columns)


@cache
def _statement() -> str:
    def columns(table: str, names: Sequence[str]) -> str:
        return ", ".join(f"{table}.{name}" for name in names)

    approval, standing, mode = (
        columns(name, [str(field.column) for field in model._meta.concrete_fields])
        for name, model in (("approval", Approval), ("standing", ReviewStanding), ("mode", GateMode))
    )
    version = columns("meant", [*OF_VERSION, "entry_id", "kind", "repo_id"])
    return f"""
        WITH asked AS (
            SELECT id FROM catalog_usecase
            WHERE slug = %(use_case)s AND (%(everywhere)s OR owner_team_id = ANY(%(teams)s))
        ), meant AS (
            SELECT version.id, {columns("version", OF_VERSION[1:])}, entry.kind, entry.repo_id
            FROM catalog_version version JOIN catalog_entry entry ON entry.id = version.entry_id
            WHERE {OF_SUBJECT}
        )
        SELECT statement_timestamp(), asked.id IS NOT NULL, approval.open, md5(standing.evaluation::text),
            review.stale_from, decision.submission_id, decision.evaluation, {approval}, {standing}, {mode}, {version}
        FROM (SELECT) one
        LEFT JOIN asked ON true
        LEFT JOIN LATERAL (
            SELECT *, ended_at IS NULL AND granted_at <= statement_timestamp()
                AND expires_at > statement_timestamp() AS open
            FROM gates_approval
            WHERE use_case_id = asked.id AND stage = %(stage)s AND version_id IN (SELECT id FROM meant)
            ORDER BY open DESC, granted_at DESC, id DESC LIMIT 1
        ) approval ON true
        -- The decision that granted it, by the name that the room above gives it.
        LEFT JOIN reviews_decision decision ON decision.approval_id = approval.id
        LEFT JOIN LATERAL (
            SELECT * FROM gates_reviewstanding
            WHERE use_case_id = asked.id AND stage = %(stage)s AND version_id IN (SELECT id FROM meant)
                AND approval.open IS NOT TRUE
            ORDER BY updated_at DESC, id DESC LIMIT 1
        ) standing ON true
        -- The review, by the name that the room above gives it.
        LEFT JOIN reviews_submission review ON review.id = standing.submission AND review.state = 'in_review'
        LEFT JOIN LATERAL ({MODE.format(use_case="asked.id")}) mode ON true
        LEFT JOIN meant ON meant.id = coalesce(standing.version_id, approval.version_id)
    """  # noqa: S608 (names of our columns)


def _read(row: Iterator[Any]) -> Stored:
    asked_at, known, is_open, standing_md5, stale_from, submission, judged = islice(row, 7)
    approval = _row(Approval, row)
    standing = _row(ReviewStanding, row)
    mode = _row(GateMode, row)
    of_version, of_entry = list(islice(row, len(OF_VERSION))), list(islice(row, len(OF_ENTRY)))
    if of_version[0] is not None:
        version = Version.from_db("default", OF_VERSION, of_version)
        version.entry = Entry.from_db("default", OF_ENTRY, of_entry)
        for one in (approval, standing):
            if one is not None and one.version_id == version.pk:
                one.version = version
    return Stored(
        asked_at=asked_at,
        known=known,
        approval=approval,
        open=bool(is_open),
        judged=_from_json(judged) or {},
        submission=submission,
        standing=standing,
        standing_md5=standing_md5,
        stale_from=stale_from,
        mode=mode,
    )


def _row(model: type[Row], row: Iterator[Any]) -> Row | None:
    fields = model._meta.concrete_fields
    values = list(islice(row, len(fields)))
    if values[0] is None:
        return None
    read = [
        _from_json(value) if isinstance(field, models.JSONField) else value
        for field, value in zip(fields, values, strict=True)
    ]
    return model.from_db("default", [str(field.attname) for field in fields], read)


def _from_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
