"""Which columns of a table a model of columns takes, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass

from audits.adapters.signature import Tensor
from audits.adapters.tensors import TEXT
from audits.measures.naming import listed
from audits.measures.stress.tabular.plan import MOST_COLUMNS, TabularPlan, tabular_plan_from
from audits.stress import pictures
from audits.stress.subject import StressRefused, Subject
from audits.stress.texts import label_of, text_input

NAME = "tabular"
# How the columns are known: the audit plan names them, the model does, or they stand in the model's order.
BY_PLAN, BY_NAME, BY_PLACE = "plan", "name", "place"


@dataclass(frozen=True)
class Matched:
    """The columns of the table in the order in which the model takes them, and ``how`` that is known."""

    names: tuple[str, ...]
    how: str


def tabular_plan(subject: Subject) -> TabularPlan:
    """What the plan says of columns; nothing where it says nothing."""
    return tabular_plan_from(subject.plan.parts.get(NAME, {}))


def matched(subject: Subject) -> Matched | None:
    """The columns that the model takes; None where it takes none, or nothing tells which.

    Raises:
        StressRefused: the plan names columns that the table has not, or not as many as the model takes.
    """
    if NAME not in subject.made:
        subject.made[NAME] = _matched(subject)
    found = subject.made[NAME]
    return found if isinstance(found, Matched) else None


def why_not(subject: Subject) -> str:
    """What has to be done for the columns to be known; empty where the model takes none, or they are."""
    return "" if matched(subject) is not None else str(subject.made[NAME])


def matrix_of(subject: Subject) -> Tensor | None:
    """The one input that takes all columns together."""
    if len(subject.signature.inputs) != 1:
        return None
    (one,) = subject.signature.inputs
    return one if len(one.shape) == 2 and one.dtype != TEXT and one.shape[1] != 1 else None


def _is_column(one: Tensor) -> bool:
    return len(one.shape) == 1 or (len(one.shape) == 2 and one.shape[1] in (1, None))


def _matched(subject: Subject) -> Matched | str:
    named, matrix, inputs = tabular_plan(subject).columns, matrix_of(subject), subject.signature.inputs
    if matrix is None and not all(map(_is_column, inputs)):
        return ""
    if named:
        return Matched(_of_plan(subject, named), BY_PLAN)
    if text_input(subject.signature) is not None or pictures.asked_for(subject):
        return ""
    own = tuple(one.name for one in inputs) if matrix is None else _own(subject, matrix)
    missing = [name for name in own if name not in subject.table.names]
    if own and not missing:
        return Matched(own, BY_NAME)
    if own:
        return f"the model takes the columns {listed(own)}, and the table has no {listed(missing)}: rename its columns"
    return _by_place(subject, matrix) if matrix is not None else ""


def _own(subject: Subject, matrix: Tensor) -> tuple[str, ...]:
    """The names that the model has for what lies side by side in its matrix; none where they are not as many."""
    names = subject.signature.columns
    return names if matrix.shape[1] in (None, len(names)) else ()


def _of_plan(subject: Subject, names: tuple[str, ...]) -> tuple[str, ...]:
    matrix = matrix_of(subject)
    if missing := [name for name in names if name not in subject.table.names]:
        raise StressRefused("column_missing", f"the table has no column {listed(missing)} (tabular.columns)")
    wanted = len(subject.signature.inputs) if matrix is None else matrix.shape[1]
    if wanted is not None and wanted != len(names):
        raise StressRefused(
            "columns_wrong", f"the model takes {wanted} columns, the audit plan names {len(names)} (tabular.columns)"
        )
    return names


def _by_place(subject: Subject, matrix: Tensor) -> Matched | str:
    """A model of one matrix says no names: then the table is its input, column by column, beside the right answers.

    With these it is seen whether that was so, see ``plausible``; without them nothing would tell.
    """
    label, wanted = label_of(subject), matrix.shape[1]
    others = tuple(name for name in subject.table.names if name != label)
    mend = "or name the columns in the audit plan (tabular.columns)"
    if wanted is None:
        return f"the model does not say how many columns it takes: name them in the audit plan ({NAME}.columns)"
    if wanted > MOST_COLUMNS:
        return f"the model takes {wanted} numbers, and at most {MOST_COLUMNS} columns are changed"
    if label is None:
        return f"the model names no columns: bring the right answers too, in a column label, {mend}"
    if len(others) != wanted:
        return (
            f"the model takes {wanted} columns and names none, and the table has {len(others)} beside {label}: bring a"
            f" table of just these, in the model's order, with the right answers in a column label, {mend}"
        )
    if odd := [name for name in others if subject.table.numbers(name) is None]:
        return f"the model takes {wanted} columns of numbers, and {listed(odd)} holds something else: encode it, {mend}"
    return Matched(others, BY_PLACE)
