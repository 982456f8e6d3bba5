"""Whole tables in memory: every format, every kind of bad input, and the end of what is held."""

from __future__ import annotations

import gzip
import io
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.measures.data.auditing import audit_data, load_for
from audits.measures.data.plan import DataPlan
from audits.measures.tables import TableRejected
from audits.measures.tables.loading import load_table

ROWS = [
    {"name": "Ünal", "n": 1, "note": "=1+1"},
    {"name": None, "n": 2, "note": " b "},
    {"name": "N/A", "n": 3, "note": ""},
]
CSV = "name,n,note\nÜnal,1,=1+1\n,2, b \nN/A,3,\n".encode()


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        CSV.replace(b",", b"\t"),
        b"\xef\xbb\xbf" + CSV,
        gzip.compress(CSV, mtime=0),
        "\n".join(json.dumps(row) for row in ROWS).encode(),
        parquet(**{name: [row[name] for row in ROWS] for name in ROWS[0]}),
    ],
)
def test_every_format_gives_the_same_cells(data: bytes) -> None:
    table = load_table(io.BytesIO(data))

    assert (table.rows, table.names) == (3, ("name", "n", "note"))
    assert table.texts("name").to_pylist() == ["Ünal", None, None]
    assert table.texts("note").to_pylist() == ["=1+1", "b", None]
    assert table.texts("n").to_pylist() == ["1", "2", "3"]
    numbers = table.numbers("n")
    assert numbers is not None
    assert numbers.tolist() == [1.0, 2.0, 3.0]
    assert table.numbers("name") is None


def test_cells_of_every_type_become_text_and_numbers() -> None:
    table = load_table(
        io.BytesIO(
            parquet(
                whole=pa.array([1.0, None, 2.5]),
                money=pa.array([Decimal("1.50"), None, Decimal("2.00")]),
                yes=pa.array([True, None, False]),
                day=pa.array([0, None, 1], pa.date32()),
                word=pa.array(["a", None, "a"]).dictionary_encode(),
                raw=pa.array([b"a", None, b"b"]),
                nothing=pa.nulls(3),
            )
        )
    )

    texts = {name: table.texts(name).to_pylist() for name in table.names}
    assert texts["whole"] == ["1", None, "2.5"]
    assert texts["yes"] == ["true", None, "false"]
    assert texts["day"] == ["1970-01-01", None, "1970-01-02"]
    assert (texts["word"], texts["raw"], texts["nothing"]) == (["a", None, "a"], ["a", None, "b"], [None] * 3)
    money = table.numbers("money")
    assert money is not None
    np.testing.assert_array_equal(money, [1.5, np.nan, 2.0])
    assert table.numbers("yes") is None
    assert table.numbers("nothing") is None


def test_keys_that_come_late_or_go_are_missing_where_they_lack() -> None:
    lines = [json.dumps({"a": i} if i < 25_000 else {"b": "x"}) for i in range(50_000)]

    table = load_table(io.BytesIO("\n".join(lines).encode()))

    assert table.texts("a").null_count == 25_000
    assert table.texts("b").null_count == 25_000
    assert table.texts("b")[49_999].as_py() == "x"


TRUNCATED = parquet(a=list(range(1000)))[:-200]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_table"),
        (b"a,b\n", "empty_table"),
        (parquet(a=pa.array([], pa.int64())), "empty_table"),
        (TRUNCATED, "not_a_table"),
        (gzip.compress(CSV, mtime=0)[:-9], "not_a_table"),
        (b"a,b,a\n1,2,3\n", "duplicate_column"),
        (b'{"a": 1, "a": 2}\n', "duplicate_column"),
        ("имя,b\n".encode("cp1251") + b"1,2\n", "not_utf8"),
        (b"a,b\n" + "имя,2\n".encode("cp1251"), "not_utf8"),
        ("a,b\nимя,1\n".encode() + "имя,2\n".encode("cp1251"), "not_utf8"),
        ("a,b\n1,2\n".encode("utf-16"), "not_utf8"),
        (parquet(a=pa.array([b"\xff\xfe"])), "not_utf8"),
        (b'{"a": "\\ud800"}\n', "not_utf8"),
        (b"a,b\n1,\x002\n", "nul_bytes"),
        (b'{"a": "x\\u0000"}\n', "nul_bytes"),
        (parquet(a=["x\0"]), "nul_bytes"),
        (parquet(a=[[1], [2]]), "column_not_flat"),
        (b'{"a": [1]}\n', "column_not_flat"),
        (b"a,b\n1\n", "ragged_row"),
        (b"PK\x03\x04 spreadsheet", "not_a_table"),
    ],
)
def test_bad_input_is_refused_with_a_code_and_a_way_to_mend_it(data: bytes, code: str) -> None:
    plan = DataPlan()
    with pytest.raises(TableRejected) as refused:
        audit_data(load_for(io.BytesIO(data), plan), plan)

    assert refused.value.code == code
    assert "\n" not in str(refused.value)


def test_a_cell_that_is_a_formula_stays_text() -> None:
    table = load_table(io.BytesIO(b"a\n=cmd|' /C calc'!A0\n+1\n-2\n"))

    assert table.texts("a").to_pylist() == ["=cmd|' /C calc'!A0", "+1", "-2"]
    assert table.numbers("a") is None


@pytest.mark.parametrize("data", [b"a\n" + b"x\n" * 50, parquet(a=["x"] * 50)])
def test_more_rows_than_are_held_are_refused_and_not_cut(data: bytes) -> None:
    with pytest.raises(TableRejected, match="at most 49 rows") as refused:
        load_table(io.BytesIO(data), max_rows=49)

    assert refused.value.code == "table_too_large"
    assert load_table(io.BytesIO(data), max_rows=50).rows == 50


def test_more_bytes_than_are_held_are_refused() -> None:
    with pytest.raises(TableRejected, match="random sample"):
        load_table(io.BytesIO(b"a\n" + b"x" * 5_000 + b"\n"), max_bytes=4_000)


def test_progress_is_told_and_may_stop_the_reading() -> None:
    told: list[tuple[int, int | None]] = []

    def stop(done: int, total: int | None) -> None:
        told.append((done, total))
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load_table(io.BytesIO(CSV), progress=stop)

    assert told[-1] == (3, 3)
