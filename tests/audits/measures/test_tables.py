"""Tables as they come: in every format, and broken in every way. A refusal has a code and says how to mend it."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.bias import counted, open_for
from audits.measures.tables import TableRejected, csv_rows, open_table
from tests.audits.measures.made import audited, csv_of, examples, plan_of, rows_of

GROUPS = {"a": (40, 10, 20, 30), "b": (30, 20, 10, 40)}
GOOD = csv_of(rows_of(GROUPS))


def parquet_of(**columns: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def json_of(cells: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in cells)


def cells() -> dict[str, list[str]]:
    rows = [line.split(",") for line in rows_of(GROUPS)]
    return {name: [row[number] for row in rows] for number, name in enumerate(("label", "prediction", "group"))}


def typed(make: Any) -> bytes:
    columns = cells()
    return parquet_of(
        label=[make(cell) for cell in columns["label"]],
        prediction=[cell == "1" for cell in columns["prediction"]],
        group=pa.array(columns["group"]).dictionary_encode(),
    )


class Pipe(io.RawIOBase):
    """A stream that cannot go back."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._data.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)


EQUAL = {
    "csv with a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "csv with CRLF": GOOD.replace(b"\n", b"\r\n"),
    "csv without a last line end": GOOD[:-1],
    "csv with empty lines": GOOD.replace(b"\n", b"\n\n"),
    "csv with blanks around cells": GOOD.replace(b",", b" , "),
    "csv with quotes": b"\n".join(b'"' + line.replace(b",", b'","') + b'"' for line in GOOD.splitlines()) + b"\n",
    "semicolons": GOOD.replace(b",", b";"),
    "tabs": GOOD.replace(b",", b"\t"),
    "gzip": gzip.compress(GOOD),
    "floats": csv_of([line.replace("0,", "0.0,").replace("1,", "1.0,") for line in rows_of(GROUPS)]),
    "booleans": csv_of([line.replace("0,", "False,").replace("1,", "True,") for line in rows_of(GROUPS)]),
    "json lines": json_of(
        [
            {"label": int(row[0]), "prediction": bool(int(row[1])), "group": row[2], "more": [1, {"a": None}]}
            for row in (line.split(",") for line in rows_of(GROUPS))
        ]
    ),
    "parquet": typed(int),
    "parquet with floats": typed(float),
    "parquet with texts": typed(str),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_rows_are_equal_in_whatever_format_they_come(name: str) -> None:
    assert audited(EQUAL[name])["metrics"] == audited(GOOD)["metrics"]


def test_a_stream_that_cannot_go_back_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(GOOD)

    for source in (Pipe(GOOD), path, str(path)):
        with open_for(source, plan_of()) as table:  # type: ignore[arg-type]
            assert counted(table, plan_of()).rows_used == 200


@settings(max_examples=examples(20))
@given(
    st.lists(
        st.tuples(
            st.sampled_from("01"),
            st.sampled_from("01"),
            st.sampled_from(["a", "b", 'say "b"', "a,b", "two\nlines", "5'", "é"]),
            st.text(st.characters(blacklist_characters="\0\r", blacklist_categories=["Cs"]), max_size=20),
        ),
        min_size=8,
        max_size=60,
    ),
    st.integers(1, 200),
)
def test_blocks_are_cut_between_rows_wherever_quotes_and_line_ends_fall(
    rows: list[tuple[str, str, str, str]], block: int
) -> None:
    import csv

    rows += [("0", "0", "a", ""), ("1", "1", "b", "")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("label", "prediction", "group", "note"), *rows])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK", block)
        with open_for(io.BytesIO(text.getvalue().encode()), plan_of()) as table:
            counts = counted(table, plan_of())

    assert counts.rows_used == len(rows)
    found = dict(zip(counts.used.names("group"), counts.slices(["group"]).sizes, strict=True))
    assert found == {name: sum(row[2] == name for row in rows) for name in {row[2] for row in rows}}


