"""Limits of a licence: users, revenue, territory, fields; and how strictly a silent text is read."""

from __future__ import annotations

from typing import Any

import pytest

from licenses.compat import check
from tests.licenses.compat.cases import case


@pytest.mark.parametrize(
    ("licence", "missing"),
    [
        ("llama3.1", "mau"),
        ("qwen", "mau"),
        ("stability-community", "revenue_usd_year"),
        ("tencent-hunyuan-3d-2.0", "territory"),
        ("cc-by-nc-4.0", "purpose"),
        ("mit", "mode"),
    ],
)
def test_a_profile_value_that_is_not_given_clears_no_limit(licence: str, missing: str) -> None:
    answer = check(case(licence, **{missing: None}))

    assert "U-FACT" in answer["codes"]
    assert answer["verdict"] in ("unknown", "conflict")


def test_an_empty_profile_never_passes() -> None:
    answer = check({"artefact": {"license": "mit"}})

    assert answer["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"mau": 700_000_000}, None),
        ({"mau": 700_000_001}, "U-FACT"),
        ({"mau": 900_000_000, "mau_at_release": 1}, None),
        ({"mau": 0, "mau_at_release": 700_000_001}, "C-USERCAP"),
    ],
)
def test_a_cap_frozen_at_release_is_held_against_the_users_of_that_day(
    profile: dict[str, Any], code: str | None
) -> None:
    codes = check(case("llama3.1", mode="internal", **profile))["codes"]

    assert [one for one in codes if one in ("U-FACT", "C-USERCAP")] == ([code] if code else [])


def test_a_cap_for_commercial_use_does_not_bind_research() -> None:
    assert "C-USERCAP" in check(case("qwen", mau=200_000_000))["codes"]
    assert "C-USERCAP" not in check(case("qwen", mau=200_000_000, purpose="research"))["codes"]


def test_revenue_above_the_cap_ends_the_grant() -> None:
    assert "C-REVCAP" in check(case("stability-community", revenue_usd_year=1_000_001))["codes"]
    assert "C-REVCAP" not in check(case("stability-community", revenue_usd_year=1_000_000))["codes"]


@pytest.mark.parametrize(
    ("territory", "expected"),
    [("KR", "C-TERRITORY"), ("EU", "C-TERRITORY"), (["US", "UK"], "C-TERRITORY"), ("world", "C-TERRITORY"), ("JP", "")],
)
def test_a_territory_that_is_left_out_is_a_conflict(territory: Any, expected: str) -> None:
    codes = check(case("tencent-hunyuan-3d-2.0", territory=territory))["codes"]

    assert ("C-TERRITORY" in codes) is bool(expected)


def test_an_exclusion_by_domicile_is_not_decided_by_where_something_is_offered() -> None:
    vision = {"modalities": ["text", "image"], "name": "acme/Llama-vis"}

    assert "U-FACT" in check(case("llama3.2", artefact=vision, territory="world"))["codes"]
    assert check(case("llama3.2", artefact=vision, territory="world", domicile="US"))["verdict"] == "obligation"
    assert "C-TERRITORY" in check(case("llama3.2", artefact=vision, territory="US", domicile="DE"))["codes"]


def test_an_exclusion_of_multimodal_models_needs_to_know_the_modalities() -> None:
    assert "U-FACT" in check(case("llama3.2", territory="DE"))["codes"]
    assert "C-TERRITORY" in check(case("llama4", territory="DE"))["codes"]
    assert check(case("llama3.3", territory="DE"))["verdict"] == "obligation"


def test_an_excluded_field_is_a_conflict_and_stays_a_restriction_for_every_other_field() -> None:
    assert "C-FIELD" in check(case("deepseek", field="military logistics"))["codes"]
    assert check(case("deepseek", field="health"))["verdict"] == "obligation"
    assert "O-AUP" in check(case("deepseek", field=None))["codes"]


@pytest.mark.parametrize(
    ("strictness", "code"),
    [("legalistic", None), ("conservative", "W-TRAIN-NC"), ("strict", "C-NC"), (None, "W-TRAIN-NC")],
)
def test_a_silent_text_falls_away_warns_or_binds(strictness: str | None, code: str | None) -> None:
    answer = check(case("apache-2.0", [("cc-by-nc-4.0", "train_on")], mode="saas", strictness=strictness))

    assert answer["codes"] == ([code] if code else [])
