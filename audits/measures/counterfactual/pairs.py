"""Texts with answers as pairs: each counterfactual with its original, and what the control of that original does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from audits.measures.binary import PAIRS
from audits.measures.coded import (
    LARGEST_SCORE,
    Coded,
    Codes,
    Progress,
    Texts,
    coded,
    joined,
    own_codes,
    read_texts,
    text_codes,
)
from audits.measures.counterfactual.plan import CounterfactualPlan
from audits.measures.intervals import Array
from audits.measures.naming import listed, quoted
from audits.measures.tables.chunks import canonical
from audits.measures.tables.opening import Table, open_table
from audits.measures.tables.refusals import TableRejected

ORIGINAL, COUNTERFACTUAL, CONTROL = "original", "counterfactual", "control"
MAX_IDENTITIES = 60
MAX_SWAPS = 100
MAX_ANSWERS = 1_000


class RoleUnknown(TableRejected):
    code = "role_unknown"


class OriginalTwice(TableRejected):
    code = "original_twice"


class NoPairs(TableRejected):
    code = "no_pairs"


class ScoreNotFinite(TableRejected):
    code = "score_not_finite"


class PositiveNotFound(TableRejected):
    code = "positive_not_found"


@dataclass(frozen=True)
class Pairs:
    """Each counterfactual with its original; arrays of shape (pairs,).

    ``swap``, ``original`` and ``identity`` are codes of the swap set and of the identities before and after;
    ``template`` says which rows hang together. ``answer`` and ``answer_before`` are codes of decisions (-1 unknown);
    ``score`` and ``score_before`` are nan where unknown. ``control_flip``, ``control_abs`` and ``control_shift`` are
    means over the controls of the same original (share that changed the answer, |change of the score|, change of the
    score), nan without one; ``controls`` is their number. ``row`` and ``row_before`` are positions in ``texts``.
    ``unanswered`` counts pairs that lack an answer, by (swap, the lower code of an identity, the higher one).
    ``copies`` is how many pairs repeat the texts of another one; pairs of one text hang together whatever templates
    they name. ``constant`` is the one answer that every row has, where there is but one.
    """

    swaps: tuple[str, ...]
    identities: tuple[str, ...]
    answers: tuple[str, ...]
    positive: str | None
    swap: Codes
    original: Codes
    identity: Codes
    template: Codes
    group: Codes
    answer: Codes
    answer_before: Codes
    score: Array
    score_before: Array
    control_flip: Array
    control_abs: Array
    control_shift: Array
    controls: Codes
    row: Codes
    row_before: Codes
    texts: Texts
    text_ids: Texts
    rows: int
    dropped: Mapping[str, int]
    unanswered: Mapping[tuple[int, int, int], int]
    copies: int
    constant: str | None

    def __len__(self) -> int:
        return int(self.swap.size)

    @property
    def flips(self) -> npt.NDArray[np.bool_]:
        """Whether the answer changed; meaningful where both are known."""
        changed: npt.NDArray[np.bool_] = self.answer != self.answer_before
        return changed

    @property
    def decided(self) -> npt.NDArray[np.bool_]:
        known: npt.NDArray[np.bool_] = (self.answer >= 0) & (self.answer_before >= 0)
        return known

    @property
    def shift(self) -> Array:
        """Change of the score, nan where one is unknown."""
        return self.score - self.score_before


def open_for(
    source: str | Path | IO[bytes], plan: CounterfactualPlan, *, counting: Callable[[], None] | None = None
) -> Table:
    """Open a table with the columns that a plan reads.

    Raises:
        TableRejected: not a table, or a column is missing.
    """
    needed = [plan.text_id, plan.identity, plan.role, *([plan.prediction] if plan.prediction else [])]
    # A column of the usual name may be lacking; one that somebody has named may not.
    usual = {name: getattr(CounterfactualPlan, name) for name in ("template", "swap", "text")}
    needed += [getattr(plan, name) for name in usual if getattr(plan, name) != usual[name]]
    return open_table(
        source,
        columns=[],
        numbers=[plan.score] if plan.score else [],
        texts=needed,
        maybe=[name for name in usual.values() if name not in needed],
        counting=counting,
    )


def paired(table: Table, plan: CounterfactualPlan, *, progress: Progress | None = None) -> Pairs:
    """Read the table once and pair each counterfactual with the original of the same text and swap set.

    Raises:
        TableRejected: the table cannot be read, a role is unknown, a text has two originals, a score is infinite, the
            positive answer never occurs, or there is not a single pair.
    """
    columns, scores, rows = read_texts(table, score=plan.score, progress=progress)
    if plan.score and bool((np.abs(scores) > LARGEST_SCORE).any()):
        raise ScoreNotFinite(
            f"column {quoted(plan.score)} holds an infinite score, or one beyond {LARGEST_SCORE:g}; mend it or leave it"
            " blank"
        )
    blank: Texts = np.full(rows, None, dtype=object)
    role = _roles(columns[plan.role], plan)
    identity = coded(columns[plan.identity], column=plan.identity, most=MAX_IDENTITIES)
    swap = _with_blank(coded(columns.get(plan.swap, blank), column=plan.swap, most=MAX_SWAPS))
    answers, answer = _answers(columns, scores, plan, rows)
    ids = columns[plan.text_id]
    no_id = np.array([cell is None for cell in ids], dtype=bool)
    known = (answer >= 0) if plan.prediction else ~np.isnan(scores)
    usable = known & ~no_id & (role >= 0) & ((identity.codes >= 0) | (role == 2))
    dropped = {
        "missing_id_role_or_identity": int((no_id | (role < 0) | ((identity.codes < 0) & (role != 2))).sum()),
    }
    dropped["missing_answer"] = rows - int(usable.sum()) - dropped["missing_id_role_or_identity"]
    group = joined(own_codes(ids), swap.codes)
    original = _originals(group, np.flatnonzero(usable & (role == 0)), ids)
    after = np.flatnonzero(usable & (role == 1))
    paired_with = original[group[after]]
    dropped["without_original"] = int((paired_with < 0).sum())
    after, paired_with = after[paired_with >= 0], paired_with[paired_with >= 0]
    same = identity.codes[after] == identity.codes[paired_with]
    dropped["same_identity"] = int(same.sum())
    after, before = after[~same], paired_with[~same]
    texts = columns.get(plan.text, blank)
    text = text_codes(texts)
    alike = (text[after] == text[before]) & (text[after] >= 0)
    dropped["swap_changes_nothing"] = int(alike.sum())
    after, before = after[~alike], before[~alike]
    if after.size == 0:
        raise NoPairs(
            "no counterfactual has an original of the same text_id and swap with an answer and another text; check the"
            " roles"
        )
    given_as_controls = np.flatnonzero(usable & (role == 2))
    named = ~no_id & (identity.codes >= 0)
    unanswered = _unanswered(group, swap.codes, identity.codes, known, [named & (role == at) for at in (0, 1)])
    is_one = _is_control(group, original, text, given_as_controls, np.flatnonzero(role == 1))
    dropped["control_is_none"] = int((~is_one).sum())
    controls = _controls(group, original, given_as_controls[is_one], answer, scores)
    template = own_codes(_templates(columns.get(plan.template, blank), ids))[before]
    same_texts = joined(swap.codes[after], identity.codes[before], identity.codes[after], text[before], text[after])
    said = np.unique(answer[usable])
    return Pairs(
        swaps=swap.values,
        identities=identity.values,
        answers=answers,
        positive=_positive(answers, plan),
        swap=swap.codes[after],
        original=identity.codes[before],
        identity=identity.codes[after],
        template=_by_text(template, text[before]),
        group=group[after],
        answer=answer[after],
        answer_before=answer[before],
        score=scores[after],
        score_before=scores[before],
        control_flip=controls[0][group[after]],
        control_abs=controls[1][group[after]],
        control_shift=controls[2][group[after]],
        controls=controls[3][group[after]].astype(np.int64),
        row=after,
        row_before=before,
        texts=texts,
        text_ids=ids,
        rows=rows,
        dropped={why: count for why, count in dropped.items() if count},
        unanswered=unanswered,
        copies=_repeated(same_texts[(text[before] >= 0) & (text[after] >= 0)]),
        constant=answers[int(said[0])] if answers and said.size == 1 and said[0] >= 0 else None,
    )


def _unanswered(
    group: Codes, swap: Codes, identity: Codes, known: npt.NDArray[np.bool_], roles: Sequence[npt.NDArray[np.bool_]]
) -> dict[tuple[int, int, int], int]:
    """How many pairs of original and counterfactual (``roles``: which rows are which) lack an answer on either side."""
    originals, after = (np.flatnonzero(rows) for rows in roles)
    of_group = np.full(int(group.max(initial=-1)) + 1, -1, dtype=np.int64)
    of_group[group[originals]] = originals
    before = of_group[group[after]]
    after, before = after[before >= 0], before[before >= 0]
    lost = ~(known[after] & known[before]) & (identity[after] != identity[before])
    after, before = after[lost], before[lost]
    low, high = np.minimum(identity[before], identity[after]), np.maximum(identity[before], identity[after])
    found, counts = np.unique(np.stack([swap[after], low, high]), axis=1, return_counts=True)
    return {(one, low, high): count for (one, low, high), count in zip(found.T.tolist(), counts.tolist(), strict=True)}


def _is_control(group: Codes, original: Codes, text: Codes, rows: Codes, swapped: Codes) -> npt.NDArray[np.bool_]:
    """Whether controls are edits that leave the identity: not the original's text again, nor that of a swap of it."""
    before = original[group[rows]]
    unchanged = (before >= 0) & (text[rows] == text[before])
    width = int(text.max(initial=0)) + 2
    swaps = np.isin(group[rows] * width + text[rows], group[swapped] * width + text[swapped])
    real: npt.NDArray[np.bool_] = (text[rows] < 0) | ~(unchanged | swaps)
    return real


