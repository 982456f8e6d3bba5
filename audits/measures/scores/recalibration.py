"""Logistic regression of the outcome on the score: how a score would have to be bent to be right, in each group."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Z95
from audits.measures.means import Estimated, Floats, effective_size, unknown

# Scores of exactly 0 or 1 have no log-odds; they are taken as this far from it.
EDGE = 1e-6
_MOST_ROUNDS = 60
_ENOUGH = 1e-10
# Coefficients beyond this, or probabilities that all reach 0 or 1, are those of classes that a line separates.
_TOO_STEEP = 30.0
SANDWICH = "logistic regression, Wald with the sandwich variance"


@dataclass(frozen=True)
class Fit:
    """A logistic regression: coefficients, and their covariance (sandwich)."""

    coefficients: Floats
    covariance: Floats


def fitted(
    design: Floats,
    label: npt.NDArray[np.bool_],
    weights: Floats | None = None,
    clusters: npt.NDArray[np.int64] | None = None,
) -> Fit | None:
    """Fit by iteratively reweighted least squares.

    Args:
        design: shape (n, terms).
        label: shape (n,).
        weights: shape (n,), at least 0; None for one each.
        clusters: shape (n,), or None: the sandwich sums the scores of a cluster's rows.

    Returns:
        None where there is no top: a line separates the classes, or terms say the same.
    """
    outcome = label.astype(float)
    weight = np.ones(len(outcome)) if weights is None else weights
    beta = np.zeros(design.shape[1])
    likelihood = -math.inf
    for _ in range(_MOST_ROUNDS):
        linear = design @ beta
        chance = 1 / (1 + np.exp(-np.clip(linear, -700, 700)))
        now = float((weight * (outcome * linear - np.logaddexp(0, linear))).sum())
        slopes = design.T @ (weight * (outcome - chance))
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        if abs(now - likelihood) <= _ENOUGH * (abs(now) + 1):
            return _finished(design, weight * (outcome - chance), curve, beta, clusters)
        try:
            step = np.asarray(np.linalg.solve(curve, slopes), dtype=float)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all() or np.abs(beta + step).max() > _TOO_STEEP * 10:
            return None
        beta, likelihood = _uphill(design, outcome, weight, beta, step, now), now
    return None


def _uphill(design: Floats, outcome: Floats, weight: Floats, beta: Floats, step: Floats, now: float) -> Floats:
    """Newton's step, halved until the likelihood does not fall."""
    for _ in range(30):
        linear = design @ (beta + step)
        if float((weight * (outcome * linear - np.logaddexp(0, linear))).sum()) >= now - 1e-9 * (abs(now) + 1):
            break
        step = step / 2
    return beta + step


def _finished(
    design: Floats,
    residual: Floats,
    curve: Floats,
    beta: Floats,
    clusters: npt.NDArray[np.int64] | None,
) -> Fit | None:
    if np.linalg.cond(curve) > 1e14 or np.abs(beta).max() > _TOO_STEEP:
        return None
    inverse = np.linalg.inv(curve)
    pulls = design * residual[:, None]
    if clusters is not None:
        pulls = np.stack([np.bincount(clusters, weights=column) for column in pulls.T], axis=1)
    return Fit(beta, inverse @ (pulls.T @ pulls) @ inverse)


def log_odds(score: Floats) -> Floats:
    """The log-odds of scores in [0, 1], those at the ends moved in by ``EDGE``."""
    inner = np.clip(score, EDGE, 1 - EDGE)
    return np.asarray(np.log(inner) - np.log1p(-inner))


def slope_and_intercept(
    label: npt.NDArray[np.bool_],
    score: Floats,
    weights: Floats | None = None,
    clusters: npt.NDArray[np.int64] | None = None,
) -> tuple[Estimated, Estimated]:
    """The recalibration line: log-odds of the outcome on log-odds of the score.

    Returns:
        Slope and intercept. 1 and 0 are perfect; a slope below 1 says that scores are too extreme, an intercept
        below 0 (at slope 1) that they are too high. Unknown where the scores are all equal or separate the classes.

    Source:
        Cox 1958, Biometrika 45:562; Steyerberg 2019, Clinical Prediction Models, ch. 15.
    """
    logits = log_odds(score)
    if len(logits) < 2 or float(np.ptp(logits)) < 1e-9:
        return unknown(SANDWICH), unknown(SANDWICH)
    fit = fitted(np.stack([np.ones(len(logits)), logits], axis=1), label, weights, clusters)
    if fit is None:
        return unknown(SANDWICH), unknown(SANDWICH)
    variances = np.diag(fit.covariance)
    if not (np.isfinite(variances).all() and (variances > 0).all()):
        # a curve so flat that its inverse is rounding
        return unknown(SANDWICH), unknown(SANDWICH)
    errors = np.sqrt(variances)
    intercept, slope = (
        Estimated(float(one), float(one - Z95 * error), float(one + Z95 * error), SANDWICH)
        for one, error in zip(fit.coefficients, errors, strict=True)
    )
    return slope, intercept