REFUSED: dict[str, tuple[str, str, bytes]] = {
    "nothing": ("empty_table", "needs a header", b""),
    "blank lines": ("empty_table", "needs a header", b"\n\n\n"),
    "a header alone": ("empty_table", "no rows", b"label,prediction,group\n"),
    "no such column": (
        "column_missing",
        "no column 'group'; it has 'label', 'prediction', 'grp'",
        GOOD.replace(b"group", b"grp"),
    ),
    "a column twice": ("duplicate_column", "rename one", b"label,prediction,group,group\n0,0,a,a\n"),
    "a short row": ("ragged_row", "row 202 has 2 cells where the header has 3", GOOD + b"1,1\n"),
    "a long row": ("ragged_row", "row 202 has 4 cells", GOOD + b"1,1,a,b\n"),
    "NUL bytes": ("nul_bytes", "UTF-8 text or parquet", GOOD + b"1,1,\0\n"),
    "NUL bytes in the header": ("nul_bytes", "the first line", b"label,\0\n"),
    "Latin-1": ("not_utf8", "save the table as UTF-8", GOOD + "1,1,é\n".encode("latin-1")),
    "a Latin-1 header": ("not_utf8", "the header", "label,prédiction\n".encode("latin-1")),
    "UTF-16": ("not_utf8", "UTF-16", GOOD.decode().encode("utf-16")),
    "a huge cell": (
        "cell_too_long",
        "column 'group' has 5000000 characters",
        GOOD + b"1,1," + b"x" * 5_000_000 + b"\n",
    ),
    "an endless row": ("row_too_long", "16 MB", b"label,prediction,group\n1,1," + b"x" * 17_000_000),
    "an open quote": ("row_too_long", "close its quotes", b'label,prediction,group\n1,1,"a\n' + b"1,1,a\n" * 3_000_000),
    "an open quote in a column that nobody asks for": (
        "unclosed_quote",
        "row 102",
        b"label,prediction,group,note\n" + b"1,1,a,\n" * 100 + b'1,1,a,"oops\n' + b"0,0,b,\n" * 100,
    ),
    "an open quote in the last row": ("unclosed_quote", "close the quote", GOOD + b'1,1,"a'),
    "two stray quotes with rows between them": (
        "unclosed_quote",
        "row 12 has a quote that is not closed: what follows it, 2,001 lines",
        b"label,prediction,group,note\n"
        + b"1,1,a,\n" * 10
        + b'1,1,a,"oops\n'
        + b"0,0,b,\n" * 2_000
        + b'1,1,a,oops"\n'
        + b"0,0,b,\n" * 10,
    ),
    "old line ends": ("not_a_table", "LF or CRLF", GOOD.replace(b"\n", b"\r")),
    "noise": ("nul_bytes", "binary", bytes(range(256)) * 10),
    "a spreadsheet": ("not_a_table", "export the table", b"PK\x03\x04" + bytes(range(1, 200))),
    "gzip cut off": ("not_a_table", "pack it again", gzip.compress(GOOD * 50)[:-30]),
    "gzip of nothing like it": ("not_a_table", "pack it again", b"\x1f\x8b" + b"garbage" * 9),
    "gzip in gzip": ("not_a_table", "unpack it once", gzip.compress(gzip.compress(GOOD))),
    "labels of one class": ("label_one_class", "every label in 'label' is negative", csv_of(["0,1,a", "0,0,b"])),
    "labels of three classes": ("label_not_binary", "3 different values ('0', '1', '2')", GOOD + b"2,0,a\n"),
    "predictions of three classes": ("prediction_not_binary", "decisions, not of scores", GOOD + b"1,2,a\n"),
    "scores for predictions": ("prediction_not_binary", "more than 12", csv_of([f"1,0.{n},a" for n in range(500)])),
    "labels nobody explained": ("positive_not_given", "'bad', 'good'", csv_of(["good,1,a", "bad,0,b"])),
    "no labels": ("column_empty", "'label' is empty", csv_of([",1,a", ",0,b"])),
    "no groups": ("column_empty", "a sensitive value", csv_of(["1,1,", "0,0,"])),
    "a group for each row": ("too_many_groups", "ages into bands", csv_of([f"{n % 2},1,u{n}" for n in range(300)])),
    "a list in JSON": ("not_a_table", "one object per line", b'[{"label": 1}]'),
    "broken JSON": ("bad_json_line", "line 2", b'{"label":1,"prediction":1,"group":"a"}\n{"label"\n'),
    "a number on a JSON line": ("bad_json_line", "line 2", b'{"label":1,"prediction":1,"group":"a"}\n5\n'),
    "deep JSON": ("bad_json_line", "nested too deeply", b'{"label":' + b"[" * 100_000 + b"\n"),
    "a number of a million digits": ("bad_json_line", "too long", b'{"label":' + b"9" * 1_000_000 + b"}\n"),
    "a list for a cell": ("column_not_flat", "lists or objects", b'{"label":1,"prediction":1,"group":["a"]}\n'),
    "half a character in JSON": ("not_utf8", "column 'group'", b'{"label":1,"prediction":1,"group":"\\ud800"}\n'),
    "NUL in JSON": ("nul_bytes", "column 'group'", b'{"label":1,"prediction":1,"group":"\\u0000"}\n'),
    "a key twice in JSON": ("duplicate_column", "rename one", b'{"label":1,"prediction":1,"group":"a","group":"b"}\n'),
    "a key nowhere in JSON": ("column_missing", "no column 'group'", b'{"label":1,"prediction":1}\n'),
    "parquet cut off": ("not_a_table", "write it again", typed(int)[:-40]),
    "parquet by name only": ("not_a_table", "write it again", b"PAR1" + b"\1" * 200 + b"PAR1"),
    "parquet without the column": ("column_missing", "no column 'group'", parquet_of(label=[1], prediction=[1])),
    "parquet with lists": (
        "column_not_flat",
        "list<",
        parquet_of(label=[1, 0], prediction=[1, 0], group=[["a"], ["b"]]),
    ),
    "parquet with bytes": (
        "not_utf8",
        "column 'group'",
        parquet_of(label=[1, 0], prediction=[1, 0], group=[b"\xff", b"a"]),
    ),
    "parquet without rows": (
        "empty_table",
        "no rows",
        parquet_of(
            label=pa.array([], pa.int64()), prediction=pa.array([], pa.int64()), group=pa.array([], pa.string())
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_used_is_refused_with_the_way_to_mend_it(name: str) -> None:
    code, words, data = REFUSED[name]

    with pytest.raises(TableRejected) as refused:
        audited(data)

    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value)) < 1_500
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("weights", "code"),
    [("-1", "weight_invalid"), ("", "weight_invalid"), ("inf", "weight_invalid"), ("two", "not_a_number")],
)
def test_weights_are_numbers_from_zero_on(weights: str, code: str) -> None:
    table = csv_of(["1,1,a,1", f"0,0,b,{weights}"], "label,prediction,group,weight")

    with pytest.raises(TableRejected) as refused:
        audited(table, plan_of(weights="weight"))

    assert refused.value.code == code


