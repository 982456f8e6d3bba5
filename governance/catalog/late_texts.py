"""Licence texts of versions that were imported before texts were kept, read from the Hub afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from governance.catalog import hub, snapshots
from governance.catalog.importing import hub_source
from governance.catalog.manifests import LICENCE, ManifestFile
from governance.catalog.models import Assurance, Entry, File, LicenceText, Version
from governance.catalog.signals import texts_stored
from licenses.evidence import read_text


@dataclass(frozen=True)
class Late:
    """What was read for one version: the paths that were stored, and those that the Hub does not give as listed."""

    stored: Sequence[str]
    missing: Sequence[str]


def versions_without_texts() -> QuerySet[Version]:
    """Versions from the configured Hub with a small licence file of which nobody has read the text, newest first."""
    unread = File.objects.filter(version=OuterRef("pk"), role=LICENCE, size__lte=snapshots.MAX_TEXT_BYTES).exclude(
        Exists(LicenceText.objects.filter(version=OuterRef("version"), path=OuterRef("path")))
    )
    known = Version.objects.exclude(assurance=Assurance.CARD_ONLY).filter(
        Exists(unread), entry__source=hub_source(), revision__regex=r"^[0-9a-f]{40}$"
    )
    return known.select_related("entry").order_by("-imported_at", "-pk")


def read_late(version: Version, *, at: dt.datetime) -> Late:
    """Read the licence texts of a version at its own commit, and have what rests on them judged again.

    A text is kept where its bytes are those of the file that the version lists; what is kept already stays.

    Raises:
        HubRefused: the Hub does not give the repository at this commit.
    """
    listed = {one.path: one for one in version.files.filter(role=LICENCE)}
    wanted = set(snapshots.texts_among((one.path, one.size, one.role) for one in listed.values()))
    wanted -= set(version.licence_texts.values_list("path", flat=True))
    if not wanted:
        return Late((), ())
    snapshot = hub.fetch(
        version.entry.repo_id,
        kind=version.entry.kind,
        revision=version.revision,
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or None,
        max_card_bytes=settings.MAX_CARD_BYTES,
    )
    given = {path: raw for path, raw in snapshot.texts if path in wanted and _is_listed(listed[path], raw)}
    with transaction.atomic():
        # Two who read at once: the second finds the rows of the first.
        Entry.objects.select_for_update().get(pk=version.entry_id)
        there = set(version.licence_texts.values_list("path", flat=True))
        new = [_row(version, path, raw) for path, raw in sorted(given.items()) if path not in there]
        LicenceText.objects.bulk_create(new)
        if new:
            texts_stored.send(sender=LicenceText, entries=[version.entry_id], at=at)
    return Late([one.path for one in new], sorted(wanted - given.keys()))


def _is_listed(file: File, raw: bytes) -> bool:
    return hub.is_content_of(ManifestFile(file.path, file.size, file.sha256, file.git_oid, file.role), raw)


def _row(version: Version, path: str, raw: bytes) -> LicenceText:
    found = read_text(path, raw)
    return LicenceText(
        version=version, path=path, fingerprint=found.fingerprint, copyright=list(found.copyright), raw=raw
    )
