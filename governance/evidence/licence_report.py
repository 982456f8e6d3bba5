"""What the licences above a version say of a use, as pages show it: the chain, what stands against it, the ways out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.kinds import license as licence_audit
from audits.kinds.base import InputsRejected
from audits.models import Finding
from governance.catalog.models import Entry, SubjectKind, UseCase, Version
from governance.evidence import wording
from governance.evidence.wording.repairs import profile_value, repair_text
from governance.licensing import queries as licensing
from governance.licensing import wording as terms
from governance.licensing.inputs import license_inputs
from governance.licensing.models import Override
from governance.people.models import User
from governance.web.sentences import as_sentence
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up
from licenses import catalogue
from licenses.catalogue import Licence
from licenses.findings import ARTEFACT, RANK

MOST_DRAWN = 60
MOST_PATHS = 9
MOST_FINDINGS = 60
# Each way out is tried by judging everything again.
MOST_REPAIRED = 100


def report(
    user: User,
    *,
    version: Version,
    use_case: UseCase | None = None,
    may_override: bool = False,
    with_repairs: bool = True,
) -> dict[str, Any]:
    """All that ``licensing/partials`` shows of a version in a use case. At most a dozen queries.

    Works that the person may not see are told of without their names and licences. ``refused`` says why it cannot be
    judged, where that is so; then there is nothing else.
    """
    try:
        judged = veiled(judge(version, use_case, with_repairs=with_repairs), user=user)
    except InputsRejected as rejected:
        say = _("It cannot be judged; that counts as no.")
        return {"verdict": "unknown", "say": say, "why": as_sentence(str(rejected)), "refused": str(rejected)}
    drawn = licensing.chain(version=version, of=judged, most=MOST_DRAWN)
    document = judged.document
    found = _merged(document["findings"])
    against = [one for one in found if one["severity"] != "obligation"]
    paths = _paths(against)
    nodes, edges = drawing(drawn, paths)
    notes = licensing.annotations_of({str(one["params"].get("licence_id", "")) for one in found})
    subject = str(judged.inputs["subject"])
    shown = against[:MOST_FINDINGS]
    rows = [_finding(one, subject=subject, paths=paths, notes=notes, drawn=drawn) for one in shown]
    number = sum(one["severity"] == judged.verdict for one in against)
    return {
        "verdict": judged.verdict,
        "say": _say(judged.verdict, number),
        "why": _why(judged.verdict, rows, drawn),
        "name": subject,
        "nodes": nodes,
        "edges": edges,
        "left_out": drawn.more,
        "lit": len(paths),
        "findings": rows,
        "more": len(against) - len(shown),
        "has_conflict": any(row["severity"] == "conflict" for row in rows),
        "repairs": [_repair(one) for one in document["repairs"]],
        "overridden": [
            {**_finding(one, subject=subject, paths={}, notes={}, drawn=drawn), "override": one.get("override", {})}
            for one in _merged(document.get("overridden", ()))
        ],
        "later": [
            _finding(one, subject=subject, paths={}, notes={}, drawn=drawn)
            for one in [one for one in _merged(document["latent"]) if one["severity"] != "obligation"][:MOST_FINDINGS]
        ],
        "duties": _duties(licensing.obligations(version=version, use_case=use_case, of=judged), subject=subject),
        "overrides": overrides(user, version=version, use_case=use_case),
        "may_override": may_override,
        "profile": profile(judged.inputs["use_profile"], use_case=use_case),
        "use_case": use_case,
        "table_digest": document["table_digest"],
        "matrix": document.get("matrix"),
        "corrections": len(judged.inputs.get("corrections", ())),
        "works": len(drawn.nodes) - 1 + drawn.more,
    }


def judge(version: Version, use_case: UseCase | None, *, with_repairs: bool) -> licensing.Judged:
    """A version judged now. Ways out of a conflict are looked for where that takes no longer than a page may."""
    inputs = license_inputs(version=version, use_case=use_case)
    tried = with_repairs and len(inputs["works"]) <= MOST_REPAIRED
    return licensing.Judged(inputs, licence_audit.outcome(inputs, with_repairs=tried))


# --- what a person may not see ---------------------------------------------------------------------------------------


def veiled(judged: licensing.Judged, *, user: User) -> licensing.Judged:
    """The same judgement without names and licences of works that a person does not see. One query."""
    named = {(str(work["type"]), str(work["id"])) for work in _works(judged.inputs)}
    if not named:
        return judged
    ids = {name.partition(" (")[0] for _type, name in named}
    entries = Entry.objects.visible_to(user).filter(repo_id__in=ids)
    seen: set[tuple[str, str]] = set()
    for kind, repo_id, source in entries.values_list("kind", "repo_id", "source"):
        seen |= {(kind, repo_id), (kind, f"{repo_id} ({source})")}
    hidden = sorted({name for kind, name in named if (kind, name) not in seen})
    if not hidden:
        return judged
    veil = _Veil({name: _("work %(n)s that you may not see") % {"n": n} for n, name in enumerate(hidden, start=1)})
    document = veil.over(judged.outcome.document)
    return licensing.Judged(
        inputs=veil.over(judged.inputs),
        outcome=replace(judged.outcome, document=document),
    )


# What would tell of a work beyond its name.
_TELLING = ("license", "license_name", "license_at_head", "revision", "modalities")


def _works(inputs: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    waiting = [*inputs.get("upstream", ()), *inputs.get("works", ())]
    for work in waiting:
        yield work
        waiting.extend(work.get("upstream", ()))


class _Veil:
    """Masks over names, wherever they stand. Each text is looked through once: deep chains say it a thousand times."""

    def __init__(self, masks: Mapping[str, str]) -> None:
        self._masks = masks
        self._known: dict[str, str] = dict(masks)
        # Names that begin like others are looked for before these.
        self._longest_first = sorted(masks, key=len, reverse=True)

    def over(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._words(value)
        if isinstance(value, Mapping):
            hidden = value.get("id") in self._masks
            return {key: self.over(part) for key, part in value.items() if not (hidden and key in _TELLING)}
        if isinstance(value, (list, tuple)):
            if set(map(type, value)) <= {str}:  # chains, most often
                return self._each(value)
            return [self.over(part) for part in value]
        return value

    def _each(self, texts: Sequence[str]) -> list[str]:
        for new in set(texts).difference(self._known):
            self._words(new)
        return list(map(self._known.__getitem__, texts))

    def _words(self, text: str) -> str:
        known = self._known.get(text)
        if known is None:
            known = text
            for name in self._longest_first:
                if name in known:
                    # Not where it is the beginning of another name, such as that of the next version of a series.
                    whole = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
                    known = re.sub(whole, self._masks[name], known)
            self._known[text] = known
        return known


# --- the drawing -----------------------------------------------------------------------------------------------------


def _paths(against: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], int]:
    """The chains on which there is a conflict, numbered in the order of the findings."""
    paths: dict[tuple[str, ...], int] = {}
    for one in against:
        chain = tuple(one["chain"])
        if one["severity"] == "conflict" and len(paths) < MOST_PATHS:
            paths.setdefault(chain, len(paths) + 1)
    return paths


def drawing(
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


# --- findings --------------------------------------------------------------------------------------------------------


def _merged(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings with one code on one chain are one; their terms stand together."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in found:
        key = one["code"], tuple(one["chain"]), str(one["params"].get("value"))
        if key in merged:
            merged[key]["terms"].append(one["term"])
        else:
            merged[key] = {**one, "terms": [one["term"]]}
    return sorted(merged.values(), key=lambda one: -RANK[one["severity"]])


def _finding(
    one: Mapping[str, Any],
    *,
    subject: str,
    paths: Mapping[tuple[str, ...], int],
    notes: Mapping[tuple[str, str], Sequence[Any]],
    drawn: licensing.Chain,
) -> dict[str, Any]:
    title, mend = _words(one)
    licence_id = str(one["params"].get("licence_id", ""))
    row = catalogue.find(licence_id) if licence_id else None
    chain = list(one["chain"])
    return {
        "code": one["code"],
        "severity": one["severity"],
        "title": title,
        "mend": mend,
        "path": paths.get(tuple(chain), "") if len(paths) > 1 else "",
        "hops": _hops(one, subject=subject, drawn=drawn),
        "licence": row.name if row is not None else "",
        "licence_url": reverse("licensing:licence", args=[row.id]) if row is not None else "",
        "clauses": [
            {"label": terms.label(term), "sentence": terms.sentence(row, term), "anchor": f"#term-{term}"}
            for term in one["terms"]
            if row is not None and term in terms.terms.COLUMNS
        ],
        "section": _section(row, one),
        "source": one.get("source", ""),
        "notes": [note for column in (*one["terms"], "") for note in notes.get((licence_id, column), ())]
        if licence_id
        else [],
        "chain_json": json.dumps(chain),
    }


def _section(row: Licence | None, one: Mapping[str, Any]) -> str:
    """Where the text says so: those of the row's sections that speak of the terms, else all of them."""
    spoken = [terms.section_of(row, term) for term in one["terms"]] if row is not None else []
    return "; ".join(dict.fromkeys(part for part in spoken if part)) or str(one.get("section", ""))


