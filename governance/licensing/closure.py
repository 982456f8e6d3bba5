"""All that a version was made from, as far as the catalogue knows, and all that was made from an entry.

The graph is read in a constant number of queries, whatever its depth and however many versions are asked for, and
holds each work once. Rings end where they began.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.expressions import RawSQL

from governance.catalog.models import Assurance
from governance.licensing.declared import LICENSE_NAME
from governance.licensing.modalities import MORE_THAN_TEXT
from governance.licensing.models import TextReview


@dataclass(frozen=True, slots=True)
class Origin:
    """One declared origin of a version.

    ``version`` is the one that counts: that of the revision named, where it is catalogued, else the newest. None is a
    name that nobody has imported.
    """

    relation: str
    revision: str | None
    entry: int
    kind: str
    repo_id: str
    source: str
    latest: int | None
    version: int | None
    in_card: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A licence file. ``fingerprint`` is None where nobody has read it; ``has_copyright``: it has such a line."""

    path: str
    fingerprint: str | None
    has_copyright: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What the catalogue knows of one version that licences are judged by.

    ``files`` are its licence files, ``texts`` the same with what they hold. ``seems_more`` says that its tags tell of
    more than text. ``shows`` is what its card showed when it was read; ``tagged`` the licences among its tags.
    ``notices`` are the beginnings of its notices by path, of the versions that were asked for alone; ``notices_cut``
    says that some are longer.
    """

    version: int
    entry: int
    kind: str
    repo_id: str
    source: str
    digest: str
    licenses: list[str]
    license_name: str | None
    license_link: str | None
    task: str
    seems_more: bool
    assurance: str
    files: list[str]
    text_reviewed: bool
    texts: list[Text]
    notices: Mapping[str, str]
    notices_cut: bool
    has_card: bool
    shows: Mapping[str, Any] | None
    tagged: list[str]

    @property
    def files_known(self) -> bool:
        return self.assurance != Assurance.CARD_ONLY


class Revisions(NamedTuple):
    """Other versions of the same entry that are declared in other words: the newest, and those before, latest first.

    A version is told of a change for as long as it stands, and one that is imported a year later no more.
    """

    newest: int | None
    before: list[int]


@dataclass(frozen=True, slots=True)
class Graph:
    """Versions by id, and the origins of each that has any, in one order; ``revisions`` of those asked for alone."""

    works: dict[int, Work]
    origins: dict[int, list[Origin]]
    revisions: dict[int, Revisions]

    def of(self, version: int) -> Sequence[Origin]:
        return self.origins.get(version, ())

    def above(self, version: int) -> list[int]:
        """Every version that one was made from, nearest first, each once; itself only where it stands in a ring."""
        seen: dict[int, None] = {}
        waiting = [version]
        for at in waiting:
            for origin in self.of(at):
                if origin.version is not None and origin.version not in seen:
                    seen[origin.version] = None
                    waiting.append(origin.version)
        return list(seen)


def among(values: Iterable[int]) -> RawSQL:
    """Many ids for ``__in`` as one array: thousands of parameters take longer to write than to look up."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array_of(values)])


def among_texts(values: Iterable[str]) -> RawSQL:
    """The same for texts."""
    return RawSQL("SELECT unnest(%s::text[])", [array_of_texts(values)])


def array_of(ids: Iterable[int]) -> str:
    """Ids as one text that PostgreSQL reads as an array: written once, not id by id."""
    return f"{{{','.join(map(str, ids))}}}"


