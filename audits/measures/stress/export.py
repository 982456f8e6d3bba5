"""Cases that turned out wrong, as files: for spreadsheets without formulas in them. Imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from audits.measures.spreadsheets import csv_text

# In this order where cases have them; others follow by name.
_FIRST = ("part", "case", "family", "severity", "row", "text", "changed", "label", "before", "after")


def cases_csv(cases: Sequence[Mapping[str, Any]]) -> str:
    """A csv file with a column for every key that a case has; what is no single value is JSON."""
    keys = {key for case in cases for key in case}
    head = [key for key in _FIRST if key in keys] + sorted(keys - set(_FIRST))
    return csv_text(head, ([_cell(case.get(key)) for key in head] for case in cases))


def _cell(value: Any) -> object:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, str):
        # half of a surrogate pair cannot be written to a file
        return value.encode("utf-8", "replace").decode()
    return value
