"""The model itself is run: a worker asks it in the sandbox, about applications as they are and changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from portal import Portal, Refused
from telling import bar, said

NOT_ISOLATED = "no_isolation"  # of a run that needed the sandbox, on a machine that has none good enough
LABEL = "approve"
# What a change may do is for the owner of the use case to say: more income must not count against an applicant, more
# debt and a larger share of the price not for one.
DIRECTIONS = {"appinc": "increasing", "obrat": "decreasing", "loanprc": "decreasing"}
ROWS = 500
ERROR = 0.02


def plan(columns: Sequence[str]) -> dict[str, Any]:
    """The stress part of the audit plan, for a table of these columns."""
    features = [name for name in columns if name != LABEL]
    return {
        "model": "onnx:model.onnx",
        "output": "label",
        "label": LABEL,
        "rows": ROWS,
        "tabular": {"columns": features, "error": ERROR, "monotone": DIRECTIONS, "draws": 2},
        "determinism": {"rows": 50},
    }


def asked_for(engineer: Portal, subject: dict[str, str], use_case: str) -> dict[str, Any]:
    """The stress run that production asks for; the one that is there where nothing has changed."""
    return dict(engineer.post("runs/", {"kind": "stress", "subject": subject, "use_case": use_case}))


def told(engineer: Portal, run: dict[str, Any], address: str, *, within: float = 240.0) -> dict[str, Any]:
    """Wait for a stress run and print what it found.

    Returns:
        For the notes; ``as_told`` is whether it ended as the story has it: the model was run, and what it said is
        observed; or this machine cannot keep a model apart, the run says so, and nothing passes.
    """
    deadline = time.monotonic() + within
    while run["state"] in ("queued", "running"):
        if time.monotonic() > deadline:
            raise Refused(f"run {run['id']} did not end within {within:.0f} s")
        bar(f"stress run {run['id']}", run["progress"]["done"], run["progress"]["total"], "answers")
        time.sleep(0.3)
        run = engineer.get(f"runs/{run['id']}/")
    page = f"{address}/runs/{run['id']}/"
    made = {key: run[key] for key in ("id", "state", "verdict", "origin")}
    if run["state"] != "succeeded":
        said(f"the model was not run, so that nothing passes: {run['error']}")
        said(f"told at {page}")
        return {**made, "level": None, "as_told": run["error_code"] == NOT_ISOLATED and not run["verdict"]}
    document = engineer.get(f"runs/{run['id']}/result/")
    level, answers = document["execution"]["isolation"]["level"], document["execution"]["answers"]
    said(f"{run['verdict']:<12} stress, {run['origin']} in the sandbox at level {level}: {answers:,} answers")
    said(f"what breaks the model, with {document['cases']['n']:,} cases: {page}")
    return {**made, "level": level, "as_told": run["origin"] == "observed"}
