"""Trying a version's model: what a person types, shows or plays it, what a worker has it answer, and which trials are
kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from audits import blobs
from audits import services as audits
from audits.adapters.hearing import HearingOdd
from audits.adapters.hearing import told as hearing_told
from audits.kinds.base import InputsRejected
from audits.kinds.models_at_hand import ModelAtHand, at_hand, chosen
from audits.kinds.shown import PICTURE, SOUND, media_type
from audits.kinds.trial import NO_ANSWER, question
from audits.models import OPEN_STATES, Origin, Run, RunState
from governance.catalog.models import UseCase, Version
from governance.evidence import queries, stress_cases
from governance.evidence.inputs import model_bytes
from governance.evidence.models import KeptTrial, StressCase
from governance.evidence.results import read
from governance.evidence.services import EvidenceRefused, NotAnAsker
from governance.ledger import services as ledger
from governance.people.models import User

KIND = "trial"
# A worker does one after another: nobody's trials keep the others waiting for long.
MOST_UNFINISHED = 3


def may_try(user: User, *, use_case: UseCase) -> bool:
    """Whether a person may try models in a use case: who may have audits run, and its reviewers, who look."""
    return queries.may_ask(user, use_case=use_case)


def models_of(version: Version, use_case: UseCase) -> list[ModelAtHand]:
    """The models among the bytes of a version that are at hand. Three queries."""
    return at_hand(model_bytes(version, use_case).as_inputs())


@transaction.atomic
def ask(
    *,
    version: Version,
    use_case: UseCase,
    model: str = "",
    cells: Any = (),
    pictures: Sequence[bytes] = (),
    sounds: Sequence[bytes] = (),
    hearing: Mapping[str, int] | None = None,
    by: User,
    at: dt.datetime,
) -> Run:
    """Have a model asked by a worker. The same question again is the same run, unless there was no answer.

    Args:
        model: which of those at hand, as ``ModelAtHand.reference``; empty for the only one.
        cells: texts, or rows of texts and numbers.
        pictures, sounds: encoded, one of the two instead of cells; the worker's sandbox alone decodes them.
        hearing: of sounds, how the model hears where its files do not say it, see ``audits.adapters.hearing``.

    Raises:
        NotAnAsker: the person only reads in the use case's team.
        EvidenceRefused: no model is at hand, the question is none, or too many of theirs wait already.
    """
    if not may_try(by, use_case=use_case):
        raise NotAnAsker("not_a_trier", f"you only read in {use_case}; its team's submitters and reviewers try models")
    there = model_bytes(version, use_case)
    what, files = (SOUND, sounds) if sounds else (PICTURE, pictures)
    try:
        typed = question(_shown(files, what) if files else _typed(cells))
        heard = hearing_told(hearing or {})
        named = chosen(there.as_inputs(), model)
    except HearingOdd as refused:
        raise EvidenceRefused("hearing_odd", str(refused)) from refused
    except InputsRejected as refused:
        code = there.lacking if refused.code == "model_missing" and not model else refused.code
        raise EvidenceRefused(code, str(refused)) from refused
    # one after another, or several sent at once would each find few
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    waiting = Run.objects.filter(kind=KIND, requested_by=by, state__in=OPEN_STATES).count()
    if waiting >= MOST_UNFINISHED:
        raise EvidenceRefused("too_many_trials", f"{waiting} of your trials wait for an answer; look at these first")
    for file, cell in zip(files, typed, strict=False):
        blobs.store_bytes(file, media_type=cell["media_type"], at=at)
    content = json.dumps(typed, ensure_ascii=False, separators=(",", ":")).encode()
    blob = blobs.store_bytes(content, media_type="application/json", at=at)
    inputs: dict[str, Any] = {
        "files": [{"path": path, "sha256": sha256} for path, sha256 in sorted(named.files.items())],
        "model": named.reference,
        "question_sha256": blob.sha256,
    }
    if files:
        inputs[f"{what}s"] = sorted({cell[what] for cell in typed})
    if sounds and heard:
        inputs["hearing"] = heard
    asked: dict[str, Any] = {
        "kind": KIND,
        "subject_name": version.entry.repo_id,
        "subject_digest": version.digest,
        "use_case": use_case.slug,
        "origin": Origin.DECLARED if there.declared & named.files.keys() else Origin.OBSERVED,
        "requested_by": by,
        "at": at,
    }
    run = audits.request_run(inputs=inputs, **asked)
    while run.verdict == NO_ANSWER or (run.state == RunState.SUCCEEDED and not blobs.is_there(run.result_sha256)):
        run = audits.request_run(inputs={**inputs, queries.RENEWS: run.pk}, **asked)
    return run


def _typed(cells: Any) -> Any:
    """Cells as somebody sent them: a file is sent, and not named by a digest, under which others' files lie too."""
    if isinstance(cells, Sequence) and any(isinstance(cell, Mapping) for cell in cells):
        raise InputsRejected("question_odd", "a row is a text, or a list of texts and finite numbers")
    return cells


