"""Cases for the engine, and what its answers hold."""

from __future__ import annotations

from typing import Any

COMMERCIAL = {
    "purpose": "commercial",
    "mode": "redistribute_weights",
    "territory": "US",
    "mau": 0,
    "revenue_usd_year": 0,
    "strictness": "conservative",
}


def case(
    declared: Any = "apache-2.0",
    upstream: Any = (),
    *,
    artefact: dict[str, Any] | None = None,
    **profile: Any,
) -> dict[str, Any]:
    """A commercial redistribution from the US; upstream is written (licence, relation) or in full."""
    edges = [
        one if isinstance(one, dict) else {"id": f"org/up{at}", "license": one[0], "relation": one[1]}
        for at, one in enumerate(upstream)
    ]
    return {
        "artefact": {"license": declared, "name": "acme/thing", "has_license_file": True, **(artefact or {})},
        "upstream": edges,
        "use_profile": {**COMMERCIAL, **profile},
    }


def latent(answer: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in answer["latent"]}
