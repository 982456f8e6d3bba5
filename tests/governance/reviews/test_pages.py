"""The page of a submission: its evidence, its runs, and the way to yes."""

from __future__ import annotations

import gzip
import html
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audits.models import Run
from governance.catalog import use_cases
from governance.reviews import services
from governance.reviews.models import Submission
from tests.factories import member
from tests.governance.reviews.browsing import page, signed_in
from tests.story import CARD, NOW, PLAN, Story, audited_for_bias, bring, predictions, work

pytestmark = pytest.mark.django_db


def test_the_page_says_first_what_keeps_the_gate_closed(story: Story) -> None:
    shown = page(story.viewer, story.submission)

    assert "It may not go to pilot yet: 1 of 3 requirements closes the gate." in shown
    assert shown.index("Close the gate: 1") < shown.index("Hold: 2")


def test_an_uploaded_table_starts_the_bias_audit(story: Story) -> None:
    use_cases.put_audit_plan(use_case_id=story.use_case.pk, document=PLAN, by=story.risk_officer, at=NOW)
    submission = services.submit(
        version=story.version, use_case=story.use_case, stage="production", by=story.submitter, at=NOW
    )
    file = SimpleUploadedFile("../predictions.csv", predictions(), content_type="text/csv")
    address = reverse("reviews:attach", args=[submission.pk])

    answer = signed_in(story.submitter).post(address, {"role": "predictions", "file": file}, follow=True)

    assert "Audits at work" in answer.content.decode()
    work()
    services.reevaluate(submission_id=submission.pk, at=NOW)
    shown = page(story.viewer, submission)
    assert "predictions.csv" in shown
    assert "../" not in shown[shown.index('id="files"') : shown.index('id="gate"')]
    assert "black against white" in shown
    assert 'class="gauge' in shown


@pytest.mark.parametrize("who", ["reviewer", "viewer", "approver"])
def test_only_submitters_bring_evidence(story: Story, who: str) -> None:
    file = SimpleUploadedFile("x.csv", b"a,b\n", content_type="text/csv")
    address = reverse("reviews:attach", args=[story.submission.pk])

    answer = signed_in(getattr(story, who)).post(address, {"role": "manual", "file": file})

    assert answer.status_code == 403
    assert not story.version.attachments.exists()


def test_an_empty_file_is_refused_at_its_field(story: Story) -> None:
    address = reverse("reviews:attach", args=[story.submission.pk])

    answer = signed_in(story.submitter).post(address, {"role": "manual", "file": SimpleUploadedFile("x.csv", b"")})

    assert answer.status_code == 422
    assert b"The file is empty" in answer.content


def test_a_reader_does_not_start_audits(story: Story) -> None:
    before = Run.objects.count()
    auditor = member(story.submission.use_case.owner_team, "auditor")

    # neither is offered what the server refuses; who may ask is
    offers = [
        reverse("reviews:audit-again", args=[story.submission.pk]) in page(one, story.submission)
        for one in (story.viewer, auditor, story.submitter)
    ]
    signed_in(auditor).post(reverse("reviews:audit-again", args=[story.submission.pk]))
    signed_in(story.viewer).post(reverse("reviews:audit-again", args=[story.submission.pk]))
    signed_in(story.viewer).post(reverse("evidence:again", args=[Run.objects.get(kind="license").pk]))

    assert offers == [False, False, True]
    assert Run.objects.count() == before


def test_a_version_is_submitted_for_a_use_case_and_stage(story: Story) -> None:
    address = reverse("reviews:submit", args=[story.version.digest])

    answer = signed_in(story.submitter).post(address, {"use_case": "home-loans", "stage": "production"})

    made = Submission.objects.get(stage="production")
    assert answer.headers["Location"] == reverse("reviews:submission", args=[made.pk])


def test_submitting_twice_names_the_submission_that_is_open(story: Story) -> None:
    address = reverse("reviews:submit", args=[story.version.digest])

    answer = signed_in(story.submitter).post(address, {"use_case": "home-loans", "stage": "pilot"})

    assert answer.status_code == 409
    assert f"submission {story.submission.pk}".encode() in answer.content


def test_who_may_submit_for_nothing_is_told_so(story: Story) -> None:
    shown = signed_in(story.viewer).get(reverse("reviews:submit", args=[story.version.digest])).content.decode()

    assert "There is no use case that you may submit for" in shown


def test_a_bias_run_shows_what_it_rests_on_and_where_the_figures_come_from(story: Story) -> None:
    submission, run = audited_for_bias(story, predictions(black=0.5, white=0.9))

    shown = signed_in(story.viewer).get(reverse("evidence:run", args=[run.pk])).content.decode()

    assert "Fail" in shown
    assert "about 50 of black and 90 of white get the positive decision: ratio of approval rates 0.56" in shown
    assert "The limit is 0.80." in shown
    assert "declared: a person uploaded it" in shown
    assert run.inputs_digest[:8] in shown
    assert "Approval rate by race" in shown
    assert "Accuracy by race" in shown
    assert submission.verdict == "deny"


def test_a_bias_run_stands_beside_that_of_another_version(story: Story, tmp_path: Path) -> None:
    import dataclasses

    from tests.story import bring

    audited_for_bias(story, predictions(black=0.5, white=0.9))
    newer = bring(tmp_path / "two", card="# Version two\n", by=story.submitter, team=story.team)
    submission = services.submit(version=newer, use_case=story.use_case, stage="production", by=story.submitter, at=NOW)
    from tests.story import uploaded

    table = uploaded(dataclasses.replace(story, version=newer), predictions(black=0.9, white=0.9))
    services.attach_evidence(submission_id=submission.pk, role="predictions", upload=table, by=story.submitter, at=NOW)
    work()
    run = Run.objects.filter(kind="bias").latest("pk")

    shown = signed_in(story.viewer).get(reverse("evidence:run", args=[run.pk])).content.decode()

    table_of_versions = shown[shown.index("Beside other versions") : shown.index("What the verdict rests on")]
    assert story.version.revision[:8] in table_of_versions
    assert newer.revision[:8] in table_of_versions
    assert "70.0" in table_of_versions
    assert "90.0" in table_of_versions


