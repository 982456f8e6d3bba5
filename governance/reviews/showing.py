"""A submission as its page shows it. Words and order; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.models import OPEN_STATES as RUN_OPEN
from audits.models import Run
from governance.catalog.models import Stage, Tier
from governance.evidence import bias_report
from governance.evidence import services as evidence
from governance.evidence.models import Attachment
from governance.evidence.showing import kind_name
from governance.gates.portfolio import changes_ahead
from governance.gates.queries import closing_conditions
from governance.people.models import Lane, Role, User
from governance.people.queries import standing
from governance.policies import queries as policies
from governance.policies import wording
from governance.policies.documents import AGREES
from governance.policies.models import Waiver, WaiverState
from governance.policies.waivers import showing as waiver_showing
from governance.reviews import override_showing
from governance.reviews.models import Decision, Submission, SubmissionState, Vote
from governance.reviews.queries import DECIDABLE, reviewers_by_lane
from governance.reviews.standing import HOLDS
from governance.web.sentences import as_sentence
from governance.web.templatetags import figures
from governance.web.templatetags.words import consequence_of, look_up

MOST_NAMES = 3


def voters(submission: Submission, votes: Sequence[Vote]) -> dict[str, list[str]]:
    """The names of those who can still add an agreement, by every lane that is asked for. One query."""
    agreed = {(v.lane, v.voter_id) for v in votes if v.round == submission.round and v.value >= AGREES}
    held = reviewers_by_lane(submission)
    lanes = [str(lane["lane"]) for lane in submission.evaluation.get("votes", ())]
    return {lane: [str(one) for one in held.get(lane, ()) if (lane, one.pk) not in agreed] for lane in lanes}


def who_can_vote(lane: str, names: Sequence[str], *, count: int = 1) -> str:
    """By whom the votes of a lane can come; a lane that too few people hold never fills by itself."""
    told = {"lane": look_up(lane, "lane").label, "names": any_of(names)}
    if not names:
        return _("Nobody who may vote holds the role of reviewer in %(lane)s; an administrator can give it.") % told
    said = _("%(names)s can vote in %(lane)s.") % told
    if len(names) < count:
        said += " " + _("That is too few people; an administrator can give the role to more.")
    return said


def any_of(names: Sequence[str]) -> str:
    """Names as a choice, three at most.

    >>> any_of(["Dana", "Lee"]), any_of(["Dana", "Lee", "Mo", "Ann"])
    ('Dana or Lee', 'Dana, Lee, Mo or 1 more')
    """
    shown = list(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown.append(_("%(n)s more") % {"n": len(names) - MOST_NAMES})
    if len(shown) < 2:
        return "".join(shown)
    return _("%(first)s or %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}


def _vote_step(step: Mapping[str, Any], voters: Mapping[str, Sequence[str]]) -> str:
    """A vote to come, and from whom."""
    lane, count = str(step["target"]), int(step.get("count", 1))
    names = voters.get(lane, ())
    said = who_can_vote(lane, names, count=count)
    return f"{wording.step(step)} {said}" if count > 1 or not names else said


def own_vote(submission: Submission, votes: Sequence[Vote], user: User, *, lanes: Sequence[str]) -> dict[str, Any]:
    """What the person has said in this round, and what the form is filled with: their vote, or a lane without one."""
    newest = {v.lane: v for v in votes if v.voter_id == user.pk and v.round == submission.round}
    if not newest:
        return {"own_votes": [], "has_voted": False, "vote_values": {}}
    last = max(newest.values(), key=lambda vote: (vote.cast_at, vote.pk))
    words = {
        1: _("You agreed"),
        0: _("You commented"),
        -1: _("You asked for changes"),
        -2: _("You cast a veto"),
    }
    said = [
        {
            "lane": vote.lane,
            "value": f"{vote.value:+d}" if vote.value else "0",
            "said": words[min(vote.value, AGREES)],
            "at": vote.cast_at,
        }
        for vote in newest.values()
    ]
    unsaid = [lane for lane in lanes if lane not in newest]
    # +1 and +2 are both an agreement to whoever reads the form.
    value = "2" if last.value >= AGREES else str(last.value)
    values = {"lane": unsaid[0], "vote": ""} if unsaid else {"lane": last.lane, "vote": value}
    return {"own_votes": said, "has_voted": not unsaid, "vote_values": values}


def requirements(
    submission: Submission,
    *,
    runs: Mapping[int, Run],
    voters: Mapping[str, Sequence[str]],
    waivers: Sequence[Waiver] = (),
    may_ask: bool = False,
) -> list[dict[str, Any]]:
    """Every requirement and every lane as ``components/requirement.html`` takes it, those that stop first.

    ``waivers`` are those of the submission's scope; ``may_ask`` whether the reader can ask for one.
    """
    steps = list(submission.evaluation.get("next_steps", ()))
    rows = []
    for found in submission.evaluation.get("requirements", ()):
        row = _requirement(found, runs, steps)
        row |= _waiver_of(found, waivers) | override_showing.of_row(found.get("params", {}), found["status"])
        row["links"] = [*row["links"], *_waiver_links(submission, found, waivers, may_ask=may_ask)]
        rows.append(row)
    return [*rows, *(_lane_requirement(lane, steps, voters) for lane in submission.evaluation.get("votes", ()))]


def _waiver_of(row: Mapping[str, Any], waivers: Sequence[Waiver]) -> dict[str, Any]:
    """Who answers for a requirement that does not hold, until when, with what instead; and whether that is over."""
    if row["status"] != "waived":
        return {}
    number, state = row["params"]["waiver"], ""
    told = next((waiver for waiver in waivers if waiver.pk == number), None)
    if told is None:
        return {"waiver": {"by": _("somebody"), "until": row["params"]["until"], "control": "", "state": ""}}
    if (standing := waiver_showing.standing_of(told)) != WaiverState.ACTIVE:
        state = standing
    until = told.expires_at
    return {
        "waiver": {"by": told.decided_by, "until": until, "control": told.compensating_control, "state": state},
    }


def _waiver_links(
    submission: Submission, row: Mapping[str, Any], waivers: Sequence[Waiver], *, may_ask: bool
) -> list[dict[str, Any]]:
    """The waiver of a requirement, the proposal that waits, or where one is asked for."""
    same = [one for one in waivers if (one.policy.name, one.requirement) == (row["policy"], row["id"])]
    waiting = next((one for one in same if waiver_showing.standing_of(one) == WaiverState.PROPOSED), None)
    if row["status"] == "waived":
        number = row["params"]["waiver"]
        if any(one.pk == number for one in same):
            label = _("Waiver %(number)s") % {"number": number}
            return [{"url": reverse("policies:waiver", args=[number]), "label": label}]
        return []
    terms = row.get("params", {}).get("waivable")
    if waiting is not None:
        label = _("Waiver %(number)s waits for a second person") % {"number": waiting.pk}
        return [{"url": reverse("policies:waiver", args=[waiting.pk]), "label": label}]
    if not terms or not may_ask or submission.state != SubmissionState.IN_REVIEW:
        return []
    days = int(terms["max_days"])
    label = ngettext("Ask for a waiver, at most %(n)s day", "Ask for a waiver, at most %(n)s days", days) % {"n": days}
    url = waiver_showing.ask_url(
        digest=submission.version.digest,
        use_case=submission.use_case.slug,
        stage=submission.stage,
        policy=row["policy"],
        requirement=row["id"],
    )
    return [{"url": url, "label": label}]


def _requirement(row: Mapping[str, Any], runs: Mapping[int, Run], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    run = runs.get(row.get("run") or 0)
    step = next((step for step in steps if row["id"] in step.get("requirements", ())), None)
    holds = row["status"] in HOLDS
    shown: dict[str, Any] = {
        "id": row["id"],
        "missing": wording.audit_of(str(row["kind"])),
        "title": wording.title(str(row["title"])),
        "status": row["status"],
        "severity": row["severity"],
        "message": wording.message(row),
        "policy": row["policy"],
        "links": [],
    }
    if step is not None and not holds:
        shown["next" if step["action"] == "wait" else "mend"] = wording.step(step)
        shown["who"] = _who(str(step.get("who", "")))
    if run is not None:
        url = reverse("evidence:run", args=[run.pk])
        label = _("%(kind)s run %(number)s") % {"kind": bias_report.capital(kind_name(run.kind)), "number": run.pk}
        shown["links"] = [{"url": url, "label": label}]
        if run.kind == "license" and not holds:
            shown["links"].append({"url": "#why", "label": _("Why, and what can I do?")})
        document = bias_report.read(run) if run.kind == "bias" else None
        if document is not None:
            shown["gauge"] = bias_report.gauge(document)
            shown["message"] = bias_report.sentence(document)
            if not holds:
                shown["message"] += " " + wording.message(row)
    return shown


def _lane_requirement(
    lane: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], voters: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    name = look_up(lane["lane"], "lane").label
    needed, agreeing, vetoes = int(lane.get("min", 0)), int(lane.get("agreeing", 0)), int(lane.get("vetoes", 0))
    title = ngettext("%(n)s person agrees in lane %(lane)s", "%(n)s people agree in lane %(lane)s", needed)
    message = _("%(have)s of %(needed)s so far.") % {"have": agreeing, "needed": needed}
    if vetoes:
        message = _("Somebody has cast a veto in this lane.") + " " + message
    shown: dict[str, Any] = {
        "id": f"lane-{lane['lane']}",
        "lane": name,
        "title": title % {"n": needed, "lane": name},
        "status": "vetoed" if vetoes and lane["status"] not in HOLDS else lane["status"],
        "severity": "fail",
        "message": message,
        "links": [],
    }
    shown |= override_showing.of_row(lane, lane["status"])
    step = next((s for s in steps if s.get("target") == lane["lane"] and s["action"] in ("vote", "lift_veto")), None)
    if step is not None and lane["status"] not in HOLDS:
        if step["action"] == "vote":
            shown["next" if voters.get(lane["lane"]) else "mend"] = _vote_step(step, voters)
        else:
            shown["mend"] = wording.step(step)
    return shown


def _who(role: str) -> str:
    known = {
        "submitter": _("a submitter"),
        "risk_officer": _("a risk officer"),
        "admin": _("an administrator"),
        "worker": _("by itself"),
        "approver": _("an approver"),
    }
    name, _colon, lane = role.partition(":")
    if name == "reviewer":
        return _("a reviewer of lane %(lane)s") % {"lane": look_up(lane, "lane").label} if lane else _("a reviewer")
    return known.get(role, role.replace("_", " "))


def verdict(submission: Submission, rows: Sequence[Mapping[str, Any]], *, decision: Decision | None) -> dict[str, Any]:
    """The sentence that the page exists for."""
    stage = look_up(submission.stage, "stage").label
    told = {"stage": str(stage).lower(), "use_case": submission.use_case.name}
    if submission.state != SubmissionState.IN_REVIEW:
        return _ended(submission, decision, told)
    closing = [row for row in rows if consequence_of(row["status"], row["severity"]) == "closes"]
    counts = {**told, "n": len(closing), "all": len(rows)}
    word = submission.verdict
    if word in DECIDABLE:
        say, why = _("Every requirement holds. An approver has to decide."), _("Until then the gate says: pending.")
        if aside := override_showing.say(rows):
            say = aside
        elif waived := [row for row in rows if row["status"] == "waived"]:
            say = ngettext(
                "Nothing closes the gate, and %(n)s requirement is waived. An approver has to decide.",
                "Nothing closes the gate, and %(n)s requirements are waived. An approver has to decide.",
                len(waived),
            ) % {"n": len(waived)}
        return {"verdict": "pending", "family": "gate", "say": say, "why": why, "label": _("Ready for a decision")}
    if word == "error" or not rows:
        say = _("It cannot be decided whether it may go to %(stage)s; that counts as no.") % told
        unclear = [row for row in rows if row["status"] == "error"]
        codes = submission.evaluation.get("reason_codes", ())
        why = _still_open(unclear or closing) or as_sentence("; ".join(map(wording.reason, codes)))
        return {"verdict": "error", "family": "gate", "say": say, "why": why}
    say = ngettext(
        "It may not go to %(stage)s yet: %(n)s of %(all)s requirements closes the gate.",
        "It may not go to %(stage)s yet: %(n)s of %(all)s requirements close the gate.",
        len(closing),
    )
    shown = "pending" if word == "pending" else "deny"
    why = _still_open(closing)
    return {"verdict": shown, "family": "gate", "say": say % counts, "why": why, "label": _("Gate closed")}


def _still_open(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is missing, not what is asked: a requirement's title says what is not so while it is open."""
    audits = list(dict.fromkeys(str(row["missing"]) for row in rows if "lane" not in row))
    lanes = [str(row["lane"]) for row in rows if "lane" in row]
    votes = [_("votes in %(lanes)s") % {"lanes": ", ".join(lanes)}] if lanes else []
    missing = ", ".join([*audits, *votes])
    return _("Still open: %(missing)s.") % {"missing": missing} if missing else ""


