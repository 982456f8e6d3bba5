"""Columns of free texts and ids: read as they stand, from every format."""

from __future__ import annotations

import io
from typing import Any

import pytest

from audits.measures.coded import texts_in
from audits.measures.tables import TableRejected, open_table
from tests.audits.measures.test_tables import json_of, parquet_of

CELLS = ['He said: "no", then left.\nTwice.', " two  blanks ", "", "NA", "1", "ё"]


def csv_bytes() -> bytes:
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in CELLS]
    return ("id,text\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(quoted))).encode()


def read(data: bytes, *, texts: tuple[str, ...] = ("text",), maybe: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    made: dict[str, list[Any]] = {}
    with open_table(io.BytesIO(data), columns=[], texts=texts, maybe=maybe) as table:
        for chunk in table.chunks():
            for name, cells in texts_in(chunk).items():
                made.setdefault(name, []).extend(cells)
    return made


@pytest.mark.parametrize(
    "data",
    [
        csv_bytes(),
        json_of([{"id": at, "text": cell} for at, cell in enumerate(CELLS)]),
        parquet_of(id=list(range(len(CELLS))), text=CELLS),
    ],
    ids=["csv", "jsonl", "parquet"],
)
def test_texts_stand_as_they_are_and_ids_are_spelled_alike(data: bytes) -> None:
    found = read(data, texts=("id", "text"))

    assert found["text"] == [cell if cell.strip() else None for cell in CELLS]
    assert found["id"] == [str(at) for at in range(len(CELLS))]


def test_a_column_that_may_be_lacking_may_be_lacking() -> None:
    assert set(read(csv_bytes(), maybe=("id", "template"))) == {"text", "id"}
    assert set(read(parquet_of(text=["a"]), maybe=("id",))) == {"text"}
    assert read(json_of([{"text": "a"}]), maybe=("id",)) == {"text": ["a"], "id": [None]}


def test_more_different_texts_than_any_group_has() -> None:
    many = "text\n" + "".join(f"text number {at}\n" for at in range(5_000))

    assert len(set(read(many.encode())["text"])) == 5_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"id\n1\n", "column_missing"),
        (json_of([{"text": ["a"]}]), "column_not_flat"),
        (b'{"text": "a\\u0000b"}\n', "nul_bytes"),
        (b'{"text": "\\ud800"}\n', "not_utf8"),
        (b"text\na\xff\n", "not_utf8"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        read(data)

    assert refused.value.code == code
