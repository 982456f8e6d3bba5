"""What stands beside a model in its folder, as the Hub's libraries write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.adapters.guests import serving

MAX_BYTES = 10 << 20


def said(folder: Path | None, name: str) -> Mapping[str, Any]:
    """A JSON object in a file of the folder; empty where there is no such file, or something else in it.

    Raises:
        serving.Refusal: ``model_unreadable``, more than ``MAX_BYTES`` or no JSON.
    """
    path = None if folder is None else folder / name
    if path is None or not path.is_file():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise serving.Refusal("model_unreadable", f"{name} is larger than {MAX_BYTES:,} bytes")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as odd:
        raise serving.Refusal("model_unreadable", f"{name} is no JSON: {odd}") from odd
    return found if isinstance(found, dict) else {}
