"""What a card shows of what licences ask for: badges (words that a licence wants to be shown) and copyright."""

from __future__ import annotations

import hashlib
import re
from functools import cache

from licenses import catalogue, texts
from licenses.evidence import MET, OPEN, UNSEEN, CardSeen, Evidence, copyright_lines
from licenses.mentions import looked_for, words_of


def read_card(content: bytes) -> CardSeen:
    """What a card shows of what licences ask for. Cheap: only a card that may show something is read word by word."""
    lowered, words = content.lower(), content[: texts.MAX_LENGTH].decode("utf-8", "replace")
    card = Evidence(card_text=words)
    # Letters that only look like those of a badge are not looked for.
    telling = {word for word in _telling_words() if word in lowered}
    return CardSeen(
        badges=tuple(
            badge
            for badge, choices in (_badges() if telling else ())
            if any(choice and max(choice, key=len) in telling and _follow(choice, lowered) for choice in choices)
            and badge_shown(card, badge) == MET
        ),
        sought=badges_digest() if len(content) <= texts.MAX_LENGTH else "",
        copyright=(b"copyright" in lowered or b"(c)" in lowered or "©" in words)
        and next(copyright_lines(words), None) is not None,
    )


@cache
def badges_digest() -> str:
    """Which badges the licence table asks for, all together: changes with any of them."""
    return hashlib.sha256("\n".join(badge for badge, _ in _badges()).encode()).hexdigest()[:16]


@cache
def _badges() -> tuple[tuple[str, tuple[tuple[bytes, ...], ...]], ...]:
    """The badges of the table, each with the words of its choices."""
    badges = sorted({row.badge for row in catalogue.all_licences() if row.badge})
    return tuple((badge, tuple(tuple(words_of(one).encode().split()) for one in _choices(badge))) for badge in badges)


@cache
def _telling_words() -> frozenset[bytes]:
    """The longest word of each badge: a card that holds none of these shows none."""
    return frozenset(max(choice, key=len) for _, choices in _badges() for choice in choices if choice)


def _follow(words: tuple[bytes, ...], lowered: bytes) -> bool:
    """Whether words may stand one after the other, which is seldom so where each of them stands somewhere."""
    longest_first = sorted(words, key=len, reverse=True)
    return all(word in lowered for word in longest_first) and re.search(rb"[^a-z0-9]+".join(words), lowered) is not None


def badge_shown(evidence: Evidence, badge: str) -> str:
    """Whether the words that a licence wants to be shown stand in card, NOTICE or name.

    A badge may offer a choice (``|``), have a condition in round brackets and a gap to fill in square ones.
    """
    card = evidence.card_seen or CardSeen()
    seen = MET if badge in card.badges else looked_for(evidence, _choices(badge), in_name=True)
    if seen == UNSEEN and card.sought == badges_digest() and any(badge == known for known, _ in _badges()):
        return UNSEEN if evidence.notices_cut else OPEN
    return seen


def _choices(badge: str) -> list[str]:
    return [re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", words) for words in badge.split("|")]
