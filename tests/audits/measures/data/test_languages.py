"""Languages of texts, against translations whose language is known, and texts of which it cannot be told."""

from __future__ import annotations

import csv as csv_files
import gzip
import io
import re
import subprocess
import sys
from pathlib import Path

import django
import numpy as np
import pytest
from babel.messages.pofile import read_po

from audits.measures.data import languages as told
from audits.measures.data.languages import LEAST_LETTERS, language_of, languages
from tests.audits.measures.data.tables import audited, csv, found
from tests.audits.measures.made import LONG, TABLES

CATALOGUES = Path(django.__file__).parent / "conf" / "locale"
_PLACES = re.compile(r"%\([^)]*\)[sd]|%[sd]|%%|[{}<>]")

LARGE = ("en", "ru", "de", "fr", "es", "it", "pl", "nl", "pt", "uk")
SMALLER = ("cs", "sv", "da", "fi", "hu", "ro", "bg", "el", "tr", "sk", "sl", "et", "lv", "lt", "ca")


def sentences(language: str) -> list[str]:
    """What a framework's translators wrote in a language, long enough to be told."""
    of = "de" if language == "en" else language
    with (CATALOGUES / of / "LC_MESSAGES" / "django.po").open("rb") as file:
        # a broken plural of some catalogue is printed and is no matter here
        messages = [message for message in read_po(file) if isinstance(message.id, str) and message.id]
    texts = [str(message.id if language == "en" else message.string) for message in messages]
    plain = [_PLACES.sub(" ", text) for text in texts]
    return [text for text in plain if sum(map(str.isalpha, text)) >= LEAST_LETTERS]


@pytest.mark.parametrize("language", LARGE + (SMALLER if LONG else ()))
def test_what_is_told_of_real_sentences_is_right_and_much_is_told(language: str) -> None:
    texts = sentences(language)

    given = [language_of(text) for text in texts]

    told_ = [one for one in given if one is not None]
    assert len(texts) >= 60
    # of a hundred that are told at most two are wrong; short sentences are often not told
    assert told_.count(language) >= 0.98 * len(told_)
    assert len(told_) >= 0.25 * len(texts)


def test_the_product_s_own_russian_is_russian() -> None:
    path = Path(__file__).parents[4] / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        texts = [_PLACES.sub(" ", str(one.string)) for one in read_po(file) if isinstance(one.string, str) and one.id]
    long = [text for text in texts if len(text) > 60][:300]

    told_ = [one for one in map(language_of, long) if one is not None]

    assert len(told_) >= 270
    assert told_.count("ru") >= 0.98 * len(told_)


def test_real_cases_in_english_are_english() -> None:
    path = TABLES.parent / "text" / "hatecheck_test_suite_cases.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        texts = [row["test_case"] for row in csv_files.DictReader(file)][::4]

    told_ = [one for one in map(language_of, texts) if one is not None]

    assert len(told_) > 100
    assert told_.count("en") >= 0.98 * len(told_)


@pytest.mark.parametrize(
    "text",
    ["", "ok", "12 345 678 901 234 567 890", "😀" * 60, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x1 " * 40, "\u0301" * 90],
)
def test_what_has_no_language_is_undetermined(text: str) -> None:
    assert language_of(text) is None


def mixed() -> list[str]:
    return [*sentences("en")[:70], *sentences("ru")[:20]]


def test_rows_are_counted_by_language_and_the_untold_too() -> None:
    texts = [text.replace('"', "").replace("\n", " ") for text in mixed()]
    document = audited(csv("n,text", [f'{row},"{text} {row}"' for row, text in enumerate(texts)]))

    (row,) = [row for row in document["texts"] if row["column"] == "text"]
    counted = row["languages"]
    by_language = {one["language"]: one["rows"] for one in counted["languages"]}
    assert sum(by_language.values()) + counted["undetermined"] == counted["rows"] == 90
    assert set(by_language) == {"en", "ru"}
    assert by_language["en"] > by_language["ru"] >= 8
    assert found(document, "data.minor_language")["language"] == "ru"
    for one in counted["languages"]:
        assert one["low"] < one["share"] < one["high"]
        assert one["share"] == pytest.approx(one["rows"] / 90)
    assert document["sampled"] is False


def test_texts_that_cannot_be_told_are_said_to_be_many() -> None:
    document = audited(csv("n,text", [f"{row},zq {row * 7919} wv {row * 104729} xk jp" for row in range(60)]))

    finding = found(document, "data.language_undetermined")
    assert (finding["rows"], finding["of"]) == (60, 60)


def test_of_many_rows_a_sample_is_told_that_does_not_depend_on_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "language_of", lambda text: "en" if text < "m" else None)
    values = sorted(f"{chr(97 + row % 26)}{row}" for row in range(26_000))
    counts = np.ones(26_000, dtype=np.int64)

    one, other = languages(values, counts, seed=1), languages(values, counts, seed=1)

    assert one == other
    assert (one.sampled, one.rows) == (True, told.MOST)
    assert one.undetermined + one.counts["en"] == told.MOST
    # twelve of 26 letters, four standard errors of a sample of 5,000
    assert one.counts["en"] / told.MOST == pytest.approx(12 / 26, abs=0.028)


def test_a_sample_is_of_rows_and_not_of_different_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "language_of", lambda text: "en" if text == "a" else "ru")
    values = ["a", *(f"b{row}" for row in range(6_000))]
    counts = np.array([18_000, *([1] * 6_000)])

    found_ = languages(values, counts, seed=2)

    assert found_.counts["en"] / found_.rows == pytest.approx(0.75, abs=0.025)


def test_the_interval_of_a_sampled_share_covers_it() -> None:
    """Samples of a column whose truth is known: the share of a language lies in its interval 19 times in 20."""
    from audits.measures.intervals import wilson

    random = np.random.default_rng(4)
    runs = 20_000 if LONG else 2_000
    # without replacement, as the sample is drawn
    rows = random.hypergeometric(3_000, 17_000, 1_000, size=runs)

    low, high = wilson(rows, np.full(runs, 1_000))

    assert 0.94 <= np.mean((low <= 0.15) & (high >= 0.15)) <= 0.975


def test_the_model_is_loaded_for_texts_only() -> None:
    """Half a second and 100 MB, which tables of numbers do not pay."""
    script = (
        "import io, sys\n"
        "from audits.measures.data.auditing import audit_data, load_for\n"
        "from audits.measures.data.plan import DataPlan\n"
        "data = b'a,b\\n' + b''.join(b'%d,%d\\n' % (n % 7, n % 5) for n in range(99))\n"
        "audit_data(load_for(io.BytesIO(data), DataPlan()), DataPlan())\n"
        "print('py3langid' in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603

    assert ended.stdout.strip() == "False"


def test_long_texts_cost_no_more_than_their_beginning() -> None:
    text = "The committee will publish its report. " + "Комитет опубликует отчёт. " * 10_000

    assert language_of("The committee will publish its report. " * 20 + text) == "en"
    assert io.StringIO(text).read(told.LONGEST) == text[: told.LONGEST]
