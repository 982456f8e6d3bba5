from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from audits.measures.plan import plan_from
from governance.catalog import services
from governance.catalog.models import AuditPlan, UseCase
from governance.catalog.services import NotAKeeper, StaleUseCase, UseCaseRefused
from governance.ledger.models import Event
from governance.people.models import Team, User
from tests.factories import NOON, TeamFactory, UseCaseFactory, member

pytestmark = pytest.mark.django_db
PLAN: dict[str, Any] = {
    "bias": {
        "label": "approve",
        "prediction": "predicted",
        "score": "p",
        "positive": "1",
        "sensitive": ["race"],
        "reference": "best",
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
        "required_groups": {"race": ["black", "white"]},
        "min_group": 30,
        "data": "upload",
    }
}
NOT_KEEPERS = ["viewer", "submitter", "reviewer:risk", "approver", "auditor"]


@pytest.fixture
def team() -> Team:
    return TeamFactory.create(slug="credit")


@pytest.fixture
def keeper(team: Team) -> User:
    return member(team, "risk_officer")


def create(by: User, team: Team, **values: Any) -> UseCase:
    given: dict[str, Any] = {
        "slug": "home-loans",
        "name": "Home loans",
        "purpose": "Decide on loans",
        "tier": "high",
        "licence_profile": {"purpose": "commercial", "mode": "internal"},
    }
    return services.create_use_case(owner_team=team, by=by, at=NOON, **{**given, **values})


@pytest.mark.parametrize("role", ["risk_officer", "admin"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_risk_officers_and_administrators_make_use_cases(team: Team, role: str, everywhere: bool) -> None:
    made = create(member(None if everywhere else team, role), team)

    assert (made.slug, made.owner_team, made.tier, made.edition) == ("home-loans", team, "high", 1)
    assert Event.objects.get().verb == "use_case.created"


@pytest.mark.parametrize("role", NOT_KEEPERS)
def test_nobody_else_makes_or_changes_use_cases_or_plans(team: Team, role: str) -> None:
    person = member(team, role)
    use_case = UseCaseFactory.create(owner_team=team)

    for step in (
        lambda: create(person, team),
        lambda: services.change_use_case(
            use_case_id=use_case.pk, changes={"tier": "minimal"}, edition=1, by=person, at=NOON
        ),
        lambda: services.put_audit_plan(use_case_id=use_case.pk, document=PLAN, by=person, at=NOON),
    ):
        with pytest.raises(NotAKeeper, match="kept by its risk officers and administrators"):
            step()

    use_case.refresh_from_db()
    assert use_case.tier == "high"
    assert not AuditPlan.objects.exists()


def test_a_risk_officer_of_another_team_keeps_nothing_here(team: Team) -> None:
    with pytest.raises(NotAKeeper):
        create(member(TeamFactory.create(), "risk_officer"), team)


def test_a_superuser_without_a_role_keeps_nothing(team: Team) -> None:
    with pytest.raises(NotAKeeper):
        create(member(None, is_superuser=True), team)


def test_a_slug_is_taken_once(team: Team, keeper: User) -> None:
    create(keeper, team)

    with pytest.raises(UseCaseRefused, match="already; choose another"):
        create(keeper, team)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"slug": "no spaces"}, "slug"),
        ({"slug": "x" * 61}, "slug"),
        ({"name": " "}, "name"),
        ({"purpose": ""}, "purpose"),
        ({"tier": "huge"}, "tier"),
        ({"licence_profile": {"purpose": "any"}}, "licence_profile"),
        ({"licence_profile": {"mode": "sell"}}, "licence_profile"),
        ({"licence_profile": {"mau": -1}}, "licence_profile"),
        ({"licence_profile": {"mau": True}}, "licence_profile"),
        ({"licence_profile": {"mau": 2**60}}, "licence_profile"),
        ({"licence_profile": {"users": 1}}, "licence_profile"),
        ({"licence_profile": {"strictness": "lax"}}, "licence_profile"),
        ({"licence_profile": {"territory": "nowhere"}}, "licence_profile"),
        ({"licence_profile": []}, None),
    ],
)
def test_a_use_case_that_cannot_be_judged_by_is_refused(
    team: Team, keeper: User, values: dict[str, Any], field: str | None
) -> None:
    if field is None:  # nothing given is a profile without a word
        assert create(keeper, team, **values).licence_profile == {}
        return

    with pytest.raises(UseCaseRefused) as refused:
        create(keeper, team, **values)

    assert refused.value.field == field
    assert not UseCase.objects.exists()


def test_what_a_profile_leaves_open_is_not_stored_as_a_number(team: Team, keeper: User) -> None:
    profile = {"purpose": "commercial", "mau": None, "revenue_usd_year": None, "strictness": None}

    assert create(keeper, team, licence_profile=profile).licence_profile == {"purpose": "commercial"}


