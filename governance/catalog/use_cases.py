"""Keeping use cases and their audit plans: what decides how strictly a model is judged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import rfc8785
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from governance.catalog.models import AuditPlan, Tier, UseCase
from governance.catalog.signals import use_case_changed
from governance.ledger import services as ledger
from governance.ledger.refusals import Refused, remembered
from governance.people.models import Role, Team, User
from governance.people.queries import standing_now
from licenses import cases

# Whoever submits must not lower the bar: tier, licence profile and audit plan are kept by these.
KEEPERS = (Role.RISK_OFFICER, Role.ADMIN)
EDITABLE = ("name", "purpose", "people_affected", "owner_team", "tier", "licence_profile", "employment_decision_tool")
PLAN_PARTS = ("bias", "ll144", "counterfactual", "suite", "data", "drift", "stress")
MAX_PLAN_BYTES = 64 * 1024


class UseCaseRefused(Refused):
    """The use case or plan cannot be kept like this; ``field`` says where, the message how to mend it."""

    status = 422

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(code, message)
        self.field = field


class NotAKeeper(UseCaseRefused):
    """The person is neither risk officer nor administrator of the team."""

    status = 403


class StaleUseCase(UseCaseRefused):
    """Somebody has changed it meanwhile."""

    status = 412


def may_keep(user: User, team: Team) -> bool:
    """Whether a person may make and change the use cases of a team, by the roles of this instant."""
    standing = standing_now(user)
    return any(standing.has(role, team_id=team.pk) for role in KEEPERS)


@transaction.atomic
def create_use_case(
    *,
    slug: str,
    name: str,
    purpose: str,
    owner_team: Team,
    tier: str,
    licence_profile: Mapping[str, Any] | None = None,
    people_affected: str = "",
    employment_decision_tool: bool = False,
    by: User,
    at: dt.datetime,
) -> UseCase:
    """Make a use case.

    Raises:
        NotAKeeper: not a risk officer or administrator of the owner team.
        UseCaseRefused: a value is missing or malformed, or the slug is taken.
    """
    require_keeper(by, owner_team)
    use_case = UseCase(
        slug=slug,
        name=name.strip(),
        purpose=purpose.strip(),
        people_affected=people_affected.strip(),
        owner_team=owner_team,
        tier=tier,
        licence_profile=licence_profile_of(licence_profile or {}),
        employment_decision_tool=employment_decision_tool,
        created_at=at,
        created_by=by,
    )
    _check(use_case)
    try:
        with transaction.atomic():
            use_case.save()
    except IntegrityError as taken:
        raise UseCaseRefused(
            "slug_taken", f"there is a use case {slug!r} already; choose another", field="slug"
        ) from taken
    _record(use_case, verb="use_case.created", by=by, at=at, detail=_facts(use_case))
    return use_case


@remembered("use_case.change")
@transaction.atomic
def change_use_case(
    *, use_case_id: int, changes: Mapping[str, Any], edition: int, by: User, at: dt.datetime
) -> UseCase:
    """Change a use case; equal values change nothing.

    Args:
        changes: new values of some of ``EDITABLE``.
        edition: of the use case as the person has seen it.

    Raises:
        NotAKeeper: not a risk officer or administrator of the owner team, or of the team that is to become it.
        StaleUseCase: it is at another edition.
        UseCaseRefused: a value is malformed, or the tier would be lowered, which takes a second person.
    """
    use_case = held(use_case_id)
    require_keeper(by, use_case.owner_team)
    if use_case.edition != edition:
        raise StaleUseCase("stale", "the use case has changed since you read it; read it again")
    changed, before = [], use_case.tier
    for name in EDITABLE:
        if name not in changes:
            continue
        value = changes[name]
        if name == "owner_team":
            require_keeper(by, value)
        elif name == "licence_profile":
            value = licence_profile_of(value)
        elif isinstance(value, str):
            value = value.strip()
        if getattr(use_case, name) != value:
            setattr(use_case, name, value)
            changed.append(name)
    if not changed:
        return use_case
    _check(use_case)
    if "tier" in changed and Tier(use_case.tier).is_below(before):
        raise UseCaseRefused(
            "tier_lowered",
            "a lower tier asks for less, so a second person has to agree; propose it on the page of the use case",
            field="tier",
        )
    use_case.edition += 1
    use_case.save(update_fields=[*changed, "edition"])
    _record(use_case, verb="use_case.changed", by=by, at=at, detail={"changed": changed, **_facts(use_case)})
    use_case_changed.send(sender=UseCase, use_case=use_case, at=at)
    return use_case


def licence_profile_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The use that licences are judged for, as it is stored: keys that say nothing are left out.

    Keys: ``purpose`` (research, commercial), ``mode`` (internal, saas, redistribute_weights, redistribute_data,
    redistribute_outputs, redistribute_code, sublicense), ``territory`` and ``domicile`` (country codes or WORLD),
    ``mau`` and ``mau_at_release`` (monthly active users), ``revenue_usd_year``, ``field``, ``strictness``
    (legalistic, conservative, strict), ``actor``, ``source_offered``. Null is "not given" and clears no limit.

    Raises:
        UseCaseRefused: a key is unknown, or a value outside its vocabulary.
    """
    if not isinstance(given, Mapping):
        raise UseCaseRefused("licence_profile", "the licence profile is an object of keys and values", field=_PROFILE)
    known = [one.name for one in dataclasses.fields(cases.Profile)]
    if unknown := sorted(str(key) for key in given if key not in known):
        raise UseCaseRefused(
            "licence_profile", f"unknown key {ascii(unknown[0][:60])}; known: {', '.join(known)}", field=_PROFILE
        )
    said = {key: value for key, value in given.items() if value is not None}
    try:
        cases.profile(said)
        rfc8785.dumps(said)
    except cases.CaseRejected as rejected:
        raise UseCaseRefused("licence_profile", str(rejected), field=_PROFILE) from rejected
    except rfc8785.CanonicalizationError as bad:
        raise UseCaseRefused("licence_profile", f"a number cannot be kept exactly: {bad}", field=_PROFILE) from bad
    return said


