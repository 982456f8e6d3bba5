"""Findings in words, in the reader's language: what is so, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from audits.models import Finding
from governance.evidence.bias_report import metric_name
from governance.evidence.wording import bias, cards, licences

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Sentences = Mapping[str, "tuple[_StrPromise, _StrPromise]"]
LONGEST = 160

SENTENCES: Mapping[str, Sentences] = {"card": cards.SENTENCES, "license": licences.SENTENCES, "bias": bias.SENTENCES}
"""Audit kind -> code -> what is so, and how to mend it. Both take the finding's parameters."""


def finding_text(finding: Finding) -> tuple[str, str]:
    """A finding's title and how to mend it. A code without words is shown as it is, not hidden."""
    for sentences in SENTENCES.values():
        if finding.code in sentences:
            title, mend = sentences[finding.code]
            params = _Shown(finding.params)
            return str(title) % params, str(mend) % params
    return _("Finding %(code)s") % {"code": finding.code}, ""


class _Shown(dict[str, str]):
    """Parameters as they stand in a sentence. One that is missing is a question mark and no crash."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__({name: shown(value) for name, value in params.items()})
        if isinstance(params.get("metric"), str):
            self["metric"] = metric_name(self["metric"])
        if isinstance(params.get("section"), str):
            self["section"] = str(cards.SECTION_NAMES.get(params["section"], self["section"]))

    def __missing__(self, name: str) -> str:
        return "?"


def shown(value: Any) -> str:
    """A parameter as text: three decimals for measured numbers, lists with commas, nothing without end.

    >>> shown(0.70412), shown(["a", "b"]), shown(1989.0), shown(None)
    ('0.704', 'a, b', '1989', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) >= 10 else number_format(f"{value:.3f}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = ", ".join(shown(one) for one in value)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
