"""``docs/audit-catalogue.md`` names modules and tests that exist, and leaves no line and no published number out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# | line | answered by | shown by | not built |
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in (ROOT / "docs" / "audit-catalogue.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| line", "| oracle"))
]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_what_a_row_names_exists(row: list[str]) -> None:
    _, modules, tests, missing = row

    assert [name for name in named(modules) if not (ROOT / "audits" / name).is_file()] == []
    for name in named(tests):
        file, test = name.split("::")
        tree = ast.parse((ROOT / "tests" / "audits" / file).read_text("utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    # a row that nothing answers says so, and one that something answers shows it
    assert bool(named(modules)) == bool(named(tests))
    assert named(modules) or missing.startswith("not built")


def test_no_line_of_the_catalogue_and_no_oracle_is_left_out() -> None:
    starts = [row[0].split()[0] for row in ROWS]

    assert {f"A{number}" for number in range(1, 14)} <= set(starts)
    assert {f"B{number}" for number in range(1, 12)} <= set(starts)
    assert starts.count("E") >= 11
    assert [start for start in starts if re.fullmatch(r"V\d+", start)] == [f"V{number}" for number in range(1, 34)]


def test_every_test_of_a_published_number_is_in_its_row() -> None:
    held = {(row[0], name) for row in ROWS for name in named(row[2])}
    folder = ROOT / "tests" / "audits"
    written = {
        (f"V{int(number)}", f"{path.relative_to(folder)}::{test}")
        for path in folder.rglob("test_*.py")
        for test in re.findall(r"^def (test_oracle_v\w+)", path.read_text("utf-8"), re.MULTILINE)
        for number in re.findall(r"_v(\d\d)", test)
    }

    assert written <= held