_PROFILE = "licence_profile"


# --- audit plans -------------------------------------------------------------------------------------------------


def current_plan(use_case: UseCase) -> AuditPlan | None:
    """The plan that audits follow now. One query."""
    return AuditPlan.objects.filter(use_case=use_case).select_related("created_by").order_by("-number").first()


@remembered("audit_plan.put")
@transaction.atomic
def put_audit_plan(
    *, use_case_id: int, document: Mapping[str, Any], seen: int | None = None, by: User, at: dt.datetime
) -> tuple[AuditPlan, bool]:
    """Lay down what the audits of a use case look at. Evidence on an older plan is then stale.

    The same document again changes nothing: it has the same digest (SHA-256 of its RFC 8785 JSON).

    Args:
        seen: the number of the plan as the person has seen it, where they say.

    Returns:
        The plan in force, and whether it is new.

    Raises:
        NotAKeeper: submitters cannot; risk officers and administrators of the owner team can.
        StaleUseCase: there is another plan by now.
        UseCaseRefused: an audit could not follow the plan; the message says which key is wrong.
    """
    use_case = held(use_case_id)
    require_keeper(by, use_case.owner_team)
    now = current_plan(use_case)
    if seen is not None and seen != (now.number if now is not None else 0):
        raise StaleUseCase("stale", "the audit plan has changed since you read it; read it again")
    sha256 = plan_digest(document)
    if now is not None and now.sha256 == sha256:
        return now, False
    plan = AuditPlan.objects.create(
        use_case=use_case,
        number=now.number + 1 if now is not None else 1,
        document=dict(document),
        sha256=sha256,
        created_at=at,
        created_by=by,
    )
    _record(use_case, verb="audit_plan.laid_down", by=by, at=at, detail={"number": plan.number, "sha256": sha256})
    use_case_changed.send(sender=UseCase, use_case=use_case, at=at)
    return plan, True


