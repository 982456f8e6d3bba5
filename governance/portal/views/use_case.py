"""A use case: the page that joins its plan with what may run for it and what was asked for."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.catalog import showing, tiers, use_cases
from governance.catalog.forms import LowerTierForm
from governance.catalog.models import UseCase
from governance.portal import queries
from governance.reviews.standing import stands_at
from governance.web.requests import PageRequest


@login_required
@require_safe
def use_case(request: PageRequest, slug: str) -> HttpResponse:
    """One use case with what may run for it, its submissions and its plan. Six queries beside the session's."""
    visible = UseCase.objects.visible_to(request.user).select_related("owner_team")
    shown = get_object_or_404(visible, slug=slug)
    plan = use_cases.current_plan(shown)
    submissions = queries.submissions_for(request.user, use_case=shown)
    keeps = showing.may_keep(request.user, use_case=shown)
    context = {
        "room": "use-cases",
        "use_case": shown,
        "plan": plan,
        "plan_text": showing.plan_text(plan.document) if plan is not None else "",
        "profile": showing.profile_rows(shown.licence_profile),
        "may_keep": keeps,
        "proposal": (proposal := tiers.waiting(shown)),
        "tier_form": _tier_form(shown) if keeps and proposal is None else None,
        "is_own_proposal": proposal is not None and proposal.proposed_by_id == request.user.pk,
        "approvals": queries.approvals_for(request.user, use_case=shown, at=timezone.now()),
        "rows": [{"submission": submission, "stands": stands_at(submission)} for submission in submissions],
        "most": queries.SUBMISSIONS,
    }
    return render(request, "catalog/use_case.html", context)


def _tier_form(shown: UseCase) -> LowerTierForm | None:
    below = tiers.lower_tiers(shown.tier)
    return LowerTierForm(tiers=below) if below else None
