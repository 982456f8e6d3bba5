from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from config.database import roles

EXTENSIONS = ("pg_trgm", "unaccent")


class Command(migrate.Command):
    help = "Bring the database up to date, signed in as the owner of its tables."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as the owner; who may do what is set right by the receiver of ``post_migrate``."""
        connection = connections[options["database"]]
        if options["database"] != DEFAULT_DB_ALIAS:
            super().handle(*args, **options)
            return
        with roles.signed_in_as_owner(connection):
            if not options["check_unapplied"] and not options["plan"]:
                self._make_extensions(connection)
                self._say_if_unprotected(connection)
            super().handle(*args, **options)

    def _make_extensions(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extname FROM pg_extension")
            there = {name for (name,) in cursor.fetchall()}
            for extension in EXTENSIONS:
                if extension in there:
                    continue
                try:
                    with transaction.atomic(using=connection.alias):
                        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
                except DatabaseError as refused:
                    why = str(refused).splitlines()[0]
                    raise CommandError(
                        f"the database does not let us make the extension {extension} ({why});"
                        f" let its administrator run in it: CREATE EXTENSION {extension};"
                    ) from refused

    def _say_if_unprotected(self, connection: BaseDatabaseWrapper) -> None:
        role = roles.application_role()
        if role is None:
            role = connection.settings_dict["USER"]
            why = "owns the tables that it uses"
        elif roles.owns_tables(connection, role):
            why = "may do all that their owner may"
        else:
            return
        self.stderr.write(
            f"The role {role or 'of DATABASE_URL'} {why}: protected rows are kept by triggers alone. For the second"
            " lock make a role for the application (CREATE ROLE … LOGIN), name it in DATABASE_URL and the owner"
            " in MIGRATION_DATABASE_URL, and migrate again."
        )
