"""Policies: what a version needs before it may run. Text in, published as it is, never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Policy(models.Model):
    """A policy by name. Its newest published version applies until the policy is retired."""

    name = models.SlugField(max_length=80, unique=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One published text of a policy. Immutable in the database.

    ``sha256`` is the digest of the normalised document (RFC 8785), which decisions quote.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"
