"""Metrics of the operator's own."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.environment.values import listed, refuse_if_others_write, text


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
    refuse_if_others_write("ASSAY_METRICS_PATH", value)
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
