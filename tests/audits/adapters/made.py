"""Small real models, trained on the spot and kept in the formats that are run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TEXTS = ["a fine day", "a fine film", "good and fine", "an awful day", "awful film", "bad and awful"] * 5
WORDS = np.array(["good", "good", "good", "bad", "bad", "bad"] * 5, dtype=object)


def rows(n: int, *, seed: int = 0) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    given = random.normal(size=(n, 4))
    return given, (given[:, 0] + given[:, 1] * given[:, 2] > 0).astype(np.int64)


def classifier() -> Any:
    given, label = rows(400)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(given, label)


def forest() -> Any:
    given, label = rows(400)
    return RandomForestClassifier(n_estimators=8, max_depth=5, random_state=0).fit(given, label)


def regression() -> Any:
    given, label = rows(400)
    return LinearRegression().fit(given, label)


def of_texts() -> Any:
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, WORDS)


def as_onnx(model: Any, path: Path, *, zipmap: bool = False, texts: bool = False) -> Path:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    takes = StringTensorType([None]) if texts else DoubleTensorType([None, 4])
    options: dict[Any, Any] | None = None if zipmap else {id(model): {"zipmap": False}}
    if texts and options is not None:
        # the runtime lowers letters by a locale of the system's, and this one is always there
        options[TfidfVectorizer] = {"locale": "C.UTF-8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = to_onnx(model, initial_types=[("X", takes)], options=options)
    path.write_bytes(made.SerializeToString())
    return path


def as_skops(model: Any, path: Path) -> Path:
    from skops import io

    io.dump(model, path)
    return path
