"""What files, card, name and records show; absence is claimed only where somebody looked."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import catalogue, texts
from licenses.cards import badge_shown
from licenses.evidence import Evidence, FoundText, Record, read_text, stored_text
from licenses.expressions import Term, parse
from licenses.findings import ARTEFACT, MESSAGES, Finding
from licenses.states import findings, name_begins, resolved, state, with_state
from tests.licenses.test_texts import MIT

SHARED = Path(__file__).parents[3] / "shared" / "data"
CHECKED, CARDS = SHARED / "licences" / "data_provenance_datasets.jsonl.gz", SHARED / "cards" / "datasets"

LLAMA3 = FoundText("LICENSE", "0" * 64, "llama3")
UNKNOWN = FoundText("LICENSE", "1" * 64)


def asked(
    code: str, licence: str, *, work: str = "meta-llama/Meta-Llama-3-8B", value: str = "", **more: Any
) -> Finding:
    row = catalogue.find(licence)
    assert row is not None
    params = {"licence": row.name, "licence_id": row.id, "work": work, "value": value}
    return Finding(code, "term", row.source_ref, row.source_url, (work, ARTEFACT), params, **more)


def codes(evidence: Evidence, declared: Any) -> dict[str, str]:
    """Code -> state of what the evidence shows by itself."""
    return {one.code: one.state for one in findings(evidence, parse(declared))}


# --- the licence text ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "unseen"),
        ((), "open"),
        ((LLAMA3,), "met"),
        ((UNKNOWN,), "unseen"),
        ((UNKNOWN, LLAMA3), "met"),
        ((FoundText("LICENSE", "2" * 64, "mit"),), "open"),
    ],
)
def test_a_copy_of_the_text_is_met_only_by_that_text(found: Any, expected: str) -> None:
    assert state(Evidence(license_texts=found), asked("O-LICENSE-COPY", "llama3")) == expected


def test_missing_texts_are_a_finding_only_where_somebody_looked() -> None:
    assert "W-NO-TEXT" not in codes(Evidence(), "mit")
    assert codes(Evidence(license_texts=()), "mit")["W-NO-TEXT"] == "open"
    assert "W-NO-TEXT" not in codes(Evidence(license_texts=(UNKNOWN,)), "mit")
    assert "W-NO-TEXT" not in codes(Evidence(license_texts=()), "unlicense")
    assert "W-NO-TEXT" not in codes(Evidence(license_texts=()), "other")


def test_a_declared_licence_that_the_text_contradicts_is_a_finding_with_the_file() -> None:
    (found,) = [one for one in findings(Evidence(license_texts=(LLAMA3,)), parse("apache-2.0")) if one.code == "U-TEXT"]

    assert found.params["licence_id"] == "llama3"
    assert found.params["declared"] == "apache-2.0"
    assert found.params["value"] == "LICENSE"
    assert found.as_json()["severity"] == "unknown"


@pytest.mark.parametrize("path", ["LICENSE-CODE", "third_party/LICENSE", "LICENSES/3rd-party.txt", "src/LICENSE"])
def test_the_licence_of_a_part_contradicts_nobody(path: str) -> None:
    assert "U-TEXT" not in codes(Evidence(license_texts=(FoundText(path, "0" * 64, "mit"),)), "apache-2.0")


def test_other_is_the_licence_whose_text_is_there() -> None:
    named = resolved(Evidence(license_texts=(LLAMA3,)), parse("other", "my-terms"))

    assert isinstance(named, Term)
    assert named.licence.id == "llama3"
    assert "U-TEXT" not in codes(Evidence(license_texts=(LLAMA3,)), "other")


def test_a_file_is_read_once_and_known_again_by_its_stored_fingerprint() -> None:
    read = read_text("LICENSE", MIT.encode())

    assert (read.licence, read.copyright) == ("mit", ("Copyright (c) 2024 Jane Doe",))
    assert stored_text("LICENSE", read.fingerprint).licence == "mit"
    assert stored_text("LICENSE", "no hash").licence == ""


# --- copyright -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(), "unseen"),
        (Evidence(license_texts=(UNKNOWN,)), "unseen"),
        (Evidence(license_texts=(), card_text="a model"), "unseen"),
        (Evidence(license_texts=(UNKNOWN,), card_text="a model", notice_texts=()), "open"),
        (Evidence(license_texts=(read_text("LICENSE", MIT),)), "met"),
        (Evidence(card_text="# Model\n\n© Jane Doe\n"), "met"),
        (Evidence(notice_texts=("Copyright 2023 Acme, Inc.",)), "met"),
        (Evidence(license_texts=(), notice_texts=(), card_text="Respect copyright. See (c) above."), "open"),
    ],
)
def test_a_copyright_line_is_looked_for_in_texts_notices_and_card(evidence: Evidence, expected: str) -> None:
    assert codes(evidence, "mit")["O-COPYRIGHT"] == expected


def test_no_copyright_line_is_missed_where_none_is_asked_for() -> None:
    nothing = Evidence(license_texts=(), card_text="", notice_texts=())

    assert "O-COPYRIGHT" not in codes(nothing, "unlicense")
    assert "O-COPYRIGHT" not in codes(nothing, None)


# --- notices, attribution, badge, name -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("notices", "expected"),
    [
        (None, "unseen"),
        ((), "open"),
        (("This product includes software by Acme.",), "open"),
        (("Llama 3 Community License, Copyright © Meta",), "met"),
        (("made from META-LLAMA/Meta-Llama-3-8B",), "met"),
    ],
)
def test_a_notice_is_kept_when_it_names_the_licence_or_the_work(notices: Any, expected: str) -> None:
    assert state(Evidence(notice_texts=notices), asked("O-NOTICE", "llama3")) == expected


@pytest.mark.parametrize(
    ("card", "expected"),
    [(None, "unseen"), ("A model.", "open"), ("Fine-tuned from meta-llama-3-8b.", "met")],
)
def test_attribution_is_met_where_the_upstream_is_named(card: str | None, expected: str) -> None:
    assert state(Evidence(card_text=card), asked("O-ATTRIB", "llama3")) == expected


@pytest.mark.parametrize(
    ("badge", "card", "expected"),
    [
        ("Built with Llama", None, "unseen"),
        ("Built with Llama", "", "open"),
        ("Built with Llama", "[**built  with LLAMA**](https://example.org)", "met"),
        ("Built with Llama", "Rebuilt with llamas", "open"),
        ("Built with Meta Llama 3", "Built with Llama", "open"),
        ("Built with Qwen | Improved using Qwen", "Improved using Qwen.", "met"),
        ("Kimi K2 (only >100M MAU or >20M USD/month)", "This is Kimi K2", "met"),
        ("[name] is built using Falcon LLM technology", "Bird is built using Falcon LLM technology", "met"),
    ],
)
def test_a_badge_is_met_by_its_words(badge: str, card: str | None, expected: str) -> None:
    assert badge_shown(Evidence(card_text=card), badge) == expected


def test_a_badge_in_the_name_or_notice_counts_even_before_the_card_was_read() -> None:
    assert badge_shown(Evidence(name="acme/built-with-llama"), "Built with Llama") == "met"
    assert badge_shown(Evidence(notice_texts=("Built with Llama",)), "Built with Llama") == "met"
    assert badge_shown(Evidence(name="acme/thing", notice_texts=()), "Built with Llama") == "unseen"


@pytest.mark.parametrize(
    ("name", "expected"),
    [(None, "unseen"), ("acme/Llama-3-acme", "met"), ("acme/llama_3.acme", "met"), ("llama-3/acme", "open")],
)
def test_a_name_begins_with_its_prefix_without_its_owner(name: str | None, expected: str) -> None:
    assert name_begins(Evidence(name=name), "Llama 3") == expected


def test_what_nobody_can_see_in_files_keeps_the_state_it_had() -> None:
    open_one = asked("O-FLOW", "gemma", state="open")
    attested = asked("O-BADGE", "llama3", value="Built with Meta Llama 3", state="attested")

    assert with_state(Evidence(card_text=""), open_one) is open_one
    assert with_state(Evidence(card_text=""), attested).state == "attested"
    assert with_state(Evidence(card_text="Built with Meta Llama 3"), attested).state == "met"


def test_obligations_come_back_in_their_order_with_their_chain() -> None:
    given_ones = [
        asked("O-NOTICE", "llama3", state="open", latent=True),
        asked("O-BADGE", "llama3", value="Built with Meta Llama 3", state="open"),
    ]

    found = findings(Evidence(card_text="Built with Meta Llama 3"), parse("llama3"), given_ones)

    assert [(one.code, one.state) for one in found[:2]] == [("O-NOTICE", "unseen"), ("O-BADGE", "met")]
    assert found[0].latent
    assert found[0].chain == given_ones[0].chain


# --- records ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("declared", "recorded", "differs"),
    [
        ("mit", "MIT", False),
        ("apache-2.0", "Apache License 2.0", False),
        (["mit", "apache-2.0"], ["apache-2.0", "mit"], False),
        ("mit", "apache-2.0", True),
        ("mit", "cc", True),
        ("mit", None, False),
        ("mit", "other", False),
        ("mit", "unknown", False),
        (None, "mit", False),
        ("mit", {"no": "licence"}, False),
    ],
)
def test_a_record_that_names_another_licence_is_a_finding(declared: Any, recorded: Any, differs: bool) -> None:
    evidence = Evidence(records=(Record("Hub tag", recorded),))

    assert ("W-RECORD" in codes(evidence, declared)) is differs


def test_a_record_is_quoted_with_its_source() -> None:
    evidence = Evidence(records=(Record("Hub tag", "llama3"),))
    (found,) = [one for one in findings(evidence, parse("apache-2.0")) if one.code == "W-RECORD"]

    assert found.params["record"] == "Hub tag"
    assert found.params["value"] == "llama3"
    assert "Hub tag names llama3" in found.as_json()["message"]


@pytest.mark.parametrize(
    ("at_head", "changed"),
    [(None, False), (Record("main", "mit"), False), (Record("main", "cc-by-nc-4.0"), True), (Record("main"), True)],
)
def test_a_licence_that_changed_at_the_head_is_a_finding(at_head: Record | None, changed: bool) -> None:
    assert ("W-CHANGED-LICENSE" in codes(Evidence(at_head=at_head), "mit")) is changed


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        (None, False),
        (Record("v1", "MIT"), False),
        (Record("v1", "cc-by-nc-4.0"), True),
        (Record("v1", "gpl"), True),  # a family says that it was another one
        (Record("v1"), False),
        (Record("v1", "other"), False),
    ],
)
def test_a_licence_that_an_earlier_revision_did_not_have_is_a_finding(before: Record | None, changed: bool) -> None:
    assert ("W-CHANGED-LICENSE" in codes(Evidence(before=before), "mit")) is changed


def test_a_licence_that_is_declared_no_more_is_a_finding() -> None:
    changed = [
        one for one in findings(Evidence(before=Record("v1", "mit")), parse(None)) if one.code.startswith("W-CH")
    ]

    assert [(one.params["written"], one.params["value"], one.params["licence_id"]) for one in changed] == [
        ("mit", "nothing", "mit")
    ]


def test_cards_that_disagree_with_a_list_checked_by_hand_are_found() -> None:
    if not (CHECKED.exists() and CARDS.is_dir()):
        pytest.skip(f"{CHECKED} or {CARDS} is not here")
    agree, differ = set(), set()
    with gzip.open(CHECKED, "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            name = (entry["Hugging Face URL"] or "").rstrip("/").split("/datasets/")[-1]
            card = CARDS / f"{name.replace('/', '__')}.md"
            if not name or not card.exists() or len(entry["Licenses"]) != 1:
                continue
            declared = re.search(r"^licenses?:\n- ([\w.+-]+)$", card.read_text("utf-8", "replace"), re.MULTILINE)
            if declared is None:
                continue
            record = Record("curated list", entry["Licenses"][0]["License"])
            found = codes(Evidence(records=(record,)), declared[1])
            (differ if "W-RECORD" in found else agree).add(name)

    # Both were looked at by a person: QuAC is shared under CC BY-SA 4.0 and its card says MIT.
    assert {"quac", "drop"} <= differ
    assert {"ami", "boolq", "hotpot_qa"} <= agree
    assert len(agree) > len(differ)


# --- everything at once ----------------------------------------------------------------------------------------------
words = st.one_of(st.none(), st.text(max_size=60))
evidences = st.builds(
    Evidence,
    license_texts=st.none()
    | st.lists(st.builds(read_text, st.text(max_size=20), st.binary(max_size=60)), max_size=2).map(tuple),
    card_text=words,
    notice_texts=st.none() | st.lists(st.text(max_size=60), max_size=2).map(tuple),
    name=words,
    records=st.none() | st.lists(st.builds(Record, st.text(max_size=9), st.text(max_size=9)), max_size=2).map(tuple),
    at_head=st.none() | st.builds(Record, st.text(max_size=9), st.text(max_size=9)),
)
declarations = st.one_of(
    st.none(), st.text(max_size=20), st.sampled_from(["mit", "llama3", "other", "gpl", "a OR mit"])
)


@given(evidences, declarations)
def test_any_evidence_is_read_without_an_error_and_worded(evidence: Evidence, declared: Any) -> None:
    obligations = [asked(code, "llama3", value="Built with X") for code in ("O-BADGE", "O-NOTICE", "O-ATTRIB")]

    for one in findings(evidence, parse(declared), obligations):
        assert one.code in MESSAGES
        assert one.state in ("", "met", "open", "unseen")
        assert one.as_json()["message"]


@given(declarations)
def test_nobody_looked_so_nothing_is_missing(declared: Any) -> None:
    for one in findings(Evidence(), parse(declared), [asked("O-BADGE", "llama3", value="Built with Llama")]):
        assert one.state == "unseen"


def test_evidence_uses_the_list_of_texts() -> None:
    assert texts.licence_of(read_text("COPYING", MIT).fingerprint) is catalogue.find("mit")
