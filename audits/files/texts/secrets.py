"""Keys and passwords that somebody left in a file, by shape and, where the issuer gives one, by checksum."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable

from audits.files.places import Place
from audits.files.sources import CHUNK

_OVERLAP = 512
# Bits for each character, a choice: what repeats few characters is a placeholder and no key.
_LEAST_ENTROPY = 3.0
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def entropy(text: str) -> float:
    """Shannon entropy of the characters of a text, in bits for each; 0 for an empty one."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def _mixed(text: str) -> bool:
    return entropy(text) >= _LEAST_ENTROPY


def _checksum(text: str) -> bool:
    """Six last characters are the CRC-32 of those before them, in base 62. Source: GitHub's note on token formats."""
    body = text.partition("_")[2]
    value = 0
    for char in body[-6:]:
        value = value * 62 + _BASE62.index(char)
    return zlib.crc32(body[:-6].encode()) == value


def _is_jwt(text: str) -> bool:
    head = text.split(".")[0]
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, TypeError, RecursionError):
        return False


def _any(_text: str) -> bool:
    return True


_SHAPES: tuple[tuple[str, re.Pattern[bytes], Callable[[str], bool]], ...] = tuple(
    (name, re.compile(pattern), check)
    for name, pattern, check in (
        ("private_key", rb"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----", _any),
        ("aws", rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", _mixed),
        ("github", rb"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b", _checksum),
        ("github_fine", rb"\bgithub_pat_[A-Za-z0-9_]{82}\b", _mixed),
        ("npm", rb"\bnpm_[A-Za-z0-9]{36}\b", _checksum),
        ("hugging_face", rb"\b(?:hf|api_org)_[A-Za-z]{34}\b", _mixed),
        ("model_api", rb"\bsk-[A-Za-z0-9_-]{32,180}\b", _mixed),
        ("slack", rb"\bxox[abprs]-[A-Za-z0-9-]{20,120}\b", _mixed),
        ("google", rb"\bAIza[A-Za-z0-9_-]{35}\b", _mixed),
        ("stripe", rb"\b[sr]k_live_[A-Za-z0-9]{24,120}\b", _mixed),
        ("gitlab", rb"\bglpat-[A-Za-z0-9_-]{20}\b", _mixed),
        ("wandb", rb"WANDB_API_KEY\s{0,4}[=:]\s{0,4}[\"']?[0-9a-f]{40}\b", _mixed),
        ("jwt", rb"\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{20,400}", _is_jwt),
        ("password_in_url", rb"\b[a-z][a-z0-9+.-]{2,12}://[^\s/:@\"'<>{}$]{1,64}:[^\s/:@\"'<>{}$]{8,64}@", _mixed),
    )
)
# One quick look for any of the beginnings, before the patterns are tried.
_HINT = re.compile(
    rb"PRIVATE KEY|AKIA|ASIA|gh[pousr]_|github_pat_|npm_|hf_|api_org_|sk-|xox[abprs]-|AIza|k_live_|glpat-|WANDB_|eyJ|://"
)


def search(place: Place, raw: bytes) -> None:
    """Note the secrets in some bytes, each by its kind and masked."""
    if not _HINT.search(raw):
        return
    for kind, pattern, check in _SHAPES:
        for match in pattern.finditer(raw):
            text = match.group().decode("ascii", "replace")
            if check(text):
                place.note("files.secret", f"{kind}: {masked(text)}")


def search_text(place: Place, text: str) -> None:
    """The same for a text that was read already."""
    search(place, text.encode("utf-8", "replace"))


def search_all(place: Place) -> None:
    """Search a whole file, piece by piece."""
    at = 0
    while chunk := place.source.read_at(at, CHUNK + _OVERLAP):
        search(place, chunk)
        at += CHUNK


def masked(text: str) -> str:
    """The first four characters of a secret and its length: enough to find it, too little to use it."""
    return f"{text[:4]}… ({len(text)})"
