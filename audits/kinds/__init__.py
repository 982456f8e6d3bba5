"""Audit kinds. Importing this package registers them."""

from audits.kinds import card, license
from audits.kinds.base import get, names

__all__ = ["card", "get", "license", "names"]
