"""What is shown to a model in a trial instead of typed: pictures and sounds, by how they begin. Decodes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audits.kinds.base import InputsRejected

PICTURE, SOUND = "picture", "sound"
SHA256 = re.compile(r"[0-9a-f]{64}")
# Files of one trial, and bytes of one of them; as JSON carries it, it is a third longer.
MOST_SHOWN, MOST_BYTES = 8, 4 << 20
# How files begin whose pictures are decoded, in the sandbox alone: see ``adapters.guests.decoding.FORMATS``.
BEGINNINGS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
}
# What stands inside of RIFF: see ``adapters.guests.waves`` for sounds.
IN_RIFF: Mapping[bytes, tuple[str, str]] = {b"WEBP": (PICTURE, "image/webp"), b"WAVE": (SOUND, "audio/wav")}
PICTURE_TYPES = (*dict.fromkeys(BEGINNINGS.values()), "image/webp")
SOUND_TYPES = (".wav", "audio/wav", "audio/x-wav", "audio/vnd.wave")


def media_type(content: bytes, what: str) -> str:
    """The media type of an encoded picture or sound, by how it begins; nothing of it is decoded.

    Raises:
        InputsRejected: it is empty, too large, or begins like none that is read.
    """
    if len(content) > MOST_BYTES:
        raise InputsRejected(f"{what}_too_large", f"a {what} has at most {MOST_BYTES >> 20} MB; send a smaller one")
    found, named = IN_RIFF.get(content[8:12], ("", "")) if content[:4] == b"RIFF" else ("", "")
    if what == PICTURE and not named:
        found, named = PICTURE, next((BEGINNINGS[one] for one in BEGINNINGS if content.startswith(one)), "")
    if found == what and named:
        return named
    if what == SOUND:
        raise InputsRejected("sound_odd", "the file is no WAV; send the sound as one, in PCM or float")
    raise InputsRejected("picture_odd", "the file is no PNG, JPEG, WebP, BMP or GIF; send a picture in one of these")


def kind_of(cell: Mapping[str, Any]) -> str:
    """Whether a cell of a question names a picture or a sound by its digest; empty where it does neither."""
    what = next((name for name in (PICTURE, SOUND) if name in cell), "")
    named = cell.get(what)
    fits = (
        cell.keys() == {what, "media_type", "bytes"}
        and isinstance(named, str)
        and SHA256.fullmatch(named) is not None
        and isinstance(cell["media_type"], str)
        and type(cell["bytes"]) is int
    )
    return what if fits else ""
