"""``manage.py check_licenses [FILE|-]``: judge licence cases, one JSON object on each line, without a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from licenses import compat
from licenses.cases import CaseRejected
from licenses.findings import RANK

MAX_LINE = 10 * 2**20
"""Bytes of one line that are read."""


class Command(AssayCommand):
    help = (
        "Judge licence cases: JSON lines in, JSON lines (or readable lines) out; the worst one decides the exit code."
    )
    has_verdict = True

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="JSON lines; - or nothing: stdin")

    def handle(self, *args: Any, **options: Any) -> None:
        worst = ""
        for number, case in self._cases(options["file"]):
            try:
                document = compat.check(case)
            except CaseRejected as refused:
                raise Refused(f"line {number}: {refused}") from refused
            if options["format"] == "json":
                self.stdout.write(json.dumps(document, ensure_ascii=False))
            else:
                self._show(number, document)
            worst = max(worst, document["verdict"], key=lambda verdict: RANK.get(verdict, -1))
        if not worst:
            raise Refused("there is no case in the input; write one JSON object on each line")
        self.exit_with(worst, fail_on=options["fail_on"])

    def _cases(self, name: str) -> Iterator[tuple[int, Any]]:
        if name == "-":
            yield from _lines(sys.stdin.buffer)
            return
        try:
            with Path(name).open("rb") as file:
                yield from _lines(file)
        except OSError as exc:
            raise Refused(f"{name}: {exc.strerror or exc}; name a file of JSON lines, or - for standard input") from exc

    def _show(self, number: int, document: dict[str, Any]) -> None:
        codes = ", ".join(document["codes"]) or "no findings"
        self.stdout.write(f"{_plain(document['id'] or f'line {number}')}: {document['verdict']} ({codes})")
        for one in document["findings"]:
            chain = " <- ".join(reversed(one["chain"]))
            self.stdout.write(
                f"  {one['code']:<18} {_plain(one['message'])} [{_plain(one['section'])}; {_plain(chain)}]"
            )


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Line numbers (from 1) and what stands on the lines; empty lines are left out."""
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            raise Refused(f"line {number}: longer than {MAX_LINE // 2**20} MB; write one case on each line")
        if not raw.strip():
            continue
        try:
            yield number, json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_not_json)
        except UnicodeDecodeError as exc:
            raise Refused(f"line {number}: not UTF-8 (byte {exc.start}); write the file as UTF-8") from exc
        except (ValueError, RecursionError) as exc:
            raise Refused(
                f"line {number}: not a JSON object ({_plain(str(exc))}); write one case on each line"
            ) from exc


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _plain(text: str) -> str:
    """Text for a terminal: what does not print becomes a space."""
    return "".join(char if char.isprintable() else " " for char in text)
