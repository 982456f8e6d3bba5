"""Lowering the risk tier of a use case: one person proposes, another accepts or refuses."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from governance.catalog.models import Tier, TierProposal, UseCase
from governance.catalog.signals import use_case_changed
from governance.catalog.use_cases import UseCaseRefused, held, require_keeper
from governance.ledger import services as ledger
from governance.ledger.refusals import remembered
from governance.people.models import User
from governance.web.sentences import SHORTEST_REASON


@remembered("tier.propose")
@transaction.atomic
def propose(*, use_case_id: int, tier: str, reason: str, by: User, at: dt.datetime) -> TierProposal:
    """Ask for a lower tier.

    Raises:
        NotAKeeper: neither risk officer nor administrator of the owner team.
        UseCaseRefused: it is no lower tier, a reason is missing, or another proposal waits.
    """
    use_case = held(use_case_id)
    require_keeper(by, use_case.owner_team)
    if tier not in Tier.values or not Tier(tier).is_below(use_case.tier):
        raise UseCaseRefused("not_lower", f"the tier is {use_case.tier}; propose one below it", field="tier")
    try:
        with transaction.atomic():
            made = TierProposal.objects.create(
                use_case=use_case,
                tier_before=use_case.tier,
                tier=tier,
                reason=_reason(reason),
                proposed_by=by,
                proposed_at=at,
            )
    except IntegrityError as twice:
        raise UseCaseRefused("already_proposed", "a proposal for this use case waits; it is decided first") from twice
    _record(made, verb="tier.proposed", by=by, at=at)
    return made


@remembered("tier.accept")
@transaction.atomic
def accept(*, proposal_id: int, by: User, at: dt.datetime, reason: str = "") -> TierProposal:
    """Put the lower tier in force. Approvals for the tier of before end, as at every change of it.

    Raises:
        NotAKeeper: neither risk officer nor administrator of the owner team, or the one who proposed it.
        UseCaseRefused: it is decided, or the tier has changed since.
    """
    proposal = _waiting(proposal_id, by)
    if proposal.proposed_by_id == by.pk:
        raise UseCaseRefused("self_accept", "you proposed it; a second risk officer or administrator has to agree")
    use_case = proposal.use_case
    if use_case.tier != proposal.tier_before:
        raise UseCaseRefused("stale", f"the tier is {use_case.tier} by now; refuse this and propose anew")
    _decide(proposal, TierProposal.State.ACCEPTED, by=by, at=at, reason=reason)
    use_case.tier = proposal.tier
    use_case.edition += 1
    use_case.save(update_fields=["tier", "edition"])
    use_case_changed.send(sender=UseCase, use_case=use_case, at=at)
    return proposal


@remembered("tier.refuse")
@transaction.atomic
def refuse(*, proposal_id: int, by: User, at: dt.datetime, reason: str) -> TierProposal:
    """Leave the tier as it is; who proposed it may take it back like this too.

    Raises:
        NotAKeeper, UseCaseRefused: as ``accept``, and where no reason is given.
    """
    proposal = _waiting(proposal_id, by)
    _decide(proposal, TierProposal.State.REFUSED, by=by, at=at, reason=_reason(reason))
    return proposal


def waiting(use_case: UseCase) -> TierProposal | None:
    """The proposal that waits for a second person. One query."""
    found = TierProposal.objects.filter(use_case=use_case, state=TierProposal.State.PROPOSED)
    return found.select_related("proposed_by").first()


def lower_tiers(tier: str) -> list[str]:
    """The tiers below one, lowest first."""
    return [one.value for one in Tier if one.is_below(tier)]


def _waiting(proposal_id: int, by: User) -> TierProposal:
    use_case_id = TierProposal.objects.values_list("use_case_id", flat=True).get(pk=proposal_id)
    use_case = held(use_case_id)
    require_keeper(by, use_case.owner_team)
    proposal = TierProposal.objects.select_for_update(of=("self",)).get(pk=proposal_id)
    proposal.use_case = use_case
    if proposal.state != TierProposal.State.PROPOSED:
        raise UseCaseRefused("already_decided", "this proposal has been decided")
    return proposal


def _decide(proposal: TierProposal, state: TierProposal.State, *, by: User, at: dt.datetime, reason: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, at
    proposal.decided_reason = reason.strip()
    proposal.save(update_fields=["state", "decided_by", "decided_at", "decided_reason"])
    _record(proposal, verb=f"tier.{state.value}", by=by, at=at)


def _reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON or "\0" in reason:
        raise UseCaseRefused(
            "reason_required", f"say why in at least {SHORTEST_REASON} characters: others decide on it", field="reason"
        )
    return reason


def _record(proposal: TierProposal, *, verb: str, by: User, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="use_case",
        object_ref=str(proposal.use_case_id),
        actor=by,
        at=at,
        detail={"proposal": proposal.pk, "from": proposal.tier_before, "to": proposal.tier},
    )
