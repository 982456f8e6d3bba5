"""Bringing evidence: uploads, what they are attached to, and the audits that read them."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.db import transaction

from audits import blobs
from audits import services as audits
from audits.kinds.base import InputsRejected
from audits.measures.naming import listed
from audits.models import OPEN_STATES, Run, RunState
from governance.catalog.models import UseCase, Version
from governance.evidence import columns, queries
from governance.evidence.at_hand import Asked
from governance.evidence.baselines import BASELINE, baseline_of
from governance.evidence.inputs import Lacking, columns_wanted, wanted
from governance.evidence.models import Attachment, PilotReport, Upload
from governance.ledger import services as ledger
from governance.people.models import User


class EvidenceRefused(Exception):
    """The evidence cannot be taken; ``code`` for programs, the message says how to mend it.

    ``params`` are what a page says it with, see ``wording.refusals``.
    """

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


class NotAnAsker(EvidenceRefused):
    """The person may see the audits and not have them run or cancelled."""


def upload(*, stream: IO[bytes], filename: str, media_type: str, by: User, at: dt.datetime) -> Upload:
    """Keep a file that somebody sends. The same bytes twice are one blob and two uploads.

    Raises:
        EvidenceRefused: it is empty, or larger than ASSAY_MAX_UPLOAD_MB.
    """
    try:
        blob = blobs.store(stream=stream, media_type=media_type, max_bytes=settings.MAX_UPLOAD_BYTES, at=at)
    except blobs.TooLarge as large:
        limit = large.limit // 1_000_000
        said = f"the file is larger than {limit} MB; send a smaller one"
        raise EvidenceRefused("upload_too_large", said, limit=limit) from large
    if blob.bytes == 0:
        raise EvidenceRefused("upload_empty", "the file is empty; send one with content")
    return Upload.objects.create(blob=blob, filename=_plain(filename), uploaded_by=by, uploaded_at=at)


def _plain(filename: str) -> str:
    """A file's own name without folders, control or direction characters."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    return shown.strip(" .")[:255] or "upload"


@transaction.atomic
def attach(*, version: Version, use_case: UseCase, role: str, upload: Upload, by: User, at: dt.datetime) -> Attachment:
    """Put an upload forward as evidence for a version in a use case.

    Raises:
        EvidenceRefused: a table lacks a column that its audit reads, as far as its beginning tells.
    """
    if role in (Attachment.Role.PREDICTIONS, Attachment.Role.TEXTS, Attachment.Role.SUITE, Attachment.Role.STRESS):
        _require_columns(upload, use_case, role=role)
    attachment = Attachment.objects.create(
        version=version, use_case=use_case, role=role, upload=upload, attached_by=by, attached_at=at
    )
    ledger.record(
        verb="evidence.attached",
        object_kind="attachment",
        object_ref=str(attachment.pk),
        subject_digest=version.digest,
        actor=by,
        at=at,
        detail={"role": role, "sha256": upload.blob.sha256, "use_case": use_case.slug},
    )
    return attachment


def _require_columns(upload: Upload, use_case: UseCase, *, role: str) -> None:
    wanted_ones = columns_wanted(use_case, role=role)
    if not wanted_ones:
        return
    try:
        with blobs.beginning(upload.blob.sha256) as file:
            there = columns.names_in(file, wanted=wanted_ones)
    except InputsRejected as gone:
        raise EvidenceRefused(gone.code, str(gone)) from gone
    missing = [] if there is None else [name for name in wanted_ones if name not in there]
    if missing and there is not None:
        word = "column" if len(missing) == 1 else "columns"
        raise EvidenceRefused(
            "column_missing",
            f"the table has no {word} {listed(missing)}, which the audit plan names; it has {listed(there)}. Rename"
            " its columns, or have a risk officer change the plan",
            missing=missing,
            there=there,
        )


@dataclass(frozen=True)
class Wish:
    """The audits that are needed of a version in a use case; ``kinds`` maps each to the oldest age in days."""

    version: Version
    use_case: UseCase
    kinds: Mapping[str, int | None]


def gather(
    *,
    version: Version,
    use_case: UseCase,
    kinds: Mapping[str, int | None],
    by: User | None,
    at: dt.datetime,
    again: bool = False,
) -> list[Run]:
    """Ask for every audit that is needed of a version in a use case, as ``gather_all``."""
    return gather_all([Wish(version, use_case, kinds)], by=by, at=at, again=again)


@transaction.atomic
def gather_all(wishes: Sequence[Wish], *, by: User | None, at: dt.datetime, again: bool = False) -> list[Run]:
    """Ask for every audit that is needed and has no current run.

    What failed before is tried again only when ``again`` says so: a person or a pipeline asked.

    Returns:
        The runs that were asked for now.
    """
    asked = []
    found = queries.standings_of([Asked(one.version, one.use_case, frozenset(one.kinds)) for one in wishes])
    for wish, standing in ((wish, standing) for wish, each in zip(wishes, found, strict=True) for standing in each):
        limit = wish.kinds[standing.kind]
        if standing.lacking or (standing.run is not None and not _due(standing.run, limit, at=at, again=again)):
            continue
        run = request(
            kind=standing.kind, version=wish.version, use_case=wish.use_case, renews=standing.run, by=by, at=at
        )
        if run.state in OPEN_STATES:
            asked.append(run)
    return asked


