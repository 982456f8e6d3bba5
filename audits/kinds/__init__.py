"""Audit kinds. Importing this package registers them."""

from audits.kinds import bias, card, license, mitigation
from audits.kinds.base import get, names

__all__ = ["bias", "card", "get", "license", "mitigation", "names"]
