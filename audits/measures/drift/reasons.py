"""Why a drift audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

_JUDGED = ("column", "measure", "effect", "threshold", "floor", "q", "n_reference", "n_current")
_QUANTITY = ("metric", "effect", "threshold", "floor", "q", "n_reference", "n_current")

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "drift.values_moved": ("high", _JUDGED),
    "drift.missing_changed": ("high", (*_JUDGED, "share_reference", "share_current")),
    "drift.words_changed": ("high", _JUDGED),
    # no column by itself need have moved
    "drift.moved_together": ("high", _JUDGED),
    "drift.together_inconclusive": ("medium", _JUDGED),
    "drift.together_too_few_rows": ("medium", (*_JUDGED, "min_rows")),
    # what the model does with the rows
    "drift.described_worse": ("high", _JUDGED),
    "drift.described_inconclusive": ("medium", _JUDGED),
    "drift.performance_fell": ("high", (*_QUANTITY, "reference", "current")),
    "drift.estimate_fell": ("high", (*_QUANTITY, "reference", "current")),
    "drift.selection_moved": ("high", (*_QUANTITY, "reference", "current")),
    "drift.gap_grew": ("high", (*_QUANTITY, "attribute", "reference")),
    "drift.gap_grew_since": ("high", (*_QUANTITY, "attribute", "reference", "since", "until")),
    "drift.gap_not_followed": ("medium", ("column", "metric", "why")),
    "drift.quantity_inconclusive": ("medium", _QUANTITY),
    "drift.quantity_too_few_rows": ("medium", (*_QUANTITY, "min_rows")),
    "drift.quantity_not_measured": ("medium", ("metric", "why")),
    "drift.performance_unknown": ("high", ("why", "known", "min_rows")),
    "drift.labels_selective": ("medium", ("share_waiting", "share_known", "waiting", "known")),
    # the effect is large and may be chance
    "drift.inconclusive": ("medium", _JUDGED),
    # noise alone would look like drift, or there are too few rows
    "drift.too_few_rows": ("medium", (*_JUDGED, "min_rows")),
    "drift.column_gone": ("high", ("column",)),
    "drift.column_new": ("info", ("column",)),
    "drift.kind_changed": ("high", ("column", "kind_reference", "kind_current")),
    "drift.no_values": ("medium", ("column",)),
    "drift.out_of_range": ("medium", ("column", "limit")),
    "drift.decimal_comma": ("medium", ("column",)),
    "drift.not_finite": ("low", ("column", "rows_reference", "rows_current")),
    "drift.not_compared": ("info", ("column", "why")),
    "drift.nothing_to_compare": ("medium", ()),
}
