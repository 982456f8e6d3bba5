"""A card as safe HTML. Everything in a card is written by strangers.

Markdown becomes HTML, which passes an allow-list twice: the first time images are still there, so that each can become
a box with its text and host (nothing is loaded from anywhere), the second time nothing but the plain tags of a text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MOST_CHARACTERS = 200_000
MOST_ROWS, LONGEST_VALUE = 60, 300
DEEPEST = 100  # elements within elements; what cleans them takes time that grows with the square of it
SHIFT = 2  # the page has the first level, its panel the second

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "i", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong"),
    *("sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var"),
}
_EXCERPT_TAGS = _TAGS - {"a", "details", "summary", *(f"h{level}" for level in range(1, 7))}
_GONE_WITH_CONTENT = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "textarea"}
_BOX = "card-image"
# What the allow-list writes is regular: attributes in double quotes, with `"` escaped.
_IMAGE = re.compile(r'<img((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])")
_WHOLE_HEADING = re.compile(r"<(/?)h[1-6](?:\s[^>]*)?>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements that hold nothing, and those that end by themselves where the next of them begins.
_EMPTY = frozenset("area base br col embed hr img input link meta param source track wbr".split()) | frozenset(  # noqa: SIM905 (a list of words)
    "p li dt dd td th tr tbody thead tfoot option".split()  # noqa: SIM905 (a list of words)
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TABLE = re.compile(r"<table(?=[\s>])")
_LINE = re.compile(r'<([a-z][a-z0-9]*) data-line="(\d{1,7})"')


def card_html(raw: bytes, *, body_offset: int) -> SafeString:
    """The text of a card below its metadata. Blocks carry the number of their line in the file as ``id="L12"``."""
    lines_before = len(re.findall(rb"\r\n|\r|\n", raw[:body_offset]))
    body = raw[body_offset : body_offset + 4 * MOST_CHARACTERS].decode("utf-8", "replace").replace("\0", "\ufffd")
    return text_html(body[:MOST_CHARACTERS], first_line=lines_before + 1)


def is_cut(size: int, *, body_offset: int) -> bool:
    """Whether the card is longer than what is shown of it."""
    return size - body_offset > MOST_CHARACTERS


def text_html(text: str, *, first_line: int = 1) -> SafeString:
    """Markdown as safe HTML."""
    import nh3  # takes long to load, and only a page with a card needs it

    boxed = _clean(text, first_line=first_line)
    if boxed is None:
        return _as_written(text)
    shifted = _HEADING.sub(lambda found: f"<{found[1]}h{min(6, int(found[2]) + SHIFT)}", boxed)
    last = nh3.clean(
        shifted,
        tags=_TAGS,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes={"a": {"href"}, "*": {"data-line"}},
        allowed_classes={"span": {_BOX}},
        attribute_filter=_kept,
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )
    numbered = _LINE.sub(r'<\1 id="L\2"', last)
    return mark_safe(_scrolling(numbered))  # noqa: S308 (this is what the allow-list is for)


def excerpt_html(text: str, *, most: int = MOST_CHARACTERS) -> SafeString:
    """A passage of a card as safe HTML that stands within something else, as in a document that is kept and printed.

    Its headings are bold lines, and it has no links, no ids and nothing that folds. What is longer than ``most``
    characters ends after a whole word with an ellipsis.
    """
    import nh3

    shown = text if len(text) <= most else f"{text[:most].rsplit(None, 1)[0]}…"
    boxed = _clean(shown, first_line=None)
    if boxed is None:
        return _as_written(shown)
    bold = _WHOLE_HEADING.sub(lambda found: "</b></p>" if found[1] else "<p><b>", boxed)
    last = nh3.clean(
        bold,
        tags=_EXCERPT_TAGS,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes={},
        allowed_classes={"span": {_BOX}},
    )
    return mark_safe(_scrolling(last))  # noqa: S308 (this is what the allow-list is for)


def _as_written(text: str) -> SafeString:
    return mark_safe(f"<pre>{html.escape(_CONTROLS.sub('', text))}</pre>")  # noqa: S308 (escaped)


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _clean(text: str, *, first_line: int | None) -> str | None:
    """Markdown as HTML of allowed tags, with a box for each image; None where it nests too deep to be cleaned."""
    import nh3

    reader = _reader()
    tokens = reader.parse(text)
    if first_line is not None:
        _number(tokens, first_line)
    dirty = _CONTROLS.sub("", reader.renderer.render(tokens, reader.options, {}))
    if _depth(dirty) > DEEPEST:
        return None
    clean = nh3.clean(
        dirty,
        tags=_TAGS | {"img"},
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes={"a": {"href"}, "img": {"src", "alt"}, "*": {"data-line"}, "th": {"align"}, "td": {"align"}},
        attribute_filter=_kept,
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )
    return _IMAGE.sub(_boxed, clean)


def _scrolling(clean: str) -> str:
    """Tables in regions that scroll, with the keyboard too: a wide one would push the page aside on a small screen."""
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(_("Table"))}"><table'
    return _TABLE.sub(region, clean).replace("</table>", "</table></div>")


def _depth(dirty: str) -> int:
    """How deep elements may lie in one another, at most: an element that is never closed counts to the end."""
    depth = deepest = 0
    for closing, name in _TAG.findall(dirty):
        if name.lower() in _EMPTY:
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _number(tokens: Sequence[Token], first_line: int) -> None:
    numbered: set[int] = set()  # a list and its first item begin in the same line, and a page has each id once
    for token in tokens:
        if token.map and token.nesting == 1 and token.type != "inline" and token.map[0] not in numbered:
            numbered.add(token.map[0])
            token.attrs = {"data-line": str(first_line + token.map[0]), **token.attrs}


def _kept(tag: str, name: str, value: str) -> str | None:
    """An attribute's value, or None to drop it. Links lead out by an address of their own, or not at all."""
    if name == "data-line":
        return value if value.isascii() and value.isdecimal() and len(value) < 8 else None
    if name == "href":
        try:
            parts = urlsplit(value.strip())
        except ValueError:
            return None
        return value if parts.scheme.lower() in ("http", "https", "mailto") else None
    return value


def _boxed(found: re.Match[str]) -> str:
    given = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
    try:
        host = urlsplit(given.get("src", "")).hostname or ""
    except ValueError:
        host = ""
    said = " ".join(given.get("alt", "").split())[:200]
    told = _("Image: %(text)s") % {"text": said} if said else _("Image")
    where = f" ({host[:100]})" if host else ""
    return f'<span class="{_BOX}">{html.escape(told + where)}</span>'


def metadata_rows(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The front matter as rows of key and values, long values shortened."""
    rows = []
    for key, value in list(metadata.items())[:MOST_ROWS]:
        values = value if isinstance(value, list) else [value]
        plain = [_plain(one) for one in values if not isinstance(one, (list, dict))]
        nested = [one for one in values if isinstance(one, (list, dict))]
        text = _shortened(json.dumps(nested, ensure_ascii=False, indent=None)) if nested else ""
        rows.append({"key": str(key)[:100], "values": plain[:20], "more": max(0, len(plain) - 20), "text": text})
    return rows


def _plain(value: Any) -> str:
    if value is None:
        return _("empty")
    return _shortened(str(value).lower() if isinstance(value, bool) else str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
