"""What swapping identities does to answers and scores, beyond what an edit does that changes nobody."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.clustered import ClusteredMean, clustered_mean, clustered_share, mcnemar_exact, paired_interval
from audits.measures.counterfactual.pairs import Pairs
from audits.measures.figures import figure
from audits.measures.intervals import Z95, Z_POWER_80, Array, wilson
from audits.measures.resampling import generator

# The changes that so many pairs would have anyhow, for what can be seen at all.
_LEAST_DISCORDANT = 0.05
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Excess:
    """The share of changed answers beyond the control's, a difference of paired shares in [-1, 1]."""

    n: int
    templates: int
    effective_n: float
    value: float
    low: float
    high: float
    p: float
    mde: float


def excess_of(pairs: Pairs, rows: Rows, *, replicates: int, random: np.random.Generator) -> Excess:
    """Changed answers under the swap minus changed answers under the control of the same text.

    The interval is the wider one, on each side, of two: a bootstrap of whole templates, and Newcombe's way with the two
    kinds of pairs that differ (changed by the swap alone, by the control alone) at the sample size that the
    templates leave. The second stays honest where hardly anything changed, the first where templates differ.

    Args:
        rows: which pairs, shape (pairs,); those without decision or control are left out.

    Returns:
        nan for no pairs.

    Source:
        Newcombe 1998, Stat Med 17:2635 (paired differences); Garg et al. 2019 for the quantity without the control.
    """
    used = rows & pairs.decided & ~np.isnan(pairs.control_flip)
    n = int(used.sum())
    if n == 0:
        return Excess(0, 0, 0.0, *(math.nan,) * 5)
    differences = pairs.flips[used].astype(float) - pairs.control_flip[used]
    clusters = pairs.template[used]
    drawn = clustered_mean(differences, clusters, replicates=replicates, random=random)
    alone, control_alone = float(np.maximum(differences, 0).mean()), float(np.maximum(-differences, 0).mean())
    effective = _effective(differences, drawn)
    low, high = paired_interval(alone, control_alone, effective)
    if not math.isnan(drawn.low):
        low, high = min(low, drawn.low), max(high, drawn.high)
    p = _paired_p(alone, control_alone, effective, drawn)
    discordant = max(alone + control_alone, _LEAST_DISCORDANT)
    mde = (Z95 + Z_POWER_80) * math.sqrt(discordant / effective)
    return Excess(n, drawn.clusters, effective, drawn.value, max(low, -1.0), min(high, 1.0), p, min(mde, 1.0))


def _effective(differences: Array, drawn: ClusteredMean) -> float:
    """How many independent pairs the pairs are worth: at most as many as there are, at least one."""
    n = drawn.n
    spread = float(differences.var())
    if spread == 0 or math.isnan(drawn.error):
        return float(drawn.clusters)
    if drawn.error == 0:
        return float(n)
    return float(min(n, max(spread / drawn.error**2, 1.0)))


def _paired_p(b: float, c: float, effective: float, drawn: ClusteredMean) -> float:
    """p that shares of pairs of two exclusive kinds are equal: McNemar's at the effective size, or the bootstrap's."""
    larger, smaller = max(b, c), min(b, c)
    p = mcnemar_exact(math.floor(larger * effective + 1e-9), math.ceil(smaller * effective - 1e-9))
    return p if math.isnan(drawn.p) else max(p, drawn.p)


