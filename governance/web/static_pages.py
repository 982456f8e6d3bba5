"""Pages that were made once and are sent as they are: one file with its own style sheet, and no scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def policy_for(head: str) -> str:
    """The content security policy of a page whose style sheets stand in ``head``: those by their digests, and nothing
    else that could run or be loaded."""
    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(head)]
    styles = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def static_page(html: str) -> HttpResponse:
    """Answer with a page that stands alone."""
    answer = HttpResponse(html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = policy_for(html)
    return answer


def static_stream(head: str, chunks: Iterable[bytes]) -> StreamingHttpResponse:
    """Answer with a page that is too long for memory; ``head`` are its first characters, style sheet included."""
    answer = StreamingHttpResponse(chunks, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = policy_for(head)
    return answer
