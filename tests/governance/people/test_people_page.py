"""The people page, for administrators; and the page that an invitation opens."""

from __future__ import annotations

import re
import smtplib

import pytest
from django.core import mail
from django.test import Client

from governance.people.models import Invitation, Membership, Team, User
from governance.people.rules import role_names
from governance.people.services import invitations
from governance.people.views import directory
from tests.factories import NOON, TeamFactory, UserFactory, member
from tests.governance.people.clients import PASSWORD, browser

pytestmark = pytest.mark.django_db
PEOPLE, INVITE, ROLES, TEAMS = "/people/", "/people/invite/", "/people/roles/", "/people/teams/"
EVERYWHERE = "the-whole-organisation"


@pytest.fixture
def admin():
    return member(None, "admin")


def link_in(answer):
    found = re.search(r"/invitation/([\w-]+)/", answer.content.decode())
    return found[0] if found else None


def invite(client, **changes):
    return client.post(INVITE, {"email": "ada@example.org", "team": EVERYWHERE, "roles": ["submitter"], **changes})


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in role_names() if role != "admin"])
def test_only_administrators_see_the_people_page(role):
    assert browser(member(TeamFactory(), role)).get(PEOPLE).status_code == 403


def test_strangers_and_others_change_nothing(admin):
    held = admin.memberships.get()
    invitation, _code = invitations.invite(email="a@b.cd", name="", roles=["viewer"], team=None, by=None, at=NOON)
    paths = [INVITE, ROLES, TEAMS, f"/people/roles/{held.pk}/take/", f"/people/{admin.pk}/switch/"]
    paths.append(f"/people/invitations/{invitation.pk}/withdraw/")

    for path in paths:
        assert Client().post(path)["Location"].startswith("/sign-in/")
        assert browser(member(None, "approver")).post(path).status_code == 403
        assert browser(admin, enforce_csrf_checks=True).post(path).status_code == 403
        assert browser(admin).get(path).status_code == 405
    assert admin.memberships.exists()


def test_an_administrator_of_a_team_sees_that_team_only():
    team, other = TeamFactory(name="Lending"), TeamFactory(name="Payments")
    admin = member(team, "admin")
    member(team, "submitter", name="Lena")
    member(other, "submitter", name="Paula")

    page = browser(admin).get(PEOPLE).content.decode()

    assert "Lena" in page
    assert "Paula" not in page
    assert "Payments" not in page
    assert 'id="team"' not in page


def test_an_administrator_of_a_team_does_nothing_elsewhere(admin):
    team, other = TeamFactory(), TeamFactory()
    client = browser(member(team, "admin"))
    there = member(other, "submitter")
    held = there.memberships.get()

    assert client.post(f"/people/roles/{held.pk}/take/").status_code == 403
    assert client.post(f"/people/{there.pk}/switch/", {"active": "no"}).status_code == 403
    assert client.post(TEAMS, {"name": "Mine"}).status_code == 403
    assert invite(client).status_code == 422
    assert invite(client, team=f"team-{other.pk}").status_code == 422
    role = {"person": there.pk, "role": "approver", "team": f"team-{team.pk}"}
    assert client.post(ROLES, role).status_code == 422
    assert Membership.objects.filter(user=there).get() == held
    assert not Invitation.objects.exists()


# --- what administrators do ------------------------------------------------------------------------------------------


def test_everybody_stands_with_their_teams_and_nobody_is_lost_from_sight(admin):
    team = TeamFactory(name="Lending")
    member(team, "reviewer:ethics", "approver", name="Lena")
    UserFactory(name="Newcomer without roles")
    UserFactory(name="Gone", is_active=False)

    page = browser(admin).get(PEOPLE).content.decode()

    for shown in ("Lena", "Newcomer without roles", "Gone", "Lending", "Reviewer: Ethics"):
        assert shown in page


def test_the_page_costs_as_many_queries_for_many_people_as_for_few(admin, django_assert_max_num_queries):
    for team in [TeamFactory() for _ in range(3)]:
        for _ in range(4):
            member(team, "submitter", "reviewer:risk")
    client = browser(admin)

    with django_assert_max_num_queries(14):
        client.get(PEOPLE)


def test_an_invitation_is_shown_once_and_opens_the_door(admin):
    team = TeamFactory(name="Lending")
    client = browser(admin)

    answer = invite(client, team=f"team-{team.pk}", roles=["submitter", "reviewer:legal"], name="Ada")

    link = link_in(answer)
    assert link
    assert link_in(client.get(PEOPLE)) is None
    newcomer = Client()
    assert "Lending" in newcomer.get(link).content.decode()
    joined = newcomer.post(link, {"name": "Ada L.", "password": PASSWORD, "again": PASSWORD})
    assert joined["Location"] == "/"
    assert newcomer.get("/")["Location"] == "/inbox/"
    assert "Ada L." in newcomer.get("/account/").content.decode()
    assert Client().get(link).status_code == 404


