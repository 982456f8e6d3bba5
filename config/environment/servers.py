"""The servers and stores that the product uses: PostgreSQL, the broker, the folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from config.environment.addresses import parts_of
from config.environment.values import text, word

BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def uses_embedded_servers() -> bool:
    """Whether the product brings its own PostgreSQL and broker: nobody named a database."""
    return not text("DATABASE_URL", "")


def database(url: str, *, engine: str = "django.db.backends.postgresql", name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's description of the PostgreSQL at a libpq URL; what Django has no name for goes to OPTIONS."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name}: has to begin with postgresql://")
    try:
        parts = conninfo_to_dict(url)
    except (ProgrammingError, ValueError):
        raise ImproperlyConfigured(
            f"{name}: cannot be read as postgresql://user:password@host:port/name?option=value;"
            " what is not a letter or a digit in a password has to be percent-encoded"
        ) from None
    if not parts.get("dbname"):
        raise ImproperlyConfigured(f"{name}: has to end with the database's name, postgresql://…/name")
    ports = str(parts.get("port", "")).split(",")
    if not all(port == "" or (port.isdecimal() and 1 <= int(port) <= 65535) for port in ports):
        raise ImproperlyConfigured(f"{name}: the port has to be a number from 1 to 65535")
    if parts.get("sslmode", "prefer") not in SSL_MODES:
        raise ImproperlyConfigured(f"{name}: sslmode has to be one of {', '.join(SSL_MODES)}")
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


def owner_database() -> dict[str, Any] | None:
    """The database as the owner of its tables sees it, who migrates: MIGRATION_DATABASE_URL; None without one."""
    address = text("MIGRATION_DATABASE_URL", "")
    if not address:
        return None
    if uses_embedded_servers():
        raise ImproperlyConfigured("MIGRATION_DATABASE_URL: goes with DATABASE_URL, which is not set")
    owner = database(address, name="MIGRATION_DATABASE_URL")
    if owner["NAME"] != database(text("DATABASE_URL"))["NAME"]:
        raise ImproperlyConfigured("MIGRATION_DATABASE_URL: has to name the same database as DATABASE_URL")
    return owner


def broker(*, embedded: str) -> str:
    """The broker's URL. The embedded one goes with the embedded database only: whoever names a database names both."""
    value = word("BROKER_URL", "" if text("DATABASE_URL", "") else embedded)
    if not value:
        raise ImproperlyConfigured("BROKER_URL is not set: with DATABASE_URL set, name your broker too, as redis://…")
    parts = parts_of(value)
    if parts is None or parts.scheme not in BROKERS:
        raise ImproperlyConfigured(f"BROKER_URL: has to begin with one of {', '.join(f'{b}://' for b in BROKERS)}")
    if parts.scheme == "redis+socket" and not parts.path.startswith("/"):
        raise ImproperlyConfigured("BROKER_URL: a socket is written redis+socket:///path/to/socket")
    if parts.scheme != "redis+socket" and not parts.hostname:
        raise ImproperlyConfigured(f"BROKER_URL: names no host; write {parts.scheme}://user:password@host:port/")
    return value


def blob_folder(*, default: Path) -> Path:
    """Where uploaded and computed files lie: BLOB_URL as an absolute path or a file:// address."""
    value = text("BLOB_URL", str(default))
    if value.startswith("s3://"):
        raise ImproperlyConfigured(
            "BLOB_URL: s3:// needs the extra for object stores, which this version lacks; use a path"
        )
    parts = parts_of(value)
    if parts is not None and parts.scheme == "file" and not parts.netloc:
        value = unquote(parts.path)
    if not value.startswith("/"):
        raise ImproperlyConfigured("BLOB_URL: an absolute path, /path or file:///path")
    return Path(value)
