"""Bringing people in, giving them roles, and taking these away."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection

from governance.ledger.models import Event
from governance.people.models import Invitation, Membership, Role, User
from governance.people.queries import standing_now
from governance.people.rules import PeopleRefused, role_names
from governance.people.services import accounts, invitations, teams
from tests.factories import NOON, TeamFactory, UserFactory, member
from tests.governance.people.clients import PASSWORD

pytestmark = pytest.mark.django_db


def add(**changes):
    given = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD, "roles": ["submitter"], "team": None}
    return accounts.add_person(**{**given, "by": None, "at": NOON, **changes})


def invite(**changes):
    given = {"email": "ada@example.org", "name": "Ada", "roles": ["submitter"], "team": None, "by": None, "at": NOON}
    return invitations.invite(**{**given, **changes})


def roles_of(user):
    return {membership.label for membership in user.memberships.all()}


def verbs():
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


# --- people ----------------------------------------------------------------------------------------------------------


def test_somebody_who_is_added_can_sign_in_and_has_the_roles():
    user = add(roles=["submitter", "reviewer:ethics"])

    assert user.check_password(PASSWORD)
    assert roles_of(user) == {"submitter", "reviewer:ethics"}
    assert verbs() == ["person.added", "role.granted", "role.granted"]


def test_adding_somebody_again_gives_the_roles_and_leaves_the_password():
    user = add()

    again = add(email=" ADA@Example.org ", password="another-long-phrase-9", roles=["approver"])

    assert again.pk == user.pk
    assert roles_of(user) == {"submitter", "approver"}
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_ledger_names_nobody():
    add(email="lovelace@example.org", name="Lovelace")

    # A shorter name of a to f alone would some day stand in a digest.
    written = str(list(Event.objects.values()))
    assert "lovelace" not in written.lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "short"},
        {"password": "password1234"},
        {"password": "ada@example.org"},
        {"email": "no address"},
        {"email": "a\0@example.org"},
        {"email": f"{'a' * 300}@example.org"},
        {"name": "x" * 200},
        {"roles": ["owner"]},
        {"roles": ["reviewer"]},
        {"roles": ["reviewer:fashion"]},
        {"roles": ["approver:ethics"]},
    ],
)
def test_a_person_who_cannot_be_kept_is_refused_and_leaves_nothing(changes):
    with pytest.raises(PeopleRefused):
        add(**changes)

    assert not User.objects.exists()
    assert not Event.objects.exists()


def test_an_account_that_is_switched_off_has_no_standing_and_keeps_its_history():
    user = member(None, "approver")

    accounts.deactivate(user=user, by=None, at=NOON)

    assert standing_now(user).roles == frozenset()
    assert roles_of(user) == {"approver"}
    assert verbs() == ["person.deactivated"]
    accounts.reactivate(user=user, by=None, at=NOON)
    assert standing_now(user).roles


def test_nobody_switches_their_own_account_off():
    admin = member(None, "admin")
    member(None, "admin")

    with pytest.raises(PeopleRefused, match="your own account"):
        accounts.deactivate(user=admin, by=admin, at=NOON)


def test_the_last_administrator_stays():
    admin = member(None, "admin")
    member(TeamFactory(), "admin")
    UserFactory(is_active=False).memberships.create(role=Role.ADMIN)

    with pytest.raises(PeopleRefused, match="last administrator"):
        accounts.deactivate(user=admin, by=None, at=NOON)
    with pytest.raises(PeopleRefused, match="last administrator"):
        teams.revoke_role(membership=admin.memberships.get(), by=None, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once_leave_one():
    admins = [member(None, "admin"), member(None, "admin")]
    start = threading.Barrier(2)

    def remove(other):
        start.wait(30)
        try:
            teams.revoke_role(membership=other.memberships.get(), by=None, at=NOON)
        except PeopleRefused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=[admin]) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Membership.objects.filter(role=Role.ADMIN).count() == 1


def test_a_service_looks_at_everything_and_signs_in_nowhere():
    service = accounts.add_service(name="ci build", at=NOON)

    assert accounts.add_service(name="ci build", at=NOON).pk == service.pk
    assert service.kind == User.Kind.SERVICE
    assert not service.has_usable_password()
    assert roles_of(service) == {"viewer"}
    accounts.deactivate(user=service, by=None, at=NOON)
    with pytest.raises(PeopleRefused, match="switched off"):
        accounts.add_service(name="ci build", at=NOON)


# --- who may ---------------------------------------------------------------------------------------------------------


def test_an_administrator_of_a_team_gives_roles_in_that_team_only():
    team, other = TeamFactory(), TeamFactory()
    admin, user = member(team, "admin"), UserFactory()

    teams.grant_role(user=user, role=Role.APPROVER, lane="", team=team, by=admin, at=NOON)

    for elsewhere in (other, None):
        with pytest.raises(PeopleRefused, match="Only an administrator"):
            teams.grant_role(user=user, role=Role.APPROVER, lane="", team=elsewhere, by=admin, at=NOON)
        with pytest.raises(PeopleRefused, match="Only an administrator"):
            invite(team=elsewhere, by=admin)
    assert roles_of(user) == {"approver"}


@pytest.mark.parametrize("role", [role for role in role_names() if role != "admin"])
def test_no_other_role_brings_people_in(role):
    team = TeamFactory()
    by, user = member(team, role), member(team, "submitter")

    with pytest.raises(PeopleRefused):
        invite(team=team, by=by)
    with pytest.raises(PeopleRefused):
        teams.grant_role(user=by, role=Role.ADMIN, lane="", team=team, by=by, at=NOON)
    with pytest.raises(PeopleRefused):
        teams.revoke_role(membership=user.memberships.get(), by=by, at=NOON)
    with pytest.raises(PeopleRefused):
        accounts.deactivate(user=user, by=by, at=NOON)
    with pytest.raises(PeopleRefused):
        teams.make_team(name="Mine", by=by, at=NOON)


def test_being_a_superuser_opens_nothing():
    by = UserFactory(is_superuser=True)

    with pytest.raises(PeopleRefused):
        invite(by=by)


def test_an_administrator_who_lost_the_role_meanwhile_is_refused():
    admin = member(None, "admin")
    assert standing_now(admin).roles
    Membership.objects.all().delete()

    with pytest.raises(PeopleRefused):
        invite(by=admin)


def test_giving_and_taking_a_role_twice_is_written_once():
    user, admin = UserFactory(), member(None, "admin")
    held = teams.grant_role(user=user, role=Role.VIEWER, lane="", team=None, by=admin, at=NOON)
    teams.grant_role(user=user, role=Role.VIEWER, lane="", team=None, by=admin, at=NOON)

    teams.revoke_role(membership=held, by=admin, at=NOON)
    teams.revoke_role(membership=held, by=admin, at=NOON)

    assert verbs() == ["role.granted", "role.revoked"]


# --- invitations -----------------------------------------------------------------------------------------------------


def accept(code, *, at=NOON, **changes):
    return invitations.accept_invitation(**{"code": code, "name": "Ada", "password": PASSWORD, "at": at, **changes})


def test_an_invitation_is_taken_up_once():
    team = TeamFactory()
    _invitation, code = invite(roles=["submitter", "reviewer:legal"], team=team)

    user = accept(code)

    assert {(held.label, held.team) for held in user.memberships.all()} == {
        ("submitter", team),
        ("reviewer:legal", team),
    }
    with pytest.raises(PeopleRefused, match="used or is over"):
        accept(code)


def test_an_invitation_ends_after_a_week_to_the_moment():
    _invitation, code = invite()
    end = NOON + dt.timedelta(days=invitations.INVITATION_DAYS)

    with pytest.raises(PeopleRefused):
        accept(code, at=end)

    assert accept(code, at=end - dt.timedelta(seconds=1))


def test_only_the_digest_of_an_invitations_code_is_kept():
    _invitation, code = invite()

    assert code not in str(list(Invitation.objects.values()))


def test_a_new_invitation_takes_the_place_of_the_old_one():
    _old, first = invite()
    _new, second = invite()

    assert invitations.open_invitation(code=first, at=NOON) is None
    assert invitations.open_invitation(code=second, at=NOON)


def test_a_withdrawn_invitation_opens_nothing():
    invitation, code = invite()

    invitations.withdraw_invitation(invitation=invitation, by=None, at=NOON)

    with pytest.raises(PeopleRefused):
        accept(code)


def test_an_invitation_never_opens_an_account_that_exists():
    _invitation, code = invite()
    add(password="another-long-phrase-9", roles=[])

    with pytest.raises(PeopleRefused, match="has an account already"):
        accept(code)

    assert not User.objects.get().check_password(PASSWORD)


def test_whoever_is_here_is_not_invited():
    add()

    with pytest.raises(PeopleRefused, match="here already"):
        invite(email="ADA@example.org")


@pytest.mark.parametrize("changes", [{"email": "x"}, {"email": "a\0@b.cd"}, {"roles": []}, {"roles": ["king"]}])
def test_an_invitation_that_cannot_be_kept_is_refused(changes):
    with pytest.raises(PeopleRefused):
        invite(**changes)

    assert not Invitation.objects.exists()


def test_an_invitation_with_a_weak_password_can_be_taken_up_again_with_a_better_one():
    _invitation, code = invite()

    with pytest.raises(PeopleRefused):
        accept(code, password="short")

    assert accept(code)


@pytest.mark.django_db(transaction=True)
def test_an_invitation_taken_up_twice_at_once_makes_one_account():
    _invitation, code = invite()
    start, outcomes = threading.Barrier(2), []

    def take():
        start.wait(30)
        try:
            outcomes.append(accept(code).email)
        except PeopleRefused as refused:
            outcomes.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(outcomes) == 2
    assert outcomes.count("ada@example.org") == 1
    assert User.objects.count() == 1
