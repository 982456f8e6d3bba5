"""Small real classifiers of texts, trained on the spot, with a table of texts that they have not seen."""

from __future__ import annotations

import gzip
import io
import json
from csv import writer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

TEXTS = Path(__file__).parents[4] / "shared" / "data" / "text"
GOOD, BAD = ("good", "fine", "lovely", "great"), ("bad", "awful", "poor", "dreadful")
THINGS = ("film", "day", "meal", "book", "walk", "house", "song", "talk")


def made_up(n: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Short texts whose label hangs on one word."""
    random = np.random.default_rng(seed)
    rows = []
    for at in range(n):
        words = GOOD if at % 2 else BAD
        first, second, third = random.integers(len(words)), random.integers(len(THINGS)), random.integers(len(THINGS))
        rows.append((f"a {words[first]} {THINGS[second]} and a {THINGS[third]}", "yes" if at % 2 else "no"))
    return rows


def questions(n: int) -> list[tuple[str, str]]:
    """Real texts of BBQ (Parrish et al. 2022): context and question, with what the question asks for."""
    if not TEXTS.is_dir():
        pytest.skip("without ../shared/data there are no real texts")
    rows = []
    with gzip.open(TEXTS / "bbq_Age.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            rows.append((f"{one['context']} {one['question']}", str(one["question_polarity"])))
    order = np.random.default_rng(0).permutation(len(rows))[:n]
    return [rows[at] for at in order.tolist()]


def classifier(rows: list[tuple[str, str]], **vectorizer: Any) -> Any:
    texts, labels = zip(*rows, strict=True)
    model = make_pipeline(TfidfVectorizer(**vectorizer), LogisticRegression(max_iter=500))
    return model.fit(list(texts), np.array(labels, dtype=object))


def as_csv(rows: list[tuple[str, str]], *, head: tuple[str, str] = ("text", "label")) -> bytes:
    written = io.StringIO()
    writer(written).writerows([head, *rows])
    return written.getvalue().encode()
