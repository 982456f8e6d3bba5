"""Tables for tests: rows from confusion counts, as the bytes of a csv file, and the audit of them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audits.measures.bias import audit_table, open_for
from audits.measures.plan import BiasPlan

TABLES = Path(__file__).parents[4] / "shared" / "data" / "tables"

LONG = os.environ.get("LONG") == "1"

# (true negatives, false positives, false negatives, true positives)
Confusions = Mapping[str, tuple[int, int, int, int]]


def examples(few: int) -> int:
    """How many random examples a test tries: a few at every change, ten times as many in the long run."""
    return few * 10 if LONG else few


def rows_of(groups: Confusions) -> list[str]:
    """Lines ``label,prediction,group`` of groups given by their confusion counts."""
    lines = []
    for group, counts in groups.items():
        for (label, prediction), count in zip(((0, 0), (0, 1), (1, 0), (1, 1)), counts, strict=True):
            lines += [f"{label},{prediction},{group}"] * count
    return lines


def csv_of(lines: Iterable[str], header: str = "label,prediction,group") -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def plan_of(**changes: Any) -> BiasPlan:
    """A plan over one attribute; without resampling, so that tests are quick and exact."""
    given: dict[str, Any] = {
        "label": "label",
        "prediction": "prediction",
        "sensitive": ("group",),
        "gating": ("demographic_parity_ratio",),
        "bootstrap": 0,
    }
    return BiasPlan(**given | changes)


def audited(data: bytes | Path, plan: BiasPlan | None = None, *, seed: int = 0) -> dict[str, Any]:
    plan = plan or plan_of()
    with open_for(io.BytesIO(data) if isinstance(data, bytes) else data, plan) as table:
        return audit_table(table, plan, seed=seed)


def selected(**groups: tuple[int, int]) -> bytes:
    """A table in which ``k`` of ``n`` rows of each group are selected; half of the labels are positive."""
    lines = []
    for group, (k, n) in groups.items():
        lines += [f"{row % 2},{int(row < k)},{group}" for row in range(n)]
    return csv_of(lines)


def rate(document: Mapping[str, Any], metric: str, **slice_: str) -> Mapping[str, Any]:
    """The one row of a rate of one slice."""
    found: list[dict[str, Any]] = [
        row for row in document["metrics"] if row["metric"] == metric and row["slice"] == slice_
    ]
    assert len(found) == 1, f"{metric} of {slice_}: {len(found)} rows"
    return found[0]


def disparity(document: Mapping[str, Any], metric: str, *, scope: str = "group", **slice_: str) -> Mapping[str, Any]:
    """The one comparison of a slice; of a range, the one of the slice's attributes."""
    found: list[dict[str, Any]] = [
        row
        for row in document["disparities"]
        if row["metric"] == metric
        and row["scope"] == scope
        and (row["slice"] == slice_ if scope == "group" else set(row["slice"]) == set(slice_))
    ]
    assert len(found) == 1, f"{metric} of {slice_}: {len(found)} rows"
    return found[0]


def codes(document: Mapping[str, Any]) -> Sequence[str]:
    return [reason["code"] for reason in document["reasons"]]


def shared_table(name: str) -> Path:
    """A real table, or a skipped test where it is not at hand."""
    path = TABLES / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path
