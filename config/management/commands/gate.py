"""``manage.py gate SUBJECT@SHA``: ask the gate from this machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from governance.catalog.models import Stage, SubjectKind, UseCase
from governance.gates import documents, queries


class Command(AssayCommand):
    help = "May this exact version run at this stage, and why?"
    has_verdict = True

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="SUBJECT@SHA", help="namespace/name@commit sha or version digest")
        parser.add_argument("--kind", choices=SubjectKind.values, default=SubjectKind.MODEL)
        parser.add_argument("--use-case", required=True, metavar="SLUG")
        parser.add_argument("--stage", required=True, choices=Stage.values)

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
        answer = queries.gate_answer(user=None, subject=asked, use_case=options["use_case"], stage=options["stage"])
        document = documents.gate_document(answer)
        if options["format"] == "json":
            self.print_json(document)
        else:
            self.stdout.write(documents.as_text(document))
        # Who moves the line on the command line means it, whatever the gate is set to.
        if answer.mode is None or options["fail_on"] is not None:
            self.exit_with(answer.verdict, fail_on=options["fail_on"])
