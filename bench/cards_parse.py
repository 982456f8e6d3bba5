"""How many real cards a second the parser reads and checks, and how that compares with huggingface_hub's own reader.

    python bench/cards_parse.py [FOLDER] [--kind model] [--rounds 3]

Both read the same files, already in memory, on one core, one after the other; every round is a new process, so that
nothing remembered from one round helps the next. The peer (``RepoCard``) parses the front matter and checks nothing; a
card that it refuses counts as read. CPU time stands beside wall time: on a busy machine it is what the parser costs.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CARDS = ROOT.parent / "shared" / "data" / "cards" / "models"
FLOOR = 2_500
Rate = tuple[float, float]


def measure(read: Callable[[bytes], object], cards: list[bytes]) -> Rate:
    """Cards per second of wall time and of CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for card in cards:
        read(card)
    return len(cards) / (time.perf_counter() - wall), len(cards) / (time.process_time() - cpu)


def one_round(folder: Path, kind: str) -> tuple[Rate, Rate]:
    """The rates of the parser and of the peer over a folder of cards."""
    sys.path.insert(0, str(ROOT))
    from audits.cards import parse

    peer = _peer()
    cards = [path.read_bytes() for path in _cards(folder)]
    parse(b"---\nlicense: none\n---\n", kind=kind)  # the licence table is read once per process
    return measure(lambda raw: parse(raw, kind=kind), cards), measure(peer, cards)


def _peer() -> Callable[[bytes], object]:
    from huggingface_hub import RepoCard

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

    def read(raw: bytes) -> object:
        try:
            return RepoCard(raw.decode("utf-8-sig", "replace"), ignore_metadata_errors=True)
        except Exception as refused:  # whatever it refuses, it has read
            return refused

    return read


def _cards(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.md")) if path.name != "README.md"]


def main(argv: list[str] | None = None) -> int:
    """Print both rates and their ratio for each round; 1 if the median CPU rate is below the floor."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", nargs="?", type=Path, default=CARDS)
    arguments.add_argument("--kind", default="model", choices=["model", "dataset", "space"])
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args(argv)
    paths = _cards(options.folder)
    if not paths:
        print(f"no cards in {options.folder}: give the folder of *.md cards", file=sys.stderr)
        return 2
    print(f"{len(paths)} cards, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB, {options.folder}")
    rates = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for turn in range(1, options.rounds + 1):
            (wall, cpu), (peer_wall, peer_cpu) = pool.submit(one_round, options.folder, options.kind).result()
            rates.append(cpu)
            print(
                f"round {turn}: {wall:6,.0f} cards/s ({cpu:6,.0f} by CPU time)"
                f"   huggingface_hub {peer_wall:6,.0f} ({peer_cpu:6,.0f})   ratio {cpu / peer_cpu:.1f}"
            )
    median = statistics.median(rates)
    print(f"median {median:,.0f} cards/s of CPU time; at least {FLOOR:,} are wanted")
    return 0 if median >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
