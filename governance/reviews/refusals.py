"""What a review refuses, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from governance.evidence.wording import refusal_text
from governance.reviews import override_showing
from governance.reviews.errors import ReviewRefused
from governance.web.sentences import SHORTEST_REASON, as_sentence


def told(refusal: ReviewRefused) -> str:
    """A refusal in the reader's language; one that is not known in its own words."""
    known = {
        **override_showing.refusals(),
        "already_drafted": _("Your team prepares this already; look among the drafts."),
        "discarded": _("Somebody has discarded this draft meanwhile."),
        "note_too_long": _("The note is too long; attach what is longer as a file."),
        "stale": _(
            "Not saved: somebody changed this submission while you were writing. Your text is kept; look at what is"
            " new, then send it again."
        ),
        "reason_required": _("Say why in at least %(n)s characters: the submitter reads it.") % {"n": SHORTEST_REASON},
        "self_review": _("You submitted this or brought its evidence; someone else has to decide."),
        "policies_changed": _(
            "Other policies apply since you saw this judged. It was judged again just now; look, then decide."
        ),
        "requirements_open": _(
            "Approval is closed until every requirement holds; it was looked at once more just now."
        ),
    }
    return known.get(refusal.code) or refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal))
