"""What is looked at before a parquet file is unpacked changes nothing of what is read, however the file was written."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.measures.tables import TableRejected, parquet_rows
from audits.measures.tables.loading import load_table
from audits.measures.tables.parquet_pages import BrokenPages, pages_of

ROWS = 3_000
TABLE = pa.table(
    {
        "long": pa.array([f"{'shared beginning ' * 9}{row % 700}" if row % 7 else None for row in range(ROWS)]),
        "few": pa.array([("yes", "no", None)[row % 3] for row in range(ROWS)]),
        "big": pa.array([f"text {row}" for row in range(ROWS)], pa.large_string()),
        "bytes": pa.array([b"%d" % (row % 11) for row in range(ROWS)]),
        "fixed": pa.array([b"%03d" % (row % 500) for row in range(ROWS)], pa.binary(3)),
        "number": pa.array([row / 4 if row % 5 else None for row in range(ROWS)]),
        "dotted.name": pa.array(range(ROWS)),
    }
)
WRITTEN: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "plain": {"use_dictionary": False},
    "in row groups": {"row_group_size": 250},
    "in tiny pages of version 2": {"data_page_version": "2.0", "data_page_size": 300, "compression": "gzip"},
    "with a dictionary that is given up": {"dictionary_pagesize_limit": 2_000, "data_page_size": 500},
    "as differences": {
        "use_dictionary": False,
        "compression": "none",
        "column_encoding": {"long": "DELTA_BYTE_ARRAY", "big": "DELTA_LENGTH_BYTE_ARRAY"},
    },
}


def written(options: dict[str, Any]) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(TABLE, file, **options)
    return file


@pytest.mark.parametrize("options", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("at_once", [1_000, 64 << 20])
def test_a_table_is_read_the_same_however_it_was_written(
    options: dict[str, Any], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_rows, "_BATCH_BYTES", at_once)

    table = load_table(written(options))

    for name in TABLE.column_names:
        wanted = TABLE[name].cast(pa.string()) if name in ("fixed", "bytes", "big") else TABLE[name]
        cells = table.texts(name).to_pylist()
        if name == "number":
            np.testing.assert_array_equal(
                table.numbers(name), [np.nan if one is None else one for one in wanted.to_pylist()]
            )
        elif name in ("fixed", "bytes", "dotted.name"):
            assert cells == [str(one) for one in wanted.to_pylist()]
        else:
            assert cells == wanted.to_pylist()


@pytest.mark.parametrize("options", WRITTEN.values(), ids=WRITTEN)
def test_the_pages_add_up_to_what_the_footer_says(options: dict[str, Any]) -> None:
    file = written(options)
    footer = pq.read_metadata(file)
    for group in range(footer.num_row_groups):
        for leaf in range(footer.num_columns):
            column = footer.row_group(group).column(leaf)
            start = column.dictionary_page_offset or column.data_page_offset

            pages = pages_of(file, start, column.total_compressed_size)

            assert pages.has_dictionary == column.has_dictionary_page
            # the footer counts the headers too
            assert 0 < pages.dictionary + pages.largest <= pages.total < column.total_uncompressed_size
            assert (pages.delta > 0) == ("DELTA_BYTE_ARRAY" in column.encodings)


def test_pages_that_are_no_pages_are_refused() -> None:
    file = written({"use_dictionary": False})
    column = pq.read_metadata(file).row_group(0).column(0)
    start, length = column.data_page_offset, column.total_compressed_size
    data = bytearray(file.getvalue())
    for broken in (b"\xff" * 40, b"\x15\x00" + b"\xff" * 40, b"\x00" * 4, b"\x1c" * 40, b"\x19" * 8):
        data[start : start + len(broken)] = broken
        with pytest.raises(BrokenPages):
            pages_of(io.BytesIO(data), start, length)
        with pytest.raises(TableRejected) as refused:
            load_table(io.BytesIO(data))
        assert refused.value.code == "not_a_table"
    with pytest.raises(BrokenPages):
        pages_of(file, start, length - 1)
