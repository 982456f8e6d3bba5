"""``manage.py invite EMAIL --name … --roles …``: bring somebody in."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse
from django.utils import timezone

from config.commands import AssayCommand, Refused
from governance.people import services as people
from governance.people.models import Team


class Command(AssayCommand):
    help = "Invite a person: prints the link to hand over, or with --password-stdin adds the account at once."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--roles", required=True, help="comma-separated: submitter,approver,reviewer:ethics,…")
        parser.add_argument("--team", metavar="SLUG", help="the team; without it the roles hold in the organisation")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password's line from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        team = None
        if options["team"]:
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                raise Refused(f"there is no team {options['team']!r}; make it with setup --team or on the people page")
        roles = [role for role in options["roles"].split(",") if role.strip()]
        common = {
            "email": options["email"],
            "name": options["name"],
            "roles": roles,
            "team": team,
            "by": None,
            "at": at,
        }
        try:
            if options["password_stdin"]:
                password = sys.stdin.readline().rstrip("\r\n")
                user = people.add_person(**common, password=password)
                document = {"email": user.email, "roles": roles, "link": None}
            else:
                invitation, code = people.invite(**common)
                link = settings.PUBLIC_URL + reverse("people:invitation", args=[code])
                document = {"email": invitation.email, "roles": roles, "link": link}
        except people.PeopleRefused as refused:
            raise Refused(str(refused)) from refused
        if options["format"] == "json":
            self.print_json(document)
        elif document["link"]:
            self.stdout.write(f"Hand this link to {document['email']}; it works once, for a week:\n{document['link']}")
        else:
            self.stdout.write(f"{document['email']} can sign in.")
