"""One upstream licence changes: seconds until everything that was made from it is judged again and stored.

    python bench/licence_change.py [--descendants 10000] [--rounds 3]

Makes a database of its own on the servers that the tests use, and drops it. The works stand up to eight steps below
the one that changes, in the Hub's mix of relations; each was judged for a use case before, so each gets a new run with
its findings and a new standing. What is timed is the worker's whole pass: the graph read, every verdict, all rows. The
floor is a COPY of the very same rows of runs and findings into tables with the same indexes: nothing read, nothing
judged. Verdicts are printed, so that it can be seen that they changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEPTH = 8
RELATIONS = (("finetune", 45), ("quantized", 30), ("adapter", 20), ("merge", 5))
LICENCES = (("apache-2.0", 45), ("mit", 10), ("other", 5), ("cc-by-nc-4.0", 5), (None, 35))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--descendants", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    _setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        rounds = [_round(options.descendants, number) for number in range(options.rounds)]
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    _print(rounds, options.descendants)


def _setup() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    # As durable as the product is: the tests' settings are not.
    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    django.setup()


def _round(descendants: int, number: int) -> dict[str, Any]:
    from django.db import connection

    from audits.models import Run
    from governance.licensing import reassessing
    from governance.licensing.models import Reassessment

    base = _build(descendants, seed=number)
    _newest(base, "apache-2.0")
    _note(base)
    reassessing.carry_out()  # every work stands before the change
    before = Run.objects.count()
    changed = _newest(base, "cc-by-nc-4.0")
    _note(base)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    wall, cpu = time.perf_counter(), time.process_time()
    done = reassessing.carry_out()
    took, spent = time.perf_counter() - wall, time.process_time() - cpu
    if done.runs != descendants or Reassessment.objects.exclude(state="done").exists():
        sys.exit(f"{done.runs} of {descendants} runs were stored: nothing was measured")
    verdicts = Counter(Run.objects.order_by("pk")[before:].values_list("verdict", flat=True))
    return {"seconds": took, "cpu": spent, "changed": changed, **_floor(before), "verdicts": dict(verdicts)}


def _build(descendants: int, *, seed: int) -> Any:
    """A tree of works below one, written straight into the catalogue, each with a licence run for a use case."""
    from django.utils import timezone

    from audits.models import Run
    from governance.catalog.models import Edge, Entry, UseCase, Version
    from governance.people.models import Team

    drawn = random.Random(seed)  # noqa: S311 (a benchmark)
    now = timezone.now()
    team, _ = Team.objects.get_or_create(slug="bench", name="Bench")
    use_case, _ = UseCase.objects.get_or_create(
        slug="bench",
        defaults={
            "name": "Bench",
            "purpose": "Bench",
            "owner_team": team,
            "tier": "high",
            "licence_profile": {"purpose": "commercial", "mode": "redistribute_weights"},
        },
    )
    names = [f"bench-{seed}/work-{n}" for n in range(descendants + 1)]
    entries = Entry.objects.bulk_create(
        Entry(kind="model", source="local", repo_id=name, key=name, created_at=now) for name in names
    )
    versions = Version.objects.bulk_create(
        Version(
            entry=entry,
            revision=_sha(entry.repo_id),
            digest=_sha(entry.repo_id),
            assurance="listed",
            licenses=[said] if (said := _drawn(drawn, LICENCES)) else [],
            task="text-generation",
            imported_at=now,
        )
        for entry in entries
    )
    for entry, version in zip(entries, versions, strict=True):
        entry.latest = version
    Entry.objects.bulk_update(entries, ["latest"], batch_size=2000)
    levels: list[list[int]] = [[0], *([] for _ in range(DEPTH))]
    edges = []
    for at in range(1, descendants + 1):
        depth = min(DEPTH, 1 + int(drawn.expovariate(0.7)))
        while not levels[depth - 1]:
            depth -= 1
        levels[depth].append(at)
        above = drawn.choice(levels[depth - 1])
        edges.append(Edge(version=versions[at], to_entry=entries[above], relation=_drawn(drawn, RELATIONS)))
    Edge.objects.bulk_create(edges, batch_size=5000)
    Run.objects.bulk_create(
        (
            Run(
                kind="license",
                kind_version=1,
                subject_name=version.entry.repo_id,
                subject_digest=version.digest,
                use_case=use_case.slug,
                inputs={},
                inputs_digest=_sha(f"old {version.digest}"),
                origin="observed",
                state="succeeded",
                verdict="pass",
                time_limit_s=60,
                requested_at=now,
                finished_at=now,
            )
            for version in versions[1:]
        ),
        batch_size=5000,
    )
    return entries[0]


def _newest(entry: Any, licence: str) -> str:
    from django.utils import timezone

    from governance.catalog.models import Version

    sha = _sha(f"{entry.repo_id} {licence}")
    version = Version.objects.create(
        entry=entry, revision=sha, digest=sha, assurance="listed", licenses=[licence], imported_at=timezone.now()
    )
    entry.latest = version
    entry.save(update_fields=["latest"])
    return licence


def _note(entry: Any) -> None:
    from django.utils import timezone

    from governance.licensing.models import Cause, Reassessment

    Reassessment.objects.create(cause=Cause.IMPORT, entries=[entry.pk], requested_at=timezone.now())


def _floor(before: int) -> dict[str, Any]:
    """COPY of the rows that were stored, into tables with the same columns and indexes."""
    from django.db import connection

    from audits.models import Finding, Run

    first = Run.objects.order_by("pk").values_list("pk", flat=True)[before]
    took, rows = 0.0, {}
    with connection.cursor() as cursor:
        for model, column in ((Run, "id"), (Finding, "run_id")):
            table = model._meta.db_table
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            stored = f"SELECT * FROM {table} WHERE {column} >= {first}"  # noqa: S608 (our own names and number)
            with cursor.copy(f"COPY ({stored}) TO STDOUT") as out:
                data = [bytes(part) for part in out]
            rows[table] = len(data)
            began = time.perf_counter()
            with cursor.copy(f"COPY bench_{table} FROM STDIN") as into:
                for part in data:
                    into.write(part)
            took += time.perf_counter() - began
            cursor.execute(f"DROP TABLE bench_{table}")
    return {"floor": took, "runs": rows["audits_run"], "findings": rows["audits_finding"]}


def _drawn(source: random.Random, weighted: Any) -> Any:
    values, weights = zip(*weighted, strict=True)
    return source.choices(values, weights)[0]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _print(rounds: list[dict[str, Any]], descendants: int) -> None:
    def median(name: str) -> float:
        return float(statistics.median(one[name] for one in rounds))

    one, took, floor = rounds[0], median("seconds"), median("floor")
    print(f"one licence changes above {descendants} works; medians of {len(rounds)}")
    print(f"  floor, COPY of {one['runs']} runs and {one['findings']} findings  {floor:6.2f} s")
    print(f"  judged again and stored                     {took:6.2f} s  {took / floor:.1f} x floor")
    print(f"  of that this process's own                  {median('cpu'):6.2f} s")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    for each in rounds:
        print("  " + json.dumps(each))


if __name__ == "__main__":
    main()
