"""The text of a condition as its words stand in it. Nothing here knows the engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Sections that come from one kind of audit, by its name.
SECTIONS_OF_KINDS = frozenset({"card", "license"})
# What a version was made from, in so far as it is approved: that ends with the approvals.
UPSTREAM = frozenset({"datasets_approved", "bases_approved"})

_TOKENS = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<comment>//[^\n]*)"""
    r"""|(?P<number>(?:\d+\.\d+(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|\d+(?:[eE][+-]?\d+)?)[uU]?)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<mark>==|!=|<=|>=|&&|\|\||[^\s])"""
)


class ExpressionRefused(ValueError):
    """The text is no condition that may be published; ``line`` and ``column`` count from 1 within the text."""

    def __init__(self, code: str, line: int = 1, column: int = 1, **params: Any) -> None:
        super().__init__(f"{code} at line {line}, column {column}")
        self.code = code
        self.line = line
        self.column = column
        self.params = params


@dataclass(frozen=True)
class Token:
    """One word of an expression: ``kind`` is text, comment, number, name or mark."""

    kind: str
    text: str
    start: int


def tokens_of(text: str) -> list[Token]:
    """The words of an expression, in their order."""
    return [Token(str(found.lastgroup), found.group(), found.start()) for found in _TOKENS.finditer(text)]


def place_of(text: str, start: int) -> tuple[int, int]:
    """Line and column of a position, from 1."""
    lines = text[:start].split("\n")
    return len(lines), len(lines[-1]) + 1


def names_in(text: str) -> frozenset[str]:
    """The names that an expression uses."""
    return frozenset(token.text for token in tokens_of(text) if token.kind == "name")


def audits_in(text: str) -> frozenset[str]:
    """What may be kinds of audit in an expression: its quoted words, and the sections that one kind alone fills."""
    tokens = tokens_of(text)
    quoted = {token.text.lstrip("rRbB").strip("\"'") for token in tokens if token.kind == "text"}
    starts = (token.text for before, token in zip([None, *tokens], tokens, strict=False) if _begins(before, token))
    return frozenset(quoted | (set(starts) & SECTIONS_OF_KINDS))


def _begins(before: Token | None, token: Token) -> bool:
    return token.kind == "name" and (before is None or before.text != ".")


def atoms(text: str) -> tuple[str, ...]:
    """The parts of a condition that stand between its outermost ``&&`` and ``||``, for showing which of them fails."""
    depth, start, parts = 0, 0, []
    for token in tokens_of(text):
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth == 0 and token.text == "?":
            return (text,)
        if depth == 0 and token.text in ("&&", "||"):
            parts.append(text[start : token.start])
            start = token.start + 2
    return tuple(dict.fromkeys(part.strip() for part in [*parts, text[start:]] if part.strip()))
