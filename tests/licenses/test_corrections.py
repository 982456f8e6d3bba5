"""Single cells of the table corrected, and findings that a reviewer decided otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from licenses import catalogue
from licenses.cases import CaseRejected
from licenses.catalogue import TableError, corrected
from licenses.compat import check

NC = {
    "artefact": {"license": "apache-2.0", "name": "acme/x", "has_license_file": True},
    "upstream": [
        {
            "id": "org/a",
            "license": "apache-2.0",
            "relation": "finetune",
            "upstream": [{"id": "org/nc", "license": "cc-by-nc-4.0", "relation": "finetune"}],
        }
    ],
    "use_profile": {"purpose": "commercial", "mode": "saas", "territory": "US", "actor": "licensor"},
}


def correction(
    column: str, value: str, licence: str = "cc-by-nc-4.0", source_ref: str = "s.2(a)(1), read again"
) -> Any:
    return {"licence": licence, "column": column, "value": value, "source_ref": source_ref}


# --- corrections ----------------------------------------------------------------------------------------------------
def test_a_corrected_cell_is_judged_by_and_cited() -> None:
    open_to_all = [correction("use", "any"), correction("reach_finetune", "notice")]

    assert "C-NC" in check(NC)["codes"]
    answer = check(NC, corrections=open_to_all)

    assert answer["verdict"] == "pass"
    sections = [one["section"] for one in answer["latent"] if one["params"]["licence_id"] == "cc-by-nc-4.0"]
    assert sections
    assert all("reach_finetune: s.2(a)(1), read again" in section for section in sections)


def test_a_correction_can_make_a_reading_stricter_too() -> None:
    stricter = [correction("use", "nc", licence="apache-2.0")]

    assert check({**NC, "upstream": NC["upstream"][:1]}, corrections=stricter)["verdict"] == "conflict"


def test_every_set_of_corrections_has_its_own_digest_whatever_their_order() -> None:
    one, two = correction("use", "any"), correction("use", "nc", licence="mit")

    digests = {
        check(NC, corrections=some)["table_digest"] for some in ([], [one], [two], [one, two], [two, one], (one, two))
    }

    assert len(digests) == 4
    assert check(NC)["table_digest"] == catalogue.table_digest()
    assert check(NC, corrections=[one])["table_digest"] == corrected([one]).digest


def test_the_later_of_two_corrections_of_one_cell_counts() -> None:
    table = corrected([correction("use", "any"), correction("use", "research", source_ref="s.9")])

    row = table.find("cc-by-nc-4.0")
    assert row is not None
    assert row.use == "research"
    assert row.source_ref.endswith("use: s.9")


def test_the_shipped_table_stays_as_it_is_and_rows_without_a_correction_are_shared() -> None:
    table = corrected([correction("use", "any")])

    assert catalogue.find("cc-by-nc-4.0").use == "nc"  # type: ignore[union-attr]
    assert table.find("mit") is catalogue.find("mit")
    assert corrected([correction("use", "any")]) is table
    assert corrected([]) is catalogue.table()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (correction("use", "perhaps"), r"\(cc-by-nc-4\.0\), column use: 'perhaps' is not one of"),
        (correction("reach_merge", "same+cousin"), "column reach_merge: 'cousin'"),
        (correction("mau_cap", "many"), "column mau_cap: 'many' is not a whole number"),
        (correction("colour", "red"), "column 'colour': not a column"),
        (correction("id", "mine"), "column 'id': not a column that can be corrected"),
        (correction("aliases", "mit"), "both answer to 'mit'"),
        (correction("use", "any", licence="nobody"), "'nobody': not a row"),
        (correction("use", "any", source_ref=" "), "source_ref: empty"),
        ({"licence": "mit"}, r"corrections\[0\]\.column: is a string"),
        ("mit", r"corrections\[0\]: is an object"),
    ],
)
def test_a_correction_that_the_file_could_not_hold_is_refused_with_its_cell(wrong: Any, said: str) -> None:
    with pytest.raises(TableError, match=said):
        corrected([wrong])
    with pytest.raises(CaseRejected, match=said):
        check(NC, corrections=[wrong])


# --- overrides ------------------------------------------------------------------------------------------------------
CHAIN = ["org/nc", "org/a", "<artefact>"]
OVERRIDE = {"code": "C-NC", "chain": CHAIN, "reason": "bought", "by": "counsel", "until": "2027-01-01"}


def test_an_overridden_finding_is_shown_and_not_counted() -> None:
    answer = check({**NC, "overrides": [OVERRIDE]})

    assert answer["verdict"] == "pass"
    assert "C-NC" not in answer["codes"]
    (shown,) = answer["overridden"]
    assert (shown["code"], shown["chain"], shown["severity"]) == ("C-NC", CHAIN, "conflict")
    assert shown["override"] == OVERRIDE


@pytest.mark.parametrize(
    "other",
    [
        {"code": "C-RESEARCH"},
        {"chain": ["org/nc", "<artefact>"]},
        {"chain": ["org/nc", "org/a"]},
        {"term": "reach_finetune"},
    ],
)
def test_an_override_is_about_one_code_on_one_chain_and_where_given_one_term(other: dict[str, Any]) -> None:
    answer = check({**NC, "overrides": [{**OVERRIDE, **other}]})

    assert "C-NC" in answer["codes"]
    assert answer["overridden"] == []


def test_an_override_of_the_given_term_holds() -> None:
    assert check({**NC, "overrides": [{**OVERRIDE, "term": "use"}]})["verdict"] == "pass"


def test_an_override_of_one_chain_leaves_the_same_licence_on_another_one() -> None:
    nc = {"id": "org/nc", "license": "cc-by-nc-4.0", "relation": "finetune"}
    twice = {
        **NC,
        "upstream": [*NC["upstream"], {"id": "org/b", "license": "mit", "relation": "merge", "upstream": [nc]}],
    }

    answer = check({**twice, "overrides": [OVERRIDE]})

    assert [one["chain"] for one in answer["findings"] if one["code"] == "C-NC"] == [["org/nc", "org/b", "<artefact>"]]
    assert [one["chain"] for one in answer["overridden"]] == [CHAIN]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (7, "overrides: is a list of objects"),
        ([7], r"overrides\[0\]: is an object"),
        ([{"code": "C-NC"}], r"overrides\[0\]: needs a code and a chain"),
        ([{"code": "C-NC", "chain": [1]}], r"overrides\[0\]\.chain: is a string or a list of strings"),
    ],
)
def test_overrides_of_the_wrong_shape_are_refused(overrides: Any, said: str) -> None:
    with pytest.raises(CaseRejected, match=said):
        check({**NC, "overrides": overrides})
