"""Tokens in ``Authorization: Bearer asy_…``."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from governance.people import tokens
from governance.people.models import Token, User


def person(request: Request) -> User:
    """The owner of the token, for views that only tokens open."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class BearerToken(BaseAuthentication):
    """One query brings the token, its owner and the owner's roles."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("send the token as 'Authorization: Bearer asy_…'")
        token = tokens.find(secret.strip(), at=timezone.now())
        if token is None:
            raise AuthenticationFailed("this token opens nothing: it is unknown, expired or revoked")
        tokens.note_use(token, ip=request.META.get("REMOTE_ADDR"), at=timezone.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="assay"'


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular's registry is untyped
    """How the OpenAPI document names it."""

    target_class = "governance.web.authentication.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "asy_…"}
