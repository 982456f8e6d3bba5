"""``manage.py import_cards DIR``: bring a folder of cards, or of the Hub's answers, into the catalogue."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from config.commands import AssayCommand, Refused

if TYPE_CHECKING:
    from governance.catalog.snapshots import SnapshotRefused

KINDS = ("model", "dataset", "space")
SHOWN = 5  # refusals of one kind that are told one by one


class Command(AssayCommand):
    help = (
        "Import every card of a folder: namespace__name.md files, or *.jsonl[.gz] answers of the Hub's API with"
        " `cardText`. The ids are taken as ids of the Hub that HF_ENDPOINT names."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR")
        parser.add_argument("--kind", choices=KINDS, default="model", help="what all of them are; model if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        from governance.catalog import collected, services
        from governance.catalog.snapshots import SnapshotRefused

        try:
            found = collected.read_folder(
                options["folder"],
                kind=options["kind"],
                source=services.hub_source(),
                max_card_bytes=settings.MAX_CARD_BYTES,
            )
        except SnapshotRefused as nothing:
            raise Refused(f"{nothing.code}: {nothing.message}") from nothing
        watch = _Watch(self.stderr)
        report = services.bulk_import(
            snapshots=found, by=None, at=timezone.now(), progress=watch.progress, refused=watch.refused
        )
        watch.end()
        document = report.as_json()
        if options["format"] == "json":
            self.print_json(document)
        else:
            self._print(document)
        if report.read == report.refused:
            sys.exit(2)

    def _print(self, document: dict[str, Any]) -> None:
        counts = ", ".join(f"{document[name]} {name}" for name in ("created", "updated", "unchanged", "refused"))
        self.stdout.write(f"{document['read']} read: {counts}; {document['seconds']:.1f} s")
        for code, number in sorted(document["findings"].items(), key=lambda item: (-item[1], item[0])):
            self.stdout.write(f"{number:8} {code}")


class _Watch:
    """Tells on stderr how far the import is, and what was refused."""

    def __init__(self, stderr: Any) -> None:
        self.stderr, self.is_terminal = stderr, sys.stderr.isatty()
        self.told: Counter[str] = Counter()

    def progress(self, read: int) -> None:
        if self.is_terminal:
            self.stderr.write(f"\r{read:,} read", ending="")
        else:
            self.stderr.write(f"{read} read")

    def refused(self, refusal: SnapshotRefused) -> None:
        self.told[refusal.code] += 1
        if self.told[refusal.code] <= SHOWN:
            self.stderr.write(f"refused, {refusal.code}: {refusal.message}")

    def end(self) -> None:
        if self.is_terminal:
            self.stderr.write("")
        for code, number in self.told.items():
            if number > SHOWN:
                self.stderr.write(f"… and {number - SHOWN} more refused, {code}")
