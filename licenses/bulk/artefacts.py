"""The works of a graph as artefacts: what each kind of them is told of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from licenses import catalogue
from licenses.bulk.cells import Cell, Found, own_cell
from licenses.bulk.graph import Graph
from licenses.bulk.reading import Reading
from licenses.compat import judge as check_case
from licenses.compat.naming import plain_name
from licenses.findings import ARTEFACT


class Artefacts:
    """Kinds of artefacts by number: a ``sample`` of each, its ``own`` cell, and what that finds (``own_found``)."""

    def __init__(self, graph: Graph, profile: Mapping[str, Any], read: Reading) -> None:
        self.graph, self.profile, self.read = graph, profile, read
        self.prefixes = sorted({plain_name(row.name_prefix) for row in catalogue.all_licences() if row.name_prefix})
        self.initials = {prefix[0] for prefix in self.prefixes}
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.own: list[Cell] = []
        self.own_found: list[tuple[tuple[Found, ...], tuple[Found, ...]]] = []
        self.sample: list[dict[str, Any]] = []

    def number(self, work: int) -> int:
        """The number of the kind of artefact that a work is: what it says of itself, and how its name begins."""
        name = self.graph.ids[work]
        # What stands in the name may be words that a licence wants to be shown.
        shown = self.graph.badges_in_name(work) if self.read.seen[self.graph.fact[work]] else ()
        key = (self.graph.fact[work], self.graph.kind[work], self._beginning(name), shown)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.own)
            graph = self.graph
            artefact = {"type": graph.kinds[graph.kind[work]], "name": name, **graph.facts[graph.fact[work]]}
            if self.read.names_origins[graph.fact[work]]:
                artefact["card_names_origins"] = False  # a cell is of a work at any distance
            self.sample.append(artefact)
            own = own_cell(artefact, self.profile, check_case)
            self.own.append(own)
            binding, latent = (tuple(Found(one, (ARTEFACT,), ()) for one in part) for part in (own.binding, own.latent))
            self.own_found.append((binding, latent))
        return number

    def _beginning(self, name: str) -> tuple[bool, ...]:
        """Which of the prefixes that licences ask for a name begins with; most names are told by one letter."""
        letter = name[name.rfind("/") + 1 :][:1].casefold()
        if letter.isalnum() and letter[0] not in self.initials:
            return ()
        plain = plain_name(name)
        return tuple([plain.startswith(prefix) for prefix in self.prefixes])
