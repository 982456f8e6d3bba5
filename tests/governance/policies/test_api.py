"""Policies over REST: read by everybody with a token, changed by the organisation's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from governance.ledger.models import Event
from governance.policies import back_testing
from governance.policies.models import BackTest, PolicyVersion
from governance.policies.services import publish_defaults
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import API, client
from tests.governance.policies.documents import BOMBS
from tests.governance.world import World

pytestmark = pytest.mark.django_db
TEXT = """
apiVersion: assay/v1
kind: Policy
metadata: {name: extra}
appliesTo: {stages: [pilot], tiers: [high]}
requirements:
  - {id: card.ok, kind: card, verdicts: [pass]}
validDays: 30
"""


def look_ahead(who: Any, text: str = TEXT, name: str = "extra") -> Any:
    """A back-test, asked for and done as a worker would."""
    asked = client(who, "reviews:write").post(f"{API}policies/{name}/back-tests/", {"text": text})
    if asked.status_code == 202:
        back_testing.carry_out(back_test_id=asked.data["id"], now=timezone.now)
    return asked


def publish(who: Any, text: str = TEXT, name: str = "extra") -> Any:
    look_ahead(who, text, name)
    return client(who, "reviews:write").post(f"{API}policies/{name}/publish/", {"text": text}, **as_seen(who, name))


def as_seen(who: Any, name: str = "extra") -> dict[str, str]:
    """The header with which somebody changes a policy as it is now; none where nobody has published it."""
    answer = client(who, "catalog:read").get(f"{API}policies/{name}/")
    return {"HTTP_IF_MATCH": answer["ETag"]} if answer.status_code == 200 else {}


def look_at_retiring(who: Any, name: str = "extra") -> Any:
    asked = client(who, "reviews:write").post(f"{API}policies/{name}/back-tests/", {"retires": True}, format="json")
    if asked.status_code == 202:
        back_testing.carry_out(back_test_id=asked.data["id"], now=timezone.now)
    return asked


def retire(who: Any, name: str = "extra", **seen: str) -> Any:
    return client(who, "reviews:write").post(f"{API}policies/{name}/retire/", **(seen or as_seen(who, name)))


def test_policies_in_force_are_listed_with_their_digest():
    publish_defaults(by=None, at=timezone.now())

    answer = client(member(TeamFactory(), "viewer"), "catalog:read").get(f"{API}policies/")

    assert answer.status_code == 200
    assert "high-production" in {policy["name"] for policy in answer.data["items"]}
    assert {len(policy["sha256"]) for policy in answer.data["items"]} == {64}


def test_policies_in_force_are_read_page_by_page_and_once_each():
    editor = member(None, "admin")
    publish_defaults(by=None, at=timezone.now())
    publish(editor)
    publish(editor, TEXT.replace("30", "20"))
    reader = client(member(TeamFactory(), "viewer"), "catalog:read")

    page, seen = reader.get(f"{API}policies/?limit=5").data, []
    while True:
        assert page["order"] == ["policy__name", "id"]
        seen += [(policy["name"], policy["number"]) for policy in page["items"]]
        if page["next"] is None:
            break
        page = reader.get(page["next"]).data

    names = [name for name, _number in seen]
    assert names == sorted(set(names))
    assert ("extra", 2) in seen


@pytest.mark.parametrize("role", ["admin", "risk_officer"])
def test_an_editor_publishes_a_version_and_the_same_text_is_no_new_one(role: str):
    editor = member(None, role)

    first, again = publish(editor), publish(editor)
    stricter = publish(editor, TEXT.replace("30", "20"))

    assert [answer.status_code for answer in (first, again, stricter)] == [201, 201, 201]
    assert [answer.data["number"] for answer in (first, again, stricter)] == [1, 1, 2]
    shown = client(editor, "catalog:read").get(f"{API}policies/extra/").data["items"]
    assert [version["number"] for version in shown] == [2, 1]
    assert Event.objects.filter(verb="policy.published").count() == 2


@pytest.mark.parametrize("role", ["submitter", "approver", "reviewer:ethics", "auditor", "viewer"])
def test_nobody_else_publishes_or_retires(role: str):
    publish(member(None, "admin"))
    for person in (member(None, role), member(TeamFactory(), "admin")):
        assert publish(person, TEXT.replace("30", "700")).status_code == 403
        assert look_at_retiring(person).status_code == 403
        assert retire(person).status_code == 403

    assert PolicyVersion.objects.count() == 1


def test_a_stranger_without_a_token_reads_nothing():
    publish(member(None, "admin"))

    for path in ("policies/", "policies/extra/"):
        assert APIClient().get(API + path).status_code == 401
    assert APIClient().post(f"{API}policies/extra/publish/", {"text": TEXT}).status_code == 401


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace("kind: card", "kind: vibes"), "policy_invalid"),
        (TEXT.replace("[pass]", "[perfect]"), "policy_invalid"),
        ("- : : [", "policy_invalid"),
        ("", "invalid"),
        (TEXT.replace("name: extra", "name: other"), "name_differs"),
    ],
)
def test_a_text_that_breaks_a_rule_is_refused_and_nothing_is_published(text: str, code: str):
    answer = publish(member(None, "admin"), text)

    assert answer.status_code == (422 if code == "name_differs" else 400)
    assert answer.data["code"] == code
    assert not PolicyVersion.objects.exists()


def test_a_refusal_says_where():
    answer = publish(member(None, "admin"), TEXT.replace("kind: card", "kind: vibes"))

    assert "vibes" in str(answer.data["errors"])


def test_a_retired_policy_is_no_longer_in_force_and_still_readable():
    admin = member(None, "admin")
    publish(admin)

    look_at_retiring(admin)
    retired = retire(admin)

    reader = client(admin, "catalog:read")
    assert retired.status_code == 204
    assert reader.get(f"{API}policies/").data["items"] == []
    assert reader.get(f"{API}policies/extra/").status_code == 200
    assert look_at_retiring(admin).status_code == 404, "there is nothing to retire"
    assert retire(admin).status_code == 204, "nothing changes"
    assert client(admin, "reviews:write").post(f"{API}policies/nope/retire/").status_code == 404


def test_nothing_is_retired_before_somebody_has_looked_at_what_that_changes():
    admin = member(None, "admin")
    publish(admin)

    unseen = retire(admin)
    done = look_at_retiring(admin).data["id"]
    BackTest.objects.filter(pk=done).update(finished_at=timezone.now() - back_testing.FRESH)
    old = retire(admin)
    BackTest.objects.filter(pk=done).update(finished_at=timezone.now())
    publish(admin, TEXT.replace("30", "20"))
    outdated = retire(admin)

    told = [(answer.status_code, answer.data["code"]) for answer in (unseen, old, outdated)]
    assert told == [(409, "preview_required"), (409, "preview_required"), (409, "preview_outdated")]
    both = client(admin, "reviews:write").post(
        f"{API}policies/extra/back-tests/", {"retires": True, "text": TEXT}, format="json"
    )
    assert (both.status_code, list(both.data["errors"])) == (400, ["text"])
    assert client(admin, "catalog:read").get(f"{API}policies/").data["items"] != []
    assert look_at_retiring(admin).data["id"] != done
    assert retire(admin).status_code == 204


def test_who_changes_a_policy_names_what_they_have_seen():
    admin = member(None, "admin")
    first = publish(admin)
    stricter = TEXT.replace("30", "20")
    look_ahead(admin, stricter)
    look_at_retiring(admin)
    api, route = client(admin, "reviews:write"), f"{API}policies/extra/"

    unnamed = [api.post(f"{route}publish/", {"text": stricter}), api.post(f"{route}retire/")]
    seen = as_seen(admin)
    assert seen == {"HTTP_IF_MATCH": first["ETag"]}
    second = api.post(f"{route}publish/", {"text": stricter}, **seen)
    late = [api.post(f"{route}publish/", {"text": stricter}, **seen), api.post(f"{route}retire/", **seen)]

    assert [(one.status_code, one.data["code"]) for one in unnamed] == [(428, "if_match_required")] * 2
    assert [(one.status_code, one.data["code"]) for one in late] == [(412, "stale")] * 2
    assert second.status_code == 201
    look_at_retiring(admin)
    gone = retire(admin, HTTP_IF_MATCH=second["ETag"])
    again = retire(admin, HTTP_IF_MATCH=second["ETag"])
    assert (gone.status_code, again.status_code) == (204, 412)
    assert publish(admin, stricter).status_code == 201
    assert len({first["ETag"], second["ETag"], gone["ETag"], as_seen(admin)["HTTP_IF_MATCH"]}) == 4


CONDITION = TEXT.replace("kind: card, verdicts: [pass]", "satisfiedIf: 'TEXT'")


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ('metrics.a >= "x"', 11),
        ("x.__class__ == 1", 3),
        ('__import__("os") == 1', 1),
        ('["a"].map(a, a) == ["a"]', 7),
        ("subject.task", 1),
    ],
)
def test_fault_v21_v22_v23_a_condition_that_may_not_stand_is_refused_with_its_place(condition: str, column: int):
    text = CONDITION.replace("TEXT", condition)
    line = next(number for number, one in enumerate(text.splitlines(), start=1) if condition in one)
    at = text.splitlines()[line - 1].index(condition) + column

    for address in ("publish", "back-tests", "dry-run"):
        sent = {"text": text, "submission": 1}
        answer = client(member(None, "admin"), "reviews:write", "catalog:read").post(
            f"{API}policies/extra/{address}/", sent
        )

        assert (answer.status_code, answer.data["code"]) == (400, "policy_invalid")
        assert [(one["line"], one["column"]) for one in answer.data["errors"]] == [(line, at)]
    assert not PolicyVersion.objects.exists()
    assert not BackTest.objects.exists()


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_fault_v26_a_bomb_is_a_bad_request_and_nothing_is_kept(bomb: str):
    answer = client(member(None, "admin"), "reviews:write").post(f"{API}policies/extra/publish/", {"text": bomb})

    assert answer.status_code in (400, 413)
    assert not PolicyVersion.objects.exists()


def test_a_test_inside_the_file_that_fails_is_told_and_nothing_is_published():
    text = TEXT + "tests: [{name: none, facts: {}, expect: {card.ok: SATISFIED}}]\n"

    answer = publish(member(None, "admin"), text)

    [error] = answer.data["errors"]
    assert (answer.status_code, error["code"], error["line"]) == (400, "test_failed", text.count("\n"))
    assert "came out as UNSATISFIED" in error["message"]
    assert not PolicyVersion.objects.exists()


def test_nothing_is_published_before_somebody_has_looked_at_what_it_changes():
    admin = member(None, "admin")
    unseen = client(admin, "reviews:write").post(f"{API}policies/extra/publish/", {"text": TEXT})
    look_ahead(admin, TEXT.replace("30", "20"))
    other = client(admin, "reviews:write").post(f"{API}policies/extra/publish/", {"text": TEXT})
    look_ahead(admin)
    BackTest.objects.update(finished_at=timezone.now() - back_testing.FRESH)
    old = client(admin, "reviews:write").post(f"{API}policies/extra/publish/", {"text": TEXT})

    for answer in (unseen, other, old):
        assert (answer.status_code, answer.data["code"]) == (409, "preview_required")
    assert not PolicyVersion.objects.exists()


def test_the_number_in_the_file_has_to_be_that_of_the_next_version():
    admin = member(None, "admin")
    numbered = TEXT.replace("{name: extra}", "{name: extra, version: NUMBER}")

    early = publish(admin, numbered.replace("NUMBER", "2"))
    right = publish(admin, numbered.replace("NUMBER", "1"))

    assert (early.status_code, early.data["errors"][0]["code"]) == (400, "version_taken")
    assert (right.status_code, right.data["number"]) == (201, 1)


def test_a_back_test_is_for_editors_and_a_stranger_learns_nothing():
    admin = member(None, "admin")
    made = look_ahead(admin)

    assert made.status_code == 202
    assert made["Location"] == f"/api/v1/back-tests/{made.data['id']}/"
    for person in (member(None, "auditor"), member(TeamFactory(), "admin"), member(TeamFactory(), "submitter")):
        assert look_ahead(person).status_code == 403
        for path in (made["Location"], made["Location"] + "flips/"):
            assert client(person, "catalog:read").get(path).status_code == 404
    assert APIClient().get(made["Location"]).status_code == 401
    assert client(admin, "catalog:read").get(f"{API}back-tests/{2**63}/").status_code == 404


def test_a_dry_run_is_of_a_submission_that_one_sees():
    world = World()
    submission = world.submit()
    asked = {"text": TEXT, "submission": submission.pk}

    mine = client(world.submitter, "catalog:read").post(f"{API}policies/extra/dry-run/", asked)
    strange = client(world.stranger, "catalog:read").post(f"{API}policies/extra/dry-run/", asked)

    assert (mine.status_code, strange.status_code) == (200, 404)
    assert (mine.data["before"], mine.data["after"], mine.data["applies"]) == ("deny", "deny", True)
    assert not PolicyVersion.objects.filter(policy__name="extra").exists()
    assert not BackTest.objects.exists()


def test_a_dry_run_shows_which_part_of_a_condition_fails():
    world = World()
    submission = world.audited()
    text = CONDITION.replace("TEXT", 'card.score >= 0.1 && metrics.nobody_measures_it > 0.5 && stage == "x"')

    answer = client(world.submitter, "catalog:read").post(
        f"{API}policies/extra/dry-run/", {"text": text, "submission": submission.pk}
    )

    [row] = [one for one in answer.data["requirements"] if one["policy"] == "extra"]
    assert (answer.data["after"], row["status"]) == ("deny", "unsatisfied")
    assert [(one["text"], one["outcome"]) for one in row["atoms"]] == [
        ("card.score >= 0.1", "holds"),
        ("metrics.nobody_measures_it > 0.5", "error"),
        ('stage == "x"', "fails"),
    ]


def test_a_dry_run_without_a_text_is_of_the_newest_version():
    world = World()
    submission = world.submit()
    reader = client(world.submitter, "catalog:read")

    answer = reader.post(f"{API}policies/high-pilot/dry-run/", {"submission": submission.pk})

    assert (answer.status_code, answer.data["after"]) == (200, submission.verdict)
    assert reader.post(f"{API}policies/nope/dry-run/", {"submission": submission.pk}).status_code == 404
