"""Bringing one repository into the catalogue, from the Hub or from a folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from governance.catalog import fetching, folders, hub, readings, storing
from governance.catalog.models import Entry, SubjectKind, Version
from governance.catalog.naming import Importer
from governance.catalog.snapshots import Progress, Snapshot, SnapshotRefused
from governance.catalog.storing import CannotBeStored, Stored
from governance.ledger import services as ledger
from governance.people.models import Role, Team, User
from governance.people.queries import standing_now

FOLDER_BEGINS_WITH = ("/", "./", "../", "~")
IMPORTERS = (Role.SUBMITTER, Role.ADMIN)


class ImportNotAllowed(SnapshotRefused):
    """The person may not import, or not for this team."""


@dataclass(frozen=True)
class Imported:
    """What an import came to: the version, and whether it is new.

    ``change`` is ``created`` for an entry's first version, ``updated`` for a further one, ``unchanged`` when this
    very version was there: then nothing was written. ``skipped`` are paths of the folder that were left out.
    """

    version: Version
    change: str
    skipped: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        return self.version.entry


def is_folder(repo_or_dir: str) -> bool:
    """Whether a subject is a path: it begins with ``/``, ``./``, ``../`` or ``~``. All else is a repository id."""
    return repo_or_dir.startswith(FOLDER_BEGINS_WITH)


def hub_source() -> str:
    """The source of entries from the Hub that is configured."""
    return hub.source_of(settings.HF_ENDPOINT)


def import_card(
    *,
    repo_or_dir: str,
    kind: str | None = None,
    revision: str | None = None,
    repo_id: str | None = None,
    by: User | None,
    team: Team | None = None,
    at: dt.datetime,
    progress: Progress | None = None,
) -> Imported:
    """Import a repository of the Hub at one commit, or a local folder.

    Args:
        kind: model, dataset or space. Of the Hub a model where it is not given; a folder's is guessed.
        revision: a commit of 40 hex digits; without one the Hub's newest, which is resolved and recorded.
        repo_id: what a folder is called, ``namespace/name``; the Hub's repositories have their own.
        by: who imports; None is the operator at the machine.
        team: who owns the entry if it is new; without one everybody sees it.
        progress: called with done and known: bytes of a folder, questions to the Hub.

    Raises:
        SnapshotRefused: what was given cannot be read or may not be imported; the message says how to mend it.
        HubRefused: the Hub does not give it.
    """
    if not is_folder(repo_or_dir):
        if repo_id is not None:
            raise SnapshotRefused(
                "id_of_hub_repository",
                "a repository of the Hub keeps its own id: leave --id out; or name a folder by a path that begins"
                " with /, ./, ../ or ~",
            )
        return import_from_hub(
            repo_id=repo_or_dir, kind=kind, revision=revision, by=by, team=team, at=at, progress=progress
        )
    if revision is not None:
        raise SnapshotRefused(
            "revision_of_folder", "a folder has no commit: leave the revision out, its digest will stand for it"
        )
    if repo_id is None:
        raise SnapshotRefused("id_required", "say what the folder is called: --id namespace/name")
    teams = _teams(by, team)
    snapshot = folders.from_folder(
        repo_or_dir, kind=kind, repo_id=repo_id, progress=progress, max_card_bytes=settings.MAX_CARD_BYTES
    )
    return _import(snapshot, by=by, team=team, teams=teams, at=at)


def import_from_hub(
    *,
    repo_id: str,
    kind: str | None = None,
    revision: str | None = None,
    by: User | None,
    team: Team | None = None,
    at: dt.datetime,
    progress: Progress | None = None,
) -> Imported:
    """Import a repository of the Hub with what its scanners say of the files; see ``import_card``."""
    teams = _teams(by, team)
    snapshot = hub.fetch(
        repo_id,
        kind=kind or SubjectKind.MODEL.value,
        revision=revision,
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or None,
        progress=progress,
        max_card_bytes=settings.MAX_CARD_BYTES,
    )
    if snapshot.private and by is not None and team is None:
        raise SnapshotRefused(
            "team_required", f"{snapshot.repo_id} is private on the Hub: name the team that is to see it here"
        )
    imported = _import(snapshot, by=by, team=team, teams=teams, at=at)
    fetching.keep_hub_scan(version=imported.version, snapshot=snapshot, at=at)
    return imported


def import_snapshot(*, snapshot: Snapshot, by: User | None, team: Team | None, at: dt.datetime) -> Imported:
    """Catalogue a snapshot in one transaction: entry, version, card, files, lineage, the card's audit, ledger event.

    A digest that is there already writes nothing. Names that the card mentions and nobody has imported become
    entries without versions.

    Raises:
        SnapshotRefused: ``not_allowed``, ``entry_of_another_team``, ``card_differs``, ``cannot_be_stored``.
    """
    return _import(snapshot, by=by, team=team, teams=_teams(by, team), at=at)


def _import(
    snapshot: Snapshot, *, by: User | None, team: Team | None, teams: list[int] | None, at: dt.datetime
) -> Imported:
    importer = Importer(
        by_id=by.pk if by is not None else None,
        team_id=team.pk if team is not None else None,
        teams=teams,
        hub_source=hub_source(),
        at=at,
    )
    reading = readings.read(snapshot)
    record = partial(_record, reading, by=by, at=at)
    try:
        (stored,) = storing.store([reading], importer=importer, record=record)
    except CannotBeStored as cannot:
        raise SnapshotRefused(
            "cannot_be_stored", f"{snapshot.repo_id} holds something that the database does not take: {cannot}"
        ) from cannot
    version = Version.objects.select_related("entry", "card").get(pk=stored.version_id)
    return Imported(version, stored.change, snapshot.skipped)


def _record(reading: readings.Reading, stored: Sequence[Stored], *, by: User | None, at: dt.datetime) -> None:
    ledger.record(
        verb="version.imported",
        object_kind="version",
        object_ref=str(stored[0].version_id),
        subject_digest=reading.digest,
        actor=by,
        at=at,
        detail={"kind": reading.snapshot.kind, "source": reading.snapshot.source, "change": stored[0].change},
    )


def require_may_import(*, by: User, team: Team | None) -> None:
    """Refuse at once what a person may not import for a team.

    Raises:
        ImportNotAllowed: the person is no submitter, or not of this team.
    """
    _teams(by, team)


def _teams(by: User | None, team: Team | None) -> list[int] | None:
    """The teams whose entries the person may add versions to; None for all.

    Raises:
        ImportNotAllowed: none, or not the one that is to own the entry.
    """
    if by is None:
        return None
    teams = standing_now(by).teams_with(*IMPORTERS)
    if teams is None:
        return None
    if not teams:
        raise ImportNotAllowed("not_allowed", "importing needs the role submitter; ask an administrator for it")
    if team is not None and team.pk not in teams:
        raise ImportNotAllowed(
            "not_allowed", f"you are not a submitter of the team {team.slug}; ask an administrator for the role"
        )
    return teams
