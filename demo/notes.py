"""What the demonstration keeps of itself: var/demo.json, for its owner's eyes alone."""

from __future__ import annotations

import json
import os
from typing import Any

from portal import ROOT

NOTES = ROOT / "var" / "demo.json"


def read() -> dict[str, Any]:
    """The notes of the demonstration before, or none yet."""
    kept: dict[str, Any] = json.loads(NOTES.read_text()) if NOTES.exists() else {"users": []}
    return kept


def write(kept: dict[str, Any]) -> None:
    """Keep them; at no moment is half of them there, or anybody else able to read them."""
    draft = NOTES.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(kept, out, indent=2, ensure_ascii=False)
    draft.replace(NOTES)
