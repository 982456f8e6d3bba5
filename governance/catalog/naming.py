"""Whose entry a name is: finding, making, renaming and locking the entries that a batch of imports has to do with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from governance.catalog.models import Alias, Entry
from governance.catalog.readings import Link, Name, Reading
from governance.catalog.snapshots import LOCAL


@dataclass(frozen=True, slots=True)
class Importer:
    """On whose behalf rows are written.

    ``team_id`` owns entries that are new. ``teams`` are those whose entries may get versions, None for all.
    ``hub_source`` is the Hub that a card means where its own source is no Hub.
    """

    by_id: int | None
    team_id: int | None
    teams: Collection[int] | None
    hub_source: str
    at: dt.datetime


@dataclass(slots=True)
class Found:
    """An entry's row as it is while the batch is written."""

    id: int
    key: str
    repo_id: str
    latest_id: int | None
    team_id: int | None


class Names:
    """The entries of all names in a batch, looked up once."""

    def __init__(self, readings: Sequence[Reading], *, importer: Importer) -> None:
        """Find or make the entry of every subject, and of every name that a card links to."""
        self._importer = importer
        subjects = {reading.name: reading.snapshot.repo_id for reading in readings}
        asked = {name for reading in readings if (name := reading.asked_name) is not None}
        links = [(reading, link) for reading in readings for link in reading.links]
        meant = {name: link.repo_id for reading, link in links for name in self._meant(reading, link)}
        mentioned = {self._on_hub(name) for name in subjects if name.source == LOCAL}
        self._entries = _find({*subjects, *asked, *meant, *mentioned})
        for reading in readings:
            self._follow_rename(reading)
        for name in subjects:
            if name.source == LOCAL and name not in self._entries:
                self._take_over(name)
        wanted = {name: repo_id for name, repo_id in meant.items() if name.source != LOCAL} | subjects
        self._make({name: repo_id for name, repo_id in wanted.items() if name not in self._entries})
        for reading in readings:
            self._keep_aliases(reading)

    def subject(self, reading: Reading) -> Found:
        """The entry that a reading is a version of."""
        return self._entries[reading.name]

    def target(self, reading: Reading, link: Link) -> Found:
        """The entry that a link means. A local one only within the same team, so that no name tells of another's."""
        *local, last = self._meant(reading, link)
        own_team = self.subject(reading).team_id
        for name in local:
            found = self._entries.get(name)
            if found and found.latest_id is not None and found.team_id in (None, own_team):
                return found
        return self._entries[last]

    def _meant(self, reading: Reading, link: Link) -> list[Name]:
        """The names that a link can mean, the likeliest first: a Hub's card means the same Hub."""
        source = reading.snapshot.source
        if source != LOCAL:
            return [Name(source, link.kind, link.key)]
        return [Name(LOCAL, link.kind, link.key), Name(self._importer.hub_source, link.kind, link.key)]

    def _on_hub(self, name: Name) -> Name:
        return Name(self._importer.hub_source, name.kind, name.key)

    def _follow_rename(self, reading: Reading) -> None:
        """A repository that the Hub redirects keeps its entry. One that was only a name takes the newer name."""
        asked = reading.asked_name
        if asked is None or reading.name in self._entries or asked not in self._entries:
            return
        found = self._entries[reading.name] = self._entries[asked]
        if found.latest_id is None:
            found.key, found.repo_id = reading.name.key, reading.snapshot.repo_id
            Entry.objects.filter(pk=found.id).update(key=found.key, repo_id=found.repo_id)

    def _take_over(self, name: Name) -> None:
        """A name on the Hub that only local cards of the same team have mentioned was this all along."""
        there = self._entries.get(self._on_hub(name))
        if there is None or there.latest_id is not None:
            return
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_OVER, {"local": LOCAL, "entry": there.id, "team": self._importer.team_id})
            if cursor.rowcount:
                self._entries[name] = there
                del self._entries[self._on_hub(name)]

    def _make(self, missing: dict[Name, str]) -> None:
        """Make entries, placeholders until a version is theirs; in an order that is everybody's."""
        if not missing:
            return
        names = sorted(missing, key=dataclasses.astuple)
        with connection.cursor() as cursor:
            cursor.execute(_MAKE, [self._importer.at, *_columns(names), [missing[name] for name in names]])
        self._entries.update(_find(names))

    def _keep_aliases(self, reading: Reading) -> None:
        if reading.asked_name is None:
            return
        found = self._entries[reading.name]
        for name in (reading.name, reading.asked_name):
            there = self._entries.get(name, found)
            if name.key != found.key and (there is found or there.latest_id is None):
                Alias.objects.get_or_create(
                    source=name.source, kind=name.kind, key=name.key, defaults={"entry_id": found.id}
                )
                self._entries[name] = found


