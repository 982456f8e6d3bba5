"""A month's report over generated history: seconds, memory and bytes of its document, by versions decided on.

    python bench/report.py [--versions 1000 2000 5000 10000]

Makes a database of its own on the servers that the tests use, and drops it. One version goes the whole way (audits,
votes, a decision, an approval); its rows are then copied in the database under other names and digests, so that every
version has a card, a licence and a bias audit with findings and stored results, votes and a decision in the month. The
results lie in the store once and are read, checked and written for each. Each size is compiled in a process of its own,
whose largest memory is told. The floor is a COPY of the very same rows to a file as JSON, and the SHA-256 of as many
bytes as the document has. Bounds: 10,000 versions in 120 s and 1 GB, and time in proportion to versions.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOUNDS = {"seconds": 120.0, "megabytes": 1_000.0, "growth": 1.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, nargs="+", default=[1_000, 2_000, 5_000, 10_000])
    parser.add_argument("--compile", help=argparse.SUPPRESS)
    options = parser.parse_args()
    _setup(options.compile)
    if options.compile:
        print(json.dumps(_compile()))
        return
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _approve_one()
        rounds = [_round(versions) for versions in sorted(options.versions)]
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    _print(rounds)


def _setup(database: str | None) -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    settings.RUN_LEASE_S = 3600
    if database:
        settings.DATABASES["default"]["NAME"] = database
    django.setup()


def _approve_one() -> None:
    from tests.governance.world import World

    World().approved()


def _round(versions: int) -> dict[str, Any]:
    from django.db import connection

    from governance.catalog.models import Version

    _grow(versions - Version.objects.count())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    told = subprocess.run(
        [sys.executable, __file__, "--compile", connection.settings_dict["NAME"]],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return {"versions": versions, **found, "floor": _floor(found["bytes"])}


def _compile() -> dict[str, Any]:
    """In a process of its own: the edition of this month."""
    import datetime as dt

    from django.utils import timezone

    from governance.reports import services
    from governance.reports.periods import read_period
    from governance.reports.reading import open_document

    now = timezone.now() + dt.timedelta(minutes=5)
    period = read_period(f"{now:%Y-%m}", time_zone="UTC")
    wall, cpu = time.perf_counter(), time.process_time()
    edition = services.compile(period=period, team=None, by=None, at=now)
    took, spent = time.perf_counter() - wall, time.process_time() - cpu
    with open_document(edition) as document:
        shown = document.count("versions")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    return {"seconds": took, "cpu": spent, "megabytes": peak, "bytes": edition.bytes, "shown": shown}


# --- history ---------------------------------------------------------------------------------------------------------

# For each table the columns that a copy has of its own; the others are those of the first row that is copied.
_COPIES = (
    (
        "catalog_entry",
        "id = %(entry)s",
        {"repo_id": "'bench/work-' || n", "key": "'bench/work-' || n", "latest_id": "NULL"},
    ),
    (
        "catalog_version",
        "id = %(version)s",
        {
            "entry_id": "(SELECT id FROM catalog_entry WHERE key = 'bench/work-' || n)",
            "digest": "encode(sha256(('bench' || n)::bytea), 'hex')",
            "revision": "encode(sha256(('bench' || n)::bytea), 'hex')",
        },
    ),
    (
        "audits_run",
        "subject_digest = %(digest)s",
        {
            "subject_digest": "encode(sha256(('bench' || n)::bytea), 'hex')",
            "inputs_digest": "encode(sha256((row.inputs_digest || n)::bytea), 'hex')",
        },
    ),
    ("reviews_submission", "id = %(submission)s", {"version_id": "(SELECT id FROM copied WHERE copied.n = each.n)"}),
    ("gates_approval", "version_id = %(version)s", {"version_id": "(SELECT id FROM copied WHERE copied.n = each.n)"}),
)


def _grow(more: int) -> None:
    """Copy the first version's history under new names."""
    from django.db import connection

    from audits.models import Run
    from governance.catalog.models import Version
    from governance.reviews.models import Submission

    if more <= 0:
        return
    first, submission = Version.objects.order_by("pk")[0], Submission.objects.order_by("pk")[0]
    given = {"entry": first.entry_id, "version": first.pk, "digest": first.digest, "submission": submission.pk}
    begins = Version.objects.count()
    runs = list(Run.objects.filter(subject_digest=first.digest).order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("CREATE TEMP TABLE each AS SELECT generate_series(%s, %s) AS n", [begins, begins + more - 1])
        cursor.execute("CREATE TEMP TABLE copied (n bigint, id bigint)")
        for table, where, own in _COPIES:
            _copy(cursor, table, where, own, given)
            if table == "catalog_version":
                cursor.execute(
                    "INSERT INTO copied SELECT each.n, v.id FROM each JOIN catalog_version v"
                    " ON v.digest = encode(sha256(('bench' || each.n)::bytea), 'hex')"
                )
                cursor.execute("CREATE INDEX ON copied (n)")
        _copy_votes_and_decisions(cursor, given)
        _copy_findings(cursor, runs)
        cursor.execute("DROP TABLE each, copied")
        cursor.execute("RESET session_replication_role")


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
        " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


def _copy(cursor: Any, table: str, where: str, own: dict[str, str], given: dict[str, Any]) -> None:
    names = _columns(cursor, table)
    values = ", ".join(own.get(name, f'row."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} row, each WHERE row.{where}",  # noqa: S608 (ours)
        given,
    )


def _copy_votes_and_decisions(cursor: Any, given: dict[str, Any]) -> None:
    cursor.execute(
        "CREATE TEMP TABLE submitted AS SELECT c.n, s.id, a.id AS approval FROM copied c"
        " JOIN reviews_submission s ON s.version_id = c.id JOIN gates_approval a ON a.version_id = c.id"
    )
    for table, own in (
        ("reviews_vote", {"submission_id": "each.id"}),
        ("reviews_decision", {"submission_id": "each.id", "approval_id": "each.approval", "facts": _FACTS}),
    ):
        names = _columns(cursor, table)
        values = ", ".join(own.get(name, f'row."{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} row, submitted AS each"  # noqa: S608 (ours)
            " WHERE row.submission_id = %(submission)s",
            given,
        )
    cursor.execute("DROP TABLE submitted")


# The facts of a decision name its own version's audits.
_FACTS = """jsonb_set(row.facts, '{audits}', (
    SELECT jsonb_agg(fact || jsonb_build_object('run', (
        SELECT r.id FROM audits_run r WHERE r.kind = fact->>'kind'
        AND r.subject_digest = encode(sha256(('bench' || each.n)::bytea), 'hex') LIMIT 1)))
    FROM jsonb_array_elements(row.facts->'audits') AS fact))"""


def _copy_findings(cursor: Any, runs: list[int]) -> None:
    names = _columns(cursor, "audits_finding")
    values = ", ".join("r.id" if name == "run_id" else f'f."{name}"' for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f"INSERT INTO audits_finding ({listed}) SELECT {values} FROM each"  # noqa: S608 (ours)
        " JOIN audits_run r ON r.subject_digest = encode(sha256(('bench' || each.n)::bytea), 'hex')"
        " JOIN audits_run o ON o.id = ANY(%s) AND o.kind = r.kind JOIN audits_finding f ON f.run_id = o.id",
        [runs],
    )


# --- the floor -------------------------------------------------------------------------------------------------------


def _floor(size: int) -> float:
    """Seconds for the same rows as JSON to a file, and the digest of as many bytes."""
    import hashlib

    from django.db import connection

    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, connection.cursor() as cursor:
        for table in ("catalog_version", "reviews_decision", "reviews_vote", "audits_run", "audits_finding"):
            with cursor.copy(f"COPY (SELECT row_to_json(one) FROM {table} one) TO STDOUT") as rows:  # noqa: S608 (ours)
                for some in rows:
                    out.write(some)
    digest, block = hashlib.sha256(), b"0" * (1 << 20)
    for _ in range(0, size, len(block)):
        digest.update(block)
    return time.perf_counter() - began


def _print(rounds: list[dict[str, Any]]) -> None:
    heads = {"versions": 9, "shown": 7, "seconds": 8, "cpu": 7, "MB": 6, "document MB": 12, "floor s": 8, "ratio": 6}
    print(" ".join(name.rjust(width) for name, width in heads.items()))
    for one in rounds:
        ratio = one["seconds"] / one["floor"]
        print(
            f"{one['versions']:>9,} {one['shown']:>7,} {one['seconds']:>8.1f} {one['cpu']:>7.1f}"
            f" {one['megabytes']:>6.0f} {one['bytes'] / 1e6:>12.1f} {one['floor']:>8.2f} {ratio:>6.1f}"
        )
    first, last = rounds[0], rounds[-1]
    growth = (last["cpu"] / last["versions"]) / (first["cpu"] / first["versions"])
    print(f"processor seconds a version, largest against smallest: {growth:.2f} (bound {BOUNDS['growth']})")
    if any(one["shown"] != one["versions"] for one in rounds):
        sys.exit("not every version was shown: nothing was measured")
    late = last["seconds"] > BOUNDS["seconds"] and last["versions"] <= 10_000
    if late or last["megabytes"] > BOUNDS["megabytes"] or growth > BOUNDS["growth"]:
        sys.exit("over the bounds")


if __name__ == "__main__":
    main()
