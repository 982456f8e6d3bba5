"""What changed since the submission before, in words for the page of a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.people.models import Lane
from governance.reviews import carrying, changes
from governance.reviews.models import Submission, Vote


def since_before(submission: Submission, votes: Sequence[Vote]) -> dict[str, Any] | None:
    """Kinds of change with the lanes that each reopens, and the lanes whose votes were taken over.

    None where no version of the entry was submitted for the use case and stage before. At most five queries.
    """
    source = carrying.before(submission)
    if source is None:
        return None
    kinds = changes.between(source.version, submission.version)
    said = kind_names()
    carried = {vote.lane for vote in votes if vote.copied_from_id is not None}
    return {
        "before": source,
        "url": reverse("reviews:submission", args=[source.pk]),
        "is_unseen": kinds == changes.EVERY_KIND,
        "kinds": [
            {"name": said[kind], "lanes": _in_order(changes.REOPENS[kind])} for kind in changes.REOPENS if kind in kinds
        ],
        "carried": _in_order(carried),
    }


def _in_order(lanes: frozenset[str] | set[str]) -> list[str]:
    return [lane.value for lane in Lane if lane.value in lanes]


def kind_names() -> dict[str, str]:
    """Every kind of change in words."""
    return {
        "weights": _("Weights"),
        "tokenizer": _("Tokenizer"),
        "config": _("Configuration"),
        "code": _("Code"),
        "data": _("Data"),
        "licence": _("Licence"),
        "card_text": _("Text of the card"),
        "card_metadata": _("Metadata of the card"),
        "evaluation_results": _("Evaluation results"),
        "base_model": _("Base model"),
        "datasets": _("Datasets"),
        "other_files": _("Other files"),
    }
