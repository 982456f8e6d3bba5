"""The demonstration: two versions of a mortgage model on their way from card to gate answer.

Everything goes through the running product's own doors, its management commands and its REST interface; nothing of it
is imported. Doing it again finds what is there and adds nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import os
import secrets
import signal
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn

import executed
from portal import ROOT, Portal, Refused, Server, manage, said_by
from telling import bar, said, step

DEMO = ROOT / "var" / "demo"
NOTES = ROOT / "var" / "demo.json"
USE_CASE = "home-loans"
TEAM = "Lending"
MODEL_ID, DATASET_ID = "assay-demo/mortgage-approval", "assay-demo/loanapp"
PEOPLE = (
    # address, name, roles in the team, scopes of the token that the demonstration acts with
    ("emil@demo.example", "Emil Sørensen", "submitter", "catalog:read,catalog:write,reviews:write,audits:run"),
    ("dana@demo.example", "Dana Okafor", "reviewer:domain,approver", "catalog:read,reviews:write,gate:read"),
    ("elif@demo.example", "Elif Tanaka", "reviewer:ethics", "catalog:read,reviews:write"),
    ("sergei@demo.example", "Sergei Novak", "reviewer:security", "catalog:read,reviews:write"),
    ("rita@demo.example", "Rita Lindqvist", "risk_officer", "catalog:read,catalog:write,reviews:write"),
    # Signs what the pilot showed, and so has a part in it: what rests on that, Rita decides.
    ("olga@demo.example", "Olga Marin", "risk_officer", "catalog:read,catalog:write,reviews:write"),
)
ADMIN = ("admin@demo.example", "Ada Admin")
SUBMITTER, APPROVER, RISK_OWNER, PILOT_OWNER = PEOPLE[0][0], PEOPLE[1][0], PEOPLE[4][0], PEOPLE[5][0]
PLAN = {
    "bias": {
        "label": "approve",
        "prediction": "prediction",
        "score": "score",
        "positive": "1",
        "sensitive": ["race"],
        "reference": "best",
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
        "required_groups": {"race": ["black", "hispanic", "white"]},
        "min_group": 30,
        "data": "upload",
    },
}
PROFILE = {"purpose": "commercial", "mode": "internal", "territory": "US", "field": "credit"}


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
    DEMO.mkdir(parents=True, exist_ok=True)
    # Each training has a core; more threads than cores only wait for each other.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    trainings = [multiprocessing.Process(target=_train, args=(number,), daemon=True) for number in (1, 2)]
    for training in trainings:
        training.start()
    try:
        step("Prepare the database and the people")
        manage("migrate", "--verbosity", "0")
        notes = _people(port)
        server = Server(port, ROOT / "var" / "demo-serve.log")
        try:
            return _tell_story(server, trainings, notes, serve=serve, started=started)
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
    server: Server, trainings: list[BaseProcess], notes: dict[str, Any], *, serve: bool, started: float
) -> int:
    server.wait()
    said(f"the portal runs at {server.address}")
    people = {user["email"]: Portal(server.address, user["token"]) for user in notes["users"] if user.get("token")}
    engineer, risk_owner, pilot_owner = people[SUBMITTER], people[RISK_OWNER], people[PILOT_OWNER]

    step("Train two versions on 1,989 public mortgage applications")
    results = [_trained(number, training) for number, training in enumerate(trainings, start=1)]
    applications = Path(results[0]["applications"])

    step("Import the dataset and both versions, each with its card")
    _imported(manage("import_card", str(DEMO / "loanapp"), "--kind", "dataset", "--id", DATASET_ID, "--format", "json"))
    versions = [
        _imported(manage("import_card", result["folder"], "--id", MODEL_ID, "--keep-files", "--format", "json"))
        for result in results
    ]

    step(f"Describe the use case {USE_CASE}: tier high, and what its audits look at")
    _use_case(risk_owner, columns=applications.read_text().partition("\n")[0].split(","))

    step("Version 1 at prototype: policies decide by themselves")
    submission = _submitted(engineer, versions[0], "prototype")
    _await_audits(engineer, submission["id"])

    step("Version 1 for production: a worker audits its predictions and data, and runs the model itself")
    submission = _submitted(engineer, versions[0], "production")
    _evidence(engineer, submission["id"], results[0], "predictions")
    _evidence(engineer, submission["id"], results[0], "data")
    _evidence(engineer, submission["id"], results[0], "stress", table="applications")
    stress = executed.asked_for(engineer, _subject(versions[0]), USE_CASE)
    _pilot(pilot_owner, submission["id"])
    _report(_await_audits(engineer, submission["id"]))
    notes["stress"] = executed.told(engineer, stress, server.address)
    _write_notes(notes)
    as_expected = bool(notes["stress"]["as_told"])

    step("Version 2 for production: audits, a pilot report, three reviewers, an approver")
    submission = _submitted(engineer, versions[1], "production")
    _evidence(engineer, submission["id"], results[1], "predictions")
    _evidence(engineer, submission["id"], results[1], "data")
    _pilot(pilot_owner, submission["id"])
    _report(_await_audits(engineer, submission["id"]))
    _review(people, submission["id"])

    step("Version 1 once more, as its review ended with version 2: this one stays open to be looked at")
    submission = _submitted(engineer, versions[0], "production")
    _evidence(engineer, submission["id"], results[0], "predictions")
    _evidence(engineer, submission["id"], results[0], "data")
    _pilot(pilot_owner, submission["id"])
    _await_audits(engineer, submission["id"])

    step("Ask the gate, as a pipeline would")
    allow = _gate(versions[1], "production")
    prototype = _gate(versions[0], "prototype")
    deny = _gate(versions[0], "production")
    _note_subjects(notes, versions)
    as_expected &= allow["verdict"] == "allow" and deny["verdict"] == "deny" and prototype["exit_code"] == 0
    step("This month's report, and whether it is the one in the ledger")
    as_expected &= _month_reported(server.address, notes)
    said(f"the story took {time.monotonic() - started:.0f} s")
    if not as_expected:
        print("\nThe gate, or the report, is not as the story has it; look at the pages above.", file=sys.stderr)
    _how_to_sign_in(server.address, notes, serve=serve)
    if serve:
        print("\nCtrl-C ends it.", flush=True)
        try:
            server.process.wait()
        except Stopped:
            pass
        else:
            raise Refused(f"the portal has ended by itself; its last lines are in {server.log}")
    return 0 if as_expected else 1


# --- the steps ---------------------------------------------------------------------------------------------------


def _people(port: int) -> dict[str, Any]:
    """The administrator and everybody else, with passwords that exist only in var/demo.json."""
    notes: dict[str, Any] = json.loads(NOTES.read_text()) if NOTES.exists() else {"users": []}
    known = {user["email"]: user for user in notes["users"]}
    admin = known.get(ADMIN[0]) or {"email": ADMIN[0], "name": ADMIN[1], "password": secrets.token_urlsafe(12)}
    setup = manage(
        *("setup", "--admin", ADMIN[0], "--name", ADMIN[1], "--team", TEAM, "--password-stdin", "--format", "json"),
        stdin=admin["password"] + "\n",
    )
    users = [{**admin, "roles": ["admin"]}]
    for email, name, roles, scopes in PEOPLE:
        user = known.get(email) or {"email": email, "name": name, "password": secrets.token_urlsafe(12)}
        manage(
            *("invite", email, "--name", name, "--roles", roles, "--team", setup["team"], "--password-stdin"),
            stdin=user["password"] + "\n",
        )
        if "token" not in user:
            made = manage(
                *("create_token", "--user", email, "--name", "demonstration", "--scopes", scopes, "--days", "90"),
                *("--format", "json"),
            )
            user["token"] = made["token"]
        users.append({**user, "roles": roles.split(",")})
    notes["users"], notes["portal"] = users, f"http://127.0.0.1:{port}"
    if "token" not in notes:
        notes["token"] = manage(
            "create_token", "--name", "demo-pipeline", "--scopes", "gate:read", "--days", "90", "--format", "json"
        )["token"]
    _write_notes(notes)
    said(f"{len(users)} people in team {TEAM}; their passwords are in var/demo.json")
    return notes


def _made(number: int) -> dict[str, str]:
    """Where a version's folder and predictions are written, and the applications that every version is asked about."""
    return {
        "folder": str(DEMO / f"version-{number}"),
        "predictions": str(DEMO / f"predictions-{number}.csv"),
        "applications": str(DEMO / "applications.csv"),
    }


