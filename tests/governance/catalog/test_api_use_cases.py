from __future__ import annotations

from typing import Any

import pytest

from governance.catalog.models import AuditPlan, UseCase
from governance.people.models import Team, User
from tests.factories import TeamFactory, UseCaseFactory, member
from tests.governance.catalog.clients import API, READ, WRITE, client, get
from tests.governance.catalog.test_use_cases import PLAN

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {
    "slug": "home-loans",
    "name": "Home loans",
    "purpose": "Decide on loans",
    "people_affected": "Applicants",
    "owner_team": "credit",
    "tier": "high",
    "licence_profile": {"purpose": "commercial", "mode": "internal", "mau": None},
}
PATH = API + "use-cases/home-loans/"


@pytest.fixture
def team() -> Team:
    return TeamFactory.create(slug="credit")


@pytest.fixture
def keeper(team: Team) -> User:
    return member(team, "risk_officer")


@pytest.fixture
def use_case(team: Team) -> UseCase:
    return UseCaseFactory.create(slug="home-loans", owner_team=team)


def test_a_use_case_is_made_read_and_changed(keeper: User) -> None:
    asking = client(keeper)

    made = asking.post(API + "use-cases/", BODY)
    read = asking.get(PATH)
    changed = asking.patch(PATH, {"tier": "critical"}, headers={"If-Match": read.headers["ETag"]})

    assert made.status_code == 201
    assert made.json() == read.json()
    assert made.json()["licence_profile"] == {"purpose": "commercial", "mode": "internal"}
    assert (read.headers["ETag"], read.json()["edition"]) == ('"1"', 1)
    assert changed.status_code == 200
    assert (changed.json()["tier"], changed.headers["ETag"]) == ("critical", '"2"')
    assert changed.json()["purpose"] == "Decide on loans"


def test_fault_v04_a_change_has_to_name_what_was_seen(keeper: User, use_case: UseCase) -> None:
    asking = client(keeper)

    unseen = asking.patch(PATH, {"tier": "minimal"})
    stale = asking.patch(PATH, {"tier": "minimal"}, headers={"If-Match": '"7"'})
    garbled = asking.patch(PATH, {"tier": "minimal"}, headers={"If-Match": "main"})

    assert [answer.status_code for answer in (unseen, stale, garbled)] == [428, 412, 412]
    use_case.refresh_from_db()
    assert use_case.tier == "high"


def test_use_cases_are_listed_by_slug(keeper: User, team: Team) -> None:
    for slug in ("b", "a", "c"):
        UseCaseFactory.create(slug=slug, owner_team=team)

    found = get(keeper, "use-cases/").json()

    assert [item["slug"] for item in found["items"]] == ["a", "b", "c"]
    assert found["order"] == ["slug"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"slug": "home loans"}, 400, "invalid"),
        ({"tier": "huge"}, 400, "invalid"),
        ({"name": ""}, 400, "invalid"),
        ({"name": None}, 400, "invalid"),
        ({"licence_profile": {"mode": "sell"}}, 422, "licence_profile"),
        ({"licence_profile": {"mau": 2**60}}, 422, "licence_profile"),
        ({"licence_profile": [1]}, 400, "invalid"),
        ({"owner_team": "no-such-team"}, 422, "unknown_team"),
    ],
)
def test_a_use_case_that_cannot_be_judged_by_is_a_problem(
    keeper: User, change: dict[str, Any], status: int, code: str
) -> None:
    answer = client(keeper).post(API + "use-cases/", {**BODY, **change})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not UseCase.objects.exists()


def test_a_slug_that_is_taken_is_a_conflict(keeper: User, use_case: UseCase) -> None:
    answer = client(keeper).post(API + "use-cases/", BODY)

    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")


@pytest.mark.parametrize("role", ["viewer", "submitter", "reviewer:risk", "approver", "auditor"])
def test_only_risk_officers_and_administrators_keep_use_cases(team: Team, use_case: UseCase, role: str) -> None:
    asking = client(member(team, role))

    answers = [
        asking.post(API + "use-cases/", {**BODY, "slug": "another"}),
        asking.patch(PATH, {"tier": "minimal"}, headers={"If-Match": '"1"'}),
        asking.put(PATH + "audit-plan/", PLAN),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "not_a_keeper")] * 3
    assert asking.get(PATH).status_code == 200


