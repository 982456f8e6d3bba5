"""Obligations that are met in a use case."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from governance.catalog.models import UseCase, Version
from governance.licensing import changes
from governance.licensing.models import Cause, MetDuty
from governance.licensing.rules import (
    LicensingRefused,
    NotAcceptable,
    NotAllowed,
    require_reason,
    require_seen,
    reviews_law,
)
from governance.licensing.services.said import MOST_TEXT, end, held, record
from governance.people.models import Role, User
from governance.people.queries import standing_now
from licenses.findings import MESSAGES


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
    made = held(MetDuty, met_duty_id)
    require_seen(by, entry=made.version.entry, use_case=made.use_case)
    _require_attester(by, made.use_case)
    end(made, by=by, reason=require_reason(reason), at=at)
    _after_duty(made, verb="obligation.attestation_ended", by=by, at=at)
    return made


def _require_attester(user: User, use_case: UseCase) -> None:
    team = use_case.owner_team_id
    if not (standing_now(user).has(Role.SUBMITTER, team_id=team) or reviews_law(user, team_id=team)):
        raise NotAllowed("not_an_attester", f"submitters and legal reviewers attest for {use_case}; you are neither")


def _after_duty(made: MetDuty, *, verb: str, by: User, at: dt.datetime) -> None:
    detail = {"code": made.code, "use_case": made.use_case.slug}
    record(verb, kind="met_duty", ref=str(made.pk), by=by, at=at, digest=made.version.digest, detail=detail)
    entry_id = made.version.entry_id
    ended = made.ended_at is not None
    changes.note(
        cause=Cause.DUTY, alone=[entry_id], closes_of=[entry_id] if ended else [], ref=f"duty {made.pk}", at=at
    )
