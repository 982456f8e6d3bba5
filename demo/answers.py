"""What comes of it: the gate's answers, and the report of the month."""

from __future__ import annotations

import datetime as dt
from typing import Any

import notes
from people import TEAM
from portal import manage, said_by
from reviewing import USE_CASE
from telling import said
from versions import MODEL_ID


def gate(version: dict[str, Any], stage: str) -> dict[str, Any]:
    """Ask as a person would, and show what the command prints; then as a pipeline does, for what the story checks."""
    subject = f"{MODEL_ID}@{version['revision']}"
    command = ("gate", subject, "--use-case", USE_CASE, "--stage", stage)
    _shown(*command)
    answer: dict[str, Any] = manage(*command, "--format", "json", may_fail=True)
    return answer


def month_reported(address: str, kept: dict[str, Any]) -> bool:
    """Make the editions of the month that is under way, of the portfolio and the team, and hold one against the
    ledger as an auditor would."""
    month = f"{dt.datetime.now(dt.UTC):%Y-%m}"
    for scope in ((), ("--team", TEAM.lower())):
        made = manage("build_report", "--period", month, *scope, "--format", "json")
        said(f"{made['scope']}: {month}, edition {made['edition']}, provisional: {address}/reports/{made['id']}/")
        if not scope:
            kept["report"] = {"id": made["id"], "path": made["path"], "sha256": made["document_sha256"]}
    notes.write(kept)
    return _shown("verify_report", kept["report"]["path"]) == 0


def note_subjects(kept: dict[str, Any], versions: list[dict[str, Any]]) -> None:
    """Keep what a pipeline has to ask about to be let through, and to be kept out."""
    for word, version in (("allow", versions[1]), ("deny", versions[0])):
        kept[word] = {
            "subject": f"{MODEL_ID}@{version['revision']}",
            "use_case": USE_CASE,
            "stage": "production",
        }
    notes.write(kept)


def _shown(*command: str) -> int:
    """Run a command as a person would, and show what it prints; its exit code."""
    printed, code = said_by(*command)
    print(f"\n  $ manage.py {' '.join(command)}")
    for line in printed.rstrip().splitlines():
        print(f"  {line}".rstrip())
    print(f"  (exit code {code})", flush=True)
    return code
