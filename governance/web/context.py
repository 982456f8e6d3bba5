"""What every page shows around its own content."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from governance.people.models import Lane, Role, User
from governance.people.queries import standing

_count_inbox: Callable[[User], int] | None = None


def count_inbox_with(count: Callable[[User], int]) -> None:
    """Say how the things that wait for a person are counted; for a room above this one, in its ``ready``."""
    global _count_inbox
    _count_inbox = count


def page(request: HttpRequest) -> dict[str, Any]:
    """The foot, the theme, the person's roles and the number beside the inbox. What costs a query is asked for once,
    and only by a page that shows it."""
    return {
        "foot": {"version": settings.PRODUCT_VERSION, "time_zone": timezone.get_current_timezone_name()},
        "theme": getattr(request, "theme", ""),
        "role_line": functools.cache(lambda: _roles(request)),
        "administers": functools.cache(lambda: _administers(request)),
        "inbox_count": functools.cache(lambda: _inbox(request)),
    }


def _roles(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return ""
    held = sorted({(role, lane) for _team, role, lane in standing(user).roles})
    return ", ".join(
        f"{Role(role).label}: {Lane(lane).label}" if lane else str(Role(role).label) for role, lane in held
    )


def _administers(request: HttpRequest) -> bool:
    """Whether the people page opens to the person."""
    user = getattr(request, "user", None)
    return isinstance(user, User) and any(role == Role.ADMIN for _team, role, _lane in standing(user).roles)


def _inbox(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    return _count_inbox(user) if _count_inbox is not None and isinstance(user, User) else 0