def test_a_run_that_waits_follows_itself_with_and_without_scripts(story: Story) -> None:
    use_cases.change_use_case(
        use_case_id=story.use_case.pk,
        changes={"licence_profile": {"purpose": "research", "mode": "internal"}},
        edition=1,
        by=story.risk_officer,
        at=NOW,
    )
    services.audit_again(submission_id=story.submission.pk, by=story.submitter, at=NOW)
    run = Run.objects.filter(kind="license").latest("pk")

    shown = signed_in(story.submitter).get(reverse("evidence:run", args=[run.pk])).content.decode()

    assert 'hx-trigger="every 1s"' in shown
    assert '<noscript><meta http-equiv="refresh"' in shown
    assert "Cancel the run" in shown
    signed_in(story.submitter).post(reverse("evidence:cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_run_that_could_not_be_done_never_looks_like_a_pass(story: Story) -> None:
    _submission, run = audited_for_bias(story, b"label,prediction,race\n1,0\n")

    shown = signed_in(story.viewer).get(reverse("evidence:run", args=[run.pk])).content.decode()

    assert "Could not run" in shown
    assert "That counts as no. Nothing was measured." in shown
    assert 'class="verdict tone-pass"' not in shown


def steps_of(shown: str) -> str:
    return shown[shown.index("Shortest way to yes") : shown.rindex("History")]


def test_a_table_that_cannot_be_used_says_why_and_who_mends_it(story: Story) -> None:
    submission, run = audited_for_bias(story, b"label,prediction,race\n1,0\n")

    way = steps_of(page(story.viewer, submission))

    assert run.error.rstrip(".") in html.unescape(way)
    assert "Attach a mended table of predictions (a submitter)" in way
    assert "have the audit plan changed (a risk officer)" in way
    assert "Run the bias audit again" not in way


def test_what_the_licence_profile_does_not_say_is_asked_of_who_keeps_it(story: Story, tmp_path: Path) -> None:
    use_cases.change_use_case(
        use_case_id=story.use_case.pk, changes={"licence_profile": {}}, edition=1, by=story.risk_officer, at=NOW
    )
    story.use_case.refresh_from_db()
    limited = bring(
        tmp_path / "nc", card=CARD.replace("mit", "cc-by-nc-4.0"), by=story.submitter, team=None, repo_id="acme/nc"
    )
    submission = services.submit(version=limited, use_case=story.use_case, stage="pilot", by=story.submitter, at=NOW)
    work()
    services.reevaluate(submission_id=submission.pk, at=NOW)

    way = steps_of(page(story.viewer, submission))

    assert "“What for”" in way
    assert "in the licence profile of the use case" in way
    assert "a risk officer" in way
    assert reverse("catalog:use-case", args=["home-loans"]) in way
    assert "submit the mended version" not in way


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "table", [b"y,yhat,race\n1,0,a\n", b'\xef\xbb\xbf{"y": 1, "yhat": 0, "race": "a"}\n'], ids=["csv", "jsonl"]
)
def test_a_table_without_the_columns_of_the_plan_is_not_attached(story: Story, table: bytes, packed: bool) -> None:
    use_cases.put_audit_plan(use_case_id=story.use_case.pk, document=PLAN, by=story.risk_officer, at=NOW)
    file = SimpleUploadedFile("predictions.csv", gzip.compress(table) if packed else table)
    address = reverse("reviews:attach", args=[story.submission.pk])

    answer = signed_in(story.submitter).post(address, {"role": "predictions", "file": file})

    told = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "The table has no columns 'label', 'prediction'" in told
    assert "it has 'y', 'yhat', 'race'" in told
    assert not story.version.attachments.exists()


def test_the_columns_that_the_plan_wants_stand_beside_the_file(story: Story) -> None:
    use_cases.put_audit_plan(use_case_id=story.use_case.pk, document=PLAN, by=story.risk_officer, at=NOW)

    assert "with the columns label, prediction, race" in page(story.submitter, story.submission)


def test_the_verdict_says_what_is_missing_and_states_nothing_that_is_not_so(story: Story) -> None:
    shown = verdict_of(page(story.viewer, story.submission))

    assert "Still open: votes in Ethics." in shown
    assert "1 person agrees" not in shown


def test_what_could_not_be_decided_names_no_ids(story: Story) -> None:
    submission, _run = audited_for_bias(story, b"label,prediction,race\n1,0\n")

    shown = verdict_of(page(story.viewer, submission))

    assert "It cannot be decided" in shown
    assert "Still open: bias audit." in shown
    assert "bias.pass" not in shown


def verdict_of(shown: str) -> str:
    return shown[shown.index('id="verdict"') : shown.index('id="evidence"')]


def test_the_way_to_yes_names_who_can_vote(story: Story) -> None:
    way = steps_of(page(story.viewer, story.submission))

    assert "Vera Lindqvist can vote in Ethics." in way


def test_a_lane_that_nobody_holds_is_said_to_need_somebody(story: Story) -> None:
    story.reviewer.memberships.all().delete()

    way = steps_of(page(story.viewer, story.submission))

    assert "Nobody who may vote holds the role of reviewer in Ethics; an administrator can give it." in way
