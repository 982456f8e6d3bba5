"""Reads the YAML between the fences: safely, and with the line of every key.

PyYAML's C parser composes a tree of nodes (``compose``), which this module turns into plain data itself. Nothing is
constructed from a tag, so a tag is a finding and never an execution; aliases are walked under a budget.
"""

from __future__ import annotations

import bisect
import math
import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from audits.cards.compose import MAX_CHARACTERS, MAX_NODES, STR, TAG, Unbounded, breaks, compose
from audits.cards.notes import Notes, shown

MAX_DEPTH = 40
# what aliases may grow the text to, in characters
MAX_EXPANDED = 4 * MAX_CHARACTERS
MAX_NUMBER_LENGTH = 400

_MERGE = TAG + "merge"
_KNOWN_TAGS = frozenset(
    TAG + name
    for name in "str null bool int float timestamp binary merge value map seq set omap pairs".split()  # noqa: SIM905 - a list of words
)
_PLAIN_TYPES = {
    TAG + "null": "null",
    TAG + "bool": "boolean",
    TAG + "int": "number",
    TAG + "float": "number",
    TAG + "timestamp": "date",
}

_TAB_INDENT = re.compile(r"(?:^|\n) *\t[ \t]*+[^\s#]")
_BREAK = re.compile(r"\r\n|\r|\n")
_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")


