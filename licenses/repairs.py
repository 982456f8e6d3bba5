"""What would end a conflict, and what would meet a duty that is open: changes to a case, each proved by judging the
changed case again.

A repair is never derived from a rule. Candidates come from what the findings name (a licence, a prefix, a work); the
changed case goes through the engine, and what the engine no longer finds is what the repair clears.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from licenses import texts
from licenses.evidence import OPEN
from licenses.findings import ARTEFACT, RANK

Case = Mapping[str, Any]
Answer = Mapping[str, Any]
Check = Callable[[Case], Answer]

COSTS: Mapping[str, int] = {
    "rename": 1,
    "add_licence_text": 1,
    "add_texts": 1,
    "add_notice": 1,
    "show_badge": 1,
    "carry_restrictions": 2,
    "declare": 2,
    "declare_and_rename": 3,
    "change_mode": 5,
    "change_purpose": 6,
    "drop": 8,
    "ask_licensor": 12,
}
"""Action -> what it costs its owner, cheap first: an edit of the card, of the use, of the work, and last a letter.

A pair costs the sum of its parts; a step for several works costs once more for each.
"""

MESSAGES: Mapping[str, str] = {
    "rename": "rename it to {name}: {licence} asks for a name that begins with {prefix!r}",
    "add_licence_text": "add the text of the declared licence to the files",
    "add_texts": "add the texts of {licences} to the files",
    "add_notice": "add a NOTICE that names {works} and {licences}",
    "show_badge": "show the words {words} in the card",
    "carry_restrictions": "carry the use restrictions of {licence} in the terms of this work",
    "declare": "declare {licence_id}, as {licence} asks of what is made from {works}",
    "declare_and_rename": "declare {licence_id} and rename it to {name}",
    "change_mode": "keep it to {mode}",
    "change_purpose": "use it for {purpose}",
    "drop": "build it without {works}",
    "ask_licensor": "ask the licensor of {works} for what {licence} does not grant",
    "several": "do several things together: {steps}",
}
"""Action -> English. A page words a repair in its reader's language from the same parameters."""

MODES: Mapping[str, str] = {
    "internal": "internal use",
    "saas": "a hosted service, without passing it on",
}
"""Narrower modes as they stand in a message."""

MAX_RUNS = 200
MAX_REPAIRS = 20
_MAX_WORKS = 2_000
"""Works that all runs together may judge: a large graph gets fewer runs, never fewer than ``_FEWEST_RUNS``."""
_FEWEST_RUNS = 12
_MAX_TOGETHER = 3
_REFERENCE = frozenset({"id", "type", "relation", "revision"})

# What a licensor's permission can lift, and what a licence that is declared can.
_GRANTED = re.compile(r"C-(?!NAME\Z|MERGE\Z)")
_DECLARED = frozenset({"C-SA", "C-COPYLEFT", "C-LAUNDER", "C-MERGE"})


@dataclass(frozen=True)
class _Step:
    """One change to a case."""

    action: str
    target: str
    change: Callable[[Case], Case]
    params: Mapping[str, Any] = field(default_factory=dict)
    works: int = 1
    meets: frozenset[str] = frozenset()
    """Codes of duties that it is to meet; none where it is to end a conflict."""

    @property
    def cost(self) -> int:
        return COSTS[self.action] + self.works - 1


