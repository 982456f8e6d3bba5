from __future__ import annotations

import pytest

from audits.cards import parse
from licenses.catalogue import hub_identifiers
from tests.audits.cards.cards import card, codes
from tests.audits.cards.conftest import Find


def test_every_licence_of_the_hub_is_accepted() -> None:
    for identifier in sorted(hub_identifiers() - {"other"}):
        parsed = card(f'license: "{identifier}"')

        assert parsed.licenses == (identifier,)
        assert not {code for code in codes(parsed) if code.startswith("card.license")}


@pytest.mark.parametrize("front_matter", ["tags: [a]", "license:", "license: ''", "license: []"])
def test_a_card_without_a_licence_says_so(front_matter: str, find: Find) -> None:
    parsed = card(front_matter)

    found = find(parsed, "card.license.missing")
    assert (found.field, found.severity, parsed.licenses) == ("license", "medium", ())
    assert found.line == (2 if front_matter.startswith("license") else None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MIT", "mit"),
        ("Apache 2.0", "apache-2.0"),
        ("apache-2", "apache-2.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("CC BY-SA 4.0", "cc-by-sa-4.0"),
        ("gpl v3.0", "gpl-3.0"),
        ("BSD-3", "bsd-3-clause"),
        ("llama", ""),
        ("???", ""),
        ("my-own", ""),
    ],
)
def test_a_licence_outside_the_hubs_list_is_refused_with_what_may_be_meant(
    written: str, meant: str, find: Find
) -> None:
    parsed = card(f"tags: [a]\nlicense: {written}")

    found = find(parsed, "card.license.unknown_id")
    assert (found.field, found.line, found.severity) == ("license", 3, "high")
    assert found.params == {"id": written, "meant": meant}
    assert parsed.licenses == (written,)


def test_a_list_of_licences_is_checked_one_by_one(find: Find) -> None:
    parsed = card("license:\n- mit\n- nice\n- apache-2.0")

    assert parsed.licenses == ("mit", "nice", "apache-2.0")
    assert find(parsed, "card.license.unknown_id").line == 4


@pytest.mark.parametrize(
    ("written", "got"),
    [
        ("no", "boolean"),
        ("2024-01-31", "date"),
        ("1.0", "number"),
        ("3", "number"),
        ("99999999999999999999", "number"),
        ("{name: mit}", "mapping"),
        ("[[mit]]", "list"),
    ],
)
def test_what_yaml_makes_something_else_of_is_told_as_written(written: str, got: str, find: Find) -> None:
    parsed = card(f"license: {written}")

    found = find(parsed, "card.license.type")
    assert (found.line, found.params["got"], found.severity) == (2, got, "high")
    if got not in ("mapping", "list"):
        assert parsed.licenses == (written,) == (found.params["written"],)


def test_other_needs_a_name_and_a_text(find: Find) -> None:
    parsed = card("tags: [a]\nlicense: other")

    assert (find(parsed, "card.license.name_missing").field, parsed.license_name) == ("license_name", None)
    assert find(parsed, "card.license.name_missing").line == 3
    assert find(parsed, "card.license.link_missing").severity == "low"


def test_other_with_name_and_text_is_complete() -> None:
    parsed = card("license: other\nlicense_name: 1.10\nlicense_link: ' LICENSE '")

    assert (parsed.license_name, parsed.license_link) == ("1.10", "LICENSE")
    assert not {code for code in codes(parsed) if code.startswith(("card.license", "card.field"))}


@pytest.mark.parametrize("key", ["licenses", "licence"])
def test_a_licence_under_another_key_is_taken_for_declared_and_told(key: str, find: Find) -> None:
    parsed = card(f"{key}:\n- cc-by-sa-3-0")

    assert find(parsed, "card.license.legacy_key").params == {"key": key}
    assert parsed.licenses == ("cc-by-sa-3-0",)
    assert not codes(parsed) & {"card.license.missing", "card.license.unknown_id"}


@pytest.mark.parametrize("field", ["language", "tags"])
def test_norwegian_without_quotes_is_told(field: str, find: Find) -> None:
    parsed = card(f"license: mit\n{field}:\n- en\n- no")

    found = find(parsed, "card.field.yaml_boolean")
    assert (found.field, found.line, found.params) == (field, 5, {"written": "no", "got": "false"})
    assert "card.field.type" not in codes(parsed)


@pytest.mark.parametrize(
    ("front_matter", "field", "got"),
    [
        ("pipeline_tag: [a]", "pipeline_tag", "list"),
        ("pipeline_tag: 2020-01-01", "pipeline_tag", "date"),
        ("language: {a: b}", "language", "mapping"),
        ("language: [7]", "language", "number"),
        ("base_model: 3", "base_model", "number"),
        ("base_model: [[a/b]]", "base_model", "list"),
        ("base_model: {id: a/b}", "base_model", "mapping"),
        ("datasets: true", "datasets", "boolean"),
        ("datasets: [2020-01-01]", "datasets", "date"),
        ("tags: {a: b}", "tags", "mapping"),
    ],
)
def test_fields_of_the_wrong_type_are_told_with_their_line(front_matter: str, field: str, got: str, find: Find) -> None:
    parsed = card(f"license: mit\n{front_matter}")

    found = find(parsed, "card.field.type")
    assert (found.field, found.line, found.params["got"], found.severity) == (field, 3, got, "high")
    assert parsed.links == ()


def test_keys_that_the_hub_does_not_read_are_told_with_the_right_one(find: Find) -> None:
    parsed = card("license: mit\nlanguages: [en]")

    found = find(parsed, "card.field.legacy_key")
    assert (found.field, found.line, found.params) == ("languages", 3, {"use": "language"})


@pytest.mark.parametrize("front_matter", ["title: A", "title: A\nsdk: flask"])
def test_a_space_without_a_known_sdk_is_refused(front_matter: str, find: Find) -> None:
    parsed = parse(f"---\n{front_matter}\nlicense: mit\n---\n".encode(), kind="space")

    assert find(parsed, "card.space.sdk").severity == "high"
