"""Submissions, votes and decisions; what is said to them, who is at work on them, and what asks for another look."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage
from governance.people.models import Lane, Role, User
from governance.people.queries import standing, teams_seen_by


class SubmissionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


LONGEST_NOTE = 5000
OPEN_STATES = (SubmissionState.IN_REVIEW, SubmissionState.CHANGES_REQUESTED)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> SubmissionQuerySet:
        """What was submitted. A draft is not: those who prepare it find it among ``drafts_of``."""
        seen = teams_seen_by(user)
        submitted = self.exclude(state=SubmissionState.DRAFT)
        return submitted if seen is None else submitted.filter(use_case__owner_team__in=seen)

    def drafts_of(self, user: User) -> SubmissionQuerySet:
        """Drafts that a person sees: one's own, those of one's teams, and all for who submits everywhere.

        To see the whole organisation is not enough: nothing has been submitted to it yet.
        """
        held = standing(user)
        drafts = self.filter(state=SubmissionState.DRAFT)
        if held.teams_with(Role.SUBMITTER) is None:
            return drafts
        return drafts.filter(Q(submitted_by=user) | Q(use_case__owner_team__in=held.team_ids))

    def open(self) -> SubmissionQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def submitted_before(self, other: Submission) -> SubmissionQuerySet:
        """Those before another; by when, not by number: one that began as a draft bears an older number."""
        return self.filter(Q(submitted_at__lt=other.submitted_at) | Q(submitted_at=other.submitted_at, pk__lt=other.pk))

    def stale(self) -> SubmissionQuerySet:
        """Those in review that have to be judged again first, by the database's clock."""
        return self.filter(state=SubmissionState.IN_REVIEW, stale_from__lte=Now())

    def judged(self) -> SubmissionQuerySet:
        """Those that were judged under the policies of now, by the database's clock."""
        return self.filter(Q(stale_from=None) | Q(stale_from__gt=Now()))


class Submission(models.Model):
    """A request to let one version run for one use case at one stage.

    ``edition`` counts changes; whoever acts names the edition they saw (If-Match). ``evaluation`` is the newest
    verdict with its requirements, computed from ``facts``; a decision freezes both. ``due_at`` is the day by which the
    round is to be decided; it closes and opens nothing. From ``stale_from`` on other policies apply than those that it
    was judged under: it is closed until it has been judged again.

    A draft is being prepared by the submitters of the use case's team; nobody else sees it and nothing judges it.
    ``submitted_at`` is then when it was last saved, ``prepared_by`` are those who wrote it, who do not judge it later.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="submissions")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="submissions")
    stage = models.CharField(max_length=12, choices=Stage)
    state = models.CharField(max_length=20, choices=SubmissionState, default=SubmissionState.IN_REVIEW)
    round = models.PositiveSmallIntegerField(default=1)
    edition = models.PositiveIntegerField(default=1)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    prepared_by = ArrayField(models.BigIntegerField(), default=list, blank=True)
    verdict = models.CharField(max_length=8, blank=True)
    evaluation = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    facts_sha256 = models.CharField(max_length=64, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    stale_from = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"],
                condition=Q(state__in=["in_review", "changes_requested"]),
                name="submission_one_open",
            ),
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"], condition=Q(state="draft"), name="submission_one_draft"
            ),
            models.CheckConstraint(
                condition=~Q(state="draft")
                | Q(verdict="", facts_sha256="", evaluated_at=None, due_at=None, round=1, evaluation={}, facts={}),
                name="submission_draft_is_not_judged",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("note"), LONGEST_NOTE), name="submission_note_length"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-submitted_at", "-id"]),
            models.Index(fields=["stale_from"], condition=Q(state="in_review"), name="submission_stale"),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.stage} in {self.use_case}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def is_stale(self, *, at: dt.datetime) -> bool:
        """Whether other policies apply at ``at`` than those that it was judged under."""
        return self.stale_from is not None and self.stale_from <= at


class Vote(models.Model):
    """One person's opinion in one lane, on the facts they saw. Never changes; a later one counts instead.

    ``copied_from`` is the person's vote on the version before, where the change between the two leaves the lane alone.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=8, choices=Lane)
    value = models.SmallIntegerField(validators=[MinValueValidator(-2), MaxValueValidator(2)])
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    comment = models.TextField(blank=True)
    facts_sha256 = models.CharField(max_length=64)
    cast_at = models.DateTimeField()
    copied_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=-2, value__lte=2), name="vote_from_minus_2_to_2"),
        ]
        indexes = [models.Index(fields=["submission", "cast_at", "id"])]

    def __str__(self) -> str:
        return f"{self.voter}: {self.value:+d} in {self.lane}"