def _by_text(template: Codes, text: Codes) -> Codes:
    """The same clusters, but pairs of a text that stands under several templates are one of their own."""
    given = text >= 0
    both = np.unique(np.stack([text[given], template[given]]), axis=1)
    several = np.bincount(both[0], minlength=int(text.max(initial=-1)) + 2) > 1
    return np.where(given & several[text], int(template.max(initial=0)) + 1 + text, template)


def _repeated(codes: Codes) -> int:
    return int(codes.size - np.unique(codes).size)


def _templates(cells: Texts, ids: Texts) -> Texts:
    """What rows hang together by: the template, and the text itself where none is named."""
    alone = np.array([cell is None for cell in cells], dtype=bool)
    made: Texts = np.where(alone, np.array([f"\0{text_id}" for text_id in ids], dtype=object), cells)
    return made


def _with_blank(column: Coded) -> Coded:
    """The same column with empty cells as a value of their own."""
    return Coded(("", *column.values), column.codes + 1)


def _roles(cells: Texts, plan: CounterfactualPlan) -> Codes:
    """0 original, 1 counterfactual, 2 control, -1 none."""
    roles = coded(cells, column=plan.role, most=MAX_ANSWERS)
    known = {ORIGINAL: 0, COUNTERFACTUAL: 1, CONTROL: 2}
    strange = [value for value in roles.values if value.lower() not in known]
    if strange:
        raise RoleUnknown(
            f"a role is {ORIGINAL}, {COUNTERFACTUAL} or {CONTROL}; column {quoted(plan.role)} says {listed(strange)}"
        )
    return np.array([*(known[value.lower()] for value in roles.values), -1], dtype=np.int64)[roles.codes]


