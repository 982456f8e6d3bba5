"""The command; none of these tests may touch a database, and the test runner holds them to it."""

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

ROOT = Path(__file__).parents[2]
PROFILE = {"purpose": "commercial", "mode": "internal"}
PASS = {"id": "a", "artefact": {"license": "mit"}, "use_profile": PROFILE}
DUTY = {"id": "b", "artefact": {"license": "creativeml-openrail-m"}, "use_profile": PROFILE}
UNKNOWN = {"id": "c", "artefact": {"license": None}, "use_profile": PROFILE}
CONFLICT = {"id": "d", "artefact": {"license": "cc-by-nc-4.0"}, "use_profile": PROFILE}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(*cases: Any) -> str:
        path = tmp_path / "cases.jsonl"
        path.write_bytes(
            b"\n".join(case if isinstance(case, bytes) else json.dumps(case).encode() for case in cases) + b"\n"
        )
        return str(path)

    return to_file


def call(*args: str) -> tuple[int, str]:
    """Run the command in this process; its exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command("check_licenses", *args, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ([PASS], 0),
        ([PASS, DUTY], 0),
        ([UNKNOWN], 1),
        ([CONFLICT], 1),
        ([PASS, CONFLICT, DUTY], 1),
    ],
)
def test_the_worst_case_decides_the_exit_code(write: Any, cases: list[Any], code: int) -> None:
    ended, _ = call(write(*cases), "--format", "json")

    assert ended == code


def test_json_lines_come_out_in_the_order_they_went_in(write: Any) -> None:
    _, printed = call(write(PASS, CONFLICT, b"", UNKNOWN), "--format", "json")

    answers = [json.loads(line) for line in printed.splitlines()]
    assert [(one["id"], one["verdict"]) for one in answers] == [("a", "pass"), ("d", "conflict"), ("c", "unknown")]
    assert answers[1]["codes"] == ["C-NC"]
    assert [one["action"] for one in answers[1]["repairs"]] == ["change_purpose", "ask_licensor"]


def test_text_names_case_verdict_and_findings(write: Any) -> None:
    _, printed = call(write(PASS, {**CONFLICT, "id": "d\x1b[31m"}))

    assert printed.startswith("a: pass (no findings)\n")
    assert "d [31m: conflict (C-NC)\n" in printed
    assert "C-NC" in printed.splitlines()[-1]


def test_the_line_between_passing_and_failing_can_be_moved(write: Any) -> None:
    assert call(write(DUTY), "--fail-on", "obligation")[0] == 1
    assert call(write(UNKNOWN), "--fail-on", "conflict")[0] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2: not a JSON object"),
        (b"[]", "line 2: a case is a JSON object"),
        (b'"x"', "line 2: a case is a JSON object"),
        (b'{"artefact": {}, "use_profile": {"mau": NaN}}', "line 2: not a JSON object"),
        (b"\xff\xfe{}", "line 2: not UTF-8"),
        (b"[" * 100_000, "line 2: not a JSON object"),
        (b'{"artefact": {"license": "mit"}, "use_profile": {"mode": "cloud"}}', "line 2: use_profile.mode"),
        (b" " * (10 * 2**20 + 1), "line 2: longer than 10 MB"),
    ],
)
def test_a_malformed_line_is_refused_by_its_number(write: Any, line: bytes, said: str) -> None:
    with pytest.raises(CommandError) as refused:
        call(write(PASS, line, PASS), "--format", "json")

    assert refused.value.returncode == 2
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_no_case_at_all_is_refused(write: Any) -> None:
    with pytest.raises(CommandError, match="there is no case") as refused:
        call(write(b"", b"  "))

    assert refused.value.returncode == 2


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    for name in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(CommandError, match=str(name)) as refused:
            call(str(name))
        assert refused.value.returncode == 2


def test_it_answers_on_standard_input_where_no_database_can_be_reached() -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:9/nowhere",
        "BROKER_URL": "redis://127.0.0.1:9/0",
        "SECRET_KEY": "x" * 60,
        "SIGNING_KEY": "y" * 60,
        "ALLOWED_HOSTS": "assay.example.org",
        "ASSAY_PUBLIC_URL": "https://assay.example.org",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    lines = "\n".join(json.dumps(case) for case in (PASS, {**CONFLICT, "id": "\N{SNOWMAN}\0"}))

    done = subprocess.run(
        [sys.executable, "manage.py", "check_licenses", "-", "--format", "json"],
        cwd=ROOT,
        env=environment,
        input=lines.encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "\N{SNOWMAN}\0"]