def test_fault_v18_strangers_find_nothing_of_another_team_s_use_case(use_case: UseCase) -> None:
    stranger = client(member(TeamFactory.create(), "admin"))

    answers = [
        stranger.get(PATH),
        stranger.patch(PATH, {"tier": "minimal"}, headers={"If-Match": '"1"'}),
        stranger.get(PATH + "audit-plan/"),
        stranger.put(PATH + "audit-plan/", PLAN),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert stranger.get(API + "use-cases/").json()["items"] == []
    owned = stranger.post(API + "use-cases/", BODY)
    assert (owned.status_code, owned.json()["code"]) == (422, "unknown_team")


# --- audit plans ----------------------------------------------------------


def test_a_plan_is_laid_down_read_and_sent_back_as_it_is(keeper: User, use_case: UseCase) -> None:
    asking = client(keeper)

    none = asking.get(PATH + "audit-plan/")
    made = asking.put(PATH + "audit-plan/", PLAN)
    read = asking.get(PATH + "audit-plan/")
    same = asking.put(PATH + "audit-plan/", read.json(), headers={"If-Match": read.headers["ETag"]})

    assert (none.status_code, none.json()["code"]) == (404, "no_audit_plan")
    assert made.status_code == 201
    assert read.json()["bias"] == PLAN["bias"]
    assert (read.json()["number"], read.headers["ETag"]) == (1, '"1"')
    assert same.status_code == 200
    assert same.json() == made.json() == read.json()
    assert AuditPlan.objects.get().document == PLAN


def test_a_changed_plan_is_the_next_number(keeper: User, use_case: UseCase) -> None:
    asking = client(keeper)
    asking.put(PATH + "audit-plan/", PLAN)

    changed = asking.put(PATH + "audit-plan/", {"bias": {**PLAN["bias"], "min_group": 50}})

    assert (changed.status_code, changed.json()["number"]) == (201, 2)
    assert AuditPlan.objects.count() == 2


def test_a_plan_that_changed_meanwhile_is_not_overwritten_by_who_says_what_they_saw(
    keeper: User, use_case: UseCase
) -> None:
    asking = client(keeper)
    asking.put(PATH + "audit-plan/", PLAN)

    stale = asking.put(PATH + "audit-plan/", {"stress": {}}, headers={"If-Match": '"0"'})

    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "audit_plan"),
        ([], "audit_plan"),
        ({"bias": {}}, "label_missing"),
        ({"bais": {}}, "audit_plan"),
        ({"bias": {**PLAN["bias"], "gating": []}}, "gating_missing"),
        ({"stress": {"model": "http:https://me:hunter2@models.example/v1"}}, "endpoint_url"),
        ({"stress": {"model": "http:https://models.example/v1/completions?api-key=#m"}}, "endpoint_url"),
        ({"ll144": {"sex": "s", "race": "r", "selected": "y", "audit_date": "9999-01-01"}}, "plan_value_wrong"),
    ],
)
def test_a_plan_that_no_audit_can_follow_is_a_problem(keeper: User, use_case: UseCase, body: Any, code: str) -> None:
    answer = client(keeper).put(PATH + "audit-plan/", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "hunter2" not in answer.content.decode()
    assert not AuditPlan.objects.exists()


# --- teams ----------------------------------------------------------


def test_one_sees_one_s_own_teams_and_with_a_role_everywhere_all(team: Team) -> None:
    other = TeamFactory.create(slug="other")

    def slugs(user: User) -> list[str]:
        return [item["slug"] for item in client(user, READ, WRITE).get(API + "teams/").json()["items"]]

    assert slugs(member(team, "viewer")) == ["credit"]
    assert slugs(member(other, "viewer")) == ["other"]
    assert slugs(member(None, "auditor")) == ["credit", "other"]
    assert slugs(member(None)) == []