def test_a_change_is_a_new_edition_and_a_line_of_the_ledger(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)

    changed = services.change_use_case(
        use_case_id=use_case.pk,
        changes={"tier": "critical", "name": "Home loans", "licence_profile": {"purpose": "commercial"}},
        edition=1,
        by=keeper,
        at=NOON,
    )

    assert (changed.tier, changed.edition) == ("critical", 2)
    event = Event.objects.get(verb="use_case.changed")
    assert event.detail["changed"] == ["tier", "licence_profile"]


def test_equal_values_change_nothing(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)

    same = services.change_use_case(
        use_case_id=use_case.pk, changes={"tier": "high", "name": " Home loans "}, edition=1, by=keeper, at=NOON
    )

    assert same.edition == 1


def test_fault_v04_a_change_of_something_else_than_was_seen_is_refused(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)
    services.change_use_case(use_case_id=use_case.pk, changes={"tier": "critical"}, edition=1, by=keeper, at=NOON)

    with pytest.raises(StaleUseCase, match="read it again"):
        services.change_use_case(use_case_id=use_case.pk, changes={"purpose": "Another"}, edition=1, by=keeper, at=NOON)


def test_a_use_case_is_not_given_to_a_team_that_one_does_not_keep(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)

    with pytest.raises(NotAKeeper):
        services.change_use_case(
            use_case_id=use_case.pk, changes={"owner_team": TeamFactory.create()}, edition=1, by=keeper, at=NOON
        )


# --- audit plans -----------------------------------------------------------------------------------------------------


def put(use_case: UseCase, by: User, document: Any = None, **options: Any) -> tuple[AuditPlan, bool]:
    return services.put_audit_plan(
        use_case_id=use_case.pk, document=PLAN if document is None else document, by=by, at=NOON, **options
    )


def test_a_plan_is_numbered_and_the_same_document_is_no_new_one(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)
    turned = {"bias": dict(reversed(PLAN["bias"].items()))}

    first, is_new = put(use_case, keeper)
    same, is_new_again = put(use_case, keeper, turned)
    second, _ = put(use_case, keeper, {"bias": {**PLAN["bias"], "min_group": 50}})
    third, _ = put(use_case, keeper)

    assert (first.number, is_new, same, is_new_again) == (1, True, first, False)
    assert (second.number, third.number) == (2, 3)
    assert first.sha256 == third.sha256 != second.sha256
    assert services.current_plan(use_case) == third
    assert Event.objects.filter(verb="audit_plan.laid_down").count() == 3


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "an audit plan is an object with bias or ll144 or counterfactual or suite or data or drift or stress"),
        ([], "an audit plan is an object"),
        ({"bais": {}}, "no part 'bais'"),
        ({"bias": []}, "bias is an object"),
        ({"stress": 7}, "stress is an object"),
        ({"bias": {}}, "name the column of the true outcome"),
        ({"bias": {**PLAN["bias"], "sensitive": []}}, "at least one sensitive column"),
        ({"bias": {**PLAN["bias"], "gating": ["fairness"]}}, "no metric"),
        ({"bias": {**PLAN["bias"], "thresholds": {"demographic_parity_ratio": 8}}}, "must lie between 0 and 1"),
        ({"bias": {**PLAN["bias"], "sensible": ["race"]}}, "no key"),
        ({"bias": {**PLAN["bias"], "min_group": 2**60}}, "min_group must be"),
        ({"bias": {**PLAN["bias"], "required_groups": {"race": [2**60]}}}, "cannot keep exactly"),
        ({"bias": {**PLAN["bias"], "required_groups": {"race": ["x" * 100_000]}}}, "larger than"),
        ({"stress": {"families": ["unheard_of"]}}, "there is no"),
    ],
)
def test_a_plan_that_no_audit_can_follow_is_refused(team: Team, keeper: User, document: Any, why: str) -> None:
    with pytest.raises(UseCaseRefused, match=why):
        put(create(keeper, team), keeper, document)

    assert not AuditPlan.objects.exists()


def test_a_plan_that_is_kept_is_one_that_the_bias_audit_reads(team: Team, keeper: User) -> None:
    plan, _ = put(create(keeper, team), keeper)

    assert plan_from(plan.document["bias"]).sensitive == ("race",)


def test_a_plan_that_somebody_else_has_changed_is_not_overwritten_unseen(team: Team, keeper: User) -> None:
    use_case = create(keeper, team)
    put(use_case, keeper, seen=0)

    with pytest.raises(StaleUseCase):
        put(use_case, keeper, {"stress": {}}, seen=0)


@pytest.mark.django_db(transaction=True)
def test_two_plans_at_once_get_two_numbers() -> None:
    team = TeamFactory.create()
    keeper = member(team, "admin")
    use_case = create(keeper, team)
    numbers: list[int] = []

    def lay_down(size: int) -> None:
        try:
            plan, _ = put(use_case, User.objects.get(pk=keeper.pk), {"bias": {**PLAN["bias"], "min_group": size}})
            numbers.append(plan.number)
        finally:
            connection.close()

    threads = [threading.Thread(target=lay_down, args=(size,)) for size in (40, 50, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(numbers) == [1, 2, 3]
