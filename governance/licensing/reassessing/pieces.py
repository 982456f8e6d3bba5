"""What a change affects, judged again piece by piece and stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError, connection, transaction

from audits import kinds
from audits.digests import canonical, canonical_read
from audits.kinds import license as licence_audit
from audits.kinds.base import Kind
from audits.locks import hold_subjects
from audits.models import OPEN_STATES, Finding, Run, RunState
from audits.services import installed
from governance.catalog.collecting import collecting_when_told
from governance.catalog.copying import copy_lines, next_ids
from governance.catalog.models import UseCase
from governance.licensing.closure import (
    Work,
    among,
    among_texts,
    array_of,
    array_of_texts,
    entries_below,
    graph_above,
    versions_below,
)
from governance.licensing.inputs import DEFAULT_PROFILE, Reader
from governance.licensing.judging import Asked, Judging
from governance.licensing.models import Reassessment, Standing
from governance.licensing.reassessing.rows import FINDING_COLUMNS, RUN_COLUMNS, FindingLines, NewRun, RunLines
from governance.licensing.signals import licences_judged

IN_MEMORY = 10_000  # versions whose graph is in memory together
IN_ONE = 1000  # subjects held, and their runs stored, in one transaction
TRIES = 3
_T = TypeVar("_T")


@dataclass(frozen=True)
class Done:
    """How much was judged, and how many runs came of it."""

    judged: int = 0
    runs: int = 0

    def __add__(self, other: Done) -> Done:
        return Done(self.judged + other.judged, self.runs + other.runs)


def reassess(*, entries: Iterable[int], alone: Iterable[int], renew: Callable[[], None] = lambda: None) -> Done:
    """Judge entries with all that was made from them, and the entries ``alone`` by themselves.

    Args:
        renew: called before every piece.
    """
    below, alone = sorted(set(entries)), set(alone)
    affected = sorted({*entries_below(below), *alone})
    newest = _newest(affected)
    versions = sorted({*versions_below(below, of=[*below, *alone]), *newest})
    audit = _Audit(renew)
    done = Done()
    with collecting_when_told() as collect:
        for some in batches(versions, IN_MEMORY):
            done += audit.store(some, {version: newest[version] for version in some if version in newest})
            collect()
    return done


def _newest(entries: Sequence[int]) -> dict[int, int]:
    """The newest versions of entries, each with its entry."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [array_of(entries)])
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Pair:
    """A version and a use case that it was judged for before."""

    digest: str
    version: int
    use_case: UseCase


