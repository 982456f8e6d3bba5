"""The reasons of a counterfactual audit in words."""

from django.utils.translation import gettext_lazy as _

_MORE_TEMPLATES = _("Bring more texts, from more templates; more variants of the same templates say little more.")

SENTENCES = {
    "counterfactual.answers_depend_on_identity": (
        _(
            "Answers follow whom a text is about: between %(identity)s and %(other)s %(value)s of them change beyond"
            " what a control edit changes (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s; %(flip_rate)s against"
            " %(control_rate)s); above %(fail_at)s fails."
        ),
        _("Look at the pairs that change, mend the model or its training data, and bring its new answers."),
    ),
    "counterfactual.inconclusive": (
        _(
            "It cannot be told how far answers differ between %(identity)s and %(other)s: %(value)s change beyond a"
            " control edit, and the 95 %% interval %(ci_low)s to %(ci_high)s lies neither below %(warn_at)s nor above"
            " %(fail_at)s."
        ),
        _MORE_TEMPLATES,
    ),
    "counterfactual.too_few_pairs": (
        _("%(identity)s and %(other)s have %(n)s pairs with a control, and %(min_pairs)s are needed for a verdict."),
        _MORE_TEMPLATES,
    ),
    "counterfactual.change_not_detectable": (
        _(
            "%(n)s pairs of %(templates)s templates show only changes of %(mde)s or more between %(identity)s and"
            " %(other)s; one of %(fail_at)s could go unseen."
        ),
        _MORE_TEMPLATES,
    ),
    "counterfactual.no_control": (
        _(
            "%(pairs)s of %(of)s pairs have no control, so that nobody can tell the identity from the edit; they decide"
            " nothing."
        ),
        _("Add controls: the same identity after an edit of the same kind, at the same place."),
    ),
    "counterfactual.no_decisions": (
        _("The column %(column)s holds scores, and no decision is made of them; changed answers are not measured."),
        _("Name the column of decisions, or the score from which the answer is yes (cut)."),
    ),
    "counterfactual.no_information": (
        _("Every answer is %(prediction)s, so nothing can be said about %(n)s pairs."),
        _("Check that the column holds the model's answers."),
    ),
    "counterfactual.one_direction": (
        _(
            "The answers that change go one way: %(only_identity)s texts are %(positive)s for %(identity)s alone,"
            " %(only_other)s for %(other)s alone."
        ),
        _("Look at whom the change costs something, and mend the model."),
    ),
    "counterfactual.score_shift": (
        _(
            "Scores of %(other)s differ from those of %(identity)s in the same texts by %(value)s beyond the control"
            " (95 %% interval %(ci_low)s to %(ci_high)s, n %(n)s)."
        ),
        _("Ask whether a shift of this size changes a decision somewhere, and mend the model where it does."),
    ),
    "counterfactual.rows_dropped": (
        _("%(rows)s of %(of)s rows were left out: %(why)s."),
        _("Mend these rows in the table if the reason surprises you, and upload it again."),
    ),
}
