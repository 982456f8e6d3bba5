"""Commands that make people and tokens: for the first start, for pipelines, for programs that set things up."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

import config
from governance.people.models import Team, Token, User
from governance.policies.models import Policy, PolicyVersion
from tests.factories import TeamFactory, UserFactory, member
from tests.governance.people.clients import PASSWORD

pytestmark = pytest.mark.django_db
PROJECT = Path(config.__file__).resolve().parents[1]


def run(monkeypatch, *arguments, stdin=""):
    """What a command printed."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    call_command(*arguments, stdout=out)
    return out.getvalue()


def document(monkeypatch, *arguments, stdin=""):
    return json.loads(run(monkeypatch, *arguments, "--format", "json", stdin=stdin))


def refusal(monkeypatch, *arguments, stdin=""):
    with pytest.raises(CommandError) as refused:
        run(monkeypatch, *arguments, stdin=stdin)
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


# --- setup -----------------------------------------------------------------------------------------------------------


def test_setup_makes_the_administrator_a_team_and_the_policies(monkeypatch):
    told = document(monkeypatch, "setup", "--admin", "Ada@Example.org", "--team", "Lending")

    assert (told["admin"], told["created"], told["team"]) == ("ada@example.org", True, "lending")
    assert told["policies"] == Policy.objects.count() > 0
    user = User.objects.get()
    assert user.check_password(told["password"])
    assert [held.label for held in user.memberships.all()] == ["admin"]
    assert not user.is_superuser


def test_setup_again_duplicates_nothing_and_shows_no_password(monkeypatch):
    first = document(monkeypatch, "setup", "--admin", "ada@example.org")
    versions = PolicyVersion.objects.count()

    second = document(monkeypatch, "setup", "--admin", "ada@example.org")

    assert (second["created"], second["password"]) == (False, None)
    assert User.objects.get().check_password(first["password"])
    assert (Team.objects.count(), PolicyVersion.objects.count()) == (1, versions)


def test_setup_says_that_one_person_alone_cannot_approve(monkeypatch):
    alone = run(monkeypatch, "setup", "--admin", "ada@example.org")
    UserFactory()

    assert "One person alone cannot approve" in alone
    assert "One person alone" not in run(monkeypatch, "setup", "--admin", "ada@example.org")


def test_setup_takes_a_password_from_standard_input_and_prints_it_nowhere(monkeypatch):
    printed = run(monkeypatch, "setup", "--admin", "ada@example.org", "--password-stdin", stdin=f"{PASSWORD}\n")

    assert PASSWORD not in printed
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("stdin", ["", "\n", "short\n"])
def test_setup_without_a_good_password_makes_nothing(monkeypatch, stdin):
    refusal(monkeypatch, "setup", "--admin", "ada@example.org", "--password-stdin", stdin=stdin)

    assert not User.objects.exists()
    assert not Team.objects.exists()
    assert not Policy.objects.exists()


def test_setup_refuses_what_is_no_address_or_team(monkeypatch):
    assert "no e-mail address" in refusal(monkeypatch, "setup", "--admin", "ada")
    assert "needs a name" in refusal(monkeypatch, "setup", "--admin", "ada@example.org", "--team", " ")


# --- invite ----------------------------------------------------------------------------------------------------------


def test_an_invitation_is_a_link_that_opens(monkeypatch, settings):
    team = TeamFactory()

    told = document(
        monkeypatch,
        "invite",
        "ada@example.org",
        "--name",
        "Ada",
        "--roles",
        "submitter,reviewer:ethics",
        "--team",
        team.slug,
    )

    assert told["roles"] == ["submitter", "reviewer:ethics"]
    assert told["link"].startswith(f"{settings.PUBLIC_URL}/invitation/")
    assert Client().get(told["link"].removeprefix(settings.PUBLIC_URL)).status_code == 200


def test_a_program_adds_people_with_passwords_of_its_own(monkeypatch):
    team = TeamFactory()
    arguments = ["invite", "ada@example.org", "--name", "Ada", "--roles", "approver", "--team", team.slug]

    for _ in range(2):
        told = document(monkeypatch, *arguments, "--password-stdin", stdin=PASSWORD)

    assert told == {"email": "ada@example.org", "roles": ["approver"], "link": None}
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert [(held.label, held.team) for held in user.memberships.all()] == [("approver", team)]


def test_an_invitation_that_breaks_a_rule_says_what_to_do(monkeypatch):
    known = member(None, "viewer")

    assert "the roles are viewer, submitter" in refusal(monkeypatch, "invite", "a@example.org", "--roles", "king")
    assert "there is no team 'x'" in refusal(monkeypatch, "invite", "a@example.org", "--roles", "viewer", "--team", "x")
    assert "here already" in refusal(monkeypatch, "invite", known.email, "--roles", "viewer")
    assert "at least one role" in refusal(monkeypatch, "invite", "a@example.org", "--roles", ",")


# --- create_token ----------------------------------------------------------------------------------------------------


def test_a_token_is_printed_once_and_opens(monkeypatch):
    printed = run(monkeypatch, "create_token", "--name", "ci", "--scopes", "catalog:read,gate:read", "--days", "90")

    secret = printed.strip()
    assert APIClient().get("/api/v1/teams/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    token = Token.objects.get()
    assert (token.scopes, (token.expires_at - token.created_at).days) == (["catalog:read", "gate:read"], 90)
    assert token.user.kind == "service"


def test_a_token_of_a_person_is_theirs(monkeypatch):
    user = UserFactory(email="ada@example.org")

    told = document(monkeypatch, "create_token", "--name", "mine", "--scopes", "gate:read", "--user", "ADA@example.org")

    assert told["scopes"] == ["gate:read"]
    assert Token.objects.get().user == user


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--scopes", "gate:open"], "the scopes are catalog:read"),
        (["--scopes", ","], "needs a scope"),
        (["--scopes", "gate:read", "--days", "400"], "from 1 to 365"),
        (["--scopes", "gate:read", "--user", "nobody@example.org"], "invite them first"),
    ],
)
def test_a_token_that_breaks_a_rule_makes_neither_token_nor_service(monkeypatch, arguments, why):
    assert why in refusal(monkeypatch, "create_token", "--name", "ci", *arguments)

    assert not User.objects.exists()


def test_a_wrong_setting_is_one_line_and_no_traceback():
    ended = subprocess.run(
        [sys.executable, "manage.py", "setup", "--admin", "a@example.org"],
        cwd=PROJECT,
        env={**os.environ, "ASSAY_DEBUG": "maybe", "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "ASSAY_DEBUG: 1 for on or 0 for off, not 'maybe'\n"
