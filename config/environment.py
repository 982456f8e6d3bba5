"""Settings from the environment. What is missing or malformed stops the start, with its name and what to write.

No message repeats a secret, or an address that may hold a password; nor does the error that led to it (``from None``).
"""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

PREFIXES = ("ASSAY_", "OIDC_")
OWN_NAMES = {
    "ASSAY_ALLOW_PYTHON_MODELS",
    "ASSAY_DEBUG",
    "ASSAY_MAX_CARD_MB",
    "ASSAY_MAX_FETCH_MB",
    "ASSAY_MAX_UPLOAD_MB",
    "ASSAY_METRICS",
    "ASSAY_METRICS_PATH",
    "ASSAY_MODEL_SIGNERS",
    "ASSAY_MODEL_HOSTS",
    "ASSAY_MODEL_SECRETS",
    "ASSAY_NO_PREPARED_STATEMENTS",
    "ASSAY_PUBLIC_URL",
    "ASSAY_SCANNERS",
    "ASSAY_TEST_RUN",
    "ASSAY_TRIAL_DAYS",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_CLIENT_SECRET_FILE",
    "OIDC_ISSUER",
    "OIDC_SCOPES",
}
BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SWITCH = {"": False, "0": False, "no": False, "off": False, "false": False}
SWITCH |= {"1": True, "yes": True, "on": True, "true": True}
MODEL_HOST = re.compile(r"([a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f:.]+)(:[0-9]{1,5})?")
HOST = re.compile(r"\*|\.?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f:.]+", re.IGNORECASE)


def refuse_unknown() -> None:
    """Refuse names with our prefixes that nothing reads: they are misspelt."""
    unknown = sorted(name for name in os.environ if name.startswith(PREFIXES) and name not in OWN_NAMES)
    if unknown:
        meant = difflib.get_close_matches(unknown[0], OWN_NAMES, 1)
        known = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(sorted(OWN_NAMES))}"
        raise ImproperlyConfigured(f"unknown setting {', '.join(unknown)}; {known}")


# --- plain values ------------------------------------------------------------------------------------------------


def text(name: str, default: str | None = None) -> str:
    """The value of NAME, or the contents of the file that NAME_FILE names, without spaces around it.

    Raises:
        ImproperlyConfigured: neither is set and there is no default, or both are, or the file cannot be read.
    """
    value, file = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one")
    if file:
        value = _file_text(f"{name}_FILE", Path(file))
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set")
    return default


def _file_text(name: str, file: Path) -> str:
    try:
        value = file.read_text(encoding="utf-8").strip()
    except OSError as refused:
        raise ImproperlyConfigured(f"{name}: cannot read {file}: {refused.strerror}") from None
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {file} is not text in UTF-8") from None
    if not value:
        raise ImproperlyConfigured(f"{name}: {file} is empty")
    return value


def word(name: str, default: str | None = None) -> str:
    """A value without spaces and line breaks in it, such as a token."""
    value = text(name, default)
    if re.search(r"\s", value):
        raise ImproperlyConfigured(f"{name}: one line without spaces in it; its value is not shown here")
    return value


def listed(name: str, default: str = "") -> list[str]:
    """A comma-separated value as a list."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def hosts(name: str, default: str = "") -> list[str]:
    """Host names as Django's ALLOWED_HOSTS takes them: names and addresses, without scheme, port or path."""
    found = listed(name, default)
    for host in found:
        if not HOST.fullmatch(host):
            raise ImproperlyConfigured(f"{name}: host names with commas between, as assay.example.org, not {host!r}")
    return found


