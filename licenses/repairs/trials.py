"""Changed cases on their way through the engine, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licenses.evidence import OPEN
from licenses.findings import RANK
from licenses.repairs.steps import Answer, Case, Check, Step, message

MAX_RUNS = 200
_MAX_WORKS = 2_000
"""Works that all runs together may judge: a large graph gets fewer runs, never fewer than ``_FEWEST_RUNS``."""
_FEWEST_RUNS = 12
_REFERENCE = frozenset({"id", "type", "relation", "revision"})


@dataclass(frozen=True)
class Repair:
    """Steps with what they changed."""

    steps: tuple[Step, ...]
    after: Answer
    clears: tuple[str, ...]
    introduces: tuple[str, ...]

    @property
    def cost(self) -> int:
        return sum(step.cost for step in self.steps)

    @property
    def target(self) -> str:
        return self.steps[0].target

    @property
    def ends_conflict(self) -> bool:
        return bool(self.after["verdict"] != "conflict")

    def as_json(self) -> dict[str, Any]:
        first = self.steps[0]
        action, params = first.action, dict(first.params)
        if {step.action for step in self.steps} == {"declare", "rename"}:
            action = "declare_and_rename"
            # the licence that is declared and not, where they differ, the one that asks for the name
            params = {key: value for step in reversed(self.steps) for key, value in step.params.items()}
        elif len(self.steps) > 1:
            action = "several"
            steps = [{"action": one.action, "target": one.target, "params": dict(one.params)} for one in self.steps]
            params = {"steps": steps}
        shown: dict[str, Any] = {
            "action": action,
            "target": self.target,
            "message": message(action, params),
            "clears": list(self.clears),
            "verdict": self.after["verdict"],
            "params": params,
        }
        if self.introduces:
            shown["introduces"] = list(self.introduces)
        return shown


class Trials:
    """Changed cases on their way through the engine, within a number of runs."""

    def __init__(self, case: Case, answer: Answer, check: Check) -> None:
        self.case, self.check = case, check
        self.before, self.open = set(answer["codes"]), _keys(answer)
        self.unmet, self.rank = _unmet(answer), RANK[answer["verdict"]]
        self.runs = max(_FEWEST_RUNS, min(MAX_RUNS, _MAX_WORKS // max(1, _size(case))))
        self.after: dict[tuple[int, ...], Answer | None] = {}

    def tried(self, steps: tuple[Step, ...]) -> Repair | None:
        """The steps as a repair, or None where they clear nothing that was to be repaired or bring a new conflict."""
        after = self._answer(steps)
        if after is None:
            return None
        codes = set(after["codes"])
        meets = frozenset[str]().union(*(step.meets for step in steps))
        met = meets & self.unmet - _unmet(after)
        clears, introduces = sorted((self.before - codes) | met), sorted(codes - self.before)
        wanted = [code for code in clears if code.startswith("C-") or code in meets]
        if not wanted or any(code.startswith("C-") for code in introduces):
            return None
        if meets and RANK[after["verdict"]] > self.rank:  # a text too many may say something else
            return None
        return Repair(steps, after, tuple(clears), tuple(introduces))

    def helps(self, step: Step) -> bool:
        """Whether a step alone ends some conflict, on one chain at least."""
        after = self._answer((step,))
        return after is not None and bool(self.open - _keys(after))

    def _answer(self, steps: tuple[Step, ...]) -> Answer | None:
        key = tuple(sorted(map(id, steps)))
        if key not in self.after:
            if self.runs <= 0:
                return None
            self.runs -= 1
            changed = self.case
            for step in steps:
                changed = step.change(changed)
            self.after[key] = self.check(changed)
        return self.after[key]


def _keys(answer: Answer) -> set[tuple[str, str, tuple[str, ...]]]:
    """The conflicts of an answer, chain by chain."""
    return {
        (one["code"], one["params"]["licence_id"], tuple(one["chain"]))
        for one in answer["findings"]
        if one["severity"] == "conflict"
    }


def _unmet(answer: Answer) -> set[str]:
    """The codes of duties that are open somewhere."""
    return {one["code"] for one in answer["findings"] if one.get("state") == OPEN}


def _size(case: Case) -> int:
    """Works that one run judges, nested ones included; of what only names a work, none."""
    number, stack = 1, [case.get("works") or (), case.get("upstream") or ()]
    while stack and number < _MAX_WORKS:
        for one in stack.pop():
            number += not isinstance(one, Mapping) or not _REFERENCE.issuperset(one)
            if isinstance(one, Mapping) and one.get("upstream"):
                stack.append(one["upstream"])
    return number
