"""A scikit-learn model kept by skops: a list of types and arrays. Only types of an allow-list are made."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import serving
from audits.sandbox.inside.wire import Channel

# Of what skops does not trust by itself: parts of scikit-learn's own estimators. Neither making one nor calling it runs
# anything that the file chose; that some are native code, which a crooked array may crash, is what the sandbox is for.
ALLOWED = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    }
)


def serve(channel: Channel) -> None:
    """Load one model, then answer batch after batch."""
    serving.serve(channel, Estimator)


class Estimator:
    """A scikit-learn estimator, made of allowed types alone."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._model = _load(told["path"])

    def signature(self) -> dict[str, Any]:
        return _signature(self._model)

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        return _outputs(self._model, batch["X"])


def _load(path: str) -> Any:
    from skops import io  # an extra

    asked = set(io.get_untrusted_types(file=path))
    refused = sorted(asked - ALLOWED)
    if refused:
        named = ", ".join(ascii(name)[1:-1][:100] for name in refused[:5])
        raise serving.Refusal(
            "types_not_allowed",
            f"the model needs {len(refused)} types that are not on the list of those allowed: {named}; "
            "convert it to ONNX, or upload a table of its predictions",
        )
    model = io.load(path, trusted=sorted(asked))
    if not hasattr(model, "predict"):
        raise ValueError(f"a {type(model).__name__} predicts nothing")
    return model


def _signature(model: Any) -> dict[str, Any]:
    features = getattr(model, "n_features_in_", None)
    takes: dict[str, Any] = {"name": "X", "dtype": tensors.TEXT, "shape": [None]}
    if features is not None:
        takes = {"name": "X", "dtype": "float64", "shape": [None, int(features)]}
    classes = getattr(model, "classes_", None)
    of_texts = classes is not None and np.asarray(classes).dtype.kind in "OU"
    whole = classes is not None and np.asarray(classes).dtype.kind in "iub"
    label = tensors.TEXT if of_texts else "int64" if whole else "float64"
    gives = [{"name": "label", "dtype": label, "shape": [None]}]
    if _scored(model):
        gives.append({"name": "score", "dtype": "float64", "shape": [None, None]})
    names = [] if classes is None else [str(name) for name in np.asarray(classes).ravel().tolist()]
    columns = getattr(model, "feature_names_in_", None)
    named = {} if columns is None else {"columns": [str(name) for name in np.asarray(columns).ravel().tolist()]}
    return {"inputs": [takes], "outputs": gives, "classes": names, **named}


def _scored(model: Any) -> str:
    return next((name for name in ("predict_proba", "decision_function") if hasattr(model, name)), "")


def _outputs(model: Any, given: tensors.Array) -> dict[str, tensors.Array]:
    label = np.asarray(model.predict(given))
    if label.dtype.kind in "iub":
        label = label.astype(np.int64)
    elif label.dtype.kind == "f":
        label = label.astype(np.float64)
    outputs = {"label": label}
    if scored := _scored(model):
        scores = np.asarray(getattr(model, scored)(given), dtype=np.float64)
        outputs["score"] = scores.reshape(len(scores), -1)
    return outputs
