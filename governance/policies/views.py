"""Pages: policies as they are published."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from governance.people.models import Role
from governance.people.queries import standing
from governance.policies import documents, queries, services
from governance.policies.models import Policy, PolicyVersion
from governance.web.requests import PageRequest

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
    in_force = [(version, documents.from_json(version.document)) for version in queries.in_force()]
    matrix = [
        {
            "tier": tier,
            "cells": [
                {"stage": stage, "policies": _applying(in_force, tier=tier, stage=stage)} for stage in documents.STAGES
            ],
        }
        for tier in documents.TIERS
    ]
    context = {
        "room": "policies",
        "matrix": matrix,
        "stages": documents.STAGES,
        "in_force": [{"version": version, "document": document} for version, document in in_force],
        "retired": Policy.objects.exclude(retired_at=None).order_by("name"),
        "may_publish": may_publish(request),
    }
    return render(request, "policies/policies.html", context)


def _applying(
    in_force: list[tuple[PolicyVersion, documents.PolicyDocument]], *, tier: str, stage: str
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
    """One published version: its text as it was written, what it asks for, its history. Two queries."""
    rows = PolicyVersion.objects.select_related("policy", "published_by")
    shown = get_object_or_404(rows, policy__name=name, number=number if number < 2**31 else 0)
    history = list(rows.filter(policy=shown.policy).order_by("-number")[:50])
    context = {
        "room": "policies",
        "version": shown,
        "document": documents.from_json(shown.document),
        "history": history,
        "is_newest": bool(history) and history[0].pk == shown.pk,
        "may_publish": may_publish(request),
    }
    return render(request, "policies/version.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: PageRequest) -> HttpResponse:
    """Publish a policy's text. What is wrong with it is told by line and column, and nothing is published."""
    if not may_publish(request):
        messages.error(request, _("Policies are published by administrators and risk officers of the organisation."))
        return redirect("policies:policies")
    base = PolicyVersion.objects.filter(policy__name=request.GET.get("from", "")[:80]).order_by("-number").first()
    form = PolicyForm(request.POST or None, initial={"text": base.text if base is not None else ""})
    problems: tuple[documents.Problem, ...] = ()
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = services.publish(text=_plain_ends(form.cleaned_data["text"]), by=request.user, at=timezone.now())
            except documents.PolicyInvalid as invalid:
                problems = invalid.problems
            else:
                messages.success(
                    request,
                    _("%(name)s %(number)s is in force. It applies to every evaluation from now on.")
                    % {"name": made.policy.name, "number": made.number},
                )
                return redirect("policies:version", name=made.policy.name, number=made.number)
    context = {"room": "policies", "form": form, "problems": problems, "sent": request.POST.get("text", "")[:70_000]}
    return render(request, "policies/publish.html", context, status=status)


def _plain_ends(text: str) -> str:
    """Browsers send CR LF; a policy is kept as it would stand in a file."""
    return text.replace("\r\n", "\n")
