"""The least that looking for copies costs: the table read, its texts brought to one spelling and hashed, no more.

    python bench/synthetic/texts_floor.py TABLE.csv

Prints one JSON document: rows, surplus copies, seconds of processor time (imports not counted) and the peak of
memory. It finds copies of a whole text; it looks for nothing that is merely alike and at no other column.
"""

from __future__ import annotations

import json
import sys
import time

import pyarrow.compute as pc
import pyarrow.csv as pacsv


def floor(path: str) -> dict[str, int]:
    """Read the table, fold the texts (NFC, lower case, no blanks around), and hash them."""
    table = pacsv.read_csv(path)
    folded = pc.utf8_trim_whitespace(pc.utf8_lower(pc.utf8_normalize(table["text"], form="NFC")))
    different = pc.count_distinct(folded).as_py()
    return {"rows": table.num_rows, "copies": table.num_rows - different}


def peak_mb() -> float:
    """The most memory that this process has held; not ``ru_maxrss``, which starts at what its parent had."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    began = time.process_time()
    found = floor(sys.argv[1])
    print(json.dumps(found | {"seconds": time.process_time() - began, "peak_mb": peak_mb()}))
