"""How many licence files a second are read and recognised.

    python bench/license_texts.py [FOLDER] [--rounds 3]

Every file of the folder is identified from its bytes, as an import does it: decode, normalise, hash, look up, and the
same again without copyright lines where the first look-up found nothing. One process; CPU time stands beside wall time,
because on a busy machine it is what the work costs. The floor is a version with 40 licence files in one CPU second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT.parent / "shared" / "data" / "licences" / "texts"
FLOOR = 40


def main() -> int:
    """Print files per second and what was recognised; 1 when the floor is missed, 2 without files."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=TEXTS)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    files = [path.read_bytes() for path in sorted(chosen.folder.glob("*.txt"))] if chosen.folder.is_dir() else []
    if not files:
        print(f"no texts in {chosen.folder}: give the folder of *.txt licence texts", file=sys.stderr)
        return 2
    sys.path.insert(0, str(ROOT))
    from licenses import texts

    texts.known_texts()  # the table is read once per process
    rates: list[tuple[float, float]] = []
    known = 0
    for _ in range(chosen.rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        known = sum(texts.identify(content) is not None for content in files)
        rates.append((len(files) / (time.perf_counter() - wall), len(files) / (time.process_time() - cpu)))
    by_wall, by_cpu = (statistics.median(column) for column in zip(*rates, strict=True))
    size = sum(map(len, files)) / len(files) / 1024
    print(f"{len(files)} files of {size:.1f} KiB on average, {known} recognised word for word")
    print(f"{by_wall:.0f}/s of wall time, {by_cpu:.0f}/s of CPU time; floor {FLOOR}/s: {by_cpu / FLOOR:.1f} times")
    return 0 if by_cpu >= FLOOR else 1


if __name__ == "__main__":
    raise SystemExit(main())