def plan(case: Case, answer: Answer, check: Check) -> list[dict[str, Any]]:
    """The cheapest repairs of a case, cheap ones first.

    Args:
        case: as ``compat.check`` takes it.
        answer: what ``check`` answers to it.
        check: judges a changed case; ``compat.check`` without repairs.

    Returns:
        ``{"action", "target", "message", "clears", "verdict", "params"}``: ``clears`` are the codes that the changed
        case no longer has, and of what meets a duty those that are open no longer; ``verdict`` is its verdict,
        ``params`` word the message; ``introduces`` is there only where the change brings codes that the case did not
        have, never a conflict. Those that end every conflict come first.
        Two or three changes stand together (``declare_and_rename``, or ``several`` with ``params["steps"]``) only where
        none of them ends the conflicts alone and nothing cheaper does.
    """
    found = [*_duties(case, answer), *_candidates(case, answer)]
    steps = sorted(found, key=lambda step: (step.cost, step.action, step.target))
    trials = _Trials(case, answer, check)
    repairs = [repair for step in steps if (repair := trials.tried((step,)))]
    if any(code.startswith("C-") for code in answer["codes"]):
        repairs += _together(steps, repairs, trials)
    repairs.sort(key=lambda repair: (repair.after["verdict"] == "conflict", repair.cost, repair.target))
    return [repair.as_json() for repair in repairs[:MAX_REPAIRS]]


def is_needed(answer: Answer) -> bool:
    """Whether there may be anything to repair: a conflict, or a duty that was looked for and is open."""
    return answer["verdict"] == "conflict" or any(one.get("state") == OPEN for one in answer["findings"])


def _together(steps: Sequence[_Step], alone: Sequence[_Repair], trials: _Trials) -> Iterator[_Repair]:
    """Two or three changes that end every conflict together, none of them in vain, cheaper than any that does alone."""
    limit = min((repair.cost for repair in alone if repair.ends_conflict), default=None)
    partial = [step for step in steps if trials.helps(step)]
    groups = [group for number in (2, 3) for group in combinations(partial, number)]
    found: list[_Repair] = []
    for group in sorted(groups, key=lambda group: (sum(step.cost for step in group), len(group))):
        if limit is not None and sum(step.cost for step in group) > limit:
            break
        if any(set(map(id, known.steps)) <= set(map(id, group)) for known in found):
            continue
        repair = trials.tried(group)
        if repair is not None and repair.ends_conflict:
            found.append(repair)
            yield repair
            if len(found) == _MAX_TOGETHER:
                return


@dataclass(frozen=True)
class _Repair:
    """Steps with what they changed."""

    steps: tuple[_Step, ...]
    after: Answer
    clears: tuple[str, ...]
    introduces: tuple[str, ...]

    @property
    def cost(self) -> int:
        return sum(step.cost for step in self.steps)

    @property
    def target(self) -> str:
        return self.steps[0].target

    @property
    def ends_conflict(self) -> bool:
        return bool(self.after["verdict"] != "conflict")

    def as_json(self) -> dict[str, Any]:
        first = self.steps[0]
        action, params = first.action, dict(first.params)
        if {step.action for step in self.steps} == {"declare", "rename"}:
            action = "declare_and_rename"
            # the licence that is declared and not, where they differ, the one that asks for the name
            params = {key: value for step in reversed(self.steps) for key, value in step.params.items()}
        elif len(self.steps) > 1:
            action = "several"
            steps = [{"action": one.action, "target": one.target, "params": dict(one.params)} for one in self.steps]
            params = {"steps": steps}
        shown: dict[str, Any] = {
            "action": action,
            "target": self.target,
            "message": _message(action, params),
            "clears": list(self.clears),
            "verdict": self.after["verdict"],
            "params": params,
        }
        if self.introduces:
            shown["introduces"] = list(self.introduces)
        return shown


