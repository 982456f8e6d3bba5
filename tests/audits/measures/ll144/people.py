"""Tables of people for tests of the audit under Local Law 144."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audits.measures.ll144.audit import audit_ll144, open_for
from audits.measures.ll144.plan import ll144_plan_from

Person = Sequence[object]


def table_of(people: Iterable[Person], head: Sequence[str] = ("sex", "race", "selected")) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([head, *people])
    return written.getvalue().encode()


def counted(groups: Mapping[tuple[str, str], tuple[int, int]]) -> list[Person]:
    """People of each (sex, race): k of n selected."""
    return [(*group, int(at < k)) for group, (k, n) in groups.items() for at in range(n)]


def audited(data: bytes, **plan: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"sex": "sex", "race": "race"}
    if not {"selected", "score", "group"} & set(plan):
        given["selected"] = "selected"
    read = ll144_plan_from(given | plan)
    with open_for(io.BytesIO(data), read) as table:
        return audit_ll144(table, read)


def rows_of(document: Mapping[str, Any], table: str, *, group: str | None = None) -> dict[str, dict[str, Any]]:
    (made,) = [one for one in document["tables"] if one["table"] == table and one["outcome"]["group"] == group]
    return {row["category"]: row for row in made["rows"]}


def table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(one for one in document["tables"] if one["table"] == name)
