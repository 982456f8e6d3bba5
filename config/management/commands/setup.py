"""``manage.py setup --admin EMAIL``: the administrator, one team and the default policies."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from config.commands import AssayCommand, Refused
from governance.people import services as people
from governance.people.models import User, normal_email
from governance.policies import services as policies


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
        at = timezone.now()
        there = User.objects.filter(email=normal_email(options["admin"])).exists()
        given = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        password = given or secrets.token_urlsafe(12)
        try:
            with transaction.atomic():
                team = people.make_team(name=options["team"], by=None, at=at)
                admin = people.add_person(
                    email=options["admin"],
                    name=options["name"],
                    password=password,
                    roles=["admin"],
                    team=None,
                    by=None,
                    at=at,
                )
                published = policies.publish_defaults(by=admin, at=at)
        except people.PeopleRefused as refused:
            raise Refused(str(refused)) from refused
        made = None if there or given else password
        if options["format"] == "json":
            self.print_json({"admin": admin.email, "team": team.slug, "policies": len(published), "password": made})
            return
        self.stdout.write(f"Administrator {admin.email}, team {team.name}, {len(published)} policies published.")
        if made:
            self.stdout.write(f"Password, shown once: {made}")
        self.stdout.write("One person alone cannot approve: invite reviewers and an approver on the people page.")
