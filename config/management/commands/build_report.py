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
from governance.reports import asking, drawing, services, tasks
from governance.reports.errors import ReportRefused
from governance.reports.models import Edition, Form, Rendition, RenditionState, scope_named


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
        try:
            period = asking.period_named(options["period"])
            edition = services.compile(period=period, team=team, by=None, at=timezone.now(), progress=self._progress)
        except ReportRefused as refused:
            raise Refused(f"{refused.code}: {refused}") from refused
        path = _path(edition.document_sha256)
        printed = self._printed(edition) if options["pdf"] else None
        # Who is sent it waits for the print to come along, and whoever prints it tells of the mails.
        (tasks.wake_drawing if drawing.waiting() else tasks.nudge_mail)()
        if options["format"] == "json":
            self.print_json(
                {
                    "id": edition.pk,
                    "period": edition.period,
                    "scope": scope_named(team),
                    "edition": edition.number,
                    "provisional": edition.provisional,
                    "as_of": edition.as_of.isoformat(),
                    "path": str(path),
                    "bytes": edition.bytes,
                    "document_sha256": edition.document_sha256,
                    "content_sha256": edition.content_sha256,
                    **({"pdf": str(_path(printed.sha256)), "pdf_sha256": printed.sha256} if printed else {}),
                }
            )
            return
        self.stdout.write(f"{edition}, {'portfolio' if team is None else team.name}")
        if edition.provisional:
            self.stdout.write(
                f"Provisional: {edition.period} has not ended. It is told as of {edition.as_of:%Y-%m-%d %H:%M} UTC."
            )
        self.stdout.write(f"{path}\nsha256 {edition.document_sha256}")
        if printed is not None:
            self.stdout.write(f"PDF, {printed.pages} pages: {_path(printed.sha256)}\nsha256 {printed.sha256}")

    def _printed(self, edition: Edition) -> Rendition:
        rendition = drawing.note(edition, form=Form.PDF, language="en", at=timezone.now())
        if rendition.state == RenditionState.FAILED:
            drawing.again(rendition, at=timezone.now())
        drawing.carry_out(only=rendition.pk)
        rendition.refresh_from_db()
        if rendition.state != RenditionState.DONE:
            why = rendition.error or "a worker is drawing it; ask again in a minute"
            raise Refused(f"the edition is made ({edition.document_sha256}), its PDF is not: {why}")
        return rendition

    def _progress(self, done: int, total: int | None) -> None:
        if total:
            self.stderr.write(f"{done} of {total} read", ending="\r" if sys.stderr.isatty() else "\n")


def _path(sha256: str) -> Path:
    return Path(settings.STORAGES["blobs"]["OPTIONS"]["location"]) / blobs.name_of(sha256)
