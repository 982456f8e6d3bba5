"""``manage.py retry_reassessments [ID …]``: have licences judged again where that was given up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from governance.licensing import reassessing, tasks
from governance.licensing.models import Reassessment


class Command(AssayCommand):
    help = (
        "Judge licences again where every attempt broke off: until then the gates of what rests on them stay closed. "
        "Mend the cause first; it stands beside each and in the worker's log."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="which; without any all that failed")
        parser.add_argument("--list", action="store_true", help="only say which failed, and why")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = reassessing.failed(options["ids"] or None)
        unknown = sorted(set(options["ids"]) - {one.pk for one in failed})
        if unknown:
            named = ", ".join(map(str, unknown))
            raise Refused(f"no reassessment that failed has the id {named}; --list says which have")
        told = False
        if not options["list"]:
            reassessing.retry([one.pk for one in failed])
            told = bool(failed) and tasks.wake()
        if options["format"] == "json":
            self.print_json({"reassessments": [_shown(one) for one in failed], "told": told})
            return
        for one in failed:
            self.stdout.write(
                f"{one.pk}  {one.requested_at:%Y-%m-%d %H:%M}  {one.get_cause_display()} ({one.cause_ref}): {one.error}"
            )
        self.stdout.write(self._ending(len(failed), told=told, listed=options["list"]))

    def _ending(self, number: int, *, told: bool, listed: bool) -> str:
        if not number:
            return "No reassessment has failed."
        if listed:
            return f"{number} failed. Without --list they are tried again."
        when = "the workers are told" if told else "no worker could be told; the sweep tells them within a minute"
        return f"{number} queued again; {when}."


def _shown(one: Reassessment) -> dict[str, Any]:
    return {
        "id": one.pk,
        "cause": one.cause,
        "cause_ref": one.cause_ref,
        "requested_at": one.requested_at.isoformat(),
        "attempts": one.attempt,
        "error": one.error,
    }