def test_names_of_a_strangers_file_are_shown_without_their_control_characters() -> None:
    with pytest.raises(TableRejected) as refused:
        audited(b"label,prediction,\x1b[31mred" + b"x" * 500 + b"\n0,0,a\n")

    assert "\x1b" not in str(refused.value)
    assert "x" * 100 not in str(refused.value)


def test_a_long_text_beside_the_columns_that_are_read_does_no_harm() -> None:
    note = '"' + 'long text, with ""quotes"" and\nline ends ' * 2_000 + '"'
    lines = [f"{line},{note}" for line in rows_of({"a": (3, 2, 2, 3)})]

    assert audited(csv_of(lines, "label,prediction,group,note"))["rows_used"] == 10


def test_missing_cells_are_missing_however_they_are_written() -> None:
    lines = [*rows_of(GROUPS), *(f"{word},1,a" for word in ("", "  ", "NA", "n/a", "NaN", "null", "<NA>"))]

    document = audited(csv_of(lines))

    assert document["rows_dropped"] == {"missing_label": 7}
    assert document["rows_used"] == 200


def test_none_is_a_group_and_not_a_missing_one() -> None:
    document = audited(csv_of([*rows_of(GROUPS), *["1,1,None"] * 40]))

    assert [value["value"] for value in document["groups"][0]["values"]] == ["None", "a", "b"]


def test_a_column_of_numbers_names_groups_like_a_column_of_texts() -> None:
    flags = parquet_of(label=[1, 0] * 40, prediction=[1, 0] * 40, group=[0.0, 1.0, 1.0, None] * 20)

    document = audited(flags, plan_of(required_groups={"group": ("1",)}, positive="true"))

    assert [(value["value"], value["n"]) for value in document["groups"][0]["values"]] == [("0", 20), ("1", 40)]


@pytest.mark.parametrize(
    ("positive", "label", "prediction"),
    [
        (None, "yes no", "1 0"),
        ("good", "good bad", "good bad"),
        ("1", "true false", "1 0"),
        ("bad", "bad good", "bad good"),
    ],
)
def test_the_positive_value_is_recognised_or_told(positive: str | None, label: str, prediction: str) -> None:
    lines = [f"{label.split()[n % 2]},{prediction.split()[n % 3 % 2]},a" for n in range(60)]

    document = audited(csv_of(lines), plan_of(positive=positive))

    (selection,) = [row for row in document["metrics"] if row["slice"] == {} and row["metric"] == "selection_rate"]
    assert selection["k"] == 40


def test_a_model_that_never_says_yes_is_judged_and_not_refused() -> None:
    lines = [f"{'good' if n % 2 else 'bad'},bad,{'ab'[n % 3 % 2]}" for n in range(300)]

    assert audited(csv_of(lines), plan_of(positive="good"))["verdict"] == "no_information"


def test_progress_is_the_rows_read_of_the_rows_there_are() -> None:
    told: list[tuple[int, int | None]] = []
    data = csv_of([line for line in rows_of({"a": (40, 10, 20, 30)}) for _ in range(3_000)])

    with open_for(io.BytesIO(data), plan_of()) as table:
        counts = counted(table, plan_of(), progress=lambda done, total: told.append((done, total)))

    assert counts.rows_used == 300_000
    assert len(told) > 3
    assert told[-1] == (300_000, 300_000)
    assert {total for _, total in told} == {300_000}
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_whoever_waits_can_stop_the_reading() -> None:
    class Enough(Exception):
        pass

    def stop(*_: object) -> None:
        raise Enough

    with open_for(io.BytesIO(GOOD), plan_of()) as table, pytest.raises(Enough):
        counted(table, plan_of(), progress=stop)
    with pytest.raises(Enough):
        open_for(io.BytesIO(GOOD), plan_of(), counting=stop)


def test_only_the_wanted_columns_are_read() -> None:
    with open_table(io.BytesIO(GOOD), columns=["group"]) as table:
        (chunk,) = table.chunks()

    assert set(chunk.columns) == {"group"}
    assert chunk.columns["group"].values == ("a", "b")
    assert np.bincount(chunk.columns["group"].codes).tolist() == [100, 100]
