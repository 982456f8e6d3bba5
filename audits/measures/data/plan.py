"""What a data audit is told about a table: which columns mean what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.measures.naming import listed, quoted

MAX_SENSITIVE = 20
CLASS, NUMBER = "class", "number"
LABEL_KINDS = (CLASS, NUMBER)


class DataPlanRejected(ValueError):
    """The plan cannot be carried out; ``code`` says why for programs, the message how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class DataPlan:
    """What the columns of a table are, as far as somebody has said.

    ``group`` names whom rows belong to (a person, a document), of whom no split may know from another. ``texts`` are
    the columns that near duplicates are looked for in; chosen by their look if none is named. ``label_kind`` says
    whether the label is a ``class`` or a ``number``, which whole numbers do not show. ``probabilities`` maps
    classes to the columns with their probability by a model that has not seen the row. ``population`` maps sensitive
    attributes to shares of groups that are known without error.
    """

    label: str | None = None
    label_kind: str | None = None
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
            DataPlanRejected: with the key that is wrong and what it may be.
        """
        if len(self.sensitive) > MAX_SENSITIVE:
            raise DataPlanRejected("too_many_sensitive", f"name at most {MAX_SENSITIVE} sensitive columns (sensitive)")
        for name in (*self.named, *self.probabilities, *self.population, *_groups(self.population)):
            _require_text(name)
        if self.label_kind is not None and self.label_kind not in LABEL_KINDS:
            raise DataPlanRejected("plan_value_wrong", f"label_kind must be one of {listed(LABEL_KINDS)}")
        special = [name for name in (self.label, self.split, self.group, *self.probabilities.values()) if name]
        twice = [name for name in special if special.count(name) > 1]
        if twice:
            raise DataPlanRejected(
                "column_named_twice",
                f"column {quoted(twice[0])} is named twice; label, split, group and probabilities must differ",
            )
        if self.probabilities and not self.label:
            raise DataPlanRejected("label_missing", "probabilities say something of a label; name its column (label)")
        if len(self.probabilities) == 1:
            raise DataPlanRejected("one_class", "name the probabilities of two classes or more (probabilities)")
        _require_population(self.population, self.sensitive)

    @property
    def named(self) -> list[str]:
        """Every column that the plan names, each once."""
        alone = [name for name in (self.label, self.split, self.group) if name]
        return list(dict.fromkeys([*alone, *self.sensitive, *self.texts, *self.ignore, *self.probabilities.values()]))

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``data_plan_from`` reads it back."""
        return {
            "label": self.label,
            "label_kind": self.label_kind,
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
        DataPlanRejected: a key is unknown or of the wrong type.
    """
    if not isinstance(document, Mapping):
        raise DataPlanRejected("plan_not_a_mapping", "the data plan must be a mapping of keys to values")
    unknown = sorted(str(key) for key in document if key not in _READERS)
    if unknown:
        raise DataPlanRejected(
            "plan_key_unknown", f"the data plan has no key {listed(unknown)}; known: {listed(sorted(_READERS))}"
        )
    return DataPlan(**{key: _READERS[key](value, key) for key, value in document.items() if value is not None})


def _require_population(population: Mapping[str, Mapping[str, float]], sensitive: Sequence[str]) -> None:
    for attribute, shares in population.items():
        if attribute not in sensitive:
            raise DataPlanRejected("attribute_unknown", f"{quoted(attribute)} is not among the sensitive columns")
        if len(shares) < 2 or any(not 0 < share < 1 for share in shares.values()):
            raise DataPlanRejected(
                "population_wrong",
                f"the population of {quoted(attribute)} needs shares between 0 and 1 of its groups",
            )
        if abs(sum(shares.values()) - 1) > 0.005:
            raise DataPlanRejected("population_wrong", f"the population of {quoted(attribute)} must add up to 1")


def _groups(population: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [group for shares in population.values() for group in shares]


def _require_text(name: str) -> None:
    """Refuse half of a surrogate pair, which no document can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataPlanRejected("not_utf8", f"{quoted(name)} is not UTF-8; write the name as the table has it") from None


def _wrong(key: str, wanted: str) -> DataPlanRejected:
    return DataPlanRejected("plan_value_wrong", f"{key} must be {wanted}")


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
    "label_kind": _text,
    "split": _text,
    "group": _text,
    "sensitive": _texts,
    "texts": _texts,
    "ignore": _texts,
    "probabilities": _names,
    "population": _population,
}