def _words(one: Mapping[str, Any]) -> tuple[str, str]:
    """A finding in the reader's language; one without words here in the engine's own."""
    params = {**one["params"], "terms": one["terms"]}
    known = any(one["code"] in sentences for sentences in wording.SENTENCES.values())
    if not known:
        return as_sentence(str(one["message"])), ""
    return wording.finding_text(Finding(code=one["code"], params=params))


def _hops(one: Mapping[str, Any], *, subject: str, drawn: licensing.Chain) -> list[dict[str, str]]:
    """The chain as names with the relation that leads from each to the next."""
    chain = list(one["chain"])
    relations = list(one.get("relations", ()))
    if len(relations) != len(chain) - 1:
        by_step = {(link.upper[1], link.lower[1]): link.relation for link in drawn.links}
        relations = [by_step.get(step, "") for step in zip(chain, chain[1:], strict=False)]
    words = [str(look_up(relation or "unstated", "relation").label) for relation in relations]
    names = [subject if name == ARTEFACT else name for name in chain]
    return [{"name": name, "relation": word} for name, word in zip(names, [*words, ""], strict=True)]


def _repair(one: Mapping[str, Any]) -> dict[str, Any]:
    action, who = repair_text(one)
    found = {name: one.get(name, ()) for name in ("clears", "introduces")}
    return {"action": action, "who": who, "verdict": one.get("verdict", ""), **found}


