"""Facts, runs and votes that evaluations are made of in tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import rfc8785

from governance.policies.evaluation import Evaluation, VoteFact, evaluate
from tests.governance.policies.documents import applied

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)

NO_VOTES: dict[str, Any] = {"votes": None, "distinctVoters": None}


def audit(kind: str = "bias", verdict: str = "pass", *, days: float = 1, run: int = 7, **more: Any) -> dict[str, Any]:
    """A succeeded run in the facts, finished so many days before noon."""
    finished = (NOON - dt.timedelta(days=days)).isoformat()
    return {
        "kind": kind,
        "state": "succeeded",
        "verdict": verdict,
        "origin": "declared",
        "run": run,
        "inputs_digest": "0" * 64,
        "finished_at": finished,
        "age_days": days,
    } | more


def facts(
    *audits: dict[str, Any], tier: str = "high", stage: str = "production", kind: str = "model"
) -> dict[str, Any]:
    return {
        "subject": {"kind": kind, "id": "acme/credit", "digest": "d" * 64},
        "use_case": {"slug": "home-loans", "tier": tier, "purpose": "decide on loans"},
        "stage": stage,
        "audits": list(audits),
        "metrics": {},
        "waivers": [],
        "asked_at": NOON.isoformat(),
    }


def agree(lane: str, voter: str, value: int = 1, round_: int = 1, number: int = 0) -> VoteFact:
    return VoteFact(lane=lane, value=value, voter=voter, round=round_, number=number)


def judged(*audits: dict[str, Any], at: dt.datetime = NOON, **changes: Any) -> Evaluation:
    """A policy with one bias requirement and no votes, held against the audits."""
    return evaluate(policies=[applied(**(NO_VOTES | changes))], facts=facts(*audits), votes=[], at=at)


def canonical(evaluation: Evaluation) -> bytes:
    return rfc8785.dumps(evaluation.as_json())
