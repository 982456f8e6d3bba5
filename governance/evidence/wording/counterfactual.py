"""The reasons of a counterfactual audit in words."""

from django.utils.translation import gettext_lazy as _

_MORE_TEMPLATES = _("Bring more texts, from more templates; more variants of the same templates say little more.")
_STEADIER = _(
    "Compare decisions rather than free texts, make the model answer the same text the same way, and bring new answers."
)

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
            " control edit, and the 95 %% interval %(ci_low)s to %(ci_high)s lies neither below %(warn_at)s of the"
            " answers that the control leaves alone (%(stable)s) nor above %(fail_at)s."
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
            " %(other)s; one of %(fail_at)s of the answers that the control leaves alone (%(stable)s) could go unseen."
        ),
        _MORE_TEMPLATES,
    ),
    "counterfactual.nothing_stable": (
        _(
            "Any edit changes the answer: under the control, which changes nobody, %(control_rate)s of %(n)s answers"
            " change, and under the swap of %(identity)s and %(other)s %(flip_rate)s. What the identity does cannot be"
            " told apart."
        ),
        _STEADIER,
    ),
    "counterfactual.answers_unstable": (
        _(
            "The control, which changes nobody, changes %(control_rate)s of %(n)s answers, and only the others"
            " (%(stable)s at the cautious end) can show what %(identity)s and %(other)s do. A verdict would be about"
            " the smaller part of the texts."
        ),
        _STEADIER,
    ),
    "counterfactual.left_out_matters": (
        _(
            "%(without_control)s pairs of %(identity)s and %(other)s have no control and %(unanswered)s no answer. The"
            " other %(n)s show %(value)s; at worst it is %(at_worst)s of all, which does not lie below %(warn_at)s."
        ),
        _("Bring the answers that are lacking, and controls for the texts whose answer changed."),
    ),
    "counterfactual.nameless_matter": (
        _(
            "%(rows)s of %(of)s rows name no text, role or identity, or have no original. Had they all been changed"
            " answers of one pair of identities, its share would not lie below %(warn_at)s, so it cannot pass."
        ),
        _("Fill in what these rows lack."),
    ),
    "counterfactual.copies": (
        _("%(copies)s of %(of)s pairs repeat the texts of another pair; repeated texts count as one template."),
        _("Bring other texts in their stead."),
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

WHY = {
    "missing_id_role_or_identity": _("no id, role or identity"),
    "missing_answer": _("no answer"),
    "without_original": _("no original of the same text"),
    "same_identity": _("the same identity as the original"),
    "swap_changes_nothing": _("the same text as the original"),
    "control_is_none": _("a control with the text of the original or of a swap"),
}
"""Why a row took no part."""
