"""Reading the YAML of policies, and of other files that people write, within bounds, with the place of every word.

They need a small part of YAML: mappings, lists, words, whole numbers, true and false. The rest (anchors, aliases,
tags, several documents) is refused while libyaml's events go by, before anything is built, so that a bomb costs no
more than the few kilobytes that are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml


@dataclass(frozen=True)
class Bounds:
    """How large a file may be: its bytes, its levels of nesting, its values."""

    size: int
    depth: int
    values: int


POLICY = Bounds(size=64 * 1024, depth=12, values=5_000)

Shape = Literal["mapping", "list", "text", "integer", "boolean", "empty", "other"]

# What may stand in a file that people review: no NUL and no other control characters, no lone surrogates, and none
# of the marks that make a line read otherwise than it is written.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,8})", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_TRUE = ("true", "yes", "on")


class SourceRefused(ValueError):
    """The text cannot be read as a policy file; ``code`` and ``params`` say why, ``line`` and ``column`` where."""

    def __init__(self, code: str, line: int, column: int, **params: Any) -> None:
        super().__init__(f"{code} at line {line}, column {column}")
        self.code = code
        self.line = line
        self.column = column
        self.params = params


@dataclass(frozen=True)
class Node:
    """A value of the file and where it stands; lines and columns count from 1.

    ``text`` is a scalar as written, with quotes and escapes resolved; ``pairs`` are a mapping's keys and values in
    the order of the file, repeated keys included; ``items`` are a list's values. ``style`` is how a scalar stands
    there on one line: plain, or the quote around it; empty where it goes over several lines.
    """

    shape: Shape
    line: int
    column: int
    text: str = ""
    style: str = ""
    pairs: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()

    def place_of(self, text: str, line: int, column: int) -> tuple[int, int]:
        """Where a character of the value stands in the file, as ``line`` and ``column`` within ``text``.

        Over several lines, where blanks are folded and cut, it is the beginning of the value.
        """
        if not self.style or line != 1:
            return self.line, self.column
        before = text[: column - 1]
        doubled = {"'": before.count("'"), '"': before.count('"') + before.count("\\")}.get(self.style, 0)
        return self.line, self.column + len(before) + doubled + (self.style in "'\"")


def read(source: str | bytes, bounds: Bounds = POLICY) -> Node:
    """Read one YAML document in UTF-8, of the size of a policy or of other bounds.

    Raises:
        SourceRefused: too large, not UTF-8, forbidden characters, not YAML, empty, or YAML that is not used (anchors,
            aliases, tags, a second document, too many levels or values).
    """
    text = _decoded(source, bounds)
    _refuse_bombs(text, bounds)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as exc:
        raise _not_yaml(exc) from exc
    if root is None:
        raise SourceRefused("empty_file", 1, 1)
    return _node(root)


def plain(node: Node) -> Any:
    """A document as plain data: texts, true and false, None, lists, mappings with texts for keys.

    Numbers and dates are the texts that were written: what they mean is the business of whoever reads them.

    Raises:
        SourceRefused: a key stands twice in one mapping, or is no word.
    """
    if node.shape == "mapping":
        made: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.pairs:
            if key.shape not in ("text", "integer", "other"):
                raise SourceRefused("key_not_text", key.line, key.column, found=key.text or key.shape)
            if key.text in lines:
                raise SourceRefused("duplicate_key", key.line, key.column, key=key.text, first_line=lines[key.text])
            lines[key.text] = key.line
            made[key.text] = plain(value)
        return made
    if node.shape == "list":
        return [plain(item) for item in node.items]
    if node.shape == "empty":
        return None
    return node.text.lower() in _TRUE if node.shape == "boolean" else node.text


def _decoded(source: str | bytes, bounds: Bounds) -> str:
    if len(source) > bounds.size:
        raise SourceRefused("too_large", 1, 1, max_bytes=bounds.size)
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            line, column = _place(source[: exc.start].decode("utf-8", "replace"))
            raise SourceRefused("not_utf8", line, column, byte=source[exc.start]) from exc
    else:
        text = source.removeprefix("\ufeff")
    if bad := _FORBIDDEN.search(text):
        line, column = _place(text[: bad.start()])
        raise SourceRefused("forbidden_character", line, column, character=f"U+{ord(bad.group()):04X}")
    return text


def _place(before: str) -> tuple[int, int]:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _refuse_bombs(text: str, bounds: Bounds) -> None:
    """Look at the events one by one and stop at the first that there is no use for."""
    loader = yaml.CSafeLoader(text)
    depth = nodes = documents = 0
    try:
        while (event := loader.get_event()) is not None:
            documents += isinstance(event, yaml.DocumentStartEvent)
            nodes += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
            for code, refused, params in (
                ("second_document", documents > 1, {}),
                ("anchor", anchor is not None, {}),
                ("tag", tag is not None, {"tag": str(tag).removeprefix(_TAG)}),
                ("too_deep", depth > bounds.depth, {"max_depth": bounds.depth}),
                ("too_many_values", nodes > bounds.values, {"max_values": bounds.values}),
            ):
                if refused:
                    raise SourceRefused(code, *_mark(event.start_mark), **params)
    except yaml.YAMLError as exc:
        raise _not_yaml(exc) from exc
    finally:
        loader.dispose()


def _not_yaml(exc: yaml.YAMLError) -> SourceRefused:
    mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
    what = getattr(exc, "problem", None) or getattr(exc, "reason", None) or "it cannot be read"
    return SourceRefused("not_yaml", *_mark(mark), problem=str(what))


def _mark(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


_SHAPES: Mapping[str, Shape] = {f"{_TAG}str": "text", f"{_TAG}bool": "boolean", f"{_TAG}null": "empty"}


def _node(node: yaml.Node) -> Node:
    line, column = _mark(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return Node("mapping", line, column, pairs=tuple((_node(key), _node(value)) for key, value in node.value))
    if isinstance(node, yaml.SequenceNode):
        return Node("list", line, column, items=tuple(_node(item) for item in node.value))
    shape = _SHAPES.get(node.tag, "other")
    # YAML 1.1 takes 010 for eight and 1:30 for ninety: only what everybody reads alike is a number here.
    if node.tag == f"{_TAG}int" and _DECIMAL.fullmatch(node.value):
        shape = "integer"
    # An escape in double quotes can still write what may not stand in the file.
    if bad := _FORBIDDEN.search(node.value):
        raise SourceRefused("forbidden_character", line, column, character=f"U+{ord(bad.group()):04X}")
    written = getattr(node, "style", None) or ""
    one_line = node.end_mark.line == node.start_mark.line and written in ("", "'", '"')
    return Node(shape, line, column, text=node.value, style=(written or "plain") if one_line else "")
