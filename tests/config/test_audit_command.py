"""What every audit command shares: exit codes of verdicts and refusals, one document or words, a light import."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import CommandParser

from audits.measures.refusals import CodedRefusal
from config.audit_command import AuditCommand, reading, refusals
from tests.audits.measures.counterfactual.made import table_of as texts_of
from tests.audits.measures.counterfactual.made import texts
from tests.audits.measures.data.tables import csv
from tests.audits.measures.drift.decisions import rows as decisions
from tests.audits.measures.drift.decisions import widening, without_labels
from tests.audits.measures.drift.test_tables import sample
from tests.audits.measures.ll144.people import counted
from tests.audits.measures.ll144.people import table_of as people_of
from tests.audits.measures.made import selected
from tests.audits.measures.suites.made import cases
from tests.audits.measures.suites.made import table_of as suite_of

ROOT = Path(__file__).parents[2]
VERDICTS = {"pass": 0, "warn": 0, "insufficient_data": 1, "no_information": 1, "fail": 1}
BIAS = ("--label", "label", "--prediction", "prediction", "--sensitive", "group")
RATIO = (*BIAS, "--gating", "demographic_parity_ratio", "--bootstrap", "0")
LL144 = ("--sex", "sex", "--race", "race", "--selected", "selected")
FEW = ("--bootstrap", "200")


class Told(AuditCommand):
    """Gives the verdict that it is asked for, or refuses."""

    sentences = {verdict: f"It is {verdict}." for verdict in VERDICTS}

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verdict")
        self.seed_argument(parser, of="draw")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        if options["verdict"] == "plan":
            raise CodedRefusal("plan_wrong", "the plan is wrong; mend it")
        with refusals(of="the table"), reading("/nowhere"):
            if options["verdict"] == "table":
                raise CodedRefusal("table_wrong", "a column is missing")
            if options["verdict"] == "gone":
                raise FileNotFoundError(2, "No such file or directory")
        return {"verdict": options["verdict"], "digest": "d1"}

    def show(self, document: dict[str, Any]) -> None:
        self.stdout.write("shown")


def called(*words: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command(Told() if words[0] == "told" else words[0], *words[1:], stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(("verdict", "code"), VERDICTS.items())
def test_a_verdict_is_an_exit_code_in_words_and_in_json(verdict: str, code: int) -> None:
    assert called("told", verdict) == (code, f"It is {verdict}.\nshown\ndigest d1\n")
    in_json, printed = called("told", verdict, "--format", "json")
    assert (in_json, json.loads(printed)) == (code, {"verdict": verdict, "digest": "d1"})


@pytest.mark.parametrize(
    ("verdict", "line", "code"),
    [("pass", "warn", 0), ("warn", "warn", 1), ("insufficient_data", "fail", 0), ("fail", "fail", 1)],
)
def test_the_line_between_0_and_1_can_be_moved(verdict: str, line: str, code: int) -> None:
    assert called("told", verdict, "--fail-on", line)[0] == code


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan",), "the plan is wrong; mend it"),
        (("table",), "the table: a column is missing"),
        (("gone",), "/nowhere: No such file or directory; name a table that can be read"),
        (("pass", "--seed", "-1"), "--seed is a whole number"),
        (("pass", "--seed", str(2**63)), "--seed is a whole number"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says) as refused:
        called("told", *words)

    assert (refused.value.returncode, "\n" in str(refused.value)) == (2, False)


def test_a_fault_of_ours_is_no_refusal() -> None:
    class Broken(Told):
        def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        call_command(Broken(), "pass")


@pytest.mark.parametrize(
    ("name", "tables", "options", "verdict"),
    [
        ("audit_table", [selected(a=(800, 1000), b=(790, 1000))], RATIO, "pass"),
        ("audit_table", [selected(a=(800, 1000), b=(640, 1000))], RATIO, "warn"),
        ("audit_table", [selected(a=(800, 1000), b=(500, 1000))], RATIO, "fail"),
        ("audit_table", [selected(a=(5, 9), b=(5, 9))], RATIO, "insufficient_data"),
        ("audit_table", [selected(a=(1000, 1000), b=(1000, 1000))], RATIO, "no_information"),
        ("audit_counterfactual", [texts_of(texts((400, "1", "1", "1"), (100, "0", "0", "0")))], FEW, "pass"),
        ("audit_counterfactual", [texts_of(texts((60, "1", "1", "1"), (4, "1", "0", "1")))], FEW, "warn"),
        ("audit_counterfactual", [texts_of(texts((60, "1", "1", "1"), (40, "1", "0", "1")))], FEW, "fail"),
        ("audit_counterfactual", [texts_of(texts((4, "1", "0", "1")))], FEW, "insufficient_data"),
        ("audit_counterfactual", [texts_of(texts((60, "1", "1", "1")))], FEW, "no_information"),
        ("audit_suite", [suite_of(cases("a", 50, 50) + cases("b", 50, 50, label="no"))], (), "pass"),
        ("audit_suite", [suite_of(cases("a", 36, 50) + cases("b", 50, 50, label="no"))], (), "warn"),
        ("audit_suite", [suite_of(cases("a", 10, 50) + cases("b", 50, 50, label="no"))], (), "fail"),
        ("audit_suite", [suite_of(cases("a", 5, 9))], (), "insufficient_data"),
        ("audit_suite", [suite_of(cases("a", 50, 50) + cases("b", 50, 50))], (), "no_information"),
        ("audit_ll144", [people_of(counted({("F", "Asian"): (30, 90), ("M", "White"): (60, 90)}))], LL144, "warn"),
        ("audit_ll144", [people_of(counted({("F", "Asian"): (3, 9)}))], LL144, "insufficient_data"),
        (
            "audit_ll144",
            [people_of(counted({("F", "Asian"): (9, 9), ("M", "White"): (9, 9)}))],
            LL144,
            "no_information",
        ),
        ("audit_data", [sample(10)], (), "insufficient_data"),
        ("audit_data", [csv("a,b", ["1,x"] * 60)], (), "no_information"),
        ("audit_drift", [sample(1_500), sample(1_500)], (), "pass"),
        ("audit_drift", [sample(1_500), sample(1_500, shift=0.6, seed=1)], (), "fail"),
        ("audit_drift", [sample(1_500), sample(10)], (), "insufficient_data"),
    ],
)
def test_each_command_ends_with_the_code_of_its_verdict(
    tmp_path: Path, name: str, tables: list[bytes], options: tuple[str, ...], verdict: str
) -> None:
    paths = []
    for number, table in enumerate(tables):
        (tmp_path / str(number)).write_bytes(table)
        paths.append(str(tmp_path / str(number)))

    code, printed = called(name, *paths, *options, "--format", "json")

    assert (json.loads(printed)["verdict"], code) == (verdict, VERDICTS[verdict])


def test_what_was_decided_is_printed_beside_the_columns(tmp_path: Path) -> None:
    half = np.arange(1_200) % 2 == 0
    for name, table in (
        ("then", decisions(1, 1_200)),
        ("now", without_labels(widening(2, 1_200, since=0.5, by_group=2.5), half)),
    ):
        (tmp_path / name).write_bytes(table.file())
    roles = ("--label", "label", "--prediction", "prediction", "--score", "score", "--sensitive", "group")

    code, printed = called(
        "audit_drift", str(tmp_path / "then"), str(tmp_path / "now"), *roles, "--time", "time", "--columns", "group"
    )

    assert code == 1
    assert "Fail: columns or decisions drifted further than the threshold and beyond chance." in printed
    assert "of 600 rows of today no outcome is known yet" in printed
    (accuracy, estimate) = [line.split() for line in printed.splitlines() if line.strip().startswith("accuracy ")]
    assert (accuracy[-1], accuracy[5], estimate[-1]) == ("fail", "to", "fail")
    assert "Groups of group have drifted apart" in printed


def test_help_of_every_audit_command_imports_nothing_heavy() -> None:
    program = (
        "import sys, os\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings_test'\n"
        "import django; django.setup()\n"
        "from django.core.management import load_command_class\n"
        "for name in ('table', 'll144', 'drift', 'data', 'counterfactual', 'suite'):\n"
        "    load_command_class('config', f'audit_{name}').create_parser('manage.py', name).format_help()\n"
        "print(sorted({'numpy', 'pyarrow', 'scipy'} & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout.strip() == "[]"
