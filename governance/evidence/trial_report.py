"""The document of a trial as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from audits.adapters.hearing import CONFIGURATION, GRAPH, HIGHEST, MEAN, TOLD
from audits.kinds.shown import PICTURE, SOUND
from audits.models import Run
from governance.web.templatetags import figures

Document = Mapping[str, Any]
LONGEST_CELL = 400


def sentence(document: Document) -> str:
    """How a trial went, in one sentence."""
    if "failed" not in document:
        return _("The model answered. Nothing is judged by that.")
    words = {
        "out_of_time": _("The model did not answer in its time and was ended."),
        "out_of_memory": _("The model took more memory than it was given and was ended."),
        "too_much_output": _("The model said more than it may and was ended."),
        "too_many_threads": _("The model started more threads than it may and was ended."),
        "crashed": _("The model crashed."),
        "model_failed": _("The model refused what it was asked."),
        "wrong_answer": _("The model answered something else than it declares."),
    }
    return words.get(str(document["failed"].get("code")), _("The model did not answer."))


def shown(_run: Run, document: Document) -> dict[str, Any]:
    """Rows of question and answer, and how the model was run."""
    failed = document.get("failed") or {}
    answers = document.get("answers") or []
    outputs = [one["name"] for one in (document.get("signature") or {}).get("outputs", ())]
    return {
        "trial": {
            "outputs": outputs,
            "rows": [
                {"question": _typed(asked), "answers": [(name, _cell(answer.get(name))) for name in outputs]}
                for asked, answer in zip(document.get("question") or [], answers, strict=False)
            ],
            "texts": [
                (row, _typed(asked)[:80])
                for row, asked in enumerate(document.get("question") or [])
                if isinstance(asked, str) or (isinstance(asked, Mapping) and PICTURE in asked)
            ],
            "questions": [_typed(asked) for asked in document.get("question") or []] if failed else [],
            "failed": failed,
            "facts": _facts(document),
            "model": document.get("model", ""),
            "digest": document.get("digest", ""),
        }
    }


def _facts(document: Document) -> list[tuple[str, str]]:
    isolation = document.get("isolation") or {}
    limits = document.get("limits") or {}
    found = [
        (_("Isolation"), f"{isolation.get('level', '?')} ({isolation.get('wall', '?')})"),
        (_("Worker is root"), _("yes") if isolation.get("worker_is_root") else _("no")),
    ]
    signature = document.get("signature") or {}
    if signature.get("hearing"):
        found.append((_("Hears"), _hears(signature["hearing"])))
    for label, name in ((_("Start took"), "load_seconds"), (_("Answer took"), "answer_seconds")):
        if document.get(name) is not None:
            found.append((label, figures.duration(document[name])))
    if limits:
        most = figures.duration(limits["answer_seconds"])
        found.append((_("Ended after"), most))
    if document.get("peak_memory_bytes"):
        used, most = figures.size(document["peak_memory_bytes"]), figures.size(limits.get("memory_bytes", 0))
        found.append((_("Memory"), _("%(used)s of %(most)s") % {"used": used, "most": most}))
    return found


def _hears(hearing: Mapping[str, Any]) -> str:
    """How the model hears, in words: the rate and who says it, the windows, and what becomes of their scores."""
    origins = {
        TOLD: _("as told with the question"),
        CONFIGURATION: _("by preprocessor_config.json"),
        GRAPH: _("by the metadata of the ONNX file"),
    }
    told = {
        "rate": figures.number(hearing["rate"]),
        "origin": origins[hearing["rate_from"]],
        "window": figures.number(hearing["window"] or 0),
        "context": figures.number(hearing["context"]),
    }
    parts = [_("%(rate)s samples in a second (%(origin)s), one channel") % told]
    if hearing["window"] is None:
        parts.append(_("each sound whole"))
    else:
        parts.append(_("windows of %(window)s samples, the last filled up with silence") % told)
    if hearing["context"]:
        parts.append(_("with each the %(context)s samples before it") % told)
    if hearing["normalizes"]:
        parts.append(_("brought to mean 0 and variance 1"))
    rules = {MEAN: _("a score is the mean of the windows’"), HIGHEST: _("a score is the highest of the windows’")}
    return "; ".join([*parts, *([rules[hearing["rule"]]] if hearing["rule"] in rules else [])])


def _typed(asked: Any) -> str:
    """A question as it was typed."""
    if isinstance(asked, Mapping):
        kind = str(asked.get("media_type", "")).rpartition("/")[2].upper()
        named = asked.get(PICTURE) or asked.get(SOUND)
        shown = {"kind": kind, "size": figures.size(asked.get("bytes", 0)), "digest": str(named)[:12]}
        if SOUND in asked:
            return _("sound: %(kind)s, %(size)s, %(digest)s…") % shown
        return _("picture: %(kind)s, %(size)s, %(digest)s…") % shown
    cells = asked if isinstance(asked, list) else [asked]
    text = ", ".join(f"{cell:.15g}" if isinstance(cell, float) else str(cell) for cell in cells)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


def _shape(value: Mapping[str, Any]) -> str:
    return "×".join(map(str, value["shape"]))


def _cell(value: Any) -> str:
    """An answer in words: scores by class with the highest first, a vector by its beginning."""
    if isinstance(value, Mapping) and "shape" in value:
        if best := value.get("highest"):
            told = ", ".join(f"{_cell(place)}: {_cell(score)}" for place, score in best)
            return _("highest: %(best)s (of %(shape)s numbers)") % {"best": told, "shape": _shape(value)}
        first = ", ".join(_cell(one) for one in value.get("first", ()))
        return _("%(first)s, … (%(shape)s numbers)") % {"first": first, "shape": _shape(value)}
    if isinstance(value, Mapping):
        order = sorted(value, key=lambda name: (-value[name] if isinstance(value[name], float) else 0, name))
        return ", ".join(f"{name}: {_cell(value[name])}" for name in order)
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, float):
        return figures.number(value, places=4) if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.3g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return figures.number(value)
    if value is None:
        return "–"
    text = str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
