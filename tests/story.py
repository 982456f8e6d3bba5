"""A small organisation with a model on its way to a pilot, made by the product's own services."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

from audits import execution
from audits.models import Run, RunState
from governance.catalog import importing, use_cases
from governance.catalog.models import UseCase, Version
from governance.evidence import services as evidence
from governance.evidence.models import Upload
from governance.people.models import Team, User
from governance.policies import services as policies
from governance.reviews import services as reviews
from governance.reviews.models import Submission
from tests.factories import TeamFactory, member

NOW = dt.datetime.now(dt.UTC)
PASSWORD = "a long enough pass phrase"
MODEL = "acme/loan-approval"

POLICY = """\
apiVersion: assay/v1
kind: Policy
metadata: {name: story-pilot, title: What the story asks of a pilot}
appliesTo: {stages: [pilot], tiers: [high], kinds: [model]}
requirements:
  - {id: card.ok, title: The card can be read, kind: card, verdicts: [pass, warn]}
  - {id: license.ok, title: The licence is known, kind: license, verdicts: [pass, obligation, warning]}
votes:
  - {lane: ethics, min: 1, veto: -2}
validDays: 90
"""
STRICT = (
    POLICY.replace("story-pilot", "story-production")
    .replace("[pilot]", "[production]")
    .replace("votes:", "  - {id: bias.pass, title: No group is treated worse, kind: bias, verdicts: [pass]}\nvotes:")
)
CARD = """\
---
license: mit
pipeline_tag: tabular-classification
---

# Loan approval

## Intended use

Proposes approval. A person looks at every refusal.
"""
PLAN = {
    "bias": {
        "label": "label",
        "prediction": "prediction",
        "positive": "1",
        "sensitive": ["race"],
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
        "min_group": 30,
    }
}


@dataclass(frozen=True)
class Story:
    team: Team
    admin: User
    submitter: User
    reviewer: User
    approver: User
    risk_officer: User
    viewer: User
    stranger: User
    use_case: UseCase
    version: Version
    submission: Submission


def work() -> None:
    """Do what a worker would: every run that waits."""
    # Its heartbeat cannot see a test's open transaction: what takes seconds to import comes before the first run.
    import audits.measures.bias  # noqa: F401

    while waiting := list(Run.objects.filter(state=RunState.QUEUED).values_list("pk", flat=True)):
        for pk in waiting:
            execution.execute(run_id=pk)


def tell(folder: Path, *, card: str = CARD) -> Story:
    """Team, people with the same password, policies, use case, an imported version, and its open submission."""
    team = TeamFactory(slug="lending", name="Lending")
    people = {
        "admin": member(None, "admin", email="admin@example.org", name="Ada Admin"),
        "submitter": member(team, "submitter", email="omar@example.org", name="Omar Haddad"),
        "reviewer": member(team, "reviewer:ethics", email="vera@example.org", name="Vera Lindqvist"),
        "approver": member(team, "approver", email="amina@example.org", name="Amina Okafor"),
        "risk_officer": member(team, "risk_officer", email="rita@example.org", name="Rita Moreau"),
        "viewer": member(team, "viewer", email="viktor@example.org", name="Viktor Hall"),
        "stranger": member(TeamFactory(), "submitter", "reviewer:ethics", "approver", email="sam@example.org"),
    }
    for person in people.values():
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    for text in (POLICY, STRICT):
        policies.publish(text=text, by=people["admin"], at=NOW)
    use_case = use_cases.create_use_case(
        slug="home-loans",
        name="Home loans",
        purpose="Decides on mortgages.",
        owner_team=team,
        tier="high",
        licence_profile={"purpose": "commercial", "mode": "internal"},
        by=people["risk_officer"],
        at=NOW,
    )
    version = bring(folder, card=card, by=people["submitter"], team=team)
    submission = reviews.submit(version=version, use_case=use_case, stage="pilot", by=people["submitter"], at=NOW)
    work()
    submission = reviews.reevaluate(submission_id=submission.pk, at=NOW)
    return Story(team=team, use_case=use_case, version=version, submission=submission, **people)


def bring(folder: Path, *, card: str = CARD, by: User, team: Team | None, repo_id: str = MODEL) -> Version:
    """Import a folder that holds a card, a licence and a file of weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "LICENSE").write_text("MIT License\n", encoding="utf-8")
    (folder / "model.json").write_text('{"weights": [1, 2]}', encoding="utf-8")
    return importing.import_card(
        repo_or_dir=str(folder), kind="model", repo_id=repo_id, by=by, team=team, at=NOW
    ).version


def predictions(*, black: float = 0.5, white: float = 0.9, n: int = 200) -> bytes:
    """A table of predictions with these approval rates by group, ``n`` rows each."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["label", "prediction", "race"])
    for race, rate in (("black", black), ("white", white)):
        for row in range(n):
            writer.writerow([row % 2, int(row < rate * n), race])
    return out.getvalue().encode()


def audited_for_bias(story: Story, table: bytes) -> tuple[Submission, Run]:
    """A submission for production with predictions attached and audited."""
    use_cases.put_audit_plan(use_case_id=story.use_case.pk, document=PLAN, by=story.risk_officer, at=NOW)
    submission = reviews.submit(
        version=story.version, use_case=story.use_case, stage="production", by=story.submitter, at=NOW
    )
    reviews.attach_evidence(
        submission_id=submission.pk, role="predictions", upload=uploaded(story, table), by=story.submitter, at=NOW
    )
    work()
    return reviews.reevaluate(submission_id=submission.pk, at=NOW), Run.objects.get(kind="bias")


def uploaded(story: Story, table: bytes) -> Upload:
    return evidence.upload(
        stream=io.BytesIO(table), filename="predictions.csv", media_type="text/csv", by=story.submitter, at=NOW
    )
