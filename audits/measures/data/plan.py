"""What a data audit is told about a table: which columns mean what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.data.asked import (
    MAX_ANNOTATORS,
    MAX_TERM,
    MAX_TERM_WORDS,
    MAX_TERMS,
    NOMINAL,
    ORDINAL,
    SCALES,
    Lexicon,
    word_count,
)
from audits.measures.naming import listed, quoted
from audits.measures.plan_values import PlanRejected

MAX_SENSITIVE = 20
CLASS, NUMBER = "class", "number"
LABEL_KINDS = (CLASS, NUMBER)


@dataclass(frozen=True)
class DataPlan:
    """What the columns of a table are, as far as somebody has said.

    ``group`` names whom rows belong to (a person, a document), of whom no split may know from another. ``texts`` are
    the columns that near duplicates are looked for in; chosen by their look if none is named. ``label_kind`` says
    whether the label is a ``class`` or a ``number``, which whole numbers do not show. ``time`` says when a row happened
    and ``train`` which split is trained on. ``annotators`` are the columns with the labels that single people gave, on
    ``annotation_scale``; ``annotation_order`` are the values of an ordinal scale that are no numbers, lowest first.
    ``lexicon`` is a list of terms that texts are searched for. ``images`` is a column of encoded pictures in base64.
    ``probabilities`` maps classes to the columns with their probability by a model that has not seen the row.
    ``population`` maps sensitive attributes to shares of groups that are known without error.
    """

    label: str | None = None
    label_kind: str | None = None
    split: str | None = None
    group: str | None = None
    time: str | None = None
    train: str | None = None
    sensitive: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    annotators: tuple[str, ...] = ()
    annotation_scale: str = NOMINAL
    annotation_order: tuple[str, ...] = ()
    lexicon: Lexicon | None = None
    images: str | None = None
    probabilities: Mapping[str, str] = field(default_factory=dict)
    population: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if len(self.sensitive) > MAX_SENSITIVE:
            raise PlanRejected("too_many_sensitive", f"name at most {MAX_SENSITIVE} sensitive columns (sensitive)")
        for name in (*self.named, *self.probabilities, *self.population, *_groups(self.population)):
            _require_text(name)
        if self.label_kind is not None and self.label_kind not in LABEL_KINDS:
            raise PlanRejected("plan_value_wrong", f"label_kind must be one of {listed(LABEL_KINDS)}")
        values.require_apart(
            (
                self.label,
                self.split,
                self.group,
                self.time,
                self.images,
                *self.probabilities.values(),
                *self.annotators,
            ),
            "label, split, group, time, images, annotators and probabilities must differ",
        )
        if self.time and not self.split:
            raise PlanRejected("split_missing", "time is compared between splits; name their column (split)")
        _require_annotations(self)
        if self.lexicon is not None:
            _require_terms(self.lexicon)
        if self.probabilities and not self.label:
            raise PlanRejected("label_missing", "probabilities say something of a label; name its column (label)")
        if len(self.probabilities) == 1:
            raise PlanRejected("one_class", "name the probabilities of two classes or more (probabilities)")
        _require_population(self.population, self.sensitive)

    @property
    def named(self) -> list[str]:
        """Every column that the plan names, each once."""
        alone = [name for name in (self.label, self.split, self.group, self.time, self.images) if name]
        many = (*self.sensitive, *self.texts, *self.ignore, *self.annotators, *self.probabilities.values())
        return list(dict.fromkeys([*alone, *many]))

    @property
    def aside(self) -> set[str | None]:
        """Columns that are no content of a row: what it is for, and what was made of it."""
        return {self.split, self.group, *self.ignore, *self.annotators, *self.probabilities.values()}

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``data_plan_from`` reads it back, but for the lexicon, whose terms stand in no
        document: it is named by its digest."""
        made = values.document_of(self)
        if self.lexicon is not None:
            terms = self.lexicon
            made["lexicon"] = {"name": terms.name, "terms": len(terms.terms), "sha256": terms.sha256}
        return made


