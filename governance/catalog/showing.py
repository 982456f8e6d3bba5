"""Use cases as pages show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from governance.catalog.forms import SHOWN, UseCaseForm
from governance.catalog.models import UseCase
from governance.catalog.use_cases import KEEPERS
from governance.people.models import User
from governance.people.queries import standing

NEW_PLAN: dict[str, Any] = {
    "bias": {
        "label": "label",
        "prediction": "prediction",
        "score": "score",
        "positive": "1",
        "sensitive": ["race", "sex"],
        "reference": "best",
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
        "required_groups": {},
        "min_group": 30,
        "data": "upload",
    }
}


def plan_text(document: dict[str, Any]) -> str:
    """A plan as text, its keys in the order in which people think of them: the database keeps none."""
    order = list(NEW_PLAN["bias"])
    shown = {
        part: dict(sorted(keys.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))
        for part, keys in document.items()
    }
    return json.dumps(shown, indent=2, ensure_ascii=False)


def profile_rows(profile: Mapping[str, Any]) -> list[dict[str, str]]:
    """A licence profile in the words of the form that it is written with; what the form does not know, as it is."""
    order = [*(key for key in SHOWN if key in profile), *sorted(set(profile) - set(SHOWN))]
    rows = []
    for key in order:
        field: Any = UseCaseForm.base_fields.get(f"profile_{key}")
        words = dict(getattr(field, "choices", ()))
        value = profile[key]
        listed = [str(words.get(one, one)) for one in (value if isinstance(value, list) else [value])]
        rows.append({"label": str(field.label) if field is not None else key, "value": ", ".join(listed)})
    return rows


def may_keep(user: User, *, use_case: UseCase) -> bool:
    """Whether to offer a person to change a use case; the services ask again, by the roles of their instant."""
    held = standing(user).teams_with(*KEEPERS)
    return held is None or use_case.owner_team_id in held
