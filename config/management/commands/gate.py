"""``manage.py gate SUBJECT@SHA``: ask the gate from this machine."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from governance.catalog.models import Stage, SubjectKind, UseCase
from governance.gates import documents, queries

LONGEST_WAIT_S = 24 * 3600
ASK_EVERY_S = 1.0


def seconds(text: str) -> int:
    """A whole number of seconds, at most a day."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) > LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(f"a whole number of seconds from 0 to {LONGEST_WAIT_S}")
    return int(text)


class Command(AssayCommand):
    help = "May this exact version run at this stage, and why?"
    has_verdict = True

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="SUBJECT@SHA", help="namespace/name@commit sha or version digest")
        parser.add_argument("--kind", choices=SubjectKind.values, default=SubjectKind.MODEL)
        parser.add_argument("--use-case", required=True, metavar="SLUG")
        parser.add_argument("--stage", required=True, choices=Stage.values)
        parser.add_argument(
            "--wait", type=seconds, default=0, metavar="SECONDS", help="while the answer is pending, at most so long"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        repo_id, separator, revision = options["subject"].rpartition("@")
        if not separator:
            raise Refused("write the subject as namespace/name@sha: the gate answers for one exact commit")
        try:
            asked = queries.subject(kind=options["kind"], repo_id=repo_id, revision=revision)
        except queries.MalformedSubject as malformed:
            raise Refused(f"{malformed.code}: {malformed}") from malformed
        if not UseCase.objects.filter(slug=options["use_case"]).exists():
            raise Refused(f"there is no use case {options['use_case']!r}; the portal lists them under Use cases")
        answer = self._answer(options["wait"], subject=asked, use_case=options["use_case"], stage=options["stage"])
        document = documents.gate_document(answer)
        if options["format"] == "json":
            self.print_json(document)
        else:
            self.stdout.write(documents.as_text(document))
        # Who moves the line on the command line means it, whatever the gate is set to.
        if answer.mode is None or options["fail_on"] is not None:
            self.exit_with(answer.verdict, fail_on=options["fail_on"])

    def _answer(self, wait: int, **question: Any) -> queries.GateAnswer:
        """The answer once it is no longer pending, or as it stands when there is no more time."""
        until = time.monotonic() + wait
        while True:
            answer = queries.gate_answer(user=None, **question)
            left = until - time.monotonic()
            if answer.verdict != "pending" or left <= 0:
                break
            time.sleep(min(ASK_EVERY_S, left))
        if wait and answer.verdict == "pending":
            url = documents.gate_document(answer)["url"]
            self.stderr.write(f"still pending after {wait} s, which is no yes{f': {url}' if url else ''}")
        return answer
