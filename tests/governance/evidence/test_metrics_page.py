"""The operator's own metrics, asked for through REST, stand on the run's page without a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from audits import execution
from audits.models import Run
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import services as evidence
from tests.governance.world import PLAN, World

CODE = "def share(y_true, y_pred, *, sample_weight=None):\n    return float(y_pred.mean())\n"


def test_figures_by_group_are_shown_and_judge_nothing(client: Client, world: World, tmp_path: Path, settings) -> None:
    (tmp_path / "mine.py").write_text(CODE)
    settings.METRICS_PATH, settings.METRICS_ALLOWED = str(tmp_path), ["mine:share"]
    plan = {"bias": PLAN["bias"] | {"metrics": ["mine:share"]}}
    put_audit_plan(use_case_id=world.use_case.pk, document=plan, by=world.risk_officer, at=world.at)
    world.attach(world.submit())
    world.run_audits()

    run = evidence.ask(kind="metrics", version=world.version, use_case=world.use_case, by=world.submitter, at=world.at)
    execution.execute(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.verdict) == ("succeeded", "measured"), run.error
    client.force_login(world.submitter)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "mine:share" in page
    assert "No limit is set and no verdict given." in " ".join(page.split())


def test_a_plan_without_metrics_has_none_to_measure(world: World) -> None:
    world.attach(world.submit())

    with pytest.raises(evidence.EvidenceRefused, match="names no metrics"):
        evidence.ask(kind="metrics", version=world.version, use_case=world.use_case, by=world.submitter, at=world.at)
    assert not Run.objects.filter(kind="metrics").exists()
