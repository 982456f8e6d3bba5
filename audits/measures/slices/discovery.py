"""Looking for slices on the first half: every frequent one to depth three, by how surely it is worse than the rest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.slices.factors import Factor
from audits.measures.slices.quantities import Moments, Quantity, Rows, Sums, summed

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# A slice is looked at again only where it is worse beyond what one test in forty would show.
SURE = 1.96
MOST_REMEMBERED = 2_000
# Shares of rows at which two slices are about the same people, and by which a deeper one must be worse to stay.
ALIKE = 0.9
DEEPER = 1.5


@dataclass(frozen=True)
class Lead:
    """One slice that looks worse in one quantity: ``items`` are (position of the factor, position of its value)."""

    items: tuple[tuple[int, int], ...]
    quantity: Quantity
    sureness: float
    gap: float
    value: float
    rows: int


@dataclass(frozen=True)
class Search:
    """What was found, surest first, and among how many slices."""

    leads: list[Lead]
    slices: int


def search(factors: Sequence[Factor], rows: Rows, measured: Sequence[Quantity], *, at_least: int) -> Search:
    """Look through all slices of one to three factors that at least ``at_least`` rows have.

    A slice of three is looked at only within pairs that are frequent themselves, and there are at most as many
    frequent cells of a pair as ``at_least`` goes into the rows: the cost is rows x triples of factors.
    """
    everyone = summed(np.zeros(len(rows), dtype=np.int64), 1, rows)
    found: list[Lead] = []
    slices = 0
    for cells, sums in _frequent(factors, rows, at_least):
        slices += len(cells)
        for quantity in measured:
            found += _leads(cells, sums, everyone, quantity, at_least=at_least)
        if len(found) > 4 * MOST_REMEMBERED:
            found = surest(found)
    return Search(surest(found), slices)


def surest(leads: list[Lead]) -> list[Lead]:
    """The surest ones first, the order complete so that it is the same everywhere."""
    return sorted(leads, key=lambda lead: (-lead.sureness, len(lead.items), lead.quantity.name, lead.items))[
        :MOST_REMEMBERED
    ]


Cells = list[tuple[tuple[int, int], ...]]


def _frequent(factors: Sequence[Factor], rows: Rows, at_least: int) -> Iterator[tuple[Cells, Sums]]:
    """Frequent slices and their sums, one factor, pair or triple at a time."""
    # "none" is the last position of each factor
    shifted = [np.where(factor.codes < 0, len(factor.values), factor.codes) for factor in factors]
    widths = [len(factor.values) + 1 for factor in factors]
    for one in range(len(factors)):
        sums = summed(shifted[one], widths[one], rows)
        kept = _enough(sums, at_least, none=widths[one])
        yield [((one, int(cell)),) for cell in kept], sums.take(kept)
    for one, two in itertools.combinations(range(len(factors)), 2):
        pairs = shifted[one] * widths[two] + shifted[two]
        sums = summed(pairs, widths[one] * widths[two], rows)
        kept = _enough(sums, at_least, none=widths[two], none_before=widths[one])
        if not len(kept):
            continue
        cells: Cells = [((one, int(cell) // widths[two]), (two, int(cell) % widths[two])) for cell in kept]
        yield cells, sums.take(kept)
        renumbered = np.full(widths[one] * widths[two], len(kept), dtype=np.int64)
        renumbered[kept] = np.arange(len(kept))
        within = renumbered[pairs]
        for three in range(two + 1, len(factors)):
            width = widths[three]
            sums = summed(within * width + shifted[three], (len(kept) + 1) * width, rows)
            deep = _enough(sums, at_least, none=width, none_before=len(kept) + 1)
            if len(deep):
                yield [(*cells[int(cell) // width], (three, int(cell) % width)) for cell in deep], sums.take(deep)


def _enough(sums: Sums, at_least: int, *, none: int, none_before: int = 0) -> Codes:
    """Cells with enough rows in which every factor has an item."""
    enough = sums.sizes >= at_least
    grid = enough.reshape(-1, none)
    grid[:, -1] = False
    if none_before:
        grid[-1, :] = False
    return np.flatnonzero(enough)


def _leads(cells: Cells, sums: Sums, everyone: Sums, quantity: Quantity, *, at_least: int) -> list[Lead]:
    ours, rest = quantity.of(sums), quantity.of(everyone - sums)
    overall = quantity.of(everyone).value[0]
    # the denominator of a rate may be a small part of a frequent slice
    known = (ours.rows >= min(at_least, 30)) & (rest.rows >= min(at_least, 30))
    sureness = quantity.worse * welch(ours, rest)
    return [
        Lead(
            items=cells[place],
            quantity=quantity,
            sureness=float(sureness[place]),
            gap=float(ours.value[place] - overall),
            value=float(ours.value[place]),
            rows=int(sums.sizes[place]),
        )
        for place in np.flatnonzero(known & (sureness >= SURE)).tolist()
    ]


def welch(ours: Moments, rest: Moments) -> npt.NDArray[np.float64]:
    """Welch's t of two means, -inf where it has no value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (ours.value - rest.value) / np.sqrt(ours.variance / ours.n + rest.variance / rest.n)
    return np.nan_to_num(t, nan=0.0, posinf=0.0, neginf=0.0)


def masks(factors: Sequence[Factor], items: Sequence[tuple[int, int]]) -> Flags:
    """True for the rows of a slice."""
    inside = np.ones(len(factors[0].codes), dtype=bool)
    for factor, value in items:
        inside &= factors[factor].codes == value
    return inside


def distinct(leads: Sequence[Lead], factors: Sequence[Factor], *, most: int) -> list[Lead]:
    """Of slices of about the same people in the same quantity, the surest alone.

    Two are alike where one lies within the other for nine rows in ten. A deeper slice stays beside the one that it
    lies in only where its gap is at least half as large again.
    """
    kept: list[Lead] = []
    packed: list[npt.NDArray[np.uint8]] = []
    for lead in leads:
        if len(kept) == most:
            break
        mask = np.packbits(masks(factors, lead.items))
        alike = False
        for other, bits in zip(kept, packed, strict=True):
            if other.quantity.name != lead.quantity.name:
                continue
            shared = int(np.bitwise_count(mask & bits).sum())
            if shared >= ALIKE * min(lead.rows, other.rows):
                deeper = lead.rows < other.rows and abs(lead.gap) >= DEEPER * abs(other.gap)
                alike = alike or not deeper
        if not alike:
            kept.append(lead)
            packed.append(mask)
    return kept
