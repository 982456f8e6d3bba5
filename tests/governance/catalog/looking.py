"""Names of what a page of the catalogue shows."""

from __future__ import annotations

from governance.catalog.queries import Page
from tests.governance.catalog.cards import card, imported

SHA = "0123456789abcdef0123456789abcdef01234567"


def ids(page: Page) -> list[str]:
    return [row.entry.repo_id for row in page.rows]


def chain() -> None:
    """quantized -> tuned -> base -> rows, and a second model tuned on the base."""
    imported("org/quantized", raw=card(base_model="org/tuned", base_model_relation="quantized"))
    imported("org/tuned", raw=card(base_model="org/base"))
    imported("org/second", raw=card(base_model="org/base"))
    imported("org/base", raw=card(datasets="[org/rows]"))
