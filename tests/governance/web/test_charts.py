"""Charts, gauges and lineage drawings: where their marks stand, and what they say without being seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from governance.web.templatetags import charts, drawings
from tests.governance.web import gallery
from tests.governance.web.gallery import NB, NUMBERS, rendered, text_of


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"), timezone.override("UTC"):
        yield


def place(text: str) -> float:
    return float(text.removesuffix("%"))


def test_a_chart_of_rates_starts_at_zero_and_puts_every_estimate_in_its_place() -> None:
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


def test_a_failing_group_is_a_diamond_and_one_that_cannot_be_judged_is_hollow() -> None:
    rows = {row.label: row for row in charts.interval_chart(gallery.RATES, ceiling=0.3345).rows}

    assert (rows["African-American"].mark.shape, rows["African-American"].mark.tone) == ("diamond", "fail")
    assert (rows["Hispanic"].mark.shape, rows["Hispanic"].mark.tone) == ("dot", "")
    assert (rows["Other"].mark.shape, rows["Other"].mark.tone) == ("dot", "warn")
    assert (rows["Asian"].mark.shape, rows["Asian"].mark.tone) == ("hollow", "open")
    assert rows["Not stated"].mark.shape == ""
    assert rows["Not stated"].value == "not measured"


def test_a_group_below_thirty_never_keeps_a_verdict_that_it_cannot_have() -> None:
    rows = charts.interval_chart(
        [{"label": "few", "n": 29, "value": 0.9, "low": 0.7, "high": 1.0, "verdict": "pass"}]
    ).rows

    assert rows[0].verdict == "insufficient_data"
    assert rows[0].mark.shape == "hollow"


def test_a_group_below_ten_is_counted_and_its_figures_are_not_in_the_page() -> None:
    html = rendered("{% interval_chart rows title='t' %}", rows=gallery.RATES)

    assert "Native American" in html
    assert "37.5" not in html
    assert "hidden, too few rows" in html
    assert f"n{NB}&lt;{NB}10" in html


def test_a_hidden_group_does_not_show_itself_through_the_scale() -> None:
    row = {"label": "few", "n": 3, "value": 0.99, "low": 0.9, "high": 1.0}

    assert charts.interval_chart([*gallery.RATES[:2], row]).ticks == charts.interval_chart(gallery.RATES[:2]).ticks


def test_a_difference_shows_its_zero_line() -> None:
    chart = charts.interval_chart(gallery.GAPS, kind="points", ceiling=0.1)

    assert 0 < place(chart.lines.zero) < place(chart.lines.ceiling) < 100
    assert "0" in [tick.text for tick in chart.ticks if tick.x == chart.lines.zero]


def test_panels_that_are_given_one_top_share_one_scale() -> None:
    high, low = ([{"label": "a", "n": 99, "value": v, "low": v, "high": v, "verdict": "pass"}] for v in (0.9, 0.1))

    assert charts.interval_chart(high, top=1).ticks == charts.interval_chart(low, top=1).ticks


def test_the_floor_of_a_ratio_is_shaded_below() -> None:
    html = rendered("{% interval_chart rows kind='ratio' floor=0.8 reference=1 %}", rows=gallery.RATIOS)

    assert html.count('<rect class="c-bad" x="0%"') == 3
    assert "c-limit" in html
    assert "c-ref" in html


def test_ticks_of_half_steps_keep_their_decimals() -> None:
    rows = [{"label": "a", "n": 99, "value": 0.09, "low": 0.08, "high": 0.1}]

    texts = [tick.text.replace(NB, " ") for tick in charts.interval_chart(rows).ticks]
    assert texts == ["0.0 %", "2.5 %", "5.0 %", "7.5 %", "10.0 %"]


def test_geometry_keeps_its_decimal_point_in_every_language() -> None:
    with translation.override("ru"):
        html = rendered(
            "{% interval_chart rows ceiling=0.33 %}{% gauge 0.704 0.63 0.786 197 floor=0.8 verdict='fail' %}",
            rows=gallery.RATES,
        )

    assert not re.search(r' (?:x|x1|x2|cx|width)="[^"]*,', html)
    assert "44,9" in text_of(html)


def test_a_chart_without_groups_says_so() -> None:
    assert "There is no group to draw." in rendered("{% interval_chart rows %}", rows=[])
    assert "There is no group to draw." in rendered("{% interval_chart rows %}", rows=None)


def test_a_group_with_a_hostile_name_is_only_text() -> None:
    row = {"label": "<img src=x onerror=alert(1)>", "n": 40, "value": 0.5, "low": 0.4, "high": 0.6, "verdict": "<b>"}

    html = rendered("{% interval_chart rows title=title %}", rows=[row], title="<i>")
    assert not {"<img", "<b>alert", "<i>"} & set(re.findall(r"<\w+[^>]*", html))


def test_a_chart_of_thousands_of_groups_stays_bounded_and_says_what_it_left_out() -> None:
    rows = [{"label": str(n), "n": 50, "value": 0.5, "low": 0.4, "high": 0.6} for n in range(5000)]

    chart = charts.interval_chart(rows)
    assert len(chart.rows) == charts.MOST_ROWS
    assert chart.left_out == 5000 - charts.MOST_ROWS


estimates = st.fixed_dictionaries(
    {"label": st.text(max_size=4), "n": NUMBERS, "value": NUMBERS, "low": NUMBERS, "high": NUMBERS}
)


@given(
    rows=st.lists(estimates, max_size=4),
    floor=NUMBERS,
    ceiling=NUMBERS,
    kind=st.sampled_from(["rate", "ratio", "points"]),
)
def test_every_mark_stays_inside_the_drawing(
    rows: list[dict[str, Any]], floor: object, ceiling: object, kind: str
) -> None:
    chart = charts.interval_chart(rows, kind=kind, floor=floor, ceiling=ceiling)

    lines = [chart.lines.zero, chart.lines.floor, chart.lines.ceiling, chart.lines.beyond_width]
    marks = [x for row in chart.rows for x in (row.mark.x, row.mark.x_low, row.mark.x_high)]
    assert all(0 <= place(x) <= 100 for x in (*lines, *marks) if x)
    assert 2 <= len(chart.ticks) <= 8


def test_a_gauge_shows_the_figure_the_limit_and_how_it_stands_to_it() -> None:
    html = rendered("{% gauge 0.704 0.63 0.786 197 kind='ratio' floor=0.8 verdict='fail' %}")

    assert text_of(html) == "0.70 [0.63–0.79], n 197 0.80limit 0.80"
    assert "tone-fail" in html
    assert "<path" in html


def test_a_gauge_in_a_requirement_names_the_one_limit_that_it_has() -> None:
    floor, ceiling = (
        render_to_string("components/requirement.html", {"requirement": gallery.REQUIREMENTS[n]}) for n in (0, 4)
    )

    assert "limit 0.80" in text_of(floor)
    assert "limit 5.0 %" in text_of(ceiling)


def test_the_lineage_drawing_puts_what_it_was_made_of_left_and_what_was_made_of_it_right() -> None:
    made = drawings.lineage(gallery.NODES, gallery.EDGES)

    x = {box.key: box.x for box in made.boxes}
    assert x["llama"] == x["alpaca"] < x["here"] < x["int4"] == x["desk"]
    assert (made.upstream, made.downstream) == (3, 2)
    assert len(made.arrows) == 5
    assert {arrow.lit for arrow in made.arrows} == {True, False}


def test_boxes_of_a_lineage_never_overlap_and_stay_on_the_sheet() -> None:
    many = [{"key": str(n), "label": str(n), "depth": n % 5 - 2} for n in range(40)]

    made = drawings.lineage(many, [])
    places = {(box.x, box.y) for box in made.boxes}
    assert len(places) == len(made.boxes)
    for box in made.boxes:
        assert 0 <= box.x <= made.width - drawings.BOX_WIDTH
        assert 0 <= box.y <= made.height - drawings.BOX_HEIGHT
    rows = sorted(y for x, y in places if x == 10)
    assert all(b - a >= drawings.BOX_HEIGHT for a, b in zip(rows, rows[1:], strict=False))


def test_what_the_drawing_has_no_room_for_stands_in_the_list() -> None:
    nodes = [{"key": "here", "label": "here", "depth": 0}]
    nodes += [{"key": f"p{n}", "label": f"parent-{n}", "depth": -1} for n in range(30)]

    html = rendered("{% lineage nodes edges name='here' %}", nodes=nodes, edges=[{"source": "p0", "target": "here"}])
    assert all(f"parent-{n}" in html for n in range(30))
    assert "22 more stand in the list only." in html


def test_the_list_says_in_words_what_the_drawing_shows() -> None:
    html = rendered("{% lineage nodes edges name='acme/claims-chat-8b' %}", nodes=gallery.NODES, edges=gallery.EDGES)

    chain = text_of(html[html.index('<ol class="chain"') :])
    assert "meta-llama/Meta-Llama-3-8B llama3finetuned into acme/claims-chat-8b" in chain
    assert "non-commercial data, commercial use" in chain
    assert (
        "quantized into acme/claims-chat-8b-with-a-name-that-goes-on-and-on-int4; served in Space: claims-desk" in chain
    )


def test_a_long_name_is_cut_in_the_drawing_and_whole_in_the_list() -> None:
    long = gallery.NODES[4]["label"]
    box = next(box for box in drawings.lineage(gallery.NODES, []).boxes if box.key == "int4")

    assert len(box.short) <= drawings.WIDEST_LABEL
    assert box.short.endswith("int4")
    assert box.label == long


def test_a_circle_in_a_lineage_is_drawn_once_and_ends() -> None:
    nodes = [{"key": "a", "label": "a", "depth": 0}, {"key": "b", "label": "b", "depth": 1}]
    edges = [{"source": "a", "target": "b"}, {"source": "b", "target": "a"}, {"source": "a", "target": "a"}]

    assert len(drawings.lineage(nodes, edges).arrows) == 1


def test_two_relations_of_one_pair_share_an_arrow() -> None:
    nodes = [{"key": "a", "label": "a", "depth": 0}, {"key": "b", "label": "b", "depth": 1}]
    edges = [{"source": "a", "target": "b", "relation": r} for r in ("finetune", "quantized", "finetune")]

    assert [arrow.label for arrow in drawings.lineage(nodes, edges).arrows] == ["finetuned into, quantized into"]


def test_an_entry_without_lineage_says_so() -> None:
    assert "names nothing" in rendered("{% lineage nodes edges %}", nodes=[], edges=[])


def test_what_stretches_in_a_lineage_is_a_line_and_never_text() -> None:
    html = rendered("{% lineage nodes edges name='x' %}", nodes=gallery.NODES, edges=gallery.EDGES)

    stretched = re.findall(r"<svg[^>]*viewBox[^>]*>(.*?)</svg>", html, re.S)
    assert len(stretched) == 5
    assert [part for part in stretched if "<text" in part or "<rect" in part] == []
    assert "style=" not in html


def test_edges_of_a_lineage_do_not_cross_where_they_need_not() -> None:
    nodes = [{"key": "here", "label": "here", "depth": 0}]
    nodes += [{"key": key, "label": key, "depth": -1} for key in ("a", "b")]
    nodes += [{"key": key, "label": key, "depth": -2} for key in ("of-b", "of-a")]
    edges = [{"source": "a", "target": "here"}, {"source": "b", "target": "here"}]
    edges += [{"source": "of-a", "target": "a"}, {"source": "of-b", "target": "b"}]

    height = {box.key: box.y for box in drawings.lineage(nodes, edges).boxes}

    assert height["a"] < height["b"]
    assert height["of-a"] < height["of-b"]


def test_what_is_hardly_known_is_dashed_and_a_path_has_its_number() -> None:
    nodes = [{"key": "here", "label": "here", "depth": 0, "lit": True}]
    nodes += [{"key": "gone", "label": "gone", "depth": -1, "open": True, "lit": True}]
    edges = [{"source": "gone", "target": "here", "relation": "finetune", "open": True, "lit": True, "mark": "2"}]

    html = rendered("{% lineage nodes edges name='here' %}", nodes=nodes, edges=edges)

    assert 'class="node node--lit node--open"' in html
    assert 'class="edge edge--lit edge--open"' in html
    assert ">2 finetuned into</text>" in html


def test_a_chart_that_judges_nothing_has_no_column_for_verdicts():
    plain = [{"label": "c", "n": 300, "value": 0.5, "low": 0.4, "high": 0.6}]

    assert "Verdict" not in rendered("{% interval_chart rows title='t' %}", rows=plain)
    assert "Verdict" in rendered("{% interval_chart rows title='t' %}", rows=[{**plain[0], "verdict": "pass"}])


def test_the_marks_are_explained_once():
    assert "Dot: estimate." in rendered("{% interval_chart rows %}", rows=gallery.RATES)
    assert "Dot: estimate." not in rendered("{% interval_chart rows plain=True %}", rows=gallery.RATES)
