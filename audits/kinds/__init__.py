"""Audit kinds. Importing this package registers them."""

from audits.kinds import card, license
from audits.kinds import card, license  # noqa: F401  (register)
from audits.kinds.base import get, names

__all__ = ["card", "get", "license", "names"]
