"""Tests that a policy file brings along: facts, and what they have to come to."""

from __future__ import annotations

from governance.policies.reading import Reader
from governance.policies.shapes import STATUSES, VERDICT, VERDICTS, Case
from governance.policies.yaml_source import Node

MAX_TESTS = 100


def cases_of(reader: Reader, node: Node | None, ids: list[str]) -> tuple[Case, ...]:
    if node is None:
        return ()
    found = []
    names: dict[str, Node] = {}
    for path, item in reader.items(node, "tests", longest=MAX_TESTS, may_be_empty=True):
        row = reader.mapping(item, path, required=("name", "facts", "expect"), optional=(), later=())
        name = reader.line(row.get("name"), f"{path}.name", default="")
        reader.once(name, row.get("name"), f"{path}.name", "duplicate_test", names)
        facts = reader.data(row.get("facts"), f"{path}.facts")
        if "facts" in row and not isinstance(facts, dict):
            reader.problem("not_a_mapping", row["facts"], f"{path}.facts", what=f"{path}.facts", found="a value")
        expect = _expected(reader, row.get("expect"), f"{path}.expect", ids)
        found.append(
            Case(
                name=name,
                facts=facts if isinstance(facts, dict) else {},
                expect=tuple((key, value) for key, value, _line in expect),
                lines=tuple(line for _key, _value, line in expect),
            )
        )
    return tuple(found)


def _expected(reader: Reader, node: Node | None, path: str, ids: list[str]) -> list[tuple[str, str, int]]:
    if node is None:
        return []
    row = reader.mapping(node, path, required=(), optional=(*ids, VERDICT), later=())
    if node.shape == "mapping" and not node.pairs:
        reader.problem("empty_test", node, path)
    found: list[tuple[str, str, int]] = []
    for key, value in row.items():
        word = reader.word(value, f"{path}.{key}", VERDICTS if key == VERDICT else STATUSES)
        found.append((key, word, value.line))
    return sorted(found)
