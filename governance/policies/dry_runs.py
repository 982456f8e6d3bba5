"""A dry run: one submission under a text that may be published. Nothing is stored."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.policies import queries, wording
from governance.policies.comparing import answered_atoms, compared, draft
from governance.policies.portfolio import Item
from governance.policies.shapes import PolicyDocument


def dry_run(document: PolicyDocument, item: Item, *, at: dt.datetime) -> dict[str, Any]:
    """How a submission stands now, and how it would: every requirement, with the parts of conditions that fail."""
    new = draft(document)
    current = [queries.applied(version) for version in queries.in_force(at=at)]
    told = {"submission": item.number, "policy": {"name": new.name, "sha256": new.sha256}}
    result = compared(item, new=new, current=current, at=at)
    if result is None:
        nothing: dict[str, Any] = {"reason_codes": [], "requirements": [], "next_steps": []}
        return told | nothing | {"applies": False, "before": item.verdict, "after": item.verdict}
    judged = result.after
    atoms = answered_atoms(document, result.facts, at=at)
    return told | {
        "applies": any(policy.name == new.name for policy in judged.policies),
        "before": result.before,
        "after": judged.verdict,
        "reason_codes": list(judged.reason_codes),
        "requirements": [
            {
                **row,
                "message": wording.message(row),
                "atoms": atoms.get(row["id"], []) if row["policy"] == new.name else [],
            }
            for row in judged.as_json()["requirements"]
        ],
        "next_steps": [{**step.as_json(), "message": wording.step(step.as_json())} for step in judged.next_steps],
    }
