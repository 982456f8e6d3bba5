"""The bias part of an audit plan: what is audited, against whom, and what counts as too far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import ALIASES, METRICS, NUMERIC_METRICS, listed, quoted
from audits.measures.plan_values import PlanRejected as PlanRejected

LARGEST, BEST, OVERALL = "largest", "best", "overall"
MAX_SENSITIVE = 6
MAX_FEATURES = 50
MAX_LEGITIMATE = 10
MAX_METRICS = 20
DEFAULT_GATING = ("demographic_parity_ratio", "equalized_odds_difference")
BINARY, MULTICLASS, REGRESSION, RANKING = "binary", "multiclass", "regression", "ranking"
TRANSCRIPTION, ENTITIES = "transcription", "entities"
TASKS = (BINARY, MULTICLASS, REGRESSION, RANKING, TRANSCRIPTION, ENTITIES)
CLASSES_GATING = "equalized_odds_difference"
DEFAULT_MIN_GROUP = 30
DEFAULT_BOOTSTRAP = 2_000
DEFAULT_MARGIN = 0.01
DEFAULT_NEIGHBOURS = 5
MOST_NEIGHBOURS = 100
# Below this many rows a group is hidden: its figures would be about people one can guess.
SUPPRESS_BELOW = 10


@dataclass(frozen=True)
class Regression:
    """How a version is compared with the approved one.

    ``margin`` is by how much accuracy may fall or a gap widen, a share; its default is a choice of this product.
    ``row_id`` is a column that names rows, the same in both tables.
    """

    margin: float = DEFAULT_MARGIN
    row_id: str | None = None

    def as_document(self) -> dict[str, Any]:
        """As it is written in a plan."""
        return {"margin": self.margin, **({"row_id": self.row_id} if self.row_id else {})}


@dataclass(frozen=True)
class Consistency:
    """How it is asked whether rows that are alike in the features are decided alike.

    ``neighbours`` is how many rows are near, the row itself among them. ``at_least`` is the least consistency, a share
    in (0, 1), that passes; None where it is for information. No text sets such a limit, so there is no default.
    """

    neighbours: int = DEFAULT_NEIGHBOURS
    at_least: float | None = None

    def as_document(self) -> dict[str, Any]:
        """As it is written in a plan."""
        return {"neighbours": self.neighbours, **({} if self.at_least is None else {"at_least": self.at_least})}


@dataclass(frozen=True)
class BiasPlan:
    """What a bias audit does.

    ``reference`` is "largest", "best", "overall", an {attribute: value} of named groups, or None: the best group for
    ratios, the largest for differences. ``thresholds`` holds only what somebody has set; the others are the
    disparities' own. Rows of one ``cluster`` (a person, a template) may resemble each other. ``required_groups`` are
    {attribute: values} that must be judged. ``features`` are columns in which slices and proxies are looked for, and
    in which people are alike (``consistency``); ``legitimate`` those that may explain a gap. ``metrics`` are the
    operator's own (``module:function``, ``evaluate:name``), which an audit of their own measures.
    """

    label: str
    prediction: str
    sensitive: tuple[str, ...]
    score: str | None = None
    positive: str | None = None
    weights: str | None = None
    reference: str | Mapping[str, str] | None = None
    gating: tuple[str, ...] = DEFAULT_GATING
    thresholds: Mapping[str, float] = field(default_factory=dict)
    required_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min_group: int = DEFAULT_MIN_GROUP
    bootstrap: int = DEFAULT_BOOTSTRAP
    cluster: str | None = None
    task: str = BINARY
    features: tuple[str, ...] = ()
    legitimate: tuple[str, ...] = ()
    regression: Regression = Regression()
    consistency: Consistency = Consistency()
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if self.task not in TASKS:
            raise PlanRejected("task_unknown", f"no task {quoted(self.task)}; known: {', '.join(TASKS)}")
        self._check_task()
        self._check_columns()
        self._check_metrics()
        self._check_consistency()
        values.require_count(self.min_group, "min_group")
        values.require_replicates(self.bootstrap, "closed bounds")

    def _check_columns(self) -> None:
        if not self.sensitive:
            raise PlanRejected("sensitive_missing", "name at least one sensitive column (sensitive)")
        if len(self.sensitive) > MAX_SENSITIVE:
            raise PlanRejected("too_many_sensitive", f"name at most {MAX_SENSITIVE} sensitive columns (sensitive)")
        for key, most in (("features", MAX_FEATURES), ("legitimate", MAX_LEGITIMATE)):
            if len(getattr(self, key)) > most:
                raise PlanRejected(f"too_many_{key}", f"name at most {most} columns ({key})")
        columns = [
            self.label,
            self.prediction,
            *self.sensitive,
            *[name for name in (self.weights, self.cluster) if name],
        ]
        values.require_apart(columns, "label, prediction, weights, cluster and sensitive must differ")
        self._check_other_columns(columns)
        named = self.reference if isinstance(self.reference, Mapping) else {}
        if self.regression.row_id in columns:
            raise PlanRejected(
                "column_named_twice", f"column {quoted(self.regression.row_id)} is named twice; row_id names rows only"
            )
        stray = [name for name in (*named, *self.required_groups) if name not in self.sensitive]
        if stray:
            raise PlanRejected(
                "attribute_unknown", f"{listed(stray)} is not among the sensitive columns ({listed(self.sensitive)})"
            )

    def _check_task(self) -> None:
        """What only some tasks know."""
        of_decisions = [key for key in ("features", "legitimate", "metrics") if getattr(self, key)]
        if of_decisions and self.task != BINARY:
            raise PlanRejected(
                "key_not_for_task", f"{of_decisions[0]} is read for the task {BINARY} only; leave it out"
            )
        if self.score is not None and self.task != BINARY:
            raise PlanRejected("score_not_for_task", f"a score is read for the task {BINARY} only; leave it out")
        if self.task in NUMERIC_METRICS and (self.positive is not None or self.required_groups):
            raise PlanRejected(
                "key_not_for_task",
                f"positive and required_groups are not read for the task {self.task}; leave them out",
            )
        if self.task == RANKING and self.weights is not None:
            raise PlanRejected("key_not_for_task", f"weights are not read for the task {RANKING}; leave them out")
        without = [name for name in self.gating if self.task in NUMERIC_METRICS and name not in self.thresholds]
        if without:
            raise PlanRejected(
                "threshold_missing",
                f"{listed(without)} has no threshold of its own, for it is in the unit of the label or no text sets "
                "one; set one (thresholds)",
            )

    def _check_consistency(self) -> None:
        if self.consistency == Consistency():
            return
        if not self.features:
            raise PlanRejected(
                "consistency_without_features",
                "consistency asks whether people who are alike are decided alike; name the columns in which they are "
                "alike (features), or leave consistency out",
            )
        if not 2 <= self.consistency.neighbours <= MOST_NEIGHBOURS:
            raise PlanRejected(
                "neighbours_out_of_range",
                f"consistency.neighbours must be a whole number from 2 to {MOST_NEIGHBOURS}; the row itself is one",
            )
        at_least = self.consistency.at_least
        if at_least is not None and not 0 < at_least < 1:
            raise PlanRejected(
                "threshold_out_of_range", "consistency.at_least must lie between 0 and 1, such as 0.9, or be left out"
            )

    def _check_other_columns(self, columns: Sequence[str]) -> None:
        for key in ("features", "legitimate"):
            others: tuple[str, ...] = getattr(self, key)
            twice = [name for name in others if name in columns or others.count(name) > 1 or name == self.score]
            if twice:
                raise PlanRejected(
                    "column_named_twice",
                    f"column {quoted(twice[0])} is named twice; {key} are columns beside label, prediction, score, "
                    "weights and sensitive ones, each named once",
                )

    def _check_metrics(self) -> None:
        known = NUMERIC_METRICS.get(self.task, METRICS)
        if not self.gating and self.task not in NUMERIC_METRICS:
            raise PlanRejected("gating_missing", "name at least one metric that decides (gating)")
        unknown = [name for name in (*self.gating, *self.thresholds) if name not in known]
        if unknown:
            raise PlanRejected("metric_unknown", f"no metric {listed(unknown)}; known: {', '.join(known)}")
        if len(self.metrics) > MAX_METRICS or len(set(self.metrics)) < len(self.metrics):
            raise PlanRejected("too_many_metrics", f"name at most {MAX_METRICS} metrics, each once (metrics)")
        for name, threshold in self.thresholds.items():
            if self.task in NUMERIC_METRICS and not 0 < threshold < float("inf"):
                raise PlanRejected("threshold_out_of_range", f"the threshold of {name} must be above 0")
            if self.task not in NUMERIC_METRICS and not 0 < threshold < 1:
                raise PlanRejected("threshold_out_of_range", f"the threshold of {name} must lie between 0 and 1")

    @property
    def suppress_below(self) -> int:
        """Groups with fewer rows are hidden; asking for smaller groups is asking to see them."""
        return min(SUPPRESS_BELOW, self.min_group)

    @property
    def needs_rows(self) -> bool:
        """Whether it asks for quantities that counts of groups cannot tell."""
        return bool(self.score or self.cluster or self.other_columns or self.metrics)

    @property
    def of_texts(self) -> bool:
        """Whether label and prediction are texts, of which words or entities are counted."""
        return self.task in (TRANSCRIPTION, ENTITIES)

    @property
    def other_columns(self) -> tuple[str, ...]:
        """Features and legitimate factors, each once."""
        return tuple(dict.fromkeys([*self.features, *self.legitimate]))

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``plan_from`` reads it back."""
        reference = dict(self.reference) if isinstance(self.reference, Mapping) else self.reference
        made = {
            "label": self.label,
            "prediction": self.prediction,
            "score": self.score,
            "positive": self.positive,
            "weights": self.weights,
            "sensitive": list(self.sensitive),
            "reference": reference,
            "gating": list(self.gating),
            "thresholds": dict(self.thresholds),
            "required_groups": {name: list(values) for name, values in self.required_groups.items()},
            "min_group": self.min_group,
            "bootstrap": self.bootstrap,
            "cluster": self.cluster,
            "task": self.task,
        }
        # A plan that does not name them reads as it did before there were any.
        made |= {key: list(getattr(self, key)) for key in ("features", "legitimate", "metrics") if getattr(self, key)}
        made |= {} if self.consistency == Consistency() else {"consistency": self.consistency.as_document()}
        return made if self.regression == Regression() else made | {"regression": self.regression.as_document()}


