"""Judging licences again after a change. A reassessment is a row; a message only wakes a worker.

Two things come of it. For every use case that an affected version was ever judged for there is a new run, as a worker
would have stored it, and in the same transaction the rooms above hold it against their approvals and submissions. And
the newest version of every affected entry gets its ``Standing`` under the default profile.

Everything is stored in pieces that each are whole, and what is there already is not stored again: a worker that is
killed in the middle leaves nothing half done, and the next one goes on where it ended.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now

from audits import kinds
from audits.digests import canonical, fingerprint
from audits.kinds import license as licence_audit
from audits.kinds.base import Kind, Outcome
from audits.locks import hold_subjects
from audits.models import OPEN_STATES, Finding, Origin, Run, RunState
from audits.services import installed
from governance.catalog.collecting import collecting_when_told
from governance.catalog.copying import as_json, copy_rows, next_ids
from governance.catalog.models import Entry, UseCase
from governance.licensing.affected import Affected
from governance.licensing.closure import among, among_texts, entries_below, graph_above, versions_below
from governance.licensing.inputs import Reader
from governance.licensing.judging import judge_many
from governance.licensing.models import Cause, Override, Reassessment, ReassessmentState, Standing
from governance.licensing.signals import licences_changed, licences_judged
from licenses import catalogue

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LEASE = dt.timedelta(seconds=60)  # renewed with every piece
TIME_LIMIT = dt.timedelta(hours=1)
# A message that was taken up would have moved the row on by now.
TOLD_FOR = dt.timedelta(seconds=60)
AT_ONCE = 500  # rows taken up together
IN_MEMORY = 10_000  # versions whose graph is in memory together
IN_ONE = 500  # runs stored, and subjects held, in one transaction
TRIES = 3
_T = TypeVar("_T")


@dataclass(frozen=True)
class Done:
    """How much was judged, and how many runs came of it."""

    judged: int = 0
    runs: int = 0

    def __add__(self, other: Done) -> Done:
        return Done(self.judged + other.judged, self.runs + other.runs)


# --- the queue -------------------------------------------------------------------------------------------------------


def carry_out() -> Done:
    """Do what waits, until nothing does. Safe to call twice and from two workers at once."""
    done = Done()
    while claimed := _claim():
        done += _carry_out(claimed)
    return done


def _claim() -> list[Reassessment]:
    with transaction.atomic():
        waiting = Reassessment.objects.select_for_update(skip_locked=True).filter(state=ReassessmentState.QUEUED)
        ids = [one.pk for one in waiting.order_by("pk")[:AT_ONCE]]
        Reassessment.objects.filter(pk__in=ids).update(
            state=ReassessmentState.RUNNING, attempt=F("attempt") + 1, lease_until=Now() + Value(LEASE)
        )
        return list(Reassessment.objects.filter(pk__in=ids).order_by("pk"))


def _carry_out(claimed: Sequence[Reassessment]) -> Done:
    """Several changes are one pass: what lies below two of them is judged once."""
    try:
        done = reassess(
            entries={entry for one in claimed for entry in one.entries},
            alone={entry for one in claimed for entry in one.alone},
            renew=partial(_renew, claimed),
        )
    except LeaseLost:
        logger.warning("%s: another worker has taken it up", claimed[0])
        return Done()
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except Exception:
        if len(claimed) > 1:  # one of them must not keep the others from being done
            return sum((_carry_out([one]) for one in claimed), Done())
        logger.exception("%s broke off", claimed[0])
        _put_back(claimed[0])
        return Done()
    for one in claimed:
        _end(one, state=ReassessmentState.DONE, judged=done.judged, stored_runs=done.runs, error="")
    logger.info("reassessed for %s changes: %s judged, %s runs stored", len(claimed), done.judged, done.runs)
    return done


class LeaseLost(Exception):
    """Somebody else does the work by now."""


def _renew(claimed: Sequence[Reassessment]) -> None:
    until = Now() + Value(LEASE)
    if sum(_mine(one).update(lease_until=until) for one in claimed) < len(claimed):
        raise LeaseLost


def _mine(one: Reassessment) -> QuerySet[Reassessment]:
    return Reassessment.objects.filter(pk=one.pk, state=ReassessmentState.RUNNING, attempt=one.attempt)


def _put_back(one: Reassessment) -> None:
    """What breaks off is tried again by the sweep, and in the end left with its gates closed."""
    if one.attempt < ATTEMPTS:
        _mine(one).update(lease_until=Now())
        return
    _end(one, state=ReassessmentState.FAILED, error="broke off by an error of ours; the worker's log says which")


def _end(one: Reassessment, **fields: Any) -> None:
    if not _mine(one).update(lease_until=None, finished_at=Now(), **fields):
        logger.warning("%s: attempt %s no longer holds it", one, one.attempt)


def sweep(*, wake: Callable[[], bool]) -> bool:
    """Take back what a lost worker had begun, note what time and new releases change, and tell again of what waits.

    Returns:
        Whether the workers were told.
    """
    _note_run_out()
    _note_new_table()
    lost = Reassessment.objects.filter(state=ReassessmentState.RUNNING, lease_until__lte=Now())
    lost.filter(attempt__gte=ATTEMPTS).update(
        state=ReassessmentState.FAILED,
        lease_until=None,
        finished_at=Now(),
        error="the worker was lost each time; its log says more",
    )
    lost.update(state=ReassessmentState.QUEUED, lease_until=None, told_at=None)
    untold = Q(told_at=None) | Q(told_at__lte=Now() - Value(TOLD_FOR))
    waits = Reassessment.objects.filter(untold, state=ReassessmentState.QUEUED).exists()
    return waits and wake()


@transaction.atomic
def _note_run_out() -> None:
    """Overrides end by the clock, without this; it has judged again what they covered."""
    past = Override.objects.select_for_update(skip_locked=True).filter(ended_at=None, until__lte=Now())
    for one in past.order_by("pk")[:AT_ONCE]:
        one.ended_at, one.ended_reason = one.until, "its date has come"
        one.save(update_fields=["ended_at", "ended_reason"])
        Reassessment.objects.create(
            cause=Cause.OVERRIDE, cause_ref=f"override {one.pk} has ended", alone=[one.entry_id], requested_at=Now()
        )


@transaction.atomic
def _note_new_table() -> None:
    """A release that brings another licence table: all evidence on the one before is stale, and all is judged again."""
    digest = catalogue.table_digest()
    noted = Reassessment.objects.filter(cause=Cause.TABLE, cause_ref=digest)
    if noted.exists():
        return
    with connection.cursor() as cursor:  # of several sweeps at once, one
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('licence table', 0))")
        if not cursor.fetchone()[0] or noted.exists():
            return
    is_first = not Reassessment.objects.filter(cause=Cause.TABLE).exists()
    at = _clock()
    entries = list(Entry.objects.catalogued().order_by("pk").values_list("pk", flat=True))
    Reassessment.objects.bulk_create(
        Reassessment(cause=Cause.TABLE, cause_ref=digest, alone=some, requested_at=at)
        for some in (list(_batches(entries, IN_MEMORY)) or [[]])
    )
    if not is_first:
        licences_changed.send(sender=Reassessment, affected=Affected(below=(), of=entries), at=at)


# --- the work ----------------------------------------------------------------------------------------------------


def reassess(*, entries: Iterable[int], alone: Iterable[int], renew: Callable[[], None] = lambda: None) -> Done:
    """Judge entries with all that was made from them, and the entries ``alone`` by themselves.

    Args:
        renew: called before every piece.
    """
    below, alone = sorted(set(entries)), set(alone)
    affected = sorted({*entries_below(below), *alone})
    audit = _Audit(renew)
    done = Done()
    with collecting_when_told() as collect:
        for some in _batches(_pairs(versions_below(below, of=[*below, *alone])), IN_MEMORY):
            done += audit.store_runs(some)
            collect()
        for some_entries in _batches(affected, IN_MEMORY):
            done += audit.store_standings(some_entries)
            collect()
    return done


@dataclass(frozen=True, slots=True)
class _Pair:
    """A version and a use case that it was judged for before."""

    digest: str
    version: int
    use_case: UseCase


def _pairs(versions: Sequence[int]) -> Iterator[_Pair]:
    """In the order of digests, in which subjects are held everywhere."""
    if not versions:
        return
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, [list(versions), licence_audit.KIND])
        rows = cursor.fetchall()
    use_cases = UseCase.objects.in_bulk({slug for _, _, slug in rows}, field_name="slug")
    for digest, version, slug in rows:
        if slug in use_cases:
            yield _Pair(digest, version, use_cases[slug])


@dataclass(frozen=True, slots=True)
class _New:
    """A run to be written, with what it found."""

    digest: str
    pair: _Pair
    subject: str
    inputs: str
    outcome: Outcome


# The names of the inputs that come last in the order of RFC 8785; a use case comes right before them.
LAST = ("use_profile", "works")


@dataclass(frozen=True, slots=True)
class _Written:
    """Inputs as JSON: what comes before a use case, and what after it."""

    begin: str
    end: str

    @property
    def alone(self) -> str:
        return f"{self.begin},{self.end}"

    def within(self, use_case: str) -> str:
        return f'{self.begin},"use_case":{canonical(use_case).decode()},{self.end}'


class _Audit:
    """The licence audit as it is installed now."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self.renew = renew
        self.kind: Kind = kinds.get(licence_audit.KIND)
        self.packages = installed(self.kind.packages)
        self._rest = {
            "kind": self.kind.name,
            "kind_version": self.kind.version,
            "packages": self.packages,
            "seed": 0,
        }
        self._works: dict[int, tuple[dict[str, Any], str]] = {}

    def written(self, inputs: Mapping[str, Any]) -> _Written:
        """The inputs as RFC 8785 JSON, in pieces. Thousands share the works of which they mostly consist, and the
        profile: each is written once.
        """
        said = {name: value for name, value in inputs.items() if name not in LAST}
        profile = canonical(inputs["use_profile"]).decode()
        works = ",".join(map(self._work, inputs["works"]))
        return _Written(canonical(said).decode()[:-1], f'"use_profile":{profile},"works":[{works}]}}')

    def _work(self, work: dict[str, Any]) -> str:
        known = self._works.get(id(work))
        if known is None:  # with the work itself, so that its id stays its own
            known = self._works[id(work)] = work, canonical(work).decode()
        return known[1]

    def digest(self, subject_digest: str, written: str) -> str:
        """What a run on these inputs would be known by: as ``audits.digests.inputs_digest`` has it."""
        rest = canonical({**self._rest, "subject": subject_digest}).decode()
        return hashlib.sha256(f'{{"inputs":{written},{rest[1:]}'.encode()).hexdigest()

    # --- runs --------------------------------------------------------------------------------------------------------

    def store_runs(self, pairs: Sequence[_Pair]) -> Done:
        self._works.clear()
        self.renew()
        began = time.perf_counter()
        graph = graph_above({pair.version for pair in pairs})
        reader = Reader(graph, versions={pair.version for pair in pairs})
        wanted: dict[str, tuple[_Pair, dict[str, Any], str]] = {}
        for pair in pairs:
            inputs = reader.inputs(pair.version, use_case=pair.use_case)
            text = self.written(inputs)
            wanted[self.digest(pair.digest, text.within(pair.use_case.slug))] = (pair, inputs, text.alone)
        there = _standing(wanted)
        missing = [digest for digest in wanted if digest not in there]
        outcomes = judge_many(reader, [(wanted[digest][0].version, wanted[digest][1]) for digest in missing])
        new: dict[str, list[_New]] = {}
        for digest, outcome in zip(missing, outcomes, strict=True):
            pair, _, written = wanted[digest]
            new.setdefault(pair.digest, []).append(
                _New(digest, pair, graph.works[pair.version].repo_id, written, outcome)
            )
        each_ms = round((time.perf_counter() - began) * 1000 / len(pairs))
        done = Done(judged=len(missing))
        for some in _batches(sorted({pair.digest for pair in pairs}), IN_ONE):
            self.renew()
            done += self._store([one for subject in some for one in new.get(subject, ())], some, each_ms)
        return done

    def _store(self, new: Sequence[_New], subjects: Sequence[str], each_ms: int) -> Done:
        """Write the runs and tell the rooms above, in one transaction that holds their subjects."""
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    hold_subjects(subjects)
                    there = _standing([one.digest for one in new])
                    fresh = [one for one in new if one.digest not in there]
                    at = _clock()
                    self._write(fresh, at, each_ms)
                    licences_judged.send(sender=Reassessment, digests=subjects, at=at)
                    return Done(runs=len(fresh))
            except IntegrityError:  # somebody asked for the same run in the same instant
                if not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _write(self, new: Sequence[_New], at: dt.datetime, each_ms: int) -> None:
        ids = next_ids(Run, len(new)) if new else []
        packages = as_json(self.packages)
        copy_rows(
            Run,
            RUN_COLUMNS,
            (
                (
                    pk,
                    self.kind.name,
                    self.kind.version,
                    one.subject[:255],
                    one.pair.digest,
                    one.pair.use_case.slug,
                    one.inputs,
                    one.digest,
                    0,
                    packages,
                    Origin.OBSERVED.value,
                    "scheduled",
                    RunState.SUCCEEDED.value,
                    1,
                    1,
                    self.kind.time_limit_s,
                    0,
                    False,
                    at,
                    at,
                    at,
                    each_ms,
                    one.outcome.verdict,
                    as_json(dict(one.outcome.summary)),
                    "",
                    "",
                    "",
                )
                for pk, one in zip(ids, new, strict=True)
            ),
        )
        copy_rows(
            Finding, FINDING_COLUMNS, (row for pk, one in zip(ids, new, strict=True) for row in _findings(pk, one))
        )

    # --- standings ---------------------------------------------------------------------------------------------------

    def store_standings(self, entries: Sequence[int]) -> Done:
        """The newest versions of entries under the default profile; what stands on the same inputs is left alone."""
        self._works.clear()
        self.renew()
        at = _clock()
        newest = dict(
            Entry.objects.filter(pk__in=among(entries), latest__isnull=False)
            .order_by("pk")
            .values_list("latest_id", "pk")
        )
        if not newest:
            return Done()
        reader = Reader(graph_above(newest), versions=newest)
        known = dict(Standing.objects.filter(entry__in=among(entries)).values_list("version_id", "inputs_digest"))
        changed = {}
        for version in newest:
            inputs = reader.inputs(version, use_case=None)
            digest = self.digest(reader.graph.works[version].digest, self.written(inputs).alone)
            if known.get(version) != digest:
                changed[version] = (digest, inputs)
        outcomes = judge_many(reader, [(version, inputs) for version, (_, inputs) in changed.items()], briefly=True)
        rows = [
            (newest[version], version, outcome.verdict, _codes(outcome), digest, at)
            for (version, (digest, _)), outcome in zip(changed.items(), outcomes, strict=True)
        ]
        _write_standings(sorted(rows))
        return Done(len(newest))


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _standing(digests: Iterable[str]) -> set[str]:
    """Those of which there is a run already, or one that waits."""
    states = [*OPEN_STATES, RunState.SUCCEEDED]
    runs = Run.objects.filter(inputs_digest__in=among_texts(digests), state__in=states)
    return set(runs.values_list("inputs_digest", flat=True))


