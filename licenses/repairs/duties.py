"""What would meet the duties that were looked for and are open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from licenses import texts
from licenses.evidence import OPEN
from licenses.findings import ARTEFACT
from licenses.repairs.steps import Answer, Case, Step, on_artefact, unique


def duties(case: Case, answer: Answer) -> Iterator[Step]:
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


def _add_text() -> Step:
    files = {"has_license_file": True, "files_checked": False}

    def change(case: Case) -> Case:
        # A file that nobody has read yet: it is there, and what it says is still to be seen.
        looked = (case.get("artefact") or {}).get("texts") is not None
        return on_artefact(**files, **({"texts": [{"path": "LICENSE"}]} if looked else {}))(case)

    return Step("add_licence_text", ARTEFACT, change, meets=frozenset({"W-NO-TEXT"}))


def _add_texts(copies: Sequence[Answer], there: Sequence[Any]) -> Iterator[Step]:
    """The texts of licences further up, each as a file of its own; only texts that are known can be recognised."""
    known = {text.licence.id: digest for digest, text in texts.known_texts().items()}
    rows = {one["params"]["licence_id"]: one["params"]["licence"] for one in copies}
    # At the root it would be taken for the licence of the whole.
    added = [{"path": f"third_party/LICENSE-{row}", "sha256_normalised": known[row]} for row in rows if row in known]
    if added:
        params = {"licences": list(rows.values()), "licence_ids": list(rows)}
        change = on_artefact(texts=[*there, *added])
        target, meets = ", ".join(rows), frozenset({"O-LICENSE-COPY"})
        yield Step("add_texts", target, change, params, works=len(rows), meets=meets)


def _add_notice(naming: Sequence[Answer], there: Sequence[str]) -> Step:
    """One more NOTICE that names every work and licence that asks for it."""
    works = unique(one["params"]["work"] for one in naming)
    licences = unique(one["params"]["licence"] for one in naming)
    words = "\n".join(f"{one['params']['work']}: {one['params']['licence']}" for one in naming)
    params = {"works": works, "licences": licences}
    meets = frozenset({"O-NOTICE", "O-ATTRIB"})
    return Step("add_notice", "NOTICE", on_artefact(notice_texts=[*there, words]), params, meets=meets)


def _show_badges(badges: Sequence[Answer], artefact: Mapping[str, Any]) -> Iterator[Step]:
    """The words that licences want to be shown, put into the card."""
    cells = unique(one["params"]["value"] for one in badges)
    words = [re.sub(r"\([^)]*\)", "", cell.split("|")[0]).strip() for cell in cells]
    if isinstance(seen := artefact.get("card_seen"), Mapping):
        change = on_artefact(card_seen={**seen, "badges": [*(seen.get("badges") or ()), *cells]})
    elif isinstance(text := artefact.get("card_text"), str):
        change = on_artefact(card_text="\n".join([*words, text]))
    else:
        return
    params = {"words": words}
    yield Step("show_badge", ", ".join(words), change, params, works=len(words), meets=frozenset({"O-BADGE"}))
