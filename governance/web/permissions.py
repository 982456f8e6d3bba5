"""What a token, and its owner, may do."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.people.models import Token
from governance.web.problems import Problem


class HasScope(BasePermission):
    """The token has the scope that the view names for the method in ``scopes``. A view that names none is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS":
            return isinstance(request.auth, Token)
        scopes: dict[str, str] = getattr(view, "scopes", {})
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method not in scopes and method.lower() not in {m.lower() for m in view.allowed_methods}:
            return isinstance(request.auth, Token)  # the view answers 405
        if not isinstance(request.auth, Token):
            return False
        needed = scopes.get(method)
        if needed is None or needed not in request.auth.scopes:
            name = needed or "of this route"
            raise Problem(403, "scope_missing", f"the token lacks the scope {name}; make one that has it", scope=needed)
        return True
