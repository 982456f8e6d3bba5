"""Pages: use cases and their audit plans. The page of one use case joins rooms, and stands in the portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.catalog import forms, showing, tiers, use_cases
from governance.catalog.models import TierProposal, UseCase
from governance.people.models import Team
from governance.people.queries import standing
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import SHORTEST_REASON, as_sentence


def teams_kept_by(request: PageRequest) -> Any:
    """The teams for which the person may make use cases."""
    teams = Team.objects.order_by("name", "pk")
    held = standing(request.user).teams_with(*use_cases.KEEPERS)
    return teams if held is None else teams.filter(pk__in=held)


def may_keep(request: PageRequest, use_case: UseCase) -> bool:
    return showing.may_keep(request.user, use_case=use_case)


def found(request: PageRequest, slug: str) -> UseCase:
    return get_object_or_404(UseCase.objects.visible_to(request.user).select_related("owner_team"), slug=slug)


@login_required
@require_safe
def use_case_list(request: PageRequest) -> HttpResponse:
    """Use cases of the teams that the person sees, by name. Two queries beside the session's."""
    visible = UseCase.objects.visible_to(request.user).select_related("owner_team")
    page = page_of(visible, request, columns=("name", "pk"))
    context = {"room": "use-cases", "page": page, "may_make": teams_kept_by(request).exists()}
    return render(request, "catalog/use_cases.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def use_case_new(request: PageRequest) -> HttpResponse:
    teams = teams_kept_by(request)
    if not teams.exists():
        messages.error(request, _("Use cases are made by risk officers and administrators; ask one of them."))
        return redirect("catalog:use-cases")
    form = forms.UseCaseForm(request.POST or None, teams=teams)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            made = use_cases.create_use_case(
                slug=sent["slug"],
                name=sent["name"],
                purpose=sent["purpose"],
                people_affected=sent["people_affected"],
                employment_decision_tool=sent["employment_decision_tool"],
                owner_team=sent["owner_team"],
                tier=sent["tier"],
                licence_profile=form.profile(),
                by=request.user,
                at=timezone.now(),
            )
        except use_cases.UseCaseRefused as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("The use case is made. Its audit plan comes next."))
            return redirect("catalog:use-case", slug=made.slug)
    return _form_page(request, form, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def use_case_edit(request: PageRequest, slug: str) -> HttpResponse:
    shown = found(request, slug)
    if not may_keep(request, shown):
        messages.error(request, _("This use case is kept by risk officers and administrators of its team; ask one."))
        return redirect("catalog:use-case", slug=slug)
    form = forms.UseCaseForm(
        request.POST or None,
        instance=found(request, slug),
        teams=teams_kept_by(request),
        profile=shown.licence_profile,
        initial={"edition": shown.edition},
    )
    if request.method == "POST" and form.is_valid():
        names = [name for name in use_cases.EDITABLE if name != "licence_profile"]
        changes = {**{name: form.cleaned_data[name] for name in names}, "licence_profile": form.profile()}
        try:
            use_cases.change_use_case(
                use_case_id=shown.pk,
                changes=changes,
                edition=form.cleaned_data["edition"] or 0,
                by=request.user,
                at=timezone.now(),
            )
        except use_cases.StaleUseCase:
            form.add_error(None, _("Somebody changed this use case while you were writing. Load it again and compare."))
            return _form_page(request, form, shown, status=409)
        except use_cases.UseCaseRefused as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("catalog:use-case", slug=slug)
    return _form_page(request, form, shown)


def _tell(form: Any, refusal: use_cases.UseCaseRefused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, as_sentence(refusal.message))


def _form_page(request: PageRequest, form: Any, shown: UseCase | None, *, status: int = 0) -> HttpResponse:
    context = {"room": "use-cases", "form": form, "use_case": shown}
    return render(request, "catalog/use_case_form.html", context, status=status or (422 if form.errors else 200))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def audit_plan(request: PageRequest, slug: str) -> HttpResponse:
    """The plan of a use case, and for those who keep it the form that lays down the next one."""
    shown = found(request, slug)
    plan = use_cases.current_plan(shown)
    keeper = may_keep(request, shown)
    if request.method == "POST" and not keeper:
        messages.error(request, _("Audit plans are kept by risk officers and administrators; submitters read them."))
        return redirect("catalog:audit-plan", slug=slug)
    text = showing.plan_text(plan.document if plan is not None else showing.NEW_PLAN)
    number = plan.number if plan is not None else 0
    form = forms.AuditPlanForm(request.POST or None, initial={"document": text, "seen": number})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                laid, is_new = use_cases.put_audit_plan(
                    use_case_id=shown.pk,
                    document=form.cleaned_data["document"],
                    seen=form.cleaned_data["seen"],
                    by=request.user,
                    at=timezone.now(),
                )
            except use_cases.StaleUseCase:
                form.add_error(None, _("There is a newer plan by now. Yours is kept below; load the page to compare."))
                status = 409
            except use_cases.UseCaseRefused as refusal:
                form.add_error("document", as_sentence(refusal.message))
            else:
                told = _("Plan %(n)s is in force. Bias evidence on older plans is out of date now.") if is_new else ""
                messages.success(
                    request, told % {"n": laid.number} if told else _("That is the plan in force already.")
                )
                return redirect("catalog:use-case", slug=slug)
    older = shown.audit_plans.select_related("created_by").order_by("-number")[:20]
    context = {
        "room": "use-cases",
        "use_case": shown,
        "plan": plan,
        "form": form if keeper else None,
        "plan_text": text if plan is not None else "",
        "older": older,
    }
    return render(request, "catalog/audit_plan.html", context, status=status)


# --- a lower tier --------------------------------------------------------------------------------------------------


@login_required
@require_POST
def tier_propose(request: PageRequest, slug: str) -> HttpResponse:
    """Ask for a lower tier."""
    shown = found(request, slug)
    sent = forms.LowerTierForm(request.POST, tiers=tiers.lower_tiers(shown.tier))
    if not sent.is_valid():
        messages.error(request, _("Choose a lower tier and say why in at least ten characters."))
        return redirect(_tier_of(slug))
    values = sent.cleaned_data
    return _tier_step(
        request,
        slug,
        lambda: tiers.propose(use_case_id=shown.pk, **values, by=request.user, at=timezone.now()),
        _("Proposed. A second risk officer or administrator decides on it."),
    )


@login_required
@require_POST
def tier_decide(request: PageRequest, slug: str, pk: int) -> HttpResponse:
    """Accept or refuse the lower tier that somebody has proposed."""
    shown = found(request, slug)
    proposal = one_or_404(TierProposal, pk, use_case=shown)
    decided: dict[str, Any] = {
        "by": request.user,
        "at": timezone.now(),
        "reason": request.POST.get("reason", "")[:2000],
    }
    if "accept" in request.POST:
        told = _("The lower tier is in force. Approvals for the tier of before have ended.")
        return _tier_step(request, slug, lambda: tiers.accept(proposal_id=proposal.pk, **decided), told)
    told = _("Refused; the tier stays as it is.")
    return _tier_step(request, slug, lambda: tiers.refuse(proposal_id=proposal.pk, **decided), told)


def _tier_step(request: PageRequest, slug: str, step: Callable[[], object], told: str) -> HttpResponse:
    try:
        step()
    except use_cases.UseCaseRefused as refusal:
        messages.error(request, _tier_refusal(refusal))
    else:
        messages.success(request, told)
    return redirect(_tier_of(slug))


def _tier_of(slug: str) -> str:
    return reverse("catalog:use-case", args=[slug]) + "#tier"


def _tier_refusal(refusal: use_cases.UseCaseRefused) -> str:
    known = {
        "self_accept": _("You proposed it. A second risk officer or administrator has to agree."),
        "already_proposed": _("A proposal for this use case waits; it is decided first."),
        "already_decided": _("This proposal has been decided."),
        "reason_required": _("Say why in at least %(n)s characters.") % {"n": SHORTEST_REASON},
        "not_a_keeper": _("Only risk officers and administrators of the team can do this."),
    }
    return known.get(refusal.code, as_sentence(refusal.message))
