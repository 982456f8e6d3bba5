"""Features that give a sensitive attribute away, alone or together (A7)."""

from __future__ import annotations

from audits.measures.proxies.document import proxies_of

__all__ = ["proxies_of"]
