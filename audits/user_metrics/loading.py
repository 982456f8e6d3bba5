"""From a metric's name to what computes it. Only what the operator's setting lists is ever imported."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.refusals import CodedRefusal

Floats = npt.NDArray[np.float64]
Metric = Callable[[npt.NDArray[np.int64], Floats, "Floats | None"], float]

EVALUATE = "evaluate"
EXTRA = "requirements/metrics.txt"
REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}:[A-Za-z_][A-Za-z0-9_]{0,60}")


class MetricRefused(CodedRefusal):
    """The metric cannot be used; ``code`` says why, the message how to mend it."""


def load(reference: str, *, allowed: Sequence[str], folder: Path | None) -> Metric:
    """What computes a metric: takes label, prediction (or score) and weights of rows, gives a number.

    ``module:function`` is a function of ``module.py`` in the operator's folder, called as fairlearn calls its metrics:
    ``function(y_true, y_pred, sample_weight=…)``, without weights where there are none. ``evaluate:name`` is a module
    of the library evaluate in the folder ``name``.

    Raises:
        MetricRefused: not in the operator's list, not in the folder, or it cannot be imported.
    """
    if reference not in allowed or folder is None:
        raise MetricRefused(
            "metric_not_allowed",
            f"the metric {ascii(reference[:80])} is not allowed here; whoever runs this installation puts its code "
            "into the folder of ASSAY_METRICS_PATH and its name into ASSAY_METRICS",
        )
    if not REFERENCE.fullmatch(reference):
        raise MetricRefused("metric_name", f"{ascii(reference[:80])} is not module:function or evaluate:name")
    module, _, name = reference.partition(":")
    return _evaluate(name, folder) if module == EVALUATE else _function(module, name, folder)


def _inside(path: Path, folder: Path) -> Path:
    """The path with its links followed, which must not lead out of the operator's folder."""
    real = path.resolve()
    if not real.is_relative_to(folder.resolve()) or not real.is_file():
        raise MetricRefused("metric_missing", f"there is no {path.name} in the folder of ASSAY_METRICS_PATH")
    return real


def _function(module: str, name: str, folder: Path) -> Metric:
    path = _inside(folder / f"{module}.py", folder)
    spec = importlib.util.spec_from_file_location(f"assay_metric_{module}", path)
    if spec is None or spec.loader is None:
        raise MetricRefused("metric_broken", f"{module}.py cannot be imported: nothing loads such a file")
    loaded = importlib.util.module_from_spec(spec)
    # so that what the module defines can refer to it
    sys.modules[spec.name] = loaded
    try:
        spec.loader.exec_module(loaded)
    except Exception as broken:
        raise MetricRefused(
            "metric_broken", f"{module}.py cannot be imported: {type(broken).__name__}: {str(broken)[:200]}"
        ) from broken
    found = getattr(loaded, name, None)
    if not callable(found):
        raise MetricRefused("metric_missing", f"{module}.py has no function {name}")

    def measure(true: npt.NDArray[np.int64], predicted: Floats, weights: Floats | None) -> float:
        value = found(true, predicted) if weights is None else found(true, predicted, sample_weight=weights)
        return number(value)

    return measure


def _evaluate(name: str, folder: Path) -> Metric:
    if importlib.util.find_spec("evaluate") is None:
        raise MetricRefused(
            "extra_missing", f"this worker has no library evaluate; install {EXTRA} into its environment and ask again"
        )
    path = _inside(folder / name / f"{name}.py", folder)
    # A module from a folder must not look anything up elsewhere.
    for variable in ("HF_HUB_OFFLINE", "HF_EVALUATE_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ.setdefault(variable, "1")
    import evaluate  # type: ignore[import-not-found, unused-ignore]  # an extra, which may not be there

    try:
        module = evaluate.load(str(path.parent))
    except Exception as broken:
        raise MetricRefused(
            "metric_broken", f"the module {name} cannot be loaded: {type(broken).__name__}: {str(broken)[:200]}"
        ) from broken

    def measure(true: npt.NDArray[np.int64], predicted: Floats, weights: Floats | None) -> float:
        if weights is not None:
            raise MetricRefused("metric_without_weights", "modules of evaluate take no weights; use a plan without")
        answer = module.compute(references=true.tolist(), predictions=predicted.tolist())
        return number(answer.get(name, next(iter(answer.values()), None)) if answer else None)

    return measure


def number(value: Any) -> float:
    """One number, nan where there is none: an answer that is not finite is not measured."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return math.nan
    return found if math.isfinite(found) else math.nan
