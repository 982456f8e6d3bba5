"""Rows in clusters count for fewer, so that ten rows of one person are not ten people."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.measures.scores.ranking import roc_auc
from tests.audits.measures.made import audited, codes, csv_of, disparity, examples, plan_of, rate

HEADER = "label,prediction,group,person"


def people(random: np.random.Generator, *, count: int = 60, rows: int = 8, gap: float = 0.0) -> list[str]:
    """Rows of people who get much the same decision every time; those of group b less often by ``gap``."""
    lines = []
    for person in range(count):
        group = "ab"[person % 2]
        leaning = random.beta(0.5, 0.5) * (1 - 2 * gap * (group == "b"))
        for _ in range(rows):
            lines.append(f"{random.integers(0, 2)},{int(random.random() < leaning)},{group},{person}")
    return lines


def audit(lines: list[str], **changes: Any) -> dict[str, Any]:
    return audited(csv_of(lines, HEADER), plan_of(cluster="person", **changes))


def test_a_rate_keeps_its_value_and_widens_its_interval() -> None:
    lines = people(np.random.default_rng(1))
    clustered, alone = audit(lines, min_group=10), audited(csv_of(lines, HEADER), plan_of(min_group=10))

    for group in ("a", "b"):
        ours, theirs = (rate(one, "selection_rate", group=group) for one in (clustered, alone))
        assert (ours["value"], ours["k"], ours["of"]) == (theirs["value"], theirs["k"], theirs["of"])
        assert ours["ci_high"] - ours["ci_low"] > 1.5 * (theirs["ci_high"] - theirs["ci_low"])
        assert ours["effective_of"] < 240 / 2
        assert "design effect" in ours["method"]


def test_rows_that_repeat_each_other_count_as_their_clusters() -> None:
    lines = [f"{person % 2},{person // 2 % 2},{'ab'[person // 4 % 2]},{person}" for person in range(400)]
    once, thrice = audit(lines), audit([line for line in lines for _ in range(3)])

    for metric in ("selection_rate", "true_positive_rate"):
        one, other = (rate(document, metric, group="a") for document in (once, thrice))
        assert other["effective_of"] == pytest.approx(one["effective_of"], rel=1e-6)
        assert [other["ci_low"], other["ci_high"]] == pytest.approx([one["ci_low"], one["ci_high"]], abs=1e-6)


def test_an_interval_of_a_gap_holds_the_truth_although_rows_resemble_each_other() -> None:
    random, tries, held, naive = np.random.default_rng(3), examples(60), 0, 0
    for _ in range(tries):
        lines = people(random, count=80, rows=6)
        plan = {"gating": ("demographic_parity_difference",), "min_group": 5}
        found = disparity(audit(lines, **plan), "demographic_parity_difference", scope="range", group="")
        rows = disparity(
            audited(csv_of(lines, HEADER), plan_of(**plan)), "demographic_parity_difference", scope="range", group=""
        )
        held += found["ci_low"] <= 0
        naive += rows["ci_low"] <= 0

    assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)
    assert naive / tries < 0.8


def test_few_clusters_are_told_of_and_cannot_pass() -> None:
    lines = people(np.random.default_rng(2), count=12, rows=60)

    document = audit(lines)

    assert "bias.few_clusters" in codes(document)
    assert document["verdict"] == "insufficient_data"


def test_a_row_without_a_cluster_stands_alone_and_the_order_does_not_matter() -> None:
    lines = people(np.random.default_rng(4))
    lines += [f"{number % 2},1,a," for number in range(30)]
    shuffled = [lines[place] for place in np.random.default_rng(0).permutation(len(lines))]

    assert audit(lines)["digest"] == audit(shuffled)["digest"]


def test_more_different_people_than_groups_may_have_are_read() -> None:
    lines = [f"{row % 2},{row // 2 % 2},{'ab'[row // 4 % 2]},p{row}" for row in range(5_000)]

    found = rate(audit(lines), "selection_rate", group="a")

    assert found["effective_of"] == pytest.approx(found["of"], rel=0.01)


def test_the_area_under_the_curve_of_repeated_rows_is_no_surer() -> None:
    random = np.random.default_rng(5)
    label = random.random(80) < 0.4
    score = random.normal(size=80) + label
    order = np.argsort(np.repeat(score, 5), kind="stable")
    clusters = np.repeat(np.arange(80), 5)[order]
    again = roc_auc(np.repeat(label, 5)[order], np.repeat(score, 5)[order], None, clusters)
    first = np.argsort(score)

    once = roc_auc(label[first], score[first], None, np.arange(80)[first])

    assert again.value == pytest.approx(once.value)
    assert [again.low, again.high] == pytest.approx([once.low, once.high], abs=1e-9)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_clusters_are_read_from_every_kind_of_table(form: str, tmp_path: Path) -> None:
    rows = [
        {"label": row % 2, "prediction": row // 2 % 2, "group": "ab"[row // 4 % 2], "person": f"p{row // 2}"}
        for row in range(4_000)
    ]
    path = tmp_path / f"table.{form}"
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    lines = [f"{row['label']},{row['prediction']},{row['group']},{row['person']}" for row in rows]

    assert audited(path, plan_of(cluster="person"))["digest"] == audit(lines)["digest"]
