"""What real cards declare, as counts: made from a folder of cards, kept as a table, drawn from by the benchmarks.

python bench/synthetic/counted.py FOLDER > bench/synthetic/licence_counts.csv
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from audits.cards import ParsedCard, parse

COUNTS = Path(__file__).with_name("licence_counts.csv")
SOURCE = "cards and Hub answers of 2022-02 to 2025-10; counted 2026-11-29"
SEVERAL = " | "
"""Between the licences of a card that declares several."""


def count(folder: Path) -> Iterator[tuple[str, str, int, str]]:
    """Count a folder of cards (``models/``, ``datasets/``, ``hub_api/``): rows (what, value, count, source)."""
    found: dict[str, Counter[str]] = {}
    for what, value in _seen(folder):
        found.setdefault(what, Counter())[str(value)] += 1
    for what, counter in found.items():
        for value, number in sorted(counter.items(), key=lambda item: (-item[1], item[0])):
            if what != "first_word" or number > 1:
                yield what, value, number, SOURCE


def _seen(folder: Path) -> Iterator[tuple[str, object]]:
    models = _cards(folder, "model")
    for name, card in models.items():
        yield from _of_model(name, card, models)
    for packed in sorted(folder.joinpath("hub_api").glob("hub_2022_bulk_*.jsonl.gz")):
        with gzip.open(packed, "rt", encoding="utf-8") as lines:
            for line in lines:
                tags = json.loads(line)["tags"]
                yield "licence_without_base", SEVERAL.join(t[8:] for t in tags if t.startswith("license:"))
    for card in _cards(folder, "dataset").values():
        yield "dataset_licence", SEVERAL.join(card.licenses)


def _of_model(name: str, card: ParsedCard, models: dict[str, ParsedCard]) -> Iterator[tuple[str, object]]:
    bases = [link for link in card.links if link.kind == "model"]
    yield "licence_with_base" if bases else "licence_without_base", SEVERAL.join(card.licenses)
    if bases:
        yield "bases", len(bases)
        yield "relation" if len(bases) == 1 else "relation_of_several", bases[0].relation
        yield "first_word", _first_word(name)
    for base in (models[link.target].licenses for link in bases if link.target in models):
        yield "licence_of_a_base", SEVERAL.join(base)
        if base:
            yield "declares_what_the_base_declares", base == card.licenses
    datasets = sum(link.kind == "dataset" for link in card.links)
    if datasets:
        yield "datasets", datasets


def _cards(folder: Path, kind: str) -> dict[str, ParsedCard]:
    files = (path for path in sorted(folder.joinpath(f"{kind}s").glob("*.md")) if path.name != "README.md")
    return {path.stem.replace("__", "/", 1): parse(path.read_bytes(), kind=kind) for path in files}


def _first_word(name: str) -> str:
    word = name.rsplit("/", 1)[-1].replace("_", "-").split("-", 1)[0]
    return word if word.isalnum() else "model"


class Draw:
    """Draws from what was counted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a benchmark has to be the same every time
        self._tables: dict[str, tuple[list[str], list[int]]] = {}
        with COUNTS.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                values, weights = self._tables.setdefault(row["what"], ([], []))
                values.append(row["value"])
                weights.append(int(row["count"]))

    def values(self, what: str) -> list[str]:
        return self._tables[what][0]

    def many(self, what: str, number: int) -> list[str]:
        values, weights = self._tables[what]
        return self.random.choices(values, cum_weights=list(accumulate(weights)), k=number)

    def share(self, what: str, value: str) -> float:
        values, weights = self._tables[what]
        return weights[values.index(value)] / sum(weights)


if __name__ == "__main__":
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("what", "value", "count", "source"))
    writer.writerows(count(Path(sys.argv[1])))
