"""A submission before it is one: prepared by the submitters of its team, seen by nobody else, judged by nothing.

``services.submit_draft`` makes it a submission.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from audits.locks import hold_subject
from governance.catalog.models import Stage, UseCase, Version
from governance.ledger.refusals import remembered
from governance.people.models import Role, User
from governance.reviews import evaluation
from governance.reviews.errors import NotAcceptable, ReviewRefused
from governance.reviews.models import LONGEST_NOTE, Submission, SubmissionState
from governance.reviews.rules import changed, locked, record, require, require_edition, require_state

CHANGEABLE = ("use_case", "stage", "note")


@remembered("submission.draft")
@transaction.atomic
def save(*, version: Version, use_case: UseCase, stage: str, note: str = "", by: User, at: dt.datetime) -> Submission:
    """Keep what is to be submitted later. Nobody is told, no audit starts, and the gate knows nothing of it.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        NotAcceptable: the note is too long.
        ReviewRefused: the team has such a draft already.
    """
    require(by, Role.SUBMITTER, use_case, "prepare submissions for")
    hold_subject(version.digest)
    draft = Submission(
        version=version,
        use_case=use_case,
        stage=Stage(stage),
        state=SubmissionState.DRAFT,
        submitted_by=by,
        submitted_at=at,
        note=noted(note),
        prepared_by=[by.pk],
    )
    _keep(draft)
    record(draft, verb="submission.drafted", by=by, at=at)
    return draft


@remembered("submission.draft_change")
@transaction.atomic
def change(
    *, submission_id: int, changes: Mapping[str, Any], edition: int | None = None, by: User, at: dt.datetime
) -> Submission:
    """Change a draft: its ``use_case``, ``stage`` or ``note``. What ``changes`` does not name stays as it is.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team, or in that of another use case.
        NotAcceptable: the note is too long.
        ReviewRefused, Stale: it is no draft any more, has changed, or the team has such a draft already.
    """
    draft = _held(submission_id, edition=edition, by=by)
    if "use_case" in changes:
        require(by, Role.SUBMITTER, changes["use_case"], "prepare submissions for")
        draft.use_case = changes["use_case"]
    if "stage" in changes:
        draft.stage = Stage(changes["stage"])
    if "note" in changes:
        draft.note = noted(changes["note"])
    draft.submitted_at = at
    draft.prepared_by = sorted({*draft.prepared_by, by.pk})
    _keep(draft, fields=[*CHANGEABLE, "submitted_at", "prepared_by"])
    changed(draft)
    record(draft, verb="submission.draft_changed", by=by, at=at, fields=sorted(set(changes) & set(CHANGEABLE)))
    return draft


@remembered("submission.draft_discard")
@transaction.atomic
def discard(*, submission_id: int, edition: int | None = None, by: User, at: dt.datetime) -> None:
    """Throw a draft away. Nothing rests on it; the ledger keeps that it was there.

    Raises:
        NotAllowed, ReviewRefused, Stale: as for ``change``.
    """
    draft = _held(submission_id, edition=edition, by=by)
    record(draft, verb="submission.draft_discarded", by=by, at=at)
    draft.delete()


def preview(draft: Submission, *, at: dt.datetime) -> dict[str, Any]:
    """What would be asked for if a draft were submitted at ``at``, and what is there already. Writes nothing."""
    return evaluation.judge(draft, at=at).as_json()


def noted(note: str) -> str:
    """A note to the reviewers as it is kept.

    Raises:
        NotAcceptable: it is too long.
    """
    said = note.replace("\r\n", "\n").strip()
    if len(said) > LONGEST_NOTE:
        raise NotAcceptable("note_too_long", f"the note has at most {LONGEST_NOTE:,} characters; attach what is longer")
    return said


def _held(submission_id: int, *, edition: int | None, by: User) -> Submission:
    try:
        draft = locked(submission_id)
    except Submission.DoesNotExist as discarded:
        raise ReviewRefused("discarded", "somebody has discarded this draft meanwhile") from discarded
    require(by, Role.SUBMITTER, draft.use_case, "prepare submissions for")
    require_state(draft, SubmissionState.DRAFT)
    require_edition(draft, edition)
    return draft


def _keep(draft: Submission, *, fields: list[str] | None = None) -> None:
    same = {"version": draft.version, "use_case": draft.use_case, "stage": draft.stage}
    try:
        with transaction.atomic():
            draft.save(update_fields=fields)
    except IntegrityError as twice:
        there = Submission.objects.filter(**same, state=SubmissionState.DRAFT).exclude(pk=draft.pk).first()
        number = f" {there.pk}" if there else ""
        raise ReviewRefused("already_drafted", f"your team prepares this already: draft{number}") from twice
