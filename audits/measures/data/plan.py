"""What a data audit is told about a table: which columns mean what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.measures.naming import listed, quoted
from audits.measures.plan import PlanRejected

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
        special = [name for name in (self.label, self.split, self.group, *self.probabilities.values()) if name]
        twice = [name for name in special if special.count(name) > 1]
        if twice:
            raise PlanRejected(
                "column_named_twice",
                f"column {quoted(twice[0])} is named twice; label, split, group and probabilities must differ",
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
        return {
            "label": self.label,
            "split": self.split,
            "group": self.group,
            "sensitive": list(self.sensitive),
            "texts": list(self.texts),
            "ignore": list(self.ignore),
            "probabilities": dict(self.probabilities),
            "population": {name: dict(shares) for name, shares in self.population.items()},
        }


def data_plan_from(document: Mapping[str, Any]) -> DataPlan:
    """Read the ``data`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown or of the wrong type.
    """
    if not isinstance(document, Mapping):
        raise PlanRejected("plan_not_a_mapping", "the data plan must be a mapping of keys to values")
    unknown = sorted(str(key) for key in document if key not in _READERS)
    if unknown:
        raise PlanRejected(
            "plan_key_unknown", f"the data plan has no key {listed(unknown)}; known: {listed(sorted(_READERS))}"
        )
    return DataPlan(**{key: _READERS[key](value, key) for key, value in document.items() if value is not None})


def _wrong(key: str, wanted: str) -> PlanRejected:
    return PlanRejected("plan_value_wrong", f"{key} must be {wanted}")


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(key, "the name of a column")
    return value


def _texts(value: object, key: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _wrong(key, "a list of names")
    return tuple(_text(item, key) for item in value)


def _names(value: object, key: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _wrong(key, "a mapping of classes to columns")
    return {str(name): _text(column, f"{key}.{name}") for name, column in value.items()}


def _population(value: object, key: str) -> dict[str, dict[str, float]]:
    if not isinstance(value, Mapping) or not all(isinstance(shares, Mapping) for shares in value.values()):
        raise _wrong(key, "a mapping of attributes to shares of groups")
    return {
        str(name): {str(group): _share(share, f"{key}.{name}.{group}") for group, share in shares.items()}
        for name, shares in value.items()
    }


def _share(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(key, "a number")
    return float(value)


_READERS: dict[str, Callable[[object, str], Any]] = {
    "label": _text,
    "split": _text,
    "group": _text,
    "sensitive": _texts,
    "texts": _texts,
    "ignore": _texts,
    "probabilities": _names,
    "population": _population,
}
