"""Secrets that are given, or made once and kept."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.environment.values import file_text, text


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
    return file_text(name, file)


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
