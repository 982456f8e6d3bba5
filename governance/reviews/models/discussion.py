"""What is said to a submission, and who is at work on it."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from governance.people.models import Lane
from governance.reviews.models.decisions import Decision
from governance.reviews.models.submissions import Submission, SubmissionState

LONGEST_COMMENT = 5000


class Comment(models.Model):
    """What somebody says to a submission, or to one thing in it. Immutable in the database; opens and closes nothing.

    ``finding`` is the fingerprint of a finding of the submission's version; ``line`` counts those of its card from 1.
    """

    class About(models.TextChoices):
        SUBMISSION = "submission", _("The submission")
        FINDING = "finding", _("A finding")
        CARD_LINE = "card_line", _("A line of the card")
        DECISION = "decision", _("A decision")

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="comments")
    about = models.CharField(max_length=10, choices=About, default=About.SUBMISSION)
    finding = models.CharField(max_length=64, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="comments")
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(about="submission", finding="", line=None, decision=None)
                | Q(about="finding", finding__gt="", line=None, decision=None)
                | Q(about="card_line", finding="", line__gte=1, decision=None)
                | Q(about="decision", finding="", line=None, decision__isnull=False),
                name="comment_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(
                    GreaterThanOrEqual(Length("text"), 1),
                    LessThanOrEqual(Length("text"), LONGEST_COMMENT),
                ),
                name="comment_length",
            ),
        ]
        indexes = [models.Index(fields=["submission", "written_at", "id"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"{self.author} on {self.submission}"


CLAIM_STANDS_FOR = dt.timedelta(days=3)


class ClaimQuerySet(models.QuerySet["Claim"]):
    def standing(self, *, at: dt.datetime) -> ClaimQuerySet:
        """Claims that hold at ``at``: not released, younger than three days, in the round that is in review."""
        return self.filter(
            released_at=None,
            claimed_at__gt=at - CLAIM_STANDS_FOR,
            submission__state=SubmissionState.IN_REVIEW,
            submission__round=F("round"),
            holder__is_active=True,
        )


class Claim(models.Model):
    """A reviewer's word that they are at work on a lane, so that no two do the same. It keeps nobody from voting.

    A claim that nobody released ends by itself after three days: that is seen when asked, and written down when the
    next one takes the lane.
    """

    class Release(models.TextChoices):
        BY_HAND = "by_hand", _("given back")
        VOTED = "voted", _("voted")
        ROUND_ENDED = "round_ended", _("the round ended")
        LAPSED = "lapsed", _("three days have gone by")
        NOT_A_REVIEWER = "not_a_reviewer", _("may no longer vote in the lane")

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="claims")
    round = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=8, choices=Lane)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    claimed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_why = models.CharField(max_length=14, choices=Release, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "lane"], condition=Q(released_at=None), name="claim_one_unreleased"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_why="") | Q(released_at__isnull=False, released_why__gt=""),
                name="claim_release_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} is on {self.lane} of {self.submission}"
