"""What the gate answers in a second, and how late, against a plain view on the same server.

    python bench/gate.py [--rounds 5] [--seconds 3] [--connections 4]

Makes a database of its own on the servers that the tests use, and drops it: one version with an approval in force
after the whole way to it (audits, votes, a decision). The server is the one of ``manage.py serve``: gunicorn, two
processes with four threads each, the product's settings and middleware, the application's role, fsync on. One client
process asks over a few connections that stay open. The floor is a Django function view there that checks the same
token by the same digest, reads one approval by raw SQL and answers JSON of the same size. Floor, whole answers and
304 answers take turns; medians of the rounds are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent
BOUNDS = {"rate": 0.5, "p95": 3.0, "unchanged": 1.2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn in a round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        print(json.dumps(_ask(**json.loads(options.client))))
        return
    _setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        asked = _approved()
        connection.close()
        with _server() as port:
            rounds = _rounds(asked, port, options)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    _print(rounds)


def _setup() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    # As durable as the product is: the tests' settings are not.
    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    settings.RUN_LEASE_S = 3600
    django.setup()


def _approved() -> dict[str, str]:
    """A version with an approval, and a token of who may ask: what the client has to know."""
    from django.utils import timezone

    from governance.people.services.tokens import issue_token
    from tests.governance.world import World

    world = World()
    world.approved()
    _, secret = issue_token(
        user=world.submitter, name="bench", scopes=("gate:read",), days=1, by=None, at=timezone.now()
    )
    version = world.version
    return {
        "gate": f"/api/v1/gate/{version.entry.kind}/{version.entry.repo_id}@{version.revision}",
        "floor": f"/floor/{version.revision}/",
        "query": urlencode({"use_case": world.use_case.slug, "stage": world.stage}),
        "token": secret,
    }


@contextlib.contextmanager
def _server() -> Iterator[int]:
    """The web server as ``manage.py serve`` starts it, on a free port."""
    from config.management.commands.serve import _web

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening, tempfile.TemporaryFile() as log:
        program = _web(listening, threads=4)
        running = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env=_environment(),
            pass_fds=program.pass_fds,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield listening.getsockname()[1]
        finally:
            running.terminate()
            running.wait(30)


def _environment() -> dict[str, str]:
    from django.conf import settings
    from django.db import connection

    from config import embedded

    at = connection.get_connection_params()
    known = {name: at[name] for name in ("host", "port", "user", "password", "dbname") if at.get(name)}
    if settings.EMBEDDED:
        known["user"] = embedded.APPLICATION
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")},
        "DJANGO_SETTINGS_MODULE": "bench.synthetic.gate_site",
        "DATABASE_URL": f"postgresql:///?{urlencode(known, quote_via=quote)}",
        "BROKER_URL": settings.CELERY_BROKER_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "SIGNING_KEY": settings.SIGNING_KEY,
        "ASSAY_PUBLIC_URL": settings.PUBLIC_URL,
    }


def _rounds(asked: dict[str, str], port: int, options: argparse.Namespace) -> list[dict[str, dict[str, float]]]:
    address = f"{asked['gate']}?{asked['query']}"
    once = _one(port, address, asked["token"])
    turns = {
        "floor": {"address": f"{asked['floor']}{once['size']}/?{asked['query']}"},
        "gate": {"address": address},
        "unchanged": {"address": address, "etag": once["etag"], "status": 304},
    }
    common = {"port": port, "token": asked["token"], "connections": options.connections}

    def turn(name: str, seconds: float) -> dict[str, float]:
        told = json.dumps({**common, "seconds": seconds, **turns[name]})
        done = subprocess.run([sys.executable, __file__, "--client", told], stdout=subprocess.PIPE, check=True)
        return dict(json.loads(done.stdout))

    for name in turns:
        turn(name, 1.0)  # every thread has its connection, every module is read
    return [{name: turn(name, options.seconds) for name in turns} for _ in range(options.rounds)]


def _one(port: int, address: str, token: str) -> dict[str, Any]:
    """One whole answer: its size and tag."""
    import http.client

    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asking.request("GET", address, headers={"Authorization": f"Bearer {token}"})
    answer = asking.getresponse()
    body = answer.read()
    if answer.status != 200 or json.loads(body)["verdict"] != "allow":
        sys.exit(f"the gate answers {answer.status}: {body[:300]!r}")
    return {"size": len(body), "etag": answer.headers["ETag"]}


# --- the client ---------------------------------------------------------------------------------------------------


def _ask(
    *, port: int, address: str, token: str, connections: int, seconds: float, etag: str = "", status: int = 200
) -> dict[str, float]:
    """Ask over connections that stay open, each again as soon as it has its answer."""
    lines = [f"GET {address} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {token}"]
    lines += [f"If-None-Match: {etag}"] if etag else []
    request, wanted = "\r\n".join([*lines, "", ""]).encode(), f"HTTP/1.1 {status} ".encode()
    waiting, took, until = selectors.DefaultSelector(), [], time.perf_counter() + seconds
    for _ in range(connections):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(request)
        waiting.register(one, selectors.EVENT_READ, [time.perf_counter(), b""])
    began = now = time.perf_counter()
    while now < until:
        for ready, _ in waiting.select(1.0):
            held: Any = ready.data
            connection: Any = ready.fileobj
            held[1] += connection.recv(1 << 16)
            if not _whole(held[1]):
                continue
            if not held[1].startswith(wanted):
                sys.exit(f"answered {held[1][:300]!r}")
            now = time.perf_counter()
            took.append(now - held[0])
            held[:] = [now, b""]
            connection.sendall(request)
        now = time.perf_counter()
    took.sort()
    return {
        "rate": len(took) / (now - began),
        "p50": took[len(took) // 2] * 1000,
        "p95": took[int(len(took) * 0.95)] * 1000,
    }


def _whole(received: bytes) -> bool:
    head, ended, body = received.partition(b"\r\n\r\n")
    if not ended:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return True


def _print(rounds: list[dict[str, dict[str, float]]]) -> None:
    def median(task: str, name: str) -> float:
        return statistics.median(one[task][name] for one in rounds)

    def ratio(of: str, to: str, name: str) -> float:
        """Of the turns of one round to each other, so that what else the machine does counts for both."""
        return statistics.median(one[of][name] / one[to][name] for one in rounds)

    for name, title in (("floor", "floor, a plain view"), ("gate", "gate"), ("unchanged", "gate, 304")):
        times = f"p50 {median(name, 'p50'):6.1f} ms  p95 {median(name, 'p95'):6.1f} ms"
        print(f"  {title:<20} {median(name, 'rate'):7.0f} /s  {times}")
    rate, late = ratio("gate", "floor", "rate"), ratio("gate", "floor", "p95")
    unchanged = ratio("unchanged", "gate", "rate")
    print(f"  gate to floor: {rate:.2f} of its rate (at least {BOUNDS['rate']}), {late:.2f} of its p95 (at most 3)")
    print(f"  304 to whole answers: {unchanged:.2f} of their rate (at least {BOUNDS['unchanged']})")
    if rate < BOUNDS["rate"] or late > BOUNDS["p95"] or unchanged < BOUNDS["unchanged"]:
        sys.exit("a bound is not held")


if __name__ == "__main__":
    main()
