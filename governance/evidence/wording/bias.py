"""The reasons of a bias audit in words."""

from django.utils.translation import gettext_lazy as _

MORE_ROWS = _(
    "Bring predictions for more people: about %(rows_needed)s of %(group)s and %(comparator_rows_needed)s of"
    " %(comparator)s would settle it."
)
MORE_ROWS_OF_ONE = _("Bring predictions for more people: about %(rows_needed)s of %(group)s would settle it.")
# Where it cannot be told how many: too close to the threshold, or too few people to say more about them.
MORE_ROWS_OPEN = _(
    "Bring predictions for more people of %(group)s and %(comparator)s; how many would settle it cannot be told from"
    " these."
)
_CHANGE_MODEL = _(
    "Look at what the model rests on for %(group)s, mend the model or its threshold, and submit the mended version"
    " with its own predictions."
)

SENTENCES = {
    "bias.ratio_below_threshold": (
        _(
            "%(attribute)s %(group)s fares worse than %(comparator)s: %(metric)s is %(value)s (95 %% interval"
            " %(ci_low)s to %(ci_high)s, n %(n)s against %(comparator_n)s); at least %(threshold)s is needed."
        ),
        _CHANGE_MODEL,
    ),
    "bias.ratio_above_threshold": (
        _(
            "%(attribute)s %(comparator)s fares worse than %(group)s: %(metric)s is %(value)s (95 %% interval"
            " %(ci_low)s to %(ci_high)s, n %(n)s against %(comparator_n)s), further from 1 than the threshold"
            " %(threshold)s allows."
        ),
        _CHANGE_MODEL,
    ),
    "bias.gap_above_threshold": (
        _(
            "The gap between %(attribute)s %(group)s and %(comparator)s is too wide: %(metric)s is %(value)s (95 %%"
            " interval %(ci_low)s to %(ci_high)s, n %(n)s against %(comparator_n)s); at most %(threshold)s is allowed."
        ),
        _CHANGE_MODEL,
    ),
    "bias.inconclusive": (
        _(
            "It cannot be told whether %(attribute)s %(group)s is within bounds: %(metric)s is %(value)s, and the 95 %%"
            " interval %(ci_low)s to %(ci_high)s holds the threshold %(threshold)s."
        ),
        MORE_ROWS,
    ),
    "bias.gap_not_detectable": (
        _(
            "Too few rows to be sure of %(attribute)s %(group)s (n %(n)s) against %(comparator)s (n %(comparator_n)s):"
            " %(metric)s is %(value)s (95 %% interval %(ci_low)s to %(ci_high)s), but so few rows reliably show only a"
            " gap of %(mde)s or more, and the threshold %(threshold)s is closer to equality than that. A smaller gap"
            " that is too wide could go unseen."
        ),
        MORE_ROWS,
    ),
    "bias.no_information": (
        _("All predictions are equal (%(selected)s of %(n)s selected), so nothing can be said about %(attribute)s."),
        _("Check that the prediction column holds the model's decisions, and that its threshold is the real one."),
    ),
    "bias.nothing_to_compare": (
        _(
            "%(metric)s by %(attribute)s could not be compared: %(judged_groups)s of %(groups)s groups have the"
            " %(min_group)s rows that are needed."
        ),
        _("Bring predictions for more people of the small groups."),
    ),
    "bias.required_group_missing": (
        _("No row is of %(attribute)s %(group)s, a group that the audit plan wants judged."),
        _("Bring predictions for at least %(min_group)s people of this group; leaving a group out passes nothing."),
    ),
    "bias.required_group_too_small": (
        _(
            "%(attribute)s %(group)s has to be judged and has too few rows for %(metric)s: %(n)s, where %(min_group)s"
            " are needed."
        ),
        _("Bring predictions for more people of this group."),
    ),
    "bias.required_group_inconclusive": (
        _(
            "%(attribute)s %(group)s has to be judged and cannot be: %(metric)s against %(comparator)s is %(value)s"
            " (95 %% interval %(ci_low)s to %(ci_high)s), on both sides of %(threshold)s."
        ),
        MORE_ROWS,
    ),
    "bias.required_group_rows_left_out": (
        _(
            "%(rows_left_out)s rows that may be of %(attribute)s %(group)s were left out; they could hide that"
            " %(metric)s fails for a group that has to be judged."
        ),
        _("Fill in label, prediction and group of these rows, and upload the table again."),
    ),
    "bias.consistency_below_threshold": (
        _(
            "People who are alike in %(features)s are decided differently too often: of those most like a person, the"
            " person counted too, %(value)s get the same decision (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s);"
            " at least %(threshold)s is needed, and by lot it would be %(by_lot)s."
        ),
        _(
            "Look at pairs of people who are alike and decided differently: what else does the model go by? If it"
            " rightly goes by something that is not among these columns, a risk officer adds it to the audit plan"
            " (features)."
        ),
    ),
    "bias.consistency_inconclusive": (
        _(
            "It cannot be told whether people who are alike in %(features)s are decided alike often enough: %(value)s"
            " of those most like a person get the same decision (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s),"
            " around the %(threshold)s that is needed."
        ),
        _("Bring predictions for more people."),
    ),
    "bias.consistency_not_measured": (
        _(
            "Whether people who are alike in %(features)s are decided alike could not be measured: %(why)s. At least"
            " %(threshold)s is needed, and what is not measured does not pass."
        ),
        _("Bring a table in which these columns are filled in and differ, and in which not all predictions are equal."),
    ),
    "regression.accuracy_lower": (
        _(
            "Accuracy is lower than that of the approved version: %(new)s where it was %(old)s, a change of %(value)s"
            " (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s); %(margin)s is allowed."
        ),
        _("Find out what the new version gets wrong that the approved one gets right, before it takes its place."),
    ),
    "regression.gap_wider": (
        _(
            "The gap of %(attribute)s %(group)s to %(comparator)s in %(metric)s is wider than in the approved version:"
            " %(new)s from parity where it was %(old)s (change 95 %% interval %(ci_low)s to %(ci_high)s); %(margin)s is"
            " allowed."
        ),
        _("Find out what has changed for %(group)s since the approved version, before this one takes its place."),
    ),
    "regression.not_compared": (
        _("There is an approved version, and this one could not be compared with it: %(why)s."),
        _("Upload a table with the columns of the audit plan for both versions, to have them compared."),
    ),
    "bias.groups_suppressed": (
        _(
            "Groups of %(attribute)s with fewer than %(suppress_below)s rows are not shown (groups: %(groups)s, rows:"
            " %(rows)s): figures on so few people would give them away."
        ),
        _("Nothing needs mending; more rows would show them."),
    ),
    "bias.groups_too_small": (
        _(
            "Groups of %(attribute)s with fewer than %(min_group)s rows were not judged (groups: %(groups)s, rows:"
            " %(rows)s)."
        ),
        _("Bring predictions for more people of the small groups, to have them judged."),
    ),
    "bias.group_unknown": (
        _("%(rows)s rows name no %(attribute)s; they count for everybody and for no group."),
        _("Fill in the column where it is known."),
    ),
    "bias.rows_dropped": (
        _("%(rows)s of %(of)s rows were left out: %(why)s."),
        _("Mend these rows in the table if the reason surprises you, and upload it again."),
    ),
    "bias.few_clusters": (
        _(
            "Some group of %(attribute)s has rows of %(fewest)s clusters only (%(clusters)s in all); with fewer than"
            " %(wanted)s the intervals are rough."
        ),
        _("Bring rows of more people or templates; more rows of the same ones tell little."),
    ),
    "bias.no_threshold": (
        _("The audit plan sets no limit for the task %(task)s, so the figures are shown and nothing is judged."),
        _("Set a threshold in the audit plan, in the unit of what is predicted."),
    ),
    "bias.score_differs": (
        _(
            "The score means something else for %(attribute)s %(group)s than for %(comparator)s: %(metric)s is"
            " %(value)s (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s against %(comparator_n)s), and more than"
            " %(threshold)s is worth a look. That limit is a choice, set by no law."
        ),
        _("Look at the calibration curves of both groups; a score that is read as a probability has to hold for each."),
    ),
    "bias.base_rates_differ": (
        _(
            "The true outcome is not equally frequent: %(base_rate)s in %(attribute)s %(group)s,"
            " %(comparator_base_rate)s in %(comparator)s. Then no score that errs at all can be calibrated for both and"
            " have equal error rates in both."
        ),
        _("Decide which of the two matters for this use, and say so in the review; no model can mend it."),
    ),
    "bias.score_not_probability": (
        _(
            "The scores of %(column)s are no probabilities (from %(lowest)s to %(highest)s, %(rows)s rows outside 0 to"
            " 1), so only their order was measured, not their calibration."
        ),
        _("Give scores between 0 and 1 if they are meant as probabilities."),
    ),
    "bias.score_constant": (
        _("Every score in %(column)s is %(value)s, so the score tells nobody apart."),
        _("Check that the column holds the model's scores."),
    ),
    "bias.score_missing": (
        _("%(rows)s of %(of)s rows have no score in %(column)s; they count for the decisions and not for the score."),
        _("Fill in the score of these rows, and upload the table again."),
    ),
}

WHY = {
    "too_few_rows": _("too few rows"),
    "too_few_rows_asked": _("too few rows"),
    "all_predictions_equal": _("all predictions are equal"),
    "no_feature_varies": _("every column has one value only"),
}
"""Why consistency was not measured."""
