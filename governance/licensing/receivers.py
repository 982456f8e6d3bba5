"""What an import means for licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.dispatch import receiver

from governance.catalog.signals import texts_stored, versions_stored


@receiver(versions_stored, dispatch_uid="licensing.note_versions")
def note_versions(*, newest: Mapping[int, tuple[int | None, int]], at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the import: what rests on another licence than before closes, and is judged again."""
    from governance.licensing import imports  # loads the licence engine: not at each start of a command

    imports.note_versions(newest, at=at)


@receiver(texts_stored, dispatch_uid="licensing.note_texts")
def note_texts(*, entries: Sequence[int], at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that keeps texts: what a work declares may be read otherwise, and what it lacks be there."""
    from governance.licensing import imports  # as above

    imports.note_texts(entries, at=at)
