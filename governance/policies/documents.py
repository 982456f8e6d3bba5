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

from governance.policies import expressions, reading, yaml_source
from governance.policies.problems import PolicyInvalid, Problem
from governance.policies.reading import Reader
from governance.policies.shapes import (
    AGREES,
    API_VERSION,
    COPY,
    HIGHEST_VOTE,
    LANES,
    LOWEST_VOTE,
    MAX_DAYS,
    MAX_REQUIREMENTS,
    MAX_VOTES_PER_LANE,
    SEVERITIES,
    STAGES,
    STATUSES,
    SUBJECT_KINDS,
    TIERS,
    VERDICT,
    VERDICTS,
    WAIVABLE_UNLESS_SAID,
    WAIVER_DAYS,
    WAIVING_ROLES,
    Case,
    LaneRule,
    PolicyDocument,
    Requirement,
    Waivable,
    from_json,
)
from governance.policies.yaml_source import Node, SourceRefused

__all__ = [
    "AGREES",
    "API_VERSION",
    "COPY",
    "HIGHEST_VOTE",
    "LANES",
    "LOWEST_VOTE",
    "SEVERITIES",
    "STAGES",
    "SUBJECT_KINDS",
    "TIERS",
    "WAIVABLE_UNLESS_SAID",
    "WAIVER_DAYS",
    "Case",
    "LaneRule",
    "PolicyDocument",
    "PolicyInvalid",
    "Problem",
    "Requirement",
    "Waivable",
    "from_json",
    "parse",
]

MAX_TESTS = 100
MAX_DESCRIPTION = 2000
MAX_GRACE = 365
MAX_MAPS = 30
MAX_NUMBER = 1_000_000
_REFERENCE = re.compile(r"[A-Za-z0-9]+(?:[ ._:/()-]+[A-Za-z0-9]+)*\)?", re.ASCII)


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
_LATER_IN_REQUIREMENT = ("overrideIf",)
_LATER_IN_VOTES = ("role", "label")