def whole(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number in a range, both ends included."""
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name}: a whole number from {least} to {most}, not {value!r}")
    return int(value)


def port() -> int:
    """The portal's TCP port, 8000 unless PORT says otherwise."""
    return whole("PORT", 8000, least=1, most=65535)


def megabytes(name: str, default: int) -> int:
    """A size given in MB (a million bytes each), as bytes."""
    return whole(name, default, least=1, most=1_000_000) * 1_000_000


def flag(name: str) -> bool:
    """An on/off setting; absent is off."""
    value = os.environ.get(name, "").strip()
    if value.lower() not in SWITCH:
        raise ImproperlyConfigured(f"{name}: 1 for on or 0 for off, not {value!r}")
    return SWITCH[value.lower()]


def metrics_folder(*, uploads: Path | None = None) -> str:
    """The folder with metrics of the operator's own, ASSAY_METRICS_PATH; empty where there are none.

    Code in it is run by workers, so nobody but its owner may be able to write there, and uploads must not lie in it.
    """
    value = text("ASSAY_METRICS_PATH", "")
    if not value:
        return ""
    folder = Path(value)
    if not folder.is_absolute() or not folder.is_dir():
        raise ImproperlyConfigured(f"ASSAY_METRICS_PATH: an absolute path of a folder that exists, not {value!r}")
    if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ImproperlyConfigured(
            f"ASSAY_METRICS_PATH: others than its owner can write into {value}; take their right away (chmod go-w)"
        )
    if uploads is not None:
        one, other = folder.resolve(), uploads.resolve()
        if one.is_relative_to(other) or other.is_relative_to(one):
            raise ImproperlyConfigured("ASSAY_METRICS_PATH: must lie apart from the folder of uploads (BLOB_URL)")
    return value


def metrics_allowed(folder: str) -> list[str]:
    """The metrics that may be run, ASSAY_METRICS: ``module:function`` and ``evaluate:name`` with commas between."""
    names = listed("ASSAY_METRICS")
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}:[A-Za-z_][A-Za-z0-9_]{0,60}", name):
            raise ImproperlyConfigured(f"ASSAY_METRICS: module:function or evaluate:name, not {name!r}")
    if names and not folder:
        raise ImproperlyConfigured("ASSAY_METRICS: goes with ASSAY_METRICS_PATH, which is not set")
    return names


def model_signers() -> list[dict[str, str]]:
    """Public keys and certificates whose signatures of models count: the PEM files in ASSAY_MODEL_SIGNERS, or the one.

    Whoever can write there decides whose models are taken for signed, so nobody but its owner may.
    """
    value = text("ASSAY_MODEL_SIGNERS", "")
    if not value:
        return []
    path = Path(value)
    if not path.is_absolute() or not path.exists():
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: an absolute path of a folder or file, not {value!r}")
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ImproperlyConfigured(
            f"ASSAY_MODEL_SIGNERS: others than its owner can write into {value}; take their right away (chmod go-w)"
        )
    from audits.files.signatures.signers import BadSigner, signers_of

    try:
        found = pems(value)
        signers_of(found)
    except BadSigner as bad:
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: {bad}") from None
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: a file in {value} cannot be read as text") from None
    return found


def pems(path: str) -> list[dict[str, str]]:
    """Texts of keys and certificates with the names of their files: one file, or those of a folder that end in .pem,
    .pub or .crt.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not text, or there is none.
    """
    given = Path(path)
    ends = (".pem", ".pub", ".crt")
    files = sorted(one for one in given.iterdir() if one.suffix in ends) if given.is_dir() else [given]
    if not files:
        raise ValueError("there is no .pem, .pub or .crt file in it")
    return [{"name": one.name, "pem": one.read_text(encoding="ascii")} for one in files]


def model_hosts() -> list[str]:
    """Hosts of models in networks of one's own, ASSAY_MODEL_HOSTS: ``host`` or ``host:port`` with commas between."""
    found = [name.lower() for name in listed("ASSAY_MODEL_HOSTS")]
    for name in found:
        if not MODEL_HOST.fullmatch(name):
            raise ImproperlyConfigured(f"ASSAY_MODEL_HOSTS: host or host:port with commas between, not {name!r}")
    return found


