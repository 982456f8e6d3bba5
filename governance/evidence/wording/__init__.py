"""Findings in words, in the reader's language: what is so, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from audits.models import Finding
from governance.evidence.metric_words import metric_name
from governance.evidence.mitigation_report import method_name
from governance.evidence.wording import (
    bias,
    cards,
    counterfactual,
    data,
    drift,
    files,
    licences,
    ll144,
    mitigation,
    stress,
    suites,
)
from governance.evidence.wording.in_words import in_words
from governance.evidence.wording.refusals import refusal_text
from governance.web.templatetags import figures

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["SENTENCES", "finding_text", "refusal_text"]

Sentences = Mapping[str, "tuple[_StrPromise, _StrPromise]"]
LONGEST = 160
# A smaller chance is shown as smaller than this.
_SMALL = 0.001

SENTENCES: Mapping[str, Sentences] = {
    "card": cards.SENTENCES,
    "license": licences.SENTENCES,
    "bias": bias.SENTENCES,
    "data": data.SENTENCES,
    "drift": drift.SENTENCES,
    "ll144": ll144.SENTENCES,
    "counterfactual": counterfactual.SENTENCES,
    "suite": suites.SENTENCES,
    "mitigation": mitigation.SENTENCES,
    "files": files.SENTENCES,
    "stress": stress.SENTENCES,
    # figures without a judgement: nothing is found
    "metrics": {},
    "trial": {},
}
"""Audit kind -> code -> what is so, and how to mend it. Both take the finding's parameters."""


# Parameters that stand in the document as codes and in a sentence as words.
_IN_WORDS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "license": in_words,
    "ll144": ll144.in_words,
    "files": files.in_words,
    "stress": stress.in_words,
}


def finding_text(finding: Finding) -> tuple[str, str]:
    """A finding's title and how to mend it. A code without words is shown as it is, not hidden."""
    for kind, sentences in SENTENCES.items():
        if finding.code in sentences:
            title, mend = sentences[finding.code]
            if finding.code == "card.license.unknown_id" and not finding.params.get("meant"):
                title = cards.UNLIKE_ANY_LICENCE
            if mend is bias.MORE_ROWS and finding.params.get("rows_needed") is None:
                mend = bias.MORE_ROWS_OPEN
            elif mend is bias.MORE_ROWS and not finding.params.get("comparator_rows_needed"):
                mend = bias.MORE_ROWS_OF_ONE
            said_in_words = _IN_WORDS.get(kind, dict)
            params = _Shown(said_in_words(finding.params))
            if class_ := _class_of(finding):
                params["metric"] = _("%(metric)s of class %(class)s") % {"metric": params["metric"], "class": class_}
            return str(title) % params, str(mend) % params
    return _("Finding %(code)s") % {"code": finding.code}, ""


def _class_of(finding: Finding) -> str:
    """The class that a finding of several classes is about: its place begins with it."""
    metric = str(finding.params.get("metric", ""))
    name, found, _rest = finding.locus.removeprefix("class=").partition(f" {metric} ")
    return name if finding.locus.startswith("class=") and metric and found else ""


# Parameters of several audits whose values have words.
_WORDS: Mapping[str, Mapping[str, _StrPromise]] = {
    "what": data.WHAT,
    "script": data.SCRIPTS,
    "main": data.SCRIPTS,
    "fields": data.FIELDS,
    "why": {**bias.WHY, **data.WHY, **drift.MEASURES, **counterfactual.WHY, **suites.WHY},
    "measure": drift.MEASURES,
    "kind_reference": drift.MEASURES,
    "kind_current": drift.MEASURES,
}


class _Shown(dict[str, str]):
    """Parameters as they stand in a sentence. One that is missing is a question mark and no crash."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        limit = params.get("threshold")
        super().__init__({name: shown(value, limit=limit) for name, value in params.items()})
        if isinstance(params.get("metric"), str):
            self["metric"] = metric_name(self["metric"])
        if isinstance(params.get("method"), str):
            self["method"] = method_name(self["method"])
        if isinstance(params.get("section"), str):
            self["section"] = str(cards.SECTION_NAMES.get(params["section"], self["section"]))
        if params.get("column") == "":
            self["column"] = _("(no name)")
        q = params.get("q")
        if isinstance(q, float) and 0 <= q < _SMALL:
            self["q"] = f"<{figures.number(_SMALL, places=3)}"
        elif isinstance(q, float) and q < 10 * _SMALL:
            # two decimals of it would be none
            self["q"] = figures.number(q, places=3)
        for name, words in _WORDS.items():
            value = params.get(name)
            if isinstance(value, str) and value in words:
                self[name] = str(words[value])
            elif isinstance(value, list):
                self[name] = ", ".join(str(words.get(one, one)) for one in value)

    def __missing__(self, name: str) -> str:
        return "?"


def shown(value: Any, *, limit: Any = None) -> str:
    """A parameter as text: numbers as the page's other figures have them, lists with commas, nothing without end.

    Measured numbers have two decimals, or as many more as keep them apart from ``limit``.

    >>> shown(0.70412), shown(["a", "b"]), shown(1989), shown(None), shown(0.7996, limit=0.8)
    ('0.70', 'a, b', '1,989', '–', '0.7996')
    """
    if value is None:
        return "–"
    if isinstance(value, float) and not (value.is_integer() and abs(value) >= 10):
        return figures.ratio(value, limit=limit)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return figures.number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = ", ".join(shown(one) for one in value)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
