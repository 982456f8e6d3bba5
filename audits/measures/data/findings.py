"""Findings while they are gathered: code, place, figures, masked examples, and rows to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.reasons import CODES, UNJUDGED, VERDICTS

# From the best to the worst.
ORDER = ("pass", "warn", "insufficient_data", "no_information", "fail")
# Rows that are named for one finding; the table's owner finds the others by the first.
NAMED_ROWS = 10
_LONGEST_NAME = 100


@dataclass
class Findings:
    """What was found, and ``where``: row numbers (1 is the first below the header) by code and place.

    Row numbers depend on the order of rows, so they stand beside the document's digest and not under it.
    """

    made: list[dict[str, Any]] = field(default_factory=list)
    where: dict[str, list[int]] = field(default_factory=dict)

    def add(
        self,
        code: str,
        locus: str = "",
        *,
        rows: npt.NDArray[np.bool_] | int | None = None,
        count: int | None = None,
        examples: Sequence[Mapping[str, Any]] = (),
        **params: Any,
    ) -> None:
        """Add a finding; ``params`` are those that its code always has.

        ``rows`` is a number of rows, or marks them; then they are counted (or ``count`` says how many count) and the
        first are named.
        """
        severity, _ = CODES[code]
        if isinstance(rows, int):
            params["rows"] = rows
        elif rows is not None:
            params["rows"] = int(rows.sum()) if count is None else count
        shown = {name: value[:_LONGEST_NAME] if isinstance(value, str) else value for name, value in params.items()}
        made: dict[str, Any] = {"code": code, "severity": severity, "locus": locus, "params": shown}
        if examples:
            made["examples"] = [dict(one) for one in examples]
        self.made.append(made)
        if rows is not None and not isinstance(rows, int):
            self.where[f"{code} {locus}".strip()] = [int(row) + 1 for row in np.flatnonzero(rows)[:NAMED_ROWS]]

    def add_provenance(self, missing: Sequence[str], *, of: int, says_anything: bool) -> None:
        """What the data set's card leaves out, of so many things."""
        if not says_anything:
            self.add("data.provenance_not_read", "card")
        elif missing:
            self.add("data.provenance_missing", "card", fields=sorted(missing), lacking=len(missing), of=of)

    @property
    def verdict(self) -> str:
        """The worst that a finding amounts to."""
        amount_to = (UNJUDGED.get(one["code"], VERDICTS[one["severity"]]) for one in self.made)
        return max(amount_to, key=ORDER.index, default="pass")

    def ordered(self) -> list[dict[str, Any]]:
        """The findings, gravest first, then by code and place."""
        gravity = ("critical", "high", "medium", "low", "info")
        return sorted(self.made, key=lambda one: (gravity.index(one["severity"]), one["code"], one["locus"]))
