"""A stress audit of answers that somebody brings: declared, without a model, and said so in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audits import execution
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.models import Run
from audits.stress.given_answers import questions
from audits.stress.running import rows_used
from governance.catalog.use_cases import put_audit_plan
from tests.audits.stress.test_given_answers import ROWS, says
from tests.governance.evidence.test_data_runs import page
from tests.governance.world import PLAN, World

PART: dict[str, Any] = {"families": ["keyboard_typos", "lost_punctuation"]}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("answers") / "texts.csv"
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS))
    plan, loaded = stress_plan_from(PART), load_table(path)
    asked = questions(loaded, plan, rows_used(loaded, plan, 0), seed=0)
    lines = [f'"{one["text"]}",{one["label"] or ""},{one["severity"]},{says(one["text"])}' for one in asked]
    return "\n".join(["text,label,severity,said", *lines]).encode()


def test_answers_are_brought_without_a_model_and_stay_declared(world: World, table: bytes) -> None:
    part = {**PART, "model": "answers:said"}
    put_audit_plan(use_case_id=world.use_case.pk, document={**PLAN, "stress": part}, by=world.risk_officer, at=world.at)
    entry, browser = world.version.entry, Client()
    browser.force_login(world.submitter)
    where = [entry.kind, entry.namespace, entry.name, world.version.revision, world.use_case.slug, "stress"]

    def send(data: bytes) -> Any:
        file = SimpleUploadedFile("answers.csv", data, "text/csv")
        return browser.post(reverse("catalog:audit", args=where), {"stress": file})

    lacking = send(table.replace(b"severity", b"how hard", 1))
    answer = send(table)
    run = execution.execute(run_id=Run.objects.get(kind="stress").pk)

    assert (lacking.status_code, answer.status_code) == (422, 302)
    assert (run.state, run.verdict, run.origin) == ("succeeded", "fail", "declared"), run.error
    assert run.findings.filter(code="stress.answers_given").count() == 1
    english, russian = page(world, run), page(world, run, language="ru")
    assert "its answers were brought; nothing of the model was run here" in english
    assert "Lost punctuation" in english
    assert "Модель здесь не запускали" in russian
