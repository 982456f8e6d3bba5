"""Keeping within what a service may cost: what a request can cost at most is set aside before it is sent.

So a bound is never passed: where a request might pass it, nothing more is sent. What was set aside is replaced by what
the answer says was used; where it says nothing, or there was no answer, it stays counted as used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from audits.adapters.refusals import ModelRefused


@dataclass(frozen=True)
class Caps:
    """Bounds of one audit's requests. A price is for a million tokens, in a currency that the caller knows.

    Attributes:
        requests, tokens, cost: at most so many, retries included; None for no bound.
    """

    requests: int | None = 100_000
    tokens: int | None = None
    cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0

    def __post_init__(self) -> None:
        if self.cost is not None and not (self.price_in > 0 or self.price_out > 0):
            raise ModelRefused(
                "cost_unknown", "a bound on the cost needs the price of a million tokens (price_in, price_out)"
            )

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000


@dataclass(frozen=True)
class Aside:
    """What was set aside for one request: it uses no more."""

    tokens_in: int
    tokens_out: int


class Purse:
    """What was used so far, and what is set aside. Asked from several threads."""

    def __init__(self, caps: Caps) -> None:
        self._caps, self._lock = caps, threading.Lock()
        self._requests = self._tokens_in = self._tokens_out = self._unknown = 0

    def set_aside(self, most: Aside) -> None:
        """Count what a request may use.

        Raises:
            ModelRefused: it might pass a bound; nothing is counted.
        """
        with self._lock:
            requests = self._requests + 1
            into, out = self._tokens_in + most.tokens_in, self._tokens_out + most.tokens_out
            caps = self._caps
            passed = (
                "requests"
                if caps.requests is not None and requests > caps.requests
                else "tokens"
                if caps.tokens is not None and into + out > caps.tokens
                else "cost"
                if caps.cost is not None and caps.of(into, out) > caps.cost
                else ""
            )
            if passed:
                raise ModelRefused(
                    f"{passed}_cap",
                    f"another request might pass the bound on {passed} ({getattr(caps, passed)}) and was not sent; "
                    f"so far {self._requests} requests and {self._tokens_in + self._tokens_out} tokens are counted: "
                    "ask about fewer rows, or raise the bound",
                )
            self._requests, self._tokens_in, self._tokens_out = requests, into, out

    def settle(self, most: Aside, used: tuple[int, int] | None) -> None:
        """Replace what was set aside by what an answer says was used; None leaves it counted."""
        with self._lock:
            if used is None:
                self._unknown += 1
                return
            self._tokens_in += used[0] - most.tokens_in
            self._tokens_out += used[1] - most.tokens_out

    def as_document(self) -> dict[str, Any]:
        """JSON-ready. ``cost`` is null where no price is known; tokens include what was set aside for requests whose
        use is not known."""
        with self._lock:
            priced = self._caps.price_in > 0 or self._caps.price_out > 0
            return {
                "requests": self._requests,
                "tokens_in": self._tokens_in,
                "tokens_out": self._tokens_out,
                "requests_of_unknown_use": self._unknown,
                "cost": round(self._caps.of(self._tokens_in, self._tokens_out), 9) if priced else None,
            }
