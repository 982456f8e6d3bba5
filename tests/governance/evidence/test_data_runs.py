"""Data and drift audits: asked for over REST on attached uploads, shown in words on the run's page."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from audits import execution
from audits.models import Run
from governance.catalog.use_cases import UseCaseRefused, put_audit_plan
from governance.evidence import services as evidence
from governance.evidence.models import Upload
from governance.reviews import services as reviews
from tests.audits.measures.data.tables import csv, varied
from tests.audits.measures.drift.decisions import ROLES, widening, without_labels
from tests.audits.measures.drift.decisions import rows as decisions
from tests.audits.measures.drift.test_tables import sample
from tests.audits.measures.drift.test_together import table as correlated
from tests.governance.catalog.clients import API, client
from tests.governance.world import PLAN, World

SCOPES = ("catalog:read", "audits:run", "reviews:write")
ROWS = [f"{row},{'test' if i % 3 == 0 else 'train'}" for i, row in enumerate(varied(120))]
TABLE = csv("number,text,split", [*ROWS, f"{varied(1)[0]},train", "1,write to ann.lee@mail.example,train"])


def attach(world: World, submission: Any, role: str, data: bytes, *, filename: str = "") -> Upload:
    upload = evidence.upload(
        stream=io.BytesIO(data),
        filename=filename or f"{role}.csv",
        media_type="text/csv",
        by=world.submitter,
        at=world.at,
    )
    reviews.attach_evidence(submission_id=submission.pk, role=role, upload=upload, by=world.submitter, at=world.at)
    return upload


def ask(world: World, kind: str) -> Any:
    entry = world.version.entry
    subject = {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision}
    sent = {"kind": kind, "subject": subject, "use_case": world.use_case.slug}
    return client(world.submitter, *SCOPES).post(f"{API}runs/", sent)


def done(world: World, kind: str) -> Run:
    answer = ask(world, kind)
    assert answer.status_code == 202, answer.data
    return execution.execute(run_id=answer.data["id"])


def page(world: World, run: Run, *, language: str = "en") -> str:
    browser = Client()
    browser.force_login(world.submitter)
    browser.post(reverse("set_language"), {"language": language})
    answer = browser.get(reverse("evidence:run", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_attached_table_is_audited_by_what_the_plan_says(world: World) -> None:
    document = {**PLAN, "data": {"split": "split"}}
    put_audit_plan(use_case_id=world.use_case.pk, document=document, by=world.risk_officer, at=world.at)
    upload = attach(world, world.submit(), "data", TABLE)

    run = done(world, "data")

    assert (run.state, run.verdict, run.origin) == ("succeeded", "fail", "declared")
    assert run.inputs["data"]["sha256"] == upload.blob.sha256
    assert run.inputs["plan"] == {"split": "split"}
    assert run.summary["rows_used"] == 122
    shown = page(world, run)
    assert "What was found makes results from this data unreliable, or concerns people." in shown
    assert "1 of the 40 rows of “test” are in “train” too" in shown
    assert "xxx.xxx@xxxx.xxxxxxx" in shown
    assert "ann.lee" not in shown
    assert "Rows to look at, counted from 1 below the header: 122." in shown
    assert "Columns of the table" in shown


def test_without_a_plan_only_what_needs_none_is_looked_at(world: World) -> None:
    attach(world, world.submit(), "data", TABLE)

    run = done(world, "data")

    assert "plan" not in run.inputs
    assert "data.split_leak" not in set(run.findings.values_list("code", flat=True))


def test_a_data_set_s_own_card_is_read(world: World) -> None:
    attach(world, world.submit(), "data", TABLE)
    world.version.entry.kind = "dataset"
    world.version.entry.save()

    run = evidence.request(kind="data", version=world.version, use_case=world.use_case, by=None, at=world.at)
    run = execution.execute(run_id=run.pk)

    assert run.state == "succeeded", run.error
    assert "data.provenance_missing" in set(run.findings.values_list("code", flat=True))


def test_a_data_set_s_croissant_file_is_read_beside_its_card(world: World) -> None:
    submission = world.submit()
    attach(world, submission, "data", TABLE)
    world.version.entry.kind = "dataset"
    world.version.entry.save()
    described = json.dumps({"@type": "Dataset", "rai:dataUseCases": "lending", "rai:dataLimitations": "one town"})
    attach(world, submission, "files", described.encode(), filename="croissant.json")

    run = evidence.request(kind="data", version=world.version, use_case=world.use_case, by=None, at=world.at)
    run = execution.execute(run_id=run.pk)

    assert run.inputs["croissant_sha256"] == hashlib.sha256(described.encode()).hexdigest()
    (finding,) = run.findings.filter(code="data.provenance_missing")
    assert not {"intended_uses", "limitations"} & set(finding.params["fields"])


def columns_of(shown: str) -> tuple[list[str], list[str]]:
    """The rows of the table of columns that stand open, and those that are folded."""
    panel = shown.partition('id="drift-columns"')[2].partition("</section>")[0]
    opened, _summary, folded = panel.partition("<details")
    return tuple(re.findall(r'<th scope="row">(.*?)</th>', part) for part in (opened, folded))  # type: ignore[return-value]


def test_two_tables_are_compared(world: World) -> None:
    submission = world.submit()
    attach(world, submission, "reference", sample(1_500))
    attach(world, submission, "data", sample(1_500, shift=0.5, seed=1))

    run = done(world, "drift")

    assert (run.state, run.verdict) == ("succeeded", "fail")
    shown = page(world, run)
    assert "columns have drifted, further than the limit and beyond chance:" in shown
    assert "city has drifted: the Jensen-Shannon distance is" in shown
    # what drifted stands open and first, what passes is counted and folded, and nothing is left out
    opened, folded = columns_of(shown)
    assert {"amount", "city", "all columns together"} <= set(opened)
    assert (set(folded) & set(opened), len(opened) + len(folded)) == (set(), 4)
    assert ("1 row passes" in shown) == (len(folded) == 1)


def test_columns_that_moved_only_together_are_told_in_both_languages(world: World) -> None:
    random = np.random.default_rng(0)
    submission = world.submit()
    for role, together in (("reference", 0.9), ("data", 0.0)):
        attach(world, submission, role, correlated(random, 1_500, together=together))

    run = done(world, "drift")

    assert (run.verdict, [finding.code for finding in run.findings.all()]) == ("fail", ["drift.moved_together"])
    shown, russian = page(world, run), page(world, run, language="ru")
    assert "No column has drifted by itself; all columns together have" in shown
    assert "All columns together tell rows of today from those of then" in shown
    assert "Все столбцы вместе отличают сегодняшние строки от прежних" in russian
    opened, folded = columns_of(shown)
    assert opened[0] == "all columns together"
    assert not {"all columns together", *opened} & set(folded)
    assert folded


def test_decisions_are_compared_by_what_the_plan_says(world: World) -> None:
    part = {**ROLES, "sensitive": ["group"], "time": "time", "columns": ["group"]}
    plan, new = put_audit_plan(
        use_case_id=world.use_case.pk, document={**PLAN, "drift": part}, by=world.risk_officer, at=world.at
    )
    submission = world.submit()
    attach(world, submission, "reference", decisions(1, 2_000).file())
    attach(world, submission, "data", without_labels(widening(2, 2_000, since=0.5, by_group=2.0)).file())

    run = done(world, "drift")

    assert new
    assert (run.state, run.verdict, run.inputs["plan"], run.inputs["plan_digest"]) == (
        "succeeded",
        "fail",
        part,
        plan.sha256,
    )
    assert run.summary["fairness_gap_rise"] > 0.05
    assert "accuracy_now" not in run.summary, "no outcome is known yet"
    assert 0 < run.summary["estimated_accuracy"] < 1
    shown, russian = page(world, run), page(world, run, language="ru")
    assert "Groups have drifted apart, further than the limit and beyond chance." in shown
    assert "2,000 rows still wait for their outcomes" in shown
    assert "Wider from 1000 – 1199 to 1800 – 1999." in shown
    assert "Estimate for the decisions of today" in shown
    assert "2000 строк ещё ждут исхода" in re.sub(r"\s(?=\d{3} )", "", russian)
    assert "Группы по group разошлись (разность долей одобрений)" in russian


def test_where_nothing_can_be_told_of_decisions_the_page_says_why(world: World) -> None:
    put_audit_plan(
        use_case_id=world.use_case.pk,
        document={**PLAN, "drift": {"label": "label", "prediction": "prediction", "columns": ["group"]}},
        by=world.risk_officer,
        at=world.at,
    )
    submission = world.submit()
    attach(world, submission, "reference", decisions(1, 400).file())
    attach(world, submission, "data", without_labels(decisions(2, 400)).file())

    run = done(world, "drift")

    assert run.verdict == "no_information"
    shown = page(world, run)
    assert "Nothing is estimated: there is no score." in shown
    assert "It cannot be told whether the decisions of today are as right as those before." in shown


def test_the_page_speaks_russian(world: World) -> None:
    attach(world, world.submit(), "data", TABLE)
    run = done(world, "data")

    shown = page(world, run, language="ru")

    assert "В text есть персональные данные: адреса электронной почты" in shown


@pytest.mark.parametrize(("kind", "code"), [("data", "data_missing"), ("drift", "data_missing")])
def test_nothing_is_asked_for_without_a_table(world: World, kind: str, code: str) -> None:
    answer = ask(world, kind)

    assert (answer.status_code, answer.data["code"]) == (422, code)


def test_there_is_no_drift_from_nothing(world: World) -> None:
    attach(world, world.submit(), "data", sample(50))

    answer = ask(world, "drift")

    assert (answer.status_code, answer.data["code"]) == (422, "reference_missing")


def test_a_table_that_cannot_be_read_ends_the_run_with_the_reason(world: World) -> None:
    attach(world, world.submit(), "data", b"a,b\n1\n")

    run = done(world, "data")

    assert (run.state, run.error_code) == ("errored", "ragged_row")


@pytest.mark.parametrize("part", [{"labl": "x"}, {"label": 3}, {"split": "a", "label": "a"}])
def test_a_plan_that_no_data_audit_can_follow_is_refused(world: World, part: dict[str, Any]) -> None:
    with pytest.raises(UseCaseRefused) as refused:
        put_audit_plan(
            use_case_id=world.use_case.pk, document={**PLAN, "data": part}, by=world.risk_officer, at=world.at
        )

    assert refused.value.field == "data"


def test_strangers_see_no_run_that_read_a_team_s_upload(world: World) -> None:
    attach(world, world.submit(), "data", TABLE)
    run = done(world, "data")
    browser = Client()
    browser.force_login(world.stranger)

    assert browser.get(reverse("evidence:run", args=[run.pk])).status_code == 404
