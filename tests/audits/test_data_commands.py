"""``manage.py audit_data`` and ``audit_drift``: documents for programs, words for people, exit codes, refusals."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.audits.measures.data.tables import csv, varied
from tests.audits.measures.drift.test_tables import sample
from tests.nowhere import NOWHERE

CLEAN = csv("number,text", varied(60))
SPLITS = ["test", "train", "train"]
LEAKING = csv(
    "number,text,split",
    [*(f"{row},{SPLITS[i % 3]}" for i, row in enumerate(varied(120))), f"{varied(1)[0]},train"],
)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(data: bytes, name: str = "table") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


def called(*words: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_programs_get_one_document_of_the_data(file: Any) -> None:
    code, printed = called("audit_data", file(LEAKING), "--split", "split", "--format", "json")

    document = json.loads(printed)
    assert (code, document["verdict"]) == (1, "fail")
    assert {"verdict", "rows", "columns", "findings", "repeats", "plan", "digest", "where"} <= set(document)
    assert {"code", "severity", "locus", "params"} <= set(document["findings"][0])


def test_people_read_what_was_found_and_where(file: Any) -> None:
    code, printed = called("audit_data", file(LEAKING), "--split", "split")

    assert code == 1
    assert printed.startswith("Fail: ")
    assert "data.split_leak: test in train" in printed
    assert "is measured on one of them was seen in the other" in printed.replace("\n", " ")
    assert "Rows to look at" in printed


def test_clean_data_passes_and_a_line_can_be_moved(file: Any) -> None:
    assert called("audit_data", file(CLEAN))[0] == 0
    assert called("audit_data", file(CLEAN), "--fail-on", "pass")[0] == 1


def test_a_card_is_read_for_provenance(file: Any) -> None:
    card = file(
        b"---\nlicense: mit\nlanguage: en\n---\n# Data\n\n## Source data\n\nFrom a survey of 2024.\n", "README.md"
    )

    code, printed = called("audit_data", file(CLEAN), "--card", card, "--format", "json")

    (finding,) = [one for one in json.loads(printed)["findings"] if one["locus"] == "card"]
    assert code == 0
    assert finding["code"] == "data.provenance_missing"
    assert {"licence", "languages", "creation"}.isdisjoint(finding["params"]["fields"])
    assert {"sources", "creators", "size", "limitations", "personal_information"} <= set(finding["params"]["fields"])


def test_programs_get_statistic_effect_p_q_floor_and_verdict_of_each_column(file: Any) -> None:
    reference, current = file(sample(1_500), "then"), file(sample(1_500, shift=0.6, seed=1), "now")

    code, printed = called("audit_drift", reference, current, "--format", "json")

    document = json.loads(printed)
    assert (code, document["verdict"]) == (1, "fail")
    wanted = {"column", "statistic", "effect", "p", "q", "null_floor", "threshold", "threshold_source", "verdict"}
    assert all(wanted <= set(row) for row in document["columns"])


def test_people_read_columns_beside_limit_and_noise(file: Any) -> None:
    reference, current = file(sample(1_500), "then"), file(sample(1_500, shift=0.6, seed=1), "now")

    code, printed = called("audit_drift", reference, current)

    assert code == 1
    assert "2 of 2 judged columns drifted" in printed
    assert "amount has drifted: the mean move in standard deviations is" in printed
    assert "q <0.001" in printed
    assert called("audit_drift", reference, reference)[0] == 0
    assert called("audit_drift", reference, current, "--threshold", "js_distance=9", "--columns", "city")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("audit_data", "{table}", "--label", "nobody"), "no column 'nobody'"),
        (("audit_data", "{table}", "--label", "text", "--split", "text"), "named twice"),
        (("audit_data", "{table}", "--probability", "p"), "CLASS=COL"),
        (("audit_data", "{table}", "--seed", "-1"), "--seed"),
        (("audit_data", "/nowhere/table"), "No such file"),
        (("audit_data", "{table}", "--card", "/nowhere"), "/nowhere: No such file"),
        (("audit_data", "{broken}"), "damaged or cut off"),
        (("audit_drift", "{table}", "{broken}"), "damaged or cut off"),
        (("audit_drift", "{table}", "/nowhere"), "/nowhere: No such file"),
        (("audit_drift", "{table}", "{table}", "--columns", "nobody"), "no column 'nobody'"),
        (("audit_drift", "{table}", "{table}", "--threshold", "js_distance"), "EFFECT=NUMBER"),
        (("audit_drift", "{table}", "{table}", "--threshold", "psi=1"), "no effect is called 'psi'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(file: Any, words: tuple[str, ...], says: str) -> None:
    names = {"table": file(CLEAN), "broken": file(b"PAR1 and no more", "broken")}

    with pytest.raises(CommandError, match=says) as refused:
        called(*(word.format(**names) for word in words))

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", ["audit_data", "audit_drift"])
def test_no_database_and_no_heavy_library_is_needed(file: Any, command: str) -> None:
    if command == "audit_drift":
        table = file(sample(1_500))
        words = [table, table]
    else:
        later = ("train,2024-01-02", "test,2025-01-02")
        rows = [f"{row},{later[at % 2]},{('yes', 'no')[at % 3 > 0]}" for at, row in enumerate(varied(200))]
        words = [file(csv("number,text,split,when,label", rows)), "--split", "split", "--time", "when"]
        words += ["--label", "label"]
    program = (
        "import sys, atexit, runpy\n"
        "heavy = {'scipy.stats', 'pandas', 'sklearn', 'fairlearn'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr))\n"
        "sys.argv = ['manage.py', *sys.argv[1:]]\n"
        "runpy.run_path('manage.py', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, command, *words, "--format", "json"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=NOWHERE,
        check=False,
    )

    assert json.loads(done.stdout)["digest"]
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
