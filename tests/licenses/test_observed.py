"""What was seen of a work's texts, card and records, as the engine judges by it."""

from __future__ import annotations

from typing import Any

import pytest

from licenses import cards, compat, texts
from licenses.fields import CaseRejected

PASSED_ON = {"purpose": "commercial", "mode": "redistribute_weights", "actor": "licensee"}
BUILT_WITH = "Built with Llama"


def words(licence: str) -> str:
    """The fingerprint of a text of the licence."""
    return next(digest for digest, known in texts.known_texts().items() if known.licence.id == licence)


def text(licence: str, path: str = "LICENSE", **more: Any) -> dict[str, Any]:
    return {"path": path, "sha256_normalised": words(licence), **more}


def case(declared: Any = "apache-2.0", *upstream: dict[str, Any], profile: Any = None, **seen: Any) -> dict[str, Any]:
    artefact = {"type": "model", "name": "acme/model", "license": declared, **seen}
    return {"artefact": artefact, "upstream": list(upstream), "use_profile": profile or PASSED_ON}


def based_on(licence: Any = "llama3.1", **more: Any) -> dict[str, Any]:
    return {"id": "meta/base", "type": "model", "relation": "finetune", "license": licence, **more}


def found(answer: dict[str, Any], code: str, *, latent: bool = False) -> list[dict[str, Any]]:
    return [one for one in answer["latent" if latent else "findings"] if one["code"] == code]


def state(answer: dict[str, Any], code: str) -> set[str]:
    return {one["state"] for one in found(answer, code)}


# --- texts -----------------------------------------------------------------------------------------------------------
def test_a_text_of_another_licence_makes_the_answer_unknown_with_the_file() -> None:
    answer = compat.judge(case(has_license_file=True, texts=[text("gpl-3.0")]))

    (contradicted,) = found(answer, "U-TEXT")
    assert answer["verdict"] == "unknown"
    assert contradicted["chain"] == ["<artefact>"]
    assert (contradicted["params"]["licence_id"], contradicted["params"]["value"]) == ("gpl-3.0", "LICENSE")


@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"texts": []},
        {"texts": [{"path": "LICENSE"}]},
        {"texts": [{"path": "LICENSE", "sha256_normalised": "0" * 64}]},
        {"texts": [text("apache-2.0")]},
        {"texts": [text("gpl-3.0", "LICENSE-CODE")]},
    ],
)
def test_nothing_else_contradicts_a_declaration(seen: dict[str, Any]) -> None:
    assert not found(compat.judge(case(**seen)), "U-TEXT")


def test_other_is_judged_as_the_licence_whose_text_is_there() -> None:
    lifted = compat.judge(case("other", has_license_file=True, texts=[text("cc-by-nc-4.0")]))
    named = compat.judge(case("cc-by-nc-4.0", has_license_file=True, texts=[text("cc-by-nc-4.0")]))

    assert compat.judge(case("other"))["codes"] == ["U-OTHER"]
    assert lifted["verdict"] == "conflict"
    assert lifted["codes"] == named["codes"]


def test_other_upstream_is_judged_as_the_licence_whose_text_is_there() -> None:
    unread, read = based_on("other"), based_on("other", texts=[text("cc-by-nc-4.0")])

    assert "U-OTHER" in compat.judge(case("apache-2.0", unread))["codes"]
    assert (
        compat.judge(case("apache-2.0", read))["codes"]
        == compat.judge(case("apache-2.0", based_on("cc-by-nc-4.0")))["codes"]
    )


def test_other_is_judged_by_the_row_as_it_was_corrected() -> None:
    corrected = {"licence": "mit", "column": "use", "value": "nc", "source_ref": "a test"}
    other = case("other", texts=[text("mit")])

    assert "C-NC" not in compat.judge(other)["codes"]
    assert "C-NC" in compat.judge(other, corrections=[corrected])["codes"]


