"""``manage.py audit_table``: documents for programs, tables for people, exit codes, plain refusals."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.audits.measures.made import csv_of, rows_of, selected, shared_table
from tests.nowhere import NOWHERE

COLUMNS = ("--label", "label", "--prediction", "prediction", "--sensitive", "group")
FAIR = selected(a=(800, 1000), b=(790, 1000))
UNFAIR = selected(a=(800, 1000), b=(500, 1000))
RATIO_ONLY = ("--gating", "demographic_parity_ratio", "--bootstrap", "0")


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def write(data: bytes) -> str:
        path = tmp_path / "table"
        path.write_bytes(data)
        return str(path)

    return write


def audit(path: str, *options: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("audit_table", path, *COLUMNS, *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_program_gets_one_document(table: Any) -> None:
    code, printed = audit(table(UNFAIR), "--format", "json", *RATIO_ONLY)

    document = json.loads(printed)
    assert (code, document["verdict"]) == (1, "fail")
    assert {"verdict", "rows_used", "rows_dropped", "metrics", "disparities", "worst_slices", "digest"} <= set(document)
    assert {"slice", "metric", "n", "k", "of", "value", "ci_low", "ci_high", "method"} <= set(document["metrics"][0])
    assert {
        "metric",
        "kind",
        "slice",
        "comparator",
        "value",
        "ci_low",
        "ci_high",
        "p",
        "q",
        "mde",
        "threshold",
        "threshold_source",
        "verdict",
    } <= set(document["disparities"][0])
    assert len(document["digest"]) == 64


def test_people_get_a_sentence_and_tables_with_n_and_intervals(table: Any) -> None:
    code, printed = audit(table(UNFAIR), *RATIO_ONLY)

    assert code == 1
    assert printed.splitlines()[0].startswith("Fail: ")
    assert "80.0% [77.4-82.4]" in printed
    assert "1,000" in printed
    assert "0.625 [" in printed
    assert "bias.ratio_below_threshold: demographic_parity_ratio group=b vs a" in printed


def test_people_read_why_an_interval_within_the_limit_settles_nothing(table: Any) -> None:
    code, printed = audit(table(selected(a=(100, 200), b=(100, 200))), *RATIO_ONLY)

    assert code == 1
    said = printed.split("bias.gap_not_detectable: ")[1]
    assert "Too few rows to be sure of group" in said
    assert "so few rows reliably show only a gap of 0." in said
    assert "Bring predictions for more people: about " in said
    assert "0 of a would" not in said


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (FAIR, (), 0),
        (UNFAIR, (), 1),
        (selected(a=(800, 1000), b=(400, 600)), (), 0),
        (selected(a=(800, 1000), b=(400, 600)), ("--fail-on", "warn"), 1),
        (selected(a=(8, 20), b=(4, 20)), (), 1),
        (selected(a=(0, 100), b=(0, 100)), (), 1),
        (selected(a=(0, 100), b=(0, 100)), ("--fail-on", "fail"), 0),
    ],
)
def test_the_verdict_is_the_exit_code(table: Any, data: bytes, options: tuple[str, ...], code: int) -> None:
    assert audit(table(data), *RATIO_ONLY, *options)[0] == code


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reference", "group=c"), "it has 'a', 'b'"),
        (("--reference", "best", "--reference", "largest"), "must be COL=V"),
        (("--positive", "maybe"), "never says 'maybe'"),
        (("--weights", "w"), "no column 'w'"),
        (("--score", "p"), "no column 'p'"),
        (("--gating", "fairness"), "known: demographic_parity_difference"),
        (("--gating", "demographic_parity_ratio=much"), "a number between 0 and 1"),
        (("--required-group", "a"), "must be COL=V"),
        (("--min-group", "0"), "from 1"),
        (("--consistency-at-least", "0.9"), "name the columns in which they are alike"),
        (("--features", "score", "--neighbours", "1"), "from 2 to 100"),
        (("--bootstrap", "7"), "from 100"),
        (("--seed", "-1"), "a whole number from 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(table: Any, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        audit(table(FAIR), *options)

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="nowhere.csv: No such file") as refused:
        audit("/nowhere.csv")

    assert refused.value.returncode == 2


def test_every_option_reaches_the_audit(table: Any) -> None:
    rows = [
        f"{line},{number % 3 + 1},0.5,{number // 2}"
        for number, line in enumerate(rows_of({"a": (60,) * 4, "b": (70,) * 4}))
    ]

    _, printed = audit(
        table(csv_of(rows, "label,prediction,group,weight,score,person")),
        *(
            "--format",
            "json",
            "--score",
            "score",
            "--cluster",
            "person",
            "--positive",
            "0",
            "--weights",
            "weight",
            "--min-group",
            "20",
        ),
        *("--bootstrap", "100", "--seed", "3", "--reference", "group=a", "--required-group", "group=b"),
        *("--gating", "precision_ratio=0.9", "--gating", "accuracy_difference"),
    )

    document = json.loads(printed)
    assert document["plan"] == {
        "label": "label",
        "prediction": "prediction",
        "score": "score",
        "positive": "0",
        "weights": "weight",
        "sensitive": ["group"],
        "reference": {"group": "a"},
        "gating": ["precision_ratio", "accuracy_difference"],
        "thresholds": {"precision_ratio": 0.9},
        "required_groups": {"group": ["b"]},
        "min_group": 20,
        "bootstrap": 100,
        "cluster": "person",
        "task": "binary",
    }
    assert document["seed"] == 3
    gating = [row for row in document["disparities"] if row["role"] == "gating"]
    assert [(row["metric"], row["threshold"], row["threshold_source"]) for row in gating] == [
        ("precision_ratio", 0.9, "plan"),
        ("accuracy_difference", 0.1, "default"),
    ]


def test_people_read_whether_those_who_are_alike_are_decided_alike_and_the_limit_decides(table: Any) -> None:
    """Groups fare alike; x decides but for a row in ten. ``near`` gives the group away and explains nothing."""
    rows = [
        f"{row % 2},{int(x > 24) ^ int(row // 7 % 10 == 0)},{'ab'[half]},{x},{'pq'[half]}"
        for row, x, half in ((row, row % 50, row // 50 % 2) for row in range(2_000))
    ]
    path = table(csv_of(rows, "label,prediction,group,x,near"))
    asked = ("--bootstrap", "0", "--gating", "demographic_parity_ratio", "--features", "x", "near")

    informed, told = audit(path, *asked)
    ended, judged = audit(path, *asked, "--consistency-at-least", "0.95", "--neighbours", "6")

    assert (informed, ended) == (0, 1)
    assert "are people who are alike in x, near decided alike (for information)?" in told
    assert "with the feature held still" in told
    assert "near" in told
    assert "(at least 0.95 is needed: fail)?" in judged
    assert "Of the 6 rows nearest to a row, itself among them" in judged
    assert "bias.consistency_below_threshold" in judged


def test_people_read_what_the_score_says_and_what_four_fifths_hang_on(table: Any) -> None:
    rows = [f"{row % 2},{row // 2 % 2},{'ab'[row % 3 // 2]},{(row % 2 + 1) / 3:.3f}" for row in range(600)]

    _, printed = audit(table(csv_of(rows, "label,prediction,group,score")), *RATIO_ONLY, "--score", "score")

    assert "Is the score score as good as it says?" in printed
    assert "area under ROC" in printed
    assert "(29 CFR 1607.4(D)), no legal verdict" in printed
    assert "fewer selected" in printed
    assert "Inequality of prediction - label + 1" in printed


@pytest.mark.parametrize(
    ("task", "rows", "options", "code", "words"),
    [
        (
            "regression",
            [f"{row % 9},{row % 9 + row % 2},{'ab'[row % 2]}" for row in range(200)],
            ("--gating", "mean_error_difference=2"),
            0,
            ("Pass: ", "mean_absolute_error"),
        ),
        (
            "regression",
            [f"{row % 9},{row % 9 + row % 2},{'ab'[row % 2]}" for row in range(200)],
            (),
            1,
            ("the plan sets no limit", "bias.no_threshold"),
        ),
        (
            "ranking",
            [f"{row % 3},{row},{'ab'[row % 2]}" for row in range(400)],
            (),
            1,
            ("Who is at the top", "NDKL"),
        ),
        (
            "multiclass",
            [f"{'xyz'[row % 3]},{'xyz'[row % 3]},{'ab'[row // 3 % 2]}" for row in range(3_000)],
            (),
            0,
            ("Pass: ", "x: group=b", "z found"),
        ),
    ],
)
def test_every_task_is_audited_and_told(
    table: Any, task: str, rows: list[str], options: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    ended, printed = audit(table(csv_of(rows)), "--task", task, "--bootstrap", "0", *options)

    assert ended == code
    for one in words:
        assert one in printed


def test_hostile_names_do_not_reach_the_terminal(table: Any) -> None:
    lines = [line.replace("b", "\x1b[2Jb") for line in rows_of({"a": (60,) * 4, "b": (70,) * 4})]

    _, printed = audit(table(csv_of(lines)), *RATIO_ONLY)

    assert "\x1b" not in printed


@pytest.mark.parametrize("extra", [(), ("--format", "json")])
def test_no_database_is_needed(table: Any, extra: tuple[str, ...]) -> None:
    said = subprocess.run(
        [sys.executable, "manage.py", "audit_table", table(FAIR), *COLUMNS, *RATIO_ONLY, *extra],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=NOWHERE,
        check=False,
    )

    assert (said.returncode, said.stderr) == (0, "")
    assert ("Pass: " in said.stdout) is not bool(extra)


def test_a_real_table_is_audited_as_its_description_says() -> None:
    path = shared_table("compas_for_aequitas.csv.gz")
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command(
            "audit_table",
            str(path),
            *("--label", "label_value", "--prediction", "score", "--sensitive", "race", "sex", "--format", "json"),
            stdout=out,
        )

    document = json.loads(out.getvalue())
    assert ended.value.code == 1
    assert (document["verdict"], document["rows_used"], document["rows_dropped"]) == ("fail", 7214, {})
    (american,) = [
        row
        for row in document["metrics"]
        if row["slice"] == {"race": "African-American"} and row["metric"] == "false_positive_rate"
    ]
    assert (american["k"], american["of"]) == (805, 1795)


def test_what_needs_seconds_to_import_is_not_imported() -> None:
    slow = "{'scipy.stats', 'pandas', 'sklearn', 'fairlearn'}"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, audits.measures.bias; print(sorted({slow} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )

    assert told.stdout.strip() == "[]"


def test_the_same_seed_gives_the_same_digest_in_processes_that_hash_otherwise(table: Any) -> None:
    # three groups, a score, a feature and clusters: every part of the audit that draws or sorts
    lines = [
        f"{row % 5 // 3},{(row % 7) // 4},{'abc'[row % 3]},{row % 11 / 10},{'xyzw'[row % 4]}{row % 2},person {row // 2}"
        for row in range(3_000)
    ]
    path = table(csv_of(lines, "label,prediction,group,score,kind,person"))
    documents = []
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "manage.py", "audit_table", path, *COLUMNS, "--score", "score", "--features", "kind"]
            + ["--cluster", "person", "--bootstrap", "200", "--seed", "7", "--format", "json"],
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        documents.append(done.stdout)

    assert documents[0] == documents[1]
    assert len(json.loads(documents[0])["digest"]) == 64
