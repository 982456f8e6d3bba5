"""Rows kept one by one, for quantities that no cube holds: scores, features, clusters. Compact: codes and floats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audits.measures.binary import positive_values
from audits.measures.cube import MAX_GROUPS, about_one
from audits.measures.naming import quoted
from audits.measures.plan import BiasPlan
from audits.measures.tables.chunks import Chunk, Column
from audits.measures.tables.features import Feature, category_of_number
from audits.measures.tables.refusals import TableRejected

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# What is kept of a row is some ten bytes a column; this many of five columns fit into half a gigabyte.
MAX_ROWS = 12_000_000
# Different texts of one feature; its rare ones are in no slice, but must be held until the last row is read.
MAX_CATEGORIES = 200_000
# A column of so few different numbers is a choice among them, not a quantity.
FEW_NUMBERS = 12


class TooManyRows(TableRejected):
    code = "too_many_rows"


class TooManyCategories(TableRejected):
    code = "too_many_categories"

    def __init__(self, column: str) -> None:
        super().__init__(
            f"column {quoted(column)} has more than {MAX_CATEGORIES:,} different values that are no numbers; leave it "
            "out of features and legitimate, or group its values first"
        )


class RowKeeper:
    """Collects chunks; ``columns`` as codes of one dictionary, ``numbers`` as floats with nan for "missing"."""

    def __init__(self, columns: Sequence[str], numbers: Sequence[str] = (), features: Sequence[str] = ()) -> None:
        self._positions: dict[str, dict[str, int]] = {name: {} for name in columns}
        self._codes: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in columns}
        self._numbers: dict[str, list[Floats]] = {name: [] for name in numbers}
        self._features = {name: _FeatureKeeper(name) for name in features}
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        """Keep the rows of one chunk.

        Raises:
            TooManyRows: more than ``MAX_ROWS`` of them by now.
        """
        self.rows += chunk.rows
        if self.rows > MAX_ROWS:
            raise TooManyRows(
                f"scores and features of more than {MAX_ROWS:,} rows are not held in memory; take a sample of the "
                "rows, or leave score and features out of the plan: groups are counted in tables of any size"
            )
        for name, positions in self._positions.items():
            column = chunk.columns[name]
            # one entry more than values, so that the code -1 finds "missing" at the end
            renumbered = np.full(len(column.values) + 1, -1, dtype=np.int32)
            for number, value in enumerate(column.values):
                renumbered[number] = positions.setdefault(value, len(positions))
            self._codes[name].append(renumbered[column.codes])
        for name, kept in self._numbers.items():
            kept.append(chunk.numbers[name])
        for name, feature in self._features.items():
            feature.add(chunk.features[name])

    def build(self) -> KeptRows:
        """All rows so far, values of each column sorted."""
        columns = {}
        for name, positions in self._positions.items():
            values = tuple(sorted(positions))
            order = np.full(len(values) + 1, -1, dtype=np.int64)
            for number, value in enumerate(values):
                order[positions[value]] = number
            codes = np.concatenate(self._codes[name]) if self._codes[name] else np.zeros(0, dtype=np.int32)
            columns[name] = Column(values, order[codes])
        numbers = {name: np.concatenate(kept) if kept else np.zeros(0) for name, kept in self._numbers.items()}
        return KeptRows(columns, numbers, {name: kept.build() for name, kept in self._features.items()})


class _FeatureKeeper:
    """One feature, whose chunks may come as numbers and as categories; it ends as one of them for all rows."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[Feature] = []
        self._texts: set[str] = set()

    def add(self, part: Feature) -> None:
        if isinstance(part, Column):
            self._texts.update(part.values)
            if len(self._texts) > MAX_CATEGORIES:
                raise TooManyCategories(self._name)
        self._parts.append(part)

    def build(self) -> Feature:
        if not self._texts:
            # chunks of missing cells alone come as numbers or as categories without a value
            parts = [np.full(len(p.codes), np.nan) if isinstance(p, Column) else p for p in self._parts]
            numbers = np.concatenate(parts) if parts else np.zeros(0)
            if len(np.unique(numbers[~np.isnan(numbers)])) > FEW_NUMBERS:
                return numbers
            return _as_categories(numbers, self._name)
        made = [p if isinstance(p, Column) else _as_categories(p, self._name) for p in self._parts]
        values = tuple(sorted({value for part in made for value in part.values}))
        positions = {value: number for number, value in enumerate(values)}
        codes = [np.array([*(positions[v] for v in part.values), -1], dtype=np.int64)[part.codes] for part in made]
        return Column(values, np.concatenate(codes))


def _as_categories(numbers: Floats, name: str) -> Column:
    """Different numbers as values, sorted as numbers."""
    known = ~np.isnan(numbers)
    different, codes = np.unique(numbers[known], return_inverse=True)
    if len(different) > MAX_CATEGORIES:
        raise TooManyCategories(name)
    spread = np.full(len(numbers), -1, dtype=np.int64)
    spread[known] = codes
    return Column(tuple(category_of_number(number, column=name) or "" for number in different.tolist()), spread)


