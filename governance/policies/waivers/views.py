"""Pages: the ledger of waivers, one waiver, and asking for one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audits.models import Finding, Run, RunState
from governance.catalog.models import Stage, UseCase, Version
from governance.evidence.queries import runs_visible_to
from governance.policies import wording
from governance.policies.models import Waiver
from governance.policies.waivers import forms, points, queries, rules, services, showing
from governance.policies.waivers.errors import BadEnd, WaiverRefused
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import LONGEST_REASON


@login_required
@require_safe
def waivers(request: PageRequest) -> HttpResponse:
    """All waivers that the person sees, newest first, and what they come to per team. Two queries at all times."""
    found = queries.listed(request.user)
    state = request.GET.get("state", "")
    if state in queries.STATES:
        found = queries.standing_at(found, state)
    page = page_of(found, request, columns=("-requested_at", "-pk"))
    sums = points.by_team(request.user)
    context = {
        "room": "waivers",
        "rows": [showing.row(waiver) for waiver in page.rows],
        "page": page,
        "state": state,
        "states": showing.filters(),
        "is_filtered": state in queries.STATES,
        "bars": showing.bars(sums),
        "total": sum(one.points for one in sums),
        "severities": points.SEVERITY_WEIGHTS.items(),
        "tiers": points.TIER_WEIGHTS.items(),
    }
    return render(request, "policies/waivers.html", context)


def found_or_404(request: PageRequest, pk: int) -> Waiver:
    """The waiver, if the person may see it.

    Raises:
        Http404: it is not there, or belongs to a team that the person does not see.
    """
    return one_or_404(queries.listed(request.user).select_related("version__card", "extends"), pk)


@login_required
@require_safe
def waiver(request: PageRequest, pk: int) -> HttpResponse:
    """One waiver: what it is for, who answers for it, and what the person can do about it."""
    return show(request, found_or_404(request, pk))


def show(request: PageRequest, shown: Waiver, *, status: int = 200, **kept: Any) -> HttpResponse:
    entry = shown.version.entry
    context = {
        "room": "waivers",
        **showing.row(shown),
        "entry": entry,
        "version": shown.version,
        "use_case": shown.use_case,
        "team": shown.use_case.owner_team,
        "role": showing.role_name(shown.role),
        "findings": showing.findings_of(shown) if shown.findings else [],
        "found": showing.run_shown(_newest_run(request, shown.version, shown.use_case, shown.kind)),
        "history": showing.history(shown),
        "may": showing.abilities(shown, request.user),
        "extensions": list(queries.listed(request.user).filter(extends=shown).order_by("pk")[:20]),
    }
    return render(request, "policies/waiver.html", {**context, **kept}, status=status)


@login_required
@require_POST
def answer(request: PageRequest, pk: int, step: str) -> HttpResponse:
    """Accept, reject or revoke. What is refused keeps the reason that was written."""
    shown = found_or_404(request, pk)
    sent = forms.AnswerForm(request.POST)
    reason = request.POST.get("reason", "")[:LONGEST_REASON]
    if not sent.is_valid():
        return show(request, shown, status=422, refused=_("The form is not complete; load the page again."))
    act = {"approve": services.approve, "reject": services.reject, "revoke": services.revoke}[step]
    try:
        act(
            waiver_id=shown.pk,
            edition=sent.cleaned_data["edition"],
            reason=sent.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )
    except WaiverRefused as refusal:
        status = refusal.page_status
        again = found_or_404(request, pk)
        return show(request, again, status=status, refused=showing.told(refusal), answer_reason=reason)
    messages.success(request, _done(step))
    return redirect("policies:waiver", pk=pk)


def _done(step: str) -> str:
    return {
        "approve": _(
            "Accepted. The requirement counts as waived until the end of the waiver, and is named everywhere."
        ),
        "reject": _("The waiver is rejected; the requirement stays open."),
        "revoke": _("Revoked. What rested on it is closed from now on."),
    }[step]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: PageRequest) -> HttpResponse:
    """Ask for a waiver of one requirement; the address says of which, or which waiver is to be extended."""
    before, scope = _scope(request)
    version, use_case = scope["version"], scope["use_case"]
    context: dict[str, Any] = {"room": "waivers", **scope, "entry": version.entry, "before": before}
    try:
        rules.require_asker(request.user, use_case)
        asked = rules.waivable(**scope)
    except WaiverRefused as refusal:
        context |= {"refused": showing.told(refusal)}
        return render(request, "policies/waiver_ask.html", context, status=refusal.status)
    found = _findings(request, version, use_case, asked.requirement.kind)
    initial = {} if before is None else {n: getattr(before, n) for n in ("reason", "compensating_control", "findings")}
    sent = forms.AskForm(request.POST or None, days=asked.days, found=showing.choices(found), initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if sent.is_valid():
            try:
                made = services.propose(
                    **scope,
                    reason=sent.cleaned_data["reason"],
                    compensating_control=sent.cleaned_data["compensating_control"],
                    expires_at=sent.cleaned_data["until"],
                    findings=sent.cleaned_data.get("findings", []),
                    extends=before,
                    by=request.user,
                    at=timezone.now(),
                )
            except WaiverRefused as refusal:
                status = refusal.status
                sent.add_error("until" if isinstance(refusal, BadEnd) else None, showing.told(refusal))
            else:
                messages.success(request, _("Asked for. It does nothing until a second person accepts it."))
                return redirect("policies:waiver", pk=made.pk)
    context |= {
        "form": sent,
        "title": wording.title(asked.requirement.title),
        "role": showing.role_name(asked.terms.by),
        "days": asked.days,
    }
    return render(request, "policies/waiver_ask.html", context, status=status)


def _scope(request: PageRequest) -> tuple[Waiver | None, dict[str, Any]]:
    """What is to be waived, as the address names it.

    Raises:
        Http404: it names something that is not there, or that the person does not see.
    """
    asked = {
        name: request.GET.get(name, "")[:200] for name in ("version", "use_case", "stage", "policy", "requirement")
    }
    extends = request.GET.get("extends", "")[:20]
    if extends:
        if not extends.isdecimal():
            raise Http404
        before = found_or_404(request, int(extends))
        return before, {
            "version": before.version,
            "use_case": before.use_case,
            "stage": before.stage,
            "policy": before.policy.name,
            "requirement": before.requirement,
        }
    if asked["stage"] not in Stage.values:
        raise Http404
    versions = Version.objects.visible_to(request.user).select_related("entry", "card")
    version = get_object_or_404(versions, digest=asked["version"])
    use_cases = UseCase.objects.visible_to(request.user).select_related("owner_team")
    use_case = get_object_or_404(use_cases, slug=asked["use_case"])
    return None, {
        "version": version,
        "use_case": use_case,
        "stage": asked["stage"],
        "policy": asked["policy"],
        "requirement": asked["requirement"],
    }


def _newest_run(request: PageRequest, version: Version, use_case: UseCase, kind: str) -> Run | None:
    """What the newest audit of a kind said of the version here. One query."""
    runs = runs_visible_to(request.user).filter(subject_digest=version.digest, kind=kind, state=RunState.SUCCEEDED)
    return runs.filter(use_case__in=("", use_case.slug)).order_by("-requested_at", "-pk").first()


def _findings(request: PageRequest, version: Version, use_case: UseCase, kind: str) -> list[Finding]:
    """What keeps the newest run of a kind from passing, in the order in which it was found."""
    newest = _newest_run(request, version, use_case, kind)
    if newest is None:
        return []
    return list(newest.findings.filter(severity__in=queries.FAILING).order_by("pk")[: rules.MOST_FINDINGS])
