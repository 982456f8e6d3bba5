"""What a model's folder says of how its inputs are prepared, as models of the Hub say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.adapters.guests import serving

NAME = "preprocessor_config.json"
MAX_BYTES = 1 << 20


def configuration(folder: Path | None) -> Mapping[str, Any]:
    """What stands in ``preprocessor_config.json``; nothing where there is none.

    Raises:
        serving.Refusal: it is too large.
    """
    path = None if folder is None else folder / NAME
    if path is None or not path.is_file():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise serving.Refusal("model_unreadable", f"{path.name} is larger than {MAX_BYTES:,} bytes")
    found = json.loads(path.read_bytes())
    return found if isinstance(found, dict) else {}
