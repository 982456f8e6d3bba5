"""How fast another scanner reads what the file scan reads: the floor that it is held to.

    python bench/files.py [--megabytes 14] [--archive 210] [--repeats 3]

Needs requirements/dev.txt. The peer is picklescan, which follows pickles with the standard library's ``genops`` and
skips the numbers of tensors. Files are in memory for pickles and on disk for the archive.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from picklescan.scanner import scan_file_path, scan_pickle_bytes

from bench.synthetic.weights import dense, torch_archive

MB = 1_000_000
PROTOCOLS = (2, 4)


def best_of(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of several repeats."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def pickles(size: int, repeats: int) -> None:
    for protocol in PROTOCOLS:
        data = dense(size, protocol=protocol)
        peer = best_of(lambda: scan_pickle_bytes(io.BytesIO(data), "model.pkl"), repeats)  # noqa: B023 - called at once
        print(f"pickle of protocol {protocol}, {len(data) / MB:.1f} MB: picklescan {len(data) / MB / peer:.2f} MB/s")


def archive(size: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        torch_archive(path, size=size, tensors=200)
        peer = best_of(lambda: scan_file_path(str(path)), repeats)
        print(f"torch archive of {path.stat().st_size / MB:.0f} MB: picklescan {peer:.3f} s, without the tensors")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--megabytes", type=int, default=14)
    asked.add_argument("--archive", type=int, default=210)
    asked.add_argument("--repeats", type=int, default=3)
    given = asked.parse_args()
    pickles(given.megabytes * MB, given.repeats)
    archive(given.archive * MB, given.repeats)


if __name__ == "__main__":
    main()
