"""Subjects as REST clients name them: a kind, a repository and one exact revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from governance.catalog import queries as catalog
from governance.catalog.models import Stage, SubjectKind, Version
from governance.people.models import User
from governance.web.problems import Problem

SHA = r"\A([0-9a-f]{40}|[0-9a-f]{64})\Z"
MALFORMED = "revision_must_be_commit_sha: 40 hexadecimal digits, or the 64 of the version's digest"


class SubjectField(serializers.Serializer[None]):
    """One version: kind, repository id, and its commit sha or digest."""

    kind = serializers.ChoiceField(choices=SubjectKind.choices)
    id = serializers.CharField(max_length=200)
    revision = serializers.RegexField(SHA, error_messages={"invalid": MALFORMED})


def subject_of(version: Version) -> dict[str, str]:
    """A version as documents name it."""
    return {
        "kind": version.entry.kind,
        "id": version.entry.repo_id,
        "revision": version.revision,
        "digest": version.digest,
    }


class ScopeFilter(serializers.Serializer[None]):
    """What lists of what is kept for a version in a use case at a stage are narrowed by; they add their states."""

    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    use_case = serializers.SlugField(max_length=60, required=False)
    digest = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)

    @classmethod
    def lookups_of(cls, request: Request) -> dict[str, Any]:
        """What was asked for, as a filter of the rows; ``state`` is their ``standing``."""
        asked = cls(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        lookups = {"state": "standing", "stage": "stage", "use_case": "use_case__slug", "digest": "version__digest"}
        return {lookups[name]: value for name, value in asked.validated_data.items()}


def find_version(user: User, subject: Mapping[str, str]) -> Version:
    """The version that a subject names, among those that the person sees.

    Raises:
        Problem: 404 when there is none; import it first.
    """
    namespace, _slash, name = subject["id"].rpartition("/")
    version = catalog.resolve(user=user, kind=subject["kind"], ns=namespace or "_", name=name, sha=subject["revision"])
    if version is None:
        shown = f"{subject['id'][:100]}@{subject['revision'][:12]}"
        raise Problem(404, "version_not_found", f"{shown} is not in the catalogue; import it first")
    return version
