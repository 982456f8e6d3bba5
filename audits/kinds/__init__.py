"""Audit kinds. Importing this package registers them."""

from audits.kinds import (
    bias,
    card,
    counterfactual,
    data,
    drift,
    files,
    license,
    ll144,
    metrics,
    mitigation,
    stress,
    suite,
    trial,
)
from audits.kinds.base import get, names

__all__ = [
    "bias",
    "card",
    "counterfactual",
    "data",
    "drift",
    "files",
    "get",
    "license",
    "ll144",
    "metrics",
    "mitigation",
    "names",
    "stress",
    "suite",
    "trial",
]
