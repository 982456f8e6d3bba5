"""Tables of made texts with labels, groups and splits, some of them copies and near copies: the same every time."""

from __future__ import annotations

import csv
import random
from itertools import accumulate
from pathlib import Path

LATIN = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "ne", "pi", "ro", "sa", "te", "vi", "é", "ns", "r")
CYRILLIC = ("ба", "ве", "ги", "до", "жу", "за", "ки", "ло", "му", "не", "пи", "ро", "са", "те", "фи", "ный", "ла")
WORDS = 20_000
# Shares of rows: copied whole, copied with one word changed, in Cyrillic, with somebody's address in them.
COPIED, NEARLY, IN_CYRILLIC, ADDRESSED = 0.04, 0.06, 0.1, 0.002
HEADER = ("id", "text", "label", "person", "split", "sex", "country", "score", "when")


def write_table(path: Path, rows: int, *, seed: int = 0) -> None:
    """Write a csv table of ``rows`` rows: some 190 characters of text each, words as often as Zipf's law says."""
    draw = random.Random(seed)  # noqa: S311 - a benchmark has to be the same every time
    spoken = [
        (_words(syllables, draw), list(accumulate(1 / rank for rank in range(1, WORDS + 1))))
        for syllables in (LATIN, CYRILLIC)
    ]
    made: list[tuple[list[str], tuple[str, ...]]] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for row in range(rows):
            chance = draw.random()
            if made and chance < COPIED + NEARLY:
                text, rest = draw.choice(made)
                if chance >= COPIED:
                    text = list(text)
                    text[draw.randrange(len(text))] = draw.choice(spoken[0][0])
            else:
                words, weights = spoken[draw.random() < IN_CYRILLIC]
                text = draw.choices(words, cum_weights=weights, k=max(int(draw.lognormvariate(3.3, 0.4)), 8))
                rest = (
                    draw.choice(("f", "m", "")),
                    draw.choice(("AT", "BR", "DE", "IN", "JP", "KE", "RU", "US")),
                    f"{draw.gauss(0, 1):.4f}",
                    f"20{draw.randrange(18, 27)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
                )
                if draw.random() < ADDRESSED:
                    text.append(f"anna{row}@mail.example")
            made.append((text, rest))
            label = draw.choices(("praise", "question", "complaint", "spam"), (50, 30, 15, 5))[0]
            person = f"p{draw.randrange(max(rows // 4, 1))}"
            split = draw.choices(("train", "dev", "test"), (8, 1, 1))[0]
            out.writerow((row, " ".join(text).capitalize() + ".", label, person, split, *rest))


def _words(syllables: tuple[str, ...], draw: random.Random) -> list[str]:
    return ["".join(draw.choices(syllables, k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(WORDS)]
