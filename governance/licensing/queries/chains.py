"""What a version was made from, drawn: works, relations, and the path on which its verdict rests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.kinds import license as licence_audit
from audits.kinds.base import Outcome
from governance.catalog.models import UseCase, Version
from governance.licensing.declared import licence_ids
from governance.licensing.inputs import license_inputs
from licenses.findings import ARTEFACT, RANK

PASS = "pass"  # noqa: S105 (a verdict)


@dataclass(frozen=True)
class Judged:
    """A version judged on the inputs of this moment: what a run asked for now would say."""

    inputs: Mapping[str, Any]
    outcome: Outcome

    @property
    def document(self) -> Mapping[str, Any]:
        """As ``licenses.compat.check`` answers, with ``subject`` and ``expression``."""
        return self.outcome.document

    @property
    def verdict(self) -> str:
        return self.outcome.verdict


@dataclass(frozen=True)
class Node:
    """A work of the chain. ``key`` is (type, id); the version itself is ("", "<artefact>").

    ``verdict`` is the worst severity of the findings in whose chain it is the first, ``pass`` without any.
    ``depth`` is its distance from the version, which is 0. ``licence`` is as declared, ``licence_ids`` the rows of the
    table that this names.
    """

    key: tuple[str, str]
    id: str
    kind: str
    licence: str
    licence_ids: Sequence[str]
    known: bool
    verdict: str
    depth: int
    on_path: bool


@dataclass(frozen=True)
class Link:
    """A relation: ``lower`` was made from ``upper``. ``on_path`` where the gravest finding's chain goes over it."""

    lower: tuple[str, str]
    upper: tuple[str, str]
    relation: str
    revision: str
    on_path: bool


@dataclass(frozen=True)
class Chain:
    """The graph above a version, nearest first. ``path`` is the chain of its gravest finding; empty where it has none.

    ``more`` counts works that were left out to keep the drawing readable; those on the path never are.
    """

    nodes: Sequence[Node]
    links: Sequence[Link]
    path: Sequence[str]
    verdict: str
    more: int
    judged: Judged


def judged(*, version: Version, use_case: UseCase | None = None) -> Judged:
    """Judge a version as of now, in a use case or under the default profile. At most eight queries."""
    inputs = license_inputs(version=version, use_case=use_case)
    return Judged(inputs, licence_audit.outcome(inputs))


MOST = 200


def chain(*, version: Version, use_case: UseCase | None = None, of: Judged | None = None, most: int = MOST) -> Chain:
    """The graph above a version for drawing. Queries as ``judged``; none where ``of`` is given."""
    read = of or judged(version=version, use_case=use_case)
    found: Sequence[Mapping[str, Any]] = read.document["findings"]
    gravest = max(found, key=lambda one: RANK[one["severity"]], default=None)
    path: list[str] = list(gravest["chain"]) if gravest is not None and gravest["severity"] != PASS else []
    worst: dict[str, str] = {}
    for one in found:
        first = one["chain"][0]
        worst[first] = max(worst.get(first, PASS), one["severity"], key=RANK.__getitem__)
    works = {(work["type"], work["id"]): work for work in read.inputs["works"]}
    depths, links = _walk(read.inputs, works)
    steps = set(zip(path[1:], path, strict=False))
    keys = sorted(depths, key=lambda key: (key[1] not in path, depths[key], key))[:most]
    kept = sorted(keys, key=lambda key: (depths[key], key))
    nodes = [_node(key, read, works, depths[key], worst, path) for key in kept]
    shown = [
        Link(lower, upper, relation, revision, (lower[1], upper[1]) in steps)
        for lower, upper, relation, revision in links
        if lower in set(kept) and upper in set(kept)
    ]
    return Chain(nodes, shown, path, read.verdict, len(depths) - len(kept), read)


_Key = tuple[str, str]
SUBJECT: _Key = ("", ARTEFACT)


def _walk(
    inputs: Mapping[str, Any], works: Mapping[_Key, Mapping[str, Any]]
) -> tuple[dict[_Key, int], list[tuple[_Key, _Key, str, str]]]:
    """Distances from the subject, and every relation once."""
    depths: dict[_Key, int] = {SUBJECT: 0}
    links = []
    waiting: list[tuple[_Key, Sequence[Mapping[str, Any]]]] = [(SUBJECT, inputs["upstream"])]
    for lower, ups in waiting:
        for up in ups:
            upper = (up["type"], up["id"])
            links.append((lower, upper, up["relation"] or "", up.get("revision", "")))
            if upper not in depths:
                depths[upper] = depths[lower] + 1
                above = up.get("upstream", works.get(upper, {}).get("upstream", ()))
                waiting.append((upper, above))
    return depths, list(dict.fromkeys(links))


def _node(
    key: _Key,
    read: Judged,
    works: Mapping[_Key, Mapping[str, Any]],
    depth: int,
    worst: Mapping[str, str],
    path: Sequence[str],
) -> Node:
    if key == SUBJECT:
        said: Mapping[str, Any] = {**read.inputs["card"], "id": read.inputs["subject"], "type": read.inputs["kind"]}
    else:
        said = works.get(key) or _pinned(read.inputs, key)
    declared = said.get("license")
    several = declared if isinstance(declared, list) else [declared] if declared is not None else []
    return Node(
        key=key,
        id=said["id"],
        kind=said["type"],
        licence=", ".join(several),
        licence_ids=sorted(licence_ids(several, said.get("license_name"))),
        known=said.get("known") is not False,
        verdict=worst.get(key[1], PASS),
        depth=depth,
        on_path=key[1] in path,
    )


def _pinned(inputs: Mapping[str, Any], key: _Key) -> Mapping[str, Any]:
    """A work that stands only where an earlier revision of it was named."""
    waiting: list[Mapping[str, Any]] = [*inputs["upstream"], *inputs["works"]]
    for up in waiting:
        if (up["type"], up["id"]) == key and "license" in up:
            return up
        waiting.extend(up.get("upstream", ()))
    return {"type": key[0], "id": key[1]}