def _due(run: Run, limit: int | None, *, at: dt.datetime, again: bool) -> bool:
    if run.state in OPEN_STATES:
        return False
    if run.state != RunState.SUCCEEDED:
        return again
    return limit is not None and run.finished_at is not None and at - run.finished_at >= dt.timedelta(days=limit)


def ask(*, kind: str, version: Version, use_case: UseCase, by: User, at: dt.datetime) -> Run:
    """Have one audit run because a person or pipeline wants it.

    Raises:
        NotAnAsker: they only read in the use case's team.
        EvidenceRefused, audits.RunRefused: as ``request``.
    """
    if not queries.may_ask(by, use_case=use_case):
        raise NotAnAsker("not_an_asker", f"you only read in {use_case}; who submits, reviews or approves starts audits")
    return request(kind=kind, version=version, use_case=use_case, by=by, at=at)


def cancel(*, run_id: int, by: User) -> Run:
    """Cancel a run.

    Raises:
        NotAnAsker: others asked for it, or wait for it.
        audits.RunRefused: it has ended.
    """
    if not queries.may_cancel(by, run=Run.objects.get(pk=run_id)):
        raise NotAnAsker("not_an_asker", "you did not ask for this run; who did, or an admin, can cancel it")
    return audits.cancel(run_id=run_id)


def request(
    *, kind: str, version: Version, use_case: UseCase, renews: Run | None = None, by: User | None, at: dt.datetime
) -> Run:
    """Ask for one audit of a version in a use case, on the inputs of today.

    Raises:
        EvidenceRefused: something that the audit reads is not there yet.
        audits.RunRefused: there is no such audit.
    """
    want = wanted(kind=kind, version=version, use_case=use_case)
    if isinstance(want, Lacking):
        raise EvidenceRefused(want.code, _HOW[want.code])
    inputs = dict(want.inputs) if want.inputs is not None else _card_inputs(version, at=at)
    if want.inputs is not None and "card_sha256" in inputs:
        _keep_card(version, at=at)
    if kind == "bias" and (baseline := baseline_of(version=version, use_case=use_case, at=at)) is not None:
        inputs[BASELINE] = baseline
    if renews is not None and renews.state == RunState.SUCCEEDED:
        inputs[queries.RENEWS] = renews.pk
    return audits.request_run(
        kind=kind,
        subject_name=version.entry.repo_id,
        subject_digest=version.digest,
        inputs=inputs,
        use_case="" if want.inputs is None else use_case.slug,
        origin=want.origin,
        requested_by=by,
        at=at,
    )


_HOW = {
    "audit_plan_missing": "the use case has no audit plan for it; its risk owner writes one on the use case's page",
    "predictions_missing": "no table of predictions for it is attached; upload one and attach it to the submission",
    "features_missing": "the audit plan names no features to learn from; its risk owner adds them (features)",
    "metrics_missing": "the audit plan names no metrics of the operator's; its risk owner adds them (metrics)",
    "data_missing": "no table of data is attached; upload one and attach it to the submission in the role data",
    "reference_missing": "there is nothing to compare the data with; upload the table that was looked at before and"
    " attach it to the submission in the role reference",
    "files_missing": "no files of the version are at hand; upload them, or an archive of them, and attach them to the"
    " submission in the role files",
    "stress_inputs_missing": "no table of inputs to stress the model with is attached; upload one and attach it to the"
    " submission in the role stress",
    "model_missing": "no file of the version that can be run is at hand; upload the model (onnx or skops) and attach it"
    " to the submission in the role files",
    "model_not_of_version": "the model that is attached is none of the version's files by its digest; upload the file"
    " that belongs to this version",
    "kind_without_inputs": "this audit is not run on versions in a use case",
}


def _card_inputs(version: Version, *, at: dt.datetime) -> dict[str, object]:
    return {
        "card_sha256": _keep_card(version, at=at),
        "card_kind": version.entry.kind,
        "files": list(version.files.order_by("path").values_list("path", flat=True)[:5000]),
    }


def _keep_card(version: Version, *, at: dt.datetime) -> str:
    """Store the version's card where workers read, and give its digest."""
    raw = bytes(version.card.raw) if version.card is not None else b""
    return blobs.store_bytes(raw, media_type="text/markdown", at=at).sha256


def contributors(*, version: Version, use_case: UseCase) -> set[int]:
    """The people who made the evidence: who imported the version, attached to it, uploaded for it or signed its pilot.

    Two queries.
    """
    rows = Attachment.objects.filter(version=version, use_case=use_case).values_list(
        "attached_by_id", "upload__uploaded_by_id"
    )
    signers = PilotReport.objects.filter(version=version, use_case=use_case).values_list("signed_by_id", flat=True)
    people = {person for row in rows for person in row} | set(signers)
    return people | ({version.imported_by_id} if version.imported_by_id is not None else set())


def contributors_of(versions: Iterable[int]) -> dict[tuple[int, int], set[int]]:
    """Who attached or uploaded evidence, by version and use case. Two queries for many versions."""
    numbers = list(versions)
    rows = Attachment.objects.filter(version__in=numbers).values_list(
        "version_id", "use_case_id", "attached_by_id", "upload__uploaded_by_id"
    )
    people: dict[tuple[int, int], set[int]] = {}
    for version, use_case, *persons in rows:
        people.setdefault((version, use_case), set()).update(persons)
    signed = PilotReport.objects.filter(version__in=numbers)
    for version, use_case, person in signed.values_list("version_id", "use_case_id", "signed_by_id"):
        people.setdefault((version, use_case), set()).add(person)
    return people
