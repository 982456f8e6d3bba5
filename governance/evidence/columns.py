"""The columns of a table by its first bytes: a cheap look before it is attached, which measures nothing.

The audit in the worker reads the whole table and has the last word; what cannot be told here is left to it.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Sequence
from typing import IO

SEPARATORS = (",", ";", "\t", "|")
MOST_READ = 1 << 20


def names_in(file: IO[bytes], *, wanted: Sequence[str]) -> list[str] | None:
    """The column names of a csv, csv.gz or json-lines table; None where the beginning does not tell them.

    A csv's header is split by the separator under which most of the ``wanted`` names are found. Lines of JSON may
    leave keys out, so the names of every line in the first megabyte count.
    """
    try:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        text: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]  # it reads
        head = text.read(MOST_READ).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, EOFError, zlib.error):
        return None
    if head.startswith(b"{"):
        return _keys(head)
    return _header(head, wanted)


def _keys(head: bytes) -> list[str] | None:
    lines = head.split(b"\n")
    whole = lines if len(head) < MOST_READ else lines[:-1]
    found: dict[str, None] = {}
    for line in whole:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        found.update(dict.fromkeys(row))
    return list(found) or None


def _header(head: bytes, wanted: Sequence[str]) -> list[str] | None:
    try:
        first = head.partition(b"\n")[0].decode()
    except UnicodeDecodeError:
        return None
    # What is not text, or a name that goes on in the next line, is for the reader of whole tables.
    if head.startswith(b"PAR1") or not first.strip() or "\0" in first or first.count('"') % 2:
        return None
    found: list[list[str]] = []
    for separator in SEPARATORS:
        try:
            found.append([name.strip() for name in next(csv.reader([first], delimiter=separator))])
        except (csv.Error, StopIteration):
            continue
    return max(found, key=lambda names: sum(name in names for name in wanted), default=None)
