"""What all commands do with words that are no text."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

BROKEN = "a\udcff"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        ("gate", f"org/{BROKEN}@{'0' * 40}", "--use-case", "loans", "--stage", "pilot"),
        ("gate", f"org/m@{'0' * 40}", "--use-case", BROKEN, "--stage", "pilot"),
        ("setup", "--admin", "ada@example.org", "--team", BROKEN),
        ("invite", "vera@example.org", "--name", BROKEN, "--team", "t", "--roles", "viewer"),
        ("create_token", "--name", BROKEN, "--scopes", "gate:read", "--days", "9"),
        ("import_card", "org/m", "--team", BROKEN),
    ],
)
def test_bytes_that_are_no_text_are_refused_in_one_line(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="is not UTF-8 text") as refused:
        call_command(*words)

    assert refused.value.returncode == 2
