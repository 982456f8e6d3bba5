"""What a token may do. What a page asks of a person is in ``governance.people.access``."""

from __future__ import annotations

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.people.models import Token
from governance.web.problems import Problem


class HasScope(BasePermission):
    """The token has the scope that the view names for the method in ``scopes``. A view that names none is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Token):
            return False
        scopes: dict[str, str] = getattr(view, "scopes", {})
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True  # the first tells only the methods, and the view answers 405 to the others
        needed = scopes.get(method)
        if needed is None:
            raise Problem(403, "scope_missing", f"no token opens {method} here", scope=None)
        if needed not in request.auth.scopes:
            why = f"the token lacks the scope {needed}; make one that has it"
            raise Problem(403, "scope_missing", why, scope=str(needed))
        return True


class Methods(BaseMetadata):
    """OPTIONS tells which methods there are and which scope each needs; the rest is in the schema."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        scopes: dict[str, str] = getattr(view, "scopes", {})
        return {"methods": {method: str(scope) for method, scope in scopes.items()}, "schema": "/api/v1/schema/"}
