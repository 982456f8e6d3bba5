"""What an import means for licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver

from governance.catalog.signals import versions_stored


@receiver(versions_stored, dispatch_uid="licensing.note_versions")
def note_versions(*, newest: Mapping[int, tuple[int | None, int]], at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the import: what rests on another licence than before closes, and is judged again."""
    from governance.licensing import imports  # loads the licence engine: not at each start of a command

    imports.note_versions(newest, at=at)
