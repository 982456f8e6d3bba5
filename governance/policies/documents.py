"""Policy files: what a version needs before it may run, as data.

A file is read into a ``PolicyDocument``, which is all that evaluation sees. Two files that ask for the same (other
comments, other order of keys, defaults written out) give the same document and the same digest.

::

    apiVersion: assay/v1
    kind: Policy
    metadata: {name: high-production, title: "High risk, in production"}
    appliesTo: {stages: [production], tiers: [high], kinds: [model]}
    requirements:
      - {id: bias.pass, title: "No group is treated worse", kind: bias, verdicts: [pass], maxAgeDays: 30}
    votes: [{lane: ethics, min: 1, veto: -2}]
    distinctVoters: 1
    validDays: 90
    autoDecide: false

``appliesTo.kinds`` is ``[model]`` unless given, ``severity`` is ``fail``, ``veto`` -2, ``autoDecide`` false, titles
are the name or id. ``distinctVoters`` is, unless given, the sum of all ``min``: every vote by another person.
A requirement may say ``waivable: false`` or ``waivable: {maxDays: 30, by: [risk_officer]}``; unless it does, a risk
officer may waive it for as long as the tier allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import rfc8785

from governance.policies import reading, yaml_source
from governance.policies.problems import PolicyInvalid, Problem
from governance.policies.reading import Reader
from governance.policies.yaml_source import Node, SourceRefused

__all__ = ["LaneRule", "PolicyDocument", "PolicyInvalid", "Problem", "Requirement", "from_json", "parse"]

API_VERSION = "assay/v1"

STAGES = ("prototype", "pilot", "production")
TIERS = ("minimal", "limited", "high", "critical")
SUBJECT_KINDS = ("model", "dataset", "space")
LANES = ("domain", "ethics", "security", "legal", "risk", "audit")
SEVERITIES = ("fail", "warn", "info")

LOWEST_VOTE, AGREES, HIGHEST_VOTE = -2, 1, 2
MAX_DAYS = 730
MAX_REQUIREMENTS = 100
MAX_VOTES_PER_LANE = 20

# For how long at most a requirement may be waived in a use case of a tier.
WAIVER_DAYS: Mapping[str, int] = {"minimal": 180, "limited": 180, "high": 90, "critical": 30}
WAIVING_ROLES = ("risk_officer", "approver", "admin")


@dataclass(frozen=True)
class Waivable:
    """That a requirement may be waived: by people of role ``by``, for at most ``max_days`` and the tier's maximum."""

    max_days: int = max(WAIVER_DAYS.values())
    by: str = "risk_officer"

    def days(self, tier: str) -> int:
        """The longest waiver in a use case of a tier; of a tier that nobody knows the shortest."""
        return min(self.max_days, WAIVER_DAYS.get(tier, min(WAIVER_DAYS.values())))

    def as_json(self) -> dict[str, Any]:
        return {"maxDays": self.max_days, "by": [self.by]}


WAIVABLE_UNLESS_SAID = Waivable()


@dataclass(frozen=True)
class Requirement:
    """One audit that has to be there, with the verdicts that satisfy, at most ``max_age_days`` old.

    ``severity`` is what it means when unsatisfied: ``fail`` closes the gate, ``warn`` opens it with a warning,
    ``info`` decides nothing. ``known_verdicts`` is all that the audit could answer when the policy was published;
    an answer outside it is an error and not a matter of taste.
    """

    id: str
    title: str
    kind: str
    verdicts: tuple[str, ...]
    known_verdicts: tuple[str, ...]
    severity: str
    max_age_days: int | None
    waivable: Waivable | None = WAIVABLE_UNLESS_SAID

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "kind": self.kind,
            "verdicts": list(self.verdicts),
            "knownVerdicts": list(self.known_verdicts),
            "severity": self.severity,
        }
        if self.max_age_days is not None:
            document["maxAgeDays"] = self.max_age_days
        # What is not said is left out, so that documents of before keep their digest.
        if self.waivable != WAIVABLE_UNLESS_SAID:
            document["waivable"] = False if self.waivable is None else self.waivable.as_json()
        return document


@dataclass(frozen=True)
class LaneRule:
    """``min`` people of the lane have to agree (vote 1 or 2); a vote of ``veto`` or lower blocks."""

    lane: str
    min: int
    veto: int

    def as_json(self) -> dict[str, Any]:
        return {"lane": self.lane, "min": self.min, "veto": self.veto}


