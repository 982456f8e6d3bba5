"""What is no file, what never ends, what grows when it is opened, and names that no document can hold."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.measures.data.auditing import audit_data, load_for
from audits.measures.data.plan import DataPlan
from audits.measures.drift.tables import audit_drift
from audits.measures.tables import TableRejected, open_table, opening
from audits.measures.tables.chunks import ALL
from audits.measures.tables.loading import load_table

HALF = "amount \ud83d"


def refusal(source: Any, **wanted: Any) -> TableRejected:
    with pytest.raises(TableRejected) as refused:
        load_table(source, **wanted)
    return refused.value


@pytest.mark.timeout(20)
@pytest.mark.parametrize("made", ["device", "pipe", "folder", "link to a device"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, made: str) -> None:
    path = tmp_path / "table.csv"
    if made == "device":
        path = Path("/dev/zero")
    elif made == "pipe":
        os.mkfifo(path)
    elif made == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")

    refused = refusal(path)

    assert refused.code == "not_a_file"
    assert "write the table to a file" in str(refused)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "link").symlink_to("table.csv")

    assert load_table(tmp_path / "link").rows == 1


def test_a_stream_without_end_is_read_to_a_limit() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return b"1,2\n" * (max(size, 4) // 4)

    with pytest.raises(TableRejected) as refused:
        open_table(Endless(), columns=["1"], max_text=8 << 20)  # type: ignore[arg-type]

    assert refused.value.code == "table_too_large"


@pytest.mark.timeout(120)
def test_zeros_without_end_are_not_counted_to_their_end(tmp_path: Path) -> None:
    """A sparse file of 60 GB: nobody reads on after the first zero byte."""
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        file.truncate(60 << 30)

    assert refusal(path).code in ("nul_bytes", "ragged_row")


def bomb(rows: int) -> bytes:
    """A gzip file of equal rows, some thousand times smaller than what it holds."""
    line = b"1," + b"0" * 4_000 + b"\n"
    return gzip.compress(b"a,b\n" + line * rows, compresslevel=9)


def test_a_file_that_grows_a_thousandfold_is_refused_at_a_stated_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE_TEXT", 4 << 20)
    packed = bomb(5_000)
    assert len(packed) * 500 < 5_000 * 4_000

    tracemalloc.start()
    refused = refusal(io.BytesIO(packed))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.code == "table_too_large"
    assert "200 times the packed file" in str(refused)
    assert most < 8 << 20


def texts(cells: int, length: int) -> pa.Array:
    """Equal long texts."""
    offsets = pa.py_buffer(np.arange(cells + 1, dtype=np.int32) * np.int32(length))
    return pa.StringArray.from_buffers(cells, offsets, pa.py_buffer(b"x" * (cells * length)))


def parquet(path: Path, *arrays: pa.Array, **options: Any) -> Path:
    """A parquet file of one column, with a row group for each array, packed by zstd."""
    with pq.ParquetWriter(
        path, pa.schema({"a": arrays[0].type}), compression="zstd", data_page_size=1 << 30, **options
    ) as writer:
        for array in arrays:
            writer.write_table(pa.table({"a": array}), row_group_size=1 << 20)
    return path


def lying(path: Path) -> Path:
    """The same file with a footer that says of every column that it unpacks to nothing."""
    column = pq.read_metadata(path).row_group(0).column(0)
    said = column.total_uncompressed_size << 1
    varint = bytes((said >> shift & 0x7F) | 0x80 for shift in range(0, 35, 7) if said >> shift)
    varint = varint[:-1] + bytes([varint[-1] & 0x7F])
    footer = path.read_bytes()
    body = footer[: column.total_compressed_size + 4]
    rest = footer[len(body) :]
    assert varint in rest
    path.write_bytes(body + rest.replace(varint, b"\x82" + b"\x80" * (len(varint) - 2) + b"\x00"))
    assert pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size == 1
    return path


# The most memory that a process has held is its own only in VmHWM: ru_maxrss begins at what its parent had.
READ_IN_TURN = """
import json, sys
from audits.measures.tables import TableRejected
from audits.measures.tables.loading import load_table

def peak():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) // 1024

def said(path):
    try:
        return f"{load_table(path).rows} rows"
    except TableRejected as refused:
        return refused.code

