"""Findings and ways out as rows, each with its chain, its clauses and the notes to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from audits.models import Finding
from governance.evidence import wording
from governance.evidence.wording.repairs import repair_text
from governance.licensing import queries as licensing
from governance.licensing import wording as terms
from governance.web.sentences import as_sentence
from governance.web.templatetags.words import look_up
from licenses import catalogue
from licenses.catalogue import Licence
from licenses.findings import ARTEFACT, RANK


def merged(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings with one code on one chain are one; their terms stand together."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in found:
        key = one["code"], tuple(one["chain"]), str(one["params"].get("value"))
        if key in merged:
            merged[key]["terms"].append(one["term"])
        else:
            merged[key] = {**one, "terms": [one["term"]]}
    return sorted(merged.values(), key=lambda one: -RANK[one["severity"]])


def finding_row(
    one: Mapping[str, Any],
    *,
    subject: str,
    paths: Mapping[tuple[str, ...], int],
    notes: Mapping[tuple[str, str], Sequence[Any]],
    drawn: licensing.Chain,
) -> dict[str, Any]:
    title, mend = words_of(one)
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


def words_of(one: Mapping[str, Any]) -> tuple[str, str]:
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


def repair_row(one: Mapping[str, Any]) -> dict[str, Any]:
    action, who = repair_text(one)
    found = {name: one.get(name, ()) for name in ("clears", "introduces")}
    return {"action": action, "who": who, "verdict": one.get("verdict", ""), **found}
