from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker

# How long an example takes, or its making, says something about the machine and nothing about the product.
# At every change a few examples are tried, the same each time: what fails then fails because of the change. The long
# run draws many, and new ones.
LONG = os.environ.get("LONG") == "1"
hypothesis.settings.register_profile(
    "assay",
    deadline=None,
    max_examples=200 if LONG else 25,
    derandomize=not LONG,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("assay")

# Simulations draw some thousand tables, on a machine that may have other things to do.
LONG_TIMEOUT_S = 3_600


def pytest_configure(config: pytest.Config) -> None:
    """Name this run's databases after its process; pytest-xdist's workers inherit the name."""
    os.environ.setdefault("ASSAY_TEST_RUN", str(os.getpid()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long variants run when LONG=1 asks for them, and only then; with it every test may take its time."""
    if LONG:
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(LONG_TIMEOUT_S))
    else:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    # What waits for programs comes first: at the end it would keep one process busy while the others are done.
    items.sort(key=lambda item: not item.path.is_relative_to(config.rootpath / "tests" / "faults"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Drop the databases of runs that were killed: those named after a process that is no more. This run's are copies
    of one that was migrated before, by whichever process came first.
    """
    from django.db import connection

    with django_db_blocker.unblock():
        with connection._nodb_cursor() as cursor:
            cursor.execute(r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+(_gw\d+)?$'")
            for (name,) in cursor.fetchall():
                if not _runs(int(name.split("_")[1])):
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.settings_dict["TEST"]["TEMPLATE"] = _migrated()


def _migrated() -> str:
    """The name of a database that the migrations of the code as it is have been run on: made once, used by every
    process and every later run.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    name = f"test_template_{_digest_of_the_code()}"
    own = connection.settings_dict["NAME"]
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.VAR_DIR / "test-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_template_' ORDER BY oid DESC")
            there = [row[0] for row in cursor.fetchall()]
            if name in there:
                return name
            for older in (*there[1:], *(one for one in there[:1] if one.endswith("_draft"))):
                cursor.execute(f'DROP DATABASE IF EXISTS "{older}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}_draft"')
        connection.close()
        connection.settings_dict["NAME"] = f"{name}_draft"
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}_draft" RENAME TO "{name}"')
    return name


def _digest_of_the_code() -> str:
    """Of all that migrations may read, and of the versions of what is installed beside it."""
    root = Path(__file__).resolve().parents[1]
    parts = [*sorted(root.glob("requirements*.txt")), *sorted((root / "requirements").glob("*.txt"))]
    for storey in ("audits", "config", "governance", "licenses"):
        parts += sorted((root / storey).rglob("*.py"))
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part.relative_to(root)}\0".encode() + part.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# What migrating fills and no test changes.
KEPT = frozenset({"auth_permission", "django_content_type"})


@pytest.fixture(autouse=True, scope="session")
def _flush_what_was_written() -> Iterator[None]:
    """Between tests that commit, the tables that have rows are emptied, those that refuse it too: by the owner, with
    triggers off. To truncate all eighty, and to tell every app that they are new, takes longer than most tests.
    """
    from django.core.management.commands import flush
    from django.db.backends.postgresql.operations import DatabaseOperations

    plain, tell = DatabaseOperations.sql_flush, flush.emit_post_migrate_signal

    def sql_flush(self: DatabaseOperations, style: Any, tables: Sequence[str], **kwargs: Any) -> list[str]:
        names = {table: self.quote_name(table) for table in sorted(set(tables) - KEPT)}
        each = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {name})" for table, name in names.items())  # noqa: S608
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(each))
            full = [names[table] for (table,) in cursor.fetchall()]
        # Without triggers no row asks after another, so the order is nobody's.
        deleted = [f"DELETE FROM {name};" for name in full]  # noqa: S608
        return ["SET session_replication_role = replica;", *deleted, "RESET session_replication_role;"] * bool(full)

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign, assignment]
    flush.emit_post_migrate_signal = lambda *_args, **_kwargs: None
    yield
    DatabaseOperations.sql_flush, flush.emit_post_migrate_signal = plain, tell  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _language_and_time_zone_as_they_were() -> Iterator[None]:
    """A request leaves its reader's language and time zone active; the next test starts with the settings' own."""
    yield
    timezone.deactivate()
    translation.deactivate()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """With REQUIRE_TOOLS=1 a test that was skipped for a missing tool is a failure: say which."""
    if os.environ.get("REQUIRE_TOOLS") == "1":
        for report in _skipped_for_tools(terminalreporter):
            terminalreporter.write_line(f"REQUIRED BUT SKIPPED {report.nodeid}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if os.environ.get("REQUIRE_TOOLS") == "1":
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and _skipped_for_tools(reporter):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped_for_tools(reporter: Any) -> list[Any]:
    """Isolation comes in levels, and not every machine offers all: that it offers enough is a test of its own."""
    needs = {"browser", "broker", "sandbox"}
    # What is skipped with its whole file has no marks: that asks for an extra, and for no tool.
    skipped = [report for report in reporter.stats.get("skipped", ()) if needs & set(getattr(report, "keywords", ()))]
    return [report for report in skipped if NOT_OFFERED not in str(report.longrepr)]


NOT_OFFERED = "this machine does not offer"


def eventually(condition: Callable[[], bool], *, within: float = 30.0) -> bool:
    """Ask a condition again and again until it holds or the time is up."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def application(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection to this test's database as the application's role, which owns nothing."""
    from django.conf import settings
    from django.db import connection

    from config import embedded

    if not settings.EMBEDDED:
        pytest.skip("DATABASE_URL is set: its roles are its administrator's")
    at = connection.get_connection_params()
    with psycopg.connect(
        host=at["host"], port=at["port"], dbname=at["dbname"], user=embedded.APPLICATION, autocommit=True
    ) as application:
        yield application
