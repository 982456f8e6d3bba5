"""Taking typed values out of a policy file, and noting what is wrong instead of stopping at the first thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from governance.policies.problems import MOST_SHOWN, Problem
from governance.policies.yaml_source import Node, Shape

MAX_TITLE = 200
MAX_NAME = 80
_SHOWN = 60

_READ_AS: Mapping[Shape, str] = {
    "boolean": "true or false",
    "integer": "a number",
    "empty": "nothing",
    "other": "a date, a number or something else",
}


def quotable(value: Any) -> Any:
    """A value fit to stand in a message: numbers as they are, text cut to a length that can be read."""
    text = value if isinstance(value, str) else None
    return value if text is None or len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def shown(text: str) -> str:
    """Text from the file, in quotes."""
    return f"'{quotable(text)}'"


def listed(words: Iterable[str]) -> str:
    """Words to choose from, in one line."""
    return ", ".join(sorted(words)) or "none"


def _found(node: Node) -> str:
    """What stands in the file, and what YAML makes of it where that is not text."""
    if node.shape in ("mapping", "list"):
        return f"a {node.shape}"
    if node.shape == "empty" and not node.text:
        return "nothing"
    read_as = _READ_AS.get(node.shape)
    return f"{shown(node.text)}, which YAML reads as {read_as}" if read_as else shown(node.text)


class Reader:
    """Reads nodes as what they have to be. A value that is wrong or missing becomes a problem and an empty value."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, code: str, node: Node, path: str, **params: Any) -> None:
        """Note a problem; after fifty only that there are more."""
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(Problem(code, node.line, node.column, path, params))
        elif len(self.problems) == MOST_SHOWN:
            self.problems.append(Problem("too_many_problems", node.line, node.column))

    def noted(self, *paths: str) -> bool:
        """Whether something is wrong at or below one of the paths."""
        return any(problem.path.startswith(paths) for problem in self.problems)

    def mapping(
        self,
        node: Node | None,
        path: str,
        *,
        required: Sequence[str],
        optional: Sequence[str],
        later: Sequence[str],
    ) -> dict[str, Node]:
        """The values of a mapping by key. ``later`` are keys that a coming version of the format will know."""
        if node is None:
            return {}
        what = path or "the file"
        if node.shape != "mapping":
            self.problem("not_a_mapping", node, path, what=what, found=_found(node))
            return {}
        values: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.shape != "text":
                self.problem("key_not_text", key, path, found=_found(key))
                continue
            here = f"{path}.{quotable(key.text)}" if path else str(quotable(key.text))
            if key.text in keys:
                self.problem("duplicate_key", key, here, key=shown(key.text), first_line=keys[key.text].line)
                continue
            keys[key.text] = key
            if key.text in later:
                self.problem("not_supported_yet", key, here, key=key.text)
            elif key.text not in required and key.text not in optional:
                known = [*required, *optional]
                near = difflib.get_close_matches(key.text[:_SHOWN], known, n=1, cutoff=0.7)
                hint = f"{near[0]} (is that meant?)" if near else listed(known)
                self.problem("unknown_key", key, here, key=shown(key.text), known=hint)
            else:
                values[key.text] = value
        for key_name in required:
            if key_name not in keys:
                self.problem("missing_key", node, path, what=what, key=key_name)
        return values

    def items(
        self, node: Node | None, path: str, *, longest: int, may_be_empty: bool = False
    ) -> Iterator[tuple[str, Node]]:
        """The items of a list, each with its path."""
        if node is None:
            return
        if node.shape != "list":
            self.problem("not_a_list", node, path, what=path, found=_found(node))
            return
        if not node.items and not may_be_empty:
            self.problem("empty_list", node, path, what=path)
        if len(node.items) > longest:
            self.problem("too_long", node, path, what=path, length=len(node.items), unit="items", longest=longest)
        for number, item in enumerate(node.items[:longest]):
            yield f"{path}[{number}]", item

    def text(self, node: Node | None, path: str) -> str:
        """Text, as long as it likes; '' where it is missing (which ``mapping`` has noted)."""
        if node is None:
            return ""
        if node.shape != "text":
            self.problem("not_text", node, path, what=path, found=_found(node))
            return ""
        return node.text

    def line(self, node: Node | None, path: str, *, default: str) -> str:
        """A title: one line, blanks around removed."""
        text = " ".join(self.text(node, path).split())
        if node is not None and len(text) > MAX_TITLE:
            self.problem("too_long", node, path, what=path, length=len(text), unit="characters", longest=MAX_TITLE)
        return text or default

    def name(self, node: Node | None, path: str, *, separators: str) -> str:
        """A name that stands in addresses and codes."""
        text = self.text(node, path)
        if node is None or node.shape != "text":
            return ""
        if len(text) > MAX_NAME:
            self.problem("too_long", node, path, what=path, length=len(text), unit="characters", longest=MAX_NAME)
        elif not re.fullmatch(f"[a-z0-9]+([{re.escape(separators)}][a-z0-9]+)*", text, re.ASCII):
            self.problem("bad_name", node, path, value=shown(text), what=path, separators=" ".join(separators))
        return text

    def word(self, node: Node | None, path: str, possible: Sequence[str], *, default: str = "") -> str:
        """One word out of those that are possible."""
        if node is None:
            return default
        text = self.text(node, path)
        if node.shape == "text" and text not in possible:
            self.problem("not_allowed", node, path, value=shown(text), what=path, possible=", ".join(possible))
        return text

    def words(
        self, node: Node | None, path: str, possible: Sequence[str], code: str = "not_allowed", **params: Any
    ) -> tuple[str, ...]:
        """Some of the possible words, each once, in the order of ``possible``."""
        found: set[str] = set()
        for here, item in self.items(node, path, longest=50):
            word = self.text(item, here)
            if item.shape == "text" and word not in possible:
                known = ", ".join(possible)
                told = {"what": path, "possible": known} if code == "not_allowed" else {"known": known}
                self.problem(code, item, here, value=shown(word), **told, **params)
            elif word in found:
                self.problem("repeated", item, here, value=shown(word), what=path)
            found.add(word)
        return tuple(word for word in possible if word in found)

    def integer(self, node: Node | None, path: str, low: int, high: int, *, default: int) -> int:
        """A whole number from ``low`` to ``high``."""
        if node is None:
            return default
        if node.shape != "integer":
            self.problem("not_a_number", node, path, what=path, found=_found(node))
            return default
        value = int(node.text)
        if not low <= value <= high:
            self.problem("number_out_of_range", node, path, what=path, value=value, low=low, high=high)
        return value

    def boolean(self, node: Node | None, path: str, *, default: bool) -> bool:
        """true or false, in these words only."""
        if node is None:
            return default
        if node.shape != "boolean" or node.text not in ("true", "false"):
            self.problem("not_true_or_false", node, path, what=path, found=_found(node))
            return default
        return node.text == "true"

    def data(self, node: Node | None, path: str) -> Any:
        """Any value as JSON has it: for facts that a test is made of. Dates and the like are text."""
        if node is None:
            return None
        if node.shape == "mapping":
            keys = tuple(dict.fromkeys(key.text for key, _value in node.pairs if key.shape == "text"))
            row = self.mapping(node, path, required=(), optional=keys, later=())
            return {key: self.data(value, f"{path}.{quotable(key)}") for key, value in row.items()}
        if node.shape == "list":
            return [self.data(item, f"{path}[{number}]") for number, item in enumerate(node.items)]
        if node.shape == "boolean":
            return self.boolean(node, path, default=False)
        if node.shape == "integer":
            return int(node.text)
        if node.shape == "empty":
            return None
        if node.shape == "other" and re.fullmatch(r"-?[0-9]+\.[0-9]+", node.text, re.ASCII):
            return float(node.text)
        if node.shape == "other" and node.text.strip("+-.").lower() in ("nan", "inf"):
            self.problem("not_a_fact", node, path, value=shown(node.text))
        return node.text

    def once(self, value: str, node: Node | None, path: str, code: str, seen: dict[str, Node]) -> None:
        """Note a problem when a value was seen before."""
        if not value or node is None:
            return
        if value in seen:
            self.problem(code, node, path, value=shown(value), first_line=seen[value].line)
        seen.setdefault(value, node)