class FrontMatter:
    """The metadata of a card and where each part of it stands.

    ``data`` is what is stored. ``known`` is False when there are metadata that could not be read, so that a missing
    field proves nothing; ``left_out`` names fields that exceeded a bound.
    """

    def __init__(
        self,
        *,
        known: bool,
        left_out: frozenset[str] = frozenset(),
        root: Node | None = None,
        text: str = "",
        first_line: int = 1,
    ) -> None:
        self.data: dict[str, Any] = {}
        self.known = known
        self.left_out = left_out
        # dates and numbers beyond JSON are kept as text: with one of them, only a value's node tells its type
        self.kept_as_text = False
        self._root = root
        self._first_line = first_line
        # YAML breaks lines at three more characters than editors do; with one of them its line numbers are no use
        self._line_starts = [at.end() for at in _BREAK.finditer(text)] if _OTHER_BREAKS.search(text) else None
        self._pairs: dict[int, dict[str, tuple[Node, Node]]] = {}

    def says(self, name: str) -> bool:
        """Whether the field is there with a value."""
        return self.data.get(name) not in (None, "", [], {})

    def lacks(self, name: str) -> bool:
        """Whether the field is known not to be there, or to be empty."""
        return self.known and name not in self.left_out and not self.says(name)

    def line(self, *path: str | int) -> int | None:
        """The line of a key or list item in the raw file; of the nearest part above it where the path ends early."""
        mark, _ = self._find(path)
        return None if mark is None else self.line_of(mark)

    def line_of(self, mark: Any) -> int:
        """The line of one of the parser's marks in the raw file."""
        above = mark.line if self._line_starts is None else bisect.bisect_right(self._line_starts, mark.index)
        return self._first_line + int(above)

    def written(self, *path: str | int) -> str:
        """The text of a plain value as the author wrote it, before YAML made a number, date or boolean of it."""
        _, node = self._find(path)
        return node.value if isinstance(node, ScalarNode) else ""

    def is_quoted(self, *path: str | int) -> bool:
        """Whether a plain value stands in quotes or as a block of text."""
        _, node = self._find(path)
        return isinstance(node, ScalarNode) and node.style not in (None, "")

    def type_of(self, value: object, *path: str | int) -> str:
        """What YAML made of a value: text, list, mapping, boolean, number, date or null."""
        if isinstance(value, str):
            _, node = self._find(path) if self.kept_as_text else (None, None)
            return _PLAIN_TYPES.get(node.tag, "text") if isinstance(node, ScalarNode) else "text"
        if isinstance(value, bool):
            return "boolean"
        if value is None:
            return "null"
        return "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else "number"

    def _find(self, path: tuple[str | int, ...]) -> tuple[Any, Node | None]:
        node, mark = self._root, None
        for part in path:
            if isinstance(node, MappingNode) and isinstance(part, str):
                pair = self._pairs_of(node).get(part)
                if pair is None:
                    return mark, None
                mark, node = pair[0].start_mark, pair[1]
            elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                mark = node.start_mark
            else:
                return mark, None
        return mark, node

    def _pairs_of(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        """The entries of a mapping by the text of their keys; kept, so that many findings cost no more than few."""
        pairs = self._pairs.get(id(node))
        if pairs is None:
            pairs = {pair[0].value: pair for pair in node.value if isinstance(pair[0], ScalarNode)}
            self._pairs[id(node)] = pairs
        return pairs


def read(text: str, *, first_line: int, notes: Notes) -> FrontMatter:
    """Read the YAML ``text``, whose first line is line ``first_line`` of the file, and note what is wrong with it."""
    try:
        text, left_out, root = compose(text, first_line=first_line, notes=notes)
    except Unbounded as error:
        notes.add("card.metadata.refused", line=first_line, bound=error.bound, limit=error.limit)
        return FrontMatter(known=False)
    except yaml.YAMLError as error:
        _note_syntax(text, error, first_line=first_line, notes=notes)
        return FrontMatter(known=False)
    result = FrontMatter(known=True, left_out=left_out, root=root, text=text, first_line=first_line)
    if root is None or (isinstance(root, ScalarNode) and root.tag == TAG + "null"):
        if not left_out:
            notes.add("card.front_matter.empty", line=first_line - 1)
    elif isinstance(root, MappingNode):
        try:
            result.data = _Walk(result, notes).mapping(root)
        except Unbounded as error:
            notes.add("card.yaml.aliases", line=first_line, reason=error.bound)
            return FrontMatter(known=False)
    else:
        got = "list" if isinstance(root, SequenceNode) else "text"
        notes.add("card.front_matter.not_mapping", line=result.line_of(root.start_mark), got=got)
    return result


def _note_syntax(text: str, error: yaml.YAMLError, *, first_line: int, notes: Notes) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not valid YAML"
    notes.add(
        "card.yaml.syntax",
        line=FrontMatter(known=False, text=text, first_line=first_line).line_of(mark) if mark is not None else None,
        problem=shown(problem),
        column=mark.column + 1 if mark is not None else None,
    )
    if tab := _TAB_INDENT.search(text):
        notes.add("card.yaml.tab", line=first_line + breaks(text[: tab.end()]))


class _Walk:
    """One walk over the nodes of a document, from nodes to plain data."""

    def __init__(self, owner: FrontMatter, notes: Notes) -> None:
        self._owner = owner
        self._notes = notes
        self._path: list[str] = []
        self._parts = MAX_NODES
        self._characters = MAX_EXPANDED
        self._open: set[int] = set()

    def mapping(self, node: MappingNode) -> dict[str, Any]:
        """The mapping as a dict with text keys; the last of two equal keys counts, as in PyYAML."""
        self._enter(node)
        result: dict[str, Any] = {}
        first: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.__class__ is not ScalarNode:
                self._note_at(key_node, "card.yaml.key", problem="found unhashable key")
                continue
            key = key_node.value
            if key_node.tag == _MERGE:
                merged.update(self._merge(value_node))
            elif key_node.tag not in _KNOWN_TAGS:
                self._note_tag(key_node)
            if "\x00" in key:
                key = key.replace("\x00", "\ufffd")
            if key in first:
                self._note_at(
                    key_node, "card.yaml.duplicate_key", key=shown(key), first_line=self._owner.line_of(first[key])
                )
            first[key] = key_node.start_mark
            if key_node.tag == _MERGE:
                continue
            self._characters -= len(key)
            if value_node.__class__ is ScalarNode and value_node.tag == STR:
                text = value_node.value
                self._characters -= len(text)
                result[key] = text if "\x00" not in text else text.replace("\x00", "\ufffd")
            else:
                self._path.append(key)
                result[key] = self._value(value_node)
                self._path.pop()
        self._leave(node)
        return {**merged, **result} if merged else result

    def _value(self, node: Node) -> Any:
        if node.__class__ is ScalarNode:
            return self._scalar(node)
        if node.tag not in _KNOWN_TAGS:
            self._note_tag(node)
        if len(self._open) >= MAX_DEPTH and id(node) not in self._open:
            self._note_depth(node)
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node)
        self._enter(node)
        items = [self._value(item) for item in node.value]
        self._leave(node)
        return items

    def _enter(self, node: Node) -> None:
        """Count the parts; only aliases can bring a document that passed ``_check_bounds`` beyond them."""
        if id(node) in self._open:
            raise Unbounded("recursive", 0)
        self._open.add(id(node))
        self._parts -= len(node.value)
        if self._parts < 0:
            raise Unbounded("expansion", MAX_NODES)

    def _leave(self, node: Node) -> None:
        self._open.discard(id(node))
        if self._characters < 0:
            raise Unbounded("expansion", MAX_EXPANDED)

    def _merge(self, node: Node) -> dict[str, Any]:
        """What ``<<`` brings in: of several mappings the first counts."""
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        result: dict[str, Any] = {}
        for source in nodes:
            if not isinstance(source, MappingNode):
                self._note_at(source, "card.yaml.key", problem="expected a mapping for merging")
            elif len(self._open) >= MAX_DEPTH and id(source) not in self._open:
                self._note_depth(source)
            else:
                for key, value in self.mapping(source).items():
                    result.setdefault(key, value)
        return result

    def _scalar(self, node: ScalarNode) -> Any:
        tag, text = node.tag, node.value
        self._characters -= len(text)
        if "\x00" in text:
            text = text.replace("\x00", "\ufffd")
        if tag == STR:
            return text
        kind = _PLAIN_TYPES.get(tag)
        if kind is None:
            if tag not in _KNOWN_TAGS:
                self._note_tag(node)
            return text
        if kind == "null":
            return None
        self._owner.kept_as_text |= kind == "date"
        try:
            value = _plain(tag, node)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, yaml.YAMLError):
            self._note_at(node, "card.yaml.value", written=shown(text), type=kind)
            return text
        if isinstance(value, float) and not math.isfinite(value):
            self._note_at(node, "card.yaml.not_finite", written=shown(text))
            return text
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            self._owner.kept_as_text = True
            return str(value)
        return value

    def _note_depth(self, node: Node) -> None:
        left_out = shown(".".join(self._path))
        self._note_at(node, "card.metadata.truncated", bound="depth", limit=MAX_DEPTH, left_out=left_out)

    def _note_tag(self, node: Node) -> None:
        self._note_at(node, "card.yaml.tag", tag=shown(node.tag))

    def _note_at(self, node: Node, code: str, **params: Any) -> None:
        path = [*self._path, node.value] if code == "card.yaml.duplicate_key" else self._path
        self._notes.add(code, field=".".join(path), line=self._owner.line_of(node.start_mark), **params)


_constructor = yaml.constructor.SafeConstructor()


def _plain(tag: str, node: ScalarNode) -> Any:
    """The value of a boolean, number or date as PyYAML reads it; dates as ISO text.

    Raises:
        ValueError, LookupError, AttributeError, TypeError, ArithmeticError, yaml.YAMLError: it is none.
    """
    if len(node.value) > MAX_NUMBER_LENGTH:
        raise ValueError("too long for a number")
    if tag == TAG + "bool":
        return _constructor.construct_yaml_bool(node)
    if tag == TAG + "int":
        return _constructor.construct_yaml_int(node)
    if tag == TAG + "float":
        return _constructor.construct_yaml_float(node)
    return _constructor.construct_yaml_timestamp(node).isoformat()
