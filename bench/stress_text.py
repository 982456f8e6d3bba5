"""How long a stress audit of texts takes on a small real classifier in the sandbox, from the command's own function.

A TF-IDF and logistic regression classifier is trained on made-up texts and run as ONNX: 1,000 texts x 10 families x 5
severities, every answer asked for (nothing is kept from before). What sandbox and statistics add is shown beside
calling the model directly on the very same texts.

    python bench/stress_text.py [--texts 1000] [--families 10]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from csv import writer
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.adapters import references
from audits.measures.stress.corpus import corpus_of
from audits.measures.stress.families import FAMILIES, at_severities
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.sandbox.probing import probe
from audits.stress.running import stress

BOUND_S = 60.0
GOOD, BAD = ("good", "fine", "lovely", "great", "splendid"), ("bad", "awful", "poor", "dreadful", "dull")
OTHER = ("the", "film", "day", "meal", "book", "walk", "house", "song", "was", "and", "with", "very", "much", "more")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=int, default=1_000)
    options.add_argument("--families", type=int, default=10)
    given = options.parse_args()
    try:
        import onnxruntime
        from skl2onnx import to_onnx  # noqa: F401 - looked for before anything is trained
    except ImportError as missing:
        print(f"{missing.name} is not installed (requirements/dev.txt): nothing is run")
        return
    families = list(FAMILIES)[: given.families]
    rows = made(given.texts, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = trained(Path(folder) / "model.onnx")
        table = load_table(io.BytesIO(written(rows)))
        plan = stress_plan_from({"families": families, "rows": given.texts})
        started = time.perf_counter()
        found = stress(references.adapter(f"onnx:{path}"), table, plan, isolation=probe(), seed=0)
        took = time.perf_counter() - started
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    texts = [text for text, _label in rows]
    corpus = corpus_of(texts)
    asked = [
        texts,
        *(
            one.texts()
            for name in families
            for one in at_severities(FAMILIES[name], corpus, (1, 2, 3, 4, 5), seed=0).values()
        ),
    ]
    started = time.perf_counter()
    for one in asked:
        for at in range(0, len(one), plan.batch):
            session.run(None, {"X": np.array(one[at : at + plan.batch], dtype=object)})
    alone = time.perf_counter() - started
    print(f"{given.texts:,} texts x {len(families)} families x 5 severities: {found.document['verdict']}")
    print(f"whole audit {took:.1f} s, of which the model alone takes {alone:.1f} s called directly")
    print(f"ratio {BOUND_S / took:.1f} to the bound of {BOUND_S:.0f} s")


def made(n: int, *, seed: int) -> list[tuple[str, str]]:
    """Texts of twenty words, one of which says the label."""
    random = np.random.default_rng(seed)
    rows = []
    for at in range(n):
        words = [OTHER[one] for one in random.integers(0, len(OTHER), size=20).tolist()]
        words[int(random.integers(20))] = (GOOD if at % 2 else BAD)[int(random.integers(5))]
        rows.append((" ".join(words), "yes" if at % 2 else "no"))
    return rows


def trained(path: Path) -> Path:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import StringTensorType
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, labels = zip(*made(2_000, seed=0), strict=True)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(list(texts), np.array(labels, dtype=object))
    options = {id(model): {"zipmap": False}, TfidfVectorizer: {"locale": "C.UTF-8"}}
    made_of = to_onnx(model, initial_types=[("X", StringTensorType([None]))], options=options)
    path.write_bytes(made_of.SerializeToString())
    return path


def written(rows: list[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    writer(text).writerows([("text", "label"), *rows])
    return text.getvalue().encode()


if __name__ == "__main__":
    main()
