"""The ``stress`` part of an audit plan: which model, which inputs, what is done to them, and how much may turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import listed
from audits.measures.plan_values import PlanRejected
from audits.measures.stress.images.plan import images_plan_from
from audits.measures.stress.load.plan import load_plan_from
from audits.measures.stress.names import TEXT_FAMILIES
from audits.measures.stress.part_plans import determinism_plan_from, malformed_plan_from
from audits.measures.stress.tabular.plan import tabular_plan_from

# Giskard warns from 5 % of answers that turn and fails from 10 %: a choice, neither law nor standard.
DEFAULT_WARN_AT, DEFAULT_FAIL_AT = 0.05, 0.10
DEFAULT_MIN_TEXTS = 30
# About one slip of the finger in a sentence.
DEFAULT_JUDGED_AT = 2
ROWS, ROWS_OF_TOKENS = 1_000, 300
MOST_ROWS = 100_000
MOST_SEVERE = 5

PartReader = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class StressPlan:
    """What a stress audit does and judges.

    ``model`` names the version's file by how it is called (``onnx:model.onnx``); without it the only one that can be
    called. ``text`` and ``label`` are columns; without ``label`` one of that name is read where there is one, and
    without any label an answer is right when it is the one to the unchanged input. ``output`` is the output that
    holds the answer, ``classes`` maps answers to labels. Of a model that answers with a number, ``tolerance`` is by how
    much one may differ and still be the same answer; without it a tenth of what lies between their quarters. At most
    ``rows`` of the table are used, chosen by the seed; where it is left out ``ROWS``, of models that read tokens
    ``ROWS_OF_TOKENS``, since these take some hundred times as long for a text. ``families`` are what is done to texts
    (all), at ``severities``; judged is what happens at ``judged_at``. A family of ``gating`` decides; by default each
    does that people and machines cause without meaning to. Fails where the whole 95 % interval of answers that turn
    lies above ``fail_at``, passes where it lies below ``warn_at``. ``parts`` holds what other kinds of stress are told,
    by their name.
    """

    model: str | None = None
    text: str = "text"
    label: str | None = None
    output: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    families: tuple[str, ...] = ()
    gating: tuple[str, ...] = ()
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    judged_at: int = DEFAULT_JUDGED_AT
    warn_at: float = DEFAULT_WARN_AT
    fail_at: float = DEFAULT_FAIL_AT
    min_texts: int = DEFAULT_MIN_TEXTS
    tolerance: float | None = None
    batch: int = 256
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        values.require_apart((self.text, self.label))
        values.require_shares([self.warn_at, self.fail_at], "warn_at and fail_at")
        values.require_count(self.min_texts, "min_texts")
        if self.tolerance is not None and self.tolerance < 0:
            raise PlanRejected("tolerance_out_of_range", "tolerance must be 0 or above")
        if self.rows is not None and not 1 <= self.rows <= MOST_ROWS:
            raise PlanRejected("rows_out_of_range", f"rows must be a whole number from 1 to {MOST_ROWS}")
        if not 1 <= self.batch <= MOST_ROWS:
            raise PlanRejected("batch_out_of_range", f"batch must be a whole number from 1 to {MOST_ROWS}")
        steps = sorted(set(self.severities))
        if not steps or steps != list(self.severities) or not 1 <= steps[0] <= steps[-1] <= MOST_SEVERE:
            raise PlanRejected("severities_out_of_range", f"severities must be numbers from 1 to {MOST_SEVERE}, rising")
        if self.judged_at not in self.severities:
            raise PlanRejected("judged_at_out_of_range", "judged_at must be one of the severities")
        for key, named in (("families", self.families), ("gating", self.gating)):
            known = self.families or tuple(TEXT_FAMILIES) if key == "gating" else tuple(TEXT_FAMILIES)
            if strange := [name for name in named if name not in known]:
                raise PlanRejected(f"{key}_unknown", f"{key}: there is no {listed(strange)}; known: {listed(known)}")
        for name, content in self.parts.items():
            PART_READERS[name](content)

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``stress_plan_from`` reads it back."""
        made = values.document_of(self)
        parts = made.pop("parts")
        return {**made, **parts}


def stress_plan_from(document: Mapping[str, Any]) -> StressPlan:
    """Read the ``stress`` part of an audit plan; every key may be left out.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    given = values.fields_of(document, _READERS, part="stress", others=sorted(PART_READERS))
    parts = {name: document[name] for name in PART_READERS if document.get(name) is not None}
    for name, content in parts.items():
        if not isinstance(content, Mapping):
            raise values.wrong(name, "a mapping of keys to values")
    severities = given.get("severities")
    if severities and "judged_at" not in given and DEFAULT_JUDGED_AT not in severities:
        given["judged_at"] = severities[0]
    return StressPlan(**given, parts=parts)


def _severities(value: object, key: str) -> tuple[int, ...]:
    given = value if isinstance(value, (list, tuple)) else [value]
    return tuple(values.whole(one, key) for one in given)


def _classes(value: object, key: str) -> dict[str, str]:
    return values.by_name(value, key, values.cell, "answers to labels")


def _templates(content: Mapping[str, Any]) -> object:
    from audits.measures.suites.making import templates_from
    from audits.measures.templates import TemplateRejected

    try:
        return templates_from(content)
    except TemplateRejected as rejected:
        raise PlanRejected(rejected.code, f"templates: {rejected}") from rejected


# What other kinds of stress are told, each under its own name: read here so that a plan promises nothing that no audit
# keeps. A reader raises PlanRejected.
PART_READERS: dict[str, PartReader] = {
    "templates": _templates,
    "tabular": tabular_plan_from,
    "images": images_plan_from,
    "malformed": malformed_plan_from,
    "determinism": determinism_plan_from,
    "load": load_plan_from,
}

_READERS: dict[str, values.Reader] = {
    "model": values.text,
    "text": values.column,
    "label": values.column,
    "output": values.column,
    "classes": _classes,
    "rows": values.whole,
    "families": values.columns,
    "gating": values.columns,
    "severities": _severities,
    "judged_at": values.whole,
    "warn_at": values.number,
    "fail_at": values.number,
    "min_texts": values.whole,
    "tolerance": values.finite,
    "batch": values.whole,
}
