"""Rankings: who is seen, how well each group's own order is, whether the top holds everybody's share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from audits.measures.figures import estimate_of, figure
from audits.measures.informative import informative_row, judged_family
from audits.measures.intervals import Z95, two_sided_p
from audits.measures.means import Estimated, mean, student_quantile, unknown
from audits.measures.naming import RATIO
from audits.measures.numeric.rows import Floats, Index, NumericRows
from audits.measures.ordering import starts_of_runs
from audits.measures.plan import BiasPlan

EXPOSURE, NDCG, EXPOSURE_RATIO = "exposure", "ndcg_score", "exposure_ratio"
# Lengths of the top that are looked at, and positions of the infeasible index that are listed.
_TOPS, _POSITIONS = 40, 50
# With fewer relevant rows the gain hangs on single places, and its spread is not known.
FEWEST_RELEVANT = 10
# Rows of the smallest group that have to be expected in a top before its ratio is called the lowest.
_EXPECTED = 5


def discounts(places: int) -> Floats:
    """How much a place is seen: 1 / log2(place + 1)."""
    return np.asarray(1 / np.log2(np.arange(2, places + 2)))


def tied(score: Floats, of_place: Floats) -> Floats:
    """What each row gets of the places; rows of equal score share theirs equally.

    Args:
        score: shape (n,), sorted from the highest to the lowest.
        of_place: shape (n,), from the first place on.
    """
    starts = starts_of_runs(score)
    lengths = np.diff([*starts, len(score)])
    return np.repeat(np.add.reduceat(of_place, starts) / lengths, lengths)


def dcg(relevance: Floats, score: Floats) -> float:
    """Discounted cumulative gain of rows sorted by score from the highest to the lowest.

    Source:
        Jarvelin and Kekalainen 2002, ACM TOIS 20:422; ties as in McSherry and Najork 2008, ECIR: 414.
    """
    return float((relevance * tied(score, discounts(len(score)))).sum())


def ndcg(relevance: Floats, score: Floats) -> float | None:
    """``dcg`` over that of the best order, in [0, 1]; None where nothing is relevant."""
    best = float((np.sort(relevance)[::-1] * discounts(len(relevance))).sum())
    return dcg(relevance, score) / best if best > 0 else None


def ndcg_estimated(relevance: Floats, score: Floats, clusters: Index | None = None) -> tuple[Estimated, str | None]:
    """``ndcg`` with an interval as if the rows were a sample of all that could be ranked, and why there is none.

    Args:
        relevance: shape (n,), at least 0.
        score: shape (n,), sorted from the highest to the lowest.
        clusters: shape (n,), a number for rows that may resemble each other; what they pull is summed up before it is
            squared. None: every row stands alone.

    Returns:
        The gain with the limits of the jackknife over rows, on the logit scale with Student's quantile. Without limits
        where fewer than ``FEWEST_RELEVANT`` rows or clusters are relevant, or the order is the best one: that one is as
        good in this table says nothing of the next.

    Source:
        Efron and Stein 1981, Ann Stat 9:586, for the jackknife's variance, which is not too small on average.
    """
    said = "jackknife over rows, on the logit scale" + ("" if clusters is None else ", rows of a cluster summed up")
    value = ndcg(relevance, score)
    if value is None:
        return unknown(said), "nothing_is_relevant"
    relevant = int((relevance > 0).sum()) if clusters is None else len(np.unique(clusters[relevance > 0]))
    if relevant < FEWEST_RELEVANT:
        return Estimated(value, math.nan, math.nan, said), "too_few_relevant"
    without = _without_each(relevance, score)
    n = len(relevance)
    moves = without - without.mean()
    kept = (n - 1) / n
    if clusters is not None:
        _, code = np.unique(clusters, return_inverse=True)
        moves = np.bincount(code, moves)
        kept *= len(moves) / (len(moves) - 1)
    pulls = np.square(moves)
    error = math.sqrt(kept * float(pulls.sum()))
    if not 1e-9 < value < 1 - 1e-9 or error <= 0:
        return Estimated(value, math.nan, math.nan, said), "order_is_the_best"
    # a few rows at the top move the gain most: half as many as would do so alike, for their own spread is uneven too
    alike = float(pulls.sum()) ** 2 / float(np.square(pulls).sum()) / 2
    reach = student_quantile(max(min(alike, relevant - 1), 2.0)) * error / (value * (1 - value))
    centre = math.log(value / (1 - value))
    low, high = (0.5 * (1 + math.tanh(0.5 * (centre + side))) for side in (-reach, reach))
    return Estimated(value, low, high, said), None


def _without_each(relevance: Floats, score: Floats) -> Floats:
    """The gain of the ranking without each row, shape (n,): those below it move up by one place."""
    best = np.argsort(-relevance, kind="stable")
    gained = _gain_without_each(relevance, starts_of_runs(score))
    best_without = np.empty(len(relevance))
    best_without[best] = _gain_without_each(relevance[best], np.arange(len(relevance)))
    return np.asarray(np.divide(gained, best_without, out=np.ones_like(gained), where=best_without > 0))


def _gain_without_each(relevance: Floats, starts: Index) -> Floats:
    """``dcg`` without each row of a ranking whose runs of equal scores begin at ``starts``, shape (n,)."""
    n = len(relevance)
    places = np.append(0.0, np.cumsum(discounts(n)))
    ends = np.append(starts[1:], n)
    lengths = ends - starts
    sums = np.add.reduceat(relevance, starts)
    # a run's gain at its places, and one place further up
    here = sums * (places[ends] - places[starts]) / lengths
    above = np.maximum(starts - 1, 0)
    up = sums * (places[ends - 1] - places[above]) / lengths
    before = np.cumsum(here) - here
    after = np.cumsum(up[::-1])[::-1] - up
    shorter = np.maximum(lengths - 1, 1)
    own = (places[ends - 1] - places[starts]) / shorter
    run = np.repeat(np.arange(len(starts)), lengths)
    return np.asarray(before[run] + after[run] + (sums[run] - relevance) * own[run])


def prefix_counts(score: Floats, group: Index, groups: int) -> Floats:
    """How many of each group are among the first places, on average over the orders of equal scores.

    Returns:
        Shape (n, groups).
    """
    members = np.zeros((len(score), groups))
    members[np.arange(len(score)), group] = 1.0
    starts = starts_of_runs(score)
    lengths = np.diff([*starts, len(score)])
    shared = np.repeat(np.add.reduceat(members, starts, axis=0) / lengths[:, None], lengths, axis=0)
    return np.asarray(np.cumsum(shared, axis=0))


def ndkl(counts: Floats, wanted: Floats) -> float:
    """Normalized discounted cumulative Kullback-Leibler divergence of the top from the wanted shares; 0 is equal.

    Source:
        Geyik, Ambler and Kenthapadi 2019, KDD: 2221 (arXiv:1905.01989), def. 2.4, natural logarithm.
    """
    places = discounts(len(counts))
    shares = counts / counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(shares > 0, shares * np.log(shares / wanted), 0.0)
    return float((places * parts.sum(axis=1)).sum() / places.sum())


def infeasible_index(counts: Floats, wanted: Floats) -> tuple[int, list[int]]:
    """How often a group has fewer among the first k than its share of k, rounded down, and at which k.

    Source:
        Geyik, Ambler and Kenthapadi 2019, def. 2.5, summed over groups as AIF360 does.
    """
    lengths = np.arange(1, len(counts) + 1)
    short = counts < np.floor(wanted * lengths[:, None] + 1e-9) - 1e-9
    return int(short.sum()), [int(place) for place in np.flatnonzero(short.any(axis=1)) + 1]


def ranked(
    rows: NumericRows, plan: BiasPlan
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Metrics, comparisons and the part ``ranking`` of one ranking: prediction is the score, label the relevance."""
    # rows are sorted from low to high
    down = np.arange(len(rows))[::-1]
    score, relevance = rows.prediction[down], rows.label[down]
    seen = tied(score, discounts(len(score)))
    clusters = None if rows.clusters is None else rows.clusters[down]
    stretch = _stretch(seen, clusters)
    metrics: list[dict[str, Any]] = []
    disparities, parts = [], []
    whole = {"slice": {}, "metric": NDCG, "n": len(rows), "k": None, "of": None}
    gain, why = ndcg_estimated(relevance, score, clusters)
    metrics.append(whole | estimate_of(gain, why=why))
    for attribute in plan.sensitive:
        found: list[tuple[dict[str, str], int, Estimated, float]] = []
        for slice_, index in rows.by_group((attribute,)):
            places = len(rows) - 1 - index[::-1]
            hidden = len(index) < plan.suppress_below
            of = None if clusters is None else clusters[places]
            exposure = unknown("none") if hidden else mean(seen[places], None, of)
            own, why = (unknown("none"), None) if hidden else ndcg_estimated(relevance[places], score[places], of)
            for name, one, why_not in ((EXPOSURE, exposure, None), (NDCG, own, why)):
                row: dict[str, Any] = {"slice": slice_, "metric": name, "n": None if hidden else len(index)}
                row |= {"k": None, "of": None}
                metrics.append(row | estimate_of(one, why="suppressed" if hidden else why_not))
            if not hidden:
                alone = float(len(index)) if of is None else min(len(index) / stretch, float(len(np.unique(of))))
                found.append((slice_, len(index), exposure, alone))
        disparities += _ratios(found, plan, attribute, spread=float(seen.std(ddof=1)) if len(seen) > 1 else math.nan)
        parts.append(_part(rows, plan, attribute, score, down))
    return metrics, disparities, parts


