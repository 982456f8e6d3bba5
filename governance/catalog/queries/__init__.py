"""What the catalogue tells. Each says how many queries it costs; a person's roles, where they have not been read
yet in a request, are one more.
"""

from governance.catalog.queries.ancestry import DEEPEST, DIRECTIONS, Hop, Lineage, Node, lineage
from governance.catalog.queries.names import NotASha, find_entry, repo_id_of, resolve, valid_sha
from governance.catalog.queries.searching import (
    BEGINNING,
    NONE,
    ORDERS,
    BadCursor,
    Filters,
    Page,
    Row,
    card_audits,
    choices,
    search,
)
from governance.catalog.queries.texts import ShownText, licence_texts
from governance.catalog.queries.versions import (
    CardAudit,
    Change,
    Difference,
    VersionPage,
    card_audit,
    diff,
    finding_document,
    import_document,
    version_page,
)

__all__ = [
    "BEGINNING",
    "DEEPEST",
    "DIRECTIONS",
    "NONE",
    "ORDERS",
    "BadCursor",
    "CardAudit",
    "Change",
    "Difference",
    "Filters",
    "Hop",
    "Lineage",
    "Node",
    "NotASha",
    "Page",
    "Row",
    "ShownText",
    "VersionPage",
    "card_audit",
    "card_audits",
    "choices",
    "diff",
    "find_entry",
    "finding_document",
    "import_document",
    "licence_texts",
    "lineage",
    "repo_id_of",
    "resolve",
    "search",
    "valid_sha",
    "version_page",
]
