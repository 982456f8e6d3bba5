"""What all management commands of the product share: output for people or programs, exit codes, plain refusals."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError

# From better to worse; --fail-on moves the line between exit code 0 and 1 within it.
PASSING = ("allow", "pass", "obligation", "warning", "warn")
FAILING = ("insufficient_data", "no_information", "unknown", "conflict", "fail", "deny")
ORDER = (*PASSING, *FAILING)
# PostgreSQL's codes for a table and a column that do not exist.
NOT_MIGRATED = ("42P01", "42703")


class Refused(Exception):
    """The command cannot do what was asked; one line that says what and how to mend it. Exit code 2."""


class AssayCommand(BaseCommand):
    """A command with ``--format`` and the exit codes of the product.

    0 done or a passing verdict, 1 a failing verdict, 2 bad input, usage, authorisation or verdict ``error``,
    3 verdict ``pending``.
    """

    has_verdict: ClassVar[bool] = False
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]  # the stubs have it per instance

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="text for people, json for programs"
        )
        if self.has_verdict:
            parser.add_argument("--fail-on", choices=ORDER, metavar="VERDICT", help="exit 1 from this verdict on")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            _require_text(options)
            return super().execute(*args, **options)
        except Refused as refused:
            raise CommandError(str(refused), returncode=2) from refused
        except ProgrammingError as failed:
            if getattr(failed.__cause__, "sqlstate", None) not in NOT_MIGRATED:
                raise
            said = "the database lacks tables of this version; run manage.py migrate first (make serve does)"
            raise CommandError(said, returncode=2) from failed
        except BrokenPipeError:
            sys.exit(2)

    def print_json(self, document: Mapping[str, Any]) -> None:
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False))

    def exit_with(self, verdict: str, *, fail_on: str | None = None) -> None:
        """End the process with the code of a verdict; returns for code 0."""
        code = exit_code(verdict, fail_on=fail_on)
        if code:
            sys.exit(code)


def _require_text(options: Mapping[str, Any]) -> None:
    """What the shell handed over has to be text: bytes that are not UTF-8 arrive as halves of characters."""
    for name, value in options.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(one, str) and any("\ud800" <= char <= "\udfff" for char in one):
                raise Refused(f"{name.replace('_', '-')} is not UTF-8 text; check what was typed or the file's name")


def exit_code(verdict: str, *, fail_on: str | None = None) -> int:
    """The exit code of a verdict.

    >>> [exit_code(v) for v in ("allow", "warn", "deny", "error", "pending")]
    [0, 0, 1, 2, 3]
    >>> exit_code("warn", fail_on="warn"), exit_code("fail", fail_on="deny")
    (1, 0)
    """
    if verdict == "pending":
        return 3
    if verdict not in ORDER:
        return 2
    line = ORDER.index(fail_on) if fail_on else len(PASSING)
    return int(ORDER.index(verdict) >= line)
