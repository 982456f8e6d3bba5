"""The request that pages are written for."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from governance.people.models import User

Row = TypeVar("Row", bound=Model, covariant=True)
Found = TypeVar("Found", bound=Model)
page_login_required = login_required


class PageRequest(HttpRequest):
    """A signed-in request that passed HtmxMiddleware. For annotations only."""

    htmx: HtmxDetails
    user: User


class Visible(Protocol[Row]):
    """A manager whose rows are not for everybody."""

    def visible_to(self, user: User) -> QuerySet[Row]: ...


def visible_or_404(objects: Visible[Found], user: User, **which: Any) -> Found:
    """The row, if the person may see it: ``visible_or_404(Submission.objects, request.user, pk=pk)``.

    What one may not see answers as what does not exist.
    """
    return get_object_or_404(objects.visible_to(user), **which)
