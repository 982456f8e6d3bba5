"""Subjects as REST clients name them: a kind, a repository and one exact revision."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework import serializers

from governance.catalog import queries as catalog
from governance.catalog.models import SubjectKind, Version
from governance.people.models import User
from governance.web.problems import Problem

SHA = r"\A([0-9a-f]{40}|[0-9a-f]{64})\Z"
MALFORMED = "revision_must_be_commit_sha: 40 hexadecimal digits, or the 64 of the version's digest"


class SubjectField(serializers.Serializer[None]):
    """One version: kind, repository id, and its commit sha or digest."""

    kind = serializers.ChoiceField(choices=SubjectKind.choices)
    id = serializers.CharField(max_length=200)
    revision = serializers.RegexField(SHA, error_messages={"invalid": MALFORMED})


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
