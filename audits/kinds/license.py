"""The audit ``license``: the declared licence against those of every work upstream, for a use case's profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit
from licenses import expressions
from licenses.cases import CaseRejected
from licenses.findings import RANK, VERDICTS

KIND = "license"
SEVERITY = {"conflict": "high", "unknown": "medium", "warning": "medium", "obligation": "info"}
"""Severity of a licence finding -> severity of an audit's finding."""

_LICENCE_TEXT = re.compile(r"(un)?licen[cs]es?\b.*|copying\b.*", re.IGNORECASE)
# What other revisions of the work declare.
_OTHER_REVISIONS = ("license_at_head", "license_before")
# What was seen of the work, as the engine reads it.
_SEEN = ("texts", "notice_texts", "notices_cut", "card_seen", "card_names_origins", "records", *_OTHER_REVISIONS)
_NOTICE = re.compile(r"notices?\b.*", re.IGNORECASE)


@audit(KIND, version=2, packages=("license-expression",), verdicts=tuple(reversed(VERDICTS)), time_limit_s=120)
def run(context: Context) -> Outcome:
    """Judge the subject's licence through everything that it was made from.

    Inputs: ``subject`` (repository id), ``kind`` (model, dataset or space), ``card`` (``license``, ``license_name``,
    ``license_link`` as declared), ``files`` (names; an empty list says nothing unless ``files_known`` is true),
    ``upstream`` (objects with ``id``, ``type``, ``relation`` and, where ``works`` does not say it, ``license``,
    ``license_name``, ``known``), ``works`` (what is known of each work above, with its own ``upstream``), what was
    seen of the subject as ``licenses.observed`` reads it (``texts``, ``notice_texts``, ``notices_cut``, ``card_seen``,
    ``card_names_origins``, ``records``; absent where nobody looked), what its newest revision declares where that is
    another licence (``license_at_head``) and what an earlier one did (``license_before``), ``modalities``,
    ``text_reviewed``, ``attested`` (codes of obligations), ``corrections`` and ``overrides`` of people, and
    ``use_profile`` (purpose, mode, territory, mau, revenue_usd_year, field, strictness, …; null is "not given").

    Returns:
        verdict conflict | unknown | warning | obligation | pass; summary ``license_unknown_count`` and
        ``license_conflict_count``; the document of ``licenses.compat.check`` with ``subject`` and ``expression``.

    Raises:
        InputsRejected: an input has the wrong type, or a profile value is outside its vocabulary.
    """
    works = 1 + len(context.inputs.get("works") or context.inputs.get("upstream") or ())
    context.progress(0, works)
    judged = outcome(context.inputs)
    context.progress(works, works)
    return judged


def outcome(inputs: Mapping[str, Any], *, with_repairs: bool = True) -> Outcome:
    """What the audit says on its inputs. The same inputs and licence table give the same outcome, wherever.

    Args:
        with_repairs: whether the document says what would end a conflict or meet a duty; looking for that takes the
            most time.

    Raises:
        InputsRejected: as ``run``.
    """
    from licenses import compat  # the engine: only who judges loads it

    case = case_of(inputs)
    judge = compat.check if with_repairs else compat.judge
    try:
        document = judge(case, corrections=_list(inputs, "corrections"))
    except CaseRejected as refused:
        raise InputsRejected("license_inputs", str(refused)) from refused
    artefact = case["artefact"]
    return outcome_of(
        document["verdict"],
        document["findings"],
        {"subject": artefact["name"], "expression": _expression(artefact), **document},
    )