def _answers(
    columns: Mapping[str, Texts], scores: Array, plan: CounterfactualPlan, rows: int
) -> tuple[tuple[str, ...], Codes]:
    """Decisions as codes; from the prediction, or from the score and the cut. Without either there are none."""
    if plan.prediction:
        column = coded(columns[plan.prediction], column=plan.prediction, most=MAX_ANSWERS)
        return column.values, column.codes
    if plan.cut is None:
        return (), np.full(rows, -1, dtype=np.int64)
    return ("0", "1"), np.where(np.isnan(scores), -1, scores >= plan.cut).astype(np.int64)


def _positive(answers: tuple[str, ...], plan: CounterfactualPlan) -> str | None:
    """The answer whose direction is told; None where nobody has said and it cannot be recognised."""
    if plan.positive is not None:
        wanted = canonical(plan.positive, column="positive") or ""
        if answers and wanted not in answers:
            raise PositiveNotFound(f"no answer is {quoted(wanted)}; there are {listed(answers)}")
        return wanted if answers else None
    folded = {answer.lower(): answer for answer in answers}
    for _, yes in (pair for pair in PAIRS if set(folded) <= set(pair)):
        if yes in folded:
            return folded[yes]
    return None


def _originals(group: Codes, rows: Codes, ids: Texts) -> Codes:
    """The row of the original of each group, -1 where there is none."""
    made = np.full(int(group.max()) + 1, -1, dtype=np.int64)
    groups = group[rows]
    counts = np.bincount(groups, minlength=made.size)
    if bool((counts > 1).any()):
        twice = rows[np.isin(groups, np.flatnonzero(counts > 1))][0]
        raise OriginalTwice(f"the text {quoted(ids[twice])} has more than one original; give each its own text_id")
    made[groups] = rows
    return made


def _controls(
    group: Codes, original: Codes, rows: Codes, answer: Codes, scores: Array
) -> tuple[Array, Array, Array, Array]:
    """Means over the controls of each group (changed answer, |change|, change of the score) and their number."""
    rows = rows[original[group[rows]] >= 0]
    groups, before = group[rows], original[group[rows]]
    size = original.size
    count = np.bincount(groups, minlength=size).astype(float)

    def mean(values: Array) -> Array:
        sums = np.bincount(groups, weights=values, minlength=size)
        means: Array = np.divide(sums, count, out=np.full(size, np.nan), where=count > 0)
        return means

    moved = scores[rows] - scores[before]
    return mean((answer[rows] != answer[before]).astype(float)), mean(np.abs(moved)), mean(moved), count
