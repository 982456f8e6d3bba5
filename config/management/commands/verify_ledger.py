"""``manage.py verify_ledger [FILE]``: is the ledger what it was?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from governance.ledger import verification

WHY = {
    "leaf_missing": "a place is empty",
    "event_changed": "the event is not what was hashed",
    "checkpoint_differs": "events since the checkpoint before were changed together with their hashes",
    "checkpoint_without_leaves": "the end was cut off",
    "differs_from_witness": "the export holds another event there",
}


class Command(AssayCommand):
    help = "Check every event against its leaf, every leaf against its place, and every checkpoint."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="an export; without it the database is checked")
        parser.add_argument(
            "--witness", metavar="FILE", help="an export of earlier, of which every place has to stand in the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] and options["witness"]:
            raise Refused("give an export to check, or one as witness of the database, not both")
        if options["file"]:
            found = verification.check(*_read(options["file"]))
        elif options["witness"]:
            found = verification.against_witness(*_read(options["witness"]))
        else:
            found = verification.check_database()
        if options["format"] == "json":
            self.print_json(found.as_json())
        elif found.ok:
            self.stdout.write(f"The ledger is whole: {found.size} events, root {found.root}.")
            if found.waiting:
                self.stdout.write(f"{found.waiting} more wait for their place; a worker gives it within seconds.")
        else:
            self.stdout.write(f"The ledger is not what it was, from event {found.first_bad} on: {WHY[found.why]}.")
        if not found.ok:
            sys.exit(1)


def _read(name: str) -> tuple[list[verification.Place], list[tuple[int, str]]]:
    try:
        with Path(name).open(encoding="utf-8") as lines:
            return verification.read_export(lines)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise Refused(f"{name} cannot be read: {unreadable}") from unreadable
    except verification.ExportUnreadable as unreadable:
        raise Refused(f"{name}: {unreadable}") from unreadable
