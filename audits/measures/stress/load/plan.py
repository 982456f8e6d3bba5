"""The ``load`` part of a stress plan. Imports nothing heavy: the web process checks plans too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audits.measures import plan_values as values
from audits.measures.plan_values import PlanRejected

DEFAULT_SECONDS = 3.0
# All rates together take at most this long.
MOST_SECONDS = 60.0
MOST_RATES = 8
MOST_PER_SECOND = 10_000.0
# Of what the model manages without a pause, where no rates are given.
SHARES_OF_CAPACITY = (0.3, 0.6, 0.9, 1.2)
DEFAULT_PERCENTILE = 95.0
DEFAULT_COLD_STARTS = 3


@dataclass(frozen=True)
class LoadPlan:
    """How a model is loaded, and how long an answer may take.

    Attributes:
        rates: questions per second, each tried for ``seconds``; empty tries shares of what the model manages.
        slo_ms: the longest that ``percentile`` percent of answers may take, from when the question was to be sent;
            None measures and judges nothing.
        rows: in one question.
        cold_starts: how often the model is started anew to see how long its first answer takes.
    """

    rates: tuple[float, ...] = ()
    seconds: float = DEFAULT_SECONDS
    slo_ms: float | None = None
    percentile: float = DEFAULT_PERCENTILE
    rows: int = 1
    cold_starts: int = DEFAULT_COLD_STARTS

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if len(self.rates) > MOST_RATES or not all(0 < rate <= MOST_PER_SECOND for rate in self.rates):
            raise PlanRejected(
                "rates_out_of_range", f"load.rates are at most {MOST_RATES} numbers above 0, up to {MOST_PER_SECOND:g}"
            )
        tried = len(self.rates or SHARES_OF_CAPACITY)
        if not 0.1 <= self.seconds <= MOST_SECONDS / tried:
            raise PlanRejected(
                "seconds_out_of_range",
                f"load.seconds must lie between 0.1 and {MOST_SECONDS / tried:g}: {tried} rates take at most "
                f"{MOST_SECONDS:g} seconds together",
            )
        if self.slo_ms is not None and not (self.slo_ms > 0 and self.rates):
            raise PlanRejected(
                "slo_without_rates", "load.slo_ms is a time above 0, and needs the rates at which it is to be kept"
            )
        if not 50 <= self.percentile < 100:
            raise PlanRejected("percentile_out_of_range", "load.percentile must be from 50 to below 100")
        if not (1 <= self.rows <= 1_000 and 1 <= self.cold_starts <= 10):
            raise PlanRejected("load_out_of_range", "load.rows must be from 1 to 1000, load.cold_starts from 1 to 10")

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``load_plan_from`` reads it back."""
        return values.document_of(self)


def load_plan_from(document: object) -> LoadPlan:
    """Read the ``load`` part of a stress plan; every key may be left out.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    return LoadPlan(**values.fields_of(document, _READERS, part="load"))


def _rates(value: object, key: str) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)):
        raise values.wrong(key, "a list of numbers")
    return tuple(values.finite(one, key) for one in value)


_READERS: dict[str, values.Reader] = {
    "rates": _rates,
    "seconds": values.finite,
    "slo_ms": values.finite,
    "percentile": values.finite,
    "rows": values.whole,
    "cold_starts": values.whole,
}
