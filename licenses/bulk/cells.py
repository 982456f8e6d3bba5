"""What one licence far upstream says of one artefact, kept: a cell for each pair of declarations and composed path.

A cell is not computed by rules of its own. The engine judges a small case, the artefact at one end of a path and the
work at the other, and what it finds of that work is the cell. So the bulk path cannot know less, or other, than
``compat.check`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from licenses import lineage
from licenses.bulk.graph import WORDS
from licenses.findings import MESSAGES, RANK
from licenses.lineage import UNSTATED, State

Check = Callable[[Mapping[str, Any]], Mapping[str, Any]]

MULTI = "U-MULTI"
_TARGET, _FAMILY = "target", "family"


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A finding without its chain and names: shared by all works that get the same."""

    code: str
    severity: str
    term: str
    section: str
    source: str
    params: Mapping[str, Any]
    state: str
    latent: bool
    key: tuple[Any, ...]
    above: int = 0
    """Of a clash of combined works: how many works of the chain stand above the work that combines; else 0."""

    @classmethod
    def of(cls, shown: Mapping[str, Any], *, latent: bool, above: int = 0, **params: Any) -> Template:
        """From a finding as ``compat.check`` shows it; ``params`` replace those of its own."""
        params = {**shown["params"], **params}
        named = params.get("value"), params.get("other_work"), params.get("other_licence_id")
        return cls(
            code=shown["code"],
            severity=shown["severity"],
            term=shown["term"],
            section=shown["section"],
            source=shown["source"],
            params=params,
            state=shown.get("state", ""),
            latent=latent,
            key=(shown["code"], shown["term"], shown["section"], *named),
            above=above,
        )


class Found(NamedTuple):
    """A finding of one work: what is said, and the chain with the relation of each hop."""

    template: Template
    chain: tuple[str, ...]
    relations: tuple[str, ...]

    @classmethod
    def of(cls, shown: Mapping[str, Any], *, latent: bool = False) -> Found:
        """From a finding as ``compat.check`` shows it."""
        return cls(Template.of(shown, latent=latent), tuple(shown["chain"]), tuple(shown["relations"]))

    def params(self, name: str) -> dict[str, Any]:
        """What its words are made with, for the artefact of this name."""
        template = self.template
        params = {**template.params, "work": self.chain[0]}
        if "name" in params:
            params["name"] = name
        if template.above:
            below = self.chain[template.above :]
            params.update(other_chain=[*params["other_chain"], *below], combined_in=below[0])
        return params

    def as_json(self, name: str) -> dict[str, Any]:
        """As ``compat.check`` shows it, for the artefact of this name."""
        template, params = self.template, self.params(name)
        shown = {
            "code": template.code,
            "severity": template.severity,
            "message": MESSAGES[template.code].format_map({"term": template.term, **params}),
            "term": template.term,
            "section": template.section,
            "source": template.source,
            "chain": list(self.chain),
            "relations": list(self.relations),
            "params": params,
        }
        if template.state:
            shown["state"] = template.state
        return shown


class Cell(NamedTuple):
    """What is found of one work: the rank of its worst binding finding, and the findings.

    ``of_family``: the same for an artefact that is also derived from a work under this very licence; None where that
    makes no difference.
    """

    rank: int
    binding: tuple[Template, ...]
    latent: tuple[Template, ...]
    of_family: Cell | None = None


class States:
    """States of lineage by number, and the number that each hop leads to."""

    def __init__(self) -> None:
        self.known: list[State] = [lineage.START]
        self.hops: list[tuple[int, ...]] = [()]
        self.number: dict[State, int] = {lineage.START: 0}
        self.after: list[list[int]] = []
        # There are few states: all that can be reached are found at once.
        for at, state in enumerate(self.known):
            row = []
            for how, word in enumerate(WORDS):
                further = lineage.compose(state, word)
                if further not in self.number:
                    self.number[further] = len(self.known)
                    self.known.append(further)
                    self.hops.append((*self.hops[at], how))
                row.append(self.number[further])
            self.after.append(row)


def own_cell(artefact: Mapping[str, Any], profile: Mapping[str, Any], check: Check) -> Cell:
    """What is found of an artefact whatever it was made from."""
    return _cell(check({"artefact": artefact, "use_profile": profile}), None)