def _train(number: int) -> None:
    """In a process of its own: train a version, write its folder and predictions. Reused while the code is the same."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but our parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # solvers tell of their last digits
    folder, table_file, applications = map(Path, _made(number).values())
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


def _trained(number: int, training: BaseProcess) -> dict[str, str]:
    training.join()
    if training.exitcode:
        raise Refused(f"version {number} could not be trained; why is written above")
    result = _made(number)
    rows = Path(result["predictions"]).read_text().count("\n") - 1
    said(f"version {number}: out-of-fold predictions for {rows:,} applicants")
    return result


def _imported(card: dict[str, Any]) -> dict[str, Any]:
    found = card["card"]["findings"]
    score = card["card"]["score"]
    counted = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    said(f"{card['entry']}@{card['revision'][:8]}: card {score:.0%} complete, {counted}")
    return card


def _use_case(risk_owner: Portal, *, columns: list[str]) -> None:
    if risk_owner.find(f"use-cases/{USE_CASE}/") is None:
        risk_owner.post(
            "use-cases/",
            {
                "slug": USE_CASE,
                "name": "Home loans",
                "purpose": "Decide which mortgage applications are approved without a second look.",
                "people_affected": "People who apply for a mortgage.",
                "owner_team": TEAM.lower(),
                "tier": "high",
                "licence_profile": PROFILE,
            },
        )
    plan = risk_owner.put(f"use-cases/{USE_CASE}/audit-plan/", {**PLAN, "stress": executed.plan(columns)})
    said(f"audit plan {plan['number']}: approval rates by race, ratio at least 0.80; more income never lowers a score")


def _submitted(engineer: Portal, version: dict[str, Any], stage: str) -> dict[str, Any]:
    """The newest submission of this version for this stage, made if there is none that counts."""
    for submission in engineer.all(f"submissions/?use_case={USE_CASE}&stage={stage}"):
        if submission["subject"]["revision"] == version["revision"] and submission["state"] in (
            "in_review",
            "approved",
        ):
            said(f"submission {submission['id']} is there already: {submission['state'].replace('_', ' ')}")
            return dict(submission)
    made = engineer.post("submissions/", {"subject": _subject(version), "use_case": USE_CASE, "stage": stage})
    said(f"submission {made['id']}: {MODEL_ID}@{version['revision'][:8]} for {stage}")
    return dict(made)


def _subject(version: dict[str, Any]) -> dict[str, str]:
    return {"kind": "model", "id": MODEL_ID, "revision": version["revision"]}


def _evidence(
    engineer: Portal, submission: int, result: dict[str, str], role: str, *, table: str = "predictions"
) -> None:
    data = Path(result[table]).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    attached = engineer.get(f"submissions/{submission}/evidence/")["items"]
    if any(item["sha256"] == digest and item["role"] == role for item in attached):
        return
    upload = engineer.upload(data, filename=Path(result[table]).name, media_type="text/csv")
    engineer.post(f"submissions/{submission}/evidence/", {"role": role, "upload": upload["id"]})
    said(f"{role} attached, declared by the submitter: {upload['bytes']:,} bytes")


def _pilot(owner: Portal, submission: int) -> None:
    """What the pilot showed. There was none: the figures are made up, and the file says so."""
    if owner.get(f"submissions/{submission}/pilot-reports/"):
        return
    today = dt.datetime.now(dt.UTC).date()
    figures = {"requests": 1_200, "complaints": 3, "drift": 0.04, "cost_per_1000": 0.35}
    data = b"Made up for the demonstration; a real report has the figures of a real pilot.\n"
    upload = owner.upload(data, filename="pilot.txt", media_type="text/plain")
    report = {
        "started_on": str(today - dt.timedelta(days=21)),
        "ended_on": str(today - dt.timedelta(days=1)),
        "rollback_drill_on": str(today - dt.timedelta(days=2)),
        "upload": upload["id"],
    }
    owner.post(f"submissions/{submission}/pilot-reports/", report | figures)
    said("a pilot of 21 days reported, with figures that are made up for the demonstration")


def _await_audits(engineer: Portal, submission: int, *, within: float = 240.0) -> dict[str, Any]:
    """Until no audit of the submission waits or runs, with each run's own progress. A lost worker only costs time."""
    deadline = time.monotonic() + within
    while True:
        state: dict[str, Any] = engineer.get(f"submissions/{submission}/")
        waiting = [r for r in state["requirements"] if r["status"] == "pending" and r.get("run")]
        if not waiting:
            return state
        for run_id in sorted({requirement["run"] for requirement in waiting}):
            run = engineer.get(f"runs/{run_id}/")
            done, total = run["progress"]["done"], run["progress"]["total"]
            bar(f"{run['kind']} run {run_id}, attempt {run['attempt']}", done, total, "rows")
        if time.monotonic() > deadline:
            raise Refused(f"the audits of submission {submission} did not end within {within:.0f} s")
        time.sleep(0.3)