def _ended(submission: Submission, decision: Decision | None, told: Mapping[str, Any]) -> dict[str, Any]:
    approval = decision.approval if decision is not None else None
    if submission.state == SubmissionState.APPROVED and approval is not None:
        until = figures.day(approval.expires_at)
        ended = approval.ended_at is not None
        if ended:
            reason = approval.get_ended_reason_display()
            say = _("The approval for %(stage)s has ended: %(reason)s.") % {**told, "reason": reason}
            return {"verdict": "ended", "family": "approval", "say": say, "why": ""}
        if lapsed := closing_conditions(approval, at=timezone.now()):
            say = _("The gate is closed for %(stage)s in %(use_case)s, although it was approved.") % told
            why = as_sentence("; ".join(dict.fromkeys(wording.reason(f"{c['id']}:{c['code']}") for c in lapsed)))
            return {"verdict": "deny", "family": "gate", "say": say, "why": why, "label": _("Gate closed")}
        say = _("Yes. It may run in %(stage)s for %(use_case)s until %(until)s.") % {**told, "until": until}
        why = ""
        if waived := [condition for condition in approval.conditions if "waiver" in condition]:
            first = min(dt.datetime.fromisoformat(condition["holds_until"]) for condition in waived)
            why = ngettext(
                "%(n)s requirement is waived, until %(first)s; then the gate closes.",
                "%(n)s requirements are waived, the first until %(first)s; then the gate closes.",
                len(waived),
            ) % {"n": len(waived), "first": figures.day(first)}
        why = override_showing.resting_on(approval.conditions) or why
        return {"verdict": "approved", "family": "submission", "say": say, "why": why}
    says = {
        SubmissionState.CHANGES_REQUESTED: _("Returned: changes are asked for before it may go to %(stage)s."),
        SubmissionState.REJECTED: _("No. It was rejected for %(stage)s."),
        SubmissionState.WITHDRAWN: _("Its submitter has withdrawn it; nothing was decided about %(stage)s."),
        SubmissionState.SUPERSEDED: _("A newer submission took its place."),
    }
    say = says.get(SubmissionState(submission.state), str(submission.get_state_display())) % told
    why = decision.reason if decision is not None else ""
    return {"verdict": submission.state, "family": "submission", "say": say, "why": why}


