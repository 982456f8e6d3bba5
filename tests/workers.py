"""Fixtures with real worker processes. A module takes them with ``pytest_plugins = ["tests.workers"]``."""

from __future__ import annotations

import contextlib
import itertools
import sys
import tempfile
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from config import embedded
from config.celery import app
from tests.working import Worker, Workers

_number = itertools.count(1)


@pytest.fixture
def workers(transactional_db: None) -> Iterator[Workers]:
    """No worker yet; the broker runs, and messages that the test sends reach only workers that it starts."""
    if settings.EMBEDDED:
        embedded.start()  # the database may answer already, and the broker not yet
    prefix = f"{connection.settings_dict['NAME']}:{next(_number)}:"
    before = app.conf.broker_transport_options
    app.conf.update(broker_transport_options={**before, "global_keyprefix": prefix})
    app._after_fork()  # type: ignore[attr-defined]  # forget the connections to the other queues
    with tempfile.NamedTemporaryFile(prefix="assay-worker-", suffix=".log") as log:
        workers = Workers(log, prefix)
        try:
            yield workers
        finally:
            for worker in workers.running:
                worker.stop()
            sys.stdout.write(workers.said())  # pytest shows it beside a failure
            with contextlib.suppress(Exception):
                app.control.purge()
            app.conf.update(broker_transport_options=before)
            app._after_fork()  # type: ignore[attr-defined]


@pytest.fixture
def worker(workers: Workers) -> Worker:
    """One real worker."""
    return workers.start()
