"""``manage.py read_licence_texts``: read from the Hub what an import did not keep."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from config.commands import AssayCommand


class Command(AssayCommand):
    help = (
        "Read the licence texts of versions that were imported from the Hub before texts were kept, at their own "
        "commits, and have what rests on them judged again. Safe to call again: what is kept is not asked for."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--most", type=int, default=1000, metavar="N", help="versions to ask for; 1000 if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        from governance.catalog import late_texts
        from governance.catalog.hub_refusals import HubRefused

        read: list[dict[str, Any]] = []
        refused: list[dict[str, str]] = []
        stopped = ""
        waiting = late_texts.versions_without_texts()
        number = waiting.count()
        for version in waiting[: max(0, options["most"])]:
            name = f"{version.entry.repo_id}@{version.revision}"
            try:
                late = late_texts.read_late(version, at=timezone.now())
            except HubRefused as no:
                refused.append({"version": name, "code": no.code, "message": no.message})
                if no.passing:  # it would say the same of the next one
                    stopped = no.message
                    break
                continue
            read.append({"version": name, "stored": list(late.stored), "missing": list(late.missing)})
        stored = sum(len(one["stored"]) for one in read)
        if options["format"] == "json":
            self.print_json({"waited": number, "stored": stored, "read": read, "refused": refused, "stopped": stopped})
            return
        for one in refused:
            self.stdout.write(f"{one['version']}: {one['message']}")
        for one in read:
            for path in one["missing"]:
                self.stdout.write(f"{one['version']}: {path} is not given as it is listed")
        self.stdout.write(f"{stored} texts of {len(read)} versions read; {number} versions lacked some.")
        if stopped:
            self.stdout.write("The Hub has to be asked again later; what was read is kept.")
