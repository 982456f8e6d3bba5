"""The parts that pages are made of: words, figures, charts, drawings, and the markup around them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from governance.web.templatetags import charts, drawings, figures, words
from tests.governance.web import gallery

NB = "\N{NO-BREAK SPACE}"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
PASSING = {"pass", "allow", "satisfied", "succeeded", "approved", "in_force", "active", "1", "2"}

pytestmark = pytest.mark.urls("tests.governance.web.gallery")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"), timezone.override("UTC"):
        yield


def rendered(source: str, **values: Any) -> str:
    return Template("{% load assay %}" + source).render(Context(values))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).replace(NB, " ").split())


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "word"), [(family, word) for family, row in gallery.FAMILIES for word in row])
def test_every_state_shows_a_shape_and_a_word_and_only_what_holds_looks_like_a_pass(family: str, word: object):
    html = rendered("{% status word family=family %}", word=word, family=family)

    shown = words.FAMILIES[family][str(word)]
    assert f'href="#i-{shown.icon}"' in html
    assert text_of(html) == str(shown.label)
    assert ("tone-pass" in html) == (str(word) in PASSING)


@pytest.mark.parametrize("word", sorted(words.GENERAL))
def test_a_word_without_a_family_is_known_too(word: str):
    html = rendered("{% status word %}", word=word)

    assert ("tone-pass" in html) == (word in PASSING)
    assert "i-unknown" not in html or word == "unknown"


@pytest.mark.parametrize("word", ["passed", "ok", "allowed", "PASS!", "pass\N{ZERO WIDTH SPACE}", "<b>pass</b>", "½"])
def test_a_word_that_nobody_listed_is_shown_as_it_is_and_never_as_a_pass(word: str):
    html = rendered("{% status word %}", word=word)

    assert "tone-none" in html
    assert "tone-pass" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(("family", "word"), [("licence", "allow"), ("gate", "pass"), ("run", "satisfied")])
def test_a_passing_word_of_another_family_does_not_pass_here(family: str, word: str):
    assert "tone-none" in rendered("{% status word family=family %}", word=word, family=family)


@pytest.mark.parametrize("word", [None, "", "   "])
def test_no_word_at_all_says_that_it_is_not_known(word: str | None):
    html = rendered("{% status word %}", word=word)

    assert text_of(html) == "Not known"
    assert "tone-none" in html


def test_a_very_long_word_is_cut():
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
def test_what_is_not_shown_to_hold_closes_the_gate(status: str | None, severity: str | None, group: str):
    assert words.consequence_of(status, severity) == group


# --- figures ---------------------------------------------------------------------------------------------------------


def test_a_rate_stands_with_its_interval_and_n():
    assert text_of(rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")) == "44.8 % [42.6–47.2], n 1,795"


def test_a_rate_in_russian_has_a_comma_and_spaced_thousands():
    with translation.override("ru"):
        html = rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")

    assert text_of(html) == "44,8 % [42,6–47,2], n 1 795"
    assert f"44,8{NB}%" in html


def test_the_parts_of_a_figure_do_not_break_apart_at_a_line_end():
    assert f"n{NB}1,795" in rendered("{% rate 0.44847 0.4256 0.4716 1795 %}")


@pytest.mark.parametrize(
    "value", [None, float("nan"), float("inf"), float("-inf"), Decimal("NaN"), "", "0.5", True, [], object()]
)
@pytest.mark.parametrize("tag", ["rate", "ratio", "points"])
def test_what_was_not_measured_says_so_and_is_never_zero(tag: str, value: object):
    text = text_of(rendered(f"{{% {tag} value n=23 %}}", value=value))

    assert text == "not measured, n 23"


@pytest.mark.parametrize("tag", ["count", "duration", "share"])
def test_a_missing_number_is_never_zero(tag: str):
    assert rendered(f"{{% {tag} value %}}", value=None) == "not measured"


def test_a_missing_interval_is_named():
    assert text_of(rendered("{% rate 0.5 n=40 %}")) == "50.0 %, interval not measured, n 40"
    assert text_of(rendered("{% rate 0.5 0.1 low n=40 %}", low=float("nan"))) == "50.0 %, interval not measured, n 40"
    assert text_of(rendered("{% ratio 0.5 0.4 0.6 %}")) == "0.50 [0.40–0.60], n not known"


def test_a_gap_is_in_points_and_its_interval_may_cross_zero():
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
def test_rounding_never_puts_a_ratio_on_its_limit(value: float, limit: float | None, shown: str):
    assert figures.ratio(value, limit=limit) == shown


def test_a_share_that_is_not_nothing_and_not_all_does_not_read_so():
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
def test_a_duration_is_in_its_largest_honest_unit(seconds: object, text: str):
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
def test_bytes_are_shown_in_steps_of_a_thousand(count: int | None, text: str):
    assert figures.size(count).replace(NB, " ") == text


def test_a_date_is_in_words_and_carries_its_moment():
    html = rendered("{% when day %} {% when day time=True %}", day=gallery.DAY)

    assert text_of(html) == "23 Nov 2026 23 Nov 2026, 14:01"
    assert 'datetime="2026-11-23T14:01:00+00:00"' in html


def test_a_date_is_shown_in_the_readers_zone_and_language():
    with timezone.override("Asia/Vladivostok"), translation.override("ru"):
        assert text_of(rendered("{% when day time=True %}", day=gallery.DAY)) == "24 ноября 2026, 00:01"


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-99-99", 7, "9999-99-99T00:00"])
def test_what_is_no_date_is_not_made_into_one(value: object):
    html = rendered("{% when value %}|{% when value otherwise=words %}", value=value, words="<never>")

    assert html == "not known|&lt;never&gt;"


def test_a_stored_moment_without_a_zone_is_universal_time():
    assert text_of(rendered("{% when value time=True %}", value="2026-11-23T14:01:00")) == "23 Nov 2026, 14:01"


def test_an_age_has_one_unit_and_is_never_negative():
    later = gallery.DAY + dt.timedelta(days=2, hours=5)

    assert text_of(rendered("{% age day at %}", day=gallery.DAY, at=later)) == "2 days"
    assert text_of(rendered("{% age at day %}", day=gallery.DAY, at=later)) == "0 s"


def test_a_digest_shows_eight_characters_and_holds_them_all():
    html = rendered("{% digest sha %}", sha=gallery.SHA)

    assert text_of(html) == gallery.SHA
    assert f'{gallery.SHA[:8]}<span class="digest__rest"' in html
    assert text_of(rendered("{% digest sha %}", sha="sha256:" + "ab" * 32)) == "sha256:" + "ab" * 32
    assert "sha256:abababab<span" in rendered("{% digest sha %}", sha="sha256:" + "ab" * 32)


def test_a_missing_digest_says_so_and_a_hostile_one_is_only_text():
    assert text_of(rendered("{% digest sha %}", sha=None)) == "not known"
    assert "<script" not in rendered("{% digest sha %}", sha='"><script>alert(1)</script>')
    assert len(rendered("{% digest sha %}", sha="f" * 10**6)) < 2000


numbers = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.booleans(),
    st.integers(10**290, 10**310),
)


@given(value=numbers, low=numbers, high=numbers, n=numbers)
def test_no_figure_however_odd_breaks_a_page(value: object, low: object, high: object, n: object):
    for tag in ("rate", "ratio", "points"):
        html = rendered(f"{{% {tag} value low high n limit=low %}}", value=value, low=low, high=high, n=n)
        assert "nan" not in html.lower() or "not" in html
        assert "inf" not in html.lower()
    for tag in ("duration", "bytes", "count", "share", "when", "age", "digest", "status"):
        rendered(f"{{% {tag} value %}}", value=value)


# --- charts ----------------------------------------------------------------------------------------------------------


def place(text: str) -> float:
    return float(text.removesuffix("%"))


def test_a_chart_of_rates_starts_at_zero_and_puts_every_estimate_in_its_place():
    chart = charts.interval_chart(gallery.RATES, kind="rate", ceiling=0.3345, reference=0.2345)

    end = [tick for tick in chart.ticks if tick.x == "100%"][0]
    top = float(end.text.replace(NB, "").rstrip("%")) / 100
    first = chart.rows[0].mark
    assert chart.ticks[0].text.replace(NB, " ") == "0 %"
    assert chart.ticks[0].x == chart.lines.zero == "0%"
    assert place(first.x) == pytest.approx(100 * 0.4485 / top, abs=0.01)
    assert place(first.x_low) < place(first.x) < place(first.x_high)
    assert place(chart.lines.ceiling) == pytest.approx(100 * 0.3345 / top, abs=0.01)
    assert place(chart.lines.ceiling) + place(chart.lines.beyond_width) == pytest.approx(100, abs=0.01)


def test_a_failing_group_is_a_diamond_and_one_that_cannot_be_judged_is_hollow():
    rows = {row.label: row for row in charts.interval_chart(gallery.RATES, ceiling=0.3345).rows}

    assert (rows["African-American"].mark.shape, rows["African-American"].mark.tone) == ("diamond", "fail")
    assert (rows["Hispanic"].mark.shape, rows["Hispanic"].mark.tone) == ("dot", "")
    assert (rows["Other"].mark.shape, rows["Other"].mark.tone) == ("dot", "warn")
    assert (rows["Asian"].mark.shape, rows["Asian"].mark.tone) == ("hollow", "open")
    assert rows["Not stated"].mark.shape == ""
    assert rows["Not stated"].value == "not measured"


def test_a_group_below_thirty_never_keeps_a_verdict_that_it_cannot_have():
    rows = charts.interval_chart(
        [{"label": "few", "n": 29, "value": 0.9, "low": 0.7, "high": 1.0, "verdict": "pass"}]
    ).rows

    assert rows[0].verdict == "insufficient_data"
    assert rows[0].mark.shape == "hollow"


def test_a_group_below_ten_is_counted_and_its_figures_are_not_in_the_page():
    html = rendered("{% interval_chart rows title='t' %}", rows=gallery.RATES)

    assert "Native American" in html
    assert "37.5" not in html
    assert "hidden, too few rows" in html
    assert f"n{NB}&lt;{NB}10" in html


def test_a_hidden_group_does_not_show_itself_through_the_scale():
    row = {"label": "few", "n": 3, "value": 0.99, "low": 0.9, "high": 1.0}

    assert charts.interval_chart([*gallery.RATES[:2], row]).ticks == charts.interval_chart(gallery.RATES[:2]).ticks


def test_a_difference_shows_its_zero_line():
    chart = charts.interval_chart(gallery.GAPS, kind="points", ceiling=0.1)

    assert 0 < place(chart.lines.zero) < place(chart.lines.ceiling) < 100
    assert "0" in [tick.text for tick in chart.ticks if tick.x == chart.lines.zero]


def test_panels_that_are_given_one_top_share_one_scale():
    high, low = ([{"label": "a", "n": 99, "value": v, "low": v, "high": v, "verdict": "pass"}] for v in (0.9, 0.1))

    assert charts.interval_chart(high, top=1).ticks == charts.interval_chart(low, top=1).ticks


def test_the_floor_of_a_ratio_is_shaded_below():
    html = rendered("{% interval_chart rows kind='ratio' floor=0.8 reference=1 %}", rows=gallery.RATIOS)

    assert html.count('<rect class="c-bad" x="0%"') == 3
    assert "c-limit" in html
    assert "c-ref" in html


def test_ticks_of_half_steps_keep_their_decimals():
    rows = [{"label": "a", "n": 99, "value": 0.09, "low": 0.08, "high": 0.1}]

    texts = [tick.text.replace(NB, " ") for tick in charts.interval_chart(rows).ticks]
    assert texts == ["0.0 %", "2.5 %", "5.0 %", "7.5 %", "10.0 %"]


def test_geometry_keeps_its_decimal_point_in_every_language():
    with translation.override("ru"):
        html = rendered(
            "{% interval_chart rows ceiling=0.33 %}{% gauge 0.704 0.63 0.786 197 floor=0.8 verdict='fail' %}",
            rows=gallery.RATES,
        )

    assert not re.search(r' (?:x|x1|x2|cx|width)="[^"]*,', html)
    assert "44,9" in text_of(html)


def test_a_chart_without_groups_says_so():
    assert "There is no group to draw." in rendered("{% interval_chart rows %}", rows=[])
    assert "There is no group to draw." in rendered("{% interval_chart rows %}", rows=None)


def test_a_group_with_a_hostile_name_is_only_text():
    row = {"label": "<img src=x onerror=alert(1)>", "n": 40, "value": 0.5, "low": 0.4, "high": 0.6, "verdict": "<b>"}

    html = rendered("{% interval_chart rows title=title %}", rows=[row], title="<i>")
    assert not {"<img", "<b>alert", "<i>"} & set(re.findall(r"<\w+[^>]*", html))


def test_a_chart_of_thousands_of_groups_stays_bounded_and_says_what_it_left_out():
    rows = [{"label": str(n), "n": 50, "value": 0.5, "low": 0.4, "high": 0.6} for n in range(5000)]

    chart = charts.interval_chart(rows)
    assert len(chart.rows) == charts.MOST_ROWS
    assert chart.left_out == 5000 - charts.MOST_ROWS


estimates = st.fixed_dictionaries(
    {"label": st.text(max_size=4), "n": numbers, "value": numbers, "low": numbers, "high": numbers}
)


@given(
    rows=st.lists(estimates, max_size=4),
    floor=numbers,
    ceiling=numbers,
    kind=st.sampled_from(["rate", "ratio", "points"]),
)
def test_every_mark_stays_inside_the_drawing(rows: list[dict[str, Any]], floor: object, ceiling: object, kind: str):
    chart = charts.interval_chart(rows, kind=kind, floor=floor, ceiling=ceiling)

    lines = [chart.lines.zero, chart.lines.floor, chart.lines.ceiling, chart.lines.beyond_width]
    marks = [x for row in chart.rows for x in (row.mark.x, row.mark.x_low, row.mark.x_high)]
    assert all(0 <= place(x) <= 100 for x in (*lines, *marks) if x)
    assert 2 <= len(chart.ticks) <= 8


def test_a_gauge_shows_the_figure_the_limit_and_how_it_stands_to_it():
    html = rendered("{% gauge 0.704 0.63 0.786 197 kind='ratio' floor=0.8 verdict='fail' %}")

    assert text_of(html) == "0.70 [0.63–0.79], n 197 0.80limit 0.80"
    assert "tone-fail" in html
    assert "<path" in html


# --- drawings --------------------------------------------------------------------------------------------------------


def test_the_lineage_drawing_puts_what_it_was_made_of_left_and_what_was_made_of_it_right():
    made = drawings.lineage(gallery.NODES, gallery.EDGES)

    x = {box.key: box.x for box in made.boxes}
    assert x["llama"] == x["alpaca"] < x["here"] < x["int4"] == x["desk"]
    assert (made.upstream, made.downstream) == (3, 2)
    assert len(made.arrows) == 5
    assert {arrow.lit for arrow in made.arrows} == {True, False}


def test_boxes_of_a_lineage_never_overlap_and_stay_on_the_sheet():
    many = [{"key": str(n), "label": str(n), "depth": n % 5 - 2} for n in range(40)]

    made = drawings.lineage(many, [])
    places = {(box.x, box.y) for box in made.boxes}
    assert len(places) == len(made.boxes)
    for box in made.boxes:
        assert 0 <= box.x <= made.width - drawings.BOX_WIDTH
        assert 0 <= box.y <= made.height - drawings.BOX_HEIGHT
    rows = sorted(y for x, y in places if x == 10)
    assert all(b - a >= drawings.BOX_HEIGHT for a, b in zip(rows, rows[1:], strict=False))


def test_what_the_drawing_has_no_room_for_stands_in_the_list():
    nodes = [{"key": "here", "label": "here", "depth": 0}]
    nodes += [{"key": f"p{n}", "label": f"parent-{n}", "depth": -1} for n in range(30)]

    html = rendered("{% lineage nodes edges name='here' %}", nodes=nodes, edges=[{"source": "p0", "target": "here"}])
    assert all(f"parent-{n}" in html for n in range(30))
    assert "22 more stand in the list only." in html


def test_the_list_says_in_words_what_the_drawing_shows():
    html = rendered("{% lineage nodes edges name='acme/claims-chat-8b' %}", nodes=gallery.NODES, edges=gallery.EDGES)

    chain = text_of(html[html.index('<ol class="chain"') :])
    assert "meta-llama/Meta-Llama-3-8B llama3finetuned into acme/claims-chat-8b" in chain
    assert "non-commercial data, commercial use" in chain
    assert (
        "quantized into acme/claims-chat-8b-with-a-name-that-goes-on-and-on-int4; served in Space: claims-desk" in chain
    )


def test_a_long_name_is_cut_in_the_drawing_and_whole_in_the_list():
    long = gallery.NODES[4]["label"]
    box = next(box for box in drawings.lineage(gallery.NODES, []).boxes if box.key == "int4")

    assert len(box.short) <= drawings.WIDEST_LABEL
    assert box.short.endswith("int4")
    assert box.label == long


def test_a_circle_in_a_lineage_is_drawn_once_and_ends():
    nodes = [{"key": "a", "label": "a", "depth": 0}, {"key": "b", "label": "b", "depth": 1}]
    edges = [{"source": "a", "target": "b"}, {"source": "b", "target": "a"}, {"source": "a", "target": "a"}]

    assert len(drawings.lineage(nodes, edges).arrows) == 1


def test_two_relations_of_one_pair_share_an_arrow():
    nodes = [{"key": "a", "label": "a", "depth": 0}, {"key": "b", "label": "b", "depth": 1}]
    edges = [{"source": "a", "target": "b", "relation": r} for r in ("finetune", "quantized", "finetune")]

    assert [arrow.label for arrow in drawings.lineage(nodes, edges).arrows] == ["finetuned into, quantized into"]


def test_an_entry_without_lineage_says_so():
    assert "names nothing" in rendered("{% lineage nodes edges %}", nodes=[], edges=[])


# --- hallmark --------------------------------------------------------------------------------------------------------

STRUCK = (
    "{% hallmark in_force=holds stage='production' policy='high-production' number=7 granted_at=day expires_at=later"
    " by='three people' %}"
)


def test_the_hallmark_says_stage_policy_and_week_and_until_when():
    html = rendered(STRUCK, holds=True, day=gallery.DAY, later=gallery.LATER)

    assert [part for part in re.findall(r"<text[^>]*>([^<]*)", html)] == ["PROD", "HP·7", "26·48"]
    assert 'aria-label="Approved and signed: Production, policy high-production 7, week 48 of 2026"' in html
    assert "until 15 Feb 2027" in text_of(html)


@pytest.mark.parametrize("holds", [False, None, "", 0])
def test_an_approval_that_is_not_in_force_has_no_hallmark(holds: object):
    assert rendered(STRUCK, holds=holds, day=gallery.DAY, later=gallery.LATER).strip() == ""


def test_a_hallmark_cannot_be_struck_without_saying_whether_the_approval_holds():
    with pytest.raises(Exception, match="in_force"):
        rendered("{% hallmark stage='pilot' granted_at=day %}", day=gallery.DAY)


# --- parts -----------------------------------------------------------------------------------------------------------


def included(name: str, **values: Any) -> str:
    return render_to_string(f"components/{name}.html", values)


def test_requirements_that_close_the_gate_stand_first_and_those_that_hold_fold_up():
    html = included("requirements", requirements=list(reversed(gallery.REQUIREMENTS)))

    titles = [text_of(part) for part in re.findall(r'<h3 class="reqs__group">.*?</h3>', html, re.S)]
    assert titles == ["Close the gate: 3", "Warn, and do not close the gate: 1", "Hold: 9", "Do not apply: 1"]
    assert "4 more that hold" in html


def test_no_requirements_at_all_are_not_a_pass():
    html = included("requirements", requirements=[])

    assert "the gate stays closed" in html
    assert "tone-pass" not in html


def test_a_repair_stands_in_its_requirement():
    html = included("requirement", requirement=gallery.REQUIREMENTS[0])

    assert "To mend: raise the ratio and run the audit again, or ask for a waiver. (Omar Haddad)" in text_of(html)
    assert 'id="requirement-bias"' in html


def test_a_waiver_is_named_where_its_requirement_is_named():
    html = included("requirement", requirement=gallery.REQUIREMENTS[4])

    assert "Waived by M. Okafor until 15 Feb 2027. Control: figures are due" in text_of(html)


def test_a_refused_vote_keeps_what_was_written():
    html = included(
        "vote_form",
        action="/vote",
        lanes=[{"value": "ethics"}, {"value": "legal"}],
        values={"lane": "legal", "vote": "-2", "reason": "</textarea><b>because"},
        refused="Not recorded: R. Tanaka decided while you were writing.",
        csrf_token="t",
    )

    assert re.search(r'name="lane" value="legal" checked', html)
    assert re.search(r'name="vote" value="-2" checked', html)
    assert "&lt;/textarea&gt;&lt;b&gt;because</textarea>" in html
    assert 'role="alert"' in html


def test_who_may_not_vote_is_told_why_and_gets_no_form():
    html = included("vote_form", closed="You submitted this; someone else has to vote.")

    assert "<form" not in html
    assert "someone else has to vote" in html


def test_nobody_votes_by_accident_because_nothing_is_chosen_beforehand():
    assert " checked" not in included(
        "vote_form", action="/vote", lanes=[{"value": "ethics"}], values={}, csrf_token="t"
    )


def test_progress_of_known_work_is_a_bar_and_of_unknown_work_is_words():
    known = included("progress", title="run 7", done=11700, total=18000, unit="rows")
    unknown = included("progress", title="run 7", done=11700, total=None, unit="rows")
    none = included("progress", title="run 7", done=None, total=None)

    assert '<progress max="18000" value="11700"' in known
    assert "11,700 of 18,000 rows" in text_of(known)
    assert "<progress" not in unknown
    assert "11,700 rows so far; how many there are is not known yet" in text_of(unknown)
    assert "nothing counted yet" in text_of(none)


def test_a_veto_is_seen_in_its_lane():
    html = included("lanes", lanes=gallery.context()["lane_results"], distinct_needed=3, distinct_have=1)

    assert "Vetoed" in html
    assert "1 of 3 distinct people have agreed" in text_of(html)
    assert "Licence conflict." in html


def test_a_fields_help_and_error_are_tied_to_its_control():
    form = gallery.context()["form"]

    html = rendered("{% field form.until %}", form=form)
    described = re.search(r'aria-describedby="([^"]*)"', html)
    assert described
    assert all(f'id="{name}"' in html for name in described[1].split())
    assert 'aria-invalid="true"' in html
    assert "At most 30 days" in html


@pytest.mark.parametrize("name", ["control", "approver", "lane", "tell", "evidence"])
def test_every_control_has_a_label(name: str):
    html = rendered(f"{{% field form.{name} %}}", form=gallery.context()["form"])

    assert "<legend>" in html or re.search(rf'<label for="id_{name}"', html)


def test_wrong_fields_are_listed_over_the_form_with_links_to_them():
    html = included("form_errors", form=gallery.context()["form"])

    assert 'href="#id_until"' in html
    assert "outlive the approval" in html
    assert 'role="alert"' in html


def test_messages_are_told_by_shape_and_role():
    class Message:
        def __init__(self, text: str, level_tag: str) -> None:
            self.text, self.level_tag = text, level_tag

        def __str__(self) -> str:
            return self.text

    html = included("messages", messages=[Message("Saved <b>", "success"), Message("Refused", "error")], oob=True)

    assert 'tone-pass" role="status"' in html
    assert 'tone-fail" role="alert"' in html
    assert "Saved &lt;b&gt;" in html
    assert 'hx-swap-oob="true"' in html


# --- frame, errors, sign-in ------------------------------------------------------------------------------------------


def test_the_frame_names_the_room_that_one_is_in_and_shows_only_rooms_that_exist():
    html = render_to_string("components/gallery.html", gallery.context())

    nav = html[html.index('<nav class="nav"') :].split("</nav>")[0]
    assert re.search(r'href="/catalogue/entries/" aria-current="page"', nav)
    assert "Inbox <span" in nav
    assert "Policies" not in nav  # the URLs of this test have no such page


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', ""), ("", "")],
)
def test_the_theme_is_what_the_person_chose_and_a_forged_choice_is_none(cookie: str, attribute: str):
    html = render_to_string("components/gallery.html", gallery.context(cookies={"theme": cookie}))

    opening = re.search(r"<html[^>]*>", html)
    assert opening
    assert opening[0] == f'<html lang="en"{attribute}>'


def test_the_theme_and_the_language_change_without_scripts():
    html = render_to_string("components/gallery.html", gallery.context())

    assert re.search(r'<form method="post" action="/web/theme/">.*?name="next" value="/catalogue/\?q=bert"', html)
    assert re.search(r'<form method="post" action="/language/">', html)
    assert re.search(r'<form method="post" action="/people/sign-out/">', html)


def test_refusals_are_swapped_and_other_errors_hand_over_their_message():
    html = render_to_string("components/gallery.html", gallery.context())

    import json
    from html import unescape

    found = re.search(r'<meta name="htmx-config" content=\'([^\']*)\'', html)
    assert found
    config = json.loads(unescape(found[1]))
    handling = {rule["code"]: rule for rule in config["responseHandling"]}
    assert handling["409"]["swap"]
    assert handling["422"]["swap"]
    assert handling["[45].."]["target"] == "#messages"
    assert config["allowEval"] is config["includeIndicatorStyles"] is config["allowScriptTags"] is False
    assert config["selfRequestsOnly"]
    assert config["historyCacheSize"] == 0


ERRORS = ["400", "403", "403_csrf", "404", "409", "413", "429", "500", "503"]


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_error_page_needs_no_session_no_database_and_no_context(code: str, language: str):
    with translation.override(language):
        html = get_template(f"errors/{code}.html").render()

    assert 'id="problem"' in html
    assert len(re.findall(r"<h1>[^<]+</h1>", html)) == 1
    assert text_of(html[html.index('class="quiet"') :])


@pytest.mark.parametrize("code", ["400", "403", "404", "500", "403_csrf"])
def test_djangos_own_error_pages_are_the_products(code: str):
    assert get_template(f"{code}.html").render() == get_template(f"errors/{code}.html").render()


def test_an_error_page_says_what_was_refused_and_nothing_that_a_stranger_wrote_is_markup():
    html = render_to_string("errors/409.html", {"reason": "R. Tanaka approved it <script>", "reference": "a1b2"})

    assert "R. Tanaka approved it &lt;script&gt;" in html
    assert "Reference: a1b2" in text_of(html)


def test_too_large_and_too_many_name_the_limit():
    assert "larger than 2.1 GB" in text_of(render_to_string("errors/413.html", {"limit_bytes": 2_147_483_648}))
    assert "Wait 5 min" in text_of(render_to_string("errors/429.html", {"retry_after": 300}))


def test_sign_in_keeps_the_name_and_says_what_is_wrong():
    html = render_to_string(
        "people/sign_in.html",
        {
            "email": "v@example.org",
            "error": "That name and password do not match.",
            "next": "/x/?a=1",
            "csrf_token": "t",
        },
    )

    assert 'value="v@example.org"' in html
    assert 'name="next" value="/x/?a=1"' in html
    assert re.search(r'id="sign-in-problem">.*?do not match', html, re.S)
    assert html.count('aria-describedby="sign-in-problem"') == 2
    assert 'type="password"' in html
    assert "value=" not in re.findall(r'<input[^>]*type="password"[^>]*>', html)[0]


def test_sign_in_that_is_closed_for_a_while_says_how_long():
    html = render_to_string("people/sign_in.html", {"throttled": True, "retry_after": 300, "csrf_token": "t"})

    assert "Too many tries. Wait 5 min, then try again" in text_of(html)


# --- all of it together ----------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a strict browser would object to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.pointed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_attrs = dict(attrs)
        self.bad += [f"{tag} {name}" for name in given_attrs if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not given_attrs.get("src")):
            self.bad.append(tag)
        for name in ("src", "href", "action"):
            target = given_attrs.get(name) or ""
            if re.match(r"(?i)\s*(javascript:|data:|https?:|//)", target):
                self.bad.append(f"{tag} {name}={target}")
        if given_attrs.get("id"):
            self.ids.append(str(given_attrs["id"]))
        for name in ("aria-describedby", "aria-labelledby", "for"):
            self.pointed += (given_attrs.get(name) or "").split()
        if tag == "use":
            self.pointed.append(str(given_attrs["href"]).lstrip("#"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_whole_gallery_is_clean_under_the_content_security_policy(language: str):
    with translation.override(language):
        made = Page(render_to_string("components/gallery.html", gallery.context()))

    assert made.bad == []
    assert sorted(set(made.pointed) - set(made.ids)) == []
    assert sorted({name for name in made.ids if made.ids.count(name) > 1}) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_has_inline_style_or_script(path: Path):
    source = path.read_text()
    get_template(str(path.relative_to(TEMPLATES)))

    assert not re.search(r"<[^>]*\s(?:style|on[a-z]+)\s*=", source)
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|javascript:", source)


@pytest.mark.parametrize("path", sorted((TEMPLATES / "components").glob("*.html")), ids=lambda path: path.stem)
def test_every_part_says_at_its_top_what_it_shows_and_stands_in_the_gallery(path: Path):
    source = path.read_text()
    assert "{% comment %}" in source.splitlines()[0]

    everything = "".join(p.read_text() for p in TEMPLATES.rglob("*.html"))
    tags = (Path(words.__file__).parent / "assay.py").read_text()
    used = f"components/{path.name}"
    assert path.stem == "gallery" or used in everything or used in tags


def test_style_sheets_write_colours_down_in_one_place_only():
    for name in ("base", "components"):
        sheet = re.sub(r"/\*.*?\*/", "", (STATIC / "css" / f"{name}.css").read_text(), flags=re.S)
        sheet = re.sub(r"@page \{.*?\} \}", "", sheet)
        colours = [c for c in re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", sheet) if c.lower() != "#fff"]
        assert not [c for c in colours if name == "components"], name


def test_both_dark_themes_are_the_same():
    tokens = (STATIC / "css" / "tokens.css").read_text()

    blocks = re.findall(r"color-scheme: dark;(.*?)\}", tokens, re.S)
    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()
