"""A command on a database that nobody has migrated says what to do."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection


@pytest.mark.django_db
def test_a_command_without_its_tables_names_the_command_that_makes_them():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path TO pg_temp")

    with pytest.raises(CommandError, match="run manage.py migrate") as refused:
        call_command("setup", "--admin", "ada@example.org")

    assert refused.value.returncode == 2
