"""What a data audit is told about a table: which columns mean what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import quoted
from audits.measures.plan_values import PlanRejected

MAX_SENSITIVE = 20


@dataclass(frozen=True)
class DataPlan:
    """What the columns of a table are, as far as somebody has said.

    ``group`` names whom rows belong to (a person, a document), of whom no split may know from another. ``texts`` are
    the columns that near duplicates are looked for in; chosen by their look if none is named. ``probabilities`` maps
    classes to the columns with their probability by a model that has not seen the row. ``population`` maps sensitive
    attributes to shares of groups that are known without error.
    """

    label: str | None = None
    split: str | None = None
    group: str | None = None
    sensitive: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    probabilities: Mapping[str, str] = field(default_factory=dict)
    population: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if len(self.sensitive) > MAX_SENSITIVE:
            raise PlanRejected("too_many_sensitive", f"name at most {MAX_SENSITIVE} sensitive columns (sensitive)")
        values.require_apart(
            (self.label, self.split, self.group, *self.probabilities.values()),
            "label, split, group and probabilities must differ",
        )
        if self.probabilities and not self.label:
            raise PlanRejected("label_missing", "probabilities say something of a label; name its column (label)")
        if len(self.probabilities) == 1:
            raise PlanRejected("one_class", "name the probabilities of two classes or more (probabilities)")
        for attribute, shares in self.population.items():
            if attribute not in self.sensitive:
                raise PlanRejected("attribute_unknown", f"{quoted(attribute)} is not among the sensitive columns")
            if len(shares) < 2 or any(not 0 < share < 1 for share in shares.values()):
                raise PlanRejected(
                    "population_wrong",
                    f"the population of {quoted(attribute)} needs shares between 0 and 1 of its groups",
                )
            if abs(sum(shares.values()) - 1) > 0.005:
                raise PlanRejected("population_wrong", f"the population of {quoted(attribute)} must add up to 1")

    @property
    def named(self) -> list[str]:
        """Every column that the plan names, each once."""
        alone = [name for name in (self.label, self.split, self.group) if name]
        return list(dict.fromkeys([*alone, *self.sensitive, *self.texts, *self.ignore, *self.probabilities.values()]))

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``data_plan_from`` reads it back."""
        return values.document_of(self)


def data_plan_from(document: Mapping[str, Any]) -> DataPlan:
    """Read the ``data`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown or of the wrong type.
    """
    return DataPlan(**values.fields_of(document, _READERS, part="data"))


def _names(value: object, key: str) -> dict[str, str]:
    return values.by_name(value, key, values.column, "classes to columns")


def _population(value: object, key: str) -> dict[str, dict[str, float]]:
    def shares(one: object, name: str) -> dict[str, float]:
        return values.by_name(one, name, values.number, "groups to shares")

    return values.by_name(value, key, shares, "attributes to shares of groups")


_READERS: dict[str, values.Reader] = {
    "label": values.column,
    "split": values.column,
    "group": values.column,
    "sensitive": values.columns,
    "texts": values.columns,
    "ignore": values.columns,
    "probabilities": _names,
    "population": _population,
}
