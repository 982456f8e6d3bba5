"""A use case: the page that joins its plan with what may run for it and what was asked for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.catalog import showing, tiers, use_cases
from governance.catalog.forms import LowerTierForm
from governance.catalog.models import UseCase
from governance.gates import forms as gate_forms
from governance.gates import modes
from governance.gates import showing as gate_showing
from governance.people.models import Role
from governance.people.queries import standing
from governance.portal import queries
from governance.reviews.standing import stands_at
from governance.web.requests import PageRequest


@login_required
@require_safe
def use_case(request: PageRequest, slug: str) -> HttpResponse:
    """One use case with what may run for it, its submissions and its plan. Seven queries beside the session's."""
    return show(request, found(request, slug))


def found(request: PageRequest, slug: str) -> UseCase:
    """The use case, if the person sees it.

    Raises:
        Http404: it is not there, or belongs to a team that the person does not see.
    """
    return get_object_or_404(UseCase.objects.visible_to(request.user).select_related("owner_team"), slug=slug)


def show(
    request: PageRequest,
    shown: UseCase,
    *,
    mode_form: gate_forms.ModeForm | None = None,
    status: int = 200,
    **kept: Any,
) -> HttpResponse:
    """The page of a use case; ``mode_form`` and ``kept`` hold what was refused and is to be sent again."""
    now = timezone.now()
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
        "gate_stages": gate_showing.stages(shown, at=now),
        "mode_form": mode_form or gate_forms.ModeForm() if _may_set_gate(request, shown) else None,
        "approvals": queries.approvals_for(request.user, use_case=shown, at=now),
        "rows": [{"submission": submission, "stands": stands_at(submission)} for submission in submissions],
        "most": queries.SUBMISSIONS,
    }
    return render(request, "catalog/use_case.html", {**context, **kept}, status=status)


def _may_set_gate(request: PageRequest, shown: UseCase) -> bool:
    return standing(request.user).has(Role.RISK_OFFICER, team_id=shown.owner_team_id)


@login_required
@require_POST
def gate_mode(request: PageRequest, slug: str) -> HttpResponse:
    """Set what a no does at a stage. A refusal brings the form back with what was written, and says why."""
    shown = found(request, slug)
    sent = gate_forms.ModeForm(request.POST)
    if not sent.is_valid():
        return show(request, shown, mode_form=sent, status=422)
    try:
        modes.set_mode(use_case=shown, by=request.user, at=timezone.now(), **sent.cleaned_data)
    except modes.ModeRefused as refusal:
        why = gate_showing.told(refusal)
        sent.add_error(gate_forms.FIELDS.get(refusal.code), why)
        return show(request, shown, mode_form=sent, status=refusal.status, mode_refused=why)
    messages.success(request, _("The gate is set so from now on. What was said before stays in the ledger."))
    return redirect(reverse("catalog:use-case", args=[slug]) + "#gate")


def _tier_form(shown: UseCase) -> LowerTierForm | None:
    below = tiers.lower_tiers(shown.tier)
    return LowerTierForm(tiers=below) if below else None