@dataclass(frozen=True)
class KeptRows:
    """Rows of a table in its order: ``columns`` of codes, ``numbers`` of shape (rows,) with nan for "missing".

    ``features`` are numbers where every cell is one and there are many different, else codes.
    """

    columns: Mapping[str, Column]
    numbers: Mapping[str, Floats]
    features: Mapping[str, Feature] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedRows:
    """The rows that take part in an audit: label, prediction and some sensitive value are known.

    ``label`` and ``prediction`` have shape (rows,), true for the positive value. ``groups`` are the sensitive
    columns, -1 where a row names no group. ``score`` and ``weights`` have shape (rows,) or are None; a score may be
    nan. ``clusters`` gives rows that may resemble each other one number, shape (rows,). ``features`` are the plan's
    features and legitimate factors. The rows stand in the table's order, on which no figure may depend.
    """

    label: Flags
    prediction: Flags
    groups: Mapping[str, Column]
    score: Floats | None = None
    weights: Floats | None = None
    clusters: Index | None = None
    features: Mapping[str, Feature] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    def taken(self, places: Index) -> JudgedRows:
        """The rows at these places, in their order."""
        return JudgedRows(
            label=self.label[places],
            prediction=self.prediction[places],
            groups={name: Column(one.values, one.codes[places]) for name, one in self.groups.items()},
            score=None if self.score is None else self.score[places],
            weights=None if self.weights is None else self.weights[places],
            clusters=None if self.clusters is None else self.clusters[places],
            features={
                name: Column(one.values, one.codes[places]) if isinstance(one, Column) else one[places]
                for name, one in self.features.items()
            },
        )


def by_group(
    groups: Mapping[str, Column], attributes: tuple[str, ...], *, rows: int
) -> Iterator[tuple[dict[str, str], Index]]:
    """The groups that some attributes form, sorted by name, with the positions of their rows in rising order."""
    code, known = np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool)
    for name in attributes:
        column = groups[name]
        code = code * (MAX_GROUPS + 1) + np.maximum(column.codes, 0)
        known &= column.codes >= 0
    named = np.flatnonzero(known)
    order = named[np.argsort(code[named], kind="stable")]
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        index = order[start:end]
        first = int(index[0])
        yield {name: groups[name].values[groups[name].codes[first]] for name in attributes}, index


def judged_rows(kept: KeptRows, plan: BiasPlan) -> JudgedRows:
    """The rows that the count cube counts too, one by one.

    Raises:
        TableRejected: see ``positive_values``.
    """
    label, prediction = kept.columns[plan.label], kept.columns[plan.prediction]
    wanted, chosen = positive_values(
        label=plan.label,
        labels=label.values,
        prediction=plan.prediction,
        predictions=prediction.values,
        positive=plan.positive,
    )
    used = _used(kept, plan)
    return JudgedRows(
        label=_is_one_of(label, wanted)[used],
        prediction=_is_one_of(prediction, chosen)[used],
        groups={name: Column(kept.columns[name].values, kept.columns[name].codes[used]) for name in plan.sensitive},
        score=kept.numbers[plan.score][used] if plan.score else None,
        weights=about_one(kept.numbers[plan.weights][used]) if plan.weights else None,
        clusters=numbered(kept.columns[plan.cluster].codes[used]) if plan.cluster else None,
        features={
            name: Column(kept_one.values, kept_one.codes[used]) if isinstance(kept_one, Column) else kept_one[used]
            for name, kept_one in kept.features.items()
        },
    )


@dataclass(frozen=True)
class ClassedRows:
    """The rows that take part in an audit of several classes, as ``JudgedRows`` has them of two.

    ``label`` and ``prediction`` are columns of classes; no row lacks one.
    """

    label: Column
    prediction: Column
    groups: Mapping[str, Column]
    weights: Floats | None
    clusters: Index

    def against_rest(self, name: str) -> JudgedRows:
        """One class as the positive one, all others as the other."""
        chosen = frozenset({name})
        return self._judged(_is_one_of(self.label, chosen), _is_one_of(self.prediction, chosen))

    def right(self) -> JudgedRows:
        """Every label as positive, every right answer as a positive prediction: its accuracy is that of all classes."""
        values = np.array([*self.label.values, ""], dtype=object)[self.label.codes]
        predicted = np.array([*self.prediction.values, ""], dtype=object)[self.prediction.codes]
        return self._judged(np.ones(len(values), dtype=bool), np.asarray(values == predicted, dtype=bool))

    def _judged(self, label: Flags, prediction: Flags) -> JudgedRows:
        return JudgedRows(label, prediction, self.groups, weights=self.weights, clusters=self.clusters)


def classed_rows(kept: KeptRows, plan: BiasPlan, *, cluster: str) -> ClassedRows:
    """The rows that the count cube counts too, one by one, for as many classes as there are."""
    label, prediction = kept.columns[plan.label], kept.columns[plan.prediction]
    used = _used(kept, plan)
    return ClassedRows(
        label=Column(label.values, label.codes[used]),
        prediction=Column(prediction.values, prediction.codes[used]),
        groups={name: Column(kept.columns[name].values, kept.columns[name].codes[used]) for name in plan.sensitive},
        weights=about_one(kept.numbers[plan.weights][used]) if plan.weights else None,
        clusters=numbered(kept.columns[cluster].codes[used]),
    )


def _used(kept: KeptRows, plan: BiasPlan) -> Flags:
    """Rows with a label, a prediction and some sensitive value."""
    named = np.zeros(len(kept.columns[plan.label].codes), dtype=bool)
    for name in plan.sensitive:
        named |= kept.columns[name].codes >= 0
    return (kept.columns[plan.label].codes >= 0) & (kept.columns[plan.prediction].codes >= 0) & named


def numbered(codes: Index) -> Index:
    """Clusters as numbers from 0 on; a row that names none is one of its own."""
    alone = np.flatnonzero(codes < 0)
    made = codes.copy()
    made[alone] = (int(codes.max()) if len(codes) else -1) + 1 + np.arange(len(alone))
    return np.unique(made, return_inverse=True)[1].astype(np.int64)


def _is_one_of(column: Column, positives: frozenset[str]) -> Flags:
    # the entry at the end is that of "missing"
    flags = np.array([value in positives for value in column.values] + [False])
    return flags[column.codes]
