"""Judging many cases in one go. What decides is in ``licenses``; this is the one place that calls it for many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audits.kinds import license as licence_audit
from audits.kinds.base import Outcome


def judge_many(inputs: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """The outcome of the licence audit for each inputs, in their order; the same that a worker would store for each."""
    return [licence_audit.outcome(one) for one in inputs]
