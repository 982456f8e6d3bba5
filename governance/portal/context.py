"""What the portal adds to every page: the number beside the inbox."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from governance.people.models import User
from governance.reviews import queries as reviews


def inbox(request: HttpRequest) -> dict[str, Any]:
    """``inbox_count``: how many submissions wait for the person. Lazy: one query, only where the top bar is drawn."""
    kept: list[int] = []

    def count() -> int:
        user = getattr(request, "user", None)
        if not isinstance(user, User) or not user.is_authenticated:
            return 0
        if not kept:
            kept.append(reviews.for_inbox(user).order_by().count())
        return kept[0]

    return {"inbox_count": count}
