"""Reading every room as of one moment into the sections of a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connection, transaction

from governance.ledger.models import Checkpoint
from governance.reports import controls
from governance.reports.sections import (
    decisions,
    exceptions,
    inventory,
    not_checked,
    reproduction,
    summary,
    versions,
)
from governance.reports.sections.asked import Progress, ReportScope, moment, silent
from governance.reports.sections.gaps import Gaps
from governance.reports.shapes import CheckpointShape
from governance.reports.writing import Content, Section


def read(asked: ReportScope, *, progress: Progress = silent) -> Content:
    """Read all sections. Memory does not grow with them, but for keys and digests; close what is returned.

    ``one_moment`` around it keeps others from changing what is read meanwhile.
    """
    gaps = Gaps()
    steps, tally = _Steps(progress), controls.Tally()
    watched = tally.watching
    sections: dict[str, Section] = {}
    with ExitStack() as files:

        def keep(name: str, section: Section) -> None:
            sections[name] = section
            files.callback(section.file.close)

        keep("inventory", Section.of_items(watched("inventory", inventory.items(asked, progress=steps.first))))
        keep("decisions", Section.of_items(watched("decisions", decisions.items(asked, gaps))))
        keep("versions", Section.of_items(watched("versions", versions.items(asked, gaps, progress=steps.second))))
        keep("exceptions", Section.of_items(watched("exceptions", exceptions.items(asked))))
        # What follows tells of what was read before it.
        keep("not_checked", Section.of_items(watched("not_checked", not_checked.items(asked, gaps))))
        how = reproduction.value(asked, gaps)
        tally.see("reproduction", how)
        keep("reproduction", Section.of_value(how))
        keep("summary", Section.of_value(summary.value(asked)))
        keep("control_matrix", Section.of_value(controls.matrix(tally.counts)))
        keep("period", Section.of_value(asked.period.as_json()))
        keep("scope", Section.of_value(asked.scope()))
        content = Content.of(sections)
        files.pop_all()
    return content


class _Steps:
    """Two passes over versions told as one."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._before = progress, 0

    def first(self, done: int, total: int | None) -> None:
        self._before = done
        self._progress(done, total)

    def second(self, done: int, total: int | None) -> None:
        self._progress(self._before + done, None if total is None else self._before + total)


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction in which every read sees the database as it was at the first.

    Within a transaction of the caller's it is that transaction, as it was begun.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def checkpoint() -> CheckpointShape | None:
    """The ledger's newest checkpoint."""
    last = Checkpoint.objects.order_by("-size").first()
    if last is None:
        return None
    return {"size": last.size, "root": last.root, "made_at": moment(last.made_at) or ""}
