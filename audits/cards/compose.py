"""Composes the YAML of a card into PyYAML's tree of nodes, within bounds.

The bounds are checked before the tree is made: composing is recursive and scanning is quadratic in depth, so a deep
document would kill the process. What is only too long loses its largest fields and keeps the rest.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

from audits.cards.notes import Notes, shown
from audits.cards.spec import READ_HERE

MAX_CHARACTERS = 256 * 1024
MAX_NODES = 40_000
MAX_FIELDS = 10_000
# deeper than this is not composed; far below what exhausts the stack
MAX_COMPOSED_DEPTH = 200

TAG = "tag:yaml.org,2002:"
STR, SEQ, MAP = TAG + "str", TAG + "seq", TAG + "map"

_DEEP_INDENT = re.compile(r"(?:^|[\n\r\x85\u2028\u2029])[ \t?:-]{64}")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOP_LEVEL = re.compile(r"^(?=[^\s#\]}-])", re.MULTILINE)


class Unbounded(Exception):
    """The document exceeds ``bound``, which is at ``limit``."""

    def __init__(self, bound: str, limit: int) -> None:
        super().__init__(bound)
        self.bound, self.limit = bound, limit


def breaks(text: str) -> int:
    """Line breaks as editors count them: LF, CR LF and a lone CR once each."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def compose(text: str, *, first_line: int, notes: Notes) -> tuple[str, frozenset[str], Node | None]:
    """Compose the document: without its largest fields if it is beyond the bounds, without what YAML cannot hold.

    Raises:
        Unbounded: too deep, or too much even so.
        yaml.YAMLError: not YAML.
    """
    left_out: list[str] = []
    bound, limit = "characters", MAX_CHARACTERS
    if len(text) > MAX_CHARACTERS and _weight(text) > MAX_CHARACTERS:
        text = _leave_out_largest(text, left_out, to=MAX_CHARACTERS)
    for _attempt in range(4):
        try:
            _check_bounds(text)
            root = _root(text)
        except Unbounded as error:
            if error.bound != "parts":
                raise
            bound, limit = error.bound, error.limit
            text = _leave_out_largest(text, left_out, to=_weight(text) // 3)
        except yaml.reader.ReaderError:
            bad = _UNPRINTABLE.search(text)
            if bad is None:
                raise
            line = first_line + breaks(text[: bad.start()])
            notes.add("card.yaml.unprintable", line=line, character=f"U+{ord(bad.group()):04X}")
            text = _UNPRINTABLE.sub("\ufffd", text)
        else:
            if left_out:
                names = ", ".join(dict.fromkeys(left_out))
                notes.add("card.metadata.truncated", line=first_line, bound=bound, limit=limit, left_out=shown(names))
            return text, frozenset(left_out), root
    raise Unbounded("parts", MAX_NODES)


class _Loader(yaml.CSafeLoader):
    """The C parser with PyYAML's rules for what a plain scalar is, looked up in a third of the time."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            if implicit[0]:
                for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                    if pattern.match(value):
                        return str(tag)
            return STR
        return SEQ if kind is SequenceNode else MAP


def _root(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _check_bounds(text: str) -> None:
    """Refuse what is too deep or has too many parts, before any recursion.

    Short, shallow text is within the bounds by what it consists of: a part takes at least one character, a level of
    flow takes a bracket, a level of block takes a column.
    """
    if len(text) < MAX_NODES and text.count("[") + text.count("{") <= 64 and not _DEEP_INDENT.search(text):
        return
    loader = yaml.CSafeLoader(text)
    depth = parts = 0
    starts = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
    ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            parts += 1
            if isinstance(event, starts):
                depth += 1
                if depth > MAX_COMPOSED_DEPTH:
                    raise Unbounded("depth", MAX_COMPOSED_DEPTH)
            elif isinstance(event, ends):
                depth -= 1
            if parts > MAX_NODES:
                raise Unbounded("parts", MAX_NODES)
    finally:
        loader.dispose()


def _weight(text: str) -> int:
    """Characters that are not line breaks."""
    return len(text) - text.count("\n")


def _leave_out_largest(text: str, left_out: list[str], *, to: int) -> str:
    """Blank the largest top-level fields down to a weight of ``to``, those that are read here last of all.

    Line breaks stay, so that line numbers stay. The names go to ``left_out``, largest first.

    Raises:
        Unbounded: too many fields to weigh.
    """
    starts = [match.start() for match in itertools.islice(_TOP_LEVEL.finditer(text), MAX_FIELDS + 1)]
    if len(starts) > MAX_FIELDS:
        raise Unbounded("fields", MAX_FIELDS)
    bounds = sorted({0, *starts, len(text)})
    blocks = [text[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    names = [block[:60].split(":", 1)[0].strip("\"' \r\n") for block in blocks]
    weights = [_weight(block) for block in blocks]
    weight = sum(weights)
    for index in sorted(range(len(blocks)), key=lambda at: (names[at] in READ_HERE, -weights[at])):
        if weight <= to:
            break
        if weights[index]:
            weight -= weights[index]
            left_out.append(names[index])
            blocks[index] = "\n" * blocks[index].count("\n")
    return "".join(blocks)