def cell(
    artefact: Mapping[str, Any],
    work: Mapping[str, Any],
    hops: Sequence[int],
    state: State,
    profile: Mapping[str, Any],
    check: Check,
) -> Cell:
    """What is found of a work at the end of a path of such hops."""
    alone = _cell(check(_case(artefact, work, hops, profile)), _TARGET)
    if lineage.is_derived(state):
        return alone
    family = [{**work, "id": _FAMILY, "type": "model", "relation": "finetune", "upstream": []}]
    beside = _cell(check(_case(artefact, work, hops, profile, family)), _TARGET)
    if [one.key for one in beside.binding + beside.latent] == [one.key for one in alone.binding + alone.latent]:
        return alone
    return alone._replace(of_family=beside)


def differs_as_choice(
    artefact: Mapping[str, Any],
    work: Mapping[str, Any],
    ways: Sequence[Sequence[int]],
    profile: Mapping[str, Any],
    check: Check,
) -> Template | None:
    """U-MULTI for a work that lists several licences and is reached by several ways: all of them count together."""
    upstream = [one for at, hops in enumerate(ways) for one in _chain(work, hops, f"way {at}")]
    answer = check({"artefact": artefact, "upstream": upstream, "use_profile": profile})
    found = (one for one in answer["findings"] if one["chain"][0] == _TARGET and one["code"] == MULTI)
    return next((Template.of(one, latent=False) for one in found), None)


class Clash(NamedTuple):
    """A finding on a work that combines others, and the way down to it."""

    template: Template
    works: tuple[str, ...]
    relations: tuple[str, ...]


def clashes(
    works: Sequence[Mapping[str, Any]], at: Mapping[str, Any], relation: str, profile: Any, check: Check
) -> list[Clash]:
    """What an artefact that stands in a relation to a work is told of the works which that one combines."""
    link = {"id": at["id"], "type": at["type"], "relation": relation}
    answer = check({"artefact": {"type": "model"}, "upstream": [link], "works": works, "use_profile": profile})
    found = []
    for part, latent in (("findings", False), ("latent", True)):
        for one in answer[part]:
            if one["params"].get("combined_in") == at["id"]:
                up, relations, other = one["chain"][:-2], one["relations"][:-1], one["params"]["other_chain"][:-2]
                template = Template.of(one, latent=latent, above=len(up), other_chain=other)
                found.append(Clash(template, tuple(up), tuple(relations)))
    return found


def told(works: Sequence[Mapping[str, Any]], link: Mapping[str, Any], profile: Any, check: Check) -> list[Found]:
    """What an artefact that was made from one work alone is told of combined works, that one and those above it."""
    answer = check({"artefact": {"type": "model"}, "upstream": [link], "works": works, "use_profile": profile})
    found = []
    for part, latent in (("findings", False), ("latent", True)):
        for one in answer[part]:
            if one["params"].get("combined_in") is not None:
                found.append(Found(Template.of(one, latent=latent), tuple(one["chain"]), tuple(one["relations"])))
    return found


def cycle_template(check: Check) -> Template:
    """What is said of a work that is upstream of itself."""
    itself = {"id": _TARGET, "upstream": [{"id": _TARGET, "relation": "finetune"}]}
    link = {"id": _TARGET, "relation": "finetune"}
    answer = check({"artefact": {}, "upstream": [link], "works": [itself]})
    return next(Template.of(one, latent=False) for one in answer["findings"] if one["code"] == "W-CYCLE")


def _case(
    artefact: Mapping[str, Any],
    work: Mapping[str, Any],
    hops: Sequence[int],
    profile: Mapping[str, Any],
    family: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    return {"artefact": artefact, "upstream": [*_chain(work, hops, "way"), *family], "use_profile": profile}


def _chain(work: Mapping[str, Any], hops: Sequence[int], way: str) -> list[dict[str, Any]]:
    """Works of which nothing is known, hop by hop, and the work behind them."""
    above: list[dict[str, Any]] = []
    for at, how in reversed(list(enumerate(hops))):
        word = None if WORDS[how] == UNSTATED else WORDS[how]
        said = {**work, "id": _TARGET} if at == len(hops) - 1 else {"id": f"{way}, step {at}"}
        # Of models alone a relation may be left out; nothing else depends on the type.
        above = [{**said, "type": "model", "relation": word, "upstream": above}]
    return above


def _cell(answer: Mapping[str, Any], work: str | None) -> Cell:
    binding, latent = (
        tuple(Template.of(one, latent=is_latent) for one in answer[part] if work in (None, one["chain"][0]))
        for part, is_latent in (("findings", False), ("latent", True))
    )
    return Cell(max((RANK[one.severity] for one in binding), default=0), binding, latent)
