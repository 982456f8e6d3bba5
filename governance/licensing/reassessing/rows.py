"""Runs and findings of the licence audit as lines of COPY, the same as a worker stores one by one.

What thousands of rows have in common is written once: a finding's parameters but for the names in them, a chain, the
packages. The text of every value is that of ``copying.as_json``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.digests import fingerprint
from audits.kinds import license as licence_audit
from audits.kinds.base import Kind
from audits.models import Origin, RunState
from governance.catalog.copying import NULL, as_copied, as_json
from governance.licensing.judging import Judged, shown
from licenses import bulk
from licenses.bulk import Template
from licenses.findings import RANK

KEPT = 20_000
"""Lists of findings of which the lines are kept for the next work that is told the same; then all are forgotten."""


def _columns(named: str) -> tuple[str, ...]:
    return tuple(named.split())


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be written, with what it found. ``place`` is that in what was asked, ``inputs`` is their text."""

    place: int
    digest: str
    subject_digest: str
    subject: str
    use_case: str
    inputs: str
    judged: Judged
    duration_ms: int


class RunLines:
    """Lines of runs that ended at one moment, under one audit."""

    def __init__(self, kind: Kind, packages: Mapping[str, str], *, at: dt.datetime) -> None:
        moment = at.isoformat()
        self._begin = f"{kind.name}\t{kind.version}"
        self._middle = (
            f"0\t{_written(packages)}\t{Origin.OBSERVED.value}\tscheduled\t{RunState.SUCCEEDED.value}\t1\t1"
            f"\t{kind.time_limit_s}\t0\tf\t{moment}\t{moment}\t{moment}"
        )
        self._summaries: dict[tuple[int, int], str] = {}

    def line(self, pk: int, one: NewRun) -> str:
        """In the order of ``RUN_COLUMNS``."""
        return (
            f"{pk}\t{self._begin}\t{as_copied(one.subject[:255])}\t{one.subject_digest}\t{as_copied(one.use_case)}"
            f"\t{as_copied(one.inputs)}\t{one.digest}\t{self._middle}\t{one.duration_ms}\t{one.judged.verdict}"
            f"\t{self._summary(one.judged)}\t\t\t\n"
        )

    def _summary(self, judged: Judged) -> str:
        severities = [one.template.severity for one in judged.found]
        key = severities.count("unknown"), severities.count("conflict")
        if key not in self._summaries:
            self._summaries[key] = _written(dict(judged.outcome().summary))
        return self._summaries[key]


RUN_COLUMNS = _columns(
    "id kind kind_version subject_name subject_digest use_case inputs inputs_digest seed packages origin queue state"
    " attempt fencing_token time_limit_s progress_done cancel_asked requested_at started_at finished_at duration_ms"
    " verdict summary result_sha256 error_code error"
)


