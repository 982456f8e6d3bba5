"""Files of templates and swaps, read for commands: YAML or JSON, never more than text and numbers.

Both go through the readers that policies and the REST interface use, which refuse what is too deep, too large or twice
there before it is built.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from config.commands import Refused
from config.printing import plain, unusable
from governance.policies import yaml_source

# 4 MB of words are more than anybody writes by hand.
BOUNDS = yaml_source.Bounds(size=4 << 20, depth=20, values=200_000)
_SAID = {
    "forbidden_character": "the character {character} may not stand there; remove it, or write the file as .json",
    "not_yaml": "not YAML or JSON: {problem}",
    "empty_file": "the file is empty",
    "second_document": "a second document begins here; put it into a file of its own",
    "anchor": "anchors (&) and aliases (*) are not used here; write the value out",
    "tag": "the tag !{tag} is refused; write plain words, lists and mappings",
    "too_deep": "more than {max_depth} levels of nesting; no file of templates needs that",
    "too_many_values": "more than {max_values:,} values; split the file",
    "duplicate_key": "the key {key} stands here again (first in line {first_line}); keep one of them",
    "key_not_text": "a key has to be text, not {found}; put it in quotes or correct it",
}


def read_document(path: str) -> object:
    """A YAML or JSON file as plain data.

    Raises:
        Refused: it cannot be read, is too large or too deep, says something twice, or is neither.
    """
    text = read_text(path)
    if path.lower().endswith(".json"):
        return _json(path, text)
    try:
        return yaml_source.plain(yaml_source.read(text, BOUNDS))
    except yaml_source.SourceRefused as refused:
        said = _SAID[refused.code].format(**refused.params)
        raise Refused(f"{plain(path)}, line {refused.line}: {plain(said, 200)}") from refused


def _json(path: str, text: str) -> Any:
    from governance.web.parsers import read
    from governance.web.problems import Problem

    try:
        return read(text.encode())
    except Problem as refused:
        # the reader speaks of the body of a request, which here is the file
        said = str(refused.detail).replace("the body", "the file")
        raise Refused(f"{plain(path)}: {plain(said, 200)}") from refused


def read_text(path: str) -> str:
    """A text file.

    Raises:
        Refused: it cannot be read, is too large or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(BOUNDS.size + 1)
    except (OSError, ValueError) as problem:
        raise unusable(path, problem, "name a file that can be read") from problem
    if len(raw) > BOUNDS.size:
        raise Refused(f"{plain(path)} is larger than {BOUNDS.size >> 20} MB; split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Refused(f"{plain(path)} is not UTF-8; save it as UTF-8") from problem


def read_slots(path: str) -> dict[str, tuple[str, ...]]:
    """What fills slots: a YAML or JSON mapping of slot to list, or a csv with slot and values joined by commas.

    Raises:
        Refused: it is neither, or names a slot twice.
    """
    from audits.measures.templates import TemplateRejected, slots_from

    found = read_document(path) if not path.lower().endswith(".csv") else _slots_of_csv(path)
    try:
        return slots_from(found, "the file")
    except TemplateRejected as refused:
        raise Refused(f"{plain(path)}: {refused}") from refused


def _slots_of_csv(path: str) -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    try:
        rows = list(csv.reader(io.StringIO(read_text(path)), strict=True))
    except csv.Error as problem:
        raise Refused(f"{plain(path)} is not csv: {problem}") from problem
    for row in rows[1:]:
        if len(row) != 2:
            raise Refused(f"{plain(path)}: every line has two cells, the slot and its values joined by commas")
        name = row[0].strip("[]{} ")
        if name in slots:
            raise Refused(f"{plain(path)} names the slot {plain(name)} twice; keep one of them")
        slots[name] = [value.strip() for value in row[1].split(",") if value.strip()]
    return slots
