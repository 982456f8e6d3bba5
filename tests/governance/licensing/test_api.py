"""REST: the licence table, and one case judged by it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from governance.licensing.services import corrections, notes
from licenses import catalogue
from tests.factories import member
from tests.governance.people.clients import program

pytestmark = pytest.mark.django_db
LIST, CHECK = "/api/v1/licenses/", "/api/v1/licenses/check/"
CASE = {
    "id": "a case",
    "artefact": {"type": "model", "license": "apache-2.0", "name": "somebody/a-model"},
    "upstream": [{"id": "base/model", "type": "model", "license": "llama3.1", "relation": "finetune"}],
    "use_profile": {"purpose": "commercial", "mode": "redistribute_weights", "mau": 1000, "territory": ["US"]},
}


@pytest.fixture
def client():
    return program(member(None, "viewer"), "catalog:read")


def ids(answer):
    return [item["id"] for item in answer.json()["items"]]


def test_every_row_is_met_once_on_the_way_through_the_list(client):
    met, url = [], f"{LIST}?limit=40"
    while url:
        answer = client.get(url)
        met += ids(answer)
        url = answer.json()["next"]

    assert met == sorted(row.id for row in catalogue.all_licences())
    assert answer.json()["order"] == ["id"]


def test_the_way_back_through_the_list_is_the_way_there(client):
    first = client.get(LIST, {"limit": 10})
    second = client.get(first.json()["next"])

    assert first.json()["previous"] is None
    assert ids(client.get(second.json()["previous"])) == ids(first)


def test_the_list_is_narrowed_by_family_and_by_words_of_names(client):
    llamas = ids(client.get(LIST, {"family": "llama"}))

    assert llamas
    assert {catalogue.find(one).family for one in llamas} == {"llama"}
    assert ids(client.get(LIST, {"q": "LLAMA 3.1"})) == ["llama3.1"]
    assert ids(client.get(LIST, {"q": "llama", "family": "cc"})) == []


def test_filters_hold_on_the_next_page(client):
    following = client.get(client.get(LIST, {"family": "cc", "limit": 3}).json()["next"])

    assert len(ids(following)) == 3
    assert {catalogue.find(one).family for one in ids(following)} == {"cc"}


@pytest.mark.parametrize("cursor", ["x", "WyI+Iiwx", "é", "bnVsbA", "W10", "WyI_IiwiYSJd", "A" * 400])
def test_a_cursor_that_is_none_of_ours_is_refused_in_words(client, cursor):
    answer = client.get(LIST, {"cursor": cursor})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("sent", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"family": "no-family"}])
def test_a_filter_that_means_nothing_is_refused_by_its_name(client, sent):
    answer = client.get(LIST, sent)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(sent)


def test_a_licence_shows_every_term_with_its_source(client):
    shown = client.get(f"{LIST}llama3.1/").json()

    row = catalogue.find("llama3.1")
    assert shown["name"] == row.name
    assert shown["terms"]["mau_cap"] == row.mau_cap
    assert shown["terms"]["name_prefix"] == row.name_prefix
    assert shown["terms"]["reach_distill"] == "unclear:terms"
    assert shown["terms"]["termination"] == list(row.termination)
    assert shown["read_from"]["sections"] == row.source_ref
    assert shown["table_digest"] == catalogue.table_digest()
    assert "not legal advice" in shown["note"]
    assert {f"reach_{r}" for r in ("finetune", "adapter", "merge", "quantized", "train_on")} <= set(shown["terms"])


def test_what_the_text_does_not_cap_is_null_and_not_zero(client):
    shown = client.get(f"{LIST}mit/").json()

    assert shown["terms"]["mau_cap"] is None
    assert shown["terms"]["revenue_cap_usd_year"] is None


def test_clauses_beyond_the_columns_have_sections_of_their_own(client):
    (clause,) = client.get(f"{LIST}cc-by-sa-3.0/").json()["clauses"]

    assert clause["clause"] == "compatible"
    assert clause["section"].startswith("s.4(b)")


def test_a_licence_is_found_by_any_of_its_names(client):
    assert {client.get(f"{LIST}{name}/").json()["id"] for name in ("MIT", "mit", "Apache-2.0")} == {"mit", "apache-2.0"}


def test_a_licence_that_is_not_in_the_table_is_not_found(client):
    assert client.get(f"{LIST}no-such-licence/").status_code == 404


def test_a_case_is_judged_as_the_engine_judges_it(client):
    from licenses import compat

    answer = client.post(CHECK, CASE, format="json")

    assert answer.status_code == 200
    assert answer.json() == compat.check(CASE)
    assert (answer.json()["verdict"], answer.json()["id"]) == ("conflict", "a case")


@pytest.mark.parametrize(
    ("case", "place"),
    [
        ({**CASE, "upstream": "base/model"}, "upstream"),
        ({**CASE, "upstream": [{"license": "mit"}]}, "upstream[0].id"),
        ({**CASE, "use_profile": {"purpose": "fun"}}, "use_profile.purpose"),
        ({**CASE, "use_profile": {"mau": -1}}, "use_profile.mau"),
        ({**CASE, "artefact": {"name": 5}}, "artefact.name"),
        ({"use_profile": {}}, "artefact"),
    ],
)
def test_a_case_that_is_none_is_refused_with_its_place(client, case, place):
    answer = client.post(CHECK, case, format="json")

    assert (answer.status_code, answer.json()["code"]) == (422, "case_rejected")
    assert list(answer.json()["errors"]) == [place]


@pytest.mark.parametrize("body", [[], "x", 5])
def test_a_body_that_is_no_object_is_no_case(client, body):
    answer = client.post(CHECK, body, format="json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_case_too_large_for_a_request_is_refused_whatever_its_shape(client):
    work = {"id": "a/b", "license": "mit", "relation": "merge"}
    deep = {**CASE, "upstream": [{**work, "upstream": [work] * 100}] * 6}

    for case in ({**CASE, "upstream": [work] * 201}, {**CASE, "works": [work] * 201}, deep):
        answer = client.post(CHECK, case, format="json")

        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_works")


@pytest.mark.parametrize("license", ["", "???", "(" * 900, "a AND", ["mit", ["x"]], {"a": 1}, 7, None, "MIT OR (GPL"])
def test_a_licence_that_nobody_can_read_is_unknown_and_no_error(client, license):
    case = {**CASE, "upstream": [], "artefact": {"license": license, "files_checked": False}}

    answer = client.post(CHECK, case, format="json")

    assert (answer.status_code, answer.json()["verdict"]) == (200, "unknown")


def test_a_correction_is_shown_beside_what_it_lies_over_and_judges(client):
    lawyer = member(None, "reviewer:legal")
    said = {"column": "use", "value": "nc", "source_ref": "s.9", "reason": "The licensor has said so in writing."}
    corrections.correct(licence="mit", by=lawyer, at=timezone.now(), **said)
    notes.annotate(licence="mit", column="use", text="Look at the second page.", by=lawyer, at=timezone.now())

    shown = client.get(f"{LIST}mit/").json()
    answer = client.post(CHECK, {**CASE, "upstream": [], "artefact": {"license": "mit"}}, format="json")

    (made,) = shown["corrections"]
    assert (made["shipped"], made["value"], made["section"], made["by"]) == ("any", "nc", "s.9", str(lawyer))
    assert (shown["terms"]["use"], shown["use"]) == ("nc", "nc")
    assert [note["text"] for note in shown["notes"]] == ["Look at the second page."]
    assert shown["table_digest"] == answer.json()["table_digest"] != catalogue.table_digest()
    assert "C-NC" in answer.json()["codes"]


def test_judging_needs_a_token_that_reads_the_catalogue(client):
    from rest_framework.test import APIClient

    assert APIClient().post(CHECK, CASE, format="json").status_code == 401
    assert program(member(None, "admin"), "gate:read").post(CHECK, CASE, format="json").status_code == 403
