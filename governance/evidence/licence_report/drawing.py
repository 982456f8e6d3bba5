"""The chain above a version, drawn: nodes, edges, and the paths on which there is a conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.catalog.models import SubjectKind
from governance.licensing import queries as licensing
from licenses.findings import ARTEFACT

MOST_PATHS = 9


def paths_of_conflict(against: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], int]:
    """The chains on which there is a conflict, numbered in the order of the findings."""
    paths: dict[tuple[str, ...], int] = {}
    for one in against:
        chain = tuple(one["chain"])
        if one["severity"] == "conflict" and len(paths) < MOST_PATHS:
            paths.setdefault(chain, len(paths) + 1)
    return paths


def nodes_and_edges(
    drawn: licensing.Chain, paths: Mapping[tuple[str, ...], int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Nodes and edges of ``components/lineage.html``, the paths of conflicts lit and numbered."""
    steps: dict[tuple[str, str], list[int]] = {}
    for chain, number in paths.items():
        for upper, lower in zip(chain, chain[1:], strict=False):
            steps.setdefault((upper, lower), []).append(number)
    on_path = {name for chain in paths for name in chain}
    nodes = [_node(node, lit=node.key[1] in on_path) for node in drawn.nodes]
    # A column has room for some; what is on a path, or not known, is not what is left out.
    nodes.sort(key=lambda node: (-node["depth"], not node["lit"], not node["open"]))
    open_keys = {node["key"] for node in nodes if node["open"]}
    edges = []
    for link in drawn.links:
        numbers = steps.get((link.upper[1], link.lower[1]), [])
        edges.append(
            {
                "source": _key(link.upper),
                "target": _key(link.lower),
                "relation": link.relation or "unstated",
                "lit": bool(numbers),
                "open": _key(link.upper) in open_keys,
                "mark": ", ".join(str(number) for number in numbers) if len(paths) > 1 else "",
            }
        )
    return nodes, edges


def _key(key: tuple[str, str]) -> str:
    return " ".join(key)


def _node(node: licensing.Node, *, lit: bool) -> dict[str, Any]:
    licence = node.licence or (_("none declared") if node.known else _("not imported"))
    kind = "" if node.kind == SubjectKind.MODEL else f" · {_kind(node.kind)}"
    here = node.key[1] == ARTEFACT
    second = _("declares %(licence)s") % {"licence": licence} if here else f"{licence}{kind}"
    shown: dict[str, Any] = {
        "key": _key(node.key),
        "label": node.id,
        "depth": -node.depth,
        "second": second,
        "lit": lit,
        "open": not node.known or node.verdict == "unknown" or not node.licence_ids,
    }
    if not here and "/" in node.id:
        ns, _slash, rest = node.id.partition(" (")[0].rpartition("/")
        shown["url"] = reverse("catalog:entry", args=[node.kind, ns or "_", rest])
    if node.verdict in ("conflict", "unknown", "warning"):
        shown |= {"status": node.verdict, "family": "licence"}
    return shown


def _kind(kind: str) -> str:
    return str(SubjectKind(kind).label).lower() if kind in SubjectKind.values else kind
