"""How many texts a second get keyboard typos, beside nlpaug on the same texts with the same share of characters.

Both in turn, processor time, the best of several rounds of each; ours includes reading the texts into
one array and out of it.

    python bench/text_typos.py [--texts 2000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.measures.stress.choosing import RATES
from audits.measures.stress.corpus import corpus_of
from audits.measures.stress.families import FAMILIES, at_severities
from bench.peers.typos import nlpaug_typos

SEVERITY = 3
BOUND = 10.0
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dog",
    "and",
    "then",
    "sleeps",
    "long",
    "under",
    "sun",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    texts = made(given.texts)
    peer = nlpaug_typos(RATES[SEVERITY - 1])
    if peer is None:
        print("nlpaug is not installed (requirements/dev.in); ours alone")
    best = {"ours": float("inf"), "nlpaug": float("inf")}
    for _ in range(given.rounds):
        best["ours"] = min(best["ours"], seconds(ours, texts))
        if peer is not None:
            best["nlpaug"] = min(best["nlpaug"], seconds(peer, texts))
    print(
        f"{len(texts):,} texts of {len(''.join(texts)) / len(texts):.0f} characters, {RATES[SEVERITY - 1]:.0%} changed"
    )
    for name, took in best.items():
        if took < float("inf"):
            found = (ours if name == "ours" else peer or ours)(texts)
            changed = sum(a != b for old, new in zip(texts, found, strict=True) for a, b in zip(old, new, strict=False))
            share = changed / len("".join(texts))
            print(f"{name:>7}  {len(texts) / took:>10,.0f} texts/s  {share:.1%} of the characters changed")
    if peer is not None:
        print(f"ratio {best['nlpaug'] / best['ours']:.1f} to nlpaug (bound {BOUND:.0f})")


def ours(texts: Sequence[str]) -> list[str]:
    return at_severities(FAMILIES["keyboard_typos"], corpus_of(texts), [SEVERITY], seed=1)[SEVERITY].texts()


def made(n: int) -> list[str]:
    """Texts of twenty words, about a hundred characters."""
    random = np.random.default_rng(0)
    return [" ".join(WORDS[one] for one in row) for row in random.integers(0, len(WORDS), size=(n, 20)).tolist()]


def seconds(does: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> float:
    started = time.process_time()
    does(texts)
    return time.process_time() - started


if __name__ == "__main__":
    main()