def data_plan_from(document: Mapping[str, Any]) -> DataPlan:
    """Read the ``data`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown or of the wrong type.
    """
    return DataPlan(**values.fields_of(document, _READERS, part="data"))


def _require_population(population: Mapping[str, Mapping[str, float]], sensitive: Sequence[str]) -> None:
    for attribute, shares in population.items():
        if attribute not in sensitive:
            raise PlanRejected("attribute_unknown", f"{quoted(attribute)} is not among the sensitive columns")
        if len(shares) < 2 or any(not 0 < share < 1 for share in shares.values()):
            raise PlanRejected(
                "population_wrong",
                f"the population of {quoted(attribute)} needs shares between 0 and 1 of its groups",
            )
        if abs(sum(shares.values()) - 1) > 0.005:
            raise PlanRejected("population_wrong", f"the population of {quoted(attribute)} must add up to 1")


def _require_annotations(plan: DataPlan) -> None:
    if plan.annotation_scale not in SCALES:
        raise PlanRejected("plan_value_wrong", f"annotation_scale must be one of {listed(SCALES)}")
    if len(plan.annotators) == 1:
        raise PlanRejected("one_annotator", "name the columns of two annotators or more (annotators)")
    if len(plan.annotators) > MAX_ANNOTATORS:
        raise PlanRejected("too_many_annotators", f"name at most {MAX_ANNOTATORS} annotators (annotators)")
    if plan.annotation_order and plan.annotation_scale != ORDINAL:
        raise PlanRejected("plan_value_wrong", "annotation_order belongs to the ordinal annotation_scale")


def _require_terms(lexicon: Lexicon) -> None:
    for text in (lexicon.name, *lexicon.terms):
        _require_text(text)
    if not 0 < len(lexicon.terms) <= MAX_TERMS:
        raise PlanRejected("lexicon_wrong", f"a lexicon has from 1 to {MAX_TERMS:,} terms")
    if len(lexicon.name) > MAX_TERM or any(len(term) > MAX_TERM for term in lexicon.terms):
        raise PlanRejected("lexicon_wrong", f"a term of a lexicon, and its name, has at most {MAX_TERM} characters")
    for place, term in enumerate(lexicon.terms, start=1):
        if not 0 < word_count(term) <= MAX_TERM_WORDS:
            # by its place, since a term is not to be shown
            raise PlanRejected(
                "lexicon_wrong", f"term {place} of the lexicon must have from 1 to {MAX_TERM_WORDS} words"
            )


def _groups(population: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [group for shares in population.values() for group in shares]


def _require_text(name: str) -> None:
    """Refuse half of a surrogate pair, which no document can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise PlanRejected("not_utf8", f"{quoted(name)} is not UTF-8; write the name as the table has it") from None


def _lexicon(value: object, key: str) -> Lexicon:
    if not isinstance(value, Mapping) or set(value) != {"name", "terms"}:
        raise values.wrong(key, "a name and a list of terms")
    return Lexicon(values.text(value["name"], f"{key}.name"), values.columns(value["terms"], f"{key}.terms"))


def _names(value: object, key: str) -> dict[str, str]:
    return values.by_name(value, key, values.column, "classes to columns")


def _population(value: object, key: str) -> dict[str, dict[str, float]]:
    def shares(one: object, name: str) -> dict[str, float]:
        return values.by_name(one, name, values.number, "groups to shares")

    return values.by_name(value, key, shares, "attributes to shares of groups")


_READERS: dict[str, values.Reader] = {
    "label": values.column,
    "label_kind": values.column,
    "split": values.column,
    "group": values.column,
    "time": values.column,
    "train": values.column,
    "sensitive": values.columns,
    "texts": values.columns,
    "ignore": values.columns,
    "annotators": values.columns,
    "annotation_scale": values.column,
    "annotation_order": values.columns,
    "lexicon": _lexicon,
    "images": values.column,
    "probabilities": _names,
    "population": _population,
}
