"""What people say about licences. Each is one transaction: check, write, record, tell, have judged again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from audits.kinds import license as licence_audit
from audits.models import Finding
from governance.catalog.models import UseCase, Version
from governance.ledger import services as ledger
from governance.licensing import changes, declared, table
from governance.licensing.models import (
    LONGEST_OVERRIDE,
    Annotation,
    Cause,
    Correction,
    MetDuty,
    Override,
    Said,
    TextReview,
)
from governance.licensing.rules import (
    LicensingRefused,
    NotAcceptable,
    NotAllowed,
    legal_people,
    require_four_eyes,
    require_keeper,
    require_later,
    require_legal,
    require_reason,
    require_seen,
    reviews_law,
)
from governance.notifications import services as notifications
from governance.people.models import Membership, Role, User
from governance.people.queries import standing_now
from licenses import catalogue
from licenses.findings import MESSAGES

__all__ = [
    "LicensingRefused",
    "NotAcceptable",
    "NotAllowed",
    "annotate",
    "attest",
    "correct",
    "end_annotation",
    "end_attested",
    "end_correction",
    "end_override",
    "end_text_review",
    "override",
    "review_text",
]

MOST_TEXT = 5000
_SaidT = TypeVar("_SaidT", bound=Said)


# --- the table -----------------------------------------------------------------------------------------------------


@transaction.atomic
def correct(
    *, licence: str, column: str, value: str, source_ref: str, reason: str, by: User, at: dt.datetime
) -> Correction:
    """Lay a value over a cell of the licence table, for the whole organisation; a correction that stands there ends.

    Every work under the licence, and all that was made from it, is judged again.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        NotAcceptable: no such licence or column, a value that the column cannot hold, no section or reason.
        LicensingRefused: somebody else corrects the same cell at this moment.
    """
    require_keeper(by)
    row = _row(licence)
    source_ref = source_ref.replace("\0", "").strip()
    if not source_ref:
        raise NotAcceptable("source_ref_required", "name the section of the text that says so", field="source_ref")
    if len(source_ref) > 500 or len(value) > 500:
        raise NotAcceptable("too_long", "a value and its section have at most 500 characters each", field="value")
    reason = require_reason(reason)
    earlier = Correction.objects.select_for_update().filter(licence=row.id, column=column, ended_at=None)
    for one in earlier:
        _end(one, by=by, reason="replaced by a later correction", at=at)
    others = [one for one in table.overlay() if (one["licence"], one["column"]) != (row.id, column)]
    table.corrected([*others, {"licence": row.id, "column": column, "value": value, "source_ref": source_ref}])
    try:
        with transaction.atomic():
            made = Correction.objects.create(
                licence=row.id,
                column=column,
                value=value,
                source_ref=source_ref,
                reason=reason[:MOST_TEXT],
                author=by,
                made_at=at,
            )
    except IntegrityError as twice:
        raise LicensingRefused("corrected_meanwhile", "somebody corrects this cell too; read it again") from twice
    _after_correction(made, verb="licence.corrected", by=by, at=at)
    return made


@transaction.atomic
def end_correction(*, correction_id: int, reason: str, by: User, at: dt.datetime) -> Correction:
    """Take a correction back: the shipped value holds again.

    Raises:
        NotAllowed, NotAcceptable: as ``correct``.
        LicensingRefused: it has ended already, or the table is not whole without it.
    """
    require_keeper(by)
    reason = require_reason(reason)
    made = _open(Correction, correction_id)
    _end(made, by=by, reason=reason, at=at)
    table.corrected(table.overlay())
    _after_correction(made, verb="licence.correction_ended", by=by, at=at)
    return made


def _after_correction(made: Correction, *, verb: str, by: User, at: dt.datetime) -> None:
    overlaid = made.as_overlay()
    _record(verb, kind="licence", ref=made.licence, by=by, at=at, detail={**overlaid, "correction": made.pk})
    _tell(verb, subject=made.licence, to=legal_people(), by=by, at=at, column=made.column)
    declaring = declared.entries_declaring(made.licence)
    changes.note(
        cause=Cause.CORRECTION,
        entries=declaring,
        closes_below=declaring,
        closes_of=declaring,
        ref=f"{made.licence} {made.column}",
        at=at,
    )


@transaction.atomic
def annotate(*, licence: str, column: str = "", text: str, by: User, at: dt.datetime) -> Annotation:
    """Put a legal note to a clause of a licence, or to the whole of it. It changes no verdict.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        NotAcceptable: no such licence or column, or nothing is said.
    """
    require_keeper(by)
    row = _row(licence)
    if column and column not in catalogue.COLUMNS:
        raise NotAcceptable("unknown_column", f"the licence table has no column {ascii(column[:40])}", field="column")
    said = require_reason(text, field="text")
    if len(said) > MOST_TEXT:
        raise NotAcceptable("too_long", f"a note has at most {MOST_TEXT} characters", field="text")
    made = Annotation.objects.create(licence=row.id, column=column, text=said, author=by, made_at=at)
    detail = {"column": column, "annotation": made.pk}
    _record("licence.annotated", kind="licence", ref=row.id, by=by, at=at, detail=detail)
    return made


@transaction.atomic
def end_annotation(*, annotation_id: int, reason: str = "", by: User, at: dt.datetime) -> Annotation:
    """Take a note back; it stays in the history.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        LicensingRefused: it has ended already.
    """
    require_keeper(by)
    made = _open(Annotation, annotation_id)
    _end(made, by=by, reason=reason.strip(), at=at)
    detail = {"column": made.column, "annotation": made.pk}
    _record("licence.annotation_ended", kind="licence", ref=made.licence, by=by, at=at, detail=detail)
    return made


# --- one entry -----------------------------------------------------------------------------------------------------


@transaction.atomic
def override(
    *,
    version: Version,
    code: str,
    chain: Sequence[str],
    use_case: UseCase | None = None,
    reason: str,
    until: dt.datetime,
    by: User,
    at: dt.datetime,
) -> Override:
    """Say that a finding on an entry does not stand in the way, until a date.

    Args:
        chain: as the finding tells it, from the upstream to the artefact.
        use_case: where it holds; without one everywhere, which takes a legal reviewer of the whole organisation.

    Raises:
        NotAllowed: not a legal reviewer there, or somebody who submitted the entry or brought its evidence.
        NotAcceptable: no audit found this on the version, no reason, or an end that is not within a year.
    """
    entry = version.entry
    require_seen(by, entry=entry, use_case=use_case)
    require_legal(by, team_id=use_case.owner_team_id if use_case is not None else None)
    require_four_eyes(by, entry=entry)
    reason = require_reason(reason)
    require_later(until, at=at, longest=LONGEST_OVERRIDE)
    works = list(chain)
    found = Finding.objects.filter(
        run__subject_digest=version.digest, run__kind=licence_audit.KIND, code=code, locus=" <- ".join(works)[:500]
    )
    if code not in MESSAGES or not works or not found.exists():
        raise NotAcceptable(
            "no_such_finding", "no licence audit of this version has found that; take code and chain from a finding"
        )
    made = Override.objects.create(
        entry=entry,
        use_case=use_case,
        code=code,
        chain=works,
        reason=reason[:MOST_TEXT],
        until=until,
        author=by,
        made_at=at,
    )
    _after_override(made, version.digest, verb="licence.overridden", by=by, at=at)
    return made


@transaction.atomic
def end_override(*, override_id: int, reason: str, by: User, at: dt.datetime) -> Override:
    """End an override before its date. What rests on it closes at once.

    Raises:
        NotAllowed: not a legal reviewer there, or the override is not to be seen.
        LicensingRefused: it has ended already.
    """
    made = _open(Override, override_id)
    require_seen(by, entry=made.entry, use_case=made.use_case)
    require_legal(by, team_id=made.use_case.owner_team_id if made.use_case is not None else None)
    _end(made, by=by, reason=require_reason(reason), at=at)
    _after_override(made, "", verb="licence.override_ended", by=by, at=at)
    return made


def _after_override(made: Override, digest: str, *, verb: str, by: User, at: dt.datetime) -> None:
    slug = made.use_case.slug if made.use_case is not None else ""
    detail = {"code": made.code, "chain": made.chain, "use_case": slug, "until": made.until.isoformat()}
    _record(verb, kind="override", ref=str(made.pk), by=by, at=at, digest=digest, detail=detail)
    to = _deciders(made.use_case) if made.use_case is not None else legal_people()
    _tell(verb, subject=made.entry.repo_id, to=to, by=by, at=at, code=made.code)
    changes.note(
        cause=Cause.OVERRIDE,
        alone=[made.entry_id],
        closes_of=[made.entry_id] if made.ended_at is not None else [],
        ref=f"override {made.pk}",
        at=at,
    )


@transaction.atomic
def review_text(
    *, version: Version, path: str, sha256: str = "", note: str = "", by: User, at: dt.datetime
) -> TextReview:
    """Say that one has read the licence text that a version brings along, for a licence that the table does not name.

    Args:
        path: a licence file of the version.
        sha256: of the text that was read; needed where the file's own is not known, and compared where it is.

    Raises:
        NotAllowed: not a legal reviewer for the entry's team, or somebody who submitted it or brought its evidence.
        NotAcceptable: no such licence file, or its bytes are not those that were read.
    """
    entry = version.entry
    require_seen(by, entry=entry)
    require_legal(by, team_id=entry.team_id)
    require_four_eyes(by, entry=entry)
    file = version.files.filter(role="licence", path=path).first()
    if file is None:
        raise NotAcceptable("no_such_text", "this version has no licence file of that name", field="path")
    sha256 = sha256.strip().lower() or file.sha256 or ""
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise NotAcceptable(
            "sha256_required", "the file’s SHA-256 is not known here; give that of the text you read", field="sha256"
        )
    if file.sha256 is not None and file.sha256 != sha256:
        raise NotAcceptable("other_text", "the file of this version has another SHA-256; read that one", field="sha256")
    made = TextReview.objects.create(
        entry=entry,
        path=path,
        sha256=sha256,
        git_oid=file.git_oid or "",
        note=note.replace("\0", "").strip()[:MOST_TEXT],
        author=by,
        made_at=at,
    )
    detail = {"path": path, "sha256": sha256}
    _record(
        "licence.text_read", kind="text_review", ref=str(made.pk), by=by, at=at, digest=version.digest, detail=detail
    )
    changes.note(cause=Cause.TEXT_REVIEW, entries=[entry.pk], ref=f"text review {made.pk}", at=at)
    return made


@transaction.atomic
def end_text_review(*, text_review_id: int, reason: str, by: User, at: dt.datetime) -> TextReview:
    """Take back that a text was read; the licence is unknown again.

    Raises:
        NotAllowed: not a legal reviewer for the entry's team.
        LicensingRefused: it has ended already.
    """
    made = _open(TextReview, text_review_id)
    require_seen(by, entry=made.entry)
    require_legal(by, team_id=made.entry.team_id)
    _end(made, by=by, reason=require_reason(reason), at=at)
    detail = {"sha256": made.sha256}
    _record("licence.text_review_ended", kind="text_review", ref=str(made.pk), by=by, at=at, detail=detail)
    changes.note(
        cause=Cause.TEXT_REVIEW,
        entries=[made.entry_id],
        closes_below=[made.entry_id],
        closes_of=[made.entry_id],
        ref=f"text review {made.pk}",
        at=at,
    )
    return made


@transaction.atomic
def attest(*, version: Version, use_case: UseCase, code: str, note: str, by: User, at: dt.datetime) -> MetDuty:
    """Say that an obligation is met in a use case, and how.

    Raises:
        NotAllowed: neither a submitter nor a legal reviewer for the use case's team.
        NotAcceptable: the code is no obligation, or nothing is said of how it is met.
        LicensingRefused: it is attested already.
    """
    require_seen(by, entry=version.entry, use_case=use_case)
    _require_attester(by, use_case)
    if code not in MESSAGES or not code.startswith("O-"):
        raise NotAcceptable("no_obligation", f"{ascii(code[:40])} is no obligation of the licence engine", field="code")
    note = require_reason(note, field="note")
    try:
        with transaction.atomic():
            made = MetDuty.objects.create(
                version=version, use_case=use_case, code=code, note=note[:MOST_TEXT], author=by, made_at=at
            )
    except IntegrityError as twice:
        raise LicensingRefused("attested_already", "this is attested already; end that first to say it anew") from twice
    _after_duty(made, verb="obligation.attested", by=by, at=at)
    return made


@transaction.atomic
def end_attested(*, met_duty_id: int, reason: str, by: User, at: dt.datetime) -> MetDuty:
    """Take back that an obligation is met.

    Raises:
        NotAllowed: neither a submitter nor a legal reviewer for the use case's team.
        LicensingRefused: it has ended already.
    """
    made = _open(MetDuty, met_duty_id)
    require_seen(by, entry=made.version.entry, use_case=made.use_case)
    _require_attester(by, made.use_case)
    _end(made, by=by, reason=require_reason(reason), at=at)
    _after_duty(made, verb="obligation.attestation_ended", by=by, at=at)
    return made


def _require_attester(user: User, use_case: UseCase) -> None:
    team = use_case.owner_team_id
    if not (standing_now(user).has(Role.SUBMITTER, team_id=team) or reviews_law(user, team_id=team)):
        raise NotAllowed("not_an_attester", f"submitters and legal reviewers attest for {use_case}; you are neither")


def _after_duty(made: MetDuty, *, verb: str, by: User, at: dt.datetime) -> None:
    detail = {"code": made.code, "use_case": made.use_case.slug}
    _record(verb, kind="met_duty", ref=str(made.pk), by=by, at=at, digest=made.version.digest, detail=detail)
    entry_id = made.version.entry_id
    ended = made.ended_at is not None
    changes.note(
        cause=Cause.DUTY, alone=[entry_id], closes_of=[entry_id] if ended else [], ref=f"duty {made.pk}", at=at
    )


# --- what they share -------------------------------------------------------------------------------------------------


def _row(licence: str) -> catalogue.Licence:
    row = catalogue.find(licence) if len(licence) <= 200 else None
    if row is None:
        raise NotAcceptable("unknown_licence", f"the licence table has no {ascii(licence[:60])}", field="licence")
    return row


def _open(model: type[_SaidT], pk: int) -> _SaidT:
    """A statement, held until the transaction ends.

    Raises:
        LicensingRefused: it has ended.
    """
    made: _SaidT = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
    if made.ended_at is not None:
        raise LicensingRefused("ended", f"this has ended already, on {made.ended_at:%Y-%m-%d}")
    return made


def _end(made: Said, *, by: User, reason: str, at: dt.datetime) -> None:
    made.ended_at, made.ended_by, made.ended_reason = at, by, reason[:MOST_TEXT]
    made.save(update_fields=["ended_at", "ended_by", "ended_reason"])


def _record(
    verb: str, *, kind: str, ref: str, by: User, at: dt.datetime, detail: Mapping[str, Any], digest: str = ""
) -> None:
    ledger.record(
        verb=verb, object_kind=kind, object_ref=ref, subject_digest=digest, actor=by, at=at, detail=dict(detail)
    )


def _tell(verb: str, *, subject: str, to: Iterable[User], by: User, at: dt.datetime, **more: str) -> None:
    others = [user for user in to if user.pk != by.pk]
    notifications.enqueue(topic=verb, payload={"subject": subject, **more}, to=others, at=at)


def _deciders(use_case: UseCase) -> list[User]:
    """Approvers for the use case's team."""
    held = Membership.objects.filter(role=Role.APPROVER, user__is_active=True)
    both = held.filter(team=use_case.owner_team_id) | held.filter(team=None)
    return list(User.objects.filter(memberships__in=both).distinct().order_by("pk"))