def test_a_missing_text_is_said_once_and_not_where_nothing_is_passed_on() -> None:
    seen = {"has_license_file": False, "texts": []}
    at_home = compat.judge(case(profile={**PASSED_ON, "mode": "internal"}, **seen))

    assert len(found(compat.judge(case(**seen)), "W-NO-TEXT")) == 1
    assert not found(at_home, "W-NO-TEXT")
    assert not found(at_home, "O-COPYRIGHT")
    assert found(at_home, "O-COPYRIGHT", latent=True)


def test_adding_the_text_clears_what_its_absence_showed() -> None:
    answer = compat.check(case("apache-2.0", based_on("cc-by-nc-4.0"), has_license_file=False, texts=[]))

    (added,) = [one for one in answer["repairs"] if one["action"] == "add_licence_text"]
    assert added["clears"] == ["W-NO-TEXT"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"has_license_file": True}, "met"),
        ({"has_license_file": True, "texts": [text("apache-2.0")]}, "met"),
        ({"has_license_file": True, "texts": [{"path": "LICENSE", "sha256_normalised": "0" * 64}]}, "unseen"),
        ({"has_license_file": True, "texts": [{"path": "LICENSE"}]}, "unseen"),
        ({"has_license_file": True, "texts": [text("mit")]}, "open"),
    ],
)
def test_a_copy_of_the_text_is_met_by_that_text_where_anybody_looked(seen: dict[str, Any], expected: str) -> None:
    assert state(compat.judge(case(**seen)), "O-LICENSE-COPY") == {expected}


# --- copyright, notices, attribution, badge --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"texts": [text("mit", copyright=True)]}, "met"),
        ({"texts": [text("mit", copyright=False)]}, "unseen"),
        ({"texts": [text("mit")], "notice_texts": [], "card_text": "A model."}, "open"),
        ({"texts": [text("mit")], "notice_texts": [], "card_seen": {"sought": "of another day"}}, "open"),
        ({"texts": [{"path": "LICENSE"}], "notice_texts": [], "card_text": "A model."}, "unseen"),
        ({"texts": [], "notice_texts": ["Copyright 2024 Acme"]}, "met"),
        ({"texts": [], "card_seen": {"copyright": True}}, "met"),
        ({"texts": [], "attested": ["O-COPYRIGHT"]}, "attested"),
    ],
)
def test_a_copyright_line_is_an_obligation_with_its_state(seen: dict[str, Any], expected: str) -> None:
    assert state(compat.judge(case("mit", **seen)), "O-COPYRIGHT") == {expected}


def test_nobody_is_asked_for_a_copyright_line_before_somebody_looked() -> None:
    for seen in ({}, {"card_seen": {"sought": "x"}}, {"card_text": ""}):
        assert not found(compat.judge(case("mit", **seen)), "O-COPYRIGHT")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({}, "open"),
        ({"card_seen": {"sought": cards.badges_digest()}}, "open"),
        ({"card_seen": {"sought": "of another table"}}, "unseen"),
        ({"card_seen": {"badges": [BUILT_WITH], "sought": "of another table"}}, "met"),
        ({"card_text": f"**{BUILT_WITH}**"}, "met"),
        ({"card_text": "A model."}, "open"),
        ({"notice_texts": [BUILT_WITH]}, "met"),
        ({"notices": [BUILT_WITH], "card_text": "A model."}, "met"),
        ({"card_seen": {"sought": cards.badges_digest()}, "notice_texts": ["…"], "notices_cut": True}, "unseen"),
    ],
)
def test_a_badge_is_met_where_it_was_seen(seen: dict[str, Any], expected: str) -> None:
    assert state(compat.judge(case("llama3.1", based_on(), **seen)), "O-BADGE") == {expected}


