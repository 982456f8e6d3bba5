"""The stored result of a run, as pages read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from audits import blobs
from audits.kinds.base import InputsRejected
from audits.models import Run

Document = Mapping[str, Any]


def read(run: Run) -> dict[str, Any] | None:
    """The stored result of a run; None where it has none or its bytes are no longer what was stored."""
    if not run.result_sha256:
        return None
    try:
        found = json.loads(blobs.read_checked(run.result_sha256))
    except (InputsRejected, ValueError):
        return None
    return found if isinstance(found, dict) else None
