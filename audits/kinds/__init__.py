"""Audit kinds. Importing this package registers them."""

from audits.kinds import bias, card, license, metrics, mitigation
from audits.kinds.base import get, names

__all__ = ["bias", "card", "get", "license", "metrics", "mitigation", "names"]