def _shown(files: Sequence[bytes], what: str) -> list[dict[str, Any]]:
    """Pictures or sounds as a question names them; each is looked at, and nothing is decoded."""
    return [
        {what: hashlib.sha256(one).hexdigest(), "media_type": media_type(one, what), "bytes": len(one)} for one in files
    ]


@transaction.atomic
def keep(*, run_id: int, note: str = "", by: User, at: dt.datetime) -> KeptTrial:
    """Keep a trial as evidence. Once kept it stays; keeping it again changes nothing.

    Raises:
        NotAnAsker: the person only reads in the use case's team.
        EvidenceRefused: it is no trial, has not come to its end, or was erased since.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.kind != KIND or run.state != RunState.SUCCEEDED:
        raise EvidenceRefused("no_trial", "only a trial that has come to its end can be kept")
    shown = [*(run.inputs.get("pictures") or ()), *(run.inputs.get("sounds") or ())]
    behind = (run.result_sha256, str(run.inputs.get("question_sha256")), *shown)
    if not all(map(blobs.is_there, behind)):
        raise EvidenceRefused("trial_erased", "what was asked and answered was erased since; ask again, then keep it")
    use_case = UseCase.objects.select_related("owner_team").get(slug=run.use_case)
    if not may_try(by, use_case=use_case):
        raise NotAnAsker("not_a_trier", f"you only read in {use_case}; its team's submitters and reviewers keep trials")
    kept = KeptTrial.objects.filter(run=run).first()
    if kept is not None:
        return kept
    kept = KeptTrial.objects.create(
        version=Version.objects.get(digest=run.subject_digest),
        use_case=use_case,
        run=run,
        note=note.replace("\0", "").strip()[:500],
        kept_by=by,
        kept_at=at,
    )
    ledger.record(
        verb="trial.kept",
        object_kind="run",
        object_ref=str(run.pk),
        subject_digest=run.subject_digest,
        actor=by,
        at=at,
        detail={"use_case": use_case.slug, "result_sha256": run.result_sha256},
    )
    return kept


@transaction.atomic
def keep_case(*, run_id: int, row: int, expected: str, by: User, at: dt.datetime) -> StressCase:
    """Make a text or picture of a trial, with its right answer, a permanent test: later stress audits ask it too.

    Raises:
        NotAnAsker: the person only reads in the use case's team.
        EvidenceRefused: it is no trial that has ended, has no such row, or the row is of features or a sound; or as
            ``stress_cases.keep``.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    document = read(run) if run.kind == KIND and run.state == RunState.SUCCEEDED else None
    if document is None:
        raise EvidenceRefused("no_trial", "only a trial that has come to its end can be kept")
    cells = document["question"]
    if not 0 <= row < len(cells):
        raise EvidenceRefused("no_trial", f"the trial has {len(cells)} rows, numbered from 0 on")
    cell = cells[row]
    if not (isinstance(cell, str) or (isinstance(cell, Mapping) and PICTURE in cell)):
        raise EvidenceRefused(
            "case_unfit",
            "a permanent test is a text or a picture; keep a row or a sound as evidence instead",
        )
    return stress_cases.keep(
        entry=Version.objects.select_related("entry").get(digest=run.subject_digest).entry,
        use_case=UseCase.objects.get(slug=run.use_case),
        input={"text": cell} if isinstance(cell, str) else dict(cell),
        expected=expected.strip(),
        note=KIND,
        found_in=run,
        by=by,
        at=at,
    )
