"""``manage.py import_card REPO_ID_OR_DIR``: bring one repository into the catalogue."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from config.commands import AssayCommand, Refused

KINDS = ("model", "dataset", "space")


class Command(AssayCommand):
    help = "Import a model, dataset or Space from the Hub, or from a folder, and audit its card."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "subject", metavar="REPO_ID_OR_DIR", help="namespace/name on the Hub, or a path that begins with / ./ ../ ~"
        )
        parser.add_argument("--kind", choices=KINDS, help="what it is; a folder's kind is guessed, of the Hub a model")
        parser.add_argument("--revision", metavar="SHA", help="the commit, 40 hex digits; the newest if left out")
        parser.add_argument("--id", metavar="NAMESPACE/NAME", help="what a folder is called")
        parser.add_argument("--team", metavar="SLUG", help="the team that owns a new entry; everybody sees one without")

        parser.add_argument(
            "--keep-files", action="store_true", help="store the files of a folder too, so that they can be scanned"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from governance.catalog import fetching, queries, services
        from governance.catalog.snapshots import SnapshotRefused
        from governance.people.models import Team

        if options["keep_files"] and not services.is_folder(options["subject"]):
            raise Refused("--keep-files is for a folder; the files of the Hub are fetched by a worker, from the portal")
        team = None
        if options["team"] is not None:
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
                raise Refused(f"there is no team {options['team']!r}; there are: {known}")
        try:
            imported = services.import_card(
                repo_or_dir=options["subject"],
                kind=options["kind"],
                revision=options["revision"],
                repo_id=options["id"],
                by=None,
                team=team,
                at=timezone.now(),
                progress=_Meter(self.stderr) if sys.stderr.isatty() else None,
            )
        except SnapshotRefused as refused:
            raise Refused(f"{refused.code}: {refused.message}") from refused
        if options["keep_files"]:
            try:
                fetching.keep_folder(version=imported.version, folder=options["subject"], at=timezone.now())
            except fetching.FetchRefused as kept_not:
                raise Refused(f"{kept_not.code}: {kept_not.message}") from kept_not
        document = queries.import_document(imported.version)
        if options["format"] == "json":
            self.print_json(document)
            return
        self.stdout.write(f"{imported.change}: {document['kind']} {document['entry']}@{document['revision']}")
        self.stdout.write(f"digest {document['digest']}")
        for path in imported.skipped:
            self.stdout.write(f"left out: {path}")
        self._show_card(document["card"])
        for edge in document["lineage"]:
            known = "" if edge["known"] else " (not imported)"
            self.stdout.write(f"  {edge['relation']} {edge['kind']} {edge['id']}{known}")

    def _show_card(self, card: dict[str, Any]) -> None:
        """How complete it is, and each finding: where, what is so, and how to mend it."""
        from audits.models import Finding
        from governance.evidence.wording import finding_text

        found = card["findings"]
        counted = "1 finding" if len(found) == 1 else f"{len(found) or 'no'} findings"
        self.stdout.write(f"card {round(100 * card['score'])} % complete, {counted}")
        for finding in found:
            title, mend = finding_text(Finding(code=finding["code"], params=finding["params"]))
            line = f"line {finding['line']}" if finding["line"] else ""
            place = ", ".join(part for part in (finding["field"] or finding["locus"], line) if part)
            self.stdout.write(f"  {finding['severity']:8} {place + ': ' if place else ''}{title}  [{finding['code']}]")
            if mend:
                self.stdout.write(f"  {'':8} {mend}")


class _Meter:
    """Done of known, on one line of a terminal, four times a second."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.shown_at = stream, 0.0

    def __call__(self, done: int, known: int) -> None:
        now = time.monotonic()
        if now - self.shown_at < 0.25 and done != known:
            return
        self.shown_at = now
        self.stream.write(f"\r{done:,} of {known:,}", ending="\n" if done == known else "")
