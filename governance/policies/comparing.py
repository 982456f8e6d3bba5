"""One item of the portfolio under the policies of now and under a text that may be published. Nothing is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from governance.policies import facts as facts_of
from governance.policies.evaluation import OPENS, AppliedPolicy, Evaluation, evaluate
from governance.policies.expressions import Known, atoms, programs
from governance.policies.portfolio import Item
from governance.policies.queries import required_kinds
from governance.policies.shapes import PolicyDocument

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
    """What publishing ``new`` would do to an item; None where neither it nor what it replaces speaks about it."""
    (result,) = compared_all([item], new=new, current=current, at=at)
    return result


def compared_all(
    items: Sequence[Item], *, new: AppliedPolicy, current: Sequence[AppliedPolicy], at: dt.datetime
) -> list[Compared | None]:
    """The same for each of several items. What has to be read anew of their facts is read for all together.

    An approval was granted under its own policies, so it is held against the new one alone, with the votes that it was
    granted on. A submission is held against all that would apply.
    """
    asked = [_asked(item, new=new, current=current) for item in items]
    meant = [(item, one) for item, one in zip(items, asked, strict=True) if one is not None]
    known = iter(_facts([(item, one.kinds) for item, one in meant], at=at))
    return [
        None if one is None else _held(item, one, next(known), new=new, at=at)
        for item, one in zip(items, asked, strict=True)
    ]


@dataclass(frozen=True)
class _Asked:
    """The policies that an item is held against before and after, and the audit kinds that they name."""

    before: Sequence[AppliedPolicy]
    after: Sequence[AppliedPolicy]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(required_kinds([*self.after, *self.before]))


def _asked(item: Item, *, new: AppliedPolicy, current: Sequence[AppliedPolicy]) -> _Asked | None:
    applying = [policy for policy in current if speaks_about(policy, item)]
    replaced = [policy for policy in applying if policy.name == new.name]
    speaks = speaks_about(new, item)
    if not speaks and (not replaced or item.what == APPROVAL):
        return None
    others = [policy for policy in applying if policy.name != new.name]
    return _Asked(applying, [new] if item.what == APPROVAL else [*others, *([new] if speaks else [])])


def _held(item: Item, asked: _Asked, known: dict[str, Any], *, new: AppliedPolicy, at: dt.datetime) -> Compared:
    told: dict[str, Any] = {"facts": known, "votes": item.votes, "at": at, "current_round": item.round}
    judged = evaluate(policies=asked.after, **told)
    if item.what == APPROVAL:
        # An approval that holds stays what it is: only whether the gate opens is asked of it.
        before = judged.verdict if judged.opens else item.verdict
        if item.closed_by == {new.name}:  # by the version of before, and by nothing else
            before = "deny"
    else:
        before = evaluate(policies=asked.before, **told).verdict
    return Compared(before, judged, known)


def without_all(
    items: Sequence[Item], *, name: str, current: Sequence[AppliedPolicy], at: dt.datetime
) -> list[Outcome | None]:
    """What retiring a policy would do to items; None where the policy does not speak about one.

    An approval rests on the policies that it was granted under, whatever becomes of them: it only opens again where
    this one alone has closed it since. A submission is held against those that remain.
    """
    asked = [_asked_without(item, name=name, current=current) for item in items]
    meant = [(item, one) for item, one in zip(items, asked, strict=True) if one is not None and item.what != APPROVAL]
    known = iter(_facts([(item, one.kinds) for item, one in meant], at=at))
    found: list[Outcome | None] = []
    for item, one in zip(items, asked, strict=True):
        if one is None:
            found.append(None)
        elif item.what == APPROVAL:
            found.append(Outcome("deny" if item.closed_by == {name} else item.verdict, item.verdict))
        else:
            told: dict[str, Any] = {"facts": next(known), "votes": item.votes, "at": at, "current_round": item.round}
            before, after = evaluate(policies=one.before, **told), evaluate(policies=one.after, **told)
            found.append(Outcome(before.verdict, after.verdict, after.reason_codes))
    return found


def _asked_without(item: Item, *, name: str, current: Sequence[AppliedPolicy]) -> _Asked | None:
    applying = [policy for policy in current if speaks_about(policy, item)]
    others = [policy for policy in applying if policy.name != name]
    return _Asked(applying, others) if len(others) < len(applying) else None


def _facts(items: Sequence[tuple[Item, frozenset[str]]], *, at: dt.datetime) -> list[dict[str, Any]]:
    """The facts of items: as they are kept where they speak of every audit that is asked for, else read anew."""
    old = [
        (item, kinds)
        for item, kinds in items
        if not kinds <= {row.get("kind") for row in (item.facts or {}).get("audits", ())}
    ]
    read = facts_of.facts_of([facts_of.About(one.version, one.use_case, one.stage, kinds) for one, kinds in old], at=at)
    anew = {(item.what, item.number): document for (item, _kinds), document in zip(old, read, strict=True)}
    return [anew.get((item.what, item.number)) or dict(item.facts or {}) for item, _kinds in items]


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
