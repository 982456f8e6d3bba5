"""The reasons of a suite audit in words."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "suite.functionality_fails": (
        _(
            "%(functionality)s: %(k)s of %(n)s cases are right, %(value)s (95 %% interval %(ci_low)s to %(ci_high)s);"
            " at least %(threshold)s is needed."
        ),
        _("Look at the cases that went wrong, mend the model for what they test, and bring its new predictions."),
    ),
    "suite.inconclusive": (
        _(
            "It cannot be told whether %(functionality)s is right often enough: %(k)s of %(n)s, %(value)s, and the"
            " 95 %% interval %(ci_low)s to %(ci_high)s holds %(threshold)s."
        ),
        _("Write more templates for it; more cases of the same templates say little more."),
    ),
    "suite.too_few_cases": (
        _("%(functionality)s has %(n)s cases, and %(min_cases)s are needed for a verdict."),
        _("Write more templates for it."),
    ),
    "suite.templates_too_alike": (
        _(
            "%(functionality)s has %(n)s cases of %(templates)s templates that stand or fall together: they say as"
            " much as %(effective_n)s cases, too few for a verdict."
        ),
        _("Write more templates for it; more cases of the same templates say little more."),
    ),
    "suite.constant_prediction": (
        _(
            "Every one of %(n)s cases got the answer %(prediction)s; %(accuracy)s of them are right by that, and"
            " %(functionalities_at_zero)s functionalities are never right."
        ),
        _("Check that the column holds the model's answers."),
    ),
    "suite.constant_score": (
        _("Every one of %(n)s tests of direction compares the score %(score)s with itself: no score ever moves."),
        _("Check that the column holds the model's scores."),
    ),
    "suite.tolerance_too_wide": (
        _(
            "The scores of %(n)s tests of direction lie within %(spread)s, and the audit plan lets a score move by"
            " %(tolerance)s the wrong way: no test could fail."
        ),
        _("Choose a tolerance that is small beside the differences between scores."),
    ),
    "suite.left_out_matters": (
        _(
            "%(functionality)s: %(right)s of %(n)s judged cases are right, and %(left)s more say nothing, %(unmoved)s"
            " of them because the score did not move. Had they been wrong, less than %(threshold)s would be right, so"
            " it cannot pass."
        ),
        _("Bring answers to all cases. Where an equal score is as good, say so in the audit plan (tolerance)."),
    ),
    "suite.copies": (
        _(
            "%(copies)s of %(of)s cases are copies of another one: the same functionality, text and expectation. Each"
            " counts once, and as the worst of them where answers differ (%(disagreeing)s)."
        ),
        _("Leave copies out of the suite; where answers differ, ask why the model answers the same text differently."),
    ),
    "suite.target_gap": (
        _(
            "Cases about %(target)s are right less often than cases about others that test the same: %(value)s"
            " (n %(n)s), a gap of %(gap)s (95 %% interval %(ci_low)s to %(ci_high)s)."
        ),
        _("Compare the cases about them with the same templates about others, and mend the model."),
    ),
    "suite.rows_dropped": (
        _("%(rows)s of %(of)s cases were left out: %(why)s."),
        _("Mend these rows in the table if the reason surprises you, and upload it again."),
    ),
}

WHY = {
    "missing_functionality": _("no functionality is named"),
    "missing_prediction": _("no answer"),
    "missing_label": _("no right answer is given"),
    "missing_reference": _("nothing to compare with"),
    "score_unmoved": _("the score did not move"),
}
"""Why a case took no part."""
