"""Pages: submissions, and one of them as it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audits.models import Run
from governance.catalog.models import Stage
from governance.evidence import licence_report
from governance.evidence.inputs import columns_wanted
from governance.gates import modes as gate_modes
from governance.people.models import User
from governance.policies import overrides as override_queries
from governance.policies.waivers import queries as waiver_queries
from governance.policies.waivers import showing as waiver_showing
from governance.reviews import comparing, discussing, forms, override_showing, queries, saying, showing
from governance.reviews.models import Decision, Submission, SubmissionState, Vote
from governance.reviews.standing import evaluation_now, stands_at
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest


@login_required
@require_safe
def submissions(request: PageRequest) -> HttpResponse:
    """Drafts and submissions as the person sees them, newest first. Two queries beside the session's."""
    found = queries.listed(request.user)
    state, stage = request.GET.get("state", ""), request.GET.get("stage", "")
    if state in SubmissionState.values:
        found = found.filter(state=state)
    if stage in Stage.values:
        found = found.filter(stage=stage)
    page = page_of(found, request, columns=("-submitted_at", "-pk"))
    rows = [{"submission": submission, "stands": stands_at(submission)} for submission in page.rows]
    context = {
        "room": "submissions",
        "drafts": list(queries.drafts_of(request.user)[:50]),
        "rows": rows,
        "page": page,
        "state": state,
        "stage": stage,
        "states": [one for one in SubmissionState.choices if one[0] != SubmissionState.DRAFT],
        "stages": Stage.choices,
        "is_filtered": state in SubmissionState.values or stage in Stage.values,
    }
    return render(request, "reviews/submissions.html", context)


def found(request: PageRequest, pk: int) -> Submission:
    """The submission, if the person may see it.

    Raises:
        Http404: it is not there, or belongs to a team that the person does not see.
    """
    return one_or_404(queries.listed(request.user).select_related("version__card"), pk)


@login_required
@require_safe
def submission(request: PageRequest, pk: int) -> HttpResponse:
    """One submission: what it stands at, why, and what the person can do about it. At most 30 queries."""
    return show(request, found(request, pk))


def show(request: PageRequest, shown: Submission, *, status: int = 200, **kept: Any) -> HttpResponse:
    """The page of a submission; ``kept`` holds what was refused and is to be sent again."""
    return render(request, "reviews/submission.html", {**context_of(request, shown), **kept}, status=status)


def context_of(request: PageRequest, shown: Submission) -> dict[str, Any]:
    """All that the page shows of a submission, to the person who asks."""
    user, now = request.user, timezone.now()
    # What was kept may have lapsed since, by time alone; the page says what is so now.
    shown.evaluation = evaluation_now(shown)
    shown.verdict = shown.evaluation.get("verdict", shown.verdict)
    waivers = waiver_queries.of_scope(user, version=shown.version, use_case=shown.use_case, stage=shown.stage)
    runs = queries.runs_of(user, submission=shown)
    votes = list(shown.votes.select_related("voter").order_by("cast_at", "pk"))
    voters = showing.voters(shown, votes) if shown.is_open else {}
    may_ask = waiver_showing.may_ask(user, team_id=shown.use_case.owner_team_id)
    rows = showing.requirements(shown, runs=runs, voters=voters, waivers=waivers, may_ask=may_ask)
    decisions = list(shown.decisions.select_related("approval", "decided_by").order_by("-round"))
    newest = decisions[0] if decisions and decisions[0].outcome == shown.state else None
    in_force = showing.in_force(newest, at=now)
    abilities = showing.abilities(shown, user)
    return {
        "room": "submissions",
        "submission": shown,
        "edition": shown.edition,
        "stands": stands_at(shown),
        "version": shown.version,
        "entry": shown.version.entry,
        "requirements": rows,
        "waivers": waiver_showing.rows(waivers),
        "overrides": override_showing.rows(
            override_queries.of_scope(user, version=shown.version, use_case=shown.use_case, stage=shown.stage)
        ),
        "may_override": override_showing.may_propose(shown, user),
        "verdict": showing.verdict(shown, rows, decision=newest),
        "lanes": showing.lanes(shown, votes, voters=voters),
        "steps": [] if in_force else showing.steps(shown, voters=voters, user=user),
        "history": showing.history(shown, decisions),
        "decision": newest,
        "decision_said": saying.reason(newest) if newest else "",
        "decision_in_force": in_force,
        "progress": showing.progress(runs.values()),
        "gate_mode": gate_modes.at_stage(shown.use_case, shown.stage, at=now),
        "gate": showing.gate_question(shown, base=str(settings.PUBLIC_URL)),
        "may": abilities,
        "overdue": shown.state == SubmissionState.IN_REVIEW and shown.due_at is not None and shown.due_at <= now,
        **_policies(shown, newest, at=now),
        **_votes(shown, votes, user, abilities=abilities, at=now),
        **_evidence(shown, abilities=abilities),
        **_beside_the_audits(request, shown, votes=votes, runs=runs, decisions=decisions),
    }


def _policies(shown: Submission, newest: Decision | None, *, at: dt.datetime) -> dict[str, Any]:
    """The policies that judge it, those that will, and what of them changed since it was decided."""
    policies = shown.evaluation.get("policies", ())
    return {
        "policies": policies,
        "decision_policy": next((p for p in policies), None),
        "coming_policies": showing.coming_policies(shown, at=at) if shown.is_open else [],
        "policy_changes": showing.policy_changes(newest, at=at),
    }


def _votes(
    shown: Submission, votes: Sequence[Vote], user: User, *, abilities: Mapping[str, Any], at: dt.datetime
) -> dict[str, Any]:
    """The person's own vote, and who is at work on one."""
    lanes = [lane["value"] for lane in abilities["lanes"]]
    at_work = (
        discussing.at_work(shown, user, lanes=lanes, closed=bool(abilities["vote_closed"]), at=at)
        if shown.state == SubmissionState.IN_REVIEW
        else []
    )
    return {"at_work": at_work, **showing.own_vote(shown, votes, user, lanes=lanes)}


def _evidence(shown: Submission, *, abilities: Mapping[str, Any]) -> dict[str, Any]:
    """The files that were brought, and the form for more."""
    return {
        "attachments": showing.attachments(shown),
        "evidence_form": forms.EvidenceForm() if abilities["may_attach"] else None,
        "columns": columns_wanted(shown.use_case) if abilities["may_attach"] else [],
    }


def _beside_the_audits(
    request: PageRequest,
    shown: Submission,
    *,
    votes: Sequence[Vote],
    runs: Mapping[int, Run],
    decisions: Sequence[Decision],
) -> dict[str, Any]:
    """What follows the audits by itself takes a part of the page in which these do not stand."""
    if request.htmx:
        return {"changed": None, "report": None}
    about = request.GET.get("about", "")[:80]
    return {
        "changed": comparing.since_before(shown, votes),
        "report": licence_report.report(request.user, version=shown.version, use_case=shown.use_case)
        if shown.is_open
        else None,
        **discussing.discussion(shown, request.user, runs=runs.values(), decisions=decisions, about=about),
    }