def _pairs(versions: Sequence[int]) -> list[_Pair]:
    """In the order of digests, in which subjects are held everywhere."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, [array_of(versions), licence_audit.KIND])
        rows = cursor.fetchall()
    use_cases = UseCase.objects.in_bulk({slug for _, _, slug in rows}, field_name="slug") if rows else {}
    return [_Pair(digest, version, use_cases[slug]) for digest, version, slug in rows if slug in use_cases]


class _Audit:
    """The licence audit as it is installed now."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self.renew = renew
        self.kind: Kind = kinds.get(licence_audit.KIND)
        self.packages = installed(self.kind.packages)
        rest = {"kind": self.kind.name, "kind_version": self.kind.version, "packages": self.packages, "seed": 0}
        self._rest = canonical(rest)[1:-1].decode()

    def store(self, versions: Sequence[int], newest: Mapping[int, int]) -> Done:
        """Judge versions for every use case that they were judged for before, and the newest of entries by default.

        Both are read from one graph and judged in the same arrays. What stands on the same inputs is left alone.
        """
        self.renew()
        began, at = time.perf_counter(), clock()
        pairs = _pairs(versions)
        asked_of = {pair.version for pair in pairs} | set(newest)
        if not asked_of:
            return Done()
        reader = Reader(graph_above(asked_of), versions=asked_of)
        written = _Written(reader)
        runs = self._missing_runs(pairs, reader, written)
        standings = self._changed_standings(newest, reader, written)
        asked = [inputs for _, inputs, _ in runs] + [inputs for inputs, _ in standings]
        judging = Judging(reader, asked)
        part = _Part(runs, written, judging, reading_ms=(time.perf_counter() - began) * 1000 / max(1, len(asked)))
        places: dict[str, list[int]] = {}
        for place, (pair, _, _) in enumerate(runs):
            places.setdefault(pair.digest, []).append(place)
        done = Done(judged=len(runs) + len(newest))
        for some in batches(sorted({pair.digest for pair in pairs}), IN_ONE):
            done += self._store_runs([place for subject in some for place in places.get(subject, ())], some, part)
        rows = []
        for place, judged in judging.each(range(len(runs), len(asked))):
            (version, _), digest = standings[place - len(runs)]
            rows.append((newest[version], version, judged.verdict, " ".join(judged.codes), digest))
        _replace_standings(sorted(rows), at)
        return done

    def _missing_runs(
        self, pairs: Sequence[_Pair], reader: Reader, written: _Written
    ) -> list[tuple[_Pair, Asked, str]]:
        """The pairs of which there is no run on the inputs of now, with these and their digest."""
        digests = [self._digest(pair.digest, written.inputs(pair.version, pair.use_case, named=True)) for pair in pairs]
        there = _standing(digests)
        wanted = dict(zip(digests, pairs, strict=True))
        return [
            (pair, (pair.version, reader.inputs(pair.version, use_case=pair.use_case)), digest)
            for digest, pair in wanted.items()
            if digest not in there
        ]

    def _changed_standings(
        self, newest: Mapping[int, int], reader: Reader, written: _Written
    ) -> list[tuple[Asked, str]]:
        """The newest versions that do not stand on the inputs of now, with these and their digest."""
        standings = Standing.objects.filter(entry__in=among(newest.values()))
        known = dict(standings.values_list("version_id", "inputs_digest"))
        changed: list[tuple[Asked, str]] = []
        for version in newest:
            digest = self._digest(written.work(version).digest, written.inputs(version, None))
            if known.get(version) != digest:
                changed.append(((version, reader.inputs(version, use_case=None)), digest))
        return changed

    def _digest(self, subject_digest: str, inputs: str) -> str:
        """What a run on these inputs would be known by: as ``audits.digests.inputs_digest`` has it."""
        document = f'{{"inputs":{inputs},{self._rest},"subject":"{subject_digest}"}}'
        return hashlib.sha256(document.encode()).hexdigest()

    def _store_runs(self, places: Sequence[int], subjects: Sequence[str], part: _Part) -> Done:
        """Judge, write the runs and tell the rooms above, in one transaction that holds their subjects.

        It need not be on the disk before the next: the end of the reassessment is, and with it all before.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    _flush_later()
                    self.renew()  # here, so that it does not cost a commit of its own
                    hold_subjects(subjects)
                    there = _standing([part.digest(place) for place in places])
                    fresh = [place for place in places if part.digest(place) not in there]
                    at = clock()
                    part.write(fresh, RunLines(self.kind, self.packages, at=at))
                    licences_judged.send(sender=Reassessment, digests=subjects, at=at)
                    return Done(runs=len(fresh))
            except IntegrityError:  # somebody asked for the same run in the same instant
                if not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")


class _Part:
    """The runs of one graph: judged while the database takes up those before, which is most of the work of both.

    ``reading_ms`` is what reading and digesting cost each.
    """

    def __init__(
        self,
        runs: Sequence[tuple[_Pair, Asked, str]],
        written: _Written,
        judging: Judging,
        *,
        reading_ms: float,
    ) -> None:
        self._runs, self._written, self._judging, self._reading_ms = runs, written, judging, reading_ms
        self._findings = FindingLines()

    def digest(self, place: int) -> str:
        return self._runs[place][2]

    def write(self, places: Sequence[int], runs: RunLines) -> None:
        if not places:
            return
        ids = dict(zip(places, next_ids(Run, len(places)), strict=True))
        judged: list[tuple[int, NewRun]] = []

        def lines() -> Iterator[str]:
            for one in self._judged(places):
                judged.append((ids[one.place], one))
                yield runs.line(*judged[-1])

        copy_lines(Run, RUN_COLUMNS, lines())
        copy_lines(
            Finding,
            FINDING_COLUMNS,
            (line for pk, one in judged for line in self._findings.lines(pk, one.subject, one.judged)),
        )

    def _judged(self, places: Sequence[int]) -> Iterator[NewRun]:
        began = time.perf_counter()
        for place, judged in self._judging.each(places):
            pair, (version, _), digest = self._runs[place]
            took = round(self._reading_ms + (time.perf_counter() - began) * 1000)
            work, text = self._written.work(version), self._written.inputs(version, pair.use_case)
            yield NewRun(place, digest, pair.digest, work.repo_id, pair.use_case.slug, text, judged, took)
            began = time.perf_counter()


class _Written:
    """Inputs as RFC 8785 JSON. Thousands share the works of which they mostly consist, and the profile: each is
    written once.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parts: dict[int, tuple[str, str]] = {}
        self._works: dict[int, tuple[dict[str, Any], str]] = {}
        self._profiles: dict[str, str] = {}

    def work(self, version: int) -> Work:
        return self._reader.graph.works[version]

    def inputs(self, version: int, use_case: UseCase | None, *, named: bool = False) -> str:
        """What ``Reader.inputs`` gives.

        Args:
            named: with the use case's name in ``use_case``, as its run's digest has it.
        """
        begin, works = self._of_any_use(version)
        if said := self._reader.of_use(version, use_case):
            begin = _but_for_works({**self._reader.of_any_use(version), **said})
        name = f'"use_case":{canonical(use_case.slug).decode()},' if named and use_case is not None else ""
        return f'{begin},{name}"use_profile":{self._profile(use_case)},"works":[{works}]}}'

    def _of_any_use(self, version: int) -> tuple[str, str]:
        """What comes before a use case, and the works, which come last."""
        known = self._parts.get(version)
        if known is None:
            inputs = self._reader.of_any_use(version)
            known = self._parts[version] = _but_for_works(inputs), ",".join(map(self._work, inputs["works"]))
        return known

    def _work(self, work: dict[str, Any]) -> str:
        known = self._works.get(id(work))
        if known is None:  # with the work itself, so that its id stays its own
            known = self._works[id(work)] = work, canonical(work).decode()
        return known[1]

    def _profile(self, use_case: UseCase | None) -> str:
        slug = "" if use_case is None else use_case.slug
        if slug not in self._profiles:
            profile = DEFAULT_PROFILE if use_case is None else use_case.licence_profile
            self._profiles[slug] = canonical(dict(profile)).decode()
        return self._profiles[slug]


