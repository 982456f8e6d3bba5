"""Suites for tests."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audits.measures.suites.audit import audit_suite
from audits.measures.suites.cases import open_for
from audits.measures.suites.plan import suite_plan_from

TEXTS = Path(__file__).parents[5] / "shared" / "data" / "text"
HEAD = ("functionality", "case_id", "test_case", "label_gold", "prediction", "target_ident", "templ_id")


def shared_text(name: str) -> Path:
    """A published text suite, or a skipped test where it is not at hand."""
    path = TEXTS / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def hatecheck() -> list[dict[str, str]]:
    with gzip.open(shared_text("hatecheck_test_suite_cases.csv.gz"), "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_of(rows: Iterable[Sequence[object]], head: Sequence[str] = HEAD) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([head, *rows])
    return written.getvalue().encode()


def dicts_as_table(rows: Sequence[Mapping[str, object]]) -> bytes:
    return table_of([tuple(row.values()) for row in rows], tuple(rows[0]))


def cases(functionality: str, right: int, of: int, *, label: str = "yes", target: str = "") -> list[tuple[Any, ...]]:
    """``right`` of ``of`` cases answered as they should be, each of a template of its own."""
    other = {"yes": "no", "no": "yes"}[label]
    return [
        (
            functionality,
            f"{functionality}-{target}-{at}",
            f"{functionality} {target} {at}",
            label,
            label if at < right else other,
            target,
            "",
        )
        for at in range(of)
    ]


def audited(data: bytes, *, seed: int = 0, **plan: Any) -> dict[str, Any]:
    read = suite_plan_from(plan)
    with open_for(io.BytesIO(data), read) as table:
        return audit_suite(table, read, seed=seed)


def functionality(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in document["functionalities"] if row["functionality"] == name)


def codes(document: Mapping[str, Any]) -> list[str]:
    return [reason["code"] for reason in document["reasons"]]
