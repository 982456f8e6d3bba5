"""What becomes of licences that are judged again when the worker is killed in the middle."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from audits.models import Finding, Run
from governance.catalog.models import Edge, Entry, Version
from governance.licensing import reassessing, tasks
from governance.licensing.models import Reassessment, Standing
from tests.conftest import eventually
from tests.factories import NOON, UseCaseFactory
from tests.governance.licensing.graphs import NON_COMMERCIAL, OPEN, import_again, work
from tests.working import Worker

pytest_plugins = ["tests.workers"]
pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(600)]

WORKS = 6000


def below(base: Version) -> None:
    """Works that were made from one, each judged for a use case before."""
    use_case = UseCaseFactory()
    names = [f"acme/leaf-{n}" for n in range(WORKS)]
    entries = Entry.objects.bulk_create(
        [Entry(kind="model", source="local", repo_id=name, key=name, created_at=NOON) for name in names]
    )
    versions = Version.objects.bulk_create(
        [
            Version(
                entry=entry,
                revision=f"{n:040x}",
                digest=f"{n:064x}",
                assurance="listed",
                licenses=[OPEN],
                imported_at=NOON,
            )
            for n, entry in enumerate(entries, start=2**40)
        ]
    )
    for entry, version in zip(entries, versions, strict=True):
        entry.latest = version
    Entry.objects.bulk_update(entries, ["latest"], batch_size=1000)
    Edge.objects.bulk_create([Edge(version=one, to_entry=base.entry, relation="finetune") for one in versions])
    Run.objects.bulk_create(
        [
            Run(
                kind="license",
                kind_version=1,
                subject_name=version.entry.repo_id,
                subject_digest=version.digest,
                use_case=use_case.slug,
                inputs={},
                inputs_digest=version.digest,
                origin="observed",
                state="succeeded",
                verdict="pass",
                time_limit_s=60,
                requested_at=NOON,
                finished_at=NOON,
            )
            for version in versions
        ]
    )


def stored() -> int:
    return Run.objects.filter(verdict="conflict").count()


def test_a_worker_that_is_killed_in_the_middle_leaves_whole_pieces_and_the_next_one_ends_it(worker: Worker) -> None:
    base = work("acme/base", OPEN)
    below(base)
    import_again("acme/base", NON_COMMERCIAL)

    assert eventually(lambda: stored() > 0, within=300)
    worker.kill()

    assert eventually(lambda: not _others_write(), within=30)
    done = stored()
    assert 0 < done < WORKS
    assert done % reassessing.IN_ONE == 0
    assert Finding.objects.filter(run__verdict="conflict").values("run").distinct().count() == done
    row = Reassessment.objects.get(cause="import")
    assert row.state == "running"

    Reassessment.objects.update(lease_until=timezone.now())
    assert reassessing.sweep(wake=tasks.wake)
    reassessing.carry_out()

    row.refresh_from_db()
    assert (row.state, row.attempt) == ("done", 2)
    assert stored() == WORKS
    assert Run.objects.filter(verdict="conflict").values("subject_digest").distinct().count() == WORKS
    assert Standing.objects.filter(verdict="conflict").count() == WORKS + 1


def _others_write() -> bool:
    """Whether a statement of the worker is still going on in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0])
