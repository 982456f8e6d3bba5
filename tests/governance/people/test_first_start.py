"""The first account: for whoever reads the server's terminal, once."""

from __future__ import annotations

import datetime as dt
import re
import threading

import pytest
from django.db import connection
from django.test import Client

from governance.ledger.models import Event
from governance.people import first_start
from governance.people.models import FirstStart, Team, User
from governance.people.rules import PeopleRefused
from governance.people.services import accounts
from governance.policies.models import Policy
from tests.factories import NOON, UserFactory
from tests.governance.people.clients import PASSWORD

pytestmark = pytest.mark.django_db
SETUP = "/setup/"
MINUTE = dt.timedelta(minutes=1)
FORM = {
    "email": "Ada@Example.org",
    "name": "Ada",
    "team": "Lending",
    "password": PASSWORD,
    "again": PASSWORD,
}


def printed(capsys) -> str:
    found = re.search(r"is ([A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}) ", capsys.readouterr().err)
    return found[1] if found else ""


def test_an_installation_without_people_begins_with_the_first_account():
    assert Client().get("/sign-in/")["Location"] == SETUP


def test_who_tries_to_sign_in_before_there_are_people_is_pointed_to_the_first_account():
    tried = Client().post("/sign-in/", {"email": "ada@example.org", "password": PASSWORD})

    assert f'href="{SETUP}"' in tried.content.decode()


def test_an_installation_with_people_asks_them_to_sign_in():
    UserFactory()

    assert Client().get("/sign-in/").status_code == 200


def test_the_code_is_on_the_terminal_and_not_on_the_page(capsys):
    page = Client().get(SETUP).content.decode()

    code = printed(capsys)
    assert code
    assert code not in page
    assert code not in str(list(FirstStart.objects.values()))


def test_the_code_makes_the_administrator_the_team_and_the_policies(capsys):
    client = Client()
    client.get(SETUP)

    answer = client.post(SETUP, {**FORM, "code": printed(capsys).lower().replace("-", " ")})

    assert answer["Location"] == "/people/"
    admin = User.objects.get()
    assert (admin.email, [held.label for held in admin.memberships.all()]) == ("ada@example.org", ["admin"])
    assert Team.objects.get().slug == "lending"
    assert Policy.objects.exists()
    assert {"person.added", "team.made", "policy.published"} <= set(Event.objects.values_list("verb", flat=True))
    page = client.get("/people/").content.decode()
    assert "One person alone cannot approve" in page


def test_afterwards_there_is_no_such_page(capsys):
    UserFactory()

    assert Client().get(SETUP).status_code == 404
    assert Client().post(SETUP, FORM).status_code == 404
    assert not printed(capsys)


def test_services_are_not_people():
    accounts.add_service(name="ci", at=NOON)

    assert Client().get(SETUP).status_code == 200


def test_looking_again_prints_no_second_code(capsys):
    Client().get(SETUP)
    first = printed(capsys)

    Client().get(SETUP)

    assert first
    assert not printed(capsys)


def test_a_wrong_code_makes_nothing_and_keeps_what_was_written(capsys):
    client = Client()
    client.get(SETUP)

    answer = client.post(SETUP, {**FORM, "code": "AAAA-AAAA-AAAA"})

    assert answer.status_code == 422
    assert "not the code" in answer.content.decode()
    assert "Ada@Example.org" in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.exists()


def test_five_tries_end_a_code_even_for_the_right_one():
    code = first_start.make_code(at=NOON)

    for _ in range(first_start.TRIES):
        with pytest.raises(PeopleRefused, match="not the code"):
            first_start.check_code("AAAA", at=NOON)

    with pytest.raises(PeopleRefused, match="is over"):
        first_start.check_code(code, at=NOON)


def test_an_hour_ends_a_code():
    code = first_start.make_code(at=NOON)

    first_start.check_code(code, at=NOON + first_start.LIFE - MINUTE)
    with pytest.raises(PeopleRefused, match="is over"):
        first_start.check_code(code, at=NOON + first_start.LIFE)


def test_a_code_without_one_having_been_made_is_refused():
    with pytest.raises(PeopleRefused):
        first_start.check_code("", at=NOON)


def test_a_new_code_is_printed_at_most_every_minute_and_ends_the_old_one():
    old = first_start.make_code(at=NOON)

    assert first_start.make_code(at=NOON + MINUTE / 2, renew=True) is None
    new = first_start.make_code(at=NOON + MINUTE, renew=True)

    assert new
    with pytest.raises(PeopleRefused):
        first_start.check_code(old, at=NOON + MINUTE)
    first_start.check_code(new, at=NOON + MINUTE)


def test_who_has_lost_the_code_has_a_new_one_printed(capsys):
    client = Client()
    client.get(SETUP)
    FirstStart.objects.update(made_at=FirstStart.objects.get().made_at - 2 * MINUTE)
    printed(capsys)

    answer = client.post(SETUP, {"renew": "yes"}, follow=True)

    assert printed(capsys)
    assert "A new code has been printed" in answer.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"again": "something else entirely"},
        {"password": "short", "again": "short"},
        {"email": "nobody"},
        {"team": ""},
        {"name": "a\0b"},
        {"code": "\0"},
    ],
)
def test_what_cannot_be_kept_is_refused_on_the_page(capsys, change):
    client = Client()
    client.get(SETUP)

    answer = client.post(SETUP, {**FORM, "code": printed(capsys), **change})

    assert answer.status_code == 422
    assert not User.objects.exists()
    assert not Team.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_try_at_once_one_makes_the_first_account():
    first_start.make_code(at=NOON)
    start, outcomes = threading.Barrier(2), []

    def make(email):
        start.wait(30)
        try:
            first_start.set_up(email=email, name="", password=PASSWORD, team="One", at=NOON)
            outcomes.append("made")
        except PeopleRefused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=[email]) for email in ("a@example.org", "b@example.org")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(outcomes) == ["made", "refused"]
    assert User.objects.count() == 1


def test_setting_up_again_adds_what_is_missing():
    for _ in range(2):
        accounts.set_up(email="ada@example.org", name="Ada", password=PASSWORD, team="Lending", at=NOON)

    assert (User.objects.count(), Team.objects.count()) == (1, 1)
    assert Event.objects.filter(verb="person.added").count() == 1
