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
            "Taken together, the columns tell rows of today from those of then: a model that has not seen them puts"
            " the one of today after the one of then %(effect)s of the time, where 0.5 is a guess, the limit"
            " %(threshold)s, and noise alone reaches %(floor)s once in twenty times (q %(q)s, n %(n_reference)s then,"
            " %(n_current)s now)."
        ),
        _("If no column moved by itself, look at which no longer go together; judge the model again on rows of today."),
    ),
    "drift.together_inconclusive": (
        _(
            "Taken together, the columns may have drifted: they tell rows of today from those of then %(effect)s of"
            " the time, the limit is %(threshold)s, and chance cannot be ruled out (q %(q)s, n %(n_reference)s then,"
            " %(n_current)s now)."
        ),
        _("Compare again with more rows."),
    ),
    "drift.together_too_few_rows": (
        _(
            "Too few rows to judge the columns together (n %(n_reference)s then, %(n_current)s now): noise alone"
            " reaches %(floor)s once in twenty times, where the limit is %(threshold)s."
        ),
        _(
            "Compare again with more rows, until noise alone stays below the limit; fewer than %(min_rows)s on a side"
            " are never judged."
        ),
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
    "missing_share_change": _("the change of the share without a value"),
    "numeric": _("a number"),
    "text": _("a text"),
    "id_like": _("every row has a value of its own"),
}
"""Values of the audit that stand in its sentences -> words."""
