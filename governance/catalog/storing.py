"""Writing what was read into the catalogue: a batch in one transaction, one card or a thousand, by one path.

Names are resolved first, in one sorted statement, then the entries that get a version are locked in the order of
their ids: whatever two imports have in common, they take up in the same order. Under its lock nobody else adds a
version to an entry, so the rows are written by COPY without asking again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, transaction

from audits.digests import fingerprint, inputs_digest
from audits.models import OPEN_STATES, Finding, Origin, Run, RunState
from audits.queues import SCHEDULED
from governance.catalog import manifests
from governance.catalog.copying import as_json, copy_rows, next_ids
from governance.catalog.models import Card, Edge, File, LicenceText, Version
from governance.catalog.naming import Found, Importer, Names, lock, move_latest
from governance.catalog.readings import CARD_KIND, Reading, registered
from governance.catalog.signals import versions_stored
from governance.catalog.snapshots import SnapshotRefused
from licenses.evidence import read_text

TRIES = 3
CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a reading went: ``created`` is an entry's first version, ``updated`` a further one."""

    entry_id: int
    version_id: int
    change: str


class CannotBeStored(Exception):
    """The database does not take something in the batch."""


Record = Callable[[Sequence[Stored]], None]


def known_versions(digests: Collection[str]) -> dict[str, Stored]:
    """Which of the digests are versions already. One query."""
    rows = Version.objects.filter(digest__in=digests).values_list("digest", "entry_id", "pk")
    return {digest: Stored(entry_id, version_id, UNCHANGED) for digest, entry_id, version_id in rows}


