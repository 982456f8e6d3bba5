"""The use case, and the way of a version through its audits and its review."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from pathlib import Path
from typing import Any

import executed
from people import APPROVER, PEOPLE, TEAM
from portal import Portal, Refused
from telling import bar, said
from versions import MODEL_ID, subject_of

USE_CASE = "home-loans"
PLAN = {
    "bias": {
        "label": "approve",
        "prediction": "prediction",
        "score": "score",
        "positive": "1",
        "sensitive": ["race"],
        "reference": "best",
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
        "required_groups": {"race": ["black", "hispanic", "white"]},
        "min_group": 30,
        "data": "upload",
    },
}
PROFILE = {"purpose": "commercial", "mode": "internal", "territory": "US", "field": "credit"}


def describe(risk_owner: Portal, *, columns: list[str]) -> None:
    """The use case, made if it is not there, with what its audits look at in tables of these columns."""
    if risk_owner.find(f"use-cases/{USE_CASE}/") is None:
        risk_owner.post(
            "use-cases/",
            {
                "slug": USE_CASE,
                "name": "Home loans",
                "purpose": "Decide which mortgage applications are approved without a second look.",
                "people_affected": "People who apply for a mortgage.",
                "owner_team": TEAM.lower(),
                "tier": "high",
                "licence_profile": PROFILE,
            },
        )
    plan = risk_owner.put(f"use-cases/{USE_CASE}/audit-plan/", {**PLAN, "stress": executed.plan(columns)})
    said(f"audit plan {plan['number']}: approval rates by race, ratio at least 0.80; more income never lowers a score")


def submitted(engineer: Portal, version: dict[str, Any], stage: str) -> dict[str, Any]:
    """The newest submission of this version for this stage, made if there is none that counts."""
    for submission in engineer.all(f"submissions/?use_case={USE_CASE}&stage={stage}"):
        if submission["subject"]["revision"] == version["revision"] and submission["state"] in (
            "in_review",
            "approved",
        ):
            said(f"submission {submission['id']} is there already: {submission['state'].replace('_', ' ')}")
            return dict(submission)
    made = engineer.post("submissions/", {"subject": subject_of(version), "use_case": USE_CASE, "stage": stage})
    said(f"submission {made['id']}: {MODEL_ID}@{version['revision'][:8]} for {stage}")
    return dict(made)


def attach(engineer: Portal, submission: int, result: dict[str, str], role: str, *, table: str = "predictions") -> None:
    """A table of a version attached to a submission in a role, unless it is there already."""
    data = Path(result[table]).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    attached = engineer.get(f"submissions/{submission}/evidence/")["items"]
    if any(item["sha256"] == digest and item["role"] == role for item in attached):
        return
    upload = engineer.upload(data, filename=Path(result[table]).name, media_type="text/csv")
    engineer.post(f"submissions/{submission}/evidence/", {"role": role, "upload": upload["id"]})
    said(f"{role} attached, declared by the submitter: {upload['bytes']:,} bytes")


def report_pilot(owner: Portal, submission: int) -> None:
    """What the pilot showed. There was none: the figures are made up, and the file says so."""
    if owner.get(f"submissions/{submission}/pilot-reports/"):
        return
    today = dt.datetime.now(dt.UTC).date()
    figures = {"requests": 1_200, "complaints": 3, "drift": 0.04, "cost_per_1000": 0.35}
    data = b"Made up for the demonstration; a real report has the figures of a real pilot.\n"
    upload = owner.upload(data, filename="pilot.txt", media_type="text/plain")
    report = {
        "started_on": str(today - dt.timedelta(days=21)),
        "ended_on": str(today - dt.timedelta(days=1)),
        "rollback_drill_on": str(today - dt.timedelta(days=2)),
        "upload": upload["id"],
    }
    owner.post(f"submissions/{submission}/pilot-reports/", report | figures)
    said("a pilot of 21 days reported, with figures that are made up for the demonstration")


def audited(engineer: Portal, submission: int, *, within: float = 240.0) -> dict[str, Any]:
    """Until no audit of the submission waits or runs, with each run's own progress. A lost worker only costs time."""
    deadline = time.monotonic() + within
    while True:
        state: dict[str, Any] = engineer.get(f"submissions/{submission}/")
        waiting = [r for r in state["requirements"] if r["status"] == "pending" and r.get("run")]
        if not waiting:
            return state
        for run_id in sorted({requirement["run"] for requirement in waiting}):
            run = engineer.get(f"runs/{run_id}/")
            done, total = run["progress"]["done"], run["progress"]["total"]
            bar(f"{run['kind']} run {run_id}, attempt {run['attempt']}", done, total, "rows")
        if time.monotonic() > deadline:
            raise Refused(f"the audits of submission {submission} did not end within {within:.0f} s")
        time.sleep(0.3)


def tell(state: dict[str, Any]) -> None:
    """Print how each requirement of a submission stands."""
    for requirement in state["requirements"]:
        said(f"{requirement['status']:<12} {requirement['title']}: {requirement['message']}")


def review(people: dict[str, Portal], submission: int) -> None:
    """Everybody agrees for their lane, and the approver approves."""
    for email, name, roles, _scopes in PEOPLE:
        lanes = [role.split(":")[1] for role in roles.split(",") if role.startswith("reviewer:")]
        for lane in lanes:
            state = people[email].get(f"submissions/{submission}/")
            if state["state"] != "in_review":
                continue
            agreed = [vote["agreeing"] for vote in state["lanes"] if vote["lane"] == lane]
            if agreed and agreed[0]:
                continue
            vote = {"lane": lane, "value": 1, "comment": f"Read the card, the figures and the method: {lane} agrees."}
            people[email].post(f"submissions/{submission}/votes/", vote, edition=state["edition"])
            said(f"{name} agrees for {lane}")
    state = people[APPROVER].get(f"submissions/{submission}/")
    if state["state"] == "in_review":
        people[APPROVER].post(f"submissions/{submission}/approve/", {"reason": ""}, edition=state["edition"])
        said("approved")
