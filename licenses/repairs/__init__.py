"""What would end a conflict, and what would meet a duty that is open: changes to a case, each proved by judging the
changed case again.

A repair is never derived from a rule. Candidates come from what the findings name (a licence, a prefix, a work); the
changed case goes through the engine, and what the engine no longer finds is what the repair clears.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from licenses.evidence import OPEN
from licenses.repairs.conflicts import candidates, prefixed
from licenses.repairs.duties import duties
from licenses.repairs.steps import COSTS, MESSAGES, MODES, Answer, Case, Check, Step
from licenses.repairs.trials import MAX_RUNS, Repair, Trials

__all__ = ["COSTS", "MAX_RUNS", "MESSAGES", "MODES", "is_needed", "plan", "prefixed"]

MAX_REPAIRS = 20
_MAX_TOGETHER = 3


def plan(case: Case, answer: Answer, check: Check) -> list[dict[str, Any]]:
    """The cheapest repairs of a case, cheap ones first.

    Args:
        case: as ``compat.check`` takes it.
        answer: what ``check`` answers to it.
        check: judges a changed case; ``compat.check`` without repairs.

    Returns:
        ``{"action", "target", "message", "clears", "verdict", "params"}``: ``clears`` are the codes that the changed
        case no longer has, and of what meets a duty those that are open no longer; ``verdict`` is its verdict,
        ``params`` word the message; ``introduces`` is there only where the change brings codes that the case did not
        have, never a conflict. Those that end every conflict come first.
        Two or three changes stand together (``declare_and_rename``, or ``several`` with ``params["steps"]``) only where
        none of them ends the conflicts alone and nothing cheaper does.
    """
    found = [*duties(case, answer), *candidates(case, answer)]
    steps = sorted(found, key=lambda step: (step.cost, step.action, step.target))
    trials = Trials(case, answer, check)
    repairs = [repair for step in steps if (repair := trials.tried((step,)))]
    if any(code.startswith("C-") for code in answer["codes"]):
        repairs += _together(steps, repairs, trials)
    repairs.sort(key=lambda repair: (repair.after["verdict"] == "conflict", repair.cost, repair.target))
    return [repair.as_json() for repair in repairs[:MAX_REPAIRS]]


def is_needed(answer: Answer) -> bool:
    """Whether there may be anything to repair: a conflict, or a duty that was looked for and is open."""
    return answer["verdict"] == "conflict" or any(one.get("state") == OPEN for one in answer["findings"])


def _together(steps: Sequence[Step], alone: Sequence[Repair], trials: Trials) -> Iterator[Repair]:
    """Two or three changes that end every conflict together, none of them in vain, cheaper than any that does alone."""
    limit = min((repair.cost for repair in alone if repair.ends_conflict), default=None)
    partial = [step for step in steps if trials.helps(step)]
    groups = [group for number in (2, 3) for group in combinations(partial, number)]
    found: list[Repair] = []
    for group in sorted(groups, key=lambda group: (sum(step.cost for step in group), len(group))):
        if limit is not None and sum(step.cost for step in group) > limit:
            break
        if any(set(map(id, known.steps)) <= set(map(id, group)) for known in found):
            continue
        repair = trials.tried(group)
        if repair is not None and repair.ends_conflict:
            found.append(repair)
            yield repair
            if len(found) == _MAX_TOGETHER:
                return