def _ratios(
    found: list[tuple[dict[str, str], int, Estimated, float]], plan: BiasPlan, attribute: str, *, spread: float
) -> list[dict[str, Any]]:
    """The exposure of every group over that of the named one, or of the one seen most.

    The last of each of ``found`` is how many rows that stand alone the group's are worth.
    """
    large = [one for one in found if one[1] >= plan.min_group]
    named = plan.reference.get(attribute) if plan.reference and not isinstance(plan.reference, str) else None
    if named is not None:
        other = next((one for one in large if one[0] == {attribute: named}), None)
    else:
        other = max(large, key=lambda one: one[2].value) if len(large) > 1 else None
    if other is None:
        return []
    family = []
    for slice_, n, exposure, alone in large:
        if slice_ == other[0]:
            continue
        ratio, p = _ratio(exposure, other[2], alone, other[3], spread=spread)
        row = informative_row(
            EXPOSURE_RATIO,
            ratio,
            slice_=slice_,
            comparator=other[0],
            n=n,
            comparator_n=other[1],
            p=p,
            threshold=plan.thresholds.get(EXPOSURE_RATIO),
            threshold_source="plan" if EXPOSURE_RATIO in plan.thresholds else "none",
        )
        family.append(row | {"kind": RATIO, "role": "gating" if EXPOSURE_RATIO in plan.gating else "informative"})
    return judged_family(family)


