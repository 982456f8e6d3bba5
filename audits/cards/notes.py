"""Collects the findings about one card, no more of each code than a person would read."""

from __future__ import annotations

from typing import Any

from audits.cards.shapes import CardFinding
from audits.cards.spec import CODES

MAX_PER_CODE = 50
MAX_SHOWN = 200


def shown(value: object) -> str:
    """A value as it may stand in a finding: short, and without NUL."""
    text = value if isinstance(value, str) else str(value)
    return (text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…").replace("\x00", "\ufffd")


class Notes:
    """Findings in the order in which they were met."""

    def __init__(self) -> None:
        self._found: list[CardFinding] = []
        self._times: dict[str, int] = {}

    def add(self, code: str, /, *, field: str = "", line: int | None = None, **params: Any) -> None:
        """Note a finding; the severity comes from ``spec.CODES``."""
        times = self._times[code] = self._times.get(code, 0) + 1
        if times <= MAX_PER_CODE:
            self._found.append(CardFinding(code, CODES[code].severity, shown(field), line, params))

    def all(self) -> tuple[CardFinding, ...]:
        """Every finding; where there were too many of one code, the last findings say how many more."""
        for code, times in list(self._times.items()):
            if times > MAX_PER_CODE:
                self.add("card.findings.more", code=code, count=times - MAX_PER_CODE)
        return tuple(self._found)
