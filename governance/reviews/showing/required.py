"""What is required of a submission, each with what stands in its place and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.models import Run
from governance.evidence import bias_report, metric_words, results
from governance.evidence.showing import kind_name
from governance.policies import wording
from governance.policies.models import Waiver, WaiverState
from governance.policies.waivers import showing as waiver_showing
from governance.reviews import override_showing
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.showing.people import who
from governance.reviews.showing.voting import lane_requirement
from governance.reviews.standing import HOLDS


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
    # Nobody votes on what has ended: who could is told of what takes its place.
    votes_to_come = steps if submission.is_open else []
    rows = []
    for found in submission.evaluation.get("requirements", ()):
        row = _requirement(found, runs, steps)
        row |= _waiver_of(found, waivers) | override_showing.of_row(found.get("params", {}), found["status"])
        row["links"] = [*row["links"], *_waiver_links(submission, found, waivers, may_ask=may_ask)]
        rows.append(row)
    return [*rows, *(lane_requirement(lane, votes_to_come, voters) for lane in submission.evaluation.get("votes", ()))]


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
        shown["who"] = who(str(step.get("who", "")))
    if run is not None:
        url = reverse("evidence:run", args=[run.pk])
        label = _("%(kind)s run %(number)s") % {"kind": metric_words.capital(kind_name(run.kind)), "number": run.pk}
        shown["links"] = [{"url": url, "label": label}]
        if run.kind == "license" and not holds:
            shown["links"].append({"url": "#why", "label": _("Why, and what can I do?")})
        document = results.read(run) if run.kind == "bias" else None
        if document is not None:
            shown["gauge"] = bias_report.gauge(document)
            shown["message"] = bias_report.sentence(document)
            if not holds:
                shown["message"] += " " + wording.message(row)
    return shown