def array_of_texts(texts: Iterable[str]) -> str:
    """The same for texts."""
    quoted = (text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def graph_above(versions: Collection[int]) -> Graph:
    """The versions with everything that they were made from. Five queries."""
    origins: dict[int, list[Origin]] = {}
    wanted = set(versions)
    with connection.cursor() as cursor:
        cursor.execute(_REVISIONS, [array_of(sorted(wanted))])
        revisions = {version: Revisions(*others) for version, *others in cursor.fetchall()}
        cursor.execute(_ABOVE, [array_of(sorted(wanted))])
        for version, *row in cursor.fetchall():
            origin = Origin(*row)
            origins.setdefault(version, []).append(origin)
            wanted.update(one for one in (origin.version, origin.latest) if one is not None)
        for newest, before in revisions.values():
            wanted.update(before if newest is None else (newest, *before))
        cursor.execute(_VERSIONS, [array_of(sorted(wanted))])
        rows = cursor.fetchall()
        cursor.execute(_FILES, [NOTICE_BYTES + 1, array_of(versions), array_of(sorted(wanted))])
        texts: dict[int, list[Text]] = {}
        notices: dict[int, dict[str, bytes]] = {}
        bytes_of: dict[int, set[str]] = {}
        for version, path, sha256, git_oid, words, has_copyright, notice in cursor.fetchall():
            texts.setdefault(version, []).append(Text(path, words, has_copyright is True))
            if notice is not None:
                notices.setdefault(version, {})[path] = bytes(notice)
            bytes_of.setdefault(version, set()).update(oid for oid in (sha256, git_oid) if oid)
    read = _texts_read({row[1] for row in rows}) if bytes_of else {}
    works = {}
    for version, entry, kind, repo_id, source, digest, licenses, name, link, task, more, assurance, *seen in rows:
        has_card, shows, tagged = seen
        told = notices.get(version, {})
        works[version] = Work(
            version=version,
            entry=entry,
            kind=kind,
            repo_id=repo_id,
            source=source,
            digest=digest,
            licenses=json.loads(licenses),
            license_name=name,
            license_link=link,
            task=task,
            seems_more=more,
            assurance=assurance,
            files=[text.path for text in texts.get(version, ())],
            text_reviewed=not read.get(entry, set()).isdisjoint(bytes_of.get(version, ())),
            texts=texts.get(version, []),
            notices={path: _beginning(content) for path, content in told.items()},
            notices_cut=any(len(content) > NOTICE_BYTES for content in told.values()),
            has_card=has_card,
            shows=None if shows is None else json.loads(shows),
            tagged=[] if tagged is None else json.loads(tagged),
        )
    return Graph(works, origins, revisions)


NOTICE_BYTES = 4096
"""Of each notice that are judged by; what is longer is not searched to its end."""


def _beginning(content: bytes) -> str:
    return content[:NOTICE_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def _texts_read(entries: Collection[int]) -> dict[int, set[str]]:
    """The digests of licence texts that a reviewer has read, by entry."""
    read: dict[int, set[str]] = {}
    reviews = TextReview.objects.in_force().filter(entry__in=among(entries))
    for entry, sha256, git_oid in reviews.order_by("pk").values_list("entry_id", "sha256", "git_oid"):
        read.setdefault(entry, set()).update(oid for oid in (sha256, git_oid) if oid)
    return read


def versions_below(entries: Collection[int], *, of: Collection[int] = ()) -> list[int]:
    """Every version that was made from entries, in any number of steps, and all versions ``of`` further entries.

    A step leads from an entry to every version that declares it, and on from that version's entry: more than today's
    newest versions need, and never less. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"entries": array_of(sorted(set(entries))), "of": array_of(sorted(set(of)))})
        return [row[0] for row in cursor.fetchall()]


def entries_below(entries: Collection[int]) -> list[int]:
    """The entries themselves and all of which some version was made from them. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES_BELOW, [array_of(sorted(set(entries)))])
        return [row[0] for row in cursor.fetchall()]


# UNION without ALL: a version that was met is not gone through again, so rings end.
_PINNED = """CASE WHEN e.to_revision IS NULL THEN NULL ELSE (
        SELECT p.id FROM catalog_version p WHERE p.entry_id = t.id AND p.revision = e.to_revision
        ORDER BY p.imported_at DESC, p.id DESC LIMIT 1
    ) END"""
_ABOVE = f"""
    WITH RECURSIVE walk (version_id) AS (
        SELECT unnest(%s::bigint[])
        UNION
        SELECT coalesce({_PINNED}, t.latest_id)
        FROM walk w JOIN catalog_edge e USING (version_id) JOIN catalog_entry t ON t.id = e.to_entry_id
    )
    SELECT e.version_id, e.relation, e.to_revision, t.id, t.kind, t.repo_id, t.source, t.latest_id,
        coalesce({_PINNED}, t.latest_id), e.origin = 'card'
    FROM walk w JOIN catalog_edge e USING (version_id) JOIN catalog_entry t ON t.id = e.to_entry_id
    ORDER BY e.version_id, e.relation, t.kind, t.repo_id, t.source
"""  # noqa: S608 (its parts are constants)
_VERSIONS = f"""
    SELECT v.id, v.entry_id, e.kind, e.repo_id, e.source, v.digest, v.licenses::text, {LICENSE_NAME},
        CASE WHEN jsonb_typeof(c.metadata -> 'license_link') = 'string' THEN c.metadata ->> 'license_link' END,
        v.task, v.tags ?| ARRAY{list(MORE_THAN_TEXT)!r}, v.assurance, c.id IS NOT NULL, c.shows::text,
        (SELECT jsonb_agg(substr(tag, 9) ORDER BY tag) FROM jsonb_array_elements_text(v.tags) tag
         WHERE tag LIKE 'license:_%%')::text
    FROM catalog_version v JOIN catalog_entry e ON e.id = v.entry_id LEFT JOIN catalog_card c ON c.id = v.card_id
    WHERE v.id = ANY(%s::bigint[])
"""  # noqa: S608 (its parts are constants)
_SAME = f"""
    {{0}}.licenses = d.licenses
        AND (SELECT {LICENSE_NAME} FROM catalog_card c WHERE c.id = {{0}}.card_id) IS NOT DISTINCT FROM d.name
"""  # noqa: S608 (its parts are constants)
_REVISIONS = f"""
    SELECT d.id, h.id, b.ids
    FROM (
        SELECT v.id, v.entry_id, v.licenses, v.imported_at, e.latest_id, {LICENSE_NAME} AS name
        FROM catalog_version v JOIN catalog_entry e ON e.id = v.entry_id LEFT JOIN catalog_card c ON c.id = v.card_id
        WHERE v.id = ANY(%s::bigint[])
            AND EXISTS (SELECT FROM catalog_version o WHERE o.entry_id = v.entry_id AND o.id <> v.id)
    ) d
    LEFT JOIN catalog_version h
        ON h.id = d.latest_id AND h.id <> d.id AND NOT ({_SAME.format("h")})
    CROSS JOIN LATERAL (SELECT ARRAY(
        SELECT p.id FROM catalog_version p
        WHERE p.entry_id = d.entry_id AND (p.imported_at, p.id) < (d.imported_at, d.id)
            AND p.imported_at > d.imported_at - interval '1 year' AND NOT ({_SAME.format("p")})
        ORDER BY p.imported_at DESC, p.id DESC LIMIT 10
    ) AS ids) b
    WHERE h.id IS NOT NULL OR b.ids <> '{{}}'
"""  # noqa: S608 (its parts are constants)
_FILES = """
    SELECT f.version_id, f.path, f.sha256, f.git_oid, t.fingerprint, t.copyright <> '[]',
        CASE WHEN f.path ~* '(^|/)notice[^/]*$' AND f.version_id = ANY(a.versions)
            THEN substring(t.raw FOR a.number) END
    FROM (SELECT %s::int, %s::bigint[]) a (number, versions), catalog_file f
    LEFT JOIN catalog_licencetext t ON t.version_id = f.version_id AND t.path = f.path
    WHERE f.version_id = ANY(%s::bigint[]) AND f.role = 'licence' ORDER BY f.version_id, f.path
"""
_DOWN = """
    WITH RECURSIVE down (entry_id) AS (
        SELECT unnest({start})
        UNION
        SELECT v.entry_id
        FROM down d JOIN catalog_edge e ON e.to_entry_id = d.entry_id JOIN catalog_version v ON v.id = e.version_id
    )
"""
_BELOW = f"""
    {_DOWN.format(start="%(entries)s::bigint[]")}
    SELECT e.version_id FROM down d JOIN catalog_edge e ON e.to_entry_id = d.entry_id
    UNION
    SELECT id FROM catalog_version WHERE entry_id = ANY(%(of)s::bigint[])
    ORDER BY 1
"""  # noqa: S608 (its parts are constants)
_ENTRIES_BELOW = f"{_DOWN.format(start='%s::bigint[]')} SELECT entry_id FROM down ORDER BY 1"  # noqa: S608 (constants)
