"""What can be done in the catalogue: import, ask for imports, keep use cases with their audit plans."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.db import IntegrityError, transaction

from governance.catalog import fetching, repository_names, subject_kinds, tasks
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
from governance.catalog.models import FetchRequest, ImportRequest, Version
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
from governance.people.models import Role, Team, User
from governance.people.queries import standing_now

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
    "request_fetch",
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
        kind=subject_kinds.valid_kind(kind),
        repo_id=repository_names.valid_repo_id(repo_id),
        revision="" if revision is None else repository_names.valid_commit(revision),
        team=team,
        requested_by=by,
        requested_at=at,
        due_at=at,
        told_at=at,
    )
    transaction.on_commit(partial(tasks.wake, request_id=request.pk))
    return request


def request_fetch(*, version: Version, by: User, at: dt.datetime) -> FetchRequest:
    """Have the files of a version fetched; the open request where there is one.

    Raises:
        FetchRefused: ``not_allowed``, ``not_of_the_hub``, ``nothing_to_fetch``.
    """
    if standing_now(by).teams_with(Role.SUBMITTER, Role.ADMIN) == []:
        raise fetching.FetchRefused("not_allowed", "fetching needs the role submitter; ask an administrator for it")
    if not fetching.can_be_fetched(version):
        raise fetching.FetchRefused(
            "not_of_the_hub",
            "this version is not one of the Hub's with a commit and listed hashes; upload its files instead",
        )
    if not fetching.missing_files(version):
        raise fetching.FetchRefused("nothing_to_fetch", "every file of this version is in the store already")
    try:
        with transaction.atomic():
            made = FetchRequest.objects.create(version=version, requested_by=by, requested_at=at, due_at=at)
            transaction.on_commit(partial(tasks.wake_fetch, request_id=made.pk))
    except IntegrityError:
        return FetchRequest.objects.get(version=version, state__in=fetching.OPEN)
    return made
