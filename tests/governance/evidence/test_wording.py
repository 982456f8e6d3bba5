"""Every code that an audit can give reads as a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from django.utils.translation import override

from audits import kinds
from audits.cards.spec import CODES as CARD
from audits.files.notes import CODES as FILES
from audits.kinds.mitigation import CODES as MITIGATION
from audits.measures.counterfactual.reasons import CODES as COUNTERFACTUAL
from audits.measures.data.reasons import CODES as DATA
from audits.measures.drift.reasons import CODES as DRIFT
from audits.measures.ll144.reasons import CODES as LL144
from audits.measures.reasons import CODES as BIAS
from audits.measures.stress.reasons import CODES as STRESS
from audits.measures.suites.reasons import CODES as SUITE
from audits.models import Finding
from governance.evidence import wording
from licenses.findings import MESSAGES as LICENCE

NAMED = re.compile(r"%\((\w+)\)s")
# What a licence audit adds to the parameters of every finding.
ALWAYS = {"terms", "section", "source", "chain"}


def parameters() -> Iterable[tuple[str, str, set[str]]]:
    """Each kind and code, with the parameters that its findings have."""
    for code, known in CARD.items():
        yield "card", code, set(known.params)
    for kind, codes in (
        ("bias", BIAS),
        ("data", DATA),
        ("drift", DRIFT),
        ("ll144", LL144),
        ("counterfactual", COUNTERFACTUAL),
        ("suite", SUITE),
        ("stress", STRESS),
        ("files", FILES),
    ):
        for code, (_severity, names) in codes.items():
            yield kind, code, set(names)
    for code, names in MITIGATION.items():
        yield "mitigation", code, set(names)
    for code, message in LICENCE.items():
        yield "license", code, set(re.findall(r"\{(\w+)", message)) | ALWAYS


def test_every_kind_has_its_words():
    assert set(wording.SENTENCES) == set(kinds.names())


@pytest.mark.parametrize("kind", wording.SENTENCES)
def test_every_code_has_its_words_and_no_word_is_without_a_code(kind: str):
    codes = {code for of, code, _names in parameters() if of == kind}

    assert set(wording.SENTENCES[kind]) == codes


@pytest.mark.parametrize(("kind", "code", "names"), [*parameters()])
def test_words_name_only_what_a_finding_has(kind: str, code: str, names: set[str]):
    for sentence in wording.SENTENCES[kind][code]:
        assert set(NAMED.findall(str(sentence))) <= names
        assert "%" not in NAMED.sub("", str(sentence)).replace("%%", ""), "a lone % is an error when it is shown"


@pytest.mark.parametrize(("kind", "code", "names"), [*parameters()])
def test_words_are_sentences(kind: str, code: str, names: set[str]):
    title, mend = wording.finding_text(Finding(code=code, params=dict.fromkeys(names, "x")))

    assert title[0].isupper() or title.startswith("x")
    assert title.endswith((".", "?"))
    assert mend.endswith(".")
    assert code not in title


def test_a_code_without_words_is_shown_and_not_hidden():
    title, _mend = wording.finding_text(Finding(code="future.code", params={"a": 1}))

    assert "future.code" in title


@pytest.mark.parametrize("params", [{}, {"limit": None}, {"limit": "%(evil)s %s", "size": ["a"] * 900}])
def test_parameters_that_are_missing_or_odd_break_no_page(params: dict[str, object]):
    title, _mend = wording.finding_text(Finding(code="card.too_large", params=params))

    assert title.startswith("The card is too large")
    assert len(title) < 400


def test_words_follow_the_reader_and_figures_are_rounded():
    params = {name: 0.704123 for name in BIAS["bias.ratio_below_threshold"][1]}
    params |= {"attribute": "race", "group": "black", "comparator": "white", "metric": "demographic_parity_ratio"}

    title, _mend = wording.finding_text(Finding(code="bias.ratio_below_threshold", params=params))

    with override("ru"):
        russian, _mend = wording.finding_text(Finding(code="bias.ratio_below_threshold", params=params))

    assert "0,70 " in russian
    assert "race black fares worse than white: ratio of approval rates is 0.70 (95 % interval" in title
