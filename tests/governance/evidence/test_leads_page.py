"""The run page's leads: worst slices, gaps among equals and proxies, in both languages and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from audits.models import Run
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import leads_report
from tests.governance.world import PLAN, World

FEATURES = ["age", "=HYPERLINK(1)", "region"]


def table(rows: int = 4_000) -> bytes:
    """Errors pile up for the young of region n; region gives the group away."""
    lines = ["label,prediction,group,age,=HYPERLINK(1),region"]
    for at in range(rows):
        group, age = "ab"[at % 2], 18 + at * 7 % 60
        region = "n" if (at % 2 == 0) == (at % 11 < 9) else "s"
        label = at // 3 % 2
        wrong = at % 13 == 0 or (region == "n" and age < 33 and at % 3 == 0)
        lines.append(f"{label},{label ^ wrong},{group},{age},<i>id{at},{region}")
    return "\n".join(lines).encode()


def run_with_leads(world: World) -> Run:
    plan = {"bias": PLAN["bias"] | {"features": FEATURES, "legitimate": ["region"]}}
    put_audit_plan(use_case_id=world.use_case.pk, document=plan, by=world.risk_officer, at=world.at)
    world.attach(world.submit(), table())
    world.run_audits()
    run: Run = Run.objects.get(kind="bias")
    assert run.state == "succeeded", run.error
    return run


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["slices were looked at on one half", "age: &lt; ", "Among people who are alike", "region tells group"]),
        ("ru", ["просмотрено срезов", "Среди одинаковых людей", "region выдаёт group"]),
    ],
)
def test_the_run_page_tells_where_to_look_closer(client: Client, world: World, language: str, said: list[str]) -> None:
    run = run_with_leads(world)
    world.submitter.language = language
    world.submitter.save(update_fields=["language"])
    client.force_login(world.submitter)

    with translation.override(language):
        page = client.get(f"/runs/{run.pk}/", headers={"accept-language": language}).content.decode()

    for words in said:
        assert words in page
    # ten thousand values of an injection-like column make no slice, and its name is shown as a name
    assert "=HYPERLINK(1)" in page
    assert "<i>id" not in page


def test_a_stranger_sees_no_leads(client: Client, world: World) -> None:
    run = run_with_leads(world)
    client.force_login(world.stranger)

    assert client.get(f"/runs/{run.pk}/").status_code == 404


def test_a_run_without_features_shows_what_it_did_before(client: Client, world: World) -> None:
    world.audited()
    run = Run.objects.get(kind="bias")
    client.force_login(world.submitter)

    page = client.get(f"/runs/{run.pk}/").content.decode()

    assert run.verdict in ("pass", "warn", "fail")
    assert 'id="slices"' not in page
    assert 'id="proxies"' not in page


def test_an_empty_document_has_no_leads() -> None:
    assert not any(leads_report.leads({}).values())
