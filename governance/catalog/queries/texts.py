"""The licence texts of a version, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from governance.catalog.models import LicenceText, Version
from licenses import texts

MOST_CHARACTERS = 40_000  # of one text; the longest that is known has some 36,000


@dataclass(frozen=True)
class ShownText:
    """A licence file with the licence whose text it is, word for word (empty where it is none that is known)."""

    path: str
    licence: str
    words: str
    cut: bool


def licence_texts(version: Version) -> list[ShownText]:
    """The licence files of a version that were read, by path. One query."""
    return [_shown(one) for one in LicenceText.objects.filter(version=version).order_by("path", "pk")]


def _shown(one: LicenceText) -> ShownText:
    licence = texts.licence_of(one.fingerprint)
    words = bytes(one.raw).decode("utf-8", "replace").replace("\0", "\ufffd")
    return ShownText(one.path, licence.name if licence else "", words[:MOST_CHARACTERS], len(words) > MOST_CHARACTERS)
