"""Tables of counterfactual texts with answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audits.measures.counterfactual.audit import audit_counterfactual
from audits.measures.counterfactual.pairs import open_for
from audits.measures.counterfactual.plan import counterfactual_plan_from

HEAD = ("text_id", "template", "identity", "role", "prediction", "score")


def table_of(rows: Iterable[Sequence[object]], head: Sequence[str] = HEAD) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([head, *rows])
    return written.getvalue().encode()


def texts(*kinds: tuple[int, str, str, str], template: str | None = None) -> list[tuple[object, ...]]:
    """Texts about "a", their counterfactuals about "b" and controls, by (how many, answers of the three)."""
    rows: list[tuple[object, ...]] = []
    number = 0
    for count, original, counterfactual, control in kinds:
        for _ in range(count):
            number += 1
            own = template if template is not None else f"t{number}"
            for identity, role, answer in (
                ("a", "original", original),
                ("b", "counterfactual", counterfactual),
                ("a", "control", control),
            ):
                if answer != "-":
                    rows.append((f"x{number}", own, identity, role, answer, ""))
    return rows


def audited(data: bytes, *, seed: int = 0, **plan: Any) -> dict[str, Any]:
    read = counterfactual_plan_from({"bootstrap": 200, **plan})
    with open_for(io.BytesIO(data), read) as table:
        return audit_counterfactual(table, read, seed=seed)


def only(document: Mapping[str, Any]) -> dict[str, Any]:
    (row,) = document["comparisons"]
    return dict(row)


def codes(document: Mapping[str, Any]) -> list[str]:
    return [reason["code"] for reason in document["reasons"]]
