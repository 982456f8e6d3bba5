"""The request that pages are written for."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from governance.people.models import User


class PageRequest(HttpRequest):
    """A signed-in request that passed HtmxMiddleware. For annotations only."""

    htmx: HtmxDetails
    user: User