def plan_from(document: Mapping[str, Any]) -> BiasPlan:
    """Read the ``bias`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown, missing or of the wrong type; a key that nobody reads would be a rule that
            nobody applies.
    """
    given = values.fields_of(document, _READERS, part="bias", others=("data",))
    for key, what in (("label", "true outcome"), ("prediction", "prediction")):
        if key not in given:
            raise PlanRejected(f"{key}_missing", f"name the column of the {what} ({key})")
    task = given.get("task", BINARY)
    if "gating" not in given and task != BINARY:
        # what is set a limit decides; classes have one by default
        decides = tuple(given.get("thresholds", ()))
        given["gating"] = decides or ((CLASSES_GATING,) if task == MULTICLASS else ())
    return BiasPlan(**{"sensitive": (), **given})


def reference_from(given: object, key: str = "reference") -> str | dict[str, str]:
    """A reference as written in a plan: largest, best, overall, ``race=white``, or {"race": "white"}.

    Raises:
        PlanRejected: it is none of these.
    """
    if isinstance(given, Mapping):
        return values.by_name(given, key, values.cell, "columns to groups")
    if isinstance(given, str):
        if given in (LARGEST, BEST, OVERALL):
            return given
        attribute, equals, value = given.partition("=")
        if attribute and equals and value:
            return {attribute: value}
    raise PlanRejected("reference_unknown", f"the reference must be largest, best, overall, or COLUMN=VALUE ({key})")


