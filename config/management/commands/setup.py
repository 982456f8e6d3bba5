"""``manage.py setup --admin EMAIL``: the administrator, one team and the default policies."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from config.commands import AssayCommand, Refused
from config.passwords import read_password
from governance.people import queries
from governance.people.models import User, normal_email
from governance.people.rules import PeopleRefused
from governance.people.services.accounts import set_up
from governance.policies.models import Policy


class Command(AssayCommand):
    help = "Make the administrator, one team and the default policies. Doing it again adds what is missing."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin", required=True, metavar="EMAIL")
        parser.add_argument("--name", default="", help="the administrator's name")
        parser.add_argument("--team", default="Everyone", metavar="NAME")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password's line from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = read_password() if options["password_stdin"] else None
        password = given or secrets.token_urlsafe(12)
        try:
            with transaction.atomic():
                there = User.objects.filter(email=normal_email(options["admin"])).exists()
                admin, team = set_up(
                    email=options["admin"],
                    name=options["name"],
                    password=password,
                    team=options["team"],
                    at=timezone.now(),
                )
        except PeopleRefused as refused:
            raise Refused(str(refused)) from refused
        made = None if there or given else password
        policies = Policy.objects.filter(retired_at=None).count()
        if options["format"] == "json":
            document = {"admin": admin.email, "created": not there, "team": team.slug, "policies": policies}
            self.print_json({**document, "password": made})
            return
        was = " (was there already: the password is the old one)" if there else ""
        self.stdout.write(f"Administrator {admin.email}{was}, team {team.name}, {policies} policies in force.")
        if made:
            self.stdout.write(f"Password, shown once: {made}")
        if queries.one_person_alone():
            self.stdout.write("One person alone cannot approve: invite reviewers and an approver on the people page.")
