"""REST clients that carry a token."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from governance.people.models import User
from governance.people.services.tokens import issue_token

READ, WRITE = "catalog:read", "catalog:write"
API = "/api/v1/"


def client(user: User, *scopes: str) -> APIClient:
    """A client with a token of this person."""
    _, secret = issue_token(user=user, name="test", scopes=scopes or (READ, WRITE), days=1, by=None, at=timezone.now())
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return made


def get(user: User, path: str, **parameters: Any) -> Any:
    """The answer to a reader's question."""
    return client(user, READ).get(API + path, parameters)
