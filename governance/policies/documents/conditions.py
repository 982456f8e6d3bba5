"""Conditions of a policy file."""

from __future__ import annotations

from governance.policies import expressions, reading
from governance.policies.reading import Reader
from governance.policies.yaml_source import Node


def condition(reader: Reader, node: Node | None, path: str) -> str:
    """A condition that may be published, else a problem with its place in the file."""
    text = reader.text(node, path).strip()
    if node is None or node.shape != "text":
        return ""
    try:
        expressions.check(text)
    except expressions.ExpressionRefused as refused:
        params = {name: reading.quotable(value) for name, value in refused.params.items()}
        place = Node("text", *node.place_of(text, refused.line, refused.column))
        reader.problem(refused.code, place, path, at=f"{refused.line}:{refused.column}", **params)
    return text


def timeless_condition(reader: Reader, node: Node | None, path: str) -> str:
    """A condition on what does not change by time alone: whether something is asked for at all."""
    text = condition(reader, node, path)
    if node is not None and (timed := expressions.TIMED & expressions.names_in(text)):
        reader.problem("expression_timed", node, path, name=sorted(timed)[0])
    return text
