"""Pages: policies as they are published."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.people.models import Role
from governance.people.queries import standing
from governance.policies import back_testing, portfolio, queries, rejudging, services, shapes, tasks, wording
from governance.policies.comparing import differences
from governance.policies.dry_runs import dry_run
from governance.policies.models import BackTest, BackTestState, Flip, Policy, PolicyVersion
from governance.policies.problems import PolicyInvalid, Problem
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest

MOST_CHANGES = 200
PUBLISHERS = (Role.ADMIN, Role.RISK_OFFICER)


class PolicyForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Policy"),
        max_length=70_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false"}),
        help_text=gettext_lazy("YAML. Its name decides whether it is a new policy or the next version of one."),
    )


def may_publish(request: PageRequest) -> bool:
    """Policies hold for the whole organisation, so only a role in the whole of it publishes them."""
    held = standing(request.user)
    return any(held.has(role, team_id=None) for role in PUBLISHERS)


@login_required
@require_safe
def policies(request: PageRequest) -> HttpResponse:
    """Which policies hold for models of which tier and stage, and all in force. Two queries beside the session's."""
    in_force = [(version, shapes.from_json(version.document)) for version in queries.in_force()]
    matrix = [
        {
            "tier": tier,
            "cells": [
                {"stage": stage, "policies": _applying(in_force, tier=tier, stage=stage)} for stage in shapes.STAGES
            ],
        }
        for tier in shapes.TIERS
    ]
    context = {
        "room": "policies",
        "matrix": matrix,
        "stages": shapes.STAGES,
        "in_force": [{"version": version, "document": document} for version, document in in_force],
        "retired": Policy.objects.exclude(retired_at=None).order_by("name"),
        "may_publish": may_publish(request),
    }
    return render(request, "policies/policies.html", context)


def _applying(
    in_force: list[tuple[PolicyVersion, shapes.PolicyDocument]], *, tier: str, stage: str
) -> list[dict[str, Any]]:
    found = []
    for version, document in in_force:
        if not document.applies_to(kind="model", tier=tier, stage=stage):
            continue
        asked = sum(rule.min for rule in document.votes)
        found.append(
            {
                "version": version,
                "requirements": len(document.requirements),
                "votes": asked,
                "auto": document.auto_decide,
            }
        )
    return found


@login_required
@require_safe
def policy(request: PageRequest, name: str) -> HttpResponse:
    """A policy by its name alone: its newest version."""
    newest = PolicyVersion.objects.filter(policy__name=name).order_by("-number").first()
    if newest is None:
        return redirect("policies:policies")
    return redirect("policies:version", name=name, number=newest.number)


