"""Audit kinds. Importing this package registers them."""

from audits.kinds import bias, card, data, drift, license
from audits.kinds.base import get, names

__all__ = ["bias", "card", "data", "drift", "get", "license", "names"]