@dataclass(frozen=True)
class PolicyDocument:
    """A policy as it is evaluated: normalised, checked, complete."""

    name: str
    title: str
    stages: tuple[str, ...]
    tiers: tuple[str, ...]
    kinds: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    votes: tuple[LaneRule, ...]
    distinct_voters: int
    valid_days: int
    auto_decide: bool

    def applies_to(self, *, kind: str, tier: str, stage: str) -> bool:
        """Whether the policy speaks about a subject of this kind, in a use case of this tier, at this stage."""
        return kind in self.kinds and tier in self.tiers and stage in self.stages

    def as_json(self) -> dict[str, Any]:
        """The normalised document as JSON-ready data; ``from_json`` reads it back."""
        return {
            "apiVersion": API_VERSION,
            "kind": "Policy",
            "metadata": {"name": self.name, "title": self.title},
            "appliesTo": {"stages": list(self.stages), "tiers": list(self.tiers), "kinds": list(self.kinds)},
            "requirements": [requirement.as_json() for requirement in self.requirements],
            "votes": [rule.as_json() for rule in self.votes],
            "distinctVoters": self.distinct_voters,
            "validDays": self.valid_days,
            "autoDecide": self.auto_decide,
        }

    @cached_property
    def sha256(self) -> str:
        """Digest of the RFC 8785 JSON of the normalised document, which decisions quote."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


def parse(text: str | bytes, *, known_kinds: Mapping[str, Collection[str]]) -> PolicyDocument:
    """Read and check a policy file.

    Args:
        text: the YAML, at most 64 KB.
        known_kinds: the registered audits, each with the verdicts it can give.

    Raises:
        PolicyInvalid: with every problem that was found, each with line and column.
    """
    try:
        root = yaml_source.read(text)
    except SourceRefused as refused:
        params = {name: reading.quotable(value) for name, value in refused.params.items()}
        raise PolicyInvalid([Problem(refused.code, refused.line, refused.column, params=params)]) from refused
    return _document(Reader(), root, known_kinds)


def from_json(value: Any) -> PolicyDocument:
    """The document that ``as_json`` wrote.

    Raises:
        ValueError: the value is not such a document, or says something that this program does not understand.
    """
    try:
        document = PolicyDocument(
            name=value["metadata"]["name"],
            title=value["metadata"]["title"],
            stages=tuple(value["appliesTo"]["stages"]),
            tiers=tuple(value["appliesTo"]["tiers"]),
            kinds=tuple(value["appliesTo"]["kinds"]),
            requirements=tuple(
                Requirement(
                    id=row["id"],
                    title=row["title"],
                    kind=row["kind"],
                    verdicts=tuple(row["verdicts"]),
                    known_verdicts=tuple(row["knownVerdicts"]),
                    severity=row["severity"],
                    max_age_days=row.get("maxAgeDays"),
                    waivable=_waivable_from(row.get("waivable")),
                )
                for row in value["requirements"]
            ),
            votes=tuple(LaneRule(row["lane"], row["min"], row["veto"]) for row in value["votes"]),
            distinct_voters=value["distinctVoters"],
            valid_days=value["validDays"],
            auto_decide=value["autoDecide"],
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"not a policy document: {exc!r}") from exc
    # A key that this program dropped silently would be a requirement that nobody checks.
    if document.as_json() != value:
        raise ValueError("not a policy document of this version of the program: it holds what cannot be read back")
    return document


def _waivable_from(value: Any) -> Waivable | None:
    if value is None:
        return WAIVABLE_UNLESS_SAID
    return None if value is False else Waivable(max_days=value["maxDays"], by=value["by"][0])


_LATER_AT_TOP = ("appliesWhen", "tests", "overrideIf", "extends")
_LATER_IN_METADATA = ("version", "effectiveFrom", "graceDays", "labels", "description")
_LATER_IN_REQUIREMENT = ("satisfiedIf", "applicableIf", "overrideIf", "maps")
_LATER_IN_VOTES = ("copyIf", "role", "label")


def _document(reader: Reader, root: Node, known_kinds: Mapping[str, Collection[str]]) -> PolicyDocument:
    top = reader.mapping(
        root,
        "",
        required=("apiVersion", "kind", "metadata", "appliesTo", "requirements", "validDays"),
        optional=("votes", "distinctVoters", "autoDecide"),
        later=_LATER_AT_TOP,
    )
    reader.word(top.get("apiVersion"), "apiVersion", (API_VERSION,))
    reader.word(top.get("kind"), "kind", ("Policy",))
    metadata = reader.mapping(
        top.get("metadata"), "metadata", required=("name",), optional=("title",), later=_LATER_IN_METADATA
    )
    name = reader.name(metadata.get("name"), "metadata.name", separators="-")
    title = reader.line(metadata.get("title"), "metadata.title", default=name)
    applies = reader.mapping(
        top.get("appliesTo"), "appliesTo", required=("stages", "tiers"), optional=("kinds",), later=()
    )
    stages = reader.words(applies.get("stages"), "appliesTo.stages", STAGES)
    tiers = reader.words(applies.get("tiers"), "appliesTo.tiers", TIERS)
    kinds = reader.words(applies.get("kinds"), "appliesTo.kinds", SUBJECT_KINDS) if "kinds" in applies else ("model",)
    requirements = _requirements(reader, top.get("requirements"), known_kinds)
    votes = _votes(reader, top.get("votes"))
    asked = sum(rule.min for rule in votes)
    distinct = reader.integer(top.get("distinctVoters"), "distinctVoters", 1 if votes else 0, 120, default=asked)
    valid_days = reader.integer(top.get("validDays"), "validDays", 1, MAX_DAYS, default=0)
    auto_decide = reader.boolean(top.get("autoDecide"), "autoDecide", default=False)
    if distinct > asked and not reader.noted("votes", "distinctVoters"):
        reader.problem("distinct_too_many", top["distinctVoters"], "distinctVoters", value=distinct, votes=asked)
    if auto_decide and votes:
        reader.problem("auto_decide_with_votes", top["autoDecide"], "autoDecide")
    too_high = [f"{tier} {stage}" for tier in tiers for stage in stages if tier != "minimal" and stage != "prototype"]
    if auto_decide and too_high:
        reader.problem("auto_decide_too_high", top["autoDecide"], "autoDecide", pairs=", ".join(too_high))
    if reader.problems:
        raise PolicyInvalid(reader.problems)
    return PolicyDocument(name, title, stages, tiers, kinds, requirements, votes, distinct, valid_days, auto_decide)


def _requirements(
    reader: Reader, node: Node | None, known_kinds: Mapping[str, Collection[str]]
) -> tuple[Requirement, ...]:
    found = []
    ids: dict[str, Node] = {}
    for path, item in reader.items(node, "requirements", longest=MAX_REQUIREMENTS):
        row = reader.mapping(
            item,
            path,
            required=("id", "kind", "verdicts"),
            optional=("title", "maxAgeDays", "severity", "waivable"),
            later=_LATER_IN_REQUIREMENT,
        )
        id_ = reader.name(row.get("id"), f"{path}.id", separators="._-")
        reader.once(id_, row.get("id"), f"{path}.id", "duplicate_requirement", ids)
        title = reader.line(row.get("title"), f"{path}.title", default=id_)
        severity = reader.word(row.get("severity"), f"{path}.severity", SEVERITIES, default="fail")
        kind = reader.text(row.get("kind"), f"{path}.kind")
        known = tuple(sorted(known_kinds.get(kind, ())))
        verdicts: tuple[str, ...] = ()
        if kind in known_kinds:
            told = reading.shown(kind)
            verdicts = reader.words(row.get("verdicts"), f"{path}.verdicts", known, "unknown_verdict", kind=told)
        elif "kind" in row and row["kind"].shape == "text":
            names = reading.listed(known_kinds)
            reader.problem("unknown_kind", row["kind"], f"{path}.kind", value=reading.shown(kind), known=names)
        age = None
        if "maxAgeDays" in row:
            age = reader.integer(row["maxAgeDays"], f"{path}.maxAgeDays", 1, MAX_DAYS, default=0)
        waivable = _waivable(reader, row.get("waivable"), f"{path}.waivable")
        found.append(Requirement(id_, title, kind, verdicts, known, severity, age, waivable))
    return tuple(found)


def _waivable(reader: Reader, node: Node | None, path: str) -> Waivable | None:
    """``false``, or who may waive it for how long."""
    if node is None:
        return WAIVABLE_UNLESS_SAID
    if node.shape == "boolean":
        if reader.boolean(node, path, default=False):
            reader.problem("waivable_true", node, path)
        return None
    row = reader.mapping(node, path, required=("maxDays",), optional=("by",), later=())
    longest = max(WAIVER_DAYS.values())
    days = reader.integer(row.get("maxDays"), f"{path}.maxDays", 1, longest, default=longest)
    if "by" not in row:
        return Waivable(days)
    by = reader.words(row["by"], f"{path}.by", WAIVING_ROLES)
    if len(by) > 1:
        reader.problem("one_waiver", row["by"], f"{path}.by")
    return Waivable(days, by[0] if by else Waivable.by)


def _votes(reader: Reader, node: Node | None) -> tuple[LaneRule, ...]:
    if node is None:
        return ()
    found = []
    lanes: dict[str, Node] = {}
    for path, item in reader.items(node, "votes", longest=len(LANES), may_be_empty=True):
        row = reader.mapping(item, path, required=("lane", "min"), optional=("veto",), later=_LATER_IN_VOTES)
        lane = reader.word(row.get("lane"), f"{path}.lane", LANES)
        reader.once(lane, row.get("lane"), f"{path}.lane", "duplicate_lane", lanes)
        needed = reader.integer(row.get("min"), f"{path}.min", 1, MAX_VOTES_PER_LANE, default=0)
        veto = reader.integer(row.get("veto"), f"{path}.veto", LOWEST_VOTE, -1, default=LOWEST_VOTE)
        found.append(LaneRule(lane, needed, veto))
    return tuple(sorted(found, key=lambda rule: LANES.index(rule.lane) if rule.lane in LANES else len(LANES)))