class _Trials:
    """Changed cases on their way through the engine, within a number of runs."""

    def __init__(self, case: Case, answer: Answer, check: Check) -> None:
        self.case, self.check = case, check
        self.before, self.open = set(answer["codes"]), _keys(answer)
        self.unmet, self.rank = _unmet(answer), RANK[answer["verdict"]]
        self.runs = max(_FEWEST_RUNS, min(MAX_RUNS, _MAX_WORKS // max(1, _size(case))))
        self.after: dict[tuple[int, ...], Answer | None] = {}

    def tried(self, steps: tuple[_Step, ...]) -> _Repair | None:
        """The steps as a repair, or None where they clear nothing that was to be repaired or bring a new conflict."""
        after = self._answer(steps)
        if after is None:
            return None
        codes = set(after["codes"])
        meets = frozenset[str]().union(*(step.meets for step in steps))
        met = meets & self.unmet - _unmet(after)
        clears, introduces = sorted((self.before - codes) | met), sorted(codes - self.before)
        wanted = [code for code in clears if code.startswith("C-") or code in meets]
        if not wanted or any(code.startswith("C-") for code in introduces):
            return None
        if meets and RANK[after["verdict"]] > self.rank:  # a text too many may say something else
            return None
        return _Repair(steps, after, tuple(clears), tuple(introduces))

    def helps(self, step: _Step) -> bool:
        """Whether a step alone ends some conflict, on one chain at least."""
        after = self._answer((step,))
        return after is not None and bool(self.open - _keys(after))

    def _answer(self, steps: tuple[_Step, ...]) -> Answer | None:
        key = tuple(sorted(map(id, steps)))
        if key not in self.after:
            if self.runs <= 0:
                return None
            self.runs -= 1
            changed = self.case
            for step in steps:
                changed = step.change(changed)
            self.after[key] = self.check(changed)
        return self.after[key]


# --- candidates ----------------------------------------------------------------------------------------------------
def _candidates(case: Case, answer: Answer) -> Iterator[_Step]:
    found = [one for one in answer["findings"] if one["severity"] == "conflict"]
    if not found:
        return
    seen: set[tuple[str, str]] = set()
    for step in (
        *_renames(case, found),
        *_declarations(case, found),
        *_restrictions(found),
        *_uses(case),
        *_drops(case, found),
        *_permissions(found),
    ):
        if (step.action, step.target) not in seen:
            seen.add((step.action, step.target))
            yield step


def _renames(case: Case, found: Iterable[Answer]) -> Iterator[_Step]:
    name = (case.get("artefact") or {}).get("name")
    if not isinstance(name, str):
        return
    for one in found:
        if one["code"] == "C-NAME" and one["params"].get("value"):
            prefix = one["params"]["value"]
            renamed = prefixed(name, prefix)
            params = {"name": renamed, "prefix": prefix, **_licence(one)}
            yield _Step("rename", renamed, _on_artefact(name=renamed), params)


def prefixed(name: str, prefix: str) -> str:
    """A repository's name with a prefix in front, its owner kept.

    >>> prefixed("someone/finetune-8b", "Llama 3")
    'someone/Llama-3-finetune-8b'
    """
    owner, slash, own = name.rpartition("/")
    return f"{owner}{slash}{'-'.join(prefix.split())}-{own}"


def _declarations(case: Case, found: Sequence[Answer]) -> Iterator[_Step]:
    asking = (one for one in found if one["code"] in _DECLARED and one["params"]["licence_id"])
    for row, several in _by_licence(asking):
        works = _unique(one["params"]["work"] for one in several if one["params"]["work"] != ARTEFACT)
        params = {**_licence(several[0]), "works": works}
        yield _Step("declare", row, _on_artefact(license=row, license_name=None, declared_text_reviewed=False), params)


def _restrictions(found: Sequence[Answer]) -> Iterator[_Step]:
    for row, several in _by_licence(one for one in found if one["code"] == "C-LAUNDER"):
        yield _Step("carry_restrictions", row, _on_artefact(includes_use_restrictions=True), _licence(several[0]))


def _uses(case: Case) -> Iterator[_Step]:
    profile = case.get("use_profile") or {}
    if profile.get("purpose") == "commercial":
        yield _Step("change_purpose", "research", _on_profile(purpose="research"), {"purpose": "research"})
    if profile.get("mode") not in (None, "internal"):
        for mode in MODES:
            if mode != profile["mode"]:
                yield _Step("change_mode", mode, _on_profile(mode=mode), {"mode": mode})


def _drops(case: Case, found: Sequence[Answer]) -> Iterator[_Step]:
    """Without one upstream; and, where a licence comes by several of them, without all of these."""
    kinds = {str(one.get("id")): one.get("type") or "model" for one in case.get("upstream") or ()}
    chained = [one for one in found if len(one["chain"]) > 1]
    groups = [(one["chain"][-2],) for one in chained]
    for code in _unique(one["code"] for one in chained):
        groups.append(tuple(_unique(one["chain"][-2] for one in chained if one["code"] == code)))
    for several in _unique(groups):
        params = {"works": list(several), "types": [kinds.get(one, "model") for one in several]}
        yield _Step("drop", ", ".join(several), _without(frozenset(several)), params, works=len(several))


def _permissions(found: Sequence[Answer]) -> Iterator[_Step]:
    """What the licensor of one licence could grant: every conflict that rests on it, on every chain."""
    for _row, several in _by_licence(one for one in found if _GRANTED.match(one["code"])):
        works = _unique(one["params"]["work"] for one in several)
        lifted = [{"code": one["code"], "chain": list(one["chain"])} for one in several]
        params = {**_licence(several[0]), "works": works, "lifted": lifted}
        yield _Step("ask_licensor", ", ".join(works), _granted(lifted), params, works=len(works))


# --- duties ----------------------------------------------------------------------------------------------------------
def _duties(case: Case, answer: Answer) -> Iterator[_Step]:
    """What would meet the duties that were looked for and are open. Where nobody looked, nothing is known to lack."""
    artefact = case.get("artefact") or {}
    lacking: dict[str, list[Answer]] = {}
    for one in answer["findings"]:
        if one.get("state") == OPEN:
            lacking.setdefault(one["code"], []).append(one)
    if "W-NO-TEXT" in answer["codes"]:
        yield _add_text()
    if copies := lacking.get("O-LICENSE-COPY") if artefact.get("texts") is not None else None:
        yield from _add_texts(copies, artefact["texts"])
    naming = [*lacking.get("O-NOTICE", ()), *lacking.get("O-ATTRIB", ())]
    if naming and artefact.get("notice_texts") is not None:
        yield _add_notice(naming, artefact["notice_texts"])
    if badges := lacking.get("O-BADGE"):
        yield from _show_badges(badges, artefact)


def _add_text() -> _Step:
    files = {"has_license_file": True, "files_checked": False}

    def change(case: Case) -> Case:
        # A file that nobody has read yet: it is there, and what it says is still to be seen.
        looked = (case.get("artefact") or {}).get("texts") is not None
        return _on_artefact(**files, **({"texts": [{"path": "LICENSE"}]} if looked else {}))(case)

    return _Step("add_licence_text", ARTEFACT, change, meets=frozenset({"W-NO-TEXT"}))


def _add_texts(copies: Sequence[Answer], there: Sequence[Any]) -> Iterator[_Step]:
    """The texts of licences further up, each as a file of its own; only texts that are known can be recognised."""
    known = {text.licence.id: digest for digest, text in texts.known_texts().items()}
    rows = {one["params"]["licence_id"]: one["params"]["licence"] for one in copies}
    # At the root it would be taken for the licence of the whole.
    added = [{"path": f"third_party/LICENSE-{row}", "sha256_normalised": known[row]} for row in rows if row in known]
    if added:
        params = {"licences": list(rows.values()), "licence_ids": list(rows)}
        change = _on_artefact(texts=[*there, *added])
        target, meets = ", ".join(rows), frozenset({"O-LICENSE-COPY"})
        yield _Step("add_texts", target, change, params, works=len(rows), meets=meets)


def _add_notice(naming: Sequence[Answer], there: Sequence[str]) -> _Step:
    """One more NOTICE that names every work and licence that asks for it."""
    works = _unique(one["params"]["work"] for one in naming)
    licences = _unique(one["params"]["licence"] for one in naming)
    words = "\n".join(f"{one['params']['work']}: {one['params']['licence']}" for one in naming)
    params = {"works": works, "licences": licences}
    meets = frozenset({"O-NOTICE", "O-ATTRIB"})
    return _Step("add_notice", "NOTICE", _on_artefact(notice_texts=[*there, words]), params, meets=meets)


def _show_badges(badges: Sequence[Answer], artefact: Mapping[str, Any]) -> Iterator[_Step]:
    """The words that licences want to be shown, put into the card."""
    cells = _unique(one["params"]["value"] for one in badges)
    words = [re.sub(r"\([^)]*\)", "", cell.split("|")[0]).strip() for cell in cells]
    if isinstance(seen := artefact.get("card_seen"), Mapping):
        change = _on_artefact(card_seen={**seen, "badges": [*(seen.get("badges") or ()), *cells]})
    elif isinstance(text := artefact.get("card_text"), str):
        change = _on_artefact(card_text="\n".join([*words, text]))
    else:
        return
    params = {"words": words}
    yield _Step("show_badge", ", ".join(words), change, params, works=len(words), meets=frozenset({"O-BADGE"}))


def _by_licence(found: Iterable[Answer]) -> list[tuple[str, list[Answer]]]:
    groups: dict[str, list[Answer]] = {}
    for one in found:
        groups.setdefault(one["params"]["licence_id"] or one["params"]["work"], []).append(one)
    return list(groups.items())


def _licence(one: Answer) -> dict[str, str]:
    return {"licence": one["params"]["licence"], "licence_id": one["params"]["licence_id"]}


# --- changes -------------------------------------------------------------------------------------------------------
def _on_artefact(**fields: Any) -> Callable[[Case], Case]:
    return lambda case: {**case, "artefact": {**(case.get("artefact") or {}), **fields}}


def _on_profile(**fields: Any) -> Callable[[Case], Case]:
    return lambda case: {**case, "use_profile": {**(case.get("use_profile") or {}), **fields}}


def _without(ids: frozenset[str]) -> Callable[[Case], Case]:
    return lambda case: {**case, "upstream": [one for one in case.get("upstream") or () if one.get("id") not in ids]}


def _granted(lifted: Sequence[Mapping[str, Any]]) -> Callable[[Case], Case]:
    """The case as if the licensor had said yes: what the override of a reviewer does."""
    grants = [{**one, "reason": "permission of the licensor", "by": "licensor", "until": None} for one in lifted]
    return lambda case: {**case, "overrides": [*(case.get("overrides") or ()), *grants]}


# --- what is compared and said -------------------------------------------------------------------------------------
def _keys(answer: Answer) -> set[tuple[str, str, tuple[str, ...]]]:
    """The conflicts of an answer, chain by chain."""
    return {
        (one["code"], one["params"]["licence_id"], tuple(one["chain"]))
        for one in answer["findings"]
        if one["severity"] == "conflict"
    }


def _unmet(answer: Answer) -> set[str]:
    """The codes of duties that are open somewhere."""
    return {one["code"] for one in answer["findings"] if one.get("state") == OPEN}


def _message(action: str, params: Mapping[str, Any]) -> str:
    """The English of a repair: lists joined, steps one after the other."""
    worded = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in params.items()}
    if "steps" in params:
        worded["steps"] = "; ".join(_message(one["action"], one["params"]) for one in params["steps"])
    if "mode" in params:
        worded["mode"] = MODES[params["mode"]]
    return MESSAGES[action].format_map(worded)


def _size(case: Case) -> int:
    """Works that one run judges, nested ones included; of what only names a work, none."""
    number, stack = 1, [case.get("works") or (), case.get("upstream") or ()]
    while stack and number < _MAX_WORKS:
        for one in stack.pop():
            number += not isinstance(one, Mapping) or not _REFERENCE.issuperset(one)
            if isinstance(one, Mapping) and one.get("upstream"):
                stack.append(one["upstream"])
    return number


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
