"""The commands that make and audit texts: tables in and out, exit codes, plain refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.audits.measures.counterfactual.made import table_of, texts
from tests.audits.measures.suites.made import cases
from tests.audits.measures.suites.made import table_of as suite_of

TEMPLATES = """
templates: ["{subject} is a {kind} {person}."]
slots: {kind: [clever, tall]}
"""
SUITE = """
tests:
  - {functionality: praise, label: fine, templates: ["I like {WHO}."]}
"""


def call(name: str, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command(name, *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def written(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_texts_become_a_table_that_says_what_was_left_out(tmp_path: Path) -> None:
    source = written(tmp_path / "texts.csv", "text\nHe has a big car.\nThe house is red.\n")
    out = tmp_path / "out.csv"

    code, printed = call("make_counterfactuals", source, "--swaps", "gender_en", "--out", str(out))

    assert code == 0
    assert "1 left out: they name nobody of the set (no_term)" in printed
    assert [row["text"] for row in rows_of(out)] == ["He has a big car.", "She has a big car.", "He has a large car."]
    assert {"text_id", "template", "identity", "swap", "text", "role"} <= set(rows_of(out)[0])


def test_templates_become_a_table_and_a_program_gets_counts(tmp_path: Path) -> None:
    source, out = written(tmp_path / "templates.yaml", TEMPLATES), tmp_path / "out.csv"

    _, printed = call("make_counterfactuals", source, "--swaps", "gender_en", "--out", str(out), "--format", "json")

    assert json.loads(printed)["swaps"] == [
        {"swap": "gender", "texts": 2, "used": 2, "without_control": 0, "skipped": {}}
    ]
    assert rows_of(out)[0]["text"] == "She is a clever woman."


def test_a_suite_is_made_with_slots_from_a_file(tmp_path: Path) -> None:
    source = written(tmp_path / "suite.yaml", SUITE)
    slots = written(tmp_path / "slots.csv", 'Placeholder,Values\n[WHO],"northerners, southerners"\n')
    out = tmp_path / "out.csv"

    code, printed = call("make_suite", source, "--slots", slots, "--out", str(out))

    assert (code, printed.split(" in ")[0]) == (0, "2 cases of 1 functionalities")
    assert [row["test_case"] for row in rows_of(out)] == ["I like northerners.", "I like southerners."]


@pytest.mark.parametrize(
    ("name", "data", "options", "code", "words"),
    [
        (
            "audit_counterfactual",
            table_of(texts((60, "1", "1", "1"), (40, "1", "0", "1"))),
            ("--bootstrap", "200"),
            1,
            "Fail: answers follow whom a text is about",
        ),
        (
            "audit_counterfactual",
            table_of(texts((400, "1", "1", "1"), (100, "0", "0", "0"))),
            ("--bootstrap", "200"),
            0,
            "Pass: answers hardly follow",
        ),
        (
            "audit_suite",
            suite_of(cases("negation", 10, 50) + cases("other", 50, 50, label="no")),
            (),
            1,
            "Fail: a functionality",
        ),
        (
            "audit_suite",
            suite_of(cases("a", 50, 50) + cases("b", 50, 50, label="no")),
            (),
            0,
            "Pass: every functionality",
        ),
    ],
)
def test_people_get_a_sentence_and_tables_and_the_verdict_is_the_exit_code(
    tmp_path: Path, name: str, data: bytes, options: tuple[str, ...], code: int, words: str
) -> None:
    ended, printed = call(name, written(tmp_path / "table", data), *options)

    assert (ended, printed.startswith(words)) == (code, True)
    document = json.loads(call(name, str(tmp_path / "table"), *options, "--format", "json")[1])
    assert document["digest"] in printed


@pytest.mark.parametrize(
    ("name", "data", "options", "words"),
    [
        ("audit_suite", "a,b\n1,2\n", (), "no columns"),
        ("audit_suite", suite_of(cases("a", 5, 9)), ("--map", "yes"), "PREDICTION=LABEL"),
        ("audit_suite", suite_of(cases("a", 5, 9)), ("--least", "2"), "between 0 and 1"),
        ("audit_counterfactual", "a,b\n1,2\n", (), "no columns"),
        ("audit_counterfactual", table_of(texts((3, "1", "0", "1"))), ("--seed", "-1"), "--seed"),
        ("audit_counterfactual", table_of(texts((3, "1", "0", "1"))), ("--fail-at", "0.01"), "in this order"),
        ("make_counterfactuals", "text\nA house.\n", ("--swaps", "gender_en", "--out", "x"), "no_term"),
        ("make_counterfactuals", "text\nHe.\n", ("--swaps", "names_en", "--out", "x"), "names_en"),
        ("make_suite", "tests: [", ("--out", "x"), "not YAML or JSON"),
        ("make_suite", "tests: []", ("--out", "x"), "no tests"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, monkeypatch: Any, name: str, data: str | bytes, options: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError, match=words) as refused:
        call(name, written(tmp_path / "source", data), *options)

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_what_is_made_is_not_written_over_what_was_read(tmp_path: Path) -> None:
    texts_before = "text\nHe has a big car.\n"
    source, suite = written(tmp_path / "texts.csv", texts_before), tmp_path / "suite.yaml"
    slots = written(tmp_path / "slots.yaml", "WHO: [you, him]\n")
    written(suite, SUITE)

    for name, options in (
        ("make_counterfactuals", (source, "--swaps", "gender_en", "--out", source)),
        ("make_suite", (str(suite), "--slots", slots, "--out", str(suite))),
        ("make_suite", (str(suite), "--slots", slots, "--out", slots)),
    ):
        with pytest.raises(CommandError, match="name another file to write to"):
            call(name, *options)
    assert (Path(source).read_text(), suite.read_text()) == (texts_before, SUITE)


def test_a_target_that_is_no_slot_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "suite.yaml", SUITE + "slots: {WHO: [you, him]}\ntarget: [WHO]\n")

    with pytest.raises(CommandError, match="the target slot"):
        call("make_suite", path, "--out", str(tmp_path / "out.csv"))


def test_a_column_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    table, suite = table_of(texts((60, "1", "1", "1"), (40, "1", "0", "1"))), tmp_path / "cases.csv"
    pairs = written(tmp_path / "pairs.csv", table)
    suite.write_bytes(suite_of(cases("negation", 40, 50)))

    with pytest.raises(CommandError, match="typo"):
        call("audit_counterfactual", pairs, "--prediction", "prediction", "--template", "typo")
    with pytest.raises(CommandError, match="typo"):
        call("audit_suite", str(suite), "--template", "typo")
