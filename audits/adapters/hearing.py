"""How a model hears: at which rate, in which pieces, and what becomes of the scores of several. Used on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Where the rate and the windows were found.
TOLD, CONFIGURATION, GRAPH = "told", "preprocessor_config.json", "model"
# How the scores of the windows become those of the sound: there is one, their mean, the highest of each.
WHOLE, MEAN, HIGHEST = "whole", "mean", "highest"
# What may be told where the model's files do not say it, as they are named there.
TELLABLE = ("sampling_rate", "window_samples", "context_samples")
MOST_TOLD = 10_000_000
_ORIGINS, _RULES = (TOLD, CONFIGURATION, GRAPH), (WHOLE, MEAN, HIGHEST)


class HearingOdd(ValueError):
    """What is said of how a model hears is not what can be said; the message tells what can."""


@dataclass(frozen=True)
class Hearing:
    """How a sound is brought to a model.

    Attributes:
        rate: samples in a second; a sound stored at another one is resampled.
        rate_from: where that was found.
        window: samples that are heard at a time, the last window filled up with silence; None where it hears the whole.
        context: samples of before that it is given with each window, silence before the first.
        rule: what becomes of the scores of several windows.
        carries_state: whether it remembers from window to window.
        normalizes: whether a sound is first brought to mean 0 and variance 1, as its configuration says.
    """

    rate: int
    rate_from: str
    window: int | None
    context: int
    rule: str
    carries_state: bool
    normalizes: bool

    def as_document(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def hearing_from(document: Any) -> Hearing:
    """How a model hears, from whoever says so.

    Raises:
        ValueError: it says something else.
    """
    found = Hearing(**document)
    whole = (found.rate, found.context, *([] if found.window is None else [found.window]))
    flags = (found.carries_state, found.normalizes)
    if not all(type(one) is int and 0 <= one <= MOST_TOLD for one in whole) or not all(type(f) is bool for f in flags):
        raise ValueError("no numbers of samples")
    if found.rate_from not in _ORIGINS or found.rule not in _RULES:
        raise ValueError("no way of hearing")
    return found


def told(given: Mapping[str, Any]) -> dict[str, int]:
    """What somebody says of how a model hears, checked and in order.

    Raises:
        HearingOdd: another name, or no number of samples.
    """
    for name, value in given.items():
        if name not in TELLABLE or type(value) is not int or not 0 < value <= MOST_TOLD:
            raise HearingOdd(
                f"how a model hears is told by {', '.join(TELLABLE)}, each a whole number from 1 to {MOST_TOLD:,}"
            )
    return {name: given[name] for name in TELLABLE if name in given}
