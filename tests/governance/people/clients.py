"""Clients: a program with a token, a browser with a session."""

from __future__ import annotations

import datetime as dt

from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from governance.people.models import Scope, User
from governance.people.services.tokens import issue_token

PASSWORD = "a-long-and-odd-phrase-7"


def program(user: User, *scopes: str, at: dt.datetime | None = None, **options: bool) -> APIClient:
    """A REST client with a token of this person; without scopes, with all of them."""
    _token, secret = issue_token(
        user=user, name="test", scopes=scopes or Scope.values, days=1, by=None, at=at or timezone.now()
    )
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def browser(user: User | None = None, **options: bool) -> Client:
    """A browser that checks forms as a real one makes the server do; signed in, if somebody is given."""
    client = Client(**options)
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user
