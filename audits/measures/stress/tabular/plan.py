"""The ``tabular`` part of a stress plan: what is known of the columns, and so what a change of them may do.

Imports nothing heavy: the web process checks plans too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.plan_values import PlanRejected

DEFAULT_ERROR = 0.01
DEFAULT_DRAWS = 3
MOST_DRAWS = 20
MOST_COLUMNS = 2_000
INCREASING, DECREASING = "increasing", "decreasing"


@dataclass(frozen=True)
class TabularPlan:
    """What is known of the columns of a table.

    Attributes:
        columns: that the model takes, in its order; empty where the model itself names its inputs.
        error: the error of measurement of numbers, as a share of each, and ``errors`` of single columns.
        units: by which a column is multiplied when it comes in another unit; for information.
        irrelevant: columns whose values may be exchanged between rows without changing an answer.
        monotone: columns with which the score may only rise (``increasing``) or only fall.
        renames: other words for the same category, by column.
        draws: of each change that is drawn.
    """

    columns: tuple[str, ...] = ()
    error: float = DEFAULT_ERROR
    errors: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    irrelevant: tuple[str, ...] = ()
    monotone: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    draws: int = DEFAULT_DRAWS

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        values.require_apart(self.columns)
        if len(self.columns) > MOST_COLUMNS:
            raise PlanRejected("too_many_columns", f"name at most {MOST_COLUMNS} columns (tabular.columns)")
        if not 1 <= self.draws <= MOST_DRAWS:
            raise PlanRejected("draws_out_of_range", f"tabular.draws must be a whole number from 1 to {MOST_DRAWS}")
        for key, error in {"error": self.error, **{f"errors.{name}": one for name, one in self.errors.items()}}.items():
            if not 0 < error <= 1:
                raise PlanRejected("error_out_of_range", f"tabular.{key} must be a share above 0 and at most 1")
        for name, factor in self.units.items():
            if factor <= 0 or factor == 1:
                raise PlanRejected("unit_out_of_range", f"tabular.units.{name} must be a factor above 0 other than 1")
        for name, direction in self.monotone.items():
            if direction not in (INCREASING, DECREASING):
                raise PlanRejected("direction_unknown", f"tabular.monotone.{name} must be {INCREASING} or {DECREASING}")
        known = set(self.columns)
        named = [*self.errors, *self.units, *self.irrelevant, *self.monotone, *self.renames]
        stray = [name for name in named if known and name not in known]
        if stray:
            raise PlanRejected(
                "column_unknown", f"tabular names the column {stray[0]!r}, which is not among its columns"
            )

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``tabular_plan_from`` reads it back."""
        made = values.document_of(self)
        return {**made, "renames": {name: dict(words) for name, words in self.renames.items()}}


def tabular_plan_from(document: object) -> TabularPlan:
    """Read the ``tabular`` part of a stress plan; every key may be left out.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    return TabularPlan(**values.fields_of(document, _READERS, part="tabular"))


def _numbers(value: object, key: str) -> dict[str, float]:
    return values.by_name(value, key, values.finite, "columns to numbers")


def _renames(value: object, key: str) -> dict[str, dict[str, str]]:
    def words(one: object, name: str) -> dict[str, str]:
        return values.by_name(one, name, values.cell, "words to words")

    return values.by_name(value, key, words, "columns to words for words")


_READERS: dict[str, values.Reader] = {
    "columns": values.columns,
    "error": values.finite,
    "errors": _numbers,
    "units": _numbers,
    "irrelevant": values.columns,
    "monotone": values.texts_by_name,
    "renames": _renames,
    "draws": values.whole,
}
