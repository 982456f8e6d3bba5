"""Generated content, and the shape of a case."""

from __future__ import annotations

from typing import Any

import pytest

from licenses import catalogue
from licenses.cases import CaseRejected
from licenses.compat import check
from tests.licenses.compat.cases import case, latent


@pytest.mark.parametrize(
    ("licence", "code"),
    [("llama1", "C-RESEARCH"), ("cc-by-nc-4.0", "C-NC"), ("tencent-hunyuan-3d-2.0", "U-TERM"), ("gemma", "O-AUP")],
)
def test_generated_content_is_judged_by_the_terms_on_outputs(licence: str, code: str) -> None:
    answer = check(
        case("cc-by-4.0", [(licence, "generated_by")], artefact={"type": "content"}, mode="redistribute_outputs")
    )

    assert code in answer["codes"]
    assert "C-LAUNDER" not in answer["codes"]


def test_publishing_outputs_is_not_distributing_the_model() -> None:
    answer = check(case("apache-2.0", [("gemma", "finetune")], mode="redistribute_outputs"))

    assert "C-LAUNDER" in latent(answer)
    assert answer["verdict"] == "obligation"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ([], "a case is a JSON object"),
        ({}, "artefact: is missing"),
        ({"artefact": []}, "artefact: is an object"),
        ({"artefact": {}, "upstream": {}}, "upstream: is a list"),
        ({"artefact": {}, "upstream": ["x"]}, r"upstream\[0\]: is an object"),
        ({"artefact": {}, "upstream": [{"license": "mit"}]}, r"upstream\[0\]\.id: is missing"),
        ({"artefact": {}, "upstream": [{"id": 7}]}, r"upstream\[0\]\.id: is a string"),
        ({"artefact": {}, "upstream": [{"id": "x" * 1001}]}, "1001 characters"),
        ({"artefact": {}, "upstream": [{"id": "\ud800"}]}, "half a character"),
        ({"artefact": {}, "upstream": [{"id": "x"}] * 100_001}, "at most 100000"),
        ({"artefact": {"has_license_file": "yes"}}, "has_license_file: is true, false or null"),
        ({"artefact": {"modalities": [1]}}, "modalities: is a string or a list"),
        ({"artefact": {}, "use_profile": []}, "use_profile: is an object"),
        ({"artefact": {}, "use_profile": {"mode": "cloud"}}, r"use_profile\.mode: is one of internal, saas"),
        ({"artefact": {}, "use_profile": {"purpose": []}}, r"use_profile\.purpose: is one of"),
        ({"artefact": {}, "use_profile": {"mau": -1}}, r"use_profile\.mau: is a number of at least 0"),
        ({"artefact": {}, "use_profile": {"mau": float("nan")}}, "mau"),
        ({"artefact": {}, "use_profile": {"mau": True}}, "mau"),
        ({"artefact": {}, "use_profile": {"mau": "5"}}, "mau"),
        ({"artefact": {}, "use_profile": {"territory": "Germany"}}, r"use_profile\.territory: is a two-letter"),
        ({"artefact": {}, "id": 5}, "id: is a string"),
    ],
)
def test_a_case_of_the_wrong_shape_is_refused_with_the_place(broken: Any, said: str) -> None:
    with pytest.raises(CaseRejected, match=said):
        check(broken)


def test_every_decision_carries_the_digest_of_the_table_it_was_taken_from() -> None:
    assert check(case())["table_digest"] == catalogue.table_digest()
