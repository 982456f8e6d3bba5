"""Transactions a second that each write one ledger event, against the same transactions without a ledger.

    python bench/ledger.py [--writers 4] [--rounds 5] [--seconds 3]

Makes a database of its own on the servers that the tests use, and drops it. Each writer is a process that makes use
cases, one of the product's smallest changes: roles read, one row written, one event recorded; with fsync and
synchronous_commit on. In the turn without a ledger the same service runs and nothing is recorded. Turns alternate; the
median of their ratios is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
AT_LEAST = 0.85


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--child", nargs=3, metavar=("TURN", "DATABASE", "SECONDS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    _setup()
    if options.child:
        turn, database, seconds = options.child
        print(_write(turn, database, float(seconds)))
        return
    from django.db import connection

    database = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW fsync")
            if cursor.fetchone() != ("on",):
                sys.exit("the server runs without fsync: that measures nothing")
        rounds = [{turn: _turn(turn, database, options) for turn in ("without", "with")} for _ in range(options.rounds)]
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    ratio = statistics.median(one["with"] / one["without"] for one in rounds)
    for turn in ("without", "with"):
        print(f"  {turn:<8} a ledger {statistics.median(one[turn] for one in rounds):7.0f} transactions/s")
    print(f"  with to without: {ratio:.2f} (at least {AT_LEAST}); {json.dumps(rounds)}")
    if ratio < AT_LEAST:
        sys.exit("the bound is not held")


def _setup() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    # As durable as the product is: the tests' settings are not.
    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    django.setup()


def _turn(turn: str, database: str, options: argparse.Namespace) -> float:
    writing = [
        subprocess.Popen(
            [sys.executable, __file__, "--child", turn, database, str(options.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(options.writers)
    ]
    for one in writing:  # all have a connection before the first begins
        _end(one.stdout).readline()
    for one in writing:
        print("go", file=_end(one.stdin), flush=True)
    return sum(float(one.communicate()[0]) for one in writing)


def _end(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the writer has no pipe")
    return pipe


def _write(turn: str, database: str, seconds: float) -> float:
    """Transactions a second of one writer."""
    from django.db import connection
    from django.utils import timezone

    from governance.catalog.use_cases import create_use_case
    from governance.ledger import services as ledger
    from tests.factories import TeamFactory, member

    connection.close()
    connection.settings_dict["NAME"] = database
    mine = f"bench-{os.getpid()}"
    team = TeamFactory(slug=mine, name=mine)
    person = member(team, "risk_officer", email=f"{mine}@example.org")
    if turn == "without":
        ledger.record = lambda **_event: None  # type: ignore[assignment,return-value]  # the floor keeps no event
    print("ready", flush=True)
    sys.stdin.readline()
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        number += 1
        create_use_case(
            slug=f"{mine}-{number}",
            name="Bench",
            purpose="Bench",
            owner_team=team,
            tier="high",
            by=person,
            at=timezone.now(),
        )
    return number / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
