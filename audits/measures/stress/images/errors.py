"""The errors of ImageNet-C: of one corruption, of all, and beside what is wrong on clean images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class MeanErrors:
    """Errors over corruptions; each in [0, 1] unless it is divided by another model's.

    Attributes:
        mean: unnormalised: the mean over corruptions of the mean error over severities.
        relative: the same of what is wrong beyond the clean error.
        mce: normalised by a baseline, over the corruptions that it has; None where it has none of them; 1 is as bad as
            the baseline.
        relative_mce: the same of what is wrong beyond the clean errors of both; None without the baseline's, or where
            it loses nothing.
        corruptions: that ``mean`` and ``relative`` are over.
        normalised: those of them that ``mce`` and ``relative_mce`` are over.
    """

    mean: float
    relative: float
    mce: float | None
    relative_mce: float | None
    corruptions: tuple[str, ...]
    normalised: tuple[str, ...] = ()


def over_severities(errors: Sequence[float]) -> float:
    """The mean of a corruption's errors at severities 1 to 5: ``CE`` before it is divided by a baseline's.

    Raises:
        ValueError: not five shares.
    """
    if len(errors) != 5 or not all(0 <= error <= 1 for error in errors):
        raise ValueError("an error of a corruption is made of five shares, one for each severity")
    return sum(errors) / 5


def under_the_curve(errors: Sequence[float]) -> float:
    """The area under the error from clean (severity 0) to severity 5 by trapezes, divided by its width: in [0, 1]."""
    if len(errors) < 2:
        raise ValueError("an area needs two errors at least")
    return sum((one + other) / 2 for one, other in zip(errors, errors[1:], strict=False)) / (len(errors) - 1)


def mean_errors(
    errors: Mapping[str, Sequence[float]],
    *,
    clean: float,
    baseline: Mapping[str, float] | None = None,
    baseline_clean: float | None = None,
) -> MeanErrors:
    """Mean corruption error over the corruptions that were measured.

    ``CE = sum of the errors at five severities / sum of the baseline's``, ``mCE`` the mean of ``CE``; relative ``CE``
    takes the clean error off both sums. Both are over what is measured and the baseline has, so the same corruptions
    must be compared.

    Args:
        errors: at severities 1 to 5, by corruption.
        clean: error on clean images.
        baseline: the mean error of another model over the severities, by corruption; those that it has not are not
            normalised.

    Raises:
        ValueError: nothing measured.

    Source:
        Hendrycks and Dietterich 2019, arXiv:1903.12261, section 4.2.
    """
    if not errors:
        raise ValueError("no corruption was measured")
    means = {name: over_severities(found) for name, found in errors.items()}
    mean = sum(means.values()) / len(means)
    mce = relative_mce = None
    both = tuple(name for name in means if name in (baseline or {}))
    if baseline is not None and both:
        mce = sum(means[name] / baseline[name] for name in both) / len(both)
        if baseline_clean is not None and all(baseline[name] > baseline_clean for name in both):
            relative_mce = sum((means[name] - clean) / (baseline[name] - baseline_clean) for name in both) / len(both)
    return MeanErrors(mean, mean - clean, mce, relative_mce, tuple(means), both)