def comparison(pairs: Pairs, swap: int, first: int, second: int, *, replicates: int, seed: int) -> dict[str, Any]:
    """All figures of one pair of identities within one swap set, JSON-ready; q and verdict are filled in later.

    ``identity`` and ``other`` are in alphabetical order; shifts are those of ``other`` over ``identity``. ``stable`` is
    the share of answers that the control leaves alone, at the cautious end of its interval: no other answer can show
    what an identity does. ``at_worst`` is ``value`` if no control of the pairs without one had changed
    the answer, and the swap every answer that is lacking.
    """
    names = (pairs.swaps[swap], pairs.identities[first], pairs.identities[second])
    forward = (pairs.original == first) & (pairs.identity == second)
    backward = (pairs.original == second) & (pairs.identity == first)
    rows = (pairs.swap == swap) & (forward | backward)
    excess = excess_of(pairs, rows, replicates=replicates, random=generator(seed, "excess", *names))
    sign = np.where(forward, 1.0, -1.0)
    controls = control_flips_of(pairs, rows)
    uncontrolled = rows & pairs.decided & np.isnan(pairs.control_flip)
    unanswered = pairs.unanswered.get((swap, first, second), 0)
    made: dict[str, Any] = {
        "swap": names[0],
        "identity": names[1],
        "other": names[2],
        "n": excess.n,
        "pairs": int(rows.sum()),
        "templates": excess.templates,
        "effective_n": figure(excess.effective_n),
        "value": figure(excess.value),
        "ci_low": figure(excess.low),
        "ci_high": figure(excess.high),
        "p": figure(excess.p),
        "mde": figure(excess.mde),
        "flips": flips_of(pairs, rows),
        "control_flips": controls,
        "stable": None if controls is None else figure(1 - controls["ci_high"]),
        "without_control": int(uncontrolled.sum()),
        "unanswered": unanswered,
        "at_worst": figure(_at_worst(excess, pairs.flips[uncontrolled], unanswered)),
        "direction": _direction(
            pairs, rows, forward, replicates=replicates, random=generator(seed, "direction", *names)
        ),
    }
    return made | score_figures(pairs, rows, sign, replicates=replicates, seed=seed, names=names)


def _at_worst(excess: Excess, flips: Rows, unanswered: int) -> float:
    """The excess if pairs that decide nothing stood as badly as they can; leaving them out must not help."""
    n = excess.n + flips.size + unanswered
    return (excess.value * excess.n + int(flips.sum()) + unanswered) / n if excess.n else math.nan


def flips_of(pairs: Pairs, rows: Rows) -> dict[str, Any] | None:
    """The share of pairs whose answer changed, with Wilson's interval; None without decisions."""
    used = rows & pairs.decided
    if not used.any():
        return None
    one = clustered_share(pairs.flips[used], pairs.template[used])
    return {"n": one.n, "k": one.k, "value": figure(one.value), "ci_low": figure(one.low), "ci_high": figure(one.high)}


def control_flips_of(pairs: Pairs, rows: Rows) -> dict[str, Any] | None:
    """The share of originals whose control changed the answer, each original once; None without controls.

    Where an original has several controls, it counts as changed by the share of them that changed it.
    """
    used = np.flatnonzero(rows & pairs.decided & ~np.isnan(pairs.control_flip))
    if used.size == 0:
        return None
    _, first = np.unique(pairs.group[used], return_index=True)
    shares, clusters = pairs.control_flip[used[first]], pairs.template[used[first]]
    one = clustered_share(shares >= 0.5, clusters)
    value = float(shares.mean())
    low, high = (float(limit) for limit in wilson(value * one.effective_n, one.effective_n))
    return {"n": one.n, "value": figure(value), "ci_low": figure(low), "ci_high": figure(high)}


def _direction(
    pairs: Pairs, rows: Rows, forward: Rows, *, replicates: int, random: np.random.Generator
) -> dict[str, Any] | None:
    """How many pairs are positive under one identity alone, and the p that both ways are equally likely.

    Exact where every pair has a template of its own; at the sample size that templates leave otherwise.
    """
    if pairs.positive is None:
        return None
    used = rows & pairs.decided
    positive = pairs.answers.index(pairs.positive)
    after, before = pairs.answer[used] == positive, pairs.answer_before[used] == positive
    # under the first identity is before for pairs that go forward, after for those that go back
    under_first = np.where(forward[used], before, after)
    under_second = np.where(forward[used], after, before)
    only_first, only_second = int((under_first & ~under_second).sum()), int((under_second & ~under_first).sum())
    n, clusters = int(used.sum()), pairs.template[used]
    p = mcnemar_exact(only_first, only_second)
    if np.unique(clusters).size < n:
        differences = under_second.astype(float) - under_first
        drawn = clustered_mean(differences, clusters, replicates=replicates, random=random)
        p = max(p, _paired_p(only_first / n, only_second / n, _effective(differences, drawn), drawn))
    return {
        "positive": pairs.positive,
        "only_identity": only_first,
        "only_other": only_second,
        "p": figure(p),
        "method": "McNemar, exact, at the sample size that templates leave",
    }


