"""Judging many versions in one pass over their graph: the same verdicts and findings as one by one."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.kinds import license as licence_audit
from audits.kinds.base import InputsRejected, Outcome
from governance.licensing.closure import Graph
from governance.licensing.inputs import Reader
from licenses import bulk, compat
from licenses.bulk.graph import FACTS
from licenses.cases import CaseRejected

Asked = tuple[int, Mapping[str, Any]]
"""A version and the inputs of its audit."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is found of one version: the binding findings, in no order. ``name`` is the version's own."""

    name: str
    verdict: str
    codes: Sequence[str]
    found: Sequence[bulk.Found]

    def outcome(self) -> Outcome:
        """As a worker would store it, but for two things: the document holds the codes alone, and no repairs are
        looked for.
        """
        found = [shown(one, self.name) for one in self.found]
        return licence_audit.outcome_of(self.verdict, found, {"codes": list(self.codes)})


def judge_many(reader: Reader, asked: Sequence[Asked]) -> list[Judged]:
    """What the licence audit finds, for each in their order. Arguments and errors as of ``Judging``."""
    judged = dict(Judging(reader, asked).each(range(len(asked))))
    return [judged[place] for place in range(len(asked))]


class Judging:
    """What is to be judged in one graph, judged part by part.

    What people said of one entry, a corrected table, earlier revisions and rings are judged one by one; all others
    over the same arrays, for each profile with what is known from the parts before.

    Raises:
        InputsRejected: as the audit.
    """

    def __init__(self, reader: Reader, asked: Sequence[Asked]) -> None:
        self._asked = asked
        self._works = _Works(reader)
        self._numbers = [
            None
            if "corrections" in inputs or "overrides" in inputs or _in_ring(inputs) or not reader.is_plain(version)
            else self._works.subject(version, inputs)
            for version, inputs in asked
        ]
        self._graph = self._works.graph()
        self._profiles: dict[int, str] = {}  # by the profile's id, which stays its own while it is asked for
        self._judges: dict[str, bulk.Judge] = {}

    def each(self, places: Iterable[int]) -> Iterator[tuple[int, Judged]]:
        """What is found of those at ``places`` of what was asked, each with its place, in no order."""
        together: dict[str, dict[int, list[int]]] = {}
        for place in places:
            number = self._numbers[place]
            if number is None:
                yield place, _alone(self._asked[place][1])
            else:
                together.setdefault(self._profile(place), {}).setdefault(number, []).append(place)
        ids = self._works.ids
        for profile, several in together.items():
            for verdict in self._judge(profile, next(iter(several.values()))[0]).verdicts(several):
                judged = Judged(ids[verdict.work], verdict.verdict, verdict.codes, verdict.findings)
                for place in several[verdict.work]:
                    yield place, judged

    def _profile(self, place: int) -> str:
        said = self._asked[place][1]["use_profile"]
        known = self._profiles.get(id(said))
        if known is None:
            known = self._profiles[id(said)] = json.dumps(said, sort_keys=True)
        return known

    def _judge(self, profile: str, place: int) -> bulk.Judge:
        judge = self._judges.get(profile)
        if judge is None:
            judge = bulk.Judge(self._graph, licence_audit.profile_of(self._asked[place][1]))
            self._judges[profile] = judge
        return judge


def _in_ring(inputs: Mapping[str, Any]) -> bool:
    """Whether the version was made from its own entry, which then bears its name."""
    itself = inputs["kind"], inputs["subject"]
    return any((work["type"], work["id"]) == itself for work in inputs["works"])


def _alone(inputs: Mapping[str, Any]) -> Judged:
    case = licence_audit.case_of(inputs)
    try:
        answer = compat.judge(case, corrections=inputs.get("corrections", ()))
    except CaseRejected as refused:
        raise InputsRejected("license_inputs", str(refused)) from refused
    found = [bulk.Found.of(one) for one in answer["findings"]]
    return Judged(case["artefact"]["name"], answer["verdict"], answer["codes"], found)


def shown(found: bulk.Found, name: str) -> dict[str, Any]:
    """A finding of an artefact as the audit reads it: without its words, which it does not store."""
    template, chain, relations = found
    one = {
        "code": template.code,
        "severity": template.severity,
        "term": template.term,
        "section": template.section,
        "source": template.source,
        "chain": chain,
        "relations": relations,
        "params": found.params(name),
    }
    if template.state:
        one["state"] = template.state
    return one


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
        self._subjects: dict[tuple[int, tuple[str, ...]], int] = {}
        entries = {origin.entry: origin for origins in self._read.origins.values() for origin in origins}
        for entry, origin in entries.items():
            self._number[entry] = self._add(origin.repo_id, origin.kind, reader.said_of(origin), origin.latest)

    def subject(self, version: int, inputs: Mapping[str, Any]) -> int:
        """The number of a version that is judged: one for all profiles, unless people attest other duties."""
        key = version, tuple(inputs.get("attested", ()))
        number = self._subjects.get(key)
        if number is None:
            artefact = licence_audit.case_of(inputs)["artefact"]
            number = self._subjects[key] = self._add(artefact["name"], artefact["type"], artefact, version)
        return number

    def _add(self, name: str, kind: str, said: Mapping[str, Any], version: int | None) -> int:
        self.ids.append(name)
        self._kind.append(self._kinds.setdefault(kind, len(self._kinds)))
        facts = {key: said[key] for key in FACTS if said.get(key) is not None}
        number = self._facts.setdefault(json.dumps(facts, sort_keys=True), len(self._said))
        if number == len(self._said):
            self._said.append(facts)
        self._fact.append(number)
        self._origins.append(version)
        return len(self.ids) - 1

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
