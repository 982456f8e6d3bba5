"""From rulings to findings: a ruling is told of a named work, a chain, and the artefact's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from licenses.cases import Artefact
from licenses.expressions import Leaf, Term
from licenses.findings import ARTEFACT, Finding, Ruling
from licenses.lineage import UNREADABLE, UNSTATED, Path
from licenses.works import ROOT, Graph

NO_ROW = "no row of the licence table"
# Where a finding that rests on no row of the table comes from.
_SECTIONS = {
    "license": "card field license",
    "relation": "card field base_model_relation",
    "upstream": "cards of the works on the chain",
    "copyleft": "SPDX ids of the code and of the work",
    "mode": "use profile",
}
UNSAID = {UNSTATED: "not stated", UNREADABLE: "not readable"}
"""Relations that are no relation, as a finding shows them."""


class Chain:
    """The works from an upstream down to the artefact, and the relation of each hop."""

    def __init__(self, works: tuple[str, ...], relations: tuple[str, ...]) -> None:
        self.works = works
        self.relations = relations

    @classmethod
    def of(cls, graph: Graph, path: Path[int]) -> Chain:
        hops = list(path.hops())
        works = tuple(ARTEFACT if hop.node == ROOT else graph.works[hop.node].id for hop in hops)
        return cls(works, tuple(UNSAID.get(hop.relation, hop.relation) for hop in hops[:-1]))

    @classmethod
    def of_all(cls, graph: Graph, paths: Iterable[Path[int]]) -> dict[int, Chain]:
        """The chains of the paths of one closure, each by the ``id`` of its path: every path is longer by a hop than
        one before it, so its chain is too.
        """
        chains: dict[int, Chain] = {}
        for path in paths:
            below = chains.get(id(path.before), OWN)
            word = UNSAID.get(path.relation, path.relation)
            chains[id(path)] = cls((graph.works[path.node].id, *below.works), (word, *below.relations))
        return chains

    def above(self, other: Chain) -> Chain:
        """This chain, which ends where ``other`` begins, and then ``other``."""
        return Chain((*self.works[:-1], *other.works), (*self.relations, *other.relations))


OWN = Chain((ARTEFACT,), ())


def finding(ruling: Ruling, chain: Chain, extra: Mapping[str, Any] | None = None, *, state: str = "") -> Finding:
    """One ruling on one chain."""
    row = ruling.licence
    params: dict[str, Any] = {
        "licence": row.name if row else NO_ROW,
        "licence_id": row.id if row else "",
        "work": chain.works[0],
        **(extra or {}),
    }
    if ruling.value:
        params["value"] = ruling.value
    return Finding(
        ruling.code,
        ruling.term,
        row.source_ref if row else _SECTIONS[ruling.term],
        row.source_url if row else "",
        chain.works,
        params,
        state,
        ruling.latent,
        chain.relations,
    )


def named(rulings: Iterable[Ruling], leaf: Term, ours: Leaf | None, chain: Chain, artefact: Artefact) -> list[Finding]:
    """Rulings of a licence on a chain; the rule on names is settled here, where the name is known."""
    found = []
    for ruling in rulings:
        extra = {"declared": ours.written if ours is not None and ours.written else "nothing", "written": leaf.written}
        if ruling.code == "C-NAME":
            if artefact.name is None:
                ruling = ruling._replace(code="U-FACT", value="name")
            elif begins_with(artefact.name, ruling.value):
                continue
            else:
                extra["name"] = artefact.name
        elif ruling.code == "C-USERCAP":
            extra["basis"] = leaf.licence.mau_basis
        state = _state(ruling, leaf, ours, artefact) if ruling.code.startswith("O-") else ""
        found.append(finding(ruling, chain, extra, state=state))
    return found


def begins_with(name: str, prefix: str) -> bool:
    """Whether a repository's name (without its owner) begins with a prefix, whatever its case and separators."""
    return plain_name(name).startswith(plain_name(prefix))


def plain_name(name: str) -> str:
    """A repository's name without its owner, case and separators: what beginnings are compared in."""
    return "".join(filter(str.isalnum, name.rsplit("/", 1)[-1].casefold()))


def _state(ruling: Ruling, leaf: Term, ours: Leaf | None, artefact: Artefact) -> str:
    """How far an obligation is met: seen in the files, attested by a person, or open."""
    notices = [notice.casefold() for notice in artefact.notices]
    seen = {
        "O-LICENSE-COPY": artefact.has_license_file is True and isinstance(ours, Term) and ours.licence is leaf.licence,
        "O-NOTICE": any(notice.startswith("notice") for notice in notices),
        "O-BADGE": any(words.strip().casefold() in notices for words in ruling.value.split("|")),
    }
    if seen.get(ruling.code):
        return "met"
    return "attested" if ruling.code in artefact.attested else "open"
