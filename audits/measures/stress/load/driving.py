"""Send questions at the times they were meant to be sent, whatever the answers are doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def arrivals(rate: float, seconds: float, *, seed: int) -> Floats:
    """Times at which questions are meant to be sent: a Poisson process.

    Args:
        rate: per second, above 0.
        seconds: for how long.

    Returns:
        Rising, in [0, seconds); at least one.
    """
    random = np.random.default_rng([seed, round(rate * 1000)])
    wanted = int(rate * seconds + 10 * np.sqrt(rate * seconds) + 10)
    times = np.cumsum(random.exponential(1 / rate, wanted))
    within = times[times < seconds]
    return within if len(within) else np.array([0.0])


@dataclass(frozen=True)
class Sent:
    """Questions of one rate; times in seconds from the beginning.

    Attributes:
        intended, begun, done: shape (n,): when each was meant to be sent, was sent, and had its answer.
        answered: shape (n,), False for those that failed.
        unsent: how many more were meant to be sent before the time was up.
    """

    intended: Floats
    begun: Floats
    done: Floats
    answered: Flags
    unsent: int

    @property
    def latency(self) -> Floats:
        """From when each was meant to be sent to its answer: what somebody who waits for it waits."""
        return self.done - self.intended

    @property
    def service(self) -> Floats:
        """From when each was sent: what is left when the model sets the pace (coordinated omission)."""
        return self.done - self.begun


def drive(
    intended: Floats,
    ask: Callable[[int], bool],
    *,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    seconds: float,
) -> Sent:
    """Ask one question after another, none before it is meant to be; who comes while the model is busy, waits.

    Args:
        intended: rising, in seconds from the beginning.
        ask: the number of a question to whether it was answered; returns when it was, or was not.
        now, sleep: a clock in seconds, and how to wait.
        seconds: after which no further question is sent.
    """
    first = now()
    begun, done, answered = (np.zeros(len(intended)) for _ in range(3))
    sent = 0
    for number, at in enumerate(intended.tolist()):
        early = at - (now() - first)
        if early > 0:
            sleep(early)
        begun[number] = now() - first
        if begun[number] > seconds:
            break
        answered[number] = ask(number)
        done[number] = now() - first
        sent += 1
    return Sent(intended[:sent], begun[:sent], done[:sent], answered[:sent].astype(bool), len(intended) - sent)
