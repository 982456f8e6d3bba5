"""Refusals of services are half sentences for programs' output; a page shows whole ones."""

from __future__ import annotations

# Characters of what people say of a step that they take: others rely on it.
SHORTEST_REASON = 10
LONGEST_REASON = 5000


def as_sentence(text: str) -> str:
    """A sentence with its capital letter and full stop.

    >>> as_sentence("the file is empty; send one with content")
    'The file is empty; send one with content.'
    """
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) or not text else '.'}"
