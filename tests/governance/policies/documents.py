"""Policies for tests: a valid file as data, to be changed where a test is about something."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from governance.policies.documents import parse
from governance.policies.evaluation import AppliedPolicy
from governance.policies.problems import PolicyInvalid, Problem
from governance.policies.shapes import PolicyDocument

KINDS = {
    "card": ("pass", "warn", "fail"),
    "license": ("conflict", "unknown", "warning", "obligation", "pass"),
    "bias": ("pass", "warn", "fail", "insufficient_data", "no_information"),
}

POLICY: dict[str, Any] = {
    "apiVersion": "assay/v1",
    "kind": "Policy",
    "metadata": {"name": "high-production", "title": "High risk, in production"},
    "appliesTo": {"stages": ["production"], "tiers": ["high"], "kinds": ["model"]},
    "requirements": [
        {
            "id": "bias.pass",
            "title": "No group is treated worse",
            "kind": "bias",
            "verdicts": ["pass"],
            "maxAgeDays": 30,
            "severity": "fail",
        }
    ],
    "votes": [{"lane": "ethics", "min": 1, "veto": -2}, {"lane": "domain", "min": 2, "veto": -1}],
    "distinctVoters": 3,
    "validDays": 90,
    "autoDecide": False,
}


def policy(**changes: Any) -> dict[str, Any]:
    """The file's data with some top-level keys replaced; None removes one."""
    changed = copy.deepcopy(POLICY) | changes
    return {key: value for key, value in changed.items() if value is not None}


def requirement(**changes: Any) -> dict[str, Any]:
    """The file's requirement with some keys replaced; None removes one."""
    changed = copy.deepcopy(POLICY["requirements"][0]) | changes
    return {key: value for key, value in changed.items() if value is not None}


def document(**changes: Any) -> PolicyDocument:
    """The document of a changed policy. JSON is YAML."""
    return parse(json.dumps(policy(**changes)), known_kinds=KINDS)


def applied(number: int = 1, **changes: Any) -> AppliedPolicy:
    """A published version of a changed policy."""
    found = document(**changes)
    return AppliedPolicy(found.name, number, found.sha256, found)


BOMBS = {
    "billion laughs": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)),
    "an alias of itself": "a: &a [*a]",
    "ten megabytes": "key: value\n" * 1_000_000,
    "a thousand levels in flow": "[" * 1000 + "]" * 1000,
    "sixty thousand levels in flow": "[" * 60_000,
    "a thousand mappings deep": "{a: " * 1000 + "1" + "}" * 1000,
    "thirty thousand levels in blocks": "- " * 30_000,
    "thirty thousand complex keys": "? " * 30_000,
    "thirty thousand items": f"[{'1,' * 30_000}]",
    "an object to construct": "a: !!python/object/apply:os.system ['echo built']",
    "an object as a key": "!!python/object:os.system x: 1",
    "sixty thousand quotes": "'" * 60_001,
    "ten thousand documents": "---\n" * 10_000,
}


FILE = """\
# What production at high risk needs.
apiVersion: assay/v1
kind: Policy
metadata: {name: high-production, title: "High risk, in production"}
appliesTo: {stages: [production], tiers: [high], kinds: [model]}
requirements:
  - {id: bias.pass, title: "No group is treated worse", kind: bias, verdicts: [pass], maxAgeDays: 30, severity: fail}
votes:
  - {lane: ethics, min: 1, veto: -2}
  - {lane: domain, min: 2, veto: -1}
distinctVoters: 3
validDays: 90
autoDecide: false
"""


def problems(text: str | bytes) -> list[Problem]:
    """All that is wrong with a file."""
    with pytest.raises(PolicyInvalid) as refused:
        parse(text, known_kinds=KINDS)
    return list(refused.value.problems)


def only(text: str | bytes) -> Problem:
    """The one thing that is wrong with a file."""
    found = problems(text)
    assert [problem.code for problem in found] == [found[0].code], [str(problem) for problem in found]
    return found[0]


def changed(old: str, new: str) -> str:
    """``FILE`` with one place of it written otherwise."""
    assert FILE.count(old) == 1, f"{old!r} has to stand in the file once"
    return FILE.replace(old, new)


RATIO = "has(metrics.bias_min_ratio) && metrics.bias_min_ratio >= 0.8"


def need(satisfied: str = RATIO, **more: Any) -> dict[str, Any]:
    """A requirement that a condition alone satisfies."""
    return {"id": "bias.ratio", "satisfiedIf": satisfied, **more}
