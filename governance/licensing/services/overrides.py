"""Findings of the licence audit that do not stand in the way of an entry, until a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from audits.kinds import license as licence_audit
from audits.models import Finding
from governance.catalog.models import UseCase, Version
from governance.licensing import changes
from governance.licensing.models import LONGEST_OVERRIDE, Cause, Override
from governance.licensing.rules import (
    NotAcceptable,
    legal_people,
    require_four_eyes,
    require_later,
    require_legal,
    require_reason,
    require_seen,
)
from governance.licensing.services.said import MOST_TEXT, end, held, record, tell
from governance.people.models import Membership, Role, User
from licenses.findings import MESSAGES


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
    made = held(Override, override_id)
    require_seen(by, entry=made.entry, use_case=made.use_case)
    require_legal(by, team_id=made.use_case.owner_team_id if made.use_case is not None else None)
    end(made, by=by, reason=require_reason(reason), at=at)
    _after_override(made, "", verb="licence.override_ended", by=by, at=at)
    return made


def _after_override(made: Override, digest: str, *, verb: str, by: User, at: dt.datetime) -> None:
    slug = made.use_case.slug if made.use_case is not None else ""
    detail = {"code": made.code, "chain": made.chain, "use_case": slug, "until": made.until.isoformat()}
    record(verb, kind="override", ref=str(made.pk), by=by, at=at, digest=digest, detail=detail)
    to = _deciders(made.use_case) if made.use_case is not None else legal_people()
    tell(verb, subject=made.entry.repo_id, to=to, by=by, at=at, code=made.code)
    changes.note(
        cause=Cause.OVERRIDE,
        alone=[made.entry_id],
        closes_of=[made.entry_id] if made.ended_at is not None else [],
        ref=f"override {made.pk}",
        at=at,
    )


def _deciders(use_case: UseCase) -> list[User]:
    """Approvers for the use case's team."""
    held = Membership.objects.filter(role=Role.APPROVER, user__is_active=True)
    both = held.filter(team=use_case.owner_team_id) | held.filter(team=None)
    return list(User.objects.filter(memberships__in=both).distinct().order_by("pk"))