def store(readings: Sequence[Reading], *, importer: Importer, record: Record) -> list[Stored]:
    """Write readings in their order; those whose digest is there already write nothing.

    ``record`` is called in the same transaction with what became of each, if anything is new. An import that has
    met another one in the middle is tried again: it then finds what the other has written.

    Raises:
        SnapshotRefused: ``entry_of_another_team``.
        CannotBeStored: a value that the database does not take.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                stored = _Batch(readings, importer=importer).write()
                if any(one.change != UNCHANGED for one in stored):
                    record(stored)
                return stored
        except (DataError, UnicodeError) as bad:
            raise CannotBeStored(str(bad).splitlines()[0]) from bad
        except (IntegrityError, OperationalError) as crossed:
            if not tries_left or not _crossed(crossed):
                raise
    raise AssertionError("the last try returns or raises")


def _crossed(error: Exception) -> bool:
    """Whether another transaction was in the way: unique_violation, serialization_failure, deadlock_detected."""
    return getattr(error.__cause__, "sqlstate", "") in ("23505", "40001", "40P01")


@dataclass(frozen=True, slots=True)
class _New:
    """A version to be written."""

    id: int
    reading: Reading
    entry: Found


class _Batch:
    def __init__(self, readings: Sequence[Reading], *, importer: Importer) -> None:
        self.readings, self.importer = readings, importer
        self.names = Names(readings, importer=importer)
        self.before: dict[int, int | None] = {}

    def write(self) -> list[Stored]:
        subjects = [self.names.subject(reading) for reading in self.readings]
        lock(subjects)
        self.before = {found.id: found.latest_id for found in subjects}
        for reading, found in zip(self.readings, subjects, strict=True):
            self._require_writable(reading, found)
        stored = known_versions([reading.digest for reading in self.readings])
        results: list[Stored] = []
        new: list[_New] = []
        ids = iter(next_ids(Version, len({reading.digest for reading in self.readings} - stored.keys())))
        for reading, found in zip(self.readings, subjects, strict=True):
            if reading.digest in stored:
                results.append(dataclasses.replace(stored[reading.digest], change=UNCHANGED))
                continue
            new.append(_New(next(ids), reading, found))
            results.append(self._next_version(new[-1]))
            stored[reading.digest] = results[-1]
        if new:
            self._write_versions(new)
            self._write_edges(new)
            self._write_runs(new)
            move_latest(one.entry for one in new)
            newest = {entry_id: (before, now) for entry_id, before, now in self._moved(new)}
            versions_stored.send(sender=Version, newest=newest, at=self.importer.at)
        return results

    def _moved(self, new: Sequence[_New]) -> Iterator[tuple[int, int | None, int]]:
        """The entries that got a version: their newest one before, and now."""
        for one in new:
            yield one.entry.id, self.before[one.entry.id], one.entry.latest_id or one.id

    def _require_writable(self, reading: Reading, found: Found) -> None:
        teams = self.importer.teams
        if teams is not None and found.team_id is not None and found.team_id not in teams:
            raise SnapshotRefused(
                "entry_of_another_team",
                f"{reading.snapshot.repo_id} belongs to another team; ask one of its submitters to import it, or an"
                " administrator to take you in",
            )

    def _next_version(self, new: _New) -> Stored:
        found, first = new.entry, new.entry.latest_id is None
        if first:
            found.team_id = self.importer.team_id
            if new.reading.name.key == found.key:
                found.repo_id = new.reading.snapshot.repo_id
        found.latest_id = new.id
        return Stored(found.id, new.id, CREATED if first else UPDATED)

    def _write_versions(self, new: Sequence[_New]) -> None:
        cards = self._write_cards([one.reading for one in new])
        copy_rows(Version, VERSION_COLUMNS, (self._version_row(one, cards) for one in new))
        copy_rows(
            File,
            FILE_COLUMNS,
            (
                (one.id, file.path, file.size, file.sha256, file.git_oid, file.role)
                for one in new
                for file in one.reading.snapshot.files
            ),
        )
        if any(one.reading.snapshot.texts for one in new):
            copy_rows(LicenceText, TEXT_COLUMNS, (row for one in new for row in _text_rows(one)))

    def _write_cards(self, readings: Sequence[Reading]) -> dict[tuple[str, str], int]:
        """The ids of the cards, by digest and kind; cards that are there already are not written again."""
        wanted = {
            (reading.parsed.sha256, reading.snapshot.kind): reading
            for reading in readings
            if reading.snapshot.card is not None
        }
        there = Card.objects.filter(sha256__in={sha256 for sha256, _ in wanted}).values_list("sha256", "kind", "pk")
        ids = {(sha256, kind): pk for sha256, kind, pk in there}
        missing = [key for key in wanted if key not in ids]
        ids.update(zip(missing, next_ids(Card, len(missing)), strict=True))
        copy_rows(Card, CARD_COLUMNS, (self._card_row(ids[key], wanted[key]) for key in missing))
        return ids

    def _card_row(self, card_id: int, reading: Reading) -> tuple[Any, ...]:
        parsed = reading.parsed
        return (
            card_id,
            parsed.sha256,
            reading.snapshot.kind,
            reading.snapshot.card,
            parsed.size,
            parsed.body_offset,
            as_json(parsed.metadata),
            as_json(parsed.licenses),
            parsed.score,
            as_json(vars(reading.shows)) if reading.shows is not None else None,
            self.importer.at,
        )

    def _version_row(self, new: _New, cards: dict[tuple[str, str], int]) -> tuple[Any, ...]:
        reading, snapshot = new.reading, new.reading.snapshot
        return (
            new.id,
            new.entry.id,
            reading.revision,
            reading.digest,
            cards[reading.parsed.sha256, snapshot.kind] if snapshot.card is not None else None,
            manifests.manifest_digest(snapshot.files),
            as_json(manifests.role_digests(snapshot.files)),
            snapshot.assurance,
            len(snapshot.files),
            snapshot.byte_count,
            reading.library,
            reading.task,
            as_json(reading.tags),
            as_json(reading.parsed.licenses),
            snapshot.last_modified,
            self.importer.at,
            self.importer.by_id,
        )

    def _write_edges(self, new: Sequence[_New]) -> None:
        rows: dict[tuple[int, int, str], tuple[Any, ...]] = {}
        for one in new:
            for link in one.reading.links:
                target = self.names.target(one.reading, link)
                if target.id != one.entry.id:  # a card that names itself says nothing of where it comes from
                    rows.setdefault(
                        (one.id, target.id, link.relation),
                        (one.id, target.id, link.relation, Edge.Origin.CARD.value, link.field, link.declared),
                    )
        copy_rows(Edge, EDGE_COLUMNS, rows.values())

    def _write_runs(self, new: Sequence[_New]) -> None:
        """The card's audit as a succeeded run, unless somebody has asked for the same by digest before."""
        kind, packages = registered()
        audits = {}
        for one in new:
            inputs = one.reading.inputs()
            digest = inputs_digest(
                kind=kind.name,
                kind_version=kind.version,
                subject_digest=one.reading.digest,
                inputs=inputs,
                seed=0,
                packages=packages,
            )
            audits[digest] = (one, inputs)
        standing = Run.objects.filter(inputs_digest__in=audits, state__in=[*OPEN_STATES, RunState.SUCCEEDED])
        for digest in standing.values_list("inputs_digest", flat=True):
            del audits[digest]
        ids = dict(zip(audits, next_ids(Run, len(audits)), strict=True))
        packages_json = as_json(packages)
        copy_rows(
            Run,
            RUN_COLUMNS,
            (
                (ids[digest], kind.name, kind.version, kind.time_limit_s, packages_json, digest, as_json(inputs))
                + self._run_row(one)
                for digest, (one, inputs) in audits.items()
            ),
        )
        copy_rows(
            Finding,
            FINDING_COLUMNS,
            (row for digest, (one, _) in audits.items() for row in _finding_rows(ids[digest], one)),
        )

    def _run_row(self, new: _New) -> tuple[Any, ...]:
        reading, at = new.reading, self.importer.at
        return (
            _subject_name(new),
            reading.digest,
            0,
            Origin.OBSERVED.value,
            SCHEDULED,
            RunState.SUCCEEDED.value,
            1,
            1,
            0,
            False,
            self.importer.by_id,
            at,
            at,
            at,
            reading.duration_ms,
            reading.outcome.verdict,
            as_json(dict(reading.outcome.summary)),
            "",
            "",
            "",
        )


