"""What every command that audits a table has in common: read, audit, print, end with the verdict's exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from audits.measures.refusals import Refusal
from config.commands import AssayCommand, Refused
from config.printing import Progress, plain, reason_lines, rows_progress, table_lines, unusable

Document = dict[str, Any]
READABLE_TABLE, READABLE_FILE = "name a table that can be read", "name a file that can be read"


class AuditCommand(AssayCommand):
    """A command that audits without a database. It says what its verdicts mean, how to audit, and what people read.

    Measures need numpy and pyarrow, which commands in general do not: ``audit`` imports them.
    """

    has_verdict = True
    sentences: ClassVar[Mapping[str, str]]

    def audit(self, options: Mapping[str, Any]) -> Document:
        """The document of the audit. A refusal of plan or table passes through."""
        raise NotImplementedError

    def show(self, document: Document) -> None:
        """Print what stands between the sentence and the digest."""
        raise NotImplementedError

    def keep(self, document: Document, options: Mapping[str, Any]) -> None:
        """Write what was asked for besides printing."""

    def sentence(self, document: Document) -> str:
        return self.sentences[document["verdict"]]

    def seed_argument(self, parser: CommandParser, *, of: str) -> None:
        parser.add_argument("--seed", type=int, default=0, metavar="N", help=f"of the {of} (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options.get("seed", 0) < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        with refusals():
            document = self.audit(options)
        self.keep(document, options)
        if options["format"] == "json":
            self.print_json(document)
        else:
            self.stdout.write(self.sentence(document))
            self.show(document)
            self.stdout.write(f"digest {document['digest']}")
        self.exit_with(document["verdict"], fail_on=options["fail_on"])

    @property
    def progress(self) -> Progress:
        return rows_progress(self.stderr)

    def show_table(self, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
        for line in table_lines(head, lines):
            self.stdout.write(line)

    def show_reasons(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        """Each with what is so and what to do, in the words of the portal."""
        for line in reason_lines(reasons):
            self.stdout.write(plain(line, 1_000))


@contextmanager
def refusals(*, of: str = "") -> Iterator[None]:
    """A refusal of a plan or table becomes the command's one line; ``of`` names the table where there are several."""
    try:
        yield
    except Refusal as refused:
        raise Refused(f"{of}: {refused}" if of else str(refused)) from refused


@contextmanager
def reading(path: str, *, mend: str = READABLE_TABLE) -> Iterator[None]:
    """A path that cannot be read is named, with the way to mend it; refusals pass through."""
    try:
        yield
    except Refusal:
        raise
    except (OSError, ValueError) as problem:
        raise unusable(path, problem, mend) from problem


def pairs(given: Iterable[str] | None, *, wanted: str) -> list[tuple[str, str]]:
    """What an option that is repeated says, each NAME=VALUE taken apart at its first sign of equality.

    Raises:
        Refused: ``wanted``, where one has no name or no value.
    """
    taken_apart = [text.partition("=") for text in given or ()]
    if any(not (name and equals and value) for name, equals, value in taken_apart):
        raise Refused(wanted)
    return [(name, value) for name, _, value in taken_apart]


def severities(given: str | None) -> list[int] | None:
    """The severities that ``N`` or ``N-M`` names; None where nothing is said.

    Raises:
        Refused: it is neither.
    """
    if given is None:
        return None
    first, dash, last = given.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise Refused("--severity is a number from 1 to 5, or two of them: 1-5")
    return list(range(int(first[:2]), int(last[:2] or first[:2]) + 1))