# --- duties, overrides, the use ------------------------------------------------------------------------------------


def _duties(duties: Sequence[licensing.Duty], *, subject: str) -> list[dict[str, Any]]:
    """Obligations, each once with the works that ask for it; those that begin with distribution apart."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for duty in duties:
        title, mend = _words({"code": duty.code, "params": duty.params, "terms": [duty.term], "message": duty.message})
        state = "latent" if duty.latent else duty.state
        value = str(duty.params.get("value", ""))
        row = rows.setdefault(
            (duty.code, value, state),
            {
                "code": duty.code,
                "title": title if value or not mend else mend,
                "mend": mend if value else "",
                "state": state,
                "asking": {},
                "attested": duty.attested,
            },
        )
        work = subject if duty.chain[0] == ARTEFACT else duty.chain[0]
        licence_id = str(duty.params.get("licence_id", ""))
        known = catalogue.find(licence_id) if licence_id else None
        asking = row["asking"].setdefault(
            licence_id,
            {
                "licence": known.name if known is not None else licence_id,
                "url": reverse("licensing:licence", args=[known.id]) + f"#term-{duty.term}"
                if known is not None
                else "",
                "section": terms.section_of(known, duty.term) if known is not None else duty.section,
                "works": [],
            },
        )
        if work not in asking["works"]:
            asking["works"].append(work)
    return [{**row, "asking": list(row["asking"].values())} for row in rows.values()]


def overrides(user: User, *, version: Version, use_case: UseCase | None) -> list[Override]:
    """The overrides in force for a version's entry that concern a use case, soonest to end first. One query."""
    of = Override.objects.visible_to(user).in_force().filter(entry=version.entry_id)
    if use_case is not None:
        of = of.filter(Q(use_case=None) | Q(use_case=use_case))
    return list(of.select_related("author", "use_case").order_by("until", "pk"))


def profile(given: Mapping[str, Any], *, use_case: UseCase | None) -> list[dict[str, str]]:
    """What the licences were compared with, label over value; what is not given is said to be so."""
    labels = {
        "purpose": _("Purpose"),
        "mode": _("Mode"),
        "territory": _("Places"),
        "mau": _("Users a month"),
        "revenue_usd_year": _("Revenue, USD a year"),
        "field": _("Field"),
        "strictness": _("Strictness"),
    }
    return [{"label": label, "value": _value(given.get(name))} for name, label in labels.items()]


def _value(value: Any) -> str:
    if value in (None, "", [], ()):
        return _("not given")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return figures.number(value)
    return profile_value(value)


# --- the sentence --------------------------------------------------------------------------------------------------


def _say(verdict: str, number: int) -> str:
    if verdict == "conflict":
        return ngettext(
            "What the licences say and this use do not go together, at %(n)s point.",
            "What the licences say and this use do not go together, at %(n)s points.",
            number,
        ) % {"n": number}
    return {
        "unknown": _("It cannot be told whether the licences allow this use; that counts as no."),
        "warning": _("On a cautious reading, something has to be settled before this use."),
        "obligation": _("Nothing that was read stands against this use; the licences ask for something in return."),
        "pass": _("Nothing that was read stands against this use."),
    }.get(verdict, "")


def _why(verdict: str, rows: Sequence[Mapping[str, Any]], drawn: licensing.Chain) -> str:
    works = len(drawn.nodes) - 1 + drawn.more
    followed = ngettext("%(n)s work above it was followed.", "%(n)s works above it were followed.", works) % {
        "n": works
    }
    first = next((str(row["title"]) for row in rows if row["severity"] == verdict), "")
    return f"{first} {followed}".strip()
