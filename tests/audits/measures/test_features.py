"""Features of a table: numbers or categories as their cells are, the same from every format and in any order."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.measures import kept_rows
from audits.measures.bias import open_for, read_once
from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan, PlanRejected, plan_from
from audits.measures.tables import TableRejected
from audits.measures.tables.chunks import Column
from tests.audits.measures.made import audited, csv_of, plan_of, shared_table

CELLS: dict[str, list[object]] = {
    "amount": [1.5, 2, None, 4.25, *range(10, 30)],
    "flag": [0, 1, 1, 0] * 6,
    "mixed": ["a", "1", "b", "1.50"] * 6,
    "empty": [None] * 24,
    "yes": [True, False] * 12,
}


def kept(data: bytes, *features: str) -> JudgedRows:
    plan = plan_of(features=features)
    with open_for(io.BytesIO(data), plan) as table:
        rows = read_once(table, plan)[1]
    assert rows is not None
    return rows


def rows() -> list[dict[str, object]]:
    return [
        {"label": at % 2, "prediction": at // 2 % 2, "group": "xy"[at % 2]} | {name: c[at] for name, c in CELLS.items()}
        for at in range(24)
    ]


def as_csv() -> bytes:
    made = ["" if one is None else one for row in rows() for one in row.values()]
    width = len(rows()[0])
    lines = [",".join(map(str, made[at : at + width])) for at in range(0, len(made), width)]
    return csv_of(lines, header=",".join(rows()[0]))


def as_jsonl() -> bytes:
    return "\n".join(json.dumps(row) for row in rows()).encode()


def as_parquet() -> bytes:
    table = pa.table({name: pa.array([row[name] for row in rows()]) for name in rows()[0]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize("written", [as_csv, as_jsonl, as_parquet])
def test_features_read_alike_from_every_format(written) -> None:
    found = kept(written(), *CELLS).features

    amount, flag, mixed, empty, yes = (found[name] for name in CELLS)
    assert isinstance(amount, np.ndarray)
    assert (amount[:2].tolist(), math.isnan(amount[2]), amount[3]) == ([1.5, 2.0], True, 4.25)
    assert isinstance(flag, Column)
    assert flag.values == ("0", "1")
    assert isinstance(mixed, Column)
    assert mixed.values == ("1", "1.5", "a", "b")
    assert isinstance(empty, Column)
    assert (empty.values, set(empty.codes.tolist())) == ((), {-1})
    assert isinstance(yes, Column)
    assert yes.values == ("false", "true")


def test_a_column_that_turns_to_texts_late_is_categories_from_the_start() -> None:
    lines = [f"{at % 2},{at % 2},{'xy'[at // 2 % 2]},{at % 700}.0" for at in range(60_000)]
    late = [*lines, "1,1,x,unknown"]

    found = kept(csv_of(late, header="label,prediction,group,f"), "f").features["f"]

    assert isinstance(found, Column)
    assert len(found.values) == 701
    assert {"0", "699", "unknown"} <= set(found.values)
    turned = kept(csv_of(late[::-1], header="label,prediction,group,f"), "f").features["f"]
    assert isinstance(turned, Column)
    assert (turned.values, turned.codes[::-1].tolist()) == (found.values, found.codes.tolist())


def test_a_feature_may_have_ten_thousand_values_and_gives_no_slice() -> None:
    lines = [f"{at % 2},{at // 2 % 2},{'xy'[at // 4 % 2]},id{at}" for at in range(10_000)]

    document = audited(csv_of(lines, header="label,prediction,group,f"), plan_of(features=("f",)))

    (about,) = [one for one in document["slice_search"]["columns"] if one["column"] == "f"]
    assert (about["values"], about["items"], about["why"]) == (10_000, 0, "every_value_too_rare")


def test_a_sensitive_column_of_ten_thousand_values_is_refused_with_features_too() -> None:
    lines = [f"{at % 2},{at // 2 % 2},id{at},{at}" for at in range(10_000)]

    with pytest.raises(TableRejected, match="more than 100 different values") as refused:
        audited(csv_of(lines, header="label,prediction,group,f"), plan_of(features=("f",)))

    assert refused.value.code == "too_many_groups"


def test_more_categories_than_can_be_held_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(kept_rows, "MAX_CATEGORIES", 50)
    lines = [f"{at % 2},{at // 2 % 2},{'xy'[at % 2]},id{at}" for at in range(100)]

    with pytest.raises(TableRejected, match="'f' has more than 50 different values that are no numbers; leave it out"):
        audited(csv_of(lines, header="label,prediction,group,f"), plan_of(features=("f",)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"features": ("label",)}, "column_named_twice"),
        ({"features": ("a", "a")}, "column_named_twice"),
        ({"features": ("s",), "score": "s"}, "column_named_twice"),
        ({"legitimate": ("group",)}, "column_named_twice"),
        ({"features": tuple(f"f{at}" for at in range(51))}, "too_many_features"),
        ({"legitimate": tuple(f"f{at}" for at in range(11))}, "too_many_legitimate"),
        ({"features": ("f",), "task": "multiclass"}, "key_not_for_task"),
    ],
)
def test_columns_that_cannot_be_features_are_refused(changes, code) -> None:
    with pytest.raises(PlanRejected) as refused:
        plan_of(**changes)

    assert refused.value.code == code


def test_a_plan_without_features_reads_as_it_did_before_there_were_any() -> None:
    document = plan_of().as_document()

    assert not {"features", "legitimate"} & set(document)
    with_them: BiasPlan = plan_of(features=("a",), legitimate=("a", "b"))
    assert plan_from(with_them.as_document()) == with_them
    assert with_them.other_columns == ("a", "b")


def test_names_that_would_be_formulas_and_a_missing_feature_are_told_as_they_are() -> None:
    data = csv_of(["1,1,x,1", "0,0,y,2"], header="label,prediction,group,=1+1")

    with pytest.raises(TableRejected, match="'=1\\+2'"):
        kept(data, "=1+2")
    assert set(kept(data, "=1+1").features) == {"=1+1"}


def test_compas_has_its_worst_slices_with_the_features_it_came_with() -> None:
    plan = plan_of(
        label="two_year_recid",
        prediction="high",
        sensitive=("race", "sex"),
        features=("age", "priors_count", "c_charge_degree"),
    )
    import csv
    import gzip

    with gzip.open(shared_table("compas-scores-two-years.csv.gz"), "rt") as file:
        people = [row | {"high": str(int(row["score_text"] != "Low"))} for row in csv.DictReader(file)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(people[0]))
    writer.writeheader()
    writer.writerows(people)

    document = audited(text.getvalue().encode(), plan)

    found = [row for row in document["worst_slices"] if row["metric"] == "false_positive_rate"]
    # many priors: labelled as dangerous, and mostly wrong about those who did not come back
    assert any("priors_count" in row["slice"] and row["gap"] > 0.2 for row in found)
    assert document["slice_search"]["rows_discovery"] == 3_607
