"""Works upon works, and what is said of the last of them."""

from __future__ import annotations

from typing import Any

from licenses.compat import check

COMMERCIAL = {
    "purpose": "commercial",
    "mode": "redistribute_weights",
    "territory": "US",
    "mau": 0,
    "revenue_usd_year": 0,
    "strictness": "conservative",
    "actor": "licensor",
}


def work(name: str, licence: Any, relation: Any, *upstream: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = "dataset" if relation in ("train_on", "includes") else "model"
    return {"id": name, "type": kind, "license": licence, "relation": relation, "upstream": list(upstream), **more}


def judge(declared: Any, *upstream: dict[str, Any], case: Any = None, artefact: Any = None, **profile: Any) -> Any:
    made = {"license": declared, "name": "acme/thing", "has_license_file": True, "modalities": ["text"]}
    return check(
        {
            "artefact": {**made, **(artefact or {})},
            "upstream": list(upstream),
            "use_profile": {**COMMERCIAL, **profile},
            **(case or {}),
        }
    )


def one(answer: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [finding for finding in answer["findings"] if finding["code"] == code]
    return found  # type: ignore[no-any-return]
