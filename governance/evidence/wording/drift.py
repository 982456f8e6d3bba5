"""What a drift audit finds, in words."""

from django.utils.translation import gettext_lazy as _

_LOOK = _("Find out what changed; if the change is to stay, judge the model again on rows of today.")

SENTENCES = {
    "drift.values_moved": (
        _(
            "%(column)s has drifted: %(measure)s is %(effect)s, the limit %(threshold)s, and noise alone reaches"
            " %(floor)s once in twenty times (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _LOOK,
    ),
    "drift.missing_changed": (
        _(
            "%(column)s is empty in another share of rows than before: %(share_reference)s then, %(share_current)s now"
            " (q %(q)s, n %(n_reference)s then, %(n_current)s now); the limit for the change is %(threshold)s."
        ),
        _("Check the way by which the column comes into the table."),
    ),
    "drift.words_changed": (
        _(
            "The texts in %(column)s are made of other words: a model that has not seen them puts the one of today"
            " after the one of then %(effect)s of the time, where 0.5 is a guess, the limit %(threshold)s, and noise"
            " alone reaches %(floor)s once in twenty times (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _LOOK,
    ),
    "drift.moved_together": (
        _(
            "All columns together tell rows of today from those of then: a model that has not seen them puts"
            " the one of today after the one of then %(effect)s of the time, where 0.5 is a guess, the limit"
            " %(threshold)s, and noise alone reaches %(floor)s once in twenty times (q %(q)s, n %(n_reference)s then,"
            " %(n_current)s now)."
        ),
        _("If no column moved by itself, look at which no longer go together; judge the model again on rows of today."),
    ),
    "drift.together_inconclusive": (
        _(
            "All columns together may have drifted: they tell rows of today from those of then %(effect)s of"
            " the time, the limit is %(threshold)s, and chance cannot be ruled out (q %(q)s, n %(n_reference)s then,"
            " %(n_current)s now)."
        ),
        _("Compare again with more rows."),
    ),
    "drift.together_too_few_rows": (
        _(
            "Too few rows to judge all columns together (n %(n_reference)s then, %(n_current)s now): noise alone"
            " reaches %(floor)s once in twenty times, where the limit is %(threshold)s."
        ),
        _(
            "Compare again with more rows, until noise alone stays below the limit; fewer than %(min_rows)s on a side"
            " are never judged."
        ),
    ),
    "drift.described_worse": (
        _(
            "All columns together have drifted, as they no longer go with one another as they did: what the principal"
            " components of then leave unexplained is larger in a row of today, or smaller, %(effect)s of the time,"
            " where 0.5 is a guess, the limit %(threshold)s, and noise alone reaches %(floor)s once in twenty times"
            " (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _LOOK,
    ),
    "drift.described_inconclusive": (
        _(
            "All columns together may have drifted, as they may no longer go with one another: the principal components"
            " of then tell rows of today apart %(effect)s of the time, the limit is %(threshold)s, and chance cannot be"
            " ruled out (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _("Compare again with more rows."),
    ),
    "drift.performance_fell": (
        _(
            "The decisions have become worse: %(metric)s was %(reference)s and is %(current)s. The limit for the change"
            " is %(threshold)s, and noise alone reaches %(floor)s once in twenty times (q %(q)s, n %(n_reference)s"
            " then, %(n_current)s now)."
        ),
        _("Find out for whom and since when; do not rely on the decisions until the model was judged again."),
    ),
    "drift.estimate_fell": (
        _(
            "The decisions of today are likely to be worse, judging by their scores alone, as few outcomes are known"
            " yet: %(metric)s was %(reference)s and is estimated at %(current)s. The limit for the change is"
            " %(threshold)s, and noise alone reaches %(floor)s once in twenty times (q %(q)s, n %(n_reference)s then,"
            " %(n_current)s now)."
        ),
        _("Collect outcomes of some of these cases soon, and compare again: an estimate sees no change of the rules."),
    ),
    "drift.selection_moved": (
        _(
            "The model selects more often than before, or less: %(metric)s was %(reference)s and is %(current)s. The"
            " limit for the change is %(threshold)s, and noise alone reaches %(floor)s once in twenty times (q %(q)s, n"
            " %(n_reference)s then, %(n_current)s now)."
        ),
        _("Find out whether the people differ or the model treats them differently."),
    ),
    "drift.gap_grew": (
        _(
            "Groups of %(attribute)s have drifted apart: %(metric)s was %(reference)s and has grown by %(effect)s. The"
            " limit for the rise is %(threshold)s (q %(q)s by dealing rows out anew, n at least %(n_reference)s of each"
            " group then, %(n_current)s now)."
        ),
        _("Find out what changed; have a bias audit made of the decisions of today."),
    ),
    "drift.gap_grew_since": (
        _(
            "Groups of %(attribute)s have drifted apart: %(metric)s was %(reference)s and has grown by %(effect)s from"
            " the period %(since)s to the period %(until)s. The limit for the rise is %(threshold)s (q %(q)s by dealing"
            " rows out to the periods anew, n at least %(n_reference)s of each group then, %(n_current)s now)."
        ),
        _("Find out what changed then; have a bias audit made of the decisions of today."),
    ),
    "drift.gap_not_followed": (
        _("Groups of %(column)s could not be followed (%(metric)s): %(why)s."),
        _("Bring a table with rows enough of each group and a time for each row; or take it out of the audit plan."),
    ),
    "drift.quantity_inconclusive": (
        _(
            "The decisions may have changed: %(metric)s moved by %(effect)s, the limit is %(threshold)s, and chance"
            " cannot be ruled out (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _("Compare again with more rows."),
    ),
    "drift.quantity_too_few_rows": (
        _(
            "Too few rows to judge how %(metric)s changed (n %(n_reference)s then, %(n_current)s now): noise alone"
            " reaches %(floor)s once in twenty times, where the limit is %(threshold)s."
        ),
        _(
            "Compare again with more rows, until noise alone stays below the limit; fewer than %(min_rows)s on a side"
            " are never judged."
        ),
    ),
    "drift.quantity_not_measured": (
        _("The verdict rests on %(metric)s, which could not be measured: %(why)s."),
        _("Bring rows and outcomes that it can be measured on; or take it out of what the verdict rests on (gating)."),
    ),
    "drift.performance_unknown": (
        _(
            "It is not known how right the decisions of today are: outcomes are known of %(known)s rows only, and from"
            " the scores nothing can be estimated, because %(why)s."
        ),
        _(
            "Wait for outcomes of at least %(min_rows)s rows, or bring scores that are chances; until then nothing"
            " speaks for the decisions."
        ),
    ),
    "drift.labels_selective": (
        _(
            "Outcomes are known of other cases than they are awaited of: the model selects %(share_known)s of the"
            " %(known)s rows with an outcome, and %(share_waiting)s of the %(waiting)s rows without. What is measured"
            " holds for the former."
        ),
        _("Find out whose outcomes become known first; compare again when the others are known."),
    ),
    "drift.inconclusive": (
        _(
            "%(column)s may have drifted: %(measure)s is %(effect)s, the limit %(threshold)s, and chance cannot be"
            " ruled out (q %(q)s, n %(n_reference)s then, %(n_current)s now)."
        ),
        _("Compare again with more rows."),
    ),
    "drift.too_few_rows": (
        _(
            "Too few rows to judge %(column)s (n %(n_reference)s then, %(n_current)s now): %(measure)s is %(effect)s,"
            " and noise alone reaches %(floor)s once in twenty times, where the limit is %(threshold)s."
        ),
        _(
            "Compare again with more rows, until noise alone stays below the limit; fewer than %(min_rows)s on a side"
            " are never judged."
        ),
    ),
    "drift.column_gone": (
        _("The column %(column)s is missing from the table of today."),
        _("Bring it back, or judge the model again without it."),
    ),
    "drift.column_new": (
        _("The column %(column)s is new; there is nothing to compare it with."),
        _("Nothing needs mending."),
    ),
    "drift.kind_changed": (
        _("%(column)s cannot be compared: it was %(kind_reference)s and is %(kind_current)s."),
        _("Check the way by which the column comes into the table; or have it compared as categories."),
    ),
    "drift.no_values": (
        _("%(column)s has no values on one side, so it cannot be compared."),
        _("Check the way by which the column comes into the table."),
    ),
    "drift.out_of_range": (
        _("%(column)s has numbers beyond %(limit)s, which cannot be calculated with."),
        _("Write the column in a larger unit, or check whether such a number stands for something else."),
    ),
    "drift.decimal_comma": (
        _("%(column)s writes numbers with a comma and was compared as text: no cell tells tenths from thousands."),
        _("Write the numbers with a decimal point and without separators of thousands."),
    ),
    "drift.not_finite": (
        _(
            "%(column)s has infinite values, which were left out (%(rows_reference)s rows then, %(rows_current)s rows"
            " now)."
        ),
        _("Replace them by what they stand for."),
    ),
    "drift.not_compared": (
        _("%(column)s was not compared: %(why)s."),
        _("Nothing needs mending."),
    ),
    "drift.nothing_to_compare": (
        _("There is no column whose values could be compared."),
        _("Check that both tables have the same columns, and that they vary."),
    ),
}
MEASURES = {
    "wasserstein_1_over_std": _("the mean move in standard deviations"),
    "js_distance": _("the Jensen-Shannon distance"),
    "domain_classifier_auc": _("how often a model tells the two apart"),
    "reconstruction_error_auc": _("how often the principal components of then tell the two apart"),
    "missing_share_change": _("the change of the share without a value"),
    "performance_drop": _("by how much decisions became worse"),
    "estimated_performance_drop": _("by how much decisions became worse, as estimated"),
    "selection_rate_change": _("by how much the model selects more often or less"),
    "fairness_gap_rise": _("by how much groups drifted apart"),
    "numeric": _("a number"),
    "text": _("a text"),
    "id_like": _("every row has a value of its own"),
    "labels_wait": _("no outcome is known yet"),
    "no_score": _("there is no score"),
    "no_outcomes": _("no row before has both a score and an outcome"),
    "score_is_no_chance": _("the score is not a chance between 0 and 1"),
    "not_calibrated": _("the scores did not come true as often as they said"),
    "more_than_two_values": _("there are more than two classes and none was named as positive"),
    "not_asked_for": _("none of the quantities that the verdict rests on can be"),
    "no_rows": _("one of the tables has no row that counts for it"),
    "not_estimated": _("few outcomes are known yet, and no estimate stands for it"),
    "no_time": _("no row has a time that can be read"),
    "too_few_groups": _("fewer than two groups have rows enough"),
}
"""Values of the audit that stand in its sentences -> words."""
