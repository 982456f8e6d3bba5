"""``manage.py export_ledger FILE``: the ledger as a file that others keep as a witness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from config.commands import AssayCommand, Refused
from governance.ledger import verification
from governance.ledger.sequencing import sequence


class Command(AssayCommand):
    help = "Write every event with its place, its hash and the checkpoints; check it with verify_ledger FILE."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="must not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        sequence(at=timezone.now(), thorough=True)
        lines = 0
        try:
            with Path(options["file"]).open("x", encoding="utf-8") as out:
                for line in verification.exported():
                    out.write(line + "\n")
                    lines += 1
        except OSError as unwritable:
            raise Refused(f"{options['file']} cannot be written: {unwritable}") from unwritable
        if options["format"] == "json":
            self.print_json({"file": options["file"], "lines": lines})
        else:
            self.stdout.write(f"{lines} lines written to {options['file']}.")