def test_a_card_that_names_its_origins_attributes_these_and_not_what_is_behind_them() -> None:
    behind = based_on("mit", id="far/behind")
    base = based_on("cc-by-4.0", upstream=[behind])

    answer = compat.judge(case("cc-by-4.0", base, card_names_origins=True))

    assert {one["chain"][0]: one["state"] for one in found(answer, "O-ATTRIB") if len(one["chain"]) > 1} == {
        "meta/base": "met",
        "far/behind": "unseen",
    }


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"notices": ["NOTICE"]}, "met"),
        ({"notices": ["NOTICE"], "notice_texts": ["Made from meta/base by Meta."]}, "met"),
        ({"notices": ["NOTICE"], "notice_texts": ["Of Acme."]}, "open"),
        ({"notices": ["NOTICE"], "notice_texts": ["Of Acme."], "notices_cut": True}, "unseen"),
        ({"notice_texts": []}, "open"),
    ],
)
def test_notices_are_kept_where_they_name_the_work(seen: dict[str, Any], expected: str) -> None:
    answer = compat.judge(case("llama3.1", based_on(), **seen))

    assert {one["state"] for one in found(answer, "O-NOTICE") if len(one["chain"]) > 1} == {expected}


# --- records ---------------------------------------------------------------------------------------------------------
def test_another_record_of_the_licence_is_a_warning() -> None:
    answer = compat.judge(case(records=[{"source": "a list", "license": "mit"}]))

    (other,) = found(answer, "W-RECORD")
    assert (other["params"]["record"], other["params"]["value"]) == ("a list", "mit")


def test_a_licence_that_is_another_at_the_head_is_a_warning() -> None:
    assert found(compat.judge(case(license_at_head="mit")), "W-CHANGED-LICENSE")
    assert not found(compat.judge(case(license_at_head="apache-2.0")), "W-CHANGED-LICENSE")


def test_a_licence_that_was_another_before_is_a_warning_beside_what_came_since() -> None:
    answer = compat.judge(case(license_before="mit", license_at_head="cc-by-nc-4.0"))

    changes = {(one["params"]["written"], one["params"]["value"]) for one in found(answer, "W-CHANGED-LICENSE")}
    assert changes == {("mit", "apache-2.0"), ("apache-2.0", "cc-by-nc-4.0")}
    assert answer["verdict"] == "warning"


# --- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seen", "place"),
    [
        ({"texts": "LICENSE"}, "artefact.texts"),
        ({"texts": ["LICENSE"]}, "artefact.texts"),
        ({"texts": [{}]}, r"artefact.texts\[0\].path"),
        ({"texts": [{"path": "L", "copyright": "yes"}]}, r"artefact.texts\[0\].copyright"),
        ({"texts": [{"path": "L"}] * 101}, "at most 100"),
        ({"notice_texts": [1]}, "artefact.notice_texts"),
        ({"card_text": b""}, "artefact.card_text"),
        ({"card_seen": []}, "card_seen"),
        ({"card_seen": {"badges": 1}}, "artefact.card_seen.badges"),
        ({"records": [1]}, "artefact.records"),
        ({"card_names_origins": "yes", "texts": []}, "artefact.card_names_origins"),
    ],
)
def test_what_was_seen_is_refused_with_its_place(seen: dict[str, Any], place: str) -> None:
    with pytest.raises(CaseRejected, match=place):
        compat.judge(case(**seen))


# --- a card read once ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("card", "badges"),
    [
        (b"# A model\n\n[**built  with LLAMA**](https://example.org)\n", [BUILT_WITH]),
        (b"Improved using Qwen.", ["Built with Qwen | Improved using Qwen"]),
        (b"Rebuilt with llamas, built with care for llama owners", []),
        (b"", []),
        (b"\xff\xfe\x00", []),
    ],
)
def test_a_card_shows_the_badges_that_stand_in_it(card: bytes, badges: list[str]) -> None:
    seen = cards.read_card(card)

    assert (list(seen.badges), seen.sought) == (badges, cards.badges_digest())


def test_of_a_very_long_card_no_absence_is_claimed() -> None:
    assert cards.read_card(b"x " * texts.MAX_LENGTH).sought == ""


@pytest.mark.parametrize(
    ("card", "expected"),
    [("© 2024 Jane Doe", True), ("Copyright (c) 2024 Acme", True), ("Respect copyright. See (c) above.", False)],
)
def test_a_card_shows_whether_somebody_claims_copyright(card: str, expected: bool) -> None:
    assert cards.read_card(card.encode()).copyright is expected