def _document(reader: Reader, root: Node, known_kinds: Mapping[str, Collection[str]]) -> PolicyDocument:
    conditional = any(key.text == "appliesWhen" for key, _value in root.pairs)
    top = reader.mapping(
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
    applies_when = _timeless(reader, top.get("appliesWhen"), "appliesWhen")
    applies = reader.mapping(
        top.get("appliesTo"),
        "appliesTo",
        required=() if conditional else ("stages", "tiers"),
        optional=("stages", "tiers", "kinds") if conditional else ("kinds",),
        later=(),
    )
    stages = reader.words(applies["stages"], "appliesTo.stages", STAGES) if "stages" in applies else STAGES
    tiers = reader.words(applies["tiers"], "appliesTo.tiers", TIERS) if "tiers" in applies else TIERS
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
    tests = _tests(reader, top.get("tests"), [need.id for need in requirements])
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


def _requirements(
    reader: Reader, node: Node | None, known_kinds: Mapping[str, Collection[str]]
) -> tuple[Requirement, ...]:
    found = []
    ids: dict[str, Node] = {}
    for path, item in reader.items(node, "requirements", longest=MAX_REQUIREMENTS):
        conditional = any(key.text == "satisfiedIf" for key, _value in item.pairs)
        by_kind = not conditional or any(key.text in ("kind", "verdicts", "maxAgeDays") for key, _value in item.pairs)
        row = reader.mapping(
            item,
            path,
            required=("id", *(("kind", "verdicts") if by_kind else ())),
            optional=("title", "maxAgeDays", "severity", "waivable", "satisfiedIf", "applicableIf", "needs", "maps"),
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
        satisfied_if = _expression(reader, row.get("satisfiedIf"), f"{path}.satisfiedIf")
        found.append(
            Requirement(
                id=id_,
                title=title,
                kind=kind,
                verdicts=verdicts,
                known_verdicts=known,
                severity=severity,
                max_age_days=age,
                waivable=_waivable(reader, row.get("waivable"), f"{path}.waivable"),
                applicable_if=_timeless(reader, row.get("applicableIf"), f"{path}.applicableIf"),
                satisfied_if=satisfied_if,
                needs=_needs(reader, row.get("needs"), f"{path}.needs", kind, satisfied_if, known_kinds),
                maps=_maps(reader, row.get("maps"), f"{path}.maps"),
            )
        )
    return tuple(found)


def _needs(
    reader: Reader, node: Node | None, path: str, kind: str, text: str, known_kinds: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The audits that a condition rests on: those that are listed, else those that it names."""
    if node is None:
        named = expressions.audits_in(text)
        return tuple(sorted(name for name in known_kinds if name in named and name != kind))
    told = tuple(sorted(known_kinds))
    found = []
    for here, item in reader.items(node, path, longest=len(known_kinds) or 1, may_be_empty=True):
        word = reader.text(item, here)
        if item.shape == "text" and word not in told:
            known = reading.listed(known_kinds)
            reader.problem("unknown_kind", item, here, value=reading.shown(word), known=known)
        elif word in found:
            reader.problem("repeated", item, here, value=reading.shown(word), what=path)
        found.append(word)
    return tuple(sorted(name for name in found if name != kind))


def _maps(reader: Reader, node: Node | None, path: str) -> tuple[str, ...]:
    """Paragraphs of frameworks, as NIST.MEASURE-2.11, in the order of the file."""
    found: list[str] = []
    for here, item in reader.items(node, path, longest=MAX_MAPS, may_be_empty=True):
        word = reader.text(item, here)
        if item.shape != "text":
            continue
        if (
            not re.fullmatch(r"[A-Za-z0-9]+(?:[ ._:/()-]+[A-Za-z0-9]+)*\)?", word, re.ASCII)
            or len(word) > reading.MAX_NAME
        ):
            reader.problem("bad_reference", item, here, value=reading.shown(word))
        elif word in found:
            reader.problem("repeated", item, here, value=reading.shown(word), what=path)
        found.append(word)
    return tuple(found)


def _expression(reader: Reader, node: Node | None, path: str) -> str:
    """A condition that may be published, else a problem with its place in the file."""
    text = reader.text(node, path).strip()
    if node is None or node.shape != "text":
        return ""
    try:
        expressions.check(text)
    except expressions.ExpressionRefused as refused:
        params = {name: reading.quotable(value) for name, value in refused.params.items()}
        place = Node("text", *node.place_of(text, refused.line, refused.column))
        reader.problem(refused.code, place, path, at=f"{refused.line}:{refused.column}", **params)
    return text


def _timeless(reader: Reader, node: Node | None, path: str) -> str:
    """A condition on what does not change by time alone: whether something is asked for at all."""
    text = _expression(reader, node, path)
    if node is not None and (timed := expressions.TIMED & expressions.names_in(text)):
        reader.problem("expression_timed", node, path, name=sorted(timed)[0])
    return text


def _tests(reader: Reader, node: Node | None, ids: list[str]) -> tuple[Case, ...]:
    if node is None:
        return ()
    found = []
    names: dict[str, Node] = {}
    for path, item in reader.items(node, "tests", longest=MAX_TESTS, may_be_empty=True):
        row = reader.mapping(item, path, required=("name", "facts", "expect"), optional=(), later=())
        name = reader.line(row.get("name"), f"{path}.name", default="")
        reader.once(name, row.get("name"), f"{path}.name", "duplicate_test", names)
        facts = reader.data(row.get("facts"), f"{path}.facts")
        if "facts" in row and not isinstance(facts, dict):
            reader.problem("not_a_mapping", row["facts"], f"{path}.facts", what=f"{path}.facts", found="a value")
        expect = _expected(reader, row.get("expect"), f"{path}.expect", ids)
        found.append(
            Case(
                name=name,
                facts=facts if isinstance(facts, dict) else {},
                expect=tuple((key, value) for key, value, _line in expect),
                lines=tuple(line for _key, _value, line in expect),
            )
        )
    return tuple(found)


def _expected(reader: Reader, node: Node | None, path: str, ids: list[str]) -> list[tuple[str, str, int]]:
    if node is None:
        return []
    row = reader.mapping(node, path, required=(), optional=(*ids, VERDICT), later=())
    if node.shape == "mapping" and not node.pairs:
        reader.problem("empty_test", node, path)
    found: list[tuple[str, str, int]] = []
    for key, value in row.items():
        word = reader.word(value, f"{path}.{key}", VERDICTS if key == VERDICT else STATUSES)
        found.append((key, word, value.line))
    return sorted(found)


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
        row = reader.mapping(item, path, required=("lane", "min"), optional=("veto", "copyIf"), later=_LATER_IN_VOTES)
        lane = reader.word(row.get("lane"), f"{path}.lane", LANES)
        reader.once(lane, row.get("lane"), f"{path}.lane", "duplicate_lane", lanes)
        needed = reader.integer(row.get("min"), f"{path}.min", 1, MAX_VOTES_PER_LANE, default=0)
        veto = reader.integer(row.get("veto"), f"{path}.veto", LOWEST_VOTE, -1, default=LOWEST_VOTE)
        copy_if = reader.word(row.get("copyIf"), f"{path}.copyIf", COPY) or None
        found.append(LaneRule(lane, needed, veto, copy_if))
    return tuple(sorted(found, key=lambda rule: LANES.index(rule.lane) if rule.lane in LANES else len(LANES)))
