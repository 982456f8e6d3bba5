"""Whether the declared licences of an artefact and of its direct upstreams permit a use, as far as the table says.

One hop is judged: the artefact against each upstream, one by one. What needs more (upstreams of upstreams, upstreams
compared with each other, code inside code) answers ``unknown`` with a code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from licenses import cases, catalogue, findings, questions, rules
from licenses.cases import Artefact, Case, Profile, Upstream
from licenses.expressions import All, AnyOf, Expression, Leaf, Term, Undecided, leaves
from licenses.findings import ARTEFACT, RANK, Finding, Ruling
from licenses.questions import DERIVATIVE, SELF, Question

_COMBINES = frozenset({*DERIVATIVE, "includes", "adapted"})
_NO_ROW = "no row of the licence table"
_PROFILE = "use profile"
# Where a finding that rests on no row of the table comes from.
_SECTIONS = {
    "license": "card field license",
    "relation": "card field base_model_relation",
    "upstream": "card of the upstream",
}


def check(case: Mapping[str, Any]) -> dict[str, Any]:
    """Judge one case.

    Args:
        case: ``{"id", "artefact": {…}, "upstream": [{…}], "use_profile": {…}}``; unknown keys are left alone.

    Returns:
        ``{"id", "verdict", "codes", "findings", "repairs", "latent", "choices", "table_digest"}``. ``verdict`` is the
        worst severity among ``findings`` (conflict > unknown > warning > obligation > pass); ``latent`` holds what
        begins with distribution and does not bind the profile's mode; ``choices`` the branches taken of an OR.

    Raises:
        CaseRejected: the case has not the shape of a case.
    """
    read = cases.read(case)
    judged = _Judgement(read)
    found = judged.findings()
    binding = [one for one in found if not one.latent]
    binding.sort(key=lambda one: -RANK[findings.severity(one.code)])
    return {
        "id": read.id,
        "verdict": findings.verdict(binding),
        "codes": findings.codes(binding),
        "findings": [one.as_json() for one in binding],
        "repairs": [],
        "latent": [one.as_json() for one in found if one.latent],
        "choices": judged.choices,
        "table_digest": catalogue.table_digest(),
    }


@dataclass(frozen=True, slots=True)
class _Link:
    """One link to judge: to an upstream, or (``upstream`` None) to the artefact's own licence."""

    upstream: Upstream | None
    relation: str

    @property
    def chain(self) -> tuple[str, ...]:
        return (ARTEFACT,) if self.upstream is None else (self.upstream.id, ARTEFACT)

    @property
    def work(self) -> str:
        return self.chain[0]


