"""``manage.py reset --yes``: begin anew with the embedded servers; with a database of your own it refuses."""

from __future__ import annotations

import shutil
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandParser

from config import embedded, serving
from config.commands import AssayCommand, Refused


class Command(AssayCommand):
    help = "Throw away everything in the embedded database, the uploaded files and the demonstration."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="really do it")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise Refused("reset works on the embedded database only; with DATABASE_URL, drop and create it yourself")
        if not options["yes"]:
            raise Refused("reset throws everything away; say --yes if that is meant")
        for port, pid in serving.running(settings.VAR_DIR):
            raise Refused(
                f"the portal of this checkout runs on port {port} (process {pid}), and would lose its data under its "
                "hands; stop it first (Ctrl-C there), then reset again"
            )
        embedded.start()
        with psycopg.connect(embedded.owner_url(), autocommit=True) as owner:
            owner.execute("DROP SCHEMA public CASCADE")
            owner.execute("CREATE SCHEMA public")
        for folder in (settings.VAR_DIR / "blobs", settings.VAR_DIR / "demo"):
            shutil.rmtree(folder, ignore_errors=True)
        (settings.VAR_DIR / "demo.json").unlink(missing_ok=True)
