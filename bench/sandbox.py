"""What isolation costs: the start of a program, and predictions through the pipe against the runtime called directly.

    python bench/sandbox.py [--starts 20] [--rows 200000] [--batch 4096]

Needs requirements/dev.txt. Start: a bare interpreter that imports nothing, against a cell that has confined itself and
says so. Predictions: a forest of 100 trees over 20 columns in ONNX, the same batches, on as many threads, asked as
audits ask: the next batch is on its way while the model works on one. Seconds are medians of rounds in turns; what each
round inside takes is also held against the one beside it outside, which tells more on a machine that does other work.
The bounds are 50 ms more to start and 10 % more to predict.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.adapters import references
from audits.sandbox.cell import Cell
from audits.sandbox.levels import Level
from audits.sandbox.limits import Limits
from audits.sandbox.probing import offered, probe

ROUNDS = 15
# The runtime's threads turn around for a while after their last work, on a core that the other way would miss.
RESTING_S = 0.3
CORES = 2


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def starting(times: int) -> None:
    def bare() -> None:
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)

    ways = [one for one in offered() if one.level >= Level.L1]
    taken: dict[str, list[float]] = {"bare": []}
    for _ in range(times):
        taken["bare"].append(timed(bare))
        for isolation in ways:
            name = f"{isolation.level.name} {isolation.wall}"
            begun = time.perf_counter()
            with Cell(None, isolation=isolation, lowest=Level.L1):
                taken.setdefault(name, []).append(time.perf_counter() - begun)
    floor = statistics.median(taken.pop("bare"))
    print(f"bare interpreter: {1000 * floor:.0f} ms")
    for name, found in taken.items():
        print(f"{name}: {1000 * statistics.median(found):.0f} ms, {1000 * (statistics.median(found) - floor):+.0f} ms")


def predicting(rows: int, size: int) -> None:
    import onnxruntime as ort
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier

    random = np.random.default_rng(0)
    given = random.normal(size=(rows, 20)).astype(np.float32)
    model = RandomForestClassifier(100, max_depth=10, random_state=0).fit(given[:2000], given[:2000, 0] > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = to_onnx(model, given[:1], options={"zipmap": False})
    batches = [{"X": given[at : at + size]} for at in range(0, rows, size)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(made.SerializeToString())
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = CORES, 1
        session = ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
        with references.onnx(path).open(isolation=probe(), limits=Limits(cores=CORES)) as running:
            direct, inside = [], []
            for _ in range(ROUNDS):
                time.sleep(RESTING_S)
                direct.append(timed(lambda: [session.run(None, batch) for batch in batches]))
                time.sleep(RESTING_S)
                inside.append(timed(lambda: list(running.predict_each(batches))))
    one, other = statistics.median(direct), statistics.median(inside)
    print(f"{rows} rows in batches of {size}: directly {one:.3f} s, in the sandbox {other:.3f} s")
    beside = statistics.median(there / here for here, there in zip(direct, inside, strict=True))
    fastest = min(inside) / min(direct)
    print(f"ratio of medians {other / one:.3f}, of rounds beside each other {beside:.3f}, of the fastest {fastest:.3f}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--starts", type=int, default=20)
    asked.add_argument("--rows", type=int, default=200_000)
    asked.add_argument("--batch", type=int, default=4096)
    given = asked.parse_args()
    starting(given.starts)
    predicting(given.rows, given.batch)


if __name__ == "__main__":
    main()
