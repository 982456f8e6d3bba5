"""Which page opens to whom."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from governance.people.models import Role, Team, User
from governance.people.queries import standing

Page = Callable[..., HttpResponseBase]


def signed_in(request: HttpRequest) -> User:
    """The person behind a request that passed ``login_required``.

    Raises:
        PermissionDenied: nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def role_required(*roles: Role) -> Callable[[Page], Page]:
    """Open a page to people who hold one of the roles in some team or in the organisation: strangers sign in, others
    get 403. Whether the role is held in the team that the page is about, the page has to ask itself."""

    def wrap(page: Page) -> Page:
        @functools.wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            held = {role for _team, role, _lane in standing(signed_in(request)).roles}
            if held.isdisjoint(role.value for role in roles):
                raise PermissionDenied
            return page(request, *args, **kwargs)

        return login_required(guarded)

    return wrap


def is_admin(user: User, *, team: Team | None) -> bool:
    """Whether the person administers the team, or without one the organisation."""
    return standing(user).has(Role.ADMIN, team_id=team.pk if team else None)
