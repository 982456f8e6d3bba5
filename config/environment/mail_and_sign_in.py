"""The mail server, and the identity provider that people sign in with."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from django.core.exceptions import ImproperlyConfigured

from config.environment.addresses import parts_of, url
from config.environment.values import text, word


def email() -> dict[str, Any]:
    """Django's settings for the mail server that EMAIL_URL names; without one, no mail is sent.

    smtp:// speaks TLS (STARTTLS) where it gives a password, and smtps:// from the first byte. ``?from=`` is the sender.
    """
    parts = parts_of(word("EMAIL_URL", "dummy:"))
    if parts is not None and parts.scheme in ("dummy", "console"):
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{parts.scheme}.EmailBackend"}
    query = parse_qs(parts.query) if parts is not None else {}
    if (
        parts is None
        or parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or set(query) - {"from"}
        or parts.path not in ("", "/")
    ):
        raise ImproperlyConfigured(
            "EMAIL_URL: write it as smtp://user:password@host:port?from=assay@example.org, smtps://… or console:;"
            " what is not a letter or a digit in a password has to be percent-encoded"
        )
    found: dict[str, Any] = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 587 if parts.password else 25, "smtps": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and bool(parts.password),
        "EMAIL_TIMEOUT": 20,
    }
    if "from" in query:
        found |= {"DEFAULT_FROM_EMAIL": query["from"][0], "SERVER_EMAIL": query["from"][0]}
    return found


def oidc() -> dict[str, Any] | None:
    """The identity provider that people sign in with: issuer, client_id, client_secret, scopes; None without one."""
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    missing = [name for name in names if not text(name, "")]
    if len(missing) == len(names):
        if text("OIDC_SCOPES", ""):
            raise ImproperlyConfigured("OIDC_SCOPES: goes with OIDC_ISSUER, which is not set")
        return None
    if missing:
        raise ImproperlyConfigured(f"{', '.join(missing)}: not set; {', '.join(names)} go together")
    return {
        "issuer": url("OIDC_ISSUER", ("https",), None),
        "client_id": word("OIDC_CLIENT_ID"),
        "client_secret": word("OIDC_CLIENT_SECRET"),
        "scopes": text("OIDC_SCOPES", "openid email profile").split(),
    }