def _but_for_works(inputs: Mapping[str, Any]) -> str:
    """The inputs without the works, which come last, and without an end."""
    return canonical_read({name: value for name, value in inputs.items() if name != "works"})[:-1].decode()


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _standing(digests: Collection[str]) -> set[str]:
    """Those of which there is a run already, or one that waits."""
    if not digests:
        return set()
    states = [*OPEN_STATES, RunState.SUCCEEDED]
    runs = Run.objects.filter(inputs_digest__in=among_texts(digests), state__in=states)
    return set(runs.values_list("inputs_digest", flat=True))


def _replace_standings(rows: Sequence[tuple[Any, ...]], at: dt.datetime) -> None:
    """Replace the standings of entries. One that was read later stays: another worker knows better."""
    if rows:
        entries, versions, verdicts, codes, digests = zip(*rows, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(
                _REPLACE,
                [at, array_of(entries), array_of(versions), *map(array_of_texts, (verdicts, codes, digests))],
            )


def _flush_later() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def clock() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


_NEWEST = "SELECT latest_id, id FROM catalog_entry WHERE id = ANY(%s::bigint[]) AND latest_id IS NOT NULL"
_PAIRS = """
    SELECT DISTINCT v.digest, v.id, r.use_case
    FROM catalog_version v JOIN audits_run r ON r.subject_digest = v.digest
    WHERE v.id = ANY(%s::bigint[]) AND r.kind = %s AND r.use_case <> ''
    ORDER BY 1, 3
"""
# One statement: a few narrow columns, and rows that are there already, which COPY cannot replace.
_REPLACE = """
    INSERT INTO licensing_standing AS s (entry_id, version_id, verdict, codes, inputs_digest, evaluated_at)
    SELECT entry_id, version_id, verdict, string_to_array(codes, ' '), inputs_digest, %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
        AS n (entry_id, version_id, verdict, codes, inputs_digest)
    ON CONFLICT (entry_id) DO UPDATE SET version_id = EXCLUDED.version_id, verdict = EXCLUDED.verdict,
        codes = EXCLUDED.codes, inputs_digest = EXCLUDED.inputs_digest, evaluated_at = EXCLUDED.evaluated_at
    WHERE s.evaluated_at <= EXCLUDED.evaluated_at
"""
