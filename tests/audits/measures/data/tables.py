"""Tables for tests of the data audit, and the audit of them."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Any

from audits.measures.data.auditing import audit_data, load_for
from audits.measures.data.plan import DataPlan

WORDS = ("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "haven")
WORDS += ("inlet", "jetty", "knoll", "lagoon", "meadow", "north", "ocean", "prairie")


def chances(seed: int) -> random.Random:
    """A stream of its own for rows of tests."""
    return random.Random(seed)  # noqa: S311 - rows of tests


def sentence(random_: random.Random, words: int = 14) -> str:
    return " ".join(random_.choice(WORDS) for _ in range(words))


def audited(data: bytes, *, seed: int = 0, **plan: Any) -> dict[str, Any]:
    made = DataPlan(**plan)
    return audit_data(load_for(io.BytesIO(data), made), made, seed=seed)


def csv(header: str, rows: Sequence[str]) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def codes(document: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


def found(document: dict[str, Any], code: str, locus: str | None = None) -> dict[str, Any]:
    """The one finding of a code (and place)."""
    (one,) = [
        finding for finding in document["findings"] if finding["code"] == code and locus in (None, finding["locus"])
    ]
    return dict(one["params"])


def varied(rows: int, seed: int = 0) -> list[str]:
    """Rows ``number,text`` that are all different."""
    chance = chances(seed)
    return [f"{chance.gauss(0, 1):.6f},{sentence(chance)} {chance.randrange(10**9)}" for _ in range(rows)]
