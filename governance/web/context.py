"""What every page shows around its own content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from governance.people.queries import standing


def page(request: HttpRequest) -> dict[str, Any]:
    """The foot, the theme and the person's roles. Lazy where it costs a query."""
    return {
        "foot": {"version": settings.PRODUCT_VERSION, "time_zone": timezone.get_current_timezone_name()},
        "theme": getattr(request, "theme", ""),
        "role_line": lambda: _roles(request),
    }


def _roles(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    held = {f"{role}:{lane}" if lane else role for _team, role, lane in standing(user).roles}
    return ", ".join(sorted(held))
