"""What policies ask for, now and from a day on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from governance.catalog.models import Stage, Tier
from governance.evidence.showing import kind_name
from governance.gates.portfolio import changes_ahead
from governance.people.models import Lane
from governance.policies import queries as policies
from governance.reviews.models import Decision, Submission
from governance.reviews.showing.sentence import in_force


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
    """The newer policies under which an approval would not be granted, or was not judged yet, each with when that
    closes it.
    """
    if not in_force(decision, at=at) or decision is None or decision.approval is None:
        return []
    return [
        {**one, "closes_at": dt.datetime.fromisoformat(one["closes_at"])}
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
