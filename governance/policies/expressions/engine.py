"""The engine that conditions are asked of: cel-expr-python, with every fact declared by its type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from governance.policies.expressions.reading import ExpressionRefused

PROGRAMS_KEPT = 256
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
# The facts by type: sections of one kind of value are typed to the end, the others to their keys.
VARIABLES: Mapping[str, str] = {
    "subject": "texts",
    "use_case": "texts",
    "stage": "text",
    "card": "section",
    "license": "section",
    "audits": "sections",
    "metrics": "numbers",
    "files": "section",
    "lineage": "section",
    "evidence": "counts",
    "pilot": "section",
    "decision_record": "section",
    "waivers": "sections",
    "signature": "section",
    "asked_at": "text",
}


@lru_cache(maxsize=1)
def cel() -> Any:
    """The engine: 3 ms and 6 MB when it is first asked for, so that nothing is loaded where no policy uses it."""
    from cel_expr_python import cel as engine

    return engine


@lru_cache(maxsize=1)
def environment() -> Any:
    """The declared facts, in which expressions are compiled and asked."""
    engine = cel()
    kind = engine.Type
    section = kind.Map(kind.STRING, kind.DYN)
    types = {
        "text": kind.STRING,
        "texts": kind.Map(kind.STRING, kind.STRING),
        "numbers": kind.Map(kind.STRING, kind.DOUBLE),
        "counts": kind.Map(kind.STRING, kind.INT),
        "section": section,
        "sections": kind.List(section),
    }
    return engine.NewEnv(variables={name: types[shape] for name, shape in VARIABLES.items()})


def compiled(text: str) -> Any:
    """The program of an expression.

    Raises:
        ExpressionRefused: the engine does not take it; with the first thing that it names.
    """
    try:
        return environment().compile(text)
    except Exception as refused:
        found = _PLACE.search(str(refused))
        line, column, why = (int(found[1]), int(found[2]), found[3]) if found else (1, 1, str(refused))
        raise ExpressionRefused("expression_invalid", line, column, problem=why.strip()[:200]) from refused


@lru_cache(maxsize=PROGRAMS_KEPT)
def programs(sha256: str, expressions: tuple[str, ...]) -> Mapping[str, Any]:
    """The programs of one policy version by expression, compiled once. What does not compile any more is None."""
    found: dict[str, Any] = {}
    for text in expressions:
        try:
            found[text] = compiled(text)
        except ExpressionRefused:
            found[text] = None
    return found
