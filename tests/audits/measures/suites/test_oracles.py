"""HateCheck's published counts, from its file."""

from __future__ import annotations

from typing import Any

from tests.audits.measures.suites.made import audited, codes, dicts_as_table, functionality, hatecheck


def answered(answer: str | None = None) -> dict[str, Any]:
    """The suite answered with one label always, or with the gold label."""
    return audited(dicts_as_table([{**row, "prediction": answer or row["label_gold"]} for row in hatecheck()]))


def test_oracle_v30_cases_functionalities_labels_and_targets_are_those_of_the_paper() -> None:
    document = answered()

    assert document["rows_used"] == 3_728
    assert len(document["functionalities"]) == 29
    assert {row["label"]: row["n"] for row in document["labels"]} == {"hateful": 2_563, "non-hateful": 1_165}
    assert (round(2_563 / 3_728 * 100, 2), round(1_165 / 3_728 * 100, 2)) == (68.75, 31.25)
    targets = {row["target"]: row["n"] for row in document["targets"]}
    assert len(targets) == 7
    assert (targets["gay people"], targets["trans people"], targets["immigrants"]) == (551, 463, 463)
    assert document["rows_used"] - sum(targets.values()) == 292
    assert functionality(document, "ident_pos_nh")["n"] == 189
    assert functionality(document, "slur_homonym_nh")["n"] == 30
    assert max(document["functionalities"], key=lambda row: row["n"])["functionality"] == "ident_pos_nh"


def test_oracle_v31_a_constant_classifier_fails_functionality_by_functionality_whatever_its_mean() -> None:
    document = answered("hateful")

    assert round(document["overall"]["value"] * 100, 2) == 68.75
    assert document["overall"]["role"] == "context"
    harmless = [row for row in document["functionalities"] if row["functionality"].endswith("_nh")]
    assert len(harmless) == 11
    assert {(row["value"], row["verdict"]) for row in harmless} == {(0.0, "fail")}
    assert document["verdict"] == "fail"
    assert codes(document)[0] == "suite.constant_prediction"
    assert document["reasons"][0]["params"]["functionalities_at_zero"] == 11
    # gay people have more of the tests that it gets wrong, and are treated like everybody else
    assert document["target_gap"]["p"] > 0.5
    assert "suite.target_gap" not in codes(document)
