"""What this room tells. Each says how many queries it costs."""

from governance.licensing.queries.chains import Chain, Judged, Link, Node, chain, judged
from governance.licensing.queries.duties import Duty, obligations
from governance.licensing.queries.licences import (
    LicenceDetail,
    TermShown,
    Users,
    annotations_of,
    licence_detail,
    users_of,
)
from governance.licensing.queries.notices import notice_file
from governance.licensing.queries.texts import TextRead, texts_of
from governance.licensing.rules import may_keep_table, reviews_law

__all__ = [
    "Chain",
    "Duty",
    "Judged",
    "LicenceDetail",
    "Link",
    "Node",
    "TermShown",
    "TextRead",
    "Users",
    "annotations_of",
    "chain",
    "judged",
    "licence_detail",
    "may_keep_table",
    "notice_file",
    "obligations",
    "reviews_law",
    "texts_of",
    "users_of",
]