class FindingLines:
    """Lines of findings, as ``audits.kinds.license`` drafts them: one for each code on each chain, gravest first."""

    def __init__(self) -> None:
        self._places: dict[Template, tuple[int, str, str, str]] = {}
        self._said: dict[tuple[Template, tuple[str, ...]], _Said] = {}
        self._chains: dict[tuple[str, ...], _Chain] = {}
        self._relations: dict[tuple[str, ...], str] = {}
        # What several are told is the very same object; kept with itself, so that its id stays its own.
        self._drafted: dict[int, tuple[Sequence[bulk.Found], list[_Draft]]] = {}

    def lines(self, run_id: int, subject: str, judged: Judged) -> Iterator[str]:
        """In the order of ``FINDING_COLUMNS``."""
        entry, name = subject[:255], _written(judged.name)
        known = self._drafted.get(id(judged.found))
        if known is None:
            if len(self._drafted) >= KEPT:
                self._drafted.clear()
            known = self._drafted[id(judged.found)] = judged.found, list(self._drafts(judged.found))
        for draft in known[1]:
            params = draft.params or draft.with_name(judged.name, name)
            known_by = fingerprint(kind=licence_audit.KIND, code=draft.code, entry=entry, locus=draft.locus)
            yield f"{run_id}\t{draft.begin}\t{params}\t{known_by}\n"

    def _drafts(self, found: Sequence[bulk.Found]) -> Iterator[_Draft]:
        """A finding for each code on each chain, with the terms of all."""
        drafts: dict[tuple[str, str], tuple[bulk.Found, list[str]]] = {}
        for one in sorted(found, key=self._place):
            at = self._chains.get(one.chain)
            if at is None:
                at = self._chains[one.chain] = _Chain(one.chain)
            template = one.template
            _, terms = drafts.setdefault((template.code, at.locus), (one, []))
            if template.term not in terms:
                terms.append(template.term)
        return (self._draft(one, tuple(terms)) for one, terms in drafts.values())

    def _draft(self, one: bulk.Found, terms: tuple[str, ...]) -> _Draft:
        template, chain, relations = one
        said = self._said.get((template, terms))
        if said is None:
            said = self._said[template, terms] = _Said(template, terms)
        how = self._relations.get(relations)
        if how is None:
            how = self._relations[relations] = _written(list(relations))
        return _Draft(one, terms, said, self._chains[chain], how)

    def _place(self, one: bulk.Found) -> tuple[Any, ...]:
        """As ``licence_audit.place``."""
        template, chain, _ = one
        known = self._places.get(template)
        if known is None:
            rank = -RANK[template.severity]
            known = self._places[template] = rank, template.code, template.term, template.section
        return known[0], known[1], len(chain), chain, known[2], known[3]


FINDING_COLUMNS = _columns("run_id code severity locus field line params fingerprint")


class _Draft:
    """A finding with all of its line that does not depend on whose it is. ``params`` is "" where they name it."""

    __slots__ = ("_found", "_said", "_terms", "_with", "begin", "code", "locus", "params")

    def __init__(self, found: bulk.Found, terms: tuple[str, ...], said: _Said, at: _Chain, relations: str) -> None:
        self._found, self._terms, self._said = found, terms, said
        self._with = {"work": at.work, "chain": at.written, "relations": relations}
        self.code, self.locus = found.template.code, at.locus
        self.begin = f"{said.begin}\t{at.copied}\t{at.field}\t{NULL}"
        self.params = "" if "name" in found.template.params else self.with_name("", "")

    def with_name(self, name: str, written: str) -> str:
        """The parameters as COPY reads them, for the work of this name."""
        if self._said.around is None:
            return _written({**licence_audit.params_of(shown(self._found, name)), "terms": list(self._terms)})
        return self._said.around % {**self._with, "name": written}


class _Chain:
    """A chain of works as the lines need it; thousands of works share one."""

    __slots__ = ("copied", "field", "locus", "work", "written")

    def __init__(self, chain: tuple[str, ...]) -> None:
        self.locus = " <- ".join(chain)
        self.copied = as_copied(self.locus[:500])
        self.field = licence_audit.field_of(chain)
        self.work, self.written = _written(chain[0]), _written(list(chain))


class _Said:
    """A template with all of its line that is the same for every work.

    ``around`` is a pattern of its parameters with places for the names; None where they cannot be told apart from it.
    """

    __slots__ = ("around", "begin")

    def __init__(self, template: Template, terms: tuple[str, ...]) -> None:
        self.begin = f"{template.code}\t{licence_audit.SEVERITY[template.severity]}"
        self.around = None if template.above else _pattern(template, terms)


# What no licence holds: stands for a name while the rest is written.
_MARKS = {word: f"\x01{word}\x01" for word in ("work", "name", "chain", "relations")}


def _pattern(template: Template, terms: tuple[str, ...]) -> str | None:
    one = shown(bulk.Found(template, (_MARKS["work"],), ()), _MARKS["name"])
    said = licence_audit.params_of(one) | {name: _MARKS[name] for name in ("chain", "relations")}
    text = _written(said | {"terms": list(terms)}).replace("%", "%%")
    for name, mark in _MARKS.items():
        mark = _written(mark)
        if text.count(mark) != (name in said):
            return None
        text = text.replace(mark, f"%({name})s")
    return text


def _written(value: Any) -> str:
    return as_copied(as_json(value))
