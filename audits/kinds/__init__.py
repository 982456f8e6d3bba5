"""Audit kinds. Importing this package registers them."""

from audits.kinds.base import get, names

__all__ = ["get", "names"]
