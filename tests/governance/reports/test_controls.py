"""The control matrix: data with sources, checked as a whole, and what it says of a report."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from governance.reports import controls


def test_every_framework_stands_with_its_source_and_as_many_controls_as_its_text_counts():
    read = {framework.id: framework for framework in controls.frameworks()}

    functions = Counter(control.id.split()[0] for control in read["nist-ai-rmf-1.0"].controls)
    assert functions == {"GOVERN": 19, "MAP": 18, "MEASURE": 22, "MANAGE": 13}
    points = [control.id for control in read["eu-ai-act-annex-iv"].controls]
    assert points == [f"1({one})" for one in "abcdefgh"] + [f"2({one})" for one in "abcdefgh"] + list("3456789")
    assert len(read["iso-iec-42001-2023"].controls) == 38
    assert all(control.names is None for control in read["iso-iec-42001-2023"].controls)
    # whoever has compared a row with its original word for word writes down the day
    assert {control.checked for framework in read.values() for control in framework.controls} == {"unverified"}


def test_no_row_claims_compliance():
    words = " ".join(file.read_text() for file in controls.DATA.glob("*.csv")).casefold()

    assert not re.search(r"\bcomplian|\bcomply|\bfulfil|соответствует требован|выполнено", words)


def test_facts_are_counted_from_the_content_and_a_control_without_facts_has_nothing_held():
    item = {
        "lineage": [{"relation": "finetune"}],
        "manifest_digest": None,
        "stages": [{}, {}],
        "audits": [{"kind": "bias", "verdict": "fail"}, {"kind": "files", "verdict": None}],
    }
    tally = controls.Tally()

    assert list(tally.watching("inventory", [("title", item)])) == [("title", item)]
    tally.see("reproduction", {"commands": [], "policies": [{}], "audit_plans": []})
    made = controls.matrix(tally.counts)

    expected = {"identity": 1, "versions": 1, "lineage": 1, "approvals": 2, "audit.bias": 1, "policies": 1}
    assert {name: n for name, n in made["facts"].items() if n} == expected
    rows = {row["id"]: row for row in made["frameworks"][0]["controls"]}
    # an audit that came to no verdict speaks to nothing, one that failed does
    assert (rows["2(h)"]["facts"], rows["2(h)"]["held"]) == (["audit.files"], 0)
    assert rows["2(g)"]["held"] == 1
    assert (rows["8"]["facts"], rows["8"]["held"]) == ([], 0)


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("sr-11-7.csv", "VI.board,", "VI.roles,", "stands twice"),
        ("sr-11-7.csv", ",unverified", ",verified 2026-02-30", "no day"),
        ("sr-11-7.csv", ",unverified", ",yes", "checked is unverified"),
        ("sr-11-7.csv", "lineage", "magic", "no such fact: magic"),
        ("iso-iec-42001-2023.csv", "A.2.3,Annex A,,", "A.2.3,Annex A,Its text,Текст", "may not be repeated"),
        ("frameworks.csv", "https://www.iso", "http://www.iso", "not https"),
        ("nist-ai-rmf-1.0.csv", "Core,People are trained,", "Core,,", "name is missing"),
        ("eu-ai-act-annex-iv.csv", "id,section", "id,sektion", "first line"),
    ],
)
def test_a_file_that_breaks_its_rules_is_refused_with_its_place(
    tmp_path: Path, file: str, before: str, after: str, told: str
):
    copy = Path(shutil.copytree(controls.DATA, tmp_path / "data"))
    text = (copy / file).read_text()
    assert before in text
    (copy / file).write_text(text.replace(before, after, 1))

    with pytest.raises(controls.MatrixError, match=told) as refused:
        controls.load(copy)

    assert file in str(refused.value)
