"""What can be done in the catalogue: import, ask for imports, keep use cases with their audit plans."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.db import transaction

from governance.catalog import snapshots, tasks
from governance.catalog.bulk import ImportReport, bulk_import
from governance.catalog.importing import (
    Imported,
    ImportNotAllowed,
    hub_source,
    import_card,
    import_snapshot,
    is_folder,
    require_may_import,
)
from governance.catalog.models import ImportRequest
from governance.catalog.use_cases import (
    NotAKeeper,
    StaleUseCase,
    UseCaseRefused,
    change_use_case,
    create_use_case,
    current_plan,
    may_keep,
    put_audit_plan,
)
from governance.people.models import Team, User

__all__ = [
    "ImportNotAllowed",
    "ImportReport",
    "Imported",
    "NotAKeeper",
    "StaleUseCase",
    "UseCaseRefused",
    "bulk_import",
    "change_use_case",
    "create_use_case",
    "current_plan",
    "hub_source",
    "import_card",
    "import_snapshot",
    "is_folder",
    "may_keep",
    "put_audit_plan",
    "request_import",
]


@transaction.atomic
def request_import(
    *, repo_id: str, kind: str, revision: str | None = None, team: Team | None = None, by: User, at: dt.datetime
) -> ImportRequest:
    """Have a worker import a repository of the Hub. It hears of it once this transaction has committed.

    Raises:
        SnapshotRefused: ``bad_repo_id``, ``unknown_kind``, ``revision_must_be_commit_sha``.
        ImportNotAllowed: the person is no submitter, or not of this team.
    """
    require_may_import(by=by, team=team)
    request = ImportRequest.objects.create(
        kind=snapshots.valid_kind(kind),
        repo_id=snapshots.valid_repo_id(repo_id),
        revision="" if revision is None else snapshots.valid_commit(revision),
        team=team,
        requested_by=by,
        requested_at=at,
        due_at=at,
        told_at=at,
    )
    transaction.on_commit(partial(tasks.wake, request_id=request.pk))
    return request
