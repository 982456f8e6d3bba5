"""Cards and Hub answers stored a second, against a plain COPY of the same bytes into one table.

    python bench/import_cards.py [--cards DIR] [--answers DIR] [--rounds 3]

Makes a database of its own on the servers that the tests use, and drops it. Every import is ``manage.py
import_cards`` in a process of its own, whose seconds and peak memory are what is printed. The floor is what
PostgreSQL alone takes to swallow the raw bytes: no parsing, no index, no audit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "cards"
BULK = "hub_2022_bulk_*.jsonl.gz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=Path, default=DATA / "models", help="folder of namespace__name.md files")
    parser.add_argument("--answers", type=Path, default=DATA / "hub_api", help="folder of hub_2022_bulk_*.jsonl.gz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, metavar=("TASK", "FOLDER", "DATABASE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    _setup()
    if options.child:
        task, folder, database = options.child
        print(json.dumps(_child(task, Path(folder), database)))
        return
    if not options.cards.is_dir():
        sys.exit(f"there is no folder {options.cards}; name one with --cards")
    rounds = [_round(options.cards, options.answers) for _ in range(options.rounds)]
    _print(rounds)


def _setup() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    # As durable as the product is: the tests' settings are not.
    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    django.setup()


def _round(cards: Path, answers: Path) -> dict[str, dict[str, Any]]:
    from django.db import connection

    database = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        found = {"floor": _run("floor", cards, database)}
        found["first"] = _run("import", cards, database)
        found["second"] = _run("import", cards, database)
        packed = sorted(answers.glob(BULK))
        if packed:
            with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
                for file in packed:
                    Path(folder, file.name).symlink_to(file.resolve())
                found["answers"] = _run("import", Path(folder), database)
        return found
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def _run(task: str, folder: Path, database: str) -> dict[str, Any]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--child", task, str(folder), database],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return {**json.loads(done.stdout), "wall": time.perf_counter() - began}


def _child(task: str, folder: Path, database: str) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    if task == "floor":
        return _floor(folder)
    out = StringIO()
    call_command("import_cards", str(folder), format="json", stdout=out, stderr=StringIO())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**json.loads(out.getvalue()), "peak_mb": peak}


def _floor(folder: Path) -> dict[str, Any]:
    """Read the files and COPY their bytes into one table without an index."""
    from django.db import connection

    began, number = time.perf_counter(), 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (name text, raw bytea)")
        with cursor.copy("COPY bench_floor (name, raw) FROM STDIN") as copy:
            for path in sorted(folder.glob("*.md")):
                copy.write_row((path.name, path.read_bytes()))
                number += 1
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_floor")
    return {"read": number, "seconds": took}


def _print(rounds: list[dict[str, dict[str, Any]]]) -> None:
    def median(task: str, name: str) -> float:
        return float(statistics.median(one[task][name] for one in rounds))

    cards = rounds[0]["first"]
    floor, first, second = (median(task, "seconds") for task in ("floor", "first", "second"))
    print(f"{cards['read']} cards, {sum(cards['findings'].values())} findings; medians of {len(rounds)}")
    number = cards["read"]
    print(f"  floor, COPY of the raw bytes  {floor:7.2f} s  {number / floor:8.0f} cards/s")
    print(f"  import into an empty database {first:7.2f} s  {number / first:8.0f} cards/s  {first / floor:.1f} x floor")
    print(
        f"  the same again, unchanged     {second:7.2f} s  {number / second:8.0f} cards/s  {first / second:.1f} x first"
    )
    print(f"  peak memory {median('first', 'peak_mb'):.0f} MB")
    if "answers" in rounds[0]:
        answers = rounds[0]["answers"]
        took = median("answers", "seconds")
        print(f"{answers['read']} Hub answers, {sum(answers['findings'].values())} findings")
        print(f"  import                        {took:7.2f} s  {answers['read'] / took:8.0f} answers/s")
        print(f"  peak memory {median('answers', 'peak_mb'):.0f} MB")
    for one in rounds:
        print(
            "  "
            + json.dumps({task: {k: v for k, v in found.items() if k != "findings"} for task, found in one.items()})
        )


if __name__ == "__main__":
    main()