def lanes(
    submission: Submission, votes: Sequence[Vote], *, voters: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The lanes that are asked for, each with the newest vote of everybody who voted in it."""
    newest: dict[tuple[str, int], Vote] = {}
    for vote in votes:
        newest[vote.lane, vote.voter_id] = vote
    made = []
    for lane in submission.evaluation.get("votes", ()):
        cast = [vote for (name, _voter), vote in newest.items() if name == lane["lane"]]
        made.append(
            {
                "lane": lane["lane"],
                "needed": lane.get("min", 0),
                "agreeing": lane.get("agreeing", 0),
                "status": lane["status"],
                "vetoes": lane.get("vetoes", 0),
                "waiting": who_can_vote(lane["lane"], voters[lane["lane"]])
                if lane["lane"] in voters and lane["status"] not in HOLDS
                else "",
                "votes": [
                    {
                        "name": str(vote.voter),
                        "value": vote.value,
                        "at": vote.cast_at,
                        "reason": vote.comment,
                        "carried": _carried(vote, submission),
                    }
                    for vote in cast
                ],
            }
        )
    return made


def _carried(vote: Vote, submission: Submission) -> str:
    """Where a vote of before comes from, and whether it counts."""
    if vote.round != submission.round:
        return _("in round %(n)s; counts no longer") % {"n": vote.round}
    return _("taken over from the version before") if vote.copied_from_id is not None else ""


def steps(submission: Submission, *, voters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The shortest way to yes, and who can walk it."""
    made = []
    for step in submission.evaluation.get("next_steps", ()):
        shown = {"action": wording.step(step), "who": _who(str(step.get("who", "")))}
        if step.get("alternative"):
            days = int(step["alternative"]["detail"])
            shown["otherwise"] = ngettext(
                "Or a waiver, for at most %(n)s day: a second person has to accept it.",
                "Or a waiver, for at most %(n)s days: a second person has to accept it.",
                days,
            ) % {"n": days}
        if step["action"] == "vote":
            shown["action"] = _vote_step(step, voters)
            shown["who"] = shown["who"] if voters.get(step["target"]) else _who("admin")
        elif step["action"] == "complete_profile":
            shown["url"] = reverse("catalog:use-case", args=[submission.use_case.slug])
        made.append(shown)
    if submission.state == SubmissionState.IN_REVIEW and submission.verdict in DECIDABLE:
        made.append({"action": _("Approve, or say why not."), "who": _("an approver")})
    return made


def history(submission: Submission, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """What happened, newest first: each decision with who, when and on what."""
    events = []
    for decision in sorted(decisions, key=lambda one: one.decided_at, reverse=True):
        shown = look_up(decision.outcome, "submission")
        by = str(decision.decided_by) if decision.decided_by is not None else _("by policy, without a person")
        events.append(
            {
                "title": shown.label,
                "text": decision.reason,
                "detail": by,
                "at": decision.decided_at,
                "time": True,
                "tone": shown.tone,
                "symbol": shown.icon,
            }
        )
    submitted = _("Submitted for %(stage)s") % {"stage": str(look_up(submission.stage, "stage").label).lower()}
    events.append(
        {
            "title": submitted,
            "detail": str(submission.submitted_by),
            "at": submission.submitted_at,
            "time": True,
            "tone": "wait",
            "symbol": "wait",
        }
    )
    return events


def progress(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """The audits that are still waiting or running."""
    return [
        {
            "title": _("%(kind)s, run %(number)s") % {"kind": kind_name(run.kind), "number": run.pk},
            "state": run.state,
            "done": run.progress_done,
            "total": run.progress_total,
            "url": reverse("evidence:run", args=[run.pk]),
        }
        for run in runs
        if run.state in RUN_OPEN
    ]


def abilities(submission: Submission, user: User) -> dict[str, Any]:
    """What the person may do here, and where they may not, why. The services decide again when it is done.

    One query, beside the person's roles.
    """
    team, held = submission.use_case.owner_team_id, standing(user)
    made_it = evidence.contributors(version=submission.version, use_case=submission.use_case)
    own = user.pk in {submission.submitted_by_id, *submission.prepared_by} | made_it
    asked = [lane["lane"] for lane in submission.evaluation.get("votes", ())]
    lanes_held = [lane for lane in held.lanes(team_id=team) if lane in asked]
    in_review = submission.state == SubmissionState.IN_REVIEW
    approver = held.has(Role.APPROVER, team_id=team)
    submitter = held.has(Role.SUBMITTER, team_id=team)
    eyes = _("You submitted this or brought its evidence; someone else has to decide.") if own else ""
    ready = submission.verdict in DECIDABLE
    return {
        "lanes": [{"value": lane} for lane in lanes_held] if in_review else [],
        "shows_vote": bool(lanes_held) and in_review,
        "vote_closed": eyes,
        "shows_decision": in_review and (approver or (bool(held.lanes(team_id=team)) and not own)),
        "is_approver": approver,
        "may_approve": approver and ready and not own,
        "approve_closed": "" if ready else _("Approval is closed to everyone until every requirement holds."),
        "may_return": not own and (approver or bool(held.lanes(team_id=team))),
        "may_reject": not own and approver,
        "decision_closed": eyes,
        "may_withdraw": submission.is_open and user.pk == submission.submitted_by_id,
        "may_resubmit": submitter and submission.state == SubmissionState.CHANGES_REQUESTED,
        "may_attach": submitter and submission.is_open,
        "may_audit": submission.is_open,
    }


def attachments(submission: Submission) -> list[Attachment]:
    """What was attached to the version in this use case, newest first. One query."""
    rows = Attachment.objects.filter(version=submission.version_id, use_case=submission.use_case_id)
    return list(rows.select_related("upload__blob", "attached_by").order_by("-attached_at", "-pk")[:50])


def gate_question(submission: Submission, *, base: str) -> dict[str, str]:
    """How a pipeline asks about this: the command and the address."""
    entry, revision = submission.version.entry, submission.version.revision
    subject = f"{entry.repo_id}@{revision}"
    asked = f"use_case={submission.use_case.slug}&stage={submission.stage}"
    path = f"/api/v1/gate/{entry.kind}/{entry.namespace}/{entry.name}@{revision}?{asked}"
    where = f"--use-case {submission.use_case.slug} --stage {submission.stage}"
    return {
        "command": f".venv/bin/python manage.py gate {subject} {where}",
        "url": f'curl -H "Authorization: Bearer $ASSAY_TOKEN" "{base.rstrip("/")}{path}"',
    }


def in_force(decision: Decision | None, *, at: dt.datetime) -> bool:
    """Whether the approval of a decision holds at ``at``: neither ended nor closed by what it rests on."""
    approval = decision.approval if decision is not None else None
    if approval is None or approval.ended_at is not None or closing_conditions(approval, at=at):
        return False
    return approval.granted_at <= at < approval.expires_at


def coming_policies(submission: Submission, *, at: dt.datetime) -> list[dict[str, Any]]:
    """Published policies that will apply to a submission from a day on, beside those that judge it now. One query."""
    asked = {
        "kind": submission.version.entry.kind,
        "tier": submission.use_case.tier,
        "stage": submission.stage,
    }
    return [
        {"name": one.policy.name, "number": one.number, "from": one.effective_at}
        for one in policies.coming(at=at)
        if policies.applied(one).document.applies_to(**asked)
    ]


def policy_changes(decision: Decision | None, *, at: dt.datetime) -> list[dict[str, Any]]:
    """The newer policies under which an approval would not be granted, each with when that closes it."""
    if not in_force(decision, at=at) or decision is None or decision.approval is None:
        return []
    return [
        {"policy": one["policy"], "closes_at": dt.datetime.fromisoformat(one["closes_at"])}
        for one in changes_ahead(decision.approval.conditions)
    ]


def asked_for(*, kind: str, tiers: Collection[str]) -> list[dict[str, Any]]:
    """What is asked for at each stage, a row for each tier, for whoever is about to submit. One query."""
    stages = [str(stage) for stage in Stage.values]
    told = policies.asked(kind=kind, tiers=tiers, stages=stages)
    rows = []
    for tier in (str(value) for value in Tier.values if value in tiers):
        cells = []
        for stage in stages:
            answer = told.get((tier, stage))
            cells.append(
                {
                    "stage": stage,
                    "asked": answer,
                    "audits": ", ".join(kind_name(one) for one in answer.kinds) if answer else "",
                    "votes": ", ".join(f"{Lane(lane).label} {least}" for lane, least in answer.lanes) if answer else "",
                }
            )
        rows.append({"tier": tier, "cells": cells})
    return rows
