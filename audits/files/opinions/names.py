"""The scanners that are known here."""

from __future__ import annotations

from collections.abc import Mapping

SCANNERS: Mapping[str, str] = {"picklescan": "picklescan.scanner", "modelscan": "modelscan.modelscan"}
"""Name, also of the distribution -> the module of it that is called."""
