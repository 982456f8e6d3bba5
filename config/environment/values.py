"""Plain values: words, lists, numbers, switches, and the files that hold them."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SWITCH = {"": False, "0": False, "no": False, "off": False, "false": False}
SWITCH |= {"1": True, "yes": True, "on": True, "true": True}

HOST = re.compile(r"\*|\.?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f:.]+", re.IGNORECASE)


def text(name: str, default: str | None = None) -> str:
    """The value of NAME, or the contents of the file that NAME_FILE names, without spaces around it.

    Raises:
        ImproperlyConfigured: neither is set and there is no default, or both are, or the file cannot be read.
    """
    value, file = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one")
    if file:
        value = file_text(f"{name}_FILE", Path(file))
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set")
    return default


def file_text(name: str, file: Path) -> str:
    """The contents of a file of UTF-8, without spaces around them; ``name`` is the setting that names it."""
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


def run_name() -> str:
    """What the databases of this test run are named after; the number of its process unless it is given."""
    value = text("ASSAY_TEST_RUN", str(os.getpid()))
    if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", value):
        raise ImproperlyConfigured("ASSAY_TEST_RUN: at most 40 letters, digits and underscores")
    return value


def refuse_if_others_write(name: str, path: str) -> None:
    """Refuse a place whose content is trusted while others than its owner can change it."""
    if Path(path).stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ImproperlyConfigured(
            f"{name}: others than its owner can write into {path}; take their right away (chmod go-w)"
        )
