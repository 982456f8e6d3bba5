"""Files of templates and swaps, read for commands: YAML or JSON, never more than text and numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import yaml

from config.commands import Refused
from config.printing import plain, unusable

MAX_BYTES = 4 << 20


def read_document(path: str) -> object:
    """A YAML or JSON file as plain data.

    Raises:
        Refused: it cannot be read, is too large or is neither.
    """
    try:
        return yaml.load(read_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise Refused(f"{plain(path)} is not YAML or JSON{where}; mend it there") from problem


def read_text(path: str) -> str:
    """A text file.

    Raises:
        Refused: it cannot be read, is too large or is not UTF-8.
    """
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as problem:
        raise unusable(path, problem, "name a file that can be read") from problem
    if len(raw) > MAX_BYTES:
        raise Refused(f"{plain(path)} is larger than {MAX_BYTES >> 20} MB; split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Refused(f"{plain(path)} is not UTF-8; save it as UTF-8") from problem


def read_slots(path: str) -> dict[str, list[str]]:
    """What fills slots: a YAML or JSON mapping of slot to list, or a csv with slot and values joined by commas.

    Raises:
        Refused: it is neither.
    """
    if not path.lower().endswith(".csv"):
        found = read_document(path)
        if not isinstance(found, dict) or not all(isinstance(values, list) for values in found.values()):
            raise Refused(f"{plain(path)} must map each slot to a list of texts")
        return {str(name): [str(value) for value in values] for name, values in found.items()}
    slots = {}
    rows = list(csv.reader(io.StringIO(read_text(path))))
    for row in rows[1:]:
        if len(row) != 2:
            raise Refused(f"{plain(path)}: every line has two cells, the slot and its values joined by commas")
        slots[row[0].strip("[]{} ")] = [value.strip() for value in row[1].split(",") if value.strip()]
    return slots