def score_figures(
    pairs: Pairs, rows: Rows, sign: Array, *, replicates: int, seed: int, names: tuple[str, ...]
) -> dict[str, Any]:
    """Mean |change| of scores and signed shift, raw and beyond the control; None where there are no scores."""
    scored = rows & ~np.isnan(pairs.shift)
    if not scored.any():
        return {"score": None}
    controlled = scored & ~np.isnan(pairs.control_abs)
    shift, clusters = pairs.shift, pairs.template

    def mean(values: Array, used: Rows, purpose: str) -> dict[str, Any] | None:
        if not used.any():
            return None
        random = generator(seed, purpose, *names)
        return _mean(clustered_mean(values[used], clusters[used], replicates=replicates, random=random))

    return {
        "score": {
            "mean_abs": mean(np.abs(shift), scored, "abs"),
            "control_mean_abs": mean(pairs.control_abs, controlled, "control abs"),
            "excess_abs": mean(np.abs(shift) - pairs.control_abs, controlled, "excess abs"),
            "shift": mean(sign * shift, scored, "shift"),
            "excess_shift": mean(sign * (shift - pairs.control_shift), controlled, "excess shift"),
        }
    }


def _mean(one: ClusteredMean) -> dict[str, Any]:
    return {
        "n": one.n,
        "templates": one.clusters,
        "value": figure(one.value),
        "ci_low": figure(one.low),
        "ci_high": figure(one.high),
        "p": figure(one.p),
    }


def ctf_gap(pairs: Pairs, *, replicates: int, seed: int) -> dict[str, Any] | None:
    """Counterfactual token fairness gap: |change of the score|, first averaged over the counterfactuals of a text.

    Raw, and beyond the control. None without scores.

    Source:
        Garg et al. 2019, doi:10.1145/3306618.3317950.
    """
    scored = np.flatnonzero(~np.isnan(pairs.shift))
    if scored.size == 0:
        return None
    _, first, codes = np.unique(pairs.group[scored], return_index=True, return_inverse=True)
    gap = np.bincount(codes, weights=np.abs(pairs.shift[scored])) / np.bincount(codes)
    clusters, control = pairs.template[scored[first]], pairs.control_abs[scored[first]]
    made = _mean(clustered_mean(gap, clusters, replicates=replicates, random=generator(seed, "ctf")))
    known = ~np.isnan(control)
    beyond = None
    if known.any():
        random = generator(seed, "ctf beyond control")
        beyond = _mean(clustered_mean((gap - control)[known], clusters[known], replicates=replicates, random=random))
    return {"raw": made, "beyond_control": beyond}


def identity_shift(pairs: Pairs, identity: int, *, replicates: int, seed: int) -> dict[str, Any] | None:
    """How much higher the score is for one identity than for the others in the same texts, beyond the control.

    None without scores.
    """
    towards, away = pairs.identity == identity, pairs.original == identity
    rows = (towards | away) & ~np.isnan(pairs.shift)
    if not rows.any():
        return None
    sign = np.where(towards, 1.0, -1.0)
    names = (pairs.identities[identity],)
    found = score_figures(pairs, rows, sign, replicates=replicates, seed=seed, names=names)["score"]
    return {"identity": names[0], "shift": found["shift"], "excess_shift": found["excess_shift"]}
