"""Audit kinds. Importing this package registers them."""

from audits.kinds import bias, card, license
from audits.kinds.base import get, names

__all__ = ["bias", "card", "get", "license", "names"]
