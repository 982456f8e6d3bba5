"""How fast the file scan reads pickles, and how much of a torch archive it accounts for, against another scanner.

    python bench/files.py [--megabytes 14] [--archive 210] [--repeats 3]

Needs requirements/dev.txt. The peer is picklescan, which follows pickles with the standard library's ``genops`` and
skips the numbers of tensors. Files are in memory for pickles and on disk for the archive; the two take turns, and the
fastest of their repeats is compared. Ours hashes what it reads and accounts for every byte, which is checked here: the
bounds are five times picklescan's MB/s on pickles, two seconds for the archive, and a sparse file of 100 GB that is
refused without being read.
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

from audits.files.documents import document_of
from audits.files.scanning import FileScan, scan_paths
from audits.files.sources import Source
from bench.synthetic.weights import dense, torch_archive

MB = 1_000_000
PROTOCOLS = (2, 4)


def in_turns(works: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Seconds of the fastest of several repeats of each; whatever else the machine does meets all of them."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            found[name].append(time.perf_counter() - begun)
    return {name: min(seconds) for name, seconds in found.items()}


def scanned(data: bytes) -> dict[str, Any]:
    scan = FileScan()
    scan.file(Source.of_bytes(data), "model.pkl")
    return document_of(scan)


def scanned_on_disk(path: Path) -> dict[str, Any]:
    scan = FileScan()
    scan_paths([path], scan)
    return document_of(scan)


def whole(document: dict[str, Any], size: int, *, tensor_data: int = 0) -> None:
    """Stop unless every byte is accounted for: a fast scan of a part would be no rival."""
    if (
        not document["bytes_inspected"] == document["bytes_total"] == size
        or document["bytes_tensor_data"] != tensor_data
    ):
        raise SystemExit(f"not every byte is accounted for: {document['bytes_inspected']} of {size}")


def pickles(size: int, repeats: int) -> None:
    for protocol in PROTOCOLS:
        data = dense(size, protocol=protocol)
        document = scanned(data)
        whole(document, len(data))
        took = in_turns(
            {
                "picklescan": lambda: scan_pickle_bytes(io.BytesIO(data), "model.pkl"),  # noqa: B023 - called at once
                "ours": lambda: scanned(data),  # noqa: B023
            },
            repeats,
        )
        speeds = ", ".join(f"{name} {len(data) / MB / seconds:.2f} MB/s" for name, seconds in took.items())
        ratio = took["picklescan"] / took["ours"]
        print(f"pickle of protocol {protocol}, {len(data) / MB:.1f} MB: {speeds}: {ratio:.1f} times")


def archive(size: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        numbers = torch_archive(path, size=size, tensors=200)
        document = scanned_on_disk(path)
        whole(document, path.stat().st_size, tensor_data=numbers)
        took = in_turns(
            {"picklescan": lambda: scan_file_path(str(path)), "ours": lambda: scanned_on_disk(path)}, repeats
        )
        print(
            f"torch archive of {path.stat().st_size / MB:.0f} MB: picklescan {took['picklescan']:.3f} s without the"
            f" tensors; ours {took['ours']:.2f} s, every byte accounted for, {numbers / MB:.0f} MB of them as tensors"
        )


def sparse(size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        with path.open("wb") as file:
            file.truncate(size)
        begun = time.perf_counter()
        document = scanned_on_disk(path)
        if (document["verdict"], document["bytes_inspected"]) != ("insufficient_data", 0):
            raise SystemExit("the sparse file was not refused")
        print(f"sparse file of {size / 1e9:.0f} GB: refused in {1000 * (time.perf_counter() - begun):.1f} ms")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--megabytes", type=int, default=14)
    asked.add_argument("--archive", type=int, default=210)
    asked.add_argument("--repeats", type=int, default=3)
    given = asked.parse_args()
    pickles(given.megabytes * MB, given.repeats)
    archive(given.archive * MB, given.repeats)
    sparse(100_000_000_000)


if __name__ == "__main__":
    main()