load_table(sys.argv[1])
before = peak()
print(json.dumps([(said(path), peak() - before) for path in sys.argv[2:]]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_parquet_bomb_is_refused_before_memory_grows(tmp_path: Path) -> None:
    """Some 100 kB each; read without looking they take from 200 MB to more than there is."""
    once = pa.array(["x" * 900_000])
    repeated = pa.DictionaryArray.from_arrays(pa.array(np.zeros(65_536, dtype=np.int32)), once)
    plain: dict[str, Any] = {"use_dictionary": False}
    bombs = [
        parquet(tmp_path / "page", texts(800, 250_000), **plain),
        lying(parquet(tmp_path / "lie", texts(800, 250_000), **plain)),
        parquet(tmp_path / "dictionary", texts(1, 200_000_000), dictionary_pagesize_limit=1 << 30),
        parquet(tmp_path / "one long text in every row", repeated),
        parquet(tmp_path / "differences", texts(3_000, 100_000), **plain, column_encoding={"a": "DELTA_BYTE_ARRAY"}),
        parquet(tmp_path / "row groups", *[texts(400, 125_000)] * 8, **plain),
    ]
    assert all(path.stat().st_size < 200_000 for path in bombs)
    tame = parquet(tmp_path / "tame", texts(400, 125), **plain)

    done = subprocess.run(
        [sys.executable, "-c", READ_IN_TURN, *map(str, [tame, *bombs])], capture_output=True, text=True, check=True
    )

    refused = dict(zip((path.name for path in bombs), json.loads(done.stdout), strict=True))
    assert {name: code for name, (code, _) in refused.items()} == dict.fromkeys(refused, "table_too_large")
    assert {name: grown for name, (_, grown) in refused.items() if grown > 450} == {}
    assert all(refused[name][1] < 60 for name in ("page", "lie", "dictionary"))


def test_a_table_that_packs_well_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE_TEXT", 4 << 10)
    rows = [f"{row},{row % 3},{'yes' if row % 2 else 'no'}" for row in range(20_000)]

    assert load_table(io.BytesIO(gzip.compress("\n".join(["id,class,said", *rows]).encode()))).rows == 20_000


def lines(name: str) -> io.BytesIO:
    return io.BytesIO("\n".join(json.dumps({name: row, "b": str(row)}) for row in range(40)).encode())


def test_a_name_that_is_half_a_character_is_refused_and_shown_escaped() -> None:
    refused = refusal(lines(HALF))

    assert refused.code == "not_utf8"
    assert "'amount \\xd83d'" in str(refused)


@pytest.mark.parametrize("part", [{"columns": [HALF]}, {"numbers": [HALF]}, {"features": [HALF]}, {"texts": [HALF]}])
def test_a_broken_name_that_is_asked_for_is_refused_in_every_format(part: dict[str, Any]) -> None:
    table = pa.table({"b": ["x"]})
    packed = io.BytesIO()
    pq.write_table(table, packed)
    for source in (lines(HALF), io.BytesIO(b"a,b\n1,2\n"), packed, table):
        with pytest.raises(TableRejected) as refused:
            open_table(source, **{"columns": [], **part})
        assert refused.value.code == "not_utf8"


def test_names_of_other_formats_that_are_no_text_are_refused() -> None:
    # the name of a column of parquet is bytes in its footer; the same length, so that the file stays whole
    packed = io.BytesIO()
    pq.write_table(pa.table({"nameAB": list(range(40))}), packed)
    broken = packed.getvalue().replace(b"nameAB", b"name\xff\xfe")

    assert refusal(io.BytesIO(broken)).code in ("not_a_table", "not_utf8")
    assert refusal(io.BytesIO(b"name\xff\xfe,b\n1,2\n")).code == "not_utf8"
    assert refusal(io.BytesIO(b"name\xed\xa0\xbd,b\n1,2\n")).code == "not_utf8"


def test_a_broken_name_ends_no_audit_in_a_traceback() -> None:
    with pytest.raises(TableRejected):
        audit_drift(load_table(lines("a")), load_table(lines(HALF)))
    with pytest.raises(TableRejected):
        load_for(lines(HALF), DataPlan())


def wide(columns: int, rows: int = 3) -> bytes:
    header = ",".join(f"column_{number}" for number in range(columns))
    return "\n".join([header, *(",".join("1" for _ in range(columns)) for _ in range(rows)), ""]).encode()


def test_too_many_columns_are_refused_before_a_row_is_read() -> None:
    # the rows are ragged, which would be said first by whoever read them
    broken = wide(20_000) + b"1,2\n"
    packed = io.BytesIO()
    pq.write_table(pa.table({f"c{number}": [1] for number in range(2_001)}), packed)

    for source in (io.BytesIO(broken), packed, io.BytesIO(json.dumps({f"c{i}": 1 for i in range(2_001)}).encode())):
        with pytest.raises(TableRejected) as refused:
            load_for(source, DataPlan())
        assert refused.value.code == "too_many_columns"
        assert "at most 2,000" in str(refused.value)


def test_a_wide_table_is_read_in_no_more_pieces_than_a_narrow_one() -> None:
    """Each piece costs something for every column: pieces that grow with the columns make the cost their square."""
    data = wide(4_000, rows=600)

    with open_table(io.BytesIO(data), columns=(), texts=ALL) as table:
        pieces = [chunk.rows for chunk in table.chunks()]

    assert sum(pieces) == 600
    assert len(pieces) <= 8
    assert load_table(io.BytesIO(data)).texts("column_3999").to_pylist() == ["1"] * 600


def test_two_thousand_columns_are_audited() -> None:
    table = load_for(io.BytesIO(wide(2_000, rows=40)), DataPlan())

    assert len(audit_data(table, DataPlan())["columns"]) == 2_000
