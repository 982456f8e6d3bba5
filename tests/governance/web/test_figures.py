"""Words and figures: what verdicts, rates, durations, dates and digests look like."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from hypothesis import given

from governance.web.templatetags import figures, words
from tests.governance.web import gallery
from tests.governance.web.gallery import NB, NUMBERS, rendered, text_of


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"), timezone.override("UTC"):
        yield


PASSING = {"pass", "allow", "satisfied", "succeeded", "approved", "in_force", "active", "1", "2"}


@pytest.mark.parametrize(("family", "word"), [(family, word) for family, row in gallery.FAMILIES for word in row])
def test_every_state_shows_a_shape_and_a_word_and_only_what_holds_looks_like_a_pass(family: str, word: object) -> None:
    html = rendered("{% status word family=family %}", word=word, family=family)

    shown = words.FAMILIES[family][str(word)]
    assert f'href="#i-{shown.icon}"' in html
    assert text_of(html) == str(shown.label)
    # A waiver in force lets something through that does not hold.
    assert ("tone-pass" in html) == (family != "waiver" and str(word) in PASSING)


@pytest.mark.parametrize("word", sorted(words.GENERAL))
def test_a_word_without_a_family_is_known_too(word: str) -> None:
    html = rendered("{% status word %}", word=word)

    assert ("tone-pass" in html) == (word in PASSING)
    assert "i-unknown" not in html or word == "unknown"


@pytest.mark.parametrize("word", ["passed", "ok", "allowed", "PASS!", "pass\N{ZERO WIDTH SPACE}", "<b>pass</b>", "½"])
def test_a_word_that_nobody_listed_is_shown_as_it_is_and_never_as_a_pass(word: str) -> None:
    html = rendered("{% status word %}", word=word)

    assert "tone-none" in html
    assert "tone-pass" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(("family", "word"), [("licence", "allow"), ("gate", "pass"), ("run", "satisfied")])
def test_a_passing_word_of_another_family_does_not_pass_here(family: str, word: str) -> None:
    assert "tone-none" in rendered("{% status word family=family %}", word=word, family=family)


@pytest.mark.parametrize("word", [None, "", "   "])
def test_no_word_at_all_says_that_it_is_not_known(word: str | None) -> None:
    html = rendered("{% status word %}", word=word)

    assert text_of(html) == "Not known"
    assert "tone-none" in html


def test_a_very_long_word_is_cut() -> None:
    assert len(text_of(rendered("{% status word %}", word="x" * 5000))) <= words.LONGEST_UNKNOWN_WORD


@pytest.mark.parametrize(
    ("status", "severity", "group"),
    [
        ("satisfied", "fail", "holds"),
        ("waived", "fail", "holds"),
        ("not_applicable", "fail", "apart"),
        ("unsatisfied", "fail", "closes"),
        ("pending", "fail", "closes"),
        ("error", "fail", "closes"),
        ("unsatisfied", "warn", "warns"),
        ("unsatisfied", "", "closes"),
        ("something_new", "fail", "closes"),
        (None, None, "closes"),
    ],
)
def test_what_is_not_shown_to_hold_closes_the_gate(status: str | None, severity: str | None, group: str) -> None:
    assert words.consequence_of(status, severity) == group


def test_a_rate_stands_with_its_interval_and_n() -> None:
    assert text_of(rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")) == "44.8 % [42.6–47.2], n 1,795"


def test_a_rate_in_russian_has_a_comma_and_spaced_thousands() -> None:
    with translation.override("ru"):
        html = rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")

    assert text_of(html) == "44,8 % [42,6–47,2], n 1 795"
    assert f"44,8{NB}%" in html


def test_the_parts_of_a_figure_do_not_break_apart_at_a_line_end() -> None:
    assert f"n{NB}1,795" in rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")


@pytest.mark.parametrize(
    "value", [None, float("nan"), float("inf"), float("-inf"), Decimal("NaN"), "", "0.5", True, [], object()]
)
@pytest.mark.parametrize("tag", ["rate", "ratio", "points"])
def test_what_was_not_measured_says_so_and_is_never_zero(tag: str, value: object) -> None:
    text = text_of(rendered(f"{{% {tag} value n=23 %}}", value=value))

    assert text == "not measured, n 23"


@pytest.mark.parametrize("tag", ["count", "duration", "share"])
def test_a_missing_number_is_never_zero(tag: str) -> None:
    assert rendered(f"{{% {tag} value %}}", value=None) == "not measured"


def test_a_missing_interval_is_named() -> None:
    assert text_of(rendered("{% rate 0.5 n=40 %}")) == "50.0 %, interval not measured, n 40"
    assert text_of(rendered("{% rate 0.5 0.1 low n=40 %}", low=float("nan"))) == "50.0 %, interval not measured, n 40"
    assert text_of(rendered("{% ratio 0.5 0.4 0.6 %}")) == "0.50 [0.40–0.60], n not known"


def test_a_gap_is_in_points_and_its_interval_may_cross_zero() -> None:
    assert text_of(rendered("{% points 0.2139 0.182 0.245 3283 %}")) == "21.4 points [18.2–24.5], n 3,283"
    assert text_of(rendered("{% points -0.031 -0.05 0.024 10 %}")) == "−3.1 points [−5.0 to 2.4], n 10"
    assert text_of(rendered("{% points 0.01 0.005 0.015 10 %}")) == "1.0 point [0.5–1.5], n 10"


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (0.7996, 0.8, "0.7996"),
        (0.796, 0.8, "0.796"),
        (0.8004, 0.8, "0.8004"),
        (0.8, 0.8, "0.80"),
        (0.74, 0.8, "0.74"),
        (0.74, None, "0.74"),
    ],
)
def test_rounding_never_puts_a_ratio_on_its_limit(value: float, limit: float | None, shown: str) -> None:
    assert figures.ratio(value, limit=limit) == shown


def test_a_share_that_is_not_nothing_and_not_all_does_not_read_so() -> None:
    assert [figures.share(value).replace(NB, " ") for value in (0, 0.0002, 0.9998, 1)] == [
        "0.0 %",
        "< 0.1 %",
        "> 99.9 %",
        "100.0 %",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0003, "0.3 ms"),
        (0.00001, "< 0.1 ms"),
        (0.008, "8 ms"),
        (0.9999, "1.0 s"),
        (2.44, "2.4 s"),
        (59.4, "59 s"),
        (59.7, "1 min"),
        (252, "4 min 12 s"),
        (600, "10 min"),
        (1200, "20 min"),
        (3599, "1 h"),
        (3601, "1 h"),
        (7500, "2 h 5 min"),
        (86399, "1 day"),
        (90000, "1 day 1 h"),
        (172800, "2 days"),
        (31 * 86400, "31 days"),
        (-5, "−5 s"),
        (dt.timedelta(minutes=5), "5 min"),
    ],
)
def test_a_duration_is_in_its_largest_honest_unit(seconds: object, text: str) -> None:
    assert figures.duration(seconds).replace(NB, " ") == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "1,000 kB"),
        (999_999, "1.0 MB"),
        (412_000_000, "412 MB"),
        (16_100_000_000, "16.1 GB"),
        (5 * 10**15, "5,000 TB"),
        (None, "not known"),
    ],
)
def test_bytes_are_shown_in_steps_of_a_thousand(count: int | None, text: str) -> None:
    assert figures.size(count).replace(NB, " ") == text


def test_a_date_is_in_words_and_carries_its_moment() -> None:
    html = rendered("{% when day %} {% when day time=True %}", day=gallery.DAY)

    assert text_of(html) == "23 Nov 2026 23 Nov 2026, 14:01"
    assert 'datetime="2026-11-23T14:01:00+00:00"' in html


def test_a_date_is_shown_in_the_readers_zone_and_language() -> None:
    with timezone.override("Asia/Vladivostok"), translation.override("ru"):
        assert text_of(rendered("{% when day time=True %}", day=gallery.DAY)) == "24 ноября 2026, 00:01"


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-99-99", 7, "9999-99-99T00:00"])
def test_what_is_no_date_is_not_made_into_one(value: object) -> None:
    html = rendered("{% when value %}|{% when value otherwise=words %}", value=value, words="<never>")

    assert html == "not known|&lt;never&gt;"


def test_a_stored_day_is_the_same_day_in_every_time_zone() -> None:
    with timezone.override("America/New_York"):
        shown = figures.moment("2026-11-01")
        of_a_moment = figures.moment("2026-11-01T03:00:00+00:00")

    assert shown == dt.date(2026, 11, 1)
    assert isinstance(of_a_moment, dt.datetime)
    assert of_a_moment.date() == dt.date(2026, 10, 31)


def test_a_stored_moment_without_a_zone_is_universal_time() -> None:
    assert text_of(rendered("{% when value time=True %}", value="2026-11-23T14:01:00")) == "23 Nov 2026, 14:01"


def test_an_age_has_one_unit_and_is_never_negative() -> None:
    later = gallery.DAY + dt.timedelta(days=2, hours=5)

    assert text_of(rendered("{% age day at %}", day=gallery.DAY, at=later)) == "2 days"
    assert text_of(rendered("{% age at day %}", day=gallery.DAY, at=later)) == "0 s"


def test_a_digest_shows_eight_characters_and_holds_them_all() -> None:
    html = rendered("{% digest sha %}", sha=gallery.SHA)

    assert text_of(html) == gallery.SHA
    assert f'{gallery.SHA[:8]}<span class="digest__rest"' in html
    assert text_of(rendered("{% digest sha %}", sha="sha256:" + "ab" * 32)) == "sha256:" + "ab" * 32
    assert "sha256:abababab<span" in rendered("{% digest sha %}", sha="sha256:" + "ab" * 32)


def test_a_missing_digest_says_so_and_a_hostile_one_is_only_text() -> None:
    assert text_of(rendered("{% digest sha %}", sha=None)) == "not known"
    assert "<script" not in rendered("{% digest sha %}", sha='"><script>alert(1)</script>')
    assert len(rendered("{% digest sha %}", sha="f" * 10**6)) < 2000


@given(value=NUMBERS, low=NUMBERS, high=NUMBERS, n=NUMBERS)
def test_no_figure_however_odd_breaks_a_page(value: object, low: object, high: object, n: object) -> None:
    for tag in ("rate", "ratio", "points"):
        html = rendered(f"{{% {tag} value low high n limit=low %}}", value=value, low=low, high=high, n=n)
        assert not re.search(r"nan|inf", html, re.IGNORECASE)
    for tag in ("duration", "bytes", "count", "share", "when", "age", "digest", "status"):
        rendered(f"{{% {tag} value %}}", value=value)
