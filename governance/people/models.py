"""Who there is, in which team, with which role; and the tokens that stand for them."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do, in one team or in the whole organisation."""

    VIEWER = "viewer", _("Viewer")
    SUBMITTER = "submitter", _("Submitter")
    REVIEWER = "reviewer", _("Reviewer")
    APPROVER = "approver", _("Approver")
    RISK_OFFICER = "risk_officer", _("Risk officer")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Admin")


class Lane(models.TextChoices):
    """The points of view that a review may need. Fixed in code; who holds one is a row."""

    DOMAIN = "domain", _("Domain")
    ETHICS = "ethics", _("Ethics")
    SECURITY = "security", _("Security")
    LEGAL = "legal", _("Legal")
    RISK = "risk", _("Risk")
    AUDIT = "audit", _("Audit")


class Scope(models.TextChoices):
    """What a token may be used for; it never allows more than its owner's roles."""

    CATALOG_READ = "catalog:read", _("read the catalogue")
    CATALOG_WRITE = "catalog:write", _("import into the catalogue")
    AUDITS_RUN = "audits:run", _("start audits")
    GATE_READ = "gate:read", _("ask the gate")
    GATE_EVALUATE = "gate:evaluate", _("have the gate evaluated")
    REVIEWS_WRITE = "reviews:write", _("submit, vote and decide")
    REPORTS_READ = "reports:read", _("read reports")
    OBSERVATIONS_WRITE = "observations:write", _("send production signals")


def normal_email(email: str) -> str:
    """One spelling for one mailbox: NFKC, lower case, no blanks around."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=normal_email(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normal_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail, or a service that acts through tokens only."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SERVICE = "service", _("Service")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    language = models.CharField(_("language"), max_length=8, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    oidc_issuer = models.CharField(max_length=255, blank=True)
    oidc_subject = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["oidc_issuer", "oidc_subject"], condition=~Q(oidc_subject=""), name="user_one_per_oidc_subject"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """Two letters for the account button."""
        words = [word for word in self.name.split() if word] or [self.email]
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


class Team(models.Model):
    """The people who own use cases and entries together."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one person, in a team or (without one) in the whole organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    lane = models.CharField(max_length=8, choices=Lane, blank=True)
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team", "role", "lane"], name="membership_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(role="reviewer", lane__gt="") | (~Q(role="reviewer") & Q(lane="")),
                name="membership_lane_of_reviewers_only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.label} in {self.team or 'the organisation'}"

    @property
    def label(self) -> str:
        """The role as it is written everywhere: ``approver`` or ``reviewer:ethics``."""
        return f"{self.role}:{self.lane}" if self.lane else self.role


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self, *, at: dt.datetime) -> TokenQuerySet:
        """Tokens that open something at ``at``: not revoked, not expired, of an active user."""
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class Token(models.Model):
    """A secret that a program shows instead of a password; only its SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, unique=True)
    sha256 = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=models.F("created_at") + dt.timedelta(days=366)),
                name="token_expires_within_a_year",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (asy_{self.prefix}…)"


class Invitation(models.Model):
    """A link by which somebody sets a password and joins; the code is kept as SHA-256."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    roles = ArrayField(models.CharField(max_length=24))
    code_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation of {self.email}"


class FirstStart(models.Model):
    """The one-time code that was printed on the server's terminal, while nobody has an account."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    code_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="first_start_one_row")]

    def __str__(self) -> str:
        return f"code of {self.made_at:%Y-%m-%d %H:%M}"