@login_required
@require_safe
def version(request: PageRequest, name: str, number: int) -> HttpResponse:
    """One published version: its text as it was written, what it asks for, what changed, its history, what is judged
    again because of it. Three queries.
    """
    rows = PolicyVersion.objects.select_related("policy", "published_by")
    shown = get_object_or_404(rows, policy__name=name, number=number if number < 2**31 else 0)
    history = list(rows.filter(policy=shown.policy).order_by("-number")[:50])
    document = shapes.from_json(shown.document)
    before = next((one for one in history if one.number == shown.number - 1), None)
    changes = differences(shapes.from_json(before.document), document)[:MOST_CHANGES] if before else []
    context = {
        "room": "policies",
        "version": shown,
        "document": document,
        "before": before,
        "changes": changes,
        "rejudged": rejudging.latest(shown.policy),
        "waits": shown.effective_at is not None and shown.effective_at > timezone.now(),
        "history": history,
        "is_newest": bool(history) and history[0].pk == shown.pk,
        "may_publish": may_publish(request),
    }
    return render(request, "policies/version.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: PageRequest) -> HttpResponse:
    """Write a policy's text; what it would change is looked at next. What is wrong is told by line and column."""
    if not may_publish(request):
        return _not_for_you(request)
    base = PolicyVersion.objects.filter(policy__name=request.GET.get("from", "")[:80]).order_by("-number").first()
    again = BackTest.objects.filter(pk=_number(request.GET.get("again", ""))).first()
    initial = again.text if again is not None else base.text if base is not None else ""
    form = PolicyForm(request.POST or None, initial={"text": initial})
    problems: tuple[Problem, ...] = ()
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                text = _plain_ends(form.cleaned_data["text"])
                asked = back_testing.ask(text=text, by=request.user, at=timezone.now())
            except PolicyInvalid as invalid:
                problems = invalid.problems
            else:
                tasks.wake(asked.pk)
                return redirect("policies:preview", pk=asked.pk)
    context = {"room": "policies", "form": form, "problems": problems, "sent": request.POST.get("text", "")[:70_000]}
    return render(request, "policies/publish.html", context, status=status)


@login_required
@require_safe
def preview(request: PageRequest, pk: int) -> HttpResponse:
    """What a text would change: beside the version of now, over the portfolio, and on one submission."""
    if not may_publish(request):
        return _not_for_you(request)
    return _preview(request, _back_test(pk))


@login_required
@require_POST
def publish_previewed(request: PageRequest, pk: int) -> HttpResponse:
    """Publish a text whose back-test is done and not old."""
    if not may_publish(request):
        return _not_for_you(request)
    shown, now = _back_test(pk, retires=False), timezone.now()
    if not back_testing.speaks(shown, at=now):
        return _preview(request, shown, status=409, refused=_not_seen())
    try:
        made = services.publish(text=shown.text, by=request.user, at=now, back_test=shown)
    except PolicyInvalid as invalid:
        return _preview(request, shown, status=422, refused="; ".join(one.message for one in invalid.problems))
    except services.OutOfDate:
        why = _("The policy has changed since this was looked at: go back to the text, and see what it changes now.")
        return _preview(request, shown, status=409, refused=why)
    if made.effective_at is None:
        told = _("%(name)s %(number)s is in force. It applies to every evaluation from now on.")
    else:
        told = _("%(name)s %(number)s is published. It applies from its day on.")
    messages.success(request, told % {"name": made.policy.name, "number": made.number})
    return redirect("policies:version", name=made.policy.name, number=made.number)


@login_required
@require_POST
def retire(request: PageRequest, name: str) -> HttpResponse:
    """Have it found out what retiring a policy would change; that is looked at next."""
    if not may_publish(request):
        return _not_for_you(request)
    policy = get_object_or_404(Policy, name=name)
    if policy.retired_at is not None:
        return redirect("policies:policy", name=name)
    asked = back_testing.ask_retiring(policy=policy, by=request.user, at=timezone.now())
    tasks.wake(asked.pk)
    return redirect("policies:preview", pk=asked.pk)


@login_required
@require_POST
def retire_previewed(request: PageRequest, pk: int) -> HttpResponse:
    """Retire a policy once it has been found out what that changes, not long ago."""
    if not may_publish(request):
        return _not_for_you(request)
    shown, now = _back_test(pk, retires=True), timezone.now()
    if not back_testing.speaks(shown, at=now):
        return _preview(request, shown, status=409, refused=_not_seen())
    try:
        retired = services.retire(name=shown.policy_name, by=request.user, at=now, back_test=shown)
    except services.OutOfDate:
        why = _("The policy has changed since this was looked at: see what retiring it changes now.")
        return _preview(request, shown, status=409, refused=why)
    except services.VotesWouldEnd as refusal:
        why = _(
            "It alone asks for votes where these would then decide without any: %(names)s. Publish first what takes its"
            " place, or a version of it that asks for no votes."
        ) % {"names": refusal.params["names"]}
        return _preview(request, shown, status=409, refused=why)
    messages.success(request, _("%(name)s is retired. It applies to nothing from now on.") % {"name": retired.name})
    return redirect("policies:policy", name=retired.name)


def _not_seen() -> str:
    return _("It is not done or older than a day; look at what it changes now.")


def _preview(request: PageRequest, shown: BackTest, *, status: int = 200, refused: str = "") -> HttpResponse:
    now = timezone.now()
    if back_testing.waits(shown, at=now):
        tasks.wake(shown.pk)
    older = PolicyVersion.objects.filter(policy__name=shown.policy_name).order_by("-number").first()
    kept = older.document if shown.retires and older is not None else None
    document = services.read(shown.text) if kept is None else shapes.from_json(kept)
    flips = Flip.objects.filter(back_test=shown).select_related("version__entry", "use_case")
    page = page_of(flips, request, columns=("what", "number", "pk"))
    tried, missing = (None, False) if shown.retires else _tried(request, document)
    is_open = shown.state in (BackTestState.QUEUED, BackTestState.RUNNING)
    context = {
        "room": "policies",
        "shown": shown,
        "document": document,
        "older": older,
        "changes": differences(shapes.from_json(older.document), document)[:MOST_CHANGES] if older else [],
        "is_open": is_open,
        # A worker may have ended since the row was read: nobody publishes what the page does not show yet.
        "is_fresh": not is_open and back_testing.speaks(shown, at=now),
        "counts": shown.counts,
        "page": page,
        "flips": [{"flip": one, "reasons": [wording.reason(code) for code in one.reason_codes]} for one in page.rows],
        "refused": refused,
        "asked": request.GET.get("submission", "")[:20],
        "tried": tried,
        "missing": missing,
    }
    return render(request, "policies/preview.html", context, status=status)


def _tried(request: PageRequest, document: shapes.PolicyDocument) -> tuple[dict[str, Any] | None, bool]:
    """The dry run on the submission that was asked for, and whether it was asked for and is not there."""
    asked = request.GET.get("submission", "").strip()
    if not asked:
        return None, False
    item = portfolio.submission(number=_number(asked), user=request.user)
    return (None, True) if item is None else (dry_run(document, item, at=timezone.now()), False)


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 19 else 0


def _back_test(pk: int, *, retires: bool | None = None) -> BackTest:
    """A back-test; of a text, or of retiring a policy, where that is asked for."""
    found: BackTest = one_or_404(BackTest, pk)
    if retires not in (None, found.retires):
        raise Http404
    return found


def _not_for_you(request: PageRequest) -> HttpResponse:
    messages.error(request, _("Policies are published by administrators and risk officers of the organisation."))
    return redirect("policies:policies")


def _plain_ends(text: str) -> str:
    """Browsers send CR LF; a policy is kept as it would stand in a file."""
    return text.replace("\r\n", "\n")
