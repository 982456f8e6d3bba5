"""``manage.py invite EMAIL --name … --roles …``: bring somebody in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse
from django.utils import timezone

from config.commands import AssayCommand, Refused
from config.passwords import read_password
from governance.people.models import Team
from governance.people.rules import PeopleRefused
from governance.people.services import accounts, invitations


class Command(AssayCommand):
    help = "Invite a person: prints the link to hand over, or with --password-stdin adds the account at once."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--roles", required=True, help="comma-separated: submitter,approver,reviewer:ethics,…")
        parser.add_argument("--team", metavar="SLUG", help="the team; without it the roles hold in the organisation")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password's line from standard input; who is here already keeps theirs and gains the roles",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        who: dict[str, Any] = {
            "email": options["email"],
            "name": options["name"],
            "roles": [role.strip() for role in options["roles"].split(",") if role.strip()],
            "team": self._team(options["team"]),
            "by": None,
            "at": timezone.now(),
        }
        link = None
        try:
            if options["password_stdin"]:
                email = accounts.add_person(**who, password=read_password()).email
            else:
                invitation, code = invitations.invite(**who)
                email, link = invitation.email, settings.PUBLIC_URL + reverse("people:invitation", args=[code])
        except PeopleRefused as refused:
            raise Refused(str(refused)) from refused
        if options["format"] == "json":
            self.print_json({"email": email, "roles": who["roles"], "link": link})
        elif link:
            self.stdout.write(f"Hand this link to {email}; it works once, for a week:\n{link}")
        else:
            self.stdout.write(f"{email} can sign in.")

    def _team(self, slug: str | None) -> Team | None:
        if slug is None:
            return None
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise Refused(f"there is no team {ascii(slug)}; make it with setup --team or on the people page")
        return team
