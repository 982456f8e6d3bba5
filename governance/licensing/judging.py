"""Judging many versions in one pass over their graph: the same verdicts and findings as one by one."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audits.kinds import license as licence_audit
from audits.kinds.base import Outcome
from governance.licensing.closure import Graph
from governance.licensing.inputs import Reader
from licenses import bulk
from licenses.bulk.graph import FACTS

Asked = tuple[int, Mapping[str, Any]]
"""A version and the inputs of its audit."""


def judge_many(reader: Reader, asked: Sequence[Asked], *, briefly: bool = False) -> list[Outcome]:
    """The outcome of the licence audit for each, in their order, as a worker would store it, but for two things: the
    document holds the codes alone, and no repairs are looked for.

    What people said of one entry, a corrected table, earlier revisions and rings are judged one by one.

    Args:
        briefly: verdicts and codes are enough; what was found is left out.
    """
    outcomes: dict[int, Outcome] = {}
    together: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for place, (version, inputs) in enumerate(asked):
        if "corrections" in inputs or "overrides" in inputs or _in_ring(inputs) or not reader.is_plain(version):
            outcomes[place] = licence_audit.outcome(inputs, with_repairs=False)
        else:
            profile = json.dumps(inputs["use_profile"], sort_keys=True)
            together.setdefault(profile, []).append((place, inputs))
    for several in together.values():
        subjects = [(asked[place][0], inputs) for place, inputs in several]
        for (place, _), outcome in zip(several, _judged(reader, subjects, briefly), strict=True):
            outcomes[place] = outcome
    return [outcomes[place] for place in range(len(asked))]


def _in_ring(inputs: Mapping[str, Any]) -> bool:
    """Whether the version was made from its own entry, which then bears its name."""
    itself = inputs["kind"], inputs["subject"]
    return any((work["type"], work["id"]) == itself for work in inputs["works"])


def _judged(reader: Reader, subjects: Sequence[Asked], briefly: bool) -> Iterator[Outcome]:
    """Versions under one profile."""
    cases = [licence_audit.case_of(inputs) for _, inputs in subjects]
    works = _Works(reader)
    begin = len(works.ids)
    for (version, _), case in zip(subjects, cases, strict=True):
        works.add_subject(version, case["artefact"])
    judge = bulk.Judge(works.graph(), cases[0]["use_profile"])
    for verdict in judge.verdicts(range(begin, len(works.ids))):
        name = works.ids[verdict.work]
        found = [] if briefly else [_shown(one, name) for one in verdict.findings]
        yield licence_audit.outcome_of(verdict.verdict, found, {"codes": verdict.codes})


def _shown(found: bulk.Found, name: str) -> dict[str, Any]:
    """A finding as the audit reads it: without its words, which it does not store."""
    template, chain, relations = found
    params = {**template.params, "work": chain[0]}
    if "name" in params:
        params["name"] = name
    shown = {
        "code": template.code,
        "severity": template.severity,
        "term": template.term,
        "section": template.section,
        "source": template.source,
        "chain": chain,
        "relations": relations,
        "params": params,
    }
    if template.state:
        shown["state"] = template.state
    return shown


class _Works:
    """Works in arrays: every entry that something was made from, then the versions that are judged."""

    def __init__(self, reader: Reader) -> None:
        self._read: Graph = reader.graph
        self.ids: list[str] = []
        self._kinds: dict[str, int] = {}
        self._kind, self._fact = array("B"), array("I")
        self._facts: dict[str, int] = {}
        self._said: list[Mapping[str, Any]] = []
        self._words: dict[str, int] = {}
        self._origins: list[int | None] = []
        self._number: dict[int, int] = {}
        entries = {origin.entry: origin for origins in self._read.origins.values() for origin in origins}
        for entry, origin in entries.items():
            self._number[entry] = len(self.ids)
            self._add(origin.repo_id, origin.kind, reader.said_of(origin), origin.latest)

    def add_subject(self, version: int, artefact: Mapping[str, Any]) -> None:
        self._add(artefact["name"], artefact["type"], artefact, version)

    def _add(self, name: str, kind: str, said: Mapping[str, Any], version: int | None) -> None:
        self.ids.append(name)
        self._kind.append(self._kinds.setdefault(kind, len(self._kinds)))
        facts = {key: said[key] for key in FACTS if said.get(key) is not None}
        number = self._facts.setdefault(json.dumps(facts, sort_keys=True), len(self._said))
        if number == len(self._said):
            self._said.append(facts)
        self._fact.append(number)
        self._origins.append(version)

    def graph(self) -> bulk.Graph:
        first, upstream, relation = array("I", [0]), array("I"), array("B")
        for version in self._origins:
            for origin in self._read.of(version) if version is not None else ():
                upstream.append(self._number[origin.entry])
                relation.append(self._words.setdefault(origin.relation, len(self._words)))
            first.append(len(upstream))
        return bulk.Graph(
            ids=self.ids,
            kinds=list(self._kinds),
            kind=self._kind,
            facts=self._said,
            fact=self._fact,
            relations=list(self._words),
            first=first,
            upstream=upstream,
            relation=relation,
        )
