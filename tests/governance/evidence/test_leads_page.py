"""The run page's leads: worst slices, gaps among equals and proxies, in both languages and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from audits.models import Run
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import leads_report, rows_report
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


def even_table(rows: int = 2_000) -> bytes:
    """Both groups fare alike; a row in thirteen is decided against its age. Region gives the group away."""
    lines = ["label,prediction,group,age,=HYPERLINK(1),region"]
    for at in range(rows):
        age, chosen = 18 + at * 7 % 60, (at * 7 % 60 > 25) != (at % 13 == 0)
        region = "n" if (at % 2 == 0) == (at % 11 < 9) else "s"
        lines.append(f"{int(chosen)},{int(chosen)},{'ab'[at % 2]},{age},id{at},{region}")
    return "\n".join(lines).encode()


def run_with_leads(world: World, data: bytes = b"", **changes: object) -> Run:
    plan = {"bias": PLAN["bias"] | {"features": FEATURES, "legitimate": ["region"]} | changes}
    put_audit_plan(use_case_id=world.use_case.pk, document=plan, by=world.risk_officer, at=world.at)
    world.attach(world.submit(), data or table())
    world.run_audits()
    run: Run = Run.objects.get(kind="bias")
    assert run.state == "succeeded", run.error
    return run


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "slices were looked at on one half",
                "age: &lt; ",
                "Among people who are alike",
                "region tells group",
                "all together tell group, however they go together",
                "Theil's U",
            ],
        ),
        ("ru", ["просмотрено срезов", "Среди одинаковых людей", "region выдаёт group", "U Тейла"]),
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


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "Are people who are alike decided alike?",
                "decided differently too often",
                "At least 95.0",
                "by lot, about",
            ],
        ),
        ("ru", ["Одинаково ли решают о похожих людях?", "слишком часто решают по-разному", "Нужно не меньше 95,0"]),
    ],
)
def test_consistency_decides_where_the_plan_says_how_much_is_the_least(
    client: Client, world: World, language: str, said: list[str]
) -> None:
    """The table passes between groups; the verdict rests on people who are alike, and the page says so and in what."""
    run = run_with_leads(world, even_table(), features=["age", "region"], consistency={"at_least": 0.95})
    world.submitter.language = language
    world.submitter.save(update_fields=["language"])
    client.force_login(world.submitter)

    with translation.override(language):
        page = client.get(f"/runs/{run.pk}/", headers={"accept-language": language}).content.decode()

    assert run.verdict == "fail"
    assert run.summary["consistency"] < 0.95
    assert [one.code for one in run.findings.filter(severity="high")] == ["bias.consistency_below_threshold"]
    for words in said:
        assert words in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<b>age, region</b>" in page
    # what is left of the gap with the feature held still
    assert ("Ratio as it is" if language == "en" else "Отношение как есть") in page


def test_without_a_limit_consistency_is_for_information(client: Client, world: World) -> None:
    run = run_with_leads(world, even_table(), features=["region"], consistency={"neighbours": 9})
    client.force_login(world.submitter)

    page = client.get(f"/runs/{run.pk}/").content.decode()

    assert run.verdict == "pass"
    assert "so it is for information and counts for no verdict" in page
    assert "the 8 others most like them" in page


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
    assert not any((leads_report.leads({}) | rows_report.parts({})).values())
