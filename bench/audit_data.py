"""How long a data audit of a table of texts takes beside the floor, and that its cost grows as the rows do.

Rows with a text of some 190 characters (a tenth of them in Cyrillic), a label, a person, a split, a date and two
attributes of people; one row in 25 is a copy, one in 17 a copy with a word changed. The floor
(``synthetic/texts_floor.py``) reads the same table, brings texts to one spelling and hashes them: it finds whole copies
and nothing else. The audit looks for near copies (126 hash functions, every candidate verified), for leaks between
splits by row, person, time and runs of 13 words, for conflicting labels, personal data, broken encodings, languages (of
5,000 rows) and empty cells by group.

Each figure is of a process of its own, the best of several; imports are not counted, memory is the process's peak.
Seconds are of processor time, so that a busy machine changes little; both sides work on one thread but for the reading
of csv. The last column says how much more twice the rows took (2 is linear); it exits with 1 where that is over 2.5.

    python bench/audit_data.py [--rows 100000] [--repeats 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic.texts import write_table
from synthetic.texts_floor import peak_mb

BENCH = Path(__file__).resolve().parent
LINEAR = 2.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--audit", metavar="TABLE", help="audit this table in this process (what the bench starts)")
    asked = parser.parse_args()
    if asked.audit:
        print(json.dumps(audited(asked.audit)))
        return
    before, steep = 0.0, False
    print("     rows   floor s      MB   audit s      MB   us/row   ratio  times the half")
    with tempfile.TemporaryDirectory() as folder:
        for rows in (asked.rows // 4, asked.rows // 2, asked.rows):
            table = Path(folder) / f"{rows}.csv"
            write_table(table, rows)
            floor = best((str(BENCH / "synthetic" / "texts_floor.py"), str(table)), asked.repeats)
            audit = best((__file__, "--audit", str(table)), asked.repeats)
            if floor["copies"] < 1 or audit["near"] < floor["copies"] or audit["rows"] != floor["rows"] != rows:
                sys.exit(f"not the same table was looked at: {floor}, {audit}")
            growth = audit["seconds"] / before if before else 0.0
            steep = steep or growth > LINEAR
            before = audit["seconds"]
            print(
                f"{rows:>9,}  {floor['seconds']:>8.2f}  {floor['peak_mb']:>6.0f}  {before:>8.2f}"
                f"  {audit['peak_mb']:>6.0f}  {1e6 * before / rows:>7.1f}  {before / floor['seconds']:>6.1f}"
                f"  {f'{growth:.2f}' if growth else ''}"
            )
    print(f"the audit takes {before / floor['seconds']:.1f} times what the floor takes; found {audit['found']}")
    if steep:
        sys.exit("the cost grows faster than the rows")


def best(program: tuple[str, ...], repeats: int) -> dict[str, Any]:
    """What a program prints, of the fastest of several runs in processes of their own."""
    runs = [json.loads(subprocess.check_output((sys.executable, *program))) for _ in range(repeats)]
    return min(runs, key=lambda run: run["seconds"])


def audited(path: str) -> dict[str, Any]:
    """Seconds and memory of one audit from the closed file to the document."""
    from audits.measures.data.auditing import audit_data, load_for
    from audits.measures.data.plan import DataPlan

    plan = DataPlan(label="label", split="split", group="person", time="when", sensitive=("sex", "country"))
    began = time.process_time()
    document = audit_data(load_for(path, plan), plan)
    seconds = time.process_time() - began
    repeats = document["repeats"]
    return {
        "rows": document["rows"],
        "near": repeats["near"]["rows"],
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "digest": document["digest"],
        "found": {name: repeats[name]["rows"] for name in ("exact", "conflicts", "near")}
        | {"personal": sum(row["rows"] for row in document["personal"])},
    }


if __name__ == "__main__":
    main()