def _stretch(seen: Floats, clusters: Index | None) -> float:
    """By how much clusters stretch the variance of the mean exposure of all rows, at least 1 (design effect).

    The mean of all places is fixed; what is looked at is how far the places of a cluster lie together.
    """
    if clusters is None:
        return 1.0
    off = seen - seen.mean()
    alone = float(np.square(off).sum())
    return max(float(np.square(np.bincount(clusters, off)).sum()) / alone, 1.0) if alone > 0 else 1.0


def _ratio(ours: Estimated, theirs: Estimated, n: float, of: float, *, spread: float) -> tuple[Estimated, float]:
    """The ratio of two mean exposures; the intervals of their logarithms are joined by squares.

    A small group that happens to have none of the first places does not show how far they would move it, so each mean
    varies at least as one of as many places of the whole ranking, whose standard deviation is ``spread``.
    """
    value = ours.value / theirs.value
    if not (ours.low > 0 and theirs.low > 0):
        return Estimated(value, math.nan, math.nan, "no interval"), math.nan
    below = math.hypot(math.log(ours.value / ours.low), math.log(theirs.high / theirs.value))
    above = math.hypot(math.log(ours.high / ours.value), math.log(theirs.value / theirs.low))
    drawn = student_quantile(min(n, of) - 1) * spread * math.hypot(1 / ours.value / n**0.5, 1 / theirs.value / of**0.5)
    below, above = max(below, drawn), max(above, drawn)
    width = (below + above) / 2
    p = float(two_sided_p(math.log(value) / (width / Z95))) if width > 0 else math.nan
    said = "two intervals joined by squares on the logarithm, as wide as the places of the ranking vary"
    return Estimated(value, value * math.exp(-below), value * math.exp(above), said), p


def _part(rows: NumericRows, plan: BiasPlan, attribute: str, score: Floats, down: Index) -> dict[str, Any]:
    column = rows.groups[attribute]
    codes = column.codes[down]
    sizes = np.bincount(codes[codes >= 0], minlength=len(column.values))
    shown = np.flatnonzero(sizes >= plan.suppress_below)
    made: dict[str, Any] = {"attribute": attribute, "groups": len(shown)}
    if len(shown) < 2:
        return made | {"why": "fewer_than_two_groups"}
    renumbered = np.full(len(column.values) + 1, -1, dtype=np.int64)
    renumbered[shown] = np.arange(len(shown))
    code = renumbered[codes]
    kept = code >= 0
    counts = prefix_counts(score[kept], code[kept], len(shown))
    wanted = counts[-1] / counts[-1].sum()
    index, positions = infeasible_index(counts, wanted)
    names = [column.values[one] for one in shown]
    return made | {
        "wanted": {name: figure(float(one)) for name, one in zip(names, wanted, strict=True)},
        "ndkl": figure(ndkl(counts, wanted)),
        "infeasible_index": {"value": index, "positions": positions[:_POSITIONS], "of": len(positions)},
        "top_k": _tops(counts, names),
        "lowest_impact_ratio": _lowest(counts),
    }


def _lowest(counts: Floats) -> dict[str, Any]:
    """The lowest impact ratio over every length of the top in which some rows of each group are expected."""
    first = int(math.ceil(_EXPECTED * counts[-1].sum() / counts[-1].min()))
    if first > len(counts):
        return {"value": None, "k": None, "from_k": first, "why": "top_never_large_enough"}
    shares = counts[first - 1 :] / counts[-1]
    ratios = shares.min(axis=1) / shares.max(axis=1)
    at = int(ratios.argmin())
    return {"value": figure(float(ratios[at])), "k": first + at, "from_k": first}


def _tops(counts: Floats, names: list[str]) -> list[dict[str, Any]]:
    """How much of each group is in the first k, and the smallest of these shares over the largest."""
    lengths = np.unique(np.geomspace(1, len(counts), _TOPS).astype(np.int64))
    made = []
    for length in lengths:
        shares = counts[length - 1] / counts[-1]
        ratio = float(shares.min() / shares.max()) if shares.max() > 0 else math.nan
        rates = {name: figure(float(one)) for name, one in zip(names, shares, strict=True)}
        made.append({"k": int(length), "selection_rate": rates, "impact_ratio": figure(ratio)})
    return made
