"""A use case counts as less risky only when two people say so."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from governance.catalog import tiers
from governance.catalog.models import TierProposal, UseCase
from governance.catalog.use_cases import NotAKeeper, UseCaseRefused, change_use_case
from governance.ledger.models import Event
from governance.people.models import Team, User
from tests.factories import NOON, TeamFactory, UseCaseFactory, member
from tests.governance.catalog.clients import API, client

pytestmark = pytest.mark.django_db
WHY = "It now only sorts what a person reads in full"


@pytest.fixture
def team() -> Team:
    return TeamFactory()


@pytest.fixture
def keeper(team: Team) -> User:
    return member(team, "risk_officer")


@pytest.fixture
def second(team: Team) -> User:
    return member(team, "admin")


@pytest.fixture
def use_case(team: Team) -> UseCase:
    made: UseCase = UseCaseFactory(owner_team=team, tier="high")
    return made


def proposed(use_case: UseCase, by: User, **fields: Any) -> TierProposal:
    return tiers.propose(
        **{"use_case_id": use_case.pk, "tier": "limited", "reason": WHY, "by": by, "at": NOON, **fields}
    )


def test_one_person_alone_raises_a_tier_and_does_not_lower_it(use_case: UseCase, keeper: User) -> None:
    change_use_case(use_case_id=use_case.pk, changes={"tier": "critical"}, edition=1, by=keeper, at=NOON)

    with pytest.raises(UseCaseRefused) as refused:
        change_use_case(use_case_id=use_case.pk, changes={"tier": "high"}, edition=2, by=keeper, at=NOON)

    assert refused.value.code == "tier_lowered"
    use_case.refresh_from_db()
    assert (use_case.tier, use_case.edition) == ("critical", 2)


def test_a_second_person_puts_the_lower_tier_in_force(use_case: UseCase, keeper: User, second: User) -> None:
    proposal = proposed(use_case, keeper)
    use_case.refresh_from_db()
    assert use_case.tier == "high"

    tiers.accept(proposal_id=proposal.pk, by=second, at=NOON)

    use_case.refresh_from_db()
    assert (use_case.tier, use_case.edition) == ("limited", 2)
    verbs = Event.objects.filter(object_kind="use_case").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["tier.proposed", "tier.accepted"]


def test_who_proposed_does_not_accept_and_may_take_it_back(use_case: UseCase, keeper: User) -> None:
    proposal = proposed(use_case, keeper)

    with pytest.raises(UseCaseRefused) as refused:
        tiers.accept(proposal_id=proposal.pk, by=keeper, at=NOON)
    assert refused.value.code == "self_accept"
    with pytest.raises(IntegrityError), transaction.atomic():
        TierProposal.objects.filter(pk=proposal.pk).update(state="accepted", decided_by=keeper, decided_at=NOON)

    tiers.refuse(proposal_id=proposal.pk, by=keeper, at=NOON, reason="It was a mistake")
    use_case.refresh_from_db()
    assert use_case.tier == "high"


@pytest.mark.parametrize("role", ["viewer", "submitter", "reviewer:risk", "approver", "auditor"])
def test_others_neither_propose_nor_decide(use_case: UseCase, keeper: User, team: Team, role: str) -> None:
    person = member(team, role)
    with pytest.raises(NotAKeeper):
        proposed(use_case, person)
    proposal = proposed(use_case, keeper)
    with pytest.raises(NotAKeeper):
        tiers.accept(proposal_id=proposal.pk, by=person, at=NOON)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tier": "high"}, "not_lower"),
        ({"tier": "critical"}, "not_lower"),
        ({"tier": "none"}, "not_lower"),
        ({"reason": " because "}, "reason_required"),
    ],
)
def test_what_is_no_lower_tier_or_has_no_reason_is_refused(
    use_case: UseCase, keeper: User, fields: dict[str, str], code: str
) -> None:
    with pytest.raises(UseCaseRefused) as refused:
        proposed(use_case, keeper, **fields)

    assert refused.value.code == code


def test_a_proposal_is_one_at_a_time_and_decided_once(use_case: UseCase, keeper: User, second: User) -> None:
    proposal = proposed(use_case, keeper)
    with pytest.raises(UseCaseRefused) as twice:
        proposed(use_case, second)
    assert twice.value.code == "already_proposed"

    tiers.refuse(proposal_id=proposal.pk, by=second, at=NOON, reason="People still rely on it")
    with pytest.raises(UseCaseRefused) as again:
        tiers.accept(proposal_id=proposal.pk, by=second, at=NOON)
    assert again.value.code == "already_decided"
    with pytest.raises(IntegrityError, match="decided"), transaction.atomic():
        TierProposal.objects.filter(pk=proposal.pk).update(decided_reason="other")


def test_a_proposal_for_a_tier_that_has_changed_since_is_not_accepted(
    use_case: UseCase, keeper: User, second: User
) -> None:
    proposal = proposed(use_case, keeper)
    change_use_case(use_case_id=use_case.pk, changes={"tier": "critical"}, edition=1, by=keeper, at=NOON)

    with pytest.raises(UseCaseRefused) as stale:
        tiers.accept(proposal_id=proposal.pk, by=second, at=NOON)

    assert stale.value.code == "stale"


def test_over_rest_two_people_lower_it(use_case: UseCase, keeper: User, second: User) -> None:
    place = f"{API}use-cases/{use_case.slug}/tier-proposals/"
    sent = {"tier": "limited", "reason": WHY}

    made = client(keeper).post(place, sent, format="json", headers={"Idempotency-Key": "a"})
    own = client(keeper).post(f"{place}{made.data['id']}/accept/", {}, format="json", headers={"Idempotency-Key": "b"})
    done = client(second).post(f"{place}{made.data['id']}/accept/", {}, format="json", headers={"Idempotency-Key": "c"})

    assert (made.status_code, own.status_code, own.data["code"]) == (201, 403, "self_accept")
    assert (done.status_code, done.data["state"]) == (200, "accepted")
    assert client(second).get(place).data["items"][0]["decided_by"] == second.name


def test_on_the_page_two_people_lower_it(use_case: UseCase, keeper: User, second: User) -> None:
    page = reverse("catalog:use-case", args=[use_case.slug])

    def browser(user: User) -> Client:
        made = Client()
        made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return made

    browser(keeper).post(reverse("catalog:tier-propose", args=[use_case.slug]), {"tier": "limited", "reason": WHY})
    proposal = TierProposal.objects.get()
    decide = reverse("catalog:tier-decide", args=[use_case.slug, proposal.pk])
    assert "Accept the lower tier" not in browser(keeper).get(page).text
    assert "Accept the lower tier" in browser(second).get(page).text
    refused = browser(keeper).post(decide, {"accept": "1"}, follow=True)
    assert "You proposed it." in refused.text

    browser(second).post(decide, {"accept": "1"})

    use_case.refresh_from_db()
    assert use_case.tier == "limited"
    assert browser(member(None, "auditor")).get(page).status_code == 200
