"""Settings from the environment. What is missing or malformed stops the start, with its name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

OWN_PREFIX = "ASSAY_"
OWN_NAMES = {"ASSAY_TEST_RUN", "ASSAY_ALLOW_PYTHON_MODELS"}
BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps")


def text(name: str, default: str | None = None) -> str:
    """The value of NAME, or the contents of the file that NAME_FILE names.

    Raises:
        ImproperlyConfigured: neither is set and there is no default, or both are, or the file cannot be read.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value and file:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one")
    if file:
        try:
            value = Path(file).read_text().strip()
        except OSError as exc:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {file}: {exc.strerror}") from exc
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set")
    return default


def listed(name: str, default: str = "") -> list[str]:
    """A comma-separated value as a list."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def whole(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}: a whole number, not {value!r}")
    return int(value)


def refuse_unknown() -> None:
    """Refuse names with our prefix that nothing reads: they are misspelt."""
    unknown = sorted(name for name in os.environ if name.startswith(OWN_PREFIX) and name not in OWN_NAMES)
    if unknown:
        raise ImproperlyConfigured(f"unknown setting {', '.join(unknown)}; known: {', '.join(sorted(OWN_NAMES))}")


def database(url: str, *, engine: str) -> dict[str, Any]:
    """Django's description of the PostgreSQL at a libpq URL; what Django has no name for goes to OPTIONS."""
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured("DATABASE_URL: has to begin with postgresql://")
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as exc:
        raise ImproperlyConfigured(f"DATABASE_URL: {str(exc).strip()}") from exc
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL: has to end with the database's name, postgresql://…/name")
    return {
        "ENGINE": engine,
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def broker(*, embedded: str) -> str:
    """The broker's URL. The embedded one goes with the embedded database only: whoever names a database names both."""
    url = text("BROKER_URL", "" if text("DATABASE_URL", "") else embedded)
    if not url:
        raise ImproperlyConfigured("BROKER_URL is not set: with DATABASE_URL set, name your broker too, as redis://…")
    if urlsplit(url).scheme not in BROKERS:
        raise ImproperlyConfigured(f"BROKER_URL: has to begin with one of {', '.join(f'{b}://' for b in BROKERS)}")
    return url


def uses_embedded_servers() -> bool:
    """Whether the product brings its own PostgreSQL and broker: nobody named a database."""
    return not text("DATABASE_URL", "")


def flag(name: str) -> bool:
    """An on/off setting; absent is off."""
    value = os.environ.get(name, "").lower()
    if value not in ("", "0", "1"):
        raise ImproperlyConfigured(f"{name}: 1 for on or 0 for off, not {value!r}")
    return value == "1"


def port() -> int:
    """The portal's TCP port, 8000 unless PORT says otherwise."""
    value = whole("PORT", 8000)
    if not 1 <= value <= 65535:
        raise ImproperlyConfigured(f"PORT: a number from 1 to 65535, not {value}")
    return value


def megabytes(name: str, default: int) -> int:
    """A size given in MB, as bytes."""
    return whole(name, default) * 1_000_000


def url(name: str, schemes: tuple[str, ...], default: str | None) -> str:
    """An http(s) address without a slash at its end."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(f"{name}: has to begin with {' or '.join(f'{s}://' for s in schemes)} and a host")
    return value


def blob_folder(*, default: Path) -> Path:
    """Where uploaded and computed files lie: BLOB_URL as a path or file:// address."""
    value = text("BLOB_URL", str(default))
    return Path(urlsplit(value).path if value.startswith("file://") else value)


def email() -> dict[str, Any]:
    """Django's settings for the mail server that EMAIL_URL names; without one, no mail is sent."""
    parts = urlsplit(text("EMAIL_URL", "dummy:"))
    if parts.scheme in ("dummy", "console"):
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{parts.scheme}.EmailBackend"}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL: write it as smtp://user:password@host:port, smtps://… or console:")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": parts.username or "",
        "EMAIL_HOST_PASSWORD": parts.password or "",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def secret(name: str, *, made_in: Path | None) -> str:
    """A secret from the environment, or one made once in a folder (0600) where a folder is given."""
    if made_in is None or text(name, ""):
        return text(name)
    file = made_in / name.lower()
    if not file.exists():
        made_in.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = made_in / f".{name.lower()}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text().strip()
