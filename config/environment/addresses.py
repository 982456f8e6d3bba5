"""Addresses of the form scheme://host."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.environment.values import word


def url(name: str, schemes: tuple[str, ...], default: str | None) -> str:
    """An address of the form scheme://host[:port][/path], without a slash at its end."""
    value = word(name, default).rstrip("/")
    parts = parts_of(value)
    if parts is None or parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(f"{name}: has to be {' or '.join(f'{s}://' for s in schemes)} and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name}: only {parts.scheme}://host:port/path: no user, password, ? or #")
    return value


def parts_of(value: str) -> SplitResult | None:
    """The parts of an address; None for one whose brackets, port or characters are wrong."""
    if not value.isprintable():
        return None
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