def outcome_of(verdict: str, found: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> Outcome:
    """The outcome with these binding findings, whoever judged: in any order, as ``licenses`` shows them."""
    return Outcome(
        verdict=verdict,
        summary={
            "license_unknown_count": float(sum(one["severity"] == "unknown" for one in found)),
            "license_conflict_count": float(sum(one["severity"] == "conflict" for one in found)),
        },
        document=document,
        drafts=_drafts(found),
    )


def holds_licence_text(files: Sequence[str]) -> bool:
    """Whether one of the files is by its name a licence text of the whole work."""
    plain = [PurePosixPath(name) for name in files]
    return any(
        _LICENCE_TEXT.fullmatch(path.name) is not None or len(path.parts) > 1 for path in plain if _is_for_all(path)
    )


def is_licence_text(name: str) -> bool:
    """Whether a file is by its name a licence text, of the whole work or of a part."""
    path = PurePosixPath(name)
    in_folder = len(path.parts) > 1 and path.parts[0].upper() == "LICENSES"
    return _LICENCE_TEXT.fullmatch(path.name) is not None or (in_folder and not is_notice(name))


def is_notice(name: str) -> bool:
    """Whether a file is by its name the notices of the whole work."""
    path = PurePosixPath(name)
    return _is_for_all(path) and _NOTICE.fullmatch(path.name) is not None


def _is_for_all(path: PurePosixPath) -> bool:
    return len(path.parts) == 1 or path.parts[0].upper() == "LICENSES"


def case_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as a case of the licence engine.

    Raises:
        InputsRejected: an input has the wrong type.
    """
    card, files = _mapping(inputs, "card"), _names(inputs)
    has_text = holds_licence_text(files)
    # No names at all is most often a version of which only the card is known: nobody looked.
    looked = bool(files) or inputs.get("files_known") is True
    artefact = {
        "type": inputs.get("kind") or "model",
        "name": inputs.get("subject"),
        "license": card.get("license"),
        "license_name": card.get("license_name"),
        "license_link": card.get("license_link"),
        "has_license_file": has_text if looked else None,
        "files_checked": inputs.get("files_known") is True and not has_text,
        "notices": ["Notice"] if any(is_notice(name) for name in files) else [],
        "attested": _list(inputs, "attested"),
        "declared_text_reviewed": inputs.get("text_reviewed") is True,
        "modalities": inputs.get("modalities"),
        **{name: inputs[name] for name in _SEEN if inputs.get(name) is not None},
    }
    case = {"artefact": artefact, "upstream": _list(inputs, "upstream"), "use_profile": profile_of(inputs)}
    for name in ("works", "overrides"):
        if several := _list(inputs, name):
            case[name] = several
    return case


def profile_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The use profile as the licence engine takes it."""
    profile = _mapping(inputs, "use_profile")
    # Who declared a catalogued card is not told by the card: an owner's own licence has to be claimed in the profile.
    return {**profile, "actor": profile.get("actor") or "unstated"}


def _list(inputs: Mapping[str, Any], key: str) -> list[Any]:
    value = inputs.get(key) or []
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InputsRejected("license_inputs", f"{key}: is a list" + _OBJECTS.get(key, ""))
    return list(value)


_OBJECTS = {"upstream": " of objects with id, license and relation", "works": " of objects with id, type and license"}


def place(one: Mapping[str, Any]) -> tuple[Any, ...]:
    """What findings are sorted by, whoever found them."""
    return -RANK[one["severity"]], one["code"], len(one["chain"]), tuple(one["chain"]), one["term"], one["section"]


def _drafts(found: Sequence[Mapping[str, Any]]) -> list[Draft]:
    """One draft for each code on each chain, gravest first; several terms behind one code stand in ``terms``."""
    drafts: dict[tuple[str, str], Draft] = {}
    for one in sorted(found, key=place):
        locus = " <- ".join(one["chain"])
        known = drafts.get((one["code"], locus))
        if known is not None:
            if one["term"] not in known.params["terms"]:
                known.params["terms"].append(one["term"])
            continue
        drafts[one["code"], locus] = Draft(
            code=one["code"],
            severity=SEVERITY[one["severity"]],
            locus=locus,
            params=params_of(one),
            field=field_of(one["chain"]),
        )
    return list(drafts.values())


def params_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a finding that ``licenses`` shows, beside its code and chain."""
    return {
        **one["params"],
        "terms": [one["term"]],
        "section": one["section"],
        "source": one["source"],
        "chain": list(one["chain"]),
        "relations": list(one["relations"]),
        **({"state": one["state"]} if "state" in one else {}),
    }


def field_of(chain: Sequence[str]) -> str:
    """The field of the card that a finding is about: of the work itself its own licence."""
    return "license" if len(chain) == 1 else ""


def _expression(artefact: Mapping[str, Any]) -> str:
    """The declared licence as one line; a list is written as the sum that it is judged as."""
    leaves = expressions.leaves(expressions.parse(artefact["license"], artefact["license_name"]))
    declared = artefact["license"]
    if isinstance(declared, str):
        return expressions.shorten(declared)
    return " AND ".join(leaf.written for leaf in leaves)


def _mapping(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = inputs.get(key) or {}
    if not isinstance(value, Mapping):
        raise InputsRejected("license_inputs", f"{key}: is an object")
    return value


def _names(inputs: Mapping[str, Any]) -> list[str]:
    files = inputs.get("files") or []
    if not isinstance(files, Sequence) or isinstance(files, (str, bytes)) or not all(isinstance(f, str) for f in files):
        raise InputsRejected("license_inputs", "files: is a list of file names")
    return list(files)