def plan_digest(document: Mapping[str, Any]) -> str:
    """The digest of a plan that audits can follow.

    Raises:
        UseCaseRefused: they cannot.
    """
    if not isinstance(document, Mapping) or not document:
        raise UseCaseRefused("audit_plan", f"an audit plan is an object with {' or '.join(PLAN_PARTS)}")
    if unknown := sorted(str(key) for key in document if key not in PLAN_PARTS):
        raise UseCaseRefused(
            "audit_plan", f"an audit plan has no part {ascii(unknown[0][:60])}; its parts are {', '.join(PLAN_PARTS)}"
        )
    for part, content in document.items():
        if not isinstance(content, Mapping):
            raise UseCaseRefused("audit_plan", f"{part} is an object of keys and values", field=part)
    _read_by_audits(document)
    try:
        canonical = rfc8785.dumps(dict(document))
    except rfc8785.CanonicalizationError as bad:
        raise UseCaseRefused("audit_plan", f"the plan holds a number that JSON cannot keep exactly: {bad}") from bad
    if len(canonical) > MAX_PLAN_BYTES:
        raise UseCaseRefused("audit_plan", f"the plan is larger than {MAX_PLAN_BYTES} bytes; shorten its lists")
    return hashlib.sha256(canonical).hexdigest()


def _read_by_audits(document: Mapping[str, Any]) -> None:
    """Read a plan by what carries it out, so that nothing is promised that no audit keeps."""
    from audits.measures.counterfactual.plan import counterfactual_plan_from
    from audits.measures.data.plan import data_plan_from
    from audits.measures.drift.plan import drift_plan_from
    from audits.measures.ll144.plan import ll144_plan_from
    from audits.measures.plan import PlanRejected, plan_from
    from audits.measures.stress.plan import stress_plan_from
    from audits.measures.suites.plan import suite_plan_from

    readers: dict[str, Callable[[Mapping[str, Any]], object]] = {
        "bias": plan_from,
        "ll144": ll144_plan_from,
        "counterfactual": counterfactual_plan_from,
        "suite": suite_plan_from,
        "data": data_plan_from,
        "drift": drift_plan_from,
        "stress": stress_plan_from,
    }
    for part, read in readers.items():
        if part not in document:
            continue
        try:
            read(document[part])
        except PlanRejected as rejected:
            raise UseCaseRefused(rejected.code, str(rejected), field=part) from rejected
    _holds_no_secret(str(document.get("stress", {}).get("model") or ""))


def _holds_no_secret(model: str) -> None:
    """A plan is stored for good and shown to all who see the use case: no address in it holds a password."""
    from audits.adapters.endpoints import guard
    from audits.adapters.refusals import ModelRefused

    kind, colon, address = model.partition(":")
    if not colon or kind != "http":
        return
    try:
        guard.require_no_secret(address.partition("#")[0])
    except ModelRefused as refused:
        raise UseCaseRefused(refused.code, str(refused), field="stress") from refused


# --- shared --------------------------------------------------------------------------------------------------------


def held(use_case_id: int) -> UseCase:
    """The use case, held until the transaction ends; rows that refer to it may be added meanwhile."""
    rows = UseCase.objects.select_for_update(of=("self",), no_key=True).select_related("owner_team")
    return rows.get(pk=use_case_id)


def require_keeper(by: User, team: Team) -> None:
    if not may_keep(by, team):
        raise NotAKeeper(
            "not_a_keeper",
            f"use cases and audit plans of {team.slug} are kept by its risk officers and administrators; ask one of"
            " them",
        )


def _check(use_case: UseCase) -> None:
    try:
        use_case.clean_fields(exclude=["created_by", "owner_team", "licence_profile"])
    except ValidationError as wrong:
        field, messages = next(iter(wrong.message_dict.items()))
        raise UseCaseRefused("invalid", f"{field}: {messages[0]}", field=field) from wrong


def _facts(use_case: UseCase) -> dict[str, Any]:
    profile = hashlib.sha256(rfc8785.dumps(use_case.licence_profile)).hexdigest()
    return {
        "slug": use_case.slug,
        "edition": use_case.edition,
        "tier": use_case.tier,
        "licence_profile": profile,
        "employment_decision_tool": use_case.employment_decision_tool,
    }


def _record(use_case: UseCase, *, verb: str, by: User, at: dt.datetime, detail: Mapping[str, Any]) -> None:
    ledger.record(verb=verb, object_kind="use_case", object_ref=str(use_case.pk), actor=by, at=at, detail={**detail})
