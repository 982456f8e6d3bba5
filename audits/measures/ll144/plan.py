"""The ``ll144`` part of an audit plan: which columns, which categories are left out and why, what is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import quoted
from audits.measures.plan_values import PlanRejected

HISTORICAL, TEST = "historical", "test"
# 29 CFR 1607.4(D): information of the EEOC's guidelines. Local Law 144 sets no limit.
FOUR_FIFTHS = 0.8
# What people write where a category is not known. A plan may name more; what counts as unknown is printed.
UNKNOWN_WORDS = frozenset(
    {
        "unknown",
        "not known",
        "unspecified",
        "not specified",
        "not stated",
        "undisclosed",
        "not disclosed",
        "prefer not to say",
        "prefer not to answer",
        "decline to answer",
        "declined to answer",
        "decline to state",
        "declined to state",
        "decline to self-identify",
        "declined to self-identify",
        "i do not wish to answer",
        "i don't wish to answer",
        "choose not to disclose",
    }
)


@dataclass(frozen=True)
class Record:
    """What the published summary has to say beside the figures (6 RCNY 5-302, 5-303), as the auditor states it.

    ``data`` is "historical" or "test"; test data need a reason and a description. ``independence`` is the auditor's
    statement that they are independent (6 RCNY 5-300). Dates are YYYY-MM-DD.
    """

    tool: str | None = None
    data: str = HISTORICAL
    data_source: str | None = None
    test_data_reason: str | None = None
    test_data_method: str | None = None
    audit_date: str | None = None
    distribution_date: str | None = None
    auditor: str | None = None
    independence: str | None = None

    def gaps(self) -> list[str]:
        """What is not stated yet."""
        needed = ("tool", "data_source", "audit_date", "distribution_date", "auditor", "independence")
        return [name for name in needed if getattr(self, name) is None]


@dataclass(frozen=True)
class LL144Plan:
    """What the audit counts.

    One of ``selected`` and ``score``, ``group``, or ``group`` beside one of them: being classified into each of its
    values is a selection of its own, for which the tables are repeated. ``positive`` and ``negative`` are the
    values of ``selected`` that mean yes and no; a value that is neither is an unknown outcome, never "not selected".
    ``exclude`` maps a category to the auditor's justification.
    """

    sex: str
    race: str
    selected: str | None = None
    score: str | None = None
    group: str | None = None
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    exclude: Mapping[str, str] = field(default_factory=dict)
    record: Record = field(default_factory=Record)

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if self.selected and self.score:
            raise PlanRejected(
                "outcome_named_twice",
                "name the column of selections or the column of scores, not both: they are two audits",
            )
        if not (self.selected or self.score or self.group):
            raise PlanRejected("outcome_missing", "name the column of selections (selected) or of scores (score)")
        values.require_apart((self.sex, self.race, self.selected, self.score, self.group))
        if (self.positive or self.negative) and not self.selected:
            raise PlanRejected("positive_without_selected", "positive and negative are values of the column selected")
        if both := sorted(set(self.positive) & set(self.negative)):
            raise PlanRejected("positive_and_negative", f"{quoted(both[0])} cannot mean both selected and not selected")
        for category, justification in self.exclude.items():
            if not justification.strip():
                raise PlanRejected(
                    "justification_missing",
                    f"leaving {quoted(category)} out of the impact ratios needs the auditor's justification; the"
                    " summary has to print it (6 RCNY 5-301)",
                )
        if self.record.data == TEST and not (self.record.test_data_reason and self.record.test_data_method):
            raise PlanRejected(
                "test_data_unexplained",
                "test data need test_data_reason (why no historical data) and test_data_method (how the data were made"
                " and obtained); the summary has to print both (6 RCNY 5-302)",
            )

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``ll144_plan_from`` reads it back."""
        return {
            "sex": self.sex,
            "race": self.race,
            "selected": self.selected,
            "score": self.score,
            "group": self.group,
            "positive": list(self.positive),
            "negative": list(self.negative),
            "unknown": list(self.unknown),
            "exclude": dict(self.exclude),
            **asdict(self.record),
        }


def ll144_plan_from(document: Mapping[str, Any]) -> LL144Plan:
    """Read the ``ll144`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown, missing or of the wrong type, or the plan cannot be carried out.
    """
    given = values.fields_of(document, _PLAN | _RECORD, part="ll144")
    for key, what in (("sex", "sex"), ("race", "race or ethnicity")):
        if key not in given:
            raise PlanRejected(f"{key}_missing", f"name the column of {what} ({key})")
    record = Record(**{key: value for key, value in given.items() if key in _RECORD})
    return LL144Plan(record=record, **{key: value for key, value in given.items() if key in _PLAN})


def last_day(audit_date: str) -> str:
    """The last day on which the tool may be used on an audit of that day: one year later (6 RCNY 5-301(a)).

    >>> last_day("2026-11-29"), last_day("2028-02-29")
    ('2027-11-29', '2029-02-28')
    """
    day = dt.date.fromisoformat(audit_date)
    try:
        return day.replace(year=day.year + 1).isoformat()
    except ValueError:
        return day.replace(year=day.year + 1, day=28).isoformat()


def _data(value: object, key: str) -> str:
    if value not in (HISTORICAL, TEST):
        raise values.wrong(key, f"{HISTORICAL} or {TEST}")
    return str(value)


_PLAN: dict[str, values.Reader] = {
    "sex": values.column,
    "race": values.column,
    "selected": values.column,
    "score": values.column,
    "group": values.column,
    "positive": values.cells,
    "negative": values.cells,
    "unknown": values.cells,
    "exclude": values.texts_by_name,
}
_RECORD: dict[str, values.Reader] = {
    "tool": values.text,
    "data": _data,
    "data_source": values.text,
    "test_data_reason": values.text,
    "test_data_method": values.text,
    "audit_date": values.day,
    "distribution_date": values.day,
    "auditor": values.text,
    "independence": values.text,
}
