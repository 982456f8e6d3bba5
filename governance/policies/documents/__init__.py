"""Policy files: what a version needs before it may run, as data.

A file is read into a ``PolicyDocument``, which is all that evaluation sees. Two files that ask for the same (other
comments, other order of keys, defaults written out) give the same document and the same digest.

::

    apiVersion: assay/v1
    kind: Policy
    metadata: {name: high-production, title: "High risk, in production", effectiveFrom: 2026-12-01, graceDays: 30}
    appliesTo: {stages: [production], tiers: [high], kinds: [model]}
    appliesWhen: 'subject.task != "tabular-regression"'
    requirements:
      - {id: bias.pass, title: "No group is treated worse", kind: bias, verdicts: [pass], maxAgeDays: 30}
      - id: bias.ratio
        needs: [bias]
        applicableIf: 'subject.task == "tabular-classification"'
        satisfiedIf: 'has(metrics.bias_min_ratio) && metrics.bias_min_ratio >= 0.8'
        waivable: {maxDays: 30, by: [risk_officer]}
        maps: [NIST.MEASURE-2.11]
    votes: [{lane: ethics, min: 1, veto: -2, copyIf: card_text_only}]
    distinctVoters: 1
    validDays: 90
    autoDecide: false
    tests:
      - {name: a missing figure denies, facts: {metrics: {}}, expect: {bias.ratio: UNSATISFIED}}

``appliesTo.kinds`` is ``[model]`` unless given, ``severity`` is ``fail``, ``veto`` -2,
``autoDecide`` false, titles are the name or id. ``distinctVoters`` is, unless given, the sum of all ``min``: every
vote by another person. Where ``appliesWhen`` is given, ``appliesTo`` may leave out stages and tiers, which are all
then. ``waivable`` is false, or has limits; unless it is given, a risk officer may waive a requirement for as long as
the tier allows. Conditions are CEL, see ``expressions``; ``needs`` is, unless given, what they name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping

from governance.policies import reading, yaml_source
from governance.policies.documents.cases import cases_of
from governance.policies.documents.conditions import timeless_condition
from governance.policies.documents.requirements import requirements_of
from governance.policies.problems import PolicyInvalid, Problem
from governance.policies.reading import Reader
from governance.policies.shapes import (
    API_VERSION,
    COPY,
    LANES,
    LOWEST_VOTE,
    MAX_DAYS,
    MAX_VOTES_PER_LANE,
    STAGES,
    SUBJECT_KINDS,
    TIERS,
    LaneRule,
    PolicyDocument,
)
from governance.policies.yaml_source import Node, SourceRefused

MAX_DESCRIPTION = 2000
MAX_GRACE = 365
MAX_NUMBER = 1_000_000


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


_LATER_AT_TOP = ("overrideIf", "extends")
_LATER_IN_METADATA = ("labels",)
_LATER_IN_VOTES = ("role", "label")


def _document(reader: Reader, root: Node, known_kinds: Mapping[str, Collection[str]]) -> PolicyDocument:
    conditional = any(key.text == "appliesWhen" for key, _value in root.pairs)
    top = _top(reader, root, conditional=conditional)
    reader.word(top.get("apiVersion"), "apiVersion", (API_VERSION,))
    reader.word(top.get("kind"), "kind", ("Policy",))
    metadata = reader.mapping(
        top.get("metadata"),
        "metadata",
        required=("name",),
        optional=("title", "version", "effectiveFrom", "graceDays", "description"),
        later=_LATER_IN_METADATA,
    )
    name = reader.name(metadata.get("name"), "metadata.name", separators="-")
    applies_when = timeless_condition(reader, top.get("appliesWhen"), "appliesWhen")
    stages, tiers, kinds = _scope(reader, top.get("appliesTo"), conditional=conditional)
    requirements = requirements_of(reader, top.get("requirements"), known_kinds)
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
    tests = cases_of(reader, top.get("tests"), [need.id for need in requirements])
    document = PolicyDocument(
        name=name,
        title=reader.line(metadata.get("title"), "metadata.title", default=name),
        stages=stages,
        tiers=tiers,
        kinds=kinds,
        requirements=requirements,
        votes=votes,
        distinct_voters=distinct,
        valid_days=valid_days,
        auto_decide=auto_decide,
        applies_when=applies_when,
        version=_number(reader, metadata.get("version")),
        effective_from=_date(reader, metadata.get("effectiveFrom")),
        grace_days=reader.integer(metadata.get("graceDays"), "metadata.graceDays", 0, MAX_GRACE, default=0),
        description=_description(reader, metadata.get("description")),
        tests=tests,
    )
    if reader.problems:
        raise PolicyInvalid(reader.problems)
    return document


def _top(reader: Reader, root: Node, *, conditional: bool) -> dict[str, Node]:
    """What stands at the top of the file; with a condition it need not say where it applies."""
    return reader.mapping(
        root,
        "",
        required=(
            "apiVersion",
            "kind",
            "metadata",
            *(() if conditional else ("appliesTo",)),
            "requirements",
            "validDays",
        ),
        optional=(
            "votes",
            "distinctVoters",
            "autoDecide",
            "appliesWhen",
            "tests",
            *(("appliesTo",) if conditional else ()),
        ),
        later=_LATER_AT_TOP,
    )


def _scope(
    reader: Reader, node: Node | None, *, conditional: bool
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The stages, tiers and kinds that a policy is for; with a condition it is for all that are not said."""
    applies = reader.mapping(
        node,
        "appliesTo",
        required=() if conditional else ("stages", "tiers"),
        optional=("stages", "tiers", "kinds") if conditional else ("kinds",),
        later=(),
    )
    stages = reader.words(applies["stages"], "appliesTo.stages", STAGES) if "stages" in applies else STAGES
    tiers = reader.words(applies["tiers"], "appliesTo.tiers", TIERS) if "tiers" in applies else TIERS
    kinds = reader.words(applies.get("kinds"), "appliesTo.kinds", SUBJECT_KINDS) if "kinds" in applies else ("model",)
    return stages, tiers, kinds