def _text_rows(new: _New) -> Iterator[tuple[Any, ...]]:
    for path, content in new.reading.snapshot.texts:
        found = read_text(path, content)
        yield new.id, path, found.fingerprint, as_json(list(found.copyright)), content


def _finding_rows(run_id: int, new: _New) -> list[tuple[Any, ...]]:
    entry = _subject_name(new)
    return [
        (
            run_id,
            draft.code,
            draft.severity,
            draft.locus[:500],
            draft.field[:200],
            draft.line,
            as_json(dict(draft.params)) if draft.params else "{}",
            fingerprint(kind=CARD_KIND, code=draft.code, entry=entry, locus=draft.locus),
        )
        for draft in new.reading.outcome.drafts
    ]


def _subject_name(new: _New) -> str:
    return new.entry.repo_id[:255]


def _columns(written: str) -> tuple[str, ...]:
    return tuple(written.split())


# The columns of the rows above, in their order. A test holds them to the models.
CARD_COLUMNS = _columns("id sha256 kind raw size body_offset metadata licenses score shows created_at")
VERSION_COLUMNS = _columns(
    "id entry_id revision digest card_id manifest_digest role_digests assurance file_count byte_count library task tags"
    " licenses hub_modified_at imported_at imported_by_id"
)
FILE_COLUMNS = _columns("version_id path size sha256 git_oid role")
TEXT_COLUMNS = _columns("version_id path fingerprint copyright raw")
EDGE_COLUMNS = _columns("version_id to_entry_id relation origin field declared")
RUN_COLUMNS = _columns(
    "id kind kind_version time_limit_s packages inputs_digest inputs subject_name subject_digest seed origin queue"
    " state attempt fencing_token progress_done cancel_asked requested_by_id requested_at started_at finished_at"
    " duration_ms verdict summary result_sha256 error_code error"
)
FINDING_COLUMNS = _columns("run_id code severity locus field line params fingerprint")
