"""Bringing many cards into the catalogue at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from django.db import connection

from governance.catalog import readings, storing
from governance.catalog.card_reading import CardAsked, CardReaders
from governance.catalog.collecting import collecting_when_told
from governance.catalog.importing import hub_source
from governance.catalog.naming import Importer
from governance.catalog.readings import CARD_KIND, Reading
from governance.catalog.snapshots import Snapshot, SnapshotRefused
from governance.catalog.storing import UNCHANGED, CannotBeStored, Stored
from governance.ledger import services as ledger
from governance.people.models import User

logger = logging.getLogger(__name__)

BATCH = 1000  # snapshots
BATCH_BYTES = 32 * 1024 * 1024  # of cards; a batch is in memory as a whole


@dataclass
class ImportReport:
    """What became of everything that was read.

    ``read`` = ``created`` + ``updated`` + ``unchanged`` + ``refused``. ``findings`` counts, by code, what the cards
    of this import were told, unchanged ones included.
    """

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "findings": dict(sorted(self.findings.items())), "seconds": round(self.seconds, 3)}


def bulk_import(
    *,
    snapshots: Iterable[Snapshot | SnapshotRefused],
    by: User | None,
    at: dt.datetime,
    progress: Callable[[int], None] | None = None,
    refused: Callable[[SnapshotRefused], None] | None = None,
    batch: int = BATCH,
) -> ImportReport:
    """Catalogue snapshots, with the rows that ``import_snapshot`` writes for each.

    A batch is one transaction with one ledger event, so an import that was broken off goes on where it ended: what
    is there already is unchanged. Memory stays that of a batch.

    Args:
        snapshots: as they are read; a refusal stands for something that could not be.
        progress: called after each batch with how many were read.
        refused: told of each refusal.
    """
    began = time.perf_counter()
    report = ImportReport()
    importer = Importer(
        by_id=by.pk if by is not None else None, team_id=None, teams=None, hub_source=hub_source(), at=at
    )

    def refuse(refusal: SnapshotRefused) -> None:
        report.refused += 1
        if refused is not None:
            refused(refusal)

    with collecting_when_told() as collect, CardReaders() as readers:
        for read, fresh in _read_ahead(snapshots, readers=readers, report=report, refuse=refuse, size=batch):
            _store(list(fresh), importer=importer, by=by, report=report, refuse=refuse)
            collect()
            if progress is not None:
                progress(read)
    report.seconds = time.perf_counter() - began
    return report


Refuse = Callable[[SnapshotRefused], None]


def _batches(
    snapshots: Iterable[Snapshot | SnapshotRefused], *, report: ImportReport, refuse: Refuse, size: int
) -> Iterator[list[Snapshot]]:
    some: list[Snapshot] = []
    weight = 0
    for snapshot in snapshots:
        report.read += 1
        if isinstance(snapshot, SnapshotRefused):
            refuse(snapshot)
            continue
        some.append(snapshot)
        weight += len(snapshot.card or b"")
        if len(some) >= size or weight >= BATCH_BYTES:
            yield some
            some, weight = [], 0
    if some:
        yield some


def _read_ahead(
    snapshots: Iterable[Snapshot | SnapshotRefused],
    *,
    readers: CardReaders,
    report: ImportReport,
    refuse: Refuse,
    size: int,
) -> Iterator[tuple[int, Iterator[Reading]]]:
    """Batches with how many snapshots were read up to each; the cards of the next are read while one is stored."""
    batches = _batches(snapshots, report=report, refuse=refuse, size=size)
    before: tuple[int, Iterator[Reading]] | None = None
    while True:
        try:
            some = next(batches, None)
            following = some and (report.read, _begin(some, readers=readers, report=report, refuse=refuse))
        except BaseException:
            # What was read until then is stored: an import that was broken off goes on where it ended.
            if before is not None:
                yield before
            raise
        if before is not None:
            yield before
        if not following:
            return
        before = following


def _begin(
    snapshots: Sequence[Snapshot], *, readers: CardReaders, report: ImportReport, refuse: Refuse
) -> Iterator[Reading]:
    """Begin to read the cards of what is not there yet."""
    digests = [snapshot.digest for snapshot in snapshots]
    known = storing.known_versions(digests)
    fresh: list[tuple[Snapshot, str, CardAsked]] = []
    for snapshot, digest in zip(snapshots, digests, strict=True):
        if digest not in known:
            try:
                fresh.append((snapshot, digest, readings.asked(snapshot)))
            except SnapshotRefused as refusal:
                refuse(refusal)
    there = [digest for digest in digests if digest in known]
    report.unchanged += len(there)
    report.findings.update(_findings(there))
    cards = readers.begin([asked for _, _, asked in fresh])
    return (
        readings.audited(snapshot, card, digest=digest)
        for (snapshot, digest, _), card in zip(fresh, cards(), strict=True)
    )


def _store(
    fresh: Sequence[Reading], *, importer: Importer, by: User | None, report: ImportReport, refuse: Refuse
) -> None:
    """Store a batch. Should the database not take something in it, find out what by halves: the rest is stored."""
    if not fresh:
        return
    try:
        stored = storing.store(fresh, importer=importer, record=partial(_record, fresh, by=by, at=importer.at))
    except CannotBeStored as cannot:
        if len(fresh) == 1:
            logger.warning("%s cannot be stored: %s", fresh[0].snapshot.repo_id, cannot)
            refuse(SnapshotRefused("cannot_be_stored", f"{fresh[0].snapshot.repo_id} cannot be stored: {cannot}"))
            return
        middle = len(fresh) // 2
        for half in (fresh[:middle], fresh[middle:]):
            _store(half, importer=importer, by=by, report=report, refuse=refuse)
        return
    for reading, one in zip(fresh, stored, strict=True):
        setattr(report, one.change, getattr(report, one.change) + 1)
        report.findings.update(draft.code for draft in reading.outcome.drafts)


def _record(readings: Sequence[Reading], stored: Sequence[Stored], *, by: User | None, at: dt.datetime) -> None:
    """One event for the batch: the SHA-256 of its new versions' digests, sorted, one a line."""
    changes = Counter(one.change for one in stored)
    digests = sorted(reading.digest for reading, one in zip(readings, stored, strict=True) if one.change != UNCHANGED)
    ledger.record(
        verb="versions.imported",
        object_kind="import",
        object_ref=hashlib.sha256("\n".join(digests).encode()).hexdigest(),
        actor=by,
        at=at,
        detail={
            "versions": len(digests),
            "created": changes[storing.CREATED],
            "updated": changes[storing.UPDATED],
            "sources": sorted({reading.snapshot.source for reading in readings}),
        },
    )


_FINDINGS = """
    SELECT code, count(*) FROM audits_finding WHERE run_id IN (
        SELECT DISTINCT ON (subject_digest) id FROM audits_run
        WHERE subject_digest = ANY(%s) AND kind = %s AND state = 'succeeded'
        ORDER BY subject_digest, requested_at DESC, id DESC
    ) GROUP BY code
"""


def _findings(digests: Sequence[str]) -> dict[str, int]:
    """Findings by code of the newest card audits of versions that are there. One query."""
    if not digests:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_FINDINGS, [list(digests), CARD_KIND])
        return dict(cursor.fetchall())