class Outcome(models.TextChoices):
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


class Decision(models.Model):
    """How a round of a submission ended, with all it was decided on. Immutable in the database."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    verdict = models.CharField(max_length=8)
    facts = models.JSONField()
    facts_sha256 = models.CharField(max_length=64)
    evaluation = models.JSONField()
    votes = models.JSONField(default=list)
    digests = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField()
    approval = models.OneToOneField(
        "gates.Approval", on_delete=models.PROTECT, null=True, blank=True, related_name="decision"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "round"], name="decision_one_per_round"),
            models.CheckConstraint(
                condition=Q(automatic=True, decided_by=None) | Q(automatic=False, decided_by__isnull=False),
                name="decision_by_a_person_or_automatic",
            ),
            models.CheckConstraint(
                condition=Q(outcome="approved", approval__isnull=False) | (~Q(outcome="approved") & Q(approval=None)),
                name="decision_approval_when_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.submission}"


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


class TriggerQuerySet(models.QuerySet["Trigger"]):
    def visible_to(self, user: User) -> TriggerQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)

    def open(self) -> TriggerQuerySet:
        return self.filter(closed_at=None)


class Trigger(models.Model):
    """A reason to look again at what is approved: of one entry for one use case, one of a kind at a time.

    It opens and closes no gate; what has to close does so by itself. ``sightings`` names each cause that was seen, so
    that none counts twice; ``count`` is their number. ``detail`` is of the newest.
    """

    class Kind(models.TextChoices):
        NEW_VERSION = "new_version", _("Another version is there")
        CARD_TEXT = "card_text", _("The card's text has changed")
        LICENCE = "licence", _("What licences say has changed")
        SUSPENDED = "suspended", _("Something that it rests on is suspended")
        AUDIT_EXPIRY = "audit_expiry", _("An audit becomes too old")
        POLICY = "policy", _("Other policies apply")
        REVIEWER = "reviewer", _("Somebody who voted may no longer vote")
        USE_CASE = "use_case", _("The use case has changed")
        WAIVER = "waiver", _("A waiver ends")
        UPSTREAM = "upstream", _("Something that it was made from is approved no longer")

    class Closing(models.TextChoices):
        SUBMITTED = "submitted", _("a version was submitted")
        DECIDED = "decided", _("it was decided anew")
        RENEWED = "renewed", _("it holds again")
        BY_HAND = "by_hand", _("closed by hand")

    kind = models.CharField(max_length=12, choices=Kind)
    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, related_name="triggers")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="triggers")
    dedupe_key = models.CharField(max_length=64)
    sightings = ArrayField(models.CharField(max_length=80))
    count = models.PositiveIntegerField(default=1)
    detail = models.JSONField(default=dict)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_how = models.CharField(max_length=9, choices=Closing, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_reason = models.TextField(blank=True)

    objects = TriggerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], condition=Q(closed_at=None), name="trigger_one_open"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_how="", closed_by=None, closed_reason="")
                | Q(closed_at__isnull=False, closed_how__in=["submitted", "decided", "renewed"])
                | Q(closed_at__isnull=False, closed_how="by_hand", closed_by__isnull=False, closed_reason__gt=""),
                name="trigger_closed_by_something",
            ),
            models.CheckConstraint(condition=Q(last_seen__gte=F("first_seen")), name="trigger_seen_in_order"),
        ]
        indexes = [
            models.Index(fields=["dedupe_key"], name="trigger_by_key"),
            models.Index(fields=["-last_seen", "-id"], condition=Q(closed_at=None), name="trigger_newest_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.entry} in {self.use_case}"


class Reminder(models.Model):
    """A reminder that was sent. Its key is unique: whoever else comes to send it finds it there."""

    key = models.CharField(max_length=80, unique=True)
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
