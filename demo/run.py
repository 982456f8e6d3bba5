"""The demonstration: two versions of a mortgage model on their way from card to gate answer.

Everything goes through the running product's own doors, its management commands and its REST interface; nothing of it
is imported. Doing it again finds what is there and adds nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn

import answers
import executed
import notes
import people
import reviewing
import versions
from portal import ROOT, Portal, Refused, Server, manage
from telling import said, step


def main() -> int:
    port = int(os.environ.get("PORT") or "8000")
    serve = os.environ.get("SERVE", "1") != "0"
    started = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    manage("serve", "--dry-run")  # refuses a port that is in use, and says by whom
    if os.environ.get("RESET") == "1":
        step("Start anew")
        manage("reset", "--yes")
        said("the demonstration's data is gone")
    versions.DEMO.mkdir(parents=True, exist_ok=True)
    # Each training has a core; more threads than cores only wait for each other.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    trainings = [multiprocessing.Process(target=versions.train, args=(number,), daemon=True) for number in (1, 2)]
    for training in trainings:
        training.start()
    try:
        step("Prepare the database and the people")
        manage("migrate", "--verbosity", "0")
        kept = people.invited(port)
        server = Server(port, ROOT / "var" / "demo-serve.log")
        try:
            return _tell_story(server, trainings, kept, serve=serve, started=started)
        finally:
            server.stop()
    finally:
        for training in trainings:
            training.kill()
            training.join()


class Stopped(BaseException):
    """Somebody asked the demonstration to end."""


def _stop(number: int, _frame: object) -> NoReturn:
    """End from wherever we are; whoever asks again does not disturb the end."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise Stopped


def _tell_story(
    server: Server, trainings: Sequence[BaseProcess], kept: dict[str, Any], *, serve: bool, started: float
) -> int:
    server.wait()
    said(f"the portal runs at {server.address}")
    person = {user["email"]: Portal(server.address, user["token"]) for user in kept["users"] if user.get("token")}
    engineer, risk_owner, pilot_owner = person[people.SUBMITTER], person[people.RISK_OWNER], person[people.PILOT_OWNER]

    step("Train two versions on 1,989 public mortgage applications")
    results = [versions.trained(number, training) for number, training in enumerate(trainings, start=1)]
    applications = Path(results[0]["applications"])

    step("Import the dataset and both versions, each with its card")
    versions.imported(str(versions.DEMO / "loanapp"), "--kind", "dataset", "--id", versions.DATASET_ID)
    both = [versions.imported(result["folder"], "--id", versions.MODEL_ID, "--keep-files") for result in results]

    step(f"Describe the use case {reviewing.USE_CASE}: tier high, and what its audits look at")
    reviewing.describe(risk_owner, columns=applications.read_text().partition("\n")[0].split(","))

    step("Version 1 at prototype: policies decide by themselves")
    submission = reviewing.submitted(engineer, both[0], "prototype")
    reviewing.audited(engineer, submission["id"])

    step("Version 1 for production: a worker audits its predictions and data, and runs the model itself")
    submission = reviewing.submitted(engineer, both[0], "production")
    reviewing.attach(engineer, submission["id"], results[0], "predictions")
    reviewing.attach(engineer, submission["id"], results[0], "data")
    reviewing.attach(engineer, submission["id"], results[0], "stress", table="applications")
    stress = executed.asked_for(engineer, versions.subject_of(both[0]), reviewing.USE_CASE)
    reviewing.report_pilot(pilot_owner, submission["id"])
    reviewing.tell(reviewing.audited(engineer, submission["id"]))
    kept["stress"] = executed.told(engineer, stress, server.address)
    notes.write(kept)
    as_expected = bool(kept["stress"]["as_told"])

    step("Version 2 for production: audits, a pilot report, three reviewers, an approver")
    submission = reviewing.submitted(engineer, both[1], "production")
    reviewing.attach(engineer, submission["id"], results[1], "predictions")
    reviewing.attach(engineer, submission["id"], results[1], "data")
    reviewing.attach(engineer, submission["id"], results[1], "stress", table="applications")
    reviewing.report_pilot(pilot_owner, submission["id"])
    reviewing.tell(reviewing.audited(engineer, submission["id"]))
    # Where no model can be kept apart nothing was run, and what was not measured does not pass: nothing is approved.
    is_run = kept["stress"]["level"] is not None
    if is_run:
        reviewing.review(person, submission["id"])
    else:
        said("not approved: production asks how the model holds under stress, and this machine cannot run it safely")

    step("Version 1 once more, as its review ended with version 2: this one stays open to be looked at")
    submission = reviewing.submitted(engineer, both[0], "production")
    reviewing.attach(engineer, submission["id"], results[0], "predictions")
    reviewing.attach(engineer, submission["id"], results[0], "data")
    reviewing.report_pilot(pilot_owner, submission["id"])
    reviewing.audited(engineer, submission["id"])

    step("Ask the gate, as a pipeline would")
    allow = answers.gate(both[1], "production")
    prototype = answers.gate(both[0], "prototype")
    deny = answers.gate(both[0], "production")
    answers.note_subjects(kept, both)
    # a model that was not run is an error, which is as closed as a no
    closed = deny["verdict"] == "deny" or (not is_run and deny["verdict"] == "error")
    as_expected &= (allow["verdict"] == "allow") == is_run and closed and prototype["exit_code"] == 0
    step("This month's report, and whether it is the one in the ledger")
    as_expected &= answers.month_reported(server.address, kept)
    said(f"the story took {time.monotonic() - started:.0f} s")
    if not as_expected:
        print("\nThe gate, or the report, is not as the story has it; look at the pages above.", file=sys.stderr)
    people.how_to_sign_in(server.address, kept, serve=serve)
    if serve:
        print("\nCtrl-C ends it.", flush=True)
        try:
            server.process.wait()
        except Stopped:
            pass
        else:
            raise Refused(f"the portal has ended by itself; its last lines are in {server.log}")
    return 0 if as_expected else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(f"\n{refused}")
    except (Stopped, KeyboardInterrupt):
        print("\nStopped. What is done is kept: make demo goes on from there.", file=sys.stderr)
        sys.exit(130)