def _report(state: dict[str, Any]) -> None:
    for requirement in state["requirements"]:
        said(f"{requirement['status']:<12} {requirement['title']}: {requirement['message']}")


def _review(people: dict[str, Portal], submission: int) -> None:
    for email, name, roles, _scopes in PEOPLE:
        lanes = [role.split(":")[1] for role in roles.split(",") if role.startswith("reviewer:")]
        for lane in lanes:
            state = people[email].get(f"submissions/{submission}/")
            if state["state"] != "in_review":
                continue
            agreed = [vote["agreeing"] for vote in state["lanes"] if vote["lane"] == lane]
            if agreed and agreed[0]:
                continue
            vote = {"lane": lane, "value": 1, "comment": f"Read the card, the figures and the method: {lane} agrees."}
            people[email].post(f"submissions/{submission}/votes/", vote, edition=state["edition"])
            said(f"{name} agrees for {lane}")
    state = people[APPROVER].get(f"submissions/{submission}/")
    if state["state"] == "in_review":
        people[APPROVER].post(f"submissions/{submission}/approve/", {"reason": ""}, edition=state["edition"])
        said("approved")


def _gate(version: dict[str, Any], stage: str) -> dict[str, Any]:
    """Ask as a person would, and show what the command prints; then as a pipeline does, for what the story checks."""
    subject = f"{MODEL_ID}@{version['revision']}"
    command = ("gate", subject, "--use-case", USE_CASE, "--stage", stage)
    printed, code = said_by(*command)
    print(f"\n  $ manage.py {' '.join(command)}")
    for line in printed.rstrip().splitlines():
        print(f"  {line}".rstrip())
    print(f"  (exit code {code})", flush=True)
    answer: dict[str, Any] = manage(*command, "--format", "json", may_fail=True)
    return answer


