from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

import pytest
import rfc8785

from audits.kinds import license as kind
from audits.kinds.base import InputsRejected, Interrupted, Outcome, get
from licenses import catalogue


class Given:
    """What the audit is run on; remembers the progress it was told."""

    seed = 0

    def __init__(self, inputs: Mapping[str, Any], *, stop: bool = False) -> None:
        self.inputs = inputs
        self.told: list[tuple[int, int | None]] = []
        self.stop = stop

    def open_blob(self, sha256: str) -> IO[bytes]:
        return io.BytesIO()

    def progress(self, done: int, total: int | None) -> None:
        if self.stop:
            raise Interrupted
        self.told.append((done, total))


SAAS = {"purpose": "commercial", "mode": "saas", "territory": "US", "mau": 0, "revenue_usd_year": 0}


def run(card: Any, *upstream: dict[str, Any], profile: Any = None, **inputs: Any) -> Outcome:
    return kind.run(
        Given(
            {
                "subject": "acme/thing",
                "kind": "model",
                "card": card,
                "files": ["LICENSE"],
                "upstream": list(upstream),
                "use_profile": SAAS if profile is None else profile,
                **inputs,
            }
        )
    )


def test_the_audit_is_registered_with_its_verdicts() -> None:
    assert get("license").verdicts == ("conflict", "unknown", "warning", "obligation", "pass")


def test_a_permissive_model_on_permissive_data_passes() -> None:
    data = {"id": "org/d", "type": "dataset", "license": "mit", "relation": "train_on", "known": True}

    outcome = run({"license": "mit"}, data)

    assert outcome.verdict == "pass"
    assert outcome.summary == {"license_unknown_count": 0.0, "license_conflict_count": 0.0}
    assert outcome.drafts == []


def test_a_conflict_names_its_chain_and_counts() -> None:
    base = {"id": "org/base", "type": "model", "license": "cc-by-nc-4.0", "relation": "finetune", "known": True}

    outcome = run({"license": "apache-2.0"}, base)

    assert outcome.verdict == "conflict"
    assert outcome.summary["license_conflict_count"] == 1.0
    (draft,) = [one for one in outcome.drafts if one.code == "C-NC"]
    assert draft.severity == "high"
    assert draft.locus == "org/base <- <artefact>"
    assert draft.params["section"]
    assert draft.params["licence_id"] == "cc-by-nc-4.0"


@pytest.mark.parametrize(
    ("upstream", "code"),
    [
        ({"id": "org/ghost", "type": "model", "license": None, "relation": "finetune", "known": False}, "U-MISSING"),
        ({"id": "org/ghost", "type": "model", "license": "mit", "relation": "finetune", "known": False}, "U-MISSING"),
        ({"id": "org/base", "type": "model", "license": "other", "relation": "finetune", "known": True}, "U-OTHER"),
        ({"id": "org/base", "type": "model", "license": "gpl", "relation": "finetune", "known": True}, "U-FAMILY"),
    ],
)
def test_an_upstream_without_a_known_text_is_unknown(upstream: dict[str, Any], code: str) -> None:
    outcome = run({"license": "mit"}, upstream)

    assert outcome.verdict == "unknown"
    assert outcome.summary["license_unknown_count"] == 1.0
    assert [(one.code, one.severity) for one in outcome.drafts] == [(code, "medium")]


@pytest.mark.parametrize("card", [{}, None, {"license": None}, {"license": []}])
def test_a_card_without_a_licence_is_unknown(card: Any) -> None:
    assert run(card).verdict == "unknown"


def test_a_licence_name_explains_other() -> None:
    outcome = run({"license": "other", "license_name": "qwen"}, profile={**SAAS, "mau": 200_000_000})

    assert outcome.verdict == "conflict"
    assert "C-USERCAP" in [one.code for one in outcome.drafts]


@pytest.mark.parametrize("profile", [{}, {"purpose": "commercial"}])
def test_an_unfilled_profile_is_unknown(profile: dict[str, Any]) -> None:
    assert run({"license": "llama3.1"}, profile=profile).verdict == "unknown"


@pytest.mark.parametrize(
    ("files", "files_known", "code"),
    [
        (["LICENSE.txt", "model.safetensors"], None, None),
        (["LICENCE"], None, None),
        (["COPYING"], None, None),
        (["LICENSES/MIT.txt"], None, None),
        (["README.md"], None, "W-NO-TEXT"),
        (["vendor/LICENSE"], None, "W-NO-TEXT"),
        (["licensee_list.csv"], None, "W-NO-TEXT"),
        ([], None, None),
        ([], True, "W-NO-TEXT"),
    ],
)
def test_a_missing_text_is_a_finding_where_the_files_were_listed(
    files: list[str], files_known: bool | None, code: str | None
) -> None:
    outcome = run(
        {"license": "mit"}, files=files, files_known=files_known, profile={**SAAS, "mode": "redistribute_weights"}
    )

    codes = [one.code for one in outcome.drafts if one.code == "W-NO-TEXT"]
    assert codes == ([code] if code else [])


def test_an_owners_own_licence_has_to_be_claimed() -> None:
    assert run({"license": "proprietary"}).verdict == "unknown"
    assert run({"license": "proprietary"}, profile={**SAAS, "actor": "licensor"}).verdict == "pass"


def test_the_document_is_the_check_with_the_digest_of_its_table() -> None:
    outcome = run({"license": ["mit", "apache-2.0"]})

    assert outcome.document["table_digest"] == catalogue.table_digest()
    assert outcome.document["subject"] == "acme/thing"
    assert outcome.document["expression"] == "mit AND apache-2.0"
    assert rfc8785.dumps(dict(outcome.document))


def test_one_code_on_one_chain_is_one_finding_with_all_its_terms() -> None:
    outcome = run({"license": "deepseek"})

    keys = [(one.code, one.locus) for one in outcome.drafts]
    assert len(keys) == len(set(keys))
    (restricted,) = [one for one in outcome.drafts if one.code == "O-AUP"]
    assert restricted.params["terms"] == ["field_excl", "use_restrictions"]


def test_progress_counts_the_works_that_are_judged() -> None:
    data = {"id": "org/d", "type": "dataset", "license": "mit", "relation": "train_on"}
    given = Given({"subject": "a/b", "card": {"license": "mit"}, "upstream": [data], "use_profile": SAAS})

    kind.run(given)

    assert given.told == [(0, 2), (2, 2)]


def test_an_interruption_is_let_through() -> None:
    with pytest.raises(Interrupted):
        kind.run(Given({"subject": "a/b", "card": {"license": "mit"}}, stop=True))


@pytest.mark.parametrize(
    "inputs",
    [
        {"card": ["mit"]},
        {"files": "LICENSE"},
        {"files": [1]},
        {"upstream": "org/base"},
        {"upstream": [{"license": "mit"}]},
        {"use_profile": "commercial"},
        {"use_profile": {"mode": "cloud"}},
        {"use_profile": {"mau": "many"}},
        {"subject": 7},
    ],
)
def test_inputs_of_the_wrong_shape_are_refused_with_what_belongs_there(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputsRejected, match=r"\w+.*: ") as refused:
        kind.run(Given({"subject": "a/b", "card": {"license": "mit"}, **inputs}))

    assert refused.value.code == "license_inputs"
