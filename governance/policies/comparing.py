"""One item of the portfolio under the policies of now and under a text that may be published. Nothing is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from governance.policies import facts as facts_of
from governance.policies.documents import PolicyDocument
from governance.policies.evaluation import OPENS, AppliedPolicy, Evaluation, evaluate
from governance.policies.expressions import Known, atoms, programs
from governance.policies.portfolio import Item
from governance.policies.queries import required_kinds

APPROVAL = "approval"


@dataclass(frozen=True)
class Compared:
    """How one item comes out before and after; ``touched`` is whether the policy speaks about it at all."""

    before: str
    after: Evaluation
    facts: dict[str, Any]

    @property
    def flips(self) -> bool:
        return self.before != self.after.verdict

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.before, self.after.verdict, self.after.reason_codes)


@dataclass(frozen=True)
class Outcome:
    """How one item comes out before and after a change, and the reasons of the latter."""

    before: str
    after: str
    reason_codes: tuple[str, ...] = ()

    @property
    def flips(self) -> bool:
        return self.before != self.after

    @property
    def opens(self) -> bool:
        """Whether the gate opens after it."""
        return self.after in OPENS


def draft(document: PolicyDocument, *, number: int = 0) -> AppliedPolicy:
    """A text as the policy that it would be."""
    return AppliedPolicy(document.name, number, document.sha256, document)


def speaks_about(policy: AppliedPolicy, item: Item) -> bool:
    return policy.document.applies_to(kind=item.version.entry.kind, tier=item.use_case.tier, stage=item.stage)


def compared(item: Item, *, new: AppliedPolicy, current: Sequence[AppliedPolicy], at: dt.datetime) -> Compared | None:
    """What publishing ``new`` would do to an item; None where neither it nor what it replaces speaks about it.

    An approval was granted under its own policies, so it is held against the new one alone, with the votes that it was
    granted on. A submission is held against all that would apply.
    """
    applying = [policy for policy in current if speaks_about(policy, item)]
    replaced = [policy for policy in applying if policy.name == new.name]
    speaks = speaks_about(new, item)
    if not speaks and (not replaced or item.what == APPROVAL):
        return None
    others = [policy for policy in applying if policy.name != new.name]
    after = [new] if item.what == APPROVAL else [*others, *([new] if speaks else [])]
    known = _facts(item, kinds=set(required_kinds([*after, *applying])), at=at)
    judged = evaluate(policies=after, facts=known, votes=item.votes, at=at, current_round=item.round)
    if item.what == APPROVAL:
        # An approval that holds stays what it is: only whether the gate opens is asked of it.
        before = judged.verdict if judged.opens else item.verdict
        if item.closed_by == {new.name}:  # by the version of before, and by nothing else
            before = "deny"
    else:
        before = evaluate(policies=applying, facts=known, votes=item.votes, at=at, current_round=item.round).verdict
    return Compared(before, judged, known)


def without(item: Item, *, name: str, current: Sequence[AppliedPolicy], at: dt.datetime) -> Outcome | None:
    """What retiring a policy would do to an item; None where the policy does not speak about it.

    An approval rests on the policies that it was granted under, whatever becomes of them: it only opens again where
    this one alone has closed it since. A submission is held against those that remain.
    """
    applying = [policy for policy in current if speaks_about(policy, item)]
    others = [policy for policy in applying if policy.name != name]
    if len(others) == len(applying):
        return None
    if item.what == APPROVAL:
        return Outcome("deny" if item.closed_by == {name} else item.verdict, item.verdict)
    known = _facts(item, kinds=set(required_kinds(applying)), at=at)
    before, after = (
        evaluate(policies=policies, facts=known, votes=item.votes, at=at, current_round=item.round)
        for policies in (applying, others)
    )
    return Outcome(before.verdict, after.verdict, after.reason_codes)


def _facts(item: Item, *, kinds: AbstractSet[str], at: dt.datetime) -> dict[str, Any]:
    """The facts of an item: as they are kept where they speak of every audit that is asked for, else read anew."""
    kept = item.facts or {}
    if kinds <= {row.get("kind") for row in kept.get("audits", ())}:
        return dict(kept)
    return facts_of.facts(version=item.version, use_case=item.use_case, stage=item.stage, kinds=kinds, at=at)


def answered_atoms(
    document: PolicyDocument, facts: dict[str, Any], *, at: dt.datetime
) -> dict[str, list[dict[str, str]]]:
    """The parts of every condition with what the facts say to each: which of them it is that does not hold."""
    known = Known(facts)
    answers: dict[str, list[dict[str, str]]] = {}
    for requirement in document.requirements:
        for text in requirement.expressions:
            parts = atoms(text)
            compiled = programs(document.sha256, parts)
            said = [(part, known.ask(compiled[part], at=at)) for part in parts]
            answers.setdefault(requirement.id, []).extend(
                {"text": part, "outcome": one.outcome.value, "error": one.error} for part, one in said
            )
    return answers


def differences(older: PolicyDocument, newer: PolicyDocument) -> list[dict[str, Any]]:
    """What changed from one document to the next, value by value: path, before, after."""
    before, after = _flat(older.as_json()), _flat(newer.as_json())
    return [
        {"path": path, "before": before.get(path), "after": after.get(path)}
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
    ]


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every value by its path; members of a list that have an id, lane or name are called by it."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for key, item in value.items():
            found |= _flat(item, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        found = {}
        for number, item in enumerate(value):
            name = item.get("id") or item.get("lane") or item.get("name") or number
            found |= _flat(item, f"{path}[{name}]")
        return found
    return {path: ", ".join(map(str, value)) if isinstance(value, list) else value}
