"""One whole case: every licence of the closure against the artefact, what is combined, what was decided otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from licenses import evidence, findings, lineage, states
from licenses.cases import Case, Override
from licenses.compat import edges
from licenses.compat.combined import Combined
from licenses.compat.edges import Standing
from licenses.compat.naming import NO_ROW, OWN, Chain, finding, named
from licenses.evidence import Evidence
from licenses.expressions import All, AnyOf, Expression, Leaf, Term, Undecided, leaves
from licenses.findings import RANK, Finding, Ruling
from licenses.lineage import UNREADABLE, Path
from licenses.works import ROOT, Work

Ask = Callable[[Leaf], list[Finding]]


class Judgement:
    """A case with its findings: those that bind, the latent ones, and those that a reviewer decided otherwise."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.artefact, self.graph, self.profile = case.artefact, case.graph, case.profile
        self.declared: tuple[Leaf, ...] = tuple(leaves(case.artefact.license))
        self.standing = Standing(
            case.profile,
            reviewed=case.artefact.declared_text_reviewed,
            carries=case.artefact.includes_use_restrictions,
            content=case.artefact.type == "content",
        )
        self.paths = lineage.closure(ROOT, self.graph.edges)[1:]
        self.chains = Chain.of_all(self.graph, self.paths)
        self.by_work: dict[int, list[Path[int]]] = {}
        for path in self.paths:
            self.by_work.setdefault(path.node, []).append(path)
        self.derived_from = {
            leaf.licence
            for path in self.paths
            if lineage.is_derived(path.state)
            for leaf in leaves(self.graph.works[path.node].license)
            if isinstance(leaf, Term)
        }
        self.has_code = any(path.state.nearest == "code" for path in self.paths)
        self.choices: list[dict[str, Any]] = []
        self.binding: list[Finding] = []
        self.latent: list[Finding] = []
        self.overridden: list[tuple[Finding, Override]] = []
        self._sort(self._all())

    def _all(self) -> list[Finding]:
        found = [*self._of_profile(), *self._of_artefact(), *self._evidence()]
        found += self._unreadable()
        found += self._cycles()
        found += self._upstream(self.declared, record=True)
        found += self._listed()
        return found if self.artefact.evidence is None else self._seen(self.artefact.evidence, found)

    def _sort(self, found: Sequence[Finding]) -> None:
        """Each finding once, by its shortest chain that no override is about."""
        kept: dict[tuple[Any, ...], Finding] = {}
        decided: dict[tuple[Any, ...], tuple[Finding, Override]] = {}
        # What binds comes before what is latent, the shorter chain before the longer one.
        for one in sorted(found, key=lambda each: (each.latent, len(each.chain), each.chain)):
            override = next((each for each in self.case.overrides if _is_about(each, one)), None)
            if override is not None:
                decided.setdefault((one.key, one.chain), (one, override))
            else:
                kept.setdefault(one.key, one)
        self.overridden = list(decided.values())
        for one in kept.values():
            (self.latent if one.latent else self.binding).append(one)

    # --- the artefact itself ---------------------------------------------------------------------------------------
    def _of_profile(self) -> Iterator[Finding]:
        if self.profile.mode is None:
            ruling = Ruling("U-FACT", "mode", None, "mode")
            yield finding(ruling, OWN, {"licence": "every licence"})

    def _of_artefact(self) -> list[Finding]:
        found, _ = self._tree(self.artefact.license, OWN, self._own_leaf, record=True)
        return found

    def _own_leaf(self, leaf: Leaf) -> list[Finding]:
        if isinstance(leaf, Undecided):
            if leaf.code == "U-OTHER" and self.artefact.declared_text_reviewed:
                return []
            ruling = edges.undecided(leaf, lineage.START, files_checked=self.artefact.files_checked)
            return [finding(ruling, OWN, {"written": leaf.written})]
        if self.profile.actor == "licensor":
            return []
        rulings = edges.own(leaf, self.standing, self.artefact.modalities)
        return named(rulings, leaf, leaf, OWN, self.artefact)

    def _evidence(self) -> Iterator[Finding]:
        """Whether the files hold the text that the declared licence wants to travel with the work."""
        for leaf in self.declared:
            if not isinstance(leaf, Term) or leaf.licence.licence_copy not in ("y", "c"):
                continue
            if edges.passes_on(leaf, self.standing) and self.artefact.has_license_file is not True:
                missing = self.artefact.has_license_file is False
                ruling = Ruling("W-NO-TEXT" if missing else "O-LICENSE-COPY", "licence_copy", leaf.licence)
                yield from named((ruling,), leaf, leaf, OWN, self.artefact)

    def _seen(self, seen: Evidence, found: Sequence[Finding]) -> list[Finding]:
        """What files, card and records show by themselves, and of every obligation how far it is met."""
        shown: list[Finding] = []
        for one in states.findings(seen, self.artefact.license):
            passed_on = any(
                isinstance(leaf, Term)
                and leaf.licence.id == one.params["licence_id"]
                and edges.passes_on(leaf, self.standing)
                for leaf in self.declared
            )
            if one.code == "O-COPYRIGHT":
                if seen.license_texts is not None and self.profile.actor != "licensor":
                    attested = one.code in self.artefact.attested and one.state != evidence.MET
                    shown.append(replace(one, latent=not passed_on, state="attested" if attested else one.state))
            elif one.code != "W-NO-TEXT" or passed_on:
                shown.append(one)
        return [*shown, *(states.restated(seen, one) if one.code.startswith("O-") else one for one in found)]

    # --- the works upstream ----------------------------------------------------------------------------------------
    def _upstream(self, declared: tuple[Leaf, ...], *, record: bool = False) -> list[Finding]:
        """Every work of the closure against the declared licences, and what is combined on the way.

        All leaves of the declared licence count, those of an OR too: who offers a choice offers each of them.
        """
        found: list[Finding] = []
        asked: dict[int, Ask] = {}
        for node, paths in self.by_work.items():
            asked[node] = self._asking(self.graph.works[node], paths, declared)
            found += self._of_work(node)
        combined = Combined(self.graph, self.paths, self.chains, self.profile, content=self.standing.content)
        chosen = {node: self._tree(self.graph.works[node].license, OWN, ask)[1] for node, ask in asked.items()}
        decided = combined.choose(chosen, {node: self._weigh(ask) for node, ask in asked.items()})
        for node, ask in asked.items():
            chain = self.chains[id(self.by_work[node][0])]
            more, chosen[node] = self._tree(
                self.graph.works[node].license, chain, ask, record=record, only=decided.get(node)
            )
            found += more
        return found + combined.findings(chosen)

    def _of_work(self, node: int) -> Iterator[Finding]:
        """What is known of a work whatever the relation to it."""
        work, chain = self.graph.works[node], self.chains[id(self.by_work[node][0])]
        if not work.known:
            yield finding(Ruling("U-MISSING", "license"), chain, {"written": ""})
        if work.license_at_head is not None and _rows(work.license_at_head) != _rows(work.license):
            # The grant is of its day; that it changed since is worth knowing.
            then, now = (
                " + ".join(leaf.written for leaf in leaves(each)) for each in (work.license, work.license_at_head)
            )
            first = next((leaf.licence for leaf in leaves(work.license) if leaf.licence is not None), None)
            yield finding(Ruling("W-CHANGED-LICENSE", "license", first, now or "nothing"), chain, {"written": then})

    def _asking(self, work: Work, paths: list[Path[int]], declared: tuple[Leaf, ...]) -> Ask:
        """What a leaf of a work's licence says, along every path to the work."""
        modalities = work.modalities or self.artefact.modalities
        answers: dict[Leaf, list[Finding]] = {}

        def ask(leaf: Leaf) -> list[Finding]:
            if leaf not in answers:
                answers[leaf] = [one for path in paths for one in along(leaf, path)]
            return answers[leaf]

        def along(leaf: Leaf, path: Path[int]) -> Iterator[Finding]:
            chain = self.chains[id(path)]
            if isinstance(leaf, Undecided):
                yield self._undecided(leaf, work, path, chain)
                return
            if not work.known:
                return
            for ours in declared or (None,):
                term = ours if isinstance(ours, Term) else None
                family = leaf.licence in self.derived_from
                rulings = edges.along(leaf, path.state, term, self.standing, family, modalities)
                yield from named(rulings, leaf, ours, chain, self.artefact)

        return ask

    def _undecided(self, leaf: Undecided, work: Work, path: Path[int], chain: Chain) -> Finding:
        if leaf.code == "U-OTHER" and work.declared_text_reviewed:
            ruling = Ruling("W-UNCLEAR", "license", leaf.licence, "a text of its own that a reviewer has read")
            return finding(ruling, chain, {"licence": leaf.written or NO_ROW, "written": leaf.written})
        ruling = edges.undecided(leaf, path.state, files_checked=work.files_checked)
        return finding(ruling, chain, {"written": leaf.written})

    def _unreadable(self) -> Iterator[Finding]:
        """Relations that the algebra cannot follow; what is behind them is known by its lacks only."""
        for path in self.paths:
            if path.relation == UNREADABLE and path.before is not None:
                written = self.graph.written.get((path.before.node, path.node), "")
                ruling = Ruling("U-RELATION", "relation", None, repr(written) if written else "not given")
                yield finding(ruling, self.chains[id(path)])

    def _cycles(self) -> Iterator[Finding]:
        """Works that are upstream of themselves, each knot once; the artefact under its own name among them."""
        knots = lineage.cycles(ROOT, self.graph.edges)
        told = set()
        for to, around in knots:
            down = Chain.of(self.graph, to)
            chain = Chain.of(self.graph, around).above(down)
            told |= set(chain.works)
            yield finding(Ruling("W-CYCLE", "upstream"), chain)
        itself = (self.artefact.type, self.artefact.name)
        for path in self.paths:
            work = self.graph.works[path.node]
            if (work.type, work.id) == itself and work.id not in told:
                yield finding(Ruling("W-CYCLE", "upstream"), self.chains[id(path)])
                return

    # --- lists and choices -----------------------------------------------------------------------------------------
    def _listed(self) -> Iterator[Finding]:
        """A list of licences on the artefact: does it matter whether it was meant as a sum or as a choice?"""
        declared = self.artefact.license
        if not (isinstance(declared, All) and declared.listed):
            return
        verdicts = set()
        for part in declared.parts:
            ours = tuple(leaves(part))
            own, _ = self._tree(part, OWN, self._own_leaf)
            verdicts.add(findings.verdict([*own, *self._upstream(ours)]))
        if len(verdicts) > 1:
            yield finding(Ruling("U-MULTI", "license"), OWN)

    def _tree(
        self,
        node: Expression,
        chain: Chain,
        ask: Ask,
        *,
        record: bool = False,
        only: Sequence[Leaf] | None = None,
    ) -> tuple[list[Finding], tuple[Leaf, ...]]:
        """Findings of an expression: all parts of an AND, the least severe branch of an OR; and the leaves that count.

        ``only``: leaves that were chosen for the whole case; a branch of an OR that holds them is taken.
        """
        if not isinstance(node, (All, AnyOf)):
            return ask(node), (node,)
        parts = [self._tree(part, chain, ask, only=only) for part in node.parts]
        together = [one for found, _ in parts for one in found]
        least = min(range(len(parts)), key=lambda at: _weight(parts[at][0]))
        if isinstance(node, AnyOf):
            if only is not None:
                least = next((at for at, (_, taken) in enumerate(parts) if set(taken) <= set(only)), least)
            if record:
                # Choices inside the branch that was taken are recorded too; those of other branches are not.
                self._record(node, parts[least][1], chain)
                self._tree(node.parts[least], chain, ask, record=True, only=only)
            return parts[least]
        if record:
            for part in node.parts:
                self._tree(part, chain, ask, record=True, only=only)
        if node.listed and findings.verdict(parts[least][0]) != findings.verdict(together):
            together.append(finding(Ruling("U-MULTI", "license"), chain))
        return together, tuple(dict.fromkeys(leaf for _, taken in parts for leaf in taken))

    def _record(self, node: AnyOf, taken: Iterable[Leaf], chain: Chain) -> None:
        choice = {
            "chain": list(chain.works),
            "offered": [leaf.written for leaf in leaves(node)],
            "chosen": " AND ".join(leaf.written for leaf in taken),
        }
        if choice not in self.choices:
            self.choices.append(choice)

    def _weigh(self, ask: Ask) -> Callable[[Iterable[Leaf]], tuple[int, ...]]:
        return lambda taken: _weight([one for leaf in taken for one in ask(leaf)])


def _weight(found: Sequence[Finding]) -> tuple[int, int, int]:
    """What a branch of an OR costs: its verdict, what is latent in it, how much there is of it."""
    ranks = [RANK[findings.severity(one.code)] for one in found]
    return RANK[findings.verdict(found)], max(ranks, default=0), len(ranks)


def _is_about(override: Override, one: Finding) -> bool:
    return (
        override.code == one.code
        and override.chain == one.chain
        and (override.term is None or override.term == one.term)
    )


def _rows(expression: Expression) -> set[tuple[str, str]]:
    """What two declarations have to share to be the same: rows and exceptions, or the words where there is no row."""
    return {
        (leaf.licence.id, leaf.exception) if isinstance(leaf, Term) else (leaf.code, leaf.written.casefold())
        for leaf in leaves(expression)
    }
