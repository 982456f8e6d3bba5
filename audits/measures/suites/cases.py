"""The cases of a suite with their predictions: which of them turned out as they should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from audits.measures.coded import Coded, Codes, Progress, Texts, coded, own_codes, read_texts
from audits.measures.naming import listed, quoted
from audits.measures.suites.plan import SuitePlan
from audits.measures.tables.chunks import canonical
from audits.measures.tables.opening import Table, open_table
from audits.measures.tables.refusals import TableRejected

MFT, INV, DIR = "MFT", "INV", "DIR"
NOT_LOWER, NOT_HIGHER = "not_lower", "not_higher"
MAX_FUNCTIONALITIES = 1_000
MAX_TARGETS = 1_000


class LabelsDoNotMatch(TableRejected):
    code = "labels_do_not_match"


class TestTypeUnknown(TableRejected):
    code = "test_type_unknown"
    __test__ = False


class ExpectationUnknown(TableRejected):
    code = "expectation_unknown"


class CaseTwice(TableRejected):
    code = "case_twice"


class ScoreMissing(TableRejected):
    code = "score_missing"


class NothingPredicted(TableRejected):
    code = "nothing_predicted"


@dataclass(frozen=True)
class Cases:
    """The cases that could be judged, and how many could not.

    ``dropped`` counts the others by reason; "reference_only" are cases without a functionality of their own, with
    which others are compared. ``right`` has shape (n,), and so have the codes of ``functionality``, ``target``,
    ``label``, ``template`` and ``test_type``, and ``case_id``, ``text`` and ``prediction``.
    """

    right: npt.NDArray[np.bool_]
    functionality: Coded
    target: Coded
    label: Coded
    prediction: Coded
    test_type: Coded
    template: Codes
    case_id: Texts
    text: Texts
    rows: int
    dropped: Mapping[str, int]
    unanswered: Mapping[str, int]


def open_for(source: str | Path | IO[bytes], plan: SuitePlan, *, counting: Callable[[], None] | None = None) -> Table:
    """Open a table with the columns that a plan reads.

    Raises:
        TableRejected: not a table, or a column is missing.
    """
    needed = [plan.functionality, plan.case_id, plan.text, plan.label, plan.prediction]
    # A column of the usual name may be lacking; one that somebody has named may not.
    optional = ("target", "template", "test_type", "ref_case_id", "expectation")
    usual = {name: getattr(SuitePlan, name) for name in optional}
    needed += [getattr(plan, name) for name in optional if getattr(plan, name) != usual[name]]
    maybe = [name for name in usual.values() if name not in needed]
    return open_table(
        source, columns=[], numbers=[plan.score] if plan.score else [], texts=needed, maybe=maybe, counting=counting
    )


def judged_cases(table: Table, plan: SuitePlan, *, progress: Progress | None = None) -> Cases:
    """Read the table once and tell of each case whether it turned out as it should.

    MFT (or no test type): the prediction is the gold label. INV: the prediction is that of the case named by
    ``ref_case_id``. DIR: the score is not lower, or not higher, than that of this case, as ``expectation`` says.

    Raises:
        TableRejected: the table cannot be read, no prediction is one of the labels, or a case's test cannot be carried
            out as it is written.
    """
    columns, scores, rows = read_texts(table, score=plan.score, progress=progress)
    blank: Texts = np.full(rows, None, dtype=object)
    functionality = coded(columns[plan.functionality], column=plan.functionality, most=MAX_FUNCTIONALITIES)
    kinds = coded(columns.get(plan.test_type, blank), column=plan.test_type, most=MAX_TARGETS)
    test_type = _test_types(kinds)
    label, prediction = _labels(
        columns[plan.label], columns[plan.prediction], plan, asked=_any_mft(functionality, test_type)
    )
    known = (functionality.codes >= 0) & (prediction.codes >= 0)
    dropped = {
        "missing_functionality": int((functionality.codes < 0).sum()),
        "missing_prediction": int(((functionality.codes >= 0) & (prediction.codes < 0)).sum()),
    }
    right = np.zeros(rows, dtype=bool)
    unlabelled = known & (test_type == 0) & (label.codes < 0)
    dropped["missing_label"] = int(unlabelled.sum())
    known &= ~unlabelled
    names = np.array([*label.values, "\0none"], dtype=object)
    said = np.array([*prediction.values, "\0nothing"], dtype=object)
    plain = test_type == 0
    right[plain] = names[label.codes[plain]] == said[prediction.codes[plain]]
    compared = np.flatnonzero(known & ~plain)
    if compared.size:
        reference = _references(columns[plan.case_id], columns.get(plan.ref_case_id, blank), compared, plan)
        # a case that is compared with itself tells nothing
        lost = (reference < 0) | (reference == compared) | (prediction.codes[np.maximum(reference, 0)] < 0)
        unchanged = prediction.codes[compared] == prediction.codes[np.maximum(reference, 0)]
        directed = test_type[compared] == 2
        if directed.any():
            held, unscored = _held(compared, reference, columns.get(plan.expectation, blank), scores, directed, plan)
            unchanged = np.where(directed, held, unchanged)
            lost = lost | unscored
        right[compared] = unchanged
        known[compared[lost]] = False
        dropped["missing_reference"] = int(lost.sum())
        only = np.zeros(rows, dtype=bool)
        only[reference[reference >= 0]] = True
        dropped["reference_only"] = int((only & (functionality.codes < 0)).sum())
        dropped["missing_functionality"] -= dropped["reference_only"]
    if not known.any():
        raise NothingPredicted(f"no case has a prediction in {quoted(plan.prediction)} that can be judged")
    return Cases(
        right=right[known],
        functionality=_only(functionality, known),
        target=_only(coded(columns.get(plan.target, blank), column=plan.target, most=MAX_TARGETS), known),
        label=_only(label, known),
        prediction=_only(prediction, known),
        test_type=Coded((MFT, INV, DIR), test_type[known]),
        template=own_codes(columns.get(plan.template, blank))[known],
        case_id=columns[plan.case_id][known],
        text=columns[plan.text][known],
        rows=rows,
        unanswered=_counted(functionality, ~known),
        dropped={why: count for why, count in dropped.items() if count},
    )


def _counted(column: Coded, rows: npt.NDArray[np.bool_]) -> dict[str, int]:
    """How many of some rows each value of a column has, where it has any."""
    codes = column.codes[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    return {name: int(count) for name, count in zip(column.values, counts, strict=True) if count}


def _only(column: Coded, rows: npt.NDArray[np.bool_]) -> Coded:
    return Coded(column.values, column.codes[rows])


def _test_types(kinds: Coded) -> Codes:
    """0 MFT, 1 INV, 2 DIR; an empty cell is MFT."""
    known = {MFT: 0, INV: 1, DIR: 2}
    strange = [value for value in kinds.values if value.upper() not in known]
    if strange:
        raise TestTypeUnknown(f"a test is MFT, INV or DIR, not {listed(strange)}")
    places = np.array([*(known[value.upper()] for value in kinds.values), 0], dtype=np.int64)
    return places[kinds.codes]


def _labels(gold: Texts, predicted: Texts, plan: SuitePlan, *, asked: bool) -> tuple[Coded, Coded]:
    label = coded(gold, column=plan.label, most=MAX_TARGETS)
    prediction = coded(predicted, column=plan.prediction, most=MAX_TARGETS)
    if not prediction.values:
        raise NothingPredicted(f"column {quoted(plan.prediction)} is empty in every row; is it the right column?")
    means = {canonical(name, column="labels"): canonical(value, column="labels") for name, value in plan.labels.items()}
    prediction = Coded(tuple(means.get(value) or value for value in prediction.values), prediction.codes)
    if asked and not set(prediction.values) & set(label.values):
        raise LabelsDoNotMatch(
            f"no prediction ({listed(prediction.values)}) is one of the suite's labels ({listed(label.values)}); say"
            " which prediction means which label (labels)"
        )
    return label, prediction


def _any_mft(functionality: Coded, test_type: Codes) -> bool:
    return bool(((test_type == 0) & (functionality.codes >= 0)).any())


def _references(ids: Texts, references: Texts, compared: Codes, plan: SuitePlan) -> Codes:
    """For each compared case the row of the case that it names; -1 where there is none."""
    names = np.array([("" if cell is None else canonical(cell, column=plan.case_id) or "") for cell in ids], dtype=str)
    wanted = np.array(
        [("" if cell is None else canonical(cell, column=plan.ref_case_id) or "") for cell in references[compared]],
        dtype=str,
    )
    known, first, counts = np.unique(names, return_index=True, return_counts=True)
    twice = known[(counts > 1) & np.isin(known, wanted) & (known != "")]
    if twice.size:
        raise CaseTwice(f"the case {quoted(twice[0])} occurs more than once; other cases are compared with it")
    at = np.minimum(np.searchsorted(known, wanted), known.size - 1)
    found = (known[at] == wanted) & (wanted != "")
    return np.where(found, first[at], -1).astype(np.int64)


def _held(
    compared: Codes,
    reference: Codes,
    expectations: Texts,
    scores: npt.NDArray[np.float64],
    directed: npt.NDArray[np.bool_],
    plan: SuitePlan,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether the scores moved as they may, and where one is missing."""
    if not plan.score:
        raise ScoreMissing("tests of kind DIR compare scores; name the column that holds them (score)")
    wanted = coded(expectations[compared], column=plan.expectation, most=MAX_TARGETS)
    strange = [value for value in wanted.values if value not in (NOT_LOWER, NOT_HIGHER)]
    if strange or bool((wanted.codes[directed] < 0).any()):
        raise ExpectationUnknown(
            f"the {quoted(plan.expectation)} of a DIR test is {NOT_LOWER} or {NOT_HIGHER}"
            + (f", not {listed(strange)}" if strange else "; some cases have none")
        )
    signs = np.array([*(1.0 if value == NOT_LOWER else -1.0 for value in wanted.values), 0.0])[wanted.codes]
    moved = scores[compared] - scores[np.maximum(reference, 0)]
    return signs * moved >= 0, directed & ~np.isfinite(moved)