def _findings(run_id: int, one: _New) -> Iterator[tuple[Any, ...]]:
    for draft in one.outcome.drafts:
        yield (
            run_id,
            draft.code,
            draft.severity,
            draft.locus[:500],
            draft.field[:200],
            draft.line,
            as_json(draft.params),
            fingerprint(kind=licence_audit.KIND, code=draft.code, entry=one.subject[:255], locus=draft.locus),
        )


def _codes(outcome: Outcome) -> str:
    return " ".join(outcome.document.get("codes", ()))


def _write_standings(rows: Sequence[tuple[Any, ...]]) -> None:
    """Replace the standings of entries. One that was read later stays: another worker knows better."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_REPLACE, [list(column) for column in zip(*rows, strict=True)])


def _clock() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


_PAIRS = """
    SELECT DISTINCT v.digest, v.id, r.use_case
    FROM catalog_version v JOIN audits_run r ON r.subject_digest = v.digest
    WHERE v.id = ANY(%s) AND r.kind = %s AND r.use_case <> ''
    ORDER BY 1, 3
"""
# One statement: a few narrow columns, and rows that are there already, which COPY cannot replace.
_REPLACE = """
    INSERT INTO licensing_standing AS s (entry_id, version_id, verdict, codes, inputs_digest, evaluated_at)
    SELECT entry_id, version_id, verdict, string_to_array(codes, ' '), inputs_digest, evaluated_at
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
        AS n (entry_id, version_id, verdict, codes, inputs_digest, evaluated_at)
    ON CONFLICT (entry_id) DO UPDATE SET version_id = EXCLUDED.version_id, verdict = EXCLUDED.verdict,
        codes = EXCLUDED.codes, inputs_digest = EXCLUDED.inputs_digest, evaluated_at = EXCLUDED.evaluated_at
    WHERE s.evaluated_at <= EXCLUDED.evaluated_at
"""


def _columns(written: str) -> tuple[str, ...]:
    return tuple(written.split())


# The columns of the rows above, in their order. A test holds them to the models.
RUN_COLUMNS = _columns(
    "id kind kind_version subject_name subject_digest use_case inputs inputs_digest seed packages origin queue state"
    " attempt fencing_token time_limit_s progress_done cancel_asked requested_at started_at finished_at duration_ms"
    " verdict summary result_sha256 error_code error"
)
FINDING_COLUMNS = _columns("run_id code severity locus field line params fingerprint")