def lock(entries: Iterable[Found]) -> None:
    """Lock entries in the order of their ids, and learn what has become of them until then."""
    by_id = {found.id: found for found in entries}
    with connection.cursor() as cursor:
        # Not FOR UPDATE: others may go on linking to these entries meanwhile.
        cursor.execute(
            "SELECT id, key, repo_id, latest_id, team_id FROM catalog_entry WHERE id = ANY(%s) ORDER BY id"
            " FOR NO KEY UPDATE",
            [sorted(by_id)],
        )
        for entry_id, key, repo_id, latest_id, team_id in cursor.fetchall():
            found = by_id[entry_id]
            found.key, found.repo_id, found.latest_id, found.team_id = key, repo_id, latest_id, team_id


def move_latest(entries: Iterable[Found]) -> None:
    """Write what has become of entries: their newest version, spelling and team."""
    rows = {found.id: (found.id, found.latest_id, found.repo_id, found.team_id) for found in entries}
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_LATEST, [list(column) for column in zip(*rows.values(), strict=True)])


def _find(names: Collection[Name]) -> dict[Name, Found]:
    """Entries by name: a catalogued entry before an alias, and that before a name without versions."""
    found: dict[int, Found] = {}
    rank: dict[Name, tuple[int, int]] = {}
    sources, kinds, keys = _columns(list(names))
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"sources": sources, "kinds": kinds, "keys": keys})
        for source, kind, key, *entry, is_alias in cursor.fetchall():
            one = found.setdefault(entry[0], Found(*entry))
            better = (1 if is_alias else 2 if one.latest_id is None else 0, one.id)
            name = Name(source, kind, key)
            rank[name] = min(rank.get(name, better), better)
    return {name: found[entry_id] for name, (_, entry_id) in rank.items()}


def _columns(names: Sequence[Name]) -> tuple[list[str], list[str], list[str]]:
    return [name.source for name in names], [name.kind for name in names], [name.key for name in names]


_FIND = """
    SELECT source, kind, n.key, e.id, e.key, e.repo_id, e.latest_id, e.team_id, FALSE
    FROM unnest(%(sources)s::text[], %(kinds)s::text[], %(keys)s::text[]) AS n (source, kind, key)
    JOIN catalog_entry e USING (source, kind, key)
    UNION ALL
    SELECT n.source, n.kind, n.key, e.id, e.key, e.repo_id, e.latest_id, e.team_id, TRUE
    FROM unnest(%(sources)s::text[], %(kinds)s::text[], %(keys)s::text[]) AS n (source, kind, key)
    JOIN catalog_alias a USING (source, kind, key)
    JOIN catalog_entry e ON e.id = a.entry_id
"""
_MAKE = """
    INSERT INTO catalog_entry (created_at, source, kind, key, repo_id)
    SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT (source, kind, key) DO NOTHING
"""
_TAKE_OVER = """
    UPDATE catalog_entry e SET source = %(local)s
    WHERE e.id = %(entry)s AND e.latest_id IS NULL
        AND EXISTS (SELECT FROM catalog_edge WHERE to_entry_id = e.id)
        AND NOT EXISTS (
            SELECT FROM catalog_edge
            JOIN catalog_version v ON v.id = version_id
            JOIN catalog_entry s ON s.id = v.entry_id
            WHERE to_entry_id = e.id AND (s.source <> %(local)s OR s.team_id IS DISTINCT FROM %(team)s)
        )
"""
_MOVE_LATEST = """
    UPDATE catalog_entry e SET latest_id = n.latest_id, repo_id = n.repo_id, team_id = n.team_id
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[]) AS n (id, latest_id, repo_id, team_id)
    WHERE e.id = n.id
"""
