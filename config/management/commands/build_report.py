"""``manage.py build_report --period 2026-11``: make the edition of a period, or find the one that says the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from audits import blobs
from config.commands import AssayCommand, Refused
from governance.people.models import Team
from governance.reports import asking, services
from governance.reports.errors import ReportRefused


class Command(AssayCommand):
    help = "Make the report of a month, a quarter or some days, for the portfolio or one team."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, help="2026-11, 2026-Q4 or 2026-11-01..2026-11-15")
        parser.add_argument("--team", metavar="SLUG", help="what this team sees; without it the whole portfolio")
        parser.add_argument("--pdf", action="store_true", help="make the PDF too")

    def handle(self, *args: Any, **options: Any) -> None:
        team = None
        if options["team"] is not None:
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                raise Refused(f"there is no team {options['team']!r}; the portal lists them under People")
        if options["pdf"]:
            raise Refused("--pdf: this version makes no PDF yet; leave it out, the document is the same")
        try:
            period = asking.period_named(options["period"])
            edition = services.compile(period=period, team=team, by=None, at=timezone.now(), progress=self._progress)
        except ReportRefused as refused:
            raise Refused(f"{refused.code}: {refused}") from refused
        path = Path(settings.STORAGES["blobs"]["OPTIONS"]["location"]) / blobs.name_of(edition.document_sha256)
        if options["format"] == "json":
            self.print_json(
                {
                    "id": edition.pk,
                    "period": edition.period,
                    "scope": "portfolio" if team is None else f"team:{team.slug}",
                    "edition": edition.number,
                    "provisional": edition.provisional,
                    "as_of": edition.as_of.isoformat(),
                    "path": str(path),
                    "bytes": edition.bytes,
                    "document_sha256": edition.document_sha256,
                    "content_sha256": edition.content_sha256,
                }
            )
            return
        self.stdout.write(f"{edition}, {'portfolio' if team is None else team.name}")
        if edition.provisional:
            self.stdout.write(
                f"Provisional: {edition.period} has not ended. It is told as of {edition.as_of:%Y-%m-%d %H:%M} UTC."
            )
        self.stdout.write(f"{path}\nsha256 {edition.document_sha256}")

    def _progress(self, done: int, total: int | None) -> None:
        if total:
            self.stderr.write(f"{done} of {total} read", ending="\r" if sys.stderr.isatty() else "\n")
