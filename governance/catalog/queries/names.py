"""From what stands in an address or a command to an entry and a version, among those that a person sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db.models import Case, Q, Value, When

from governance.catalog.models import Entry, Version
from governance.catalog.repository_names import entry_key
from governance.people.models import User

if TYPE_CHECKING:
    from governance.catalog.models import EntryQuerySet, VersionQuerySet

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
NO_NAMESPACE = "_"
LONGEST = 256


class NotASha(ValueError):
    """The revision is a branch, a tag or a short sha; the message says what to give."""

    code = "revision_must_be_commit_sha"


def repo_id_of(*, ns: str, name: str) -> str:
    """The repository id that an address names.

    >>> repo_id_of(ns="_", name="gpt2"), repo_id_of(ns="org", name="model")
    ('gpt2', 'org/model')
    """
    return name if ns == NO_NAMESPACE else f"{ns}/{name}"


def valid_sha(sha: str) -> str:
    """The sha, if it is a whole one.

    Raises:
        NotASha: it is no commit of 40 and no digest of 64 hex digits.
    """
    if not SHA.fullmatch(sha):
        raise NotASha(
            f"{ascii(sha[:60])} is not a full commit sha: give the 40 hexadecimal digits of the commit, or the 64 of"
            " the version's digest; a branch or tag may point elsewhere tomorrow"
        )
    return sha


def entries_seen_by(user: User | None) -> EntryQuerySet:
    """Entries that a person sees; None is the operator at the machine, who sees all."""
    return Entry.objects.all() if user is None else Entry.objects.visible_to(user)


def versions_seen_by(user: User | None) -> VersionQuerySet:
    """Versions that a person sees; None is the operator at the machine, who sees all."""
    return Version.objects.all() if user is None else Version.objects.visible_to(user)


def find_entry(*, user: User | None, kind: str, ns: str, name: str, source: str | None = None) -> Entry | None:
    """The entry that an address names, by its own id or by one that the Hub redirected. One query.

    Where a Hub and a folder have the same id: one with versions before a mere name, the Hub's before the folder's;
    ``source`` asks for one of them.
    """
    key = _key(ns, name)
    if key is None:
        return None
    entries = entries_seen_by(user).filter(Q(key=key) | Q(aliases__key=key), kind=kind)
    if source is not None:
        entries = entries.filter(source=source)
    placeholder = Case(When(latest=None, then=Value(1)), default=Value(0))
    own_id = Case(When(key=key, then=Value(0)), default=Value(1))
    return (
        entries.select_related("latest__card", "team")
        .defer("latest__card__raw")
        .order_by(placeholder, own_id, "source", "pk")
        .first()
    )


def resolve(*, user: User | None, kind: str, ns: str, name: str, sha: str) -> Version | None:
    """The version of a repository at a commit, or with a digest. One query.

    Of several imports of one commit (its listing was better known later) the newest.

    Raises:
        NotASha: ``sha`` is neither.
    """
    valid_sha(sha)
    key = _key(ns, name)
    if key is None:
        return None
    return (
        versions_seen_by(user)
        .filter(Q(entry__key=key) | Q(entry__aliases__key=key), Q(revision=sha) | Q(digest=sha), entry__kind=kind)
        .select_related("entry__team", "card", "imported_by")
        .defer("card__raw")
        .order_by("-imported_at", "-pk")
        .first()
    )


def _key(ns: str, name: str) -> str | None:
    """The key of a name from an address; None for what can be nobody's."""
    repo_id = repo_id_of(ns=ns, name=name)
    return None if "\0" in repo_id or len(repo_id) > LONGEST else entry_key(repo_id)
