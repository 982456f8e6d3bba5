"""The cases of a suite with their predictions: which of them turned out as they should."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from audits.measures.coded import LARGEST_SCORE, Coded, Codes, Progress, Texts, coded, own_codes, read_texts, text_codes
from audits.measures.naming import listed, quoted
from audits.measures.suites.copies import RIGHT, UNANSWERED, WRONG, Questions, contradiction, once
from audits.measures.suites.plan import SuitePlan
from audits.measures.tables.chunks import canonical
from audits.measures.tables.opening import Table, open_table
from audits.measures.tables.refusals import TableRejected

MFT, INV, DIR = "MFT", "INV", "DIR"
NOT_LOWER, NOT_HIGHER = "not_lower", "not_higher"
MAX_FUNCTIONALITIES = 1_000
MAX_TARGETS = 1_000
# A score that moves by less has not moved: so far apart are the same figures when they are summed in another order.
_ROUNDING = 1e-9
# Why a case is not judged, by code; 0 is judged.
FATES = (
    "judged",
    "missing_functionality",
    "missing_prediction",
    "missing_label",
    "missing_reference",
    "score_unmoved",
    "reference_only",
    "copies",
)
JUDGED, MISSING_FUNCTIONALITY, MISSING_PREDICTION, MISSING_LABEL = range(4)
MISSING_REFERENCE, SCORE_UNMOVED, REFERENCE_ONLY, COPY = range(4, 8)


class LabelsDoNotMatch(TableRejected):
    code = "labels_do_not_match"


class TestTypeUnknown(TableRejected):
    code = "test_type_unknown"
    __test__ = False


class ExpectationUnknown(TableRejected):
    code = "expectation_unknown"


class CaseTwice(TableRejected):
    code = "case_twice"


class CaseContradicted(TableRejected):
    code = "case_contradicted"


class LabelsContradict(TableRejected):
    code = "labels_contradict"


class ScoreMissing(TableRejected):
    code = "score_missing"


class NothingPredicted(TableRejected):
    code = "nothing_predicted"


@dataclass(frozen=True)
class Cases:
    """The cases that could be judged, and how many could not.

    ``dropped`` counts the others by reason; "reference_only" are cases without a functionality of their own, with
    which others are compared, "copies" those that ask what another one asks, of which ``disagreeing`` were once right
    and once wrong. ``unanswered`` counts by functionality those that could have been wrong, ``unmoved`` of these the
    directions whose scores are equal. ``right`` has shape (n,), and so have the codes of ``functionality``,
    ``target``, ``label``, ``template`` and ``test_type``, and ``case_id``, ``text`` and ``prediction``.
    ``constant_score`` is the one score that all directions have, where there is but one; ``score_spread`` how far
    their scores lie apart, nan without any.
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
    unmoved: Mapping[str, int]
    disagreeing: int
    constant_score: float | None
    score_spread: float


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
    ``ref_case_id``. DIR: the score is higher, or lower, than that of this case, as ``expectation`` says; an equal score
    tells nothing and takes no part, unless the plan's ``tolerance`` says how far the wrong way is still right.

    Cases that ask the same (functionality, kind, text and expectation, or the text they are compared with) count once;
    where their answers differ, as the worst of them.

    Raises:
        TableRejected: the table cannot be read, no prediction is one of the labels, a case's test cannot be carried
            out as it is written, or two cases ask for opposite answers to the same text.
    """
    columns, scores, rows = read_texts(table, score=plan.score, progress=progress)
    scores = np.where(np.abs(scores) <= LARGEST_SCORE, scores, np.nan)
    blank: Texts = np.full(rows, None, dtype=object)
    functionality = coded(columns[plan.functionality], column=plan.functionality, most=MAX_FUNCTIONALITIES)
    kinds = coded(columns.get(plan.test_type, blank), column=plan.test_type, most=MAX_TARGETS)
    test_type = _test_types(kinds)
    asked = functionality.codes >= 0
    label, prediction = _labels(
        columns[plan.label], columns[plan.prediction], plan, asked=bool((asked & (test_type == 0)).any())
    )
    target = coded(columns.get(plan.target, blank), column=plan.target, most=MAX_TARGETS)
    template = own_codes(columns.get(plan.template, blank))
    fate = np.full(rows, JUDGED, dtype=np.int64)
    fate[prediction.codes < 0] = MISSING_PREDICTION
    fate[(fate == JUDGED) & (test_type == 0) & (label.codes < 0)] = MISSING_LABEL
    fate[~asked] = MISSING_FUNCTIONALITY
    right = _same_name(label, prediction)
    reference = np.full(rows, -1, dtype=np.int64)
    expected = np.where(test_type == 0, label.codes, -1)
    constant_score, score_spread = None, math.nan
    compared = np.flatnonzero(asked & (test_type > 0))
    if compared.size:
        ids, wanted = columns[plan.case_id], columns.get(plan.ref_case_id, blank)
        reference[compared] = _references(ids, wanted, compared, plan)
        before = np.maximum(reference, 0)
        # a case that is compared with itself tells nothing
        lost = (reference < 0) | (reference == np.arange(rows)) | (prediction.codes[before] < 0)
        fate[(fate == JUDGED) & (test_type > 0) & lost] = MISSING_REFERENCE
        right = np.where(test_type == 0, right, prediction.codes == prediction.codes[before])
        directed = np.flatnonzero(asked & (test_type == 2))
        if directed.size:
            wanted_move = columns.get(plan.expectation, blank)[directed]
            expected[directed], moved = _moves(wanted_move, scores[directed], scores[before[directed]], plan)
            right[directed] = moved > 0 if plan.tolerance is None else moved >= -plan.tolerance
            so_far = fate[directed] == JUDGED
            fate[directed[so_far & ~np.isfinite(moved)]] = MISSING_REFERENCE
            if plan.tolerance is None:
                fate[directed[so_far & (moved == 0)]] = SCORE_UNMOVED
            known_scores = directed[so_far & np.isfinite(moved)]
            constant_score, score_spread = _spread(np.concatenate([scores[known_scores], scores[before[known_scores]]]))
        only = np.zeros(rows, dtype=bool)
        only[reference[reference >= 0]] = True
        fate[only & ~asked] = REFERENCE_ONLY
    texts = text_codes(columns[plan.text])
    before_text = np.where(reference >= 0, texts[reference], -1)
    questions = Questions(functionality.codes, test_type, texts, before_text, expected)
    if (pair := contradiction(questions, asked)) is not None:
        first, second = sorted(str(columns[plan.case_id][at]) for at in pair)
        raise CaseContradicted(
            f"the cases {quoted(first)} and {quoted(second)} have the same text and ask for opposite answers; keep one"
        )
    answered = np.where(fate != JUDGED, UNANSWERED, np.where(right, RIGHT, WRONG))
    ties = (text_codes(columns[plan.case_id]), target.codes, template, prediction.codes)
    kept, disagreeing = once(questions, asked, answered, ties)
    fate[~kept] = COPY
    known = fate == JUDGED
    if not known.any() and not bool((fate == SCORE_UNMOVED).any()):
        raise NothingPredicted(f"no case has a prediction in {quoted(plan.prediction)} that can be judged")
    counts = np.bincount(fate, minlength=len(FATES))
    return Cases(
        right=right[known],
        functionality=_only(functionality, known),
        target=_only(target, known),
        label=_only(label, known),
        prediction=_only(prediction, known),
        test_type=Coded((MFT, INV, DIR), test_type[known]),
        template=template[known],
        case_id=columns[plan.case_id][known],
        text=columns[plan.text][known],
        rows=rows,
        unanswered=_counted(functionality, ~known & kept),
        unmoved=_counted(functionality, fate == SCORE_UNMOVED),
        disagreeing=disagreeing,
        constant_score=constant_score,
        score_spread=score_spread,
        dropped={FATES[at]: int(counts[at]) for at in range(1, len(FATES)) if counts[at]},
    )


def _spread(scores: npt.NDArray[np.float64]) -> tuple[float | None, float]:
    """The one score that there is, where there is but one, and how far scores lie apart."""
    if scores.size == 0:
        return None, math.nan
    spread = float(np.ptp(scores))
    alike = spread <= _ROUNDING * max(float(np.abs(scores).max()), 1.0)
    return (float(scores.min()) if alike else None), spread


def _same_name(label: Coded, prediction: Coded) -> npt.NDArray[np.bool_]:
    """Whether a prediction is the label; an unknown one never is."""
    names = np.array([*label.values, "\0none"], dtype=object)
    said = np.array([*prediction.values, "\0nothing"], dtype=object)
    same: npt.NDArray[np.bool_] = names[label.codes] == said[prediction.codes]
    return same


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
    """The labels, and the predictions by what they mean; ``asked``: whether any case compares the two."""
    label = coded(gold, column=plan.label, most=MAX_TARGETS)
    prediction = coded(predicted, column=plan.prediction, most=MAX_TARGETS)
    if not prediction.values:
        raise NothingPredicted(f"column {quoted(plan.prediction)} is empty in every row; is it the right column?")
    means = _meanings(plan, label)
    said = [means.get(value, value) for value in prediction.values]
    if asked and not set(said) & set(label.values):
        raise LabelsDoNotMatch(
            f"no prediction ({listed(sorted(set(said)))}) is one of the suite's labels ({listed(label.values)}); say"
            " which prediction means which label (labels)"
        )
    # predictions that mean the same are the same
    names = sorted(set(said))
    places = np.array([*(names.index(name) for name in said), -1], dtype=np.int64)
    return label, Coded(tuple(names), places[prediction.codes])


def _meanings(plan: SuitePlan, label: Coded) -> dict[str, str]:
    """What predictions mean, by their spelling in the table; a label of the suite cannot mean another one."""
    made: dict[str, str] = {}
    for given, meant in plan.labels.items():
        prediction, meaning = (canonical(one, column="labels") for one in (given, meant))
        if prediction is None or meaning is None:
            raise LabelsDoNotMatch(f"{quoted(given)} or {quoted(meant)} is how an empty cell is written (labels)")
        if made.setdefault(prediction, meaning) != meaning:
            raise LabelsContradict(
                f"the prediction {quoted(prediction)} is said to mean {quoted(made[prediction])} and {quoted(meaning)};"
                " keep one (labels)"
            )
        if prediction in label.values and meaning != prediction:
            raise LabelsContradict(
                f"{quoted(prediction)} is a label of the suite and cannot mean {quoted(meaning)}; if the model's names"
                " are others, write them as others in the table (labels)"
            )
    return made


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


def _moves(
    expectations: Texts, scores: npt.NDArray[np.float64], before: npt.NDArray[np.float64], plan: SuitePlan
) -> tuple[Codes, npt.NDArray[np.float64]]:
    """What DIR tests expect, as codes, and how far each score moved the way that is expected; 0 where it did not."""
    expected, signs = _directions(expectations, plan)
    moved = signs * (scores - before)
    moved[np.abs(moved) <= _ROUNDING * np.maximum(np.abs(scores), 1.0)] = 0.0
    return expected, moved


def _directions(expectations: Texts, plan: SuitePlan) -> tuple[Codes, npt.NDArray[np.float64]]:
    """What DIR tests expect, as codes, and the sign of a change of the score that is as expected."""
    if not plan.score:
        raise ScoreMissing("tests of kind DIR compare scores; name the column that holds them (score)")
    wanted = coded(expectations, column=plan.expectation, most=MAX_TARGETS)
    strange = [value for value in wanted.values if value not in (NOT_LOWER, NOT_HIGHER)]
    if strange or bool((wanted.codes < 0).any()):
        raise ExpectationUnknown(
            f"the {quoted(plan.expectation)} of a DIR test is {NOT_LOWER} or {NOT_HIGHER}"
            + (f", not {listed(strange)}" if strange else "; some cases have none")
        )
    signs = np.array([1.0 if value == NOT_LOWER else -1.0 for value in wanted.values])
    return wanted.codes, signs[wanted.codes]