def test_joining_in_a_browser_where_somebody_is_signed_in_signs_them_out(admin):
    link = link_in(invite(browser(admin)))
    shared = browser(admin)

    shared.post(link, {"name": "Ada", "password": PASSWORD, "again": PASSWORD})

    assert shared.session["_auth_user_id"] == str(User.objects.get(email="ada@example.org").pk)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Ada", "password": "short", "again": "short"},
        {"name": "Ada", "password": PASSWORD, "again": "x"},
        {"name": "", "password": PASSWORD, "again": PASSWORD},
        {"name": "a\0", "password": PASSWORD, "again": PASSWORD},
        {},
    ],
)
def test_an_invitation_that_is_taken_up_wrongly_stays_open(admin, form):
    link = link_in(invite(browser(admin)))

    assert Client().post(link, {"sent": "yes", **form}).status_code == 422
    assert not User.objects.filter(email="ada@example.org").exists()
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("code", ["x", "%FF%FE", "é", "a" * 3000])
def test_a_code_that_opens_nothing_says_what_to_do(code):
    answer = Client().get(f"/invitation/{code}/")

    assert answer.status_code == 404
    assert "Ask whoever invited you" in answer.content.decode()


@pytest.mark.parametrize(
    "change", [{"email": "x"}, {"roles": []}, {"roles": ["king"]}, {"team": "team-0"}, {"team": ""}]
)
def test_an_invitation_that_breaks_a_rule_is_not_made(admin, change):
    assert invite(browser(admin), **change).status_code == 422
    assert not Invitation.objects.exists()


def test_without_mail_the_link_is_handed_over(admin, settings):
    settings.EMAIL_BACKEND = directory.NO_MAIL

    assert "mailed" not in invite(browser(admin)).content.decode()


def test_with_mail_the_link_is_sent(admin):
    admin.name = "Grace\nBcc: all@example.org"
    admin.save()

    answer = invite(browser(admin))

    (sent,) = mail.outbox
    assert sent.to == ["ada@example.org"]
    assert link_in(answer) in sent.body
    assert "\n" not in sent.subject
    assert "The link has been mailed." in answer.content.decode()


def test_a_mail_server_that_is_down_stops_nobody(admin, monkeypatch):
    def down(*args, **kwargs):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(directory, "send_mail", down)
    answer = invite(browser(admin))

    assert link_in(answer)
    assert "could not be mailed" in answer.content.decode()


def test_a_withdrawn_invitation_opens_nothing(admin):
    client = browser(admin)
    link = link_in(invite(client))

    client.post(f"/people/invitations/{Invitation.objects.get().pk}/withdraw/")

    assert Client().get(link).status_code == 404


def test_a_role_is_given_and_taken(admin):
    team, user, client = TeamFactory(), UserFactory(name="Ada"), browser(admin)

    given = client.post(ROLES, {"person": user.pk, "role": "reviewer:risk", "team": f"team-{team.pk}"}, follow=True)
    held = user.memberships.get()
    taken = client.post(f"/people/roles/{held.pk}/take/", follow=True)

    assert (held.label, held.team) == ("reviewer:risk", team)
    assert "Ada has the role." in given.content.decode()
    assert "Ada no longer has the role." in taken.content.decode()
    assert not user.memberships.exists()


@pytest.mark.parametrize(
    "change",
    [{"person": "0"}, {"person": "x"}, {"person": "9" * 30}, {"role": "king"}, {"team": "team-x"}, {"person": "\0"}],
)
def test_a_role_that_cannot_be_given_is_refused(admin, change):
    form = {"person": UserFactory().pk, "role": "approver", "team": EVERYWHERE, **change}

    assert browser(admin).post(ROLES, form).status_code == 422


def test_the_last_administrator_is_told_why_the_role_stays(admin):
    answer = browser(admin).post(f"/people/roles/{admin.memberships.get().pk}/take/", follow=True)

    assert "This is the last administrator" in answer.content.decode()


def test_an_account_is_switched_off_and_on(admin):
    user, client = UserFactory(), browser(admin)

    client.post(f"/people/{user.pk}/switch/", {"active": "no"})
    user.refresh_from_db()
    assert not user.is_active
    client.post(f"/people/{user.pk}/switch/", {"active": "yes"})
    user.refresh_from_db()
    assert user.is_active


def test_a_team_is_made(admin):
    browser(admin).post(TEAMS, {"name": "Кредиты"})

    assert Team.objects.get().name == "Кредиты"


def test_one_person_alone_is_told_to_invite_others_and_two_are_not(admin):
    banner = "One person alone cannot approve"

    assert banner in browser(admin).get(PEOPLE).content.decode()
    UserFactory()
    assert banner not in browser(admin).get(PEOPLE).content.decode()


def test_names_are_text_wherever_they_are_shown(admin):
    UserFactory(name="<script>alert(1)</script>")
    TeamFactory(name="<b>bold</b>")

    page = browser(admin).get(PEOPLE).content.decode()

    assert "<script>alert" not in page
    assert "<b>bold" not in page


def test_no_two_fields_of_the_page_share_an_id(admin):
    member(TeamFactory(), "submitter")

    ids = re.findall(r'\sid="([^"]+)"', browser(admin).get(PEOPLE).content.decode())

    assert len(ids) == len(set(ids))
