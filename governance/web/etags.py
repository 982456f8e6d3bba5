"""``If-Match`` on transitions: whoever acts names what they have seen."""

from __future__ import annotations

import re

from rest_framework.request import Request

from governance.web.problems import Problem

EDITION = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})')


def edition_tag(edition: int) -> str:
    """An edition as an entity tag."""
    return f'"{edition}"'


def required_edition(request: Request) -> int:
    """The edition in ``If-Match``.

    Raises:
        Problem: 428 when it is missing, 412 when it cannot be one.
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        raise Problem(428, "if_match_required", "send If-Match with the ETag of what you have seen")
    found = EDITION.fullmatch(sent.strip())
    if found is None:
        raise Problem(412, "stale", "If-Match is not an ETag of this resource; read it again")
    return int(found[1] or found[2])
