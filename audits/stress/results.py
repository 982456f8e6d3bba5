"""What a part of a stress audit gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.stress.subject import Subject


@dataclass(frozen=True)
class PartResult:
    """What one part found.

    Attributes:
        document: JSON-ready, with ``verdict`` (pass, warn, insufficient_data, no_information or fail; None where
            nothing was to be judged) and ``reasons`` (each ``code``, ``severity``, ``locus``, ``params``).
        cases: every input that turned out wrong, JSON-ready with one set of keys within a part: kept and exported.
        summary: named numbers for policies; what was not measured is absent.
    """

    document: dict[str, Any]
    cases: Sequence[Mapping[str, Any]] = ()
    summary: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One kind of stress.

    Attributes:
        asks: how many answers it will ask for; 0 where it does not apply to this model, table and plan.
        run: does it.
        repeatable: whether the same model, table, plan and seed give the same document; times do not.
    """

    name: str
    asks: Callable[[Subject], int]
    run: Callable[[Subject], PartResult]
    repeatable: bool = True
