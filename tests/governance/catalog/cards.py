"""Cards and snapshots that the tests of the catalogue share."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from django.db.models import Model

from audits.models import Finding, Run
from governance.catalog import manifests
from governance.catalog.collected import from_card
from governance.catalog.importing import Imported, import_snapshot
from governance.catalog.manifests import ManifestFile
from governance.catalog.models import Alias, Card, Edge, Entry, File, Version
from governance.catalog.snapshots import HASHED, LOCAL, Snapshot
from governance.ledger.models import Event
from governance.people.models import Team, User
from tests.factories import NOON

HUB = "hub:huggingface.co"
SHA = "0123456789abcdef0123456789abcdef01234567"
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards"
CARD = b"""---
license: apache-2.0
base_model: org/base
datasets:
- org/rows
---
# A model

Some words about it.
"""


def card(**front_matter: str) -> bytes:
    """A card with this front matter."""
    lines = "".join(f"{name}: {value}\n" for name, value in front_matter.items())
    return f"---\n{lines}---\n# A card\n".encode()


def snapshot(
    repo_id: str = "org/model",
    *,
    raw: bytes | None = CARD,
    kind: str = "model",
    source: str = HUB,
    revision: str | None = None,
    files: dict[str, bytes] | None = None,
    requested_id: str | None = None,
) -> Snapshot:
    """A repository with its card and perhaps other files; a commit sha is given, or it has none."""
    bare = from_card(raw or b"", kind=kind, source=source, repo_id=repo_id)
    contents = {**({"README.md": raw} if raw is not None else {}), **(files or {})}
    rows = tuple(
        ManifestFile(path, len(data), hashlib.sha256(data).hexdigest(), None, manifests.role_of(path, kind))
        for path, data in sorted(contents.items())
    )
    return dataclasses.replace(
        bare,
        texts=tuple((row.path, contents[row.path]) for row in rows if row.role == manifests.LICENCE),
        card=raw,
        revision=revision,
        files=rows,
        requested_id=requested_id,
        assurance=HASHED if source == LOCAL else bare.assurance,
    )


def imported(
    repo_id: str = "org/model",
    *,
    raw: bytes | None = CARD,
    by: User | None = None,
    team: Team | None = None,
    kind: str = "model",
    source: str = HUB,
    revision: str | None = None,
    files: dict[str, bytes] | None = None,
    requested_id: str | None = None,
) -> Imported:
    """A snapshot in the catalogue."""
    found = snapshot(
        repo_id, raw=raw, kind=kind, source=source, revision=revision, files=files, requested_id=requested_id
    )
    return import_snapshot(snapshot=found, by=by, team=team, at=NOON)


def entry(repo_id: str, *, kind: str = "model", source: str = HUB) -> Entry:
    """The entry with this id as written."""
    return Entry.objects.get(repo_id=repo_id, kind=kind, source=source)


def counted() -> dict[str, int]:
    """How many rows an import has written, by model."""
    tables: list[type[Model]] = [Entry, Version, Card, File, Edge, Run, Finding, Event, Alias]
    return {model.__name__: model._default_manager.count() for model in tables}