def model_secrets() -> dict[str, str]:
    """What is sent to which model's host, ASSAY_MODEL_SECRETS: ``host=NAME`` with commas between, where NAME is a
    variable of the workers' environment that holds the secret. The secret itself is not written here."""
    found = {}
    for pair in listed("ASSAY_MODEL_SECRETS"):
        host, equals, name = pair.partition("=")
        if not (equals and MODEL_HOST.fullmatch(host.lower()) and re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", name)):
            raise ImproperlyConfigured(
                "ASSAY_MODEL_SECRETS: host=NAME_OF_A_VARIABLE with commas between; the secret itself stands in that "
                "variable"
            )
        found[host.lower()] = name
    return found


def scanners() -> dict[str, str]:
    """Other scanners that the file scan asks, ASSAY_SCANNERS: names with commas between, each alone, or with the
    environment that it is installed in as ``name=/folder``. The folder by name, empty where none is given.

    What lies in the folder is run by workers, so nobody but its owner may be able to write there. It need not be there:
    only workers have to have it.
    """
    from audits.files.opinions.names import SCANNERS

    found: dict[str, str] = {}
    for one in listed("ASSAY_SCANNERS"):
        name, equals, folder = one.partition("=")
        if name not in SCANNERS or name in found:
            raise ImproperlyConfigured(
                f"ASSAY_SCANNERS: {' and '.join(SCANNERS)}, each once, alone or as name=/folder, not {one!r}"
            )
        path = Path(folder)
        if equals and not path.is_absolute():
            raise ImproperlyConfigured(f"ASSAY_SCANNERS: {name} with an absolute path of a folder, not {folder!r}")
        if equals and path.exists() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ImproperlyConfigured(
                f"ASSAY_SCANNERS: others than its owner can write into {folder}; take their right away (chmod go-w)"
            )
        found[name] = folder
    return found


def run_name() -> str:
    """What the databases of this test run are named after; the number of its process unless it is given."""
    value = text("ASSAY_TEST_RUN", str(os.getpid()))
    if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", value):
        raise ImproperlyConfigured("ASSAY_TEST_RUN: at most 40 letters, digits and underscores")
    return value


# --- addresses ---------------------------------------------------------------------------------------------------


def url(name: str, schemes: tuple[str, ...], default: str | None) -> str:
    """An address of the form scheme://host[:port][/path], without a slash at its end."""
    value = word(name, default).rstrip("/")
    parts = _split(value)
    if parts is None or parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(f"{name}: has to be {' or '.join(f'{s}://' for s in schemes)} and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name}: only {parts.scheme}://host:port/path: no user, password, ? or #")
    return value


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
    parts = _split(value)
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
    parts = _split(value)
    if parts is not None and parts.scheme == "file" and not parts.netloc:
        value = unquote(parts.path)
    if not value.startswith("/"):
        raise ImproperlyConfigured("BLOB_URL: an absolute path, /path or file:///path")
    return Path(value)


def email() -> dict[str, Any]:
    """Django's settings for the mail server that EMAIL_URL names; without one, no mail is sent.

    smtp:// speaks TLS (STARTTLS) where it gives a password, and smtps:// from the first byte. ``?from=`` is the sender.
    """
    parts = _split(word("EMAIL_URL", "dummy:"))
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


def _split(value: str) -> SplitResult | None:
    """The parts of an address; None for one whose brackets, port or characters are wrong."""
    if not value.isprintable():
        return None
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


# --- secrets -----------------------------------------------------------------------------------------------------


def secret(name: str, *, made_in: Path | None, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """A secret from the environment, or one made once in a folder (0600) where a folder is given.

    Processes that start at the same time get the same secret, and one that is killed leaves no half of it.
    """
    if made_in is None or text(name, ""):
        return text(name)
    file = made_in / name.lower()
    try:
        if not file.exists():
            made_in.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_once(file, make)
        open_to = stat.S_IMODE(file.stat().st_mode) & 0o077
    except OSError as refused:
        raise ImproperlyConfigured(
            f"{name}: cannot keep it in {made_in}: {refused.strerror}; set {name}_FILE"
        ) from None
    if open_to:
        raise ImproperlyConfigured(f"{name}: others may read {file}; run: chmod 600 {file}")
    return _file_text(name, file)


def _make_once(file: Path, make: Callable[[], str]) -> None:
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if file.exists():
            return
        draft = file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(make())
            opened.flush()
            os.fsync(opened.fileno())
        draft.rename(file)
    finally:
        os.close(folder)
