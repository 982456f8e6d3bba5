"""Runs of the kinds ll144, counterfactual and suite: from an upload and the plan to the page and its downloads."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits import execution
from audits.models import Run
from governance.catalog.use_cases import UseCaseRefused, put_audit_plan
from governance.evidence import services
from governance.evidence.inputs import columns_wanted
from governance.people.models import User
from tests.audits.measures.counterfactual.made import table_of as texts_of
from tests.audits.measures.counterfactual.made import texts
from tests.audits.measures.ll144.people import counted
from tests.audits.measures.ll144.people import table_of as people_of
from tests.audits.measures.suites.made import HEAD, cases
from tests.audits.measures.suites.made import table_of as suite_of
from tests.audits.measures.suites.test_suites import TYPED
from tests.governance.world import PLAN, World

LL144 = {
    "sex": "sex",
    "race": "race",
    "selected": "selected",
    "exclude": {"Other": "two <b>people</b>"},
    "tool": "Ranker",
    "audit_date": "2026-11-29",
}
PEOPLE = people_of(counted({("F", "Asian"): (30, 100), ("M", "White"): (60, 100), ("M", "Other"): (2, 2)}))
TEXTS = texts_of(
    [(*row, f"<i>insult</i> {row[0]} {row[3]}") for row in texts((60, "1", "1", "1"), (40, "1", "0", "1"))],
    ("text_id", "template", "identity", "role", "prediction", "score", "text"),
)
SUITE = suite_of(
    [(*row[:2], f"<i>insult</i> {row[1]}", *row[3:]) for row in cases("negation", 10, 50, target="women")]
    + cases("other", 50, 50, label="no", target="men"),
    HEAD,
)


def planned(world: World, **parts: Any) -> None:
    put_audit_plan(use_case_id=world.use_case.pk, document=parts, by=world.risk_officer, at=world.at)


def audited(world: World, kind: str, role: str, data: bytes) -> Run:
    upload = world.upload(data)
    services.attach(
        version=world.version, use_case=world.use_case, role=role, upload=upload, by=world.submitter, at=world.at
    )
    run = services.ask(kind=kind, version=world.version, use_case=world.use_case, by=world.submitter, at=world.at)
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == "succeeded", run.error
    return run


def seen(user: User, run: Run) -> str:
    browser = Client()
    browser.force_login(user)
    answer = browser.get(reverse("evidence:run", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_ll144_run_shows_its_three_tables_and_passes_nobody(world: World) -> None:
    planned(world, ll144=LL144)

    run = audited(world, "ll144", "predictions", PEOPLE)
    shown = seen(world.submitter, run)

    assert run.verdict == "warn"
    assert run.summary["impact_ratio_sex"] == pytest.approx(0.3 / (62 / 102), abs=1e-9)
    assert "Calculated, with gaps" in shown
    assert "sets no limit" in shown
    for title in ("Selected by sex", "Selected by race or ethnicity", "Selected by sex and race or ethnicity"):
        assert title in shown
    assert "two &lt;b&gt;people" in shown
    assert "29\xa0Nov\xa02027" in shown
    assert "Pass" not in shown[shown.index('id="verdict"') : shown.index('id="ll144"')]


def test_the_summary_of_a_ll144_run_is_downloaded_as_page_and_spreadsheet(world: World) -> None:
    planned(world, ll144=LL144)
    run = audited(world, "ll144", "predictions", PEOPLE)
    browser, stranger = Client(), Client()
    browser.force_login(world.submitter)
    stranger.force_login(world.stranger)

    for name, media_type in (("ll144-html", "text/html"), ("ll144-csv", "text/csv")):
        answer = browser.get(reverse(f"evidence:{name}", args=[run.pk]))
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert stranger.get(reverse(f"evidence:{name}", args=[run.pk])).status_code == 404
        assert Client().get(reverse(f"evidence:{name}", args=[run.pk])).status_code == 302
    lines = list(csv.reader(io.StringIO(browser.get(reverse("evidence:ll144-csv", args=[run.pk])).content.decode())))
    assert len(lines) == 1 + (2 + 1) + (3 + 1) + (6 + 1)


def test_only_ll144_runs_have_that_summary(world: World) -> None:
    run = audited(world, "suite", "suite", SUITE)
    browser = Client()
    browser.force_login(world.submitter)

    assert browser.get(reverse("evidence:ll144-html", args=[run.pk])).status_code == 404


def test_a_counterfactual_run_shows_the_pairs_and_folds_texts_away(world: World) -> None:
    run = audited(world, "counterfactual", "texts", TEXTS)
    shown = seen(world.submitter, run)

    assert run.verdict == "fail"
    assert run.summary["counterfactual_excess"] == pytest.approx(0.4)
    assert "Answers follow whom a text is about: between a and b" in shown
    assert "Answers that change under the control edit" in shown
    assert "Which way answers change" in shown
    assert_folded(shown)


def test_a_suite_run_shows_each_functionality_and_folds_cases_away(world: World) -> None:
    run = audited(world, "suite", "suite", SUITE)
    shown = seen(world.submitter, run)

    assert run.verdict == "fail"
    assert run.summary["functionality_accuracy_lowest"] == pytest.approx(0.2)
    assert "1 of 2 functionalities fail; the worst is negation" in shown
    assert "Accuracy by whom the cases are about" in shown
    assert_folded(shown)


def assert_folded(shown: str) -> None:
    """What may offend is escaped, and stands only within folds that are closed."""
    assert "<i>insult" not in shown
    assert "&lt;i&gt;insult" in shown
    open_parts = shown
    while "<details" in open_parts:
        begin = open_parts.rindex("<details")
        end = open_parts.index("</details>", begin)
        assert "<details open" not in open_parts[begin:end]
        open_parts = open_parts[:begin] + open_parts[end + len("</details>") :]
    assert "insult" not in open_parts


def test_plans_of_other_parts_are_checked_by_what_carries_them_out(world: World) -> None:
    for part, wrong in (
        ("ll144", {"sex": "sex"}),
        ("counterfactual", {"warn_at": 2}),
        ("suite", {"least": 0}),
    ):
        with pytest.raises(UseCaseRefused) as refused:
            planned(world, **{part: wrong})
        assert refused.value.field == part


def test_a_table_has_to_have_the_columns_of_its_audits(world: World) -> None:
    planned(world, ll144=LL144, bias=PLAN["bias"], suite={"prediction": "answer"})

    assert columns_wanted(world.use_case) == ["label", "prediction", "group", "sex", "race", "selected"]
    assert columns_wanted(world.use_case, role="texts") == ["text_id", "identity", "role", "prediction"]
    assert "answer" in columns_wanted(world.use_case, role="suite")
    with pytest.raises(services.EvidenceRefused) as refused:
        audited(world, "suite", "suite", SUITE)
    assert refused.value.code == "column_missing"


def test_what_is_lacking_is_named(world: World) -> None:
    for kind, code in (
        ("ll144", "audit_plan_missing"),
        ("counterfactual", "predictions_missing"),
        ("suite", "predictions_missing"),
    ):
        with pytest.raises(services.EvidenceRefused) as refused:
            services.ask(kind=kind, version=world.version, use_case=world.use_case, by=world.submitter, at=world.at)
        assert refused.value.code == code


def test_a_table_that_cannot_be_audited_ends_the_run_with_the_reason(world: World) -> None:
    planned(world, ll144={**LL144, "exclude": {"Asian": "inconvenient"}})
    upload = world.upload(PEOPLE)
    services.attach(
        version=world.version,
        use_case=world.use_case,
        role="predictions",
        upload=upload,
        by=world.submitter,
        at=world.at,
    )
    run = services.ask(kind="ll144", version=world.version, use_case=world.use_case, by=world.submitter, at=world.at)

    execution.execute(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.error_code) == ("errored", "category_too_large")
    assert "less than 2 %" in run.error


def test_runs_that_say_nothing_show_it_without_figures(world: World) -> None:
    directions = [
        row
        for at in range(40)
        for row in (
            ("", f"b{at}", f"bad {at}", "", "neg", 0.5, "", "", ""),
            ("more", f"m{at}", f"very bad {at}", "", "neg", 0.5, "DIR", f"b{at}", "not_lower"),
        )
    ]
    planned(world, suite={"score": "score"})
    suite = audited(world, "suite", "suite", suite_of(directions, TYPED))
    unique = texts_of(texts(*((1, f"o{at}", f"c{at}", f"k{at}") for at in range(60))))
    pairs = audited(world, "counterfactual", "texts", unique)

    assert (suite.verdict, pairs.verdict) == ("no_information", "no_information")
    assert "or every direction the same score" in seen(world.submitter, suite)
    assert "or changes under any edit" in seen(world.submitter, pairs)
    assert "functionality_accuracy_lowest" not in suite.summary
