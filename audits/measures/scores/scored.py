"""Rows with a score that can be used, in an order that does not depend on the table's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.kept_rows import JudgedRows, by_group
from audits.measures.naming import quoted
from audits.measures.tables.chunks import Column
from audits.measures.tables.refusals import TableRejected

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

PROBABILITY, RANK = "probability", "rank"


class ScoreNotFinite(TableRejected):
    code = "score_not_finite"


class ScoreEmpty(TableRejected):
    code = "score_empty"


@dataclass(frozen=True)
class Scored:
    """Rows sorted by score: label (true is positive), score, weight (None: one each) and sensitive columns.

    ``outside`` of them have a score below 0 or above 1; with even one the scores are no probabilities, whatever the
    others look like, and only their order is used. ``missing`` rows have no score; they, and rows of weight 0, are
    not among them.
    """

    column: str
    label: Flags
    score: Floats
    weights: Floats | None
    groups: Mapping[str, Column]
    clusters: Index | None
    missing: int
    outside: int

    def __len__(self) -> int:
        return len(self.label)

    @property
    def scale(self) -> str:
        """ "probability" where every score lies in [0, 1], else "rank"."""
        return RANK if self.outside else PROBABILITY

    def take(self, index: Index) -> Scored:
        """The rows at these positions; in rising order, so that they stay sorted."""
        return Scored(
            self.column,
            self.label[index],
            self.score[index],
            None if self.weights is None else self.weights[index],
            {name: Column(column.values, column.codes[index]) for name, column in self.groups.items()},
            None if self.clusters is None else self.clusters[index],
            self.missing,
            self.outside,
        )

    def by_group(self, attributes: tuple[str, ...]) -> Iterator[tuple[dict[str, str], Index]]:
        """The groups that some attributes form, sorted by name, with the positions of their rows."""
        return by_group(self.groups, attributes, rows=len(self))


def scored(rows: JudgedRows, score: Floats, column: str) -> Scored:
    """The rows whose score is known.

    Args:
        score: shape (rows,), nan where it is not known.
        column: its name, for refusals.

    Raises:
        ScoreNotFinite: a score is infinite; it has no place among the others.
        ScoreEmpty: no row has a score.
    """
    infinite = int(np.isinf(score).sum())
    if infinite:
        raise ScoreNotFinite(
            f"column {quoted(column)} has an infinite score in {infinite} rows; write the number, or leave the cell "
            "empty where there is none"
        )
    known = ~np.isnan(score)
    missing = int((~known).sum())
    if rows.weights is not None:
        known &= rows.weights > 0
    chosen = np.flatnonzero(known)
    if not len(chosen):
        raise ScoreEmpty(f"column {quoted(column)} has no score in any row that is audited; is it the right column?")
    chosen_score = score[chosen]
    weights = [] if rows.weights is None else [rows.weights[chosen]]
    keys = (*weights, *(one.codes[chosen] for one in rows.groups.values()), rows.label[chosen])
    # equal rows are interchangeable: sorted by all that is known of them, no sum depends on the table's order
    order = chosen[np.lexsort((*keys, chosen_score))]
    return Scored(
        column=column,
        label=rows.label[order],
        score=score[order] + 0.0,
        weights=None if rows.weights is None else rows.weights[order],
        groups={name: Column(one.values, one.codes[order]) for name, one in rows.groups.items()},
        clusters=None if rows.clusters is None else rows.clusters[order],
        missing=missing,
        outside=int(((chosen_score < 0) | (chosen_score > 1)).sum()),
    )
