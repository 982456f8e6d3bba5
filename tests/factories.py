"""Valid objects for tests; a test sets only what it is about."""

from __future__ import annotations

import datetime as dt
import hashlib

import factory

from audits.models import Blob, Origin, Run, RunState
from governance.catalog.models import Assurance, Entry, Stage, SubjectKind, Tier, UseCase, Version
from governance.people.models import Lane, Membership, Role, Team, User
from governance.reviews.models import Submission

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


class TeamFactory(factory.django.DjangoModelFactory[Team]):
    class Meta:
        model = Team

    slug = factory.Sequence(lambda n: f"team-{n}")
    name = factory.LazyAttribute(lambda t: t.slug.replace("-", " ").title())


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")


def member(team: Team | None, *roles: str, **fields: object) -> User:
    """A person with roles in a team (without one, in the organisation), as ``approver`` or ``reviewer:ethics``."""
    user = UserFactory(**fields)
    for written in roles:
        role, _, lane = written.partition(":")
        Membership.objects.create(user=user, team=team, role=Role(role), lane=Lane(lane) if lane else "")
    return user


class EntryFactory(factory.django.DjangoModelFactory[Entry]):
    class Meta:
        model = Entry

    kind = SubjectKind.MODEL
    source = "local"
    repo_id = factory.Sequence(lambda n: f"acme/model-{n}")
    key = factory.LazyAttribute(lambda e: e.repo_id.casefold())


class VersionFactory(factory.django.DjangoModelFactory[Version]):
    class Meta:
        model = Version
        skip_postgeneration_save = True

    entry = factory.SubFactory(EntryFactory)
    revision = factory.Sequence(lambda n: f"{n:040x}")
    digest = factory.LazyAttribute(lambda v: hashlib.sha256(f"{v.entry.repo_id}@{v.revision}".encode()).hexdigest())
    assurance = Assurance.HASHED
    licenses = factory.List(["apache-2.0"])
    imported_at = NOON

    @factory.post_generation
    def latest(self, create: bool, extracted: object, **kwargs: object) -> None:
        Entry.objects.filter(pk=self.entry_id).update(latest=self.pk)


class UseCaseFactory(factory.django.DjangoModelFactory[UseCase]):
    class Meta:
        model = UseCase

    slug = factory.Sequence(lambda n: f"use-case-{n}")
    name = factory.LazyAttribute(lambda u: u.slug.replace("-", " ").capitalize())
    purpose = "Decide on applications"
    owner_team = factory.SubFactory(TeamFactory)
    tier = Tier.HIGH
    licence_profile = factory.Dict({"purpose": "commercial", "mode": "internal"})


class RunFactory(factory.django.DjangoModelFactory[Run]):
    class Meta:
        model = Run

    kind = "card"
    kind_version = 1
    subject_name = "acme/model"
    subject_digest = "0" * 64
    inputs = factory.Dict({})
    inputs_digest = factory.Sequence(lambda n: hashlib.sha256(f"run {n}".encode()).hexdigest())
    origin = Origin.OBSERVED
    state = RunState.QUEUED
    time_limit_s = 60
    requested_at = NOON


class SubmissionFactory(factory.django.DjangoModelFactory[Submission]):
    class Meta:
        model = Submission

    version = factory.SubFactory(VersionFactory)
    use_case = factory.SubFactory(UseCaseFactory)
    stage = Stage.PILOT
    submitted_by = factory.SubFactory(UserFactory)
    submitted_at = NOON


class BlobFactory(factory.django.DjangoModelFactory[Blob]):
    class Meta:
        model = Blob

    sha256 = factory.Sequence(lambda n: hashlib.sha256(f"blob {n}".encode()).hexdigest())
    bytes = 3
    media_type = "text/csv"
    created_at = NOON
