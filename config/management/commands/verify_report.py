"""``manage.py verify_report FILE|DIGEST``: is this the edition that stands in the ledger?"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from governance.reports import verifying

WHY = {
    "unknown": "no edition has this digest: it was changed, or it was not made here",
    "not_in_ledger": "there is such an edition, and the ledger does not know of it",
    "event_changed": "the ledger's line of it is not what was written; run verify_ledger",
    "bytes_gone": "the ledger knows of it; the bytes in the store are gone",
    "bytes_altered": "the ledger knows of it; the bytes in the store are others",
}


class Command(AssayCommand):
    help = "Say whether a document, or the digest on a report's first page, is an edition in the ledger."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", metavar="FILE|DIGEST", help="the JSON document, or 64 hexadecimal digits")

    def handle(self, *args: Any, **options: Any) -> None:
        found = verifying.verify(_digest(options["what"]))
        if options["format"] == "json":
            self.print_json(found.as_json())
        elif found.ok and found.edition is not None and found.event is not None:
            place = f"place {found.leaf}" if found.leaf is not None else "its place is given within seconds"
            scope = "portfolio" if found.edition.team is None else found.edition.team.name
            self.stdout.write(
                f"This is {found.edition}, {scope}, in the ledger since {found.event.at:%Y-%m-%d %H:%M} UTC ({place})."
            )
            self.stdout.write(f"sha256 {found.edition.document_sha256}")
        else:
            self.stdout.write(f"This is not an edition in the ledger: {WHY[found.problem]}.")
        if not found.ok:
            sys.exit(1)


def _digest(what: str) -> str:
    digest = what.strip().lower().removeprefix("sha256:").removeprefix("sha256 ").strip()
    if re.fullmatch(r"[0-9a-f]{64}", digest):
        return digest
    try:
        with Path(what).open("rb") as opened:
            if opened.read(5) == b"%PDF-":
                raise Refused("a PDF is drawn from the document: give the 64 digits on its first page instead")
            opened.seek(0)
            return verifying.digest_of(opened)
    except OSError as unreadable:
        raise Refused(
            f"{what} cannot be read, and is no digest of 64 hexadecimal digits: {unreadable.strerror}"
        ) from unreadable