class _Judgement:
    """One case on its way to findings; remembers the choices that were taken."""

    def __init__(self, case: Case) -> None:
        self.artefact: Artefact = case.artefact
        self.upstream: tuple[Upstream, ...] = case.upstream
        self.profile: Profile = case.profile
        self.declared: tuple[Leaf, ...] = tuple(leaves(case.artefact.license))
        self.choices: list[dict[str, Any]] = []
        self.derived_from = {
            leaf.licence
            for one in case.upstream
            if one.relation in DERIVATIVE
            for leaf in leaves(one.license)
            if isinstance(leaf, Term)
        }

    def findings(self) -> list[Finding]:
        """Every finding of the case, each once, latent ones among them."""
        found = [*self._of_profile(), *self._of_artefact(), *self._evidence()]
        for one in self.upstream:
            found += self._of_upstream(one, self.declared)
        found += self._combined()
        found += self._listed()
        return list({one.key: one for one in found}.values())

    # --- the artefact itself ---------------------------------------------------------------------------------------
    def _of_profile(self) -> Iterator[Finding]:
        if self.profile.mode is None:
            yield Finding("U-FACT", "mode", _PROFILE, "", (ARTEFACT,), {"licence": "every licence", "value": "mode"})

    def _of_artefact(self) -> list[Finding]:
        return self._tree(self.artefact.license, _Link(None, SELF), lambda leaf: self._own_leaf(leaf))

    def _own_leaf(self, leaf: Leaf) -> list[Finding]:
        link = _Link(None, SELF)
        if isinstance(leaf, Undecided):
            if leaf.code == "U-OTHER" and self.artefact.declared_text_reviewed:
                return []
            return [self._undecided(leaf, link, files_checked=self.artefact.files_checked)]
        if self.profile.actor == "licensor":
            return []
        question = Question(
            leaf, SELF, self.profile, content=self._is_content, modalities=self.artefact.modalities, declared=leaf
        )
        return self._named(rules.judge(question), leaf, leaf, link)

    def _evidence(self) -> Iterator[Finding]:
        """Whether the files hold the text that the declared licence wants to travel with the work."""
        for leaf in self.declared:
            if not isinstance(leaf, Term) or leaf.licence.licence_copy not in ("y", "c"):
                continue
            question = Question(leaf, SELF, self.profile, content=self._is_content)
            if question.distributes and self.artefact.has_license_file is not True:
                missing = self.artefact.has_license_file is False
                ruling = Ruling("W-NO-TEXT" if missing else "O-LICENSE-COPY", "licence_copy", leaf.licence)
                yield from self._named((ruling,), leaf, leaf, _Link(None, SELF))

    @property
    def _is_content(self) -> bool:
        return self.artefact.type == "content"

    # --- one upstream ----------------------------------------------------------------------------------------------
    def _of_upstream(self, one: Upstream, declared: tuple[Leaf, ...]) -> list[Finding]:
        link = _Link(one, one.relation or "")
        if not one.known:
            return [self._undecided(Undecided("U-MISSING", ""), link)]
        found: list[Finding] = []
        if one.nested:
            found.append(self._plain("U-LINEAGE", "upstream", link))
        relations: tuple[str, ...] = (one.relation or "",)
        if one.relation is None and one.type == "model":
            relations = DERIVATIVE
        elif one.relation not in questions.RELATIONS:
            found.append(
                self._plain("U-RELATION", "relation", link, repr(one.relation) if one.relation else "not given")
            )
            relations = ()
        by_relation = [self._along(one, relation, declared) for relation in relations]
        # A relation that the card leaves out is no obstacle where all that it could be come to the same.
        if len({frozenset((f.code, f.term, f.latent) for f in each) for each in by_relation}) > 1:
            found.append(self._plain("U-RELATION", "relation", link, "not given"))
        for each in by_relation or [self._without_relation(one, link)]:
            found += each
        found += self._since(one, link)
        return found

    def _along(self, one: Upstream, relation: str, declared: tuple[Leaf, ...]) -> list[Finding]:
        """An upstream along one relation, against each leaf of the declared licence.

        All leaves count, those of an OR too: who offers a choice of licences offers each of them.
        """
        link = _Link(one, relation)
        return self._tree(one.license, link, lambda leaf: self._edge_leaf(leaf, link, declared))

    def _edge_leaf(self, leaf: Leaf, link: _Link, declared: tuple[Leaf, ...]) -> list[Finding]:
        assert link.upstream is not None  # noqa: S101 - edges have an upstream; this tells the type checker
        if isinstance(leaf, Undecided):
            return [self._undecided(leaf, link, files_checked=link.upstream.files_checked)]
        found: list[Finding] = []
        for ours in declared or (None,):
            term = ours if isinstance(ours, Term) else None
            reviewed = term is None and self.artefact.declared_text_reviewed
            question = Question(
                leaf,
                link.relation,
                self.profile,
                declared=term,
                reviewed=reviewed,
                carries=self.artefact.includes_use_restrictions,
                content=self._is_content,
                same_family=leaf.licence in self.derived_from,
                modalities=link.upstream.modalities or self.artefact.modalities,
            )
            found += self._named(rules.judge(question), leaf, ours, link)
        return found

    def _without_relation(self, one: Upstream, link: _Link) -> list[Finding]:
        """The licence of an upstream whose relation says nothing: only what it lacks is known."""

        def lacking(leaf: Leaf) -> list[Finding]:
            return [self._undecided(leaf, link, files_checked=one.files_checked)] if isinstance(leaf, Undecided) else []

        return self._tree(one.license, link, lacking)

    def _since(self, one: Upstream, link: _Link) -> Iterator[Finding]:
        """A licence that changed after the revision in use: the grant is of its day, the change is worth knowing."""
        if one.license_at_head is None or _rows(one.license_at_head) == _rows(one.license):
            return
        then, now = (" + ".join(leaf.written for leaf in leaves(each)) for each in (one.license, one.license_at_head))
        first = next((leaf.licence for leaf in leaves(one.license) if leaf.licence is not None), None)
        ruling = Ruling("W-CHANGED-LICENSE", "license", first, now)
        yield self._finding(ruling, link, {"written": then})

    # --- several upstreams, several licences -----------------------------------------------------------------------
    def _combined(self) -> Iterator[Finding]:
        """Upstreams that are combined in one work and each ask for terms of their own."""
        asking: dict[str, frozenset[str]] = {}
        for one in self.upstream:
            if one.relation is None or one.relation in _COMBINES:
                terms = self._own_terms(one.license, one.relation or DERIVATIVE[0])
                if terms:
                    asking[one.id] = terms | asking.get(one.id, frozenset())
        asked = sorted(frozenset().union(*asking.values()))
        if len(asking) > 1 and len(asked) > 1:
            ruling = Ruling("U-MERGE", "copyleft", catalogue.find(asked[0]), ", ".join(asked))
            chain = (*asking, ARTEFACT)
            yield replace(self._finding(ruling, _Link(None, SELF), {}), chain=chain)

    def _own_terms(self, node: Expression, relation: str) -> frozenset[str]:
        """Ids of the licences in an expression that ask for terms of their own; of an OR, the branch with fewest."""
        if isinstance(node, (All, AnyOf)):
            parts = [self._own_terms(part, relation) for part in node.parts]
            return min(parts, key=len) if isinstance(node, AnyOf) else frozenset().union(*parts)
        return (
            frozenset({node.licence.id}) if isinstance(node, Term) and self._has_terms(node, relation) else frozenset()
        )

    def _has_terms(self, leaf: Term, relation: str) -> bool:
        reach = questions.reach_of(leaf.licence, relation)
        if reach.unclear and self.profile.strictness == "legalistic":
            return False
        return bool(set(reach.words) & {"same", "flow", "terms", "computational", "nd"})

    def _listed(self) -> Iterator[Finding]:
        """A list of licences on the artefact: does it matter whether it was meant as a sum or as a choice?"""
        declared = self.artefact.license
        if not (isinstance(declared, All) and declared.listed):
            return
        verdicts = set()
        for part in declared.parts:
            ours = tuple(leaves(part))
            own = [one for leaf in ours for one in self._own_leaf(leaf)]
            edges = [one for each in self.upstream for one in self._of_upstream(each, ours)]
            verdicts.add(findings.verdict([*own, *edges]))
        if len(verdicts) > 1:
            yield self._plain("U-MULTI", "license", _Link(None, SELF))

    def _tree(self, node: Expression, link: _Link, ask: Callable[[Leaf], list[Finding]]) -> list[Finding]:
        """Findings of an expression: all parts of an AND, the least severe branch of an OR."""
        if not isinstance(node, (All, AnyOf)):
            return ask(node)
        parts = [self._tree(part, link, ask) for part in node.parts]
        together = [one for part in parts for one in part]
        least = min(range(len(parts)), key=lambda at: (RANK[findings.verdict(parts[at])], len(parts[at])))
        if isinstance(node, AnyOf):
            chosen = " AND ".join(leaf.written for leaf in leaves(node.parts[least]))
            offered = [leaf.written for leaf in leaves(node)]
            choice = {"chain": list(link.chain), "offered": offered, "chosen": chosen}
            if choice not in self.choices:
                self.choices.append(choice)
            return parts[least]
        if node.listed and findings.verdict(parts[least]) != findings.verdict(together):
            together.append(self._plain("U-MULTI", "license", link))
        return together

    # --- from rulings to findings ----------------------------------------------------------------------------------
    def _named(self, rulings: Iterable[Ruling], leaf: Term, ours: Leaf | None, link: _Link) -> list[Finding]:
        """Rulings on this chain; the rule on names is settled here, where the name is known."""
        declared = ours.written if ours is not None else ""
        found = []
        for ruling in rulings:
            extra = {"declared": declared or "nothing", "written": leaf.written}
            if ruling.code == "C-NAME":
                name = self.artefact.name
                if name is None:
                    ruling = ruling._replace(code="U-FACT", value="name")
                elif _begins_with(name, ruling.value):
                    continue
                else:
                    extra["name"] = name
            elif ruling.code == "C-USERCAP":
                extra["basis"] = leaf.licence.mau_basis
            state = self._state(ruling, leaf, ours) if ruling.code.startswith("O-") else ""
            found.append(self._finding(ruling, link, extra, state=state))
        return found

    def _state(self, ruling: Ruling, leaf: Term, ours: Leaf | None) -> str:
        """How far an obligation is met: seen in the files, attested by a person, or open."""
        notices = [notice.casefold() for notice in self.artefact.notices]
        seen = {
            "O-LICENSE-COPY": self.artefact.has_license_file is True
            and isinstance(ours, Term)
            and ours.licence is leaf.licence,
            "O-NOTICE": any(notice.startswith("notice") for notice in notices),
            "O-BADGE": any(words.strip().casefold() in notices for words in ruling.value.split("|")),
        }
        if seen.get(ruling.code):
            return "met"
        return "attested" if ruling.code in self.artefact.attested else "open"

    def _undecided(self, leaf: Undecided, link: _Link, *, files_checked: bool = False) -> Finding:
        ruling = Ruling(leaf.code, "license", leaf.licence)
        if leaf.code == "U-MISSING" and files_checked:
            ruling = Ruling("C-NO-LICENSE", "license", None, "no licence in the card, none in the files")
        return self._finding(ruling, link, {"written": leaf.written})

    def _plain(self, code: str, term: str, link: _Link, value: str = "") -> Finding:
        """A finding about the case and not about a row of the table."""
        return self._finding(Ruling(code, term, None, value), link, {})

    def _finding(self, ruling: Ruling, link: _Link, extra: Mapping[str, str], *, state: str = "") -> Finding:
        row = ruling.licence
        params = {"licence": row.name if row else _NO_ROW, "licence_id": row.id if row else "", "work": link.work}
        params.update(extra)
        if ruling.value:
            params["value"] = ruling.value
        return Finding(
            ruling.code,
            ruling.term,
            row.source_ref if row else _SECTIONS[ruling.term],
            row.source_url if row else "",
            link.chain,
            params,
            state,
            ruling.latent,
        )


def _rows(expression: Expression) -> set[tuple[str, str]]:
    """What two declarations have to share to be the same: rows and exceptions, or the words where there is no row."""
    return {
        (leaf.licence.id, leaf.exception) if isinstance(leaf, Term) else (leaf.code, leaf.written.casefold())
        for leaf in leaves(expression)
    }


def _begins_with(name: str, prefix: str) -> bool:
    """Whether a repository's name (without its owner) begins with a prefix, whatever its case and separators."""
    plain = ["".join(char for char in text.casefold() if char.isalnum()) for text in (name.rsplit("/", 1)[-1], prefix)]
    return plain[0].startswith(plain[1])