def _month_reported(address: str, notes: dict[str, Any]) -> bool:
    """Make the editions of the month that is under way, of the portfolio and the team, and hold one against the
    ledger as an auditor would."""
    month = f"{dt.datetime.now(dt.UTC):%Y-%m}"
    for scope in ((), ("--team", TEAM.lower())):
        made = manage("build_report", "--period", month, *scope, "--format", "json")
        said(f"{made['scope']}: {month}, edition {made['edition']}, provisional: {address}/reports/{made['id']}/")
        if not scope:
            notes["report"] = {"id": made["id"], "path": made["path"], "sha256": made["document_sha256"]}
    _write_notes(notes)
    command = ("verify_report", notes["report"]["path"])
    printed, code = said_by(*command)
    print(f"\n  $ manage.py {' '.join(command)}")
    for line in printed.rstrip().splitlines():
        print(f"  {line}")
    print(f"  (exit code {code})", flush=True)
    return code == 0


# --- what is printed and kept ------------------------------------------------------------------------------------


def _note_subjects(notes: dict[str, Any], versions: list[dict[str, Any]]) -> None:
    for word, version in (("allow", versions[1]), ("deny", versions[0])):
        notes[word] = {
            "subject": f"{MODEL_ID}@{version['revision']}",
            "use_case": USE_CASE,
            "stage": "production",
        }
    _write_notes(notes)


def _write_notes(notes: dict[str, Any]) -> None:
    draft = NOTES.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(notes, out, indent=2, ensure_ascii=False)
    draft.replace(NOTES)


def _how_to_sign_in(address: str, notes: dict[str, Any], *, serve: bool) -> None:
    where = f"The portal: {address}   sign in as" if serve else "make serve opens the portal with all this; sign in as"
    print(f"\n{where}")
    for user in notes["users"]:
        print(f"  {user['email']:<22} {user['password']:<18} {', '.join(user['roles'])}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(f"\n{refused}")
    except (Stopped, KeyboardInterrupt):
        print("\nStopped. What is done is kept: make demo goes on from there.", file=sys.stderr)
        sys.exit(130)
