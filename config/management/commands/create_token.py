"""``manage.py create_token --name ci --scopes gate:read --days 90``: a token, printed once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from config.commands import AssayCommand, Refused
from governance.people.models import User, normal_email
from governance.people.rules import PeopleRefused
from governance.people.services import accounts, tokens


class Command(AssayCommand):
    help = "Make a token for a pipeline (a service that may look at everything) or, with --user, for a person."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", required=True, help="comma-separated, such as gate:read,catalog:read")
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--user", metavar="EMAIL", help="whose token; without it a service account of the name")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            with transaction.atomic():
                token, secret = tokens.issue_token(
                    user=self._owner(options["user"], name=options["name"], at=at),
                    name=options["name"],
                    scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                    days=options["days"],
                    by=None,
                    at=at,
                )
        except PeopleRefused as refused:
            raise Refused(str(refused)) from refused
        if options["format"] == "json":
            self.print_json({"token": secret, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()})
        else:
            self.stdout.write(secret)

    def _owner(self, email: str | None, *, name: str, at: dt.datetime) -> User:
        if email is None:
            return accounts.add_service(name=name, at=at)
        user = User.objects.filter(email=normal_email(email)).first()
        if user is None:
            raise Refused(f"nobody here has the address {ascii(email)}; invite them first")
        return user