@dataclass(frozen=True)
class LikelihoodRatio:
    """Twice the gain in log-likelihood, its degrees of freedom, and the chance of as much by luck."""

    statistic: float
    degrees: int
    p: float


def sufficiency(
    label: npt.NDArray[np.bool_],
    place: Floats,
    group: npt.NDArray[np.int64],
    weights: Floats | None = None,
) -> tuple[LikelihoodRatio, LikelihoodRatio] | None:
    """Whether, at one score, the outcome still depends on the group.

    Args:
        label: shape (n,).
        place: shape (n,), the score on a scale on which log-odds are about linear: its log-odds, or those of its
            place among all scores.
        group: shape (n,), 0 ... groups - 1.
        weights: shape (n,), at least 0; None for one each. They are scaled to the effective number of rows (Kish).

    Returns:
        (group and group x score together, group x score alone), both against luck; None where no line can be fitted.

    Source:
        Sufficiency after Barocas, Hardt and Narayanan, Fairness and Machine Learning, ch. 3; the test is Wilks'
        likelihood ratio of nested logistic regressions.
    """
    groups = int(group.max()) + 1
    if groups < 2 or float(np.ptp(place)) < 1e-12:
        return None
    scaled = np.ones(len(place)) if weights is None else weights * (effective_size(weights) / weights.sum())
    centred = place - place.mean()
    base = _top_of_lines(label, centred, np.zeros(len(group), dtype=np.int64), scaled)
    with_groups = _top_of_lines(label, centred, group, scaled)
    with_slopes = 0.0
    for one in range(groups):
        mine = np.flatnonzero(group == one)
        top = _top_of_lines(label[mine], centred[mine], np.zeros(len(mine), dtype=np.int64), scaled[mine])
        if top is None:
            return None
        with_slopes += top
    if base is None or with_groups is None:
        return None
    return (
        _likelihood_ratio(with_slopes - base, 2 * (groups - 1)),
        _likelihood_ratio(with_slopes - with_groups, groups - 1),
    )


def _top_of_lines(
    label: npt.NDArray[np.bool_], place: Floats, group: npt.NDArray[np.int64], weight: Floats
) -> float | None:
    """The highest log-likelihood of lines of one slope, each group with its own intercept; None where there is none.

    Newton's steps from sums over the groups: no table of rows by terms is made, however many groups there are.
    """
    outcome, groups = label.astype(float), int(group.max()) + 1
    # the last coefficient is the slope
    beta = np.zeros(groups + 1)
    likelihood = -math.inf

    def logarithm(at: Floats) -> tuple[Floats, float]:
        linear = at[group] + at[-1] * place
        return linear, float((weight * (outcome * linear - np.logaddexp(0, linear))).sum())

    linear, now = logarithm(beta)
    for _ in range(_MOST_ROUNDS):
        if abs(now - likelihood) <= _ENOUGH * (abs(now) + 1):
            return now if np.abs(beta).max() <= _TOO_STEEP else None
        chance = 1 / (1 + np.exp(-np.clip(linear, -700, 700)))
        pull, bend = weight * (outcome - chance), weight * chance * (1 - chance)
        slopes = np.append(np.bincount(group, pull, groups), (pull * place).sum())
        curve = np.zeros((groups + 1, groups + 1))
        curve[np.arange(groups), np.arange(groups)] = np.bincount(group, bend, groups)
        curve[-1, :-1] = curve[:-1, -1] = np.bincount(group, bend * place, groups)
        curve[-1, -1] = (bend * place * place).sum()
        try:
            step = np.linalg.solve(curve, slopes)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all() or np.abs(beta).max() > _TOO_STEEP * 10:
            return None
        likelihood = now
        for _ in range(30):
            linear, now = logarithm(beta + step)
            if now >= likelihood - 1e-9 * (abs(likelihood) + 1):
                break
            step = step / 2
        beta = beta + step
    return None


def _likelihood_ratio(gain: float, degrees: int) -> LikelihoodRatio:
    statistic = max(2 * gain, 0.0)
    return LikelihoodRatio(statistic, degrees, chi_squared_p(statistic, degrees))


def chi_squared_p(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for a chi-squared X with a whole number of degrees of freedom, in the closed form.

    >>> round(chi_squared_p(3.841459, 1), 6), round(chi_squared_p(5.991465, 2), 6)
    (0.05, 0.05)
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    if degrees % 2:
        total, term, power = math.erfc(math.sqrt(half)), math.sqrt(half) * 2 / math.sqrt(math.pi), 1.5
    else:
        total, term, power = 0.0, 1.0, 1.0
    # the terms are kept apart from exp(-half), which alone may be too small to write
    logarithm = math.log(term)
    for _ in range((degrees - degrees % 2) // 2):
        total += math.exp(logarithm - half)
        logarithm += math.log(half) - math.log(power)
        power += 1
    return min(total, 1.0)
