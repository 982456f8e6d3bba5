"""What the operator allows of models, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from audits.adapters.endpoints.guard import Allowed


def allowed() -> Allowed:
    """Hosts of one's own, secrets by host, and whether functions of Python may be called."""
    # numpy costs a web process time and memory for nothing
    from audits.adapters.endpoints.guard import Allowed

    return Allowed(
        hosts=frozenset(settings.MODEL_HOSTS),
        secrets=dict(settings.MODEL_SECRETS),
        python=settings.ALLOW_PYTHON_MODELS,
    )