def _thresholds(value: object, key: str) -> dict[str, float]:
    given = values.by_name(value, key, values.number, "metrics to numbers")
    return {ALIASES.get(name, name): threshold for name, threshold in given.items()}


def _metrics(value: object, key: str) -> tuple[str, ...]:
    return tuple(ALIASES.get(name, name) for name in values.columns(value, key))


def _groups(value: object, key: str) -> dict[str, tuple[str, ...]]:
    def names(one: object, name: str) -> tuple[str, ...]:
        if isinstance(one, str) or not isinstance(one, Sequence):
            raise values.wrong(name, "a list")
        return values.cells(list(one), name)

    return values.by_name(value, key, names, "columns to groups")


def _regression(value: object, key: str) -> Regression:
    given = values.fields_of(value, {"margin": values.number, "row_id": values.column}, part=key)
    margin = given.get("margin", DEFAULT_MARGIN)
    if not 0 <= margin < 1:
        raise PlanRejected("margin_out_of_range", f"{key}.margin must be a share from 0 to below 1, such as 0.01")
    return Regression(margin, given.get("row_id"))


def _consistency(value: object, key: str) -> Consistency:
    given = values.fields_of(value, {"neighbours": values.whole, "at_least": values.finite}, part=key)
    return Consistency(**given)


_READERS: dict[str, values.Reader] = {
    **dict.fromkeys(("label", "prediction", "score", "weights", "cluster", "task"), values.column),
    "positive": values.cell,
    **dict.fromkeys(("sensitive", "features", "legitimate", "metrics"), values.columns),
    "gating": _metrics,
    "reference": reference_from,
    "thresholds": _thresholds,
    "required_groups": _groups,
    "min_group": values.whole,
    "bootstrap": values.whole,
    "regression": _regression,
    "consistency": _consistency,
}
