"""Checks ``model-index``, the results that a model card reports, by the rules of huggingface_hub's own reader.

What makes ``model_index_to_eval_results`` raise is ``card.model_index.invalid``; so is a required value that is null.
"""

from __future__ import annotations

import math
from typing import Any

from audits.cards.front_matter import FrontMatter
from audits.cards.notes import Notes, shown

_FIELD = "model-index"
Path = tuple[str | int, ...]


def check_model_index(front: FrontMatter, notes: Notes) -> None:
    """Note what is missing or has the wrong shape, each with its path and line."""
    index = front.data.get(_FIELD)
    if index in (None, "", [], {}):
        return
    reader = _Reader(front, notes)
    for at, model in enumerate(reader.items(index, (_FIELD,))):
        path: Path = (_FIELD, at)
        if not reader.is_mapping(model, path):
            continue
        results = reader.items(reader.required(model, path, "results"), (*path, "results"))
        if results:
            reader.required(model, path, "name")
        elif "name" not in model:
            reader.invalid((*path, "name"), "missing")
        for number, result in enumerate(results):
            reader.result(result, (*path, "results", number))


class _Reader:
    def __init__(self, front: FrontMatter, notes: Notes) -> None:
        self._front = front
        self._notes = notes

    def result(self, result: Any, path: Path) -> None:
        """One entry of ``results``: a task, a data set, metrics and perhaps a source."""
        if not self.is_mapping(result, path):
            return
        for name, keys in (("task", ("type",)), ("dataset", ("type", "name"))):
            part = self.required(result, path, name)
            if part is not None and self.is_mapping(part, (*path, name)):
                for key in keys:
                    self.required(part, (*path, name), key)
        source = result.get("source")
        if source and self.is_mapping(source, (*path, "source")) and source.get("name") is not None:
            self.required(source, (*path, "source"), "url")
        for number, metric in enumerate(self.items(self.required(result, path, "metrics"), (*path, "metrics"))):
            where: Path = (*path, "metrics", number)
            if self.is_mapping(metric, where):
                self.required(metric, where, "type")
                if self.required(metric, where, "value") is not None:
                    self._check_value(metric["value"], (*where, "value"))

    def items(self, value: Any, path: Path) -> list[Any]:
        """A list as it is; anything else is noted and gives none."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.invalid(path, "not_a_list")
        return []

    def is_mapping(self, value: Any, path: Path) -> bool:
        if isinstance(value, dict):
            return True
        self.invalid(path, "not_a_mapping")
        return False

    def required(self, mapping: dict[str, Any], path: Path, key: str) -> Any:
        value = mapping.get(key)
        if value is None:
            self.invalid((*path, key), "missing")
        return value

    def invalid(self, path: Path, problem: str) -> None:
        line = self._front.line(*path)
        self._notes.add("card.model_index.invalid", field=_FIELD, line=line, path=_dotted(path), problem=problem)

    def _check_value(self, value: Any, path: Path) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return
        # YAML 1.1 takes 1e-5 for text, the Hub's reader for a number
        if isinstance(value, str) and not self._front.is_quoted(*path) and _is_number(value):
            return
        written = shown(self._front.written(*path))
        self._notes.add(
            "card.model_index.value_not_number",
            field=_FIELD,
            line=self._front.line(*path),
            path=_dotted(path),
            written=written,
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def _dotted(path: Path) -> str:
    return shown("".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip("."))
