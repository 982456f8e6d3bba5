"""Policies: what a version needs before it may run, published as it is, never changed; and what is waived of it."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audits.work import Due, Work
from governance.catalog.models import Stage
from governance.policies.answered import Answered, AnsweredQuerySet, state_is_told


class Policy(models.Model):
    """A policy by name. Its newest version that is effective applies until the policy is retired."""

    name = models.SlugField(max_length=80, unique=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One published text of a policy. Immutable in the database.

    ``sha256`` is the digest of the normalised document (RFC 8785), which decisions quote. ``effective_at`` is the
    moment from which it is used; without one that is its publication.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"


class BackTestState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class BackTest(models.Model):
    """What a text would do to the portfolio if it were published, or without a text its policy if it were retired
    (``retires``): asked for by a person, done by a worker.

    ``counts`` are how many approvals in force and open submissions were looked at and how many of them would flip. A
    worker holds it until ``lease_until``; one that is lost is taken over by the next that is told.
    """

    policy_name = models.SlugField(max_length=80)
    retires = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=BackTestState, default=BackTestState.QUEUED)
    counts = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(retires=True, sha256="", text="") | Q(retires=False, sha256__gt="", text__gt=""),
                name="back_test_of_a_text_or_of_retiring",
            ),
        ]
        indexes = [models.Index(fields=["sha256", "state", "-finished_at"], name="back_test_by_document")]

    def __str__(self) -> str:
        return f"{self.policy_name}: {self.state}"


class Flip(models.Model):
    """One approval or submission that a back-test found to come out otherwise, and why."""

    class What(models.TextChoices):
        APPROVAL = "approval", _("Approval")
        SUBMISSION = "submission", _("Submission")

    back_test = models.ForeignKey(BackTest, on_delete=models.CASCADE, related_name="flips")
    what = models.CharField(max_length=10, choices=What)
    number = models.BigIntegerField()
    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="+")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12)
    before = models.CharField(max_length=8)
    after = models.CharField(max_length=8)
    reason_codes = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["back_test", "what", "number"], name="flip_once"),
            models.CheckConstraint(condition=~Q(before=models.F("after")), name="flip_comes_out_otherwise"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.before} to {self.after}"


class RejudgingState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Given up")


class Rejudging(Work, Due):
    """What was judged before a change, to be judged again: written in the transaction of the change.

    A change is of a ``policy`` (``number`` of the version that was published, none where it was retired), or of what
    an ``entry`` is approved for, on which others rest. Until it is done, what it is about is closed. A worker takes it
    up from ``due_at`` on and holds it until ``lease_until``; ``looked_at`` of ``total`` are behind it. ``dedupe_key``
    names the change: of those that wait there is one.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, blank=True, related_name="rejudgings")
    number = models.PositiveIntegerField(null=True, blank=True)
    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stage = models.CharField(max_length=12, choices=Stage, blank=True)
    dedupe_key = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=RejudgingState, default=RejudgingState.QUEUED)
    total = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    broke_off = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"], condition=Q(state="queued"), name="rejudging_one_waits_for_a_change"
            ),
            models.CheckConstraint(
                condition=Q(policy__isnull=False, entry=None, use_case=None, stage="")
                | Q(policy=None, entry__isnull=False, use_case__isnull=False, stage__gt=""),
                name="rejudging_has_one_cause",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["queued", "running"]), name="rejudging_to_do"),
            models.Index(fields=["policy", "-id"], name="rejudging_of_a_policy"),
        ]

    def __str__(self) -> str:
        return f"rejudging {self.pk} ({self.dedupe_key})"

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being done."""
        return self.state in (RejudgingState.QUEUED, RejudgingState.RUNNING)

    @property
    def waits_for_its_day(self) -> bool:
        """Whether the change was noted ahead of the day from which it holds."""
        return self.state == RejudgingState.QUEUED and self.due_at > self.requested_at and self.attempt == 0


class WaiverState(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("In force")
    REJECTED = "rejected", _("Rejected")
    REVOKED = "revoked", _("Revoked")


class WaiverQuerySet(AnsweredQuerySet["Waiver"]):
    pass


class Waiver(Answered):
    """Somebody answers for a requirement that does not hold, until a date, with something in its place.

    It is for one requirement of one policy, one version, one use case of one tier and one stage, and where it names
    ``findings`` for these alone. A second person accepts it. The database keeps it as it was accepted: afterwards it
    can be revoked, once, and nothing else of it changes. Another end is another waiver, which ``extends`` this one.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="waivers")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="waivers")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="waivers")
    requirement = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=8)
    role = models.CharField(max_length=12)
    findings = models.JSONField(default=list)
    compensating_control = models.TextField()
    state = models.CharField(max_length=12, choices=WaiverState, default=WaiverState.PROPOSED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    extends = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="extensions")

    objects = WaiverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("requested_at")), name="waiver_ends_after_start"),
            models.CheckConstraint(
                condition=Q(tier="critical", expires_at__lte=F("requested_at") + dt.timedelta(days=30))
                | Q(tier="high", expires_at__lte=F("requested_at") + dt.timedelta(days=90))
                | Q(tier__in=["minimal", "limited"], expires_at__lte=F("requested_at") + dt.timedelta(days=180)),
                name="waiver_within_the_maximum",
            ),
            state_is_told("waiver_state_is_told"),
            # Whoever asks for it does not accept it; to take it back is nobody else's business.
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected"]) | ~Q(decided_by=F("requested_by")),
                name="waiver_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(reason__gt="", compensating_control__gt=""), name="waiver_says_why_and_what_instead"
            ),
            models.CheckConstraint(condition=Q(severity__in=["fail", "warn"]), name="waiver_of_what_decides"),
            models.CheckConstraint(condition=Q(state="revoked") | Q(revoked_reason=""), name="waiver_revoked_reason"),
        ]
        indexes = [
            models.Index(fields=["version", "use_case", "stage"], name="waiver_of_a_version"),
            models.Index(fields=["-requested_at", "-id"], name="waiver_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.requirement} of {self.version} until {self.expires_at:%Y-%m-%d}"


class OverrideState(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("In force")
    REJECTED = "rejected", _("Rejected")
    REVOKED = "revoked", _("Revoked")


LONGEST_OVERRIDE = dt.timedelta(days=7)


class AdminOverrideQuerySet(AnsweredQuerySet["AdminOverride"]):
    pass


class AdminOverride(Answered):
    """Two administrators set aside, for a few days, what keeps one version out of one stage of a use case of one tier.

    ``items`` is what they looked at, each thing as it stood then: a requirement of a policy, a lane with the votes
    that block it, or the number of people. What comes to light afterwards is not set aside. The database keeps it as
    it was proposed, lets nobody confirm what they proposed, and ends it within ``LONGEST_OVERRIDE``.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="overrides")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="overrides")
    # The number of the submission that was looked at, in the room above.
    submission = models.BigIntegerField()
    items = models.JSONField()
    state = models.CharField(max_length=12, choices=OverrideState, default=OverrideState.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    objects = AdminOverrideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("proposed_at"), expires_at__lte=F("proposed_at") + LONGEST_OVERRIDE),
                name="override_ends_within_days",
            ),
            state_is_told("override_state_is_told", revoked_reason__gt=""),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected"]) | ~Q(decided_by=F("proposed_by")),
                name="override_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "rejected"]) | Q(decided_at__lt=F("expires_at")),
                name="override_confirmed_before_its_end",
            ),
            models.CheckConstraint(condition=Q(reason__gt="") & ~Q(items=[]), name="override_says_what_and_why"),
        ]
        indexes = [
            models.Index(fields=["version", "use_case", "stage"], name="override_of_a_version"),
            models.Index(fields=["-proposed_at", "-id"], name="override_newest_first"),
        ]

    def __str__(self) -> str:
        return f"override of {len(self.items)} for {self.version} until {self.expires_at:%Y-%m-%d}"
