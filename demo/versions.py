"""The two versions of the model: trained in processes of their own, and imported with their cards."""

from __future__ import annotations

import hashlib
import signal
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from portal import ROOT, Refused, manage
from telling import bar, said

DEMO = ROOT / "var" / "demo"
MODEL_ID, DATASET_ID = "assay-demo/mortgage-approval", "assay-demo/loanapp"


def made(number: int) -> dict[str, str]:
    """Where a version's folder and predictions are written, and the applications that every version is asked about."""
    return {
        "folder": str(DEMO / f"version-{number}"),
        "predictions": str(DEMO / f"predictions-{number}.csv"),
        "applications": str(DEMO / "applications.csv"),
    }


def train(number: int) -> None:
    """In a process of its own: train a version, write its folder and predictions. Reused while the code is the same."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but our parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # solvers tell of their last digits
    folder, table_file, applications = map(Path, made(number).values())
    stamp, code = DEMO / f"version-{number}.made-by", _code_digest()
    if not (stamp.exists() and stamp.read_text() == code):
        import cards
        import training

        table = training.load()
        first = training.version_1(table, _meter(1) if number == 1 else _no_meter)
        trained = first if number == 1 else training.version_2(table, _meter(2))
        if number == 1:
            cards.write_dataset(DEMO / "loanapp", table)
            applications.write_bytes(training.applications_csv(table))
        cards.write_model(folder, table, trained, version=number, before=None if number == 1 else first)
        table_file.write_bytes(training.predictions_csv(table, trained))
        stamp.write_text(code)


def _code_digest() -> str:
    here = Path(__file__).parent
    return hashlib.sha256(
        b"".join((here / name).read_bytes() for name in ("training.py", "graphs.py", "cards.py"))
    ).hexdigest()


def _no_meter(done: int, total: int) -> None:
    """Version 1 is trained for the comparison only; its own process shows it."""


def _meter(number: int) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar(f"version {number}", done, total, "fits")

    return show


def trained(number: int, training: BaseProcess) -> dict[str, str]:
    """Wait for a training; where it has written what it made."""
    training.join()
    if training.exitcode:
        raise Refused(f"version {number} could not be trained; why is written above")
    result = made(number)
    rows = Path(result["predictions"]).read_text().count("\n") - 1
    said(f"version {number}: out-of-fold predictions for {rows:,} applicants")
    return result


def imported(folder: str, *options: str) -> dict[str, Any]:
    """Import a folder with its card."""
    card: dict[str, Any] = manage("import_card", folder, *options, "--format", "json")
    found = card["card"]["findings"]
    score = card["card"]["score"]
    counted = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    said(f"{card['entry']}@{card['revision'][:8]}: card {score:.0%} complete, {counted}")
    return card


def subject_of(version: dict[str, Any]) -> dict[str, str]:
    """A version as the REST interface names it."""
    return {"kind": "model", "id": MODEL_ID, "revision": version["revision"]}
