"""Permanent tests: inputs that people keep, which every later stress audit of the entry asks too."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import rfc8785
from django.db import transaction

from audits import blobs
from audits.kinds.base import InputsRejected
from audits.models import Run
from governance.catalog.models import Entry, UseCase, Version
from governance.catalog.use_cases import may_keep
from governance.evidence import queries
from governance.evidence.at_hand import MOST_KEPT_CASES
from governance.evidence.models import StressCase
from governance.evidence.results import read
from governance.evidence.services import EvidenceRefused, NotAnAsker
from governance.ledger import services as ledger
from governance.people.models import User

MOST_BYTES = 100_000
LONGEST_ANSWER, LONGEST_NOTE = 200, 300


class NotAKeeper(EvidenceRefused):
    """Dropping a test lowers the bar: that is for who keeps the use case."""


def cases_of(run: Run) -> Iterator[dict[str, Any]]:
    """Every input that a stress run found wrong, in the order of the audit.

    Raises:
        EvidenceRefused: the run has none, or their bytes are no longer what was stored.
    """
    document = read(run) if run.kind == "stress" else None
    digest = (document or {}).get("cases", {}).get("sha256")
    if not digest:
        raise EvidenceRefused("no_cases", f"run {run.pk} has no cases; only stress audits that ended have some")
    try:
        with blobs.open_checked(str(digest)) as lines:
            for line in lines:
                yield json.loads(line)
    except InputsRejected as gone:
        raise EvidenceRefused(gone.code, str(gone)) from gone


def gives_vectors(texts: Mapping[str, Any]) -> bool:
    """Whether a run's part of texts is of a model of embeddings, whose answers are rows of that very table."""
    return any(one.get("code") == "stress.nearest_text" for one in texts.get("reasons", ()))


def keep_found(*, run: Run, case: str, by: User, at: dt.datetime) -> StressCase:
    """Keep one input that a run found wrong as a permanent test: changed as it was, with the answer that is right.

    Raises:
        EvidenceRefused: the run has no such case, or it cannot be kept.
        NotAnAsker: the person only reads.
    """
    version = Version.objects.filter(digest=run.subject_digest).select_related("entry").first()
    use_case = UseCase.objects.filter(slug=run.use_case).first()
    if version is None or use_case is None:
        raise EvidenceRefused("no_cases", f"the version or the use case of run {run.pk} is gone")
    found = next((one for one in cases_of(run) if one.get("case") == case), None)
    if found is None or not isinstance(found.get("changed"), str):
        raise EvidenceRefused("case_unknown", f"run {run.pk} has no case of that name that can be kept")
    if found.get("part") == "texts" and gives_vectors((read(run) or {}).get("parts", {}).get("texts", {})):
        raise EvidenceRefused("case_of_vectors", "the model gives vectors, so no answer of a text alone is right")
    expected = found.get("label") if found.get("label") is not None else found.get("before")
    return keep(
        entry=version.entry,
        use_case=use_case,
        input={"text": found["changed"]},
        expected=str(expected),
        note=str(found.get("family") or ""),
        found_in=run,
        by=by,
        at=at,
    )


@transaction.atomic
def keep(
    *,
    entry: Entry,
    use_case: UseCase,
    input: Mapping[str, Any],
    expected: str,
    note: str = "",
    found_in: Run | None = None,
    by: User,
    at: dt.datetime,
) -> StressCase:
    """Keep an input with the answer that it needs; the same one twice is one test.

    Runs of before are then out of date: they have not asked it.

    Raises:
        EvidenceRefused: too large, without an answer, or one more than an audit asks.
        NotAnAsker: the person only reads in the use case's team.
    """
    if not queries.may_ask(by, use_case=use_case):
        raise NotAnAsker("not_an_asker", f"you only read in {use_case}; who submits, reviews or approves keeps tests")
    UseCase.objects.select_for_update(no_key=True).get(pk=use_case.pk)
    given: Any = dict(input)
    if not is_storable(expected) or not all(is_storable(value) for value in given.values() if isinstance(value, str)):
        raise EvidenceRefused(
            "case_unstorable", "a test holds no NUL character and no half of a character; keep it in a suite instead"
        )
    content = rfc8785.dumps(given)
    if len(content) > MOST_BYTES or not expected or len(expected) > LONGEST_ANSWER:
        raise EvidenceRefused(
            "case_unfit",
            f"a test has at most {MOST_BYTES:,} bytes, and an answer of at most {LONGEST_ANSWER} characters",
        )
    here = StressCase.objects.filter(entry=entry, use_case=use_case, dropped_at=None)
    if (there := here.filter(input=given, expected=expected).first()) is not None:
        return there
    if here.count() >= MOST_KEPT_CASES:
        raise EvidenceRefused("cases_too_many", f"there are {MOST_KEPT_CASES} tests; have one dropped first")
    kept = StressCase.objects.create(
        entry=entry,
        use_case=use_case,
        input=given,
        expected=expected,
        note=note.replace("\0", "")[:LONGEST_NOTE],
        found_in=found_in,
        kept_by=by,
        kept_at=at,
    )
    _record("stress_case.kept", kept, by=by, at=at, detail={"sha256": hashlib.sha256(content).hexdigest()})
    return kept


def is_storable(text: str) -> bool:
    """Whether the database can hold a text: no NUL, and no half of a surrogate pair."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


@transaction.atomic
def drop(*, case: StressCase, by: User, at: dt.datetime) -> StressCase:
    """Ask a test no more; its row stays.

    Raises:
        NotAKeeper: the person does not keep the use case.
    """
    held = StressCase.objects.select_for_update(of=("self",)).select_related("use_case__owner_team").get(pk=case.pk)
    if held.use_case is None or not may_keep(by, held.use_case.owner_team):
        raise NotAKeeper("not_a_keeper", "risk officers and administrators of the use case's team drop its tests")
    if held.dropped_at is None:
        held.dropped_by, held.dropped_at = by, at
        held.save(update_fields=["dropped_by", "dropped_at"])
        _record("stress_case.dropped", held, by=by, at=at, detail={})
    return held


def _record(verb: str, case: StressCase, *, by: User, at: dt.datetime, detail: Mapping[str, Any]) -> None:
    told = {"entry": case.entry_id, "use_case": case.use_case.slug if case.use_case else "", **detail}
    ledger.record(verb=verb, object_kind="stress_case", object_ref=str(case.pk), actor=by, at=at, detail=told)