def _number(reader: Reader, node: Node | None) -> int | None:
    return None if node is None else reader.integer(node, "metadata.version", 1, MAX_NUMBER, default=1)


def _date(reader: Reader, node: Node | None) -> str:
    """A day, or a moment with its time zone, as one spelling in UTC."""
    if node is None:
        return ""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", node.text, re.ASCII):
            read = dt.datetime.fromisoformat(node.text).replace(tzinfo=dt.UTC)
        else:
            read = dt.datetime.fromisoformat(node.text)
            if read.tzinfo is None:
                raise ValueError("no time zone")
        return read.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        reader.problem("not_a_date", node, "metadata.effectiveFrom", value=reading.shown(node.text))
        return ""


def _description(reader: Reader, node: Node | None) -> str:
    text = reader.text(node, "metadata.description").strip()
    if node is not None and len(text) > MAX_DESCRIPTION:
        told = {"what": "metadata.description", "length": len(text), "unit": "characters", "longest": MAX_DESCRIPTION}
        reader.problem("too_long", node, "metadata.description", **told)
    return text


def _votes(reader: Reader, node: Node | None) -> tuple[LaneRule, ...]:
    if node is None:
        return ()
    found = []
    lanes: dict[str, Node] = {}
    for path, item in reader.items(node, "votes", longest=len(LANES), may_be_empty=True):
        row = reader.mapping(item, path, required=("lane", "min"), optional=("veto", "copyIf"), later=_LATER_IN_VOTES)
        lane = reader.word(row.get("lane"), f"{path}.lane", LANES)
        reader.once(lane, row.get("lane"), f"{path}.lane", "duplicate_lane", lanes)
        needed = reader.integer(row.get("min"), f"{path}.min", 1, MAX_VOTES_PER_LANE, default=0)
        veto = reader.integer(row.get("veto"), f"{path}.veto", LOWEST_VOTE, -1, default=LOWEST_VOTE)
        copy_if = reader.word(row.get("copyIf"), f"{path}.copyIf", COPY) or None
        found.append(LaneRule(lane, needed, veto, copy_if))
    return tuple(sorted(found, key=lambda rule: LANES.index(rule.lane) if rule.lane in LANES else len(LANES)))
