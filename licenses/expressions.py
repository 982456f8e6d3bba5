"""A declared licence as an expression over rows of the table.

What people declare is a Hub id, an SPDX expression, a list of either, or nothing; what comes out is a tree whose leaves
are rows of the table (``Term``) or the reason why there is none (``Undecided``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from licenses import catalogue
from licenses.catalogue import Catalogue, Licence

MAX_LENGTH = 1_000
"""Characters of one expression; longer ones are not read."""

MAX_PARTS = 20
"""Entries of a list, and leaves of one expression, that are read."""


@dataclass(frozen=True)
class Term:
    """One licence of the table as it was declared.

    ``exception`` is the SPDX id after WITH; it stays with its licence. ``or_later`` says that later versions were
    offered too.
    """

    licence: Licence
    written: str
    exception: str = ""
    or_later: bool = False


@dataclass(frozen=True)
class Undecided:
    """A licence that the table cannot name: ``code`` says why; ``licence`` is the row of a family or an unread text."""

    code: str
    written: str
    licence: Licence | None = None


@dataclass(frozen=True)
class All:
    """Every part holds. ``listed`` marks a list of ids, which may have been meant as a choice."""

    parts: tuple[Expression, ...]
    listed: bool = False


@dataclass(frozen=True)
class AnyOf:
    """One part is enough, and the licensee chooses."""

    parts: tuple[Expression, ...]


Leaf = Term | Undecided
Expression = Leaf | All | AnyOf

MISSING = Undecided("U-MISSING", "")


def parse(declared: Any, name: Any = None, table: Catalogue | None = None) -> Expression:
    """Read what a card declares.

    Args:
        declared: the card's ``license``: a string, a list of strings, or None; anything else is unknown, not an error.
        name: the card's ``license_name``; it is asked when the declared id names no text by itself.
        table: the table whose rows are meant (None: the project's own).
    """
    table = table or catalogue.table()
    if isinstance(declared, (list, tuple)):
        return _parse_list(tuple(declared), name, table)
    if declared is None or (isinstance(declared, str) and not declared.strip()):
        return MISSING
    if not isinstance(declared, str):
        return Undecided("U-UNKNOWN-ID", shorten(repr(declared)) if isinstance(declared, (int, float)) else "")
    found = _parse_text(declared.strip(), table) if len(declared) <= MAX_LENGTH else _unknown(declared)
    if isinstance(found, Undecided) and found.code == "U-OTHER" and isinstance(name, str) and len(name) <= MAX_LENGTH:
        named = _parse_text(name.strip(), table) if name.strip() else found
        # A name outside the table, one that names no text either, or "mine" explains nothing.
        if isinstance(named, Undecided):
            return named if named.code == "U-NOT-READ" else found
        return named if isinstance(named, Term) and not named.licence.is_own else found
    return found


def leaves(expression: Expression) -> Iterator[Leaf]:
    """The leaves of an expression, from left to right."""
    if isinstance(expression, (All, AnyOf)):
        for part in expression.parts:
            yield from leaves(part)
    else:
        yield expression


def shorten(text: str) -> str:
    """Declared text, fit for a message: printable and at most 80 characters."""
    clean = "".join(char if char.isprintable() else " " for char in text[:81])
    return clean if len(text) <= 80 else clean[:79] + "…"


def _parse_list(declared: tuple[Any, ...], name: Any, table: Catalogue) -> Expression:
    if len(declared) > MAX_PARTS:
        return Undecided("U-UNKNOWN-ID", f"a list of {len(declared)} licences")
    parts = tuple(
        dict.fromkeys(parse(None if isinstance(one, (list, tuple)) else one, name, table) for one in declared)
    )
    if not parts:
        return MISSING
    return parts[0] if len(parts) == 1 else All(parts, listed=True)


@lru_cache(maxsize=4096)
def _parse_text(text: str, table: Catalogue) -> Expression:
    # Ids come first: some hold characters that mean something in an expression.
    row = _leaf(text, table)
    if isinstance(row, Term) or row.licence is not None:
        return row
    from license_expression import ExpressionError, Licensing

    try:
        tree = Licensing().parse(text)
    except (ExpressionError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        # The parser raises more than its own errors on broken input; whatever it is, the text names no licence.
        return _unknown(text)
    if tree is None:
        return _unknown(text)
    read = _tree(tree, table)
    return read if sum(1 for _ in leaves(read)) <= MAX_PARTS else _unknown(text)


def _tree(node: Any, table: Catalogue) -> Expression:
    operator = getattr(node, "operator", None)
    if operator is not None:
        parts = tuple(_tree(part, table) for part in node.args)
        return All(parts) if operator.strip().upper() == "AND" else AnyOf(parts)
    exception = getattr(node, "exception_symbol", None)
    if exception is None:
        return _leaf(node.key, table)
    base, known = _leaf(node.license_symbol.key, table), _exceptions().get(exception.key.casefold())
    written = f"{node.license_symbol.key} WITH {exception.key}"
    if known is None or isinstance(base, Undecided):
        return _unknown(written)
    return Term(base.licence, written, exception=known, or_later=base.or_later)


def _leaf(text: str, table: Catalogue) -> Leaf:
    licence = table.find(text)
    if licence is None:
        return _later(text, table)
    for clause in licence.says("undecided"):
        return Undecided(clause.value, shorten(text), licence)
    if licence.evidence == "not_read":
        return Undecided("U-NOT-READ", shorten(text), licence)
    if licence.family == "placeholder":
        return Undecided("U-FAMILY", shorten(text), licence)
    return Term(licence, shorten(text))


def _later(text: str, table: Catalogue) -> Leaf:
    """``X-or-later`` and ``X+``: the row of X, with later versions offered too."""
    folded = text.casefold()
    for ending in ("-or-later", "+"):
        if folded.endswith(ending):
            base = table.find(text[: -len(ending)])
            if base is not None and base.spdx and base.family != "placeholder":
                return Term(base, shorten(text), or_later=True)
    return _unknown(text)


def _unknown(text: str) -> Undecided:
    return Undecided("U-UNKNOWN-ID", shorten(text))


@cache
def _exceptions() -> dict[str, str]:
    """SPDX exception ids by their lower-case form; read when the first WITH is met."""
    from license_expression import get_license_index

    keys = (entry.get("spdx_license_key") for entry in get_license_index() if entry.get("is_exception"))
    return {key.casefold(): key for key in keys if key and not key.startswith("LicenseRef-")}
