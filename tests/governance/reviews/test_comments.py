"""What people say to a submission: to it, to a finding, to a line of its card, to a decision."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from audits.models import Finding, Run
from governance.notifications.models import Outbox
from governance.people.models import User
from governance.reviews import comments, services
from governance.reviews.errors import NotAcceptable, NotAllowed
from governance.reviews.models import Comment, Submission
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World


def say(world: World, submission: Submission, by: User, text: str = "Which years?", **about: object) -> Comment:
    return comments.write(submission_id=submission.pk, by=by, text=text, at=world.at, **about)  # type: ignore[arg-type]


def found(world: World) -> Finding:
    """A finding of an audit of the version under review."""
    run = Run.objects.filter(subject_digest=world.version.digest).order_by("pk").first()
    assert run is not None
    return Finding.objects.create(run=run, code="CARD_SHORT", severity="medium", fingerprint="ab" * 32)


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def test_a_comment_is_about_one_thing_of_the_submission_and_keeps_its_author(world: World) -> None:
    submission = world.submit()
    decision = services.return_for_changes(
        submission_id=submission.pk, by=world.domain, reason="say which years", at=world.at
    )

    made = [
        say(world, submission, world.domain),
        say(world, submission, world.ethics, about="finding", finding=found(world).fingerprint),
        say(world, submission, world.approver, about="card_line", line=2),
        say(world, submission, world.submitter, about="decision", decision_id=decision.pk),
    ]

    assert [(one.about, one.finding, one.line, one.decision_id) for one in made] == [
        ("submission", "", None, None),
        ("finding", "ab" * 32, None, None),
        ("card_line", "", 2, None),
        ("decision", "", None, decision.pk),
    ]
    assert [one.author for one in made] == [world.domain, world.ethics, world.approver, world.submitter]


def test_what_a_submission_does_not_have_cannot_be_spoken_to(world: World) -> None:
    submission = world.submit()
    of_another = world.submit(world.new_version(), stage="prototype")
    services.withdraw(submission_id=of_another.pk, by=world.submitter, at=world.at)
    foreign = of_another.decisions.get()
    elsewhere = Finding.objects.create(
        run=Run.objects.exclude(subject_digest=world.version.digest).order_by("pk")[0],
        code="X",
        severity="low",
        fingerprint="cd" * 32,
    )

    for code, about in (
        ("finding_not_found", {"about": "finding", "finding": elsewhere.fingerprint}),
        ("finding_not_found", {"about": "finding", "finding": ""}),
        ("line_not_found", {"about": "card_line", "line": 10_000}),
        ("line_not_found", {"about": "card_line", "line": None}),
        ("decision_not_found", {"about": "decision", "decision_id": foreign.pk}),
        ("decision_not_found", {"about": "decision", "decision_id": None}),
        ("unknown_target", {"about": "weather"}),
    ):
        with pytest.raises(NotAcceptable) as refused:
            say(world, submission, world.domain, **about)
        assert refused.value.code == code

    assert not Comment.objects.exists()


def test_everybody_who_works_on_it_speaks_and_who_reads_does_not(world: World) -> None:
    submission = world.submit()

    for role in ("submitter", "reviewer:legal", "approver", "risk_officer", "admin"):
        for where in (world.team, None):
            say(world, submission, member(where, role))
    for person in (member(world.team, "viewer"), member(None, "auditor"), world.stranger, member(None)):
        with pytest.raises(NotAllowed) as refused:
            say(world, submission, person)
        assert (refused.value.code, refused.value.status) == ("not_a_speaker", 403)

    assert Comment.objects.count() == 10


def test_a_text_is_plain_and_of_five_thousand_characters(world: World) -> None:
    submission = world.submit()

    for code, text in (
        ("comment_empty", " \n "),
        ("comment_too_long", "x" * 5001),
        ("control_characters", "a\x1b[31mred"),
        ("control_characters", "a\x00b"),
        ("control_characters", "a\u009fb"),
    ):
        with pytest.raises(NotAcceptable) as refused:
            say(world, submission, world.domain, text)
        assert refused.value.code == code

    # The ends of lines of a browser are one character each.
    assert say(world, submission, world.domain, "a\r\nb " + "x" * 4996).text == "a\nb " + "x" * 4996


def test_the_database_keeps_a_comment_as_it_was_written(world: World) -> None:
    made = say(world, world.submit(), world.domain)

    for change in ({"text": "other"}, {"author": world.ethics}):
        with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
            Comment.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
        made.delete()
    with pytest.raises(IntegrityError, match="comment_length"), transaction.atomic():
        Comment.objects.create(submission=made.submission, text="x" * 5001, author=world.domain, written_at=world.at)


def test_the_submitter_and_those_who_spoke_before_are_told(world: World) -> None:
    submission = world.submit()

    say(world, submission, world.domain)
    say(world, submission, world.ethics)
    say(world, submission, world.submitter)

    told = [set(one.payload["to"]) for one in Outbox.objects.filter(topic="comment.written").order_by("pk")]
    assert told == [
        {world.submitter.pk},
        {world.submitter.pk, world.domain.pk},
        {world.domain.pk, world.ethics.pk},
    ]


def test_a_comment_makes_nobody_look_again_before_they_decide(world: World) -> None:
    submission = world.submit()
    edition = submission.edition

    say(world, submission, world.domain)

    submission.refresh_from_db()
    assert submission.edition == edition


def test_comments_over_rest(world: World) -> None:
    submission = world.submit()
    address = f"{API}submissions/{submission.pk}/comments/"
    reviewer = client(world.domain, "catalog:read", "reviews:write")

    first = reviewer.post(address, {"text": "Which years?"}, HTTP_IDEMPOTENCY_KEY="one")
    again = reviewer.post(address, {"text": "Which years?"}, HTTP_IDEMPOTENCY_KEY="one")
    other = reviewer.post(address, {"text": "This line?", "about": "card_line", "line": 2})
    listed = client(member(world.team, "viewer"), "catalog:read").get(address).data

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 201), (first.data, other.data)
    assert first.data["id"] == again.data["id"]
    assert listed["order"] == ["written_at", "id"]
    assert [(one["text"], one["about"], one["line"]) for one in listed["items"]] == [
        ("Which years?", "submission", None),
        ("This line?", "card_line", 2),
    ]
    only = reviewer.get(address, {"about": "card_line"}).data["items"]
    assert [one["text"] for one in only] == ["This line?"]


def test_a_refused_comment_over_rest_is_a_problem_with_its_code(world: World) -> None:
    submission = world.submit()
    address = f"{API}submissions/{submission.pk}/comments/"
    reader = member(world.team, "viewer")

    silent = client(reader, "catalog:read", "reviews:write").post(address, {"text": "hello there"})
    missing = client(world.domain, "reviews:write").post(address, {"text": "x", "about": "card_line", "line": 9999})
    strange = client(world.stranger, "catalog:read", "reviews:write")

    assert (silent.status_code, silent.data["code"]) == (403, "not_a_speaker")
    assert (missing.status_code, missing.data["code"]) == (422, "line_not_found")
    assert strange.get(address).status_code == strange.post(address, {"text": "x"}).status_code == 404


def test_the_page_shows_the_thread_and_a_finding_s_comments_beside_it(world: World) -> None:
    submission = world.submit()
    fingerprint = found(world).fingerprint
    address = reverse("reviews:comment", args=[submission.pk])
    browser = signed_in(world.domain)

    answer = browser.post(address, {"about": f"finding:{fingerprint}", "line": "", "text": "<b>bold</b> claim"})
    browser.post(address, {"about": "card_line", "line": "2", "text": "This licence?"})
    shown = browser.get(reverse("reviews:submission", args=[submission.pk])).content.decode()

    assert answer.status_code == 302
    assert answer["Location"].endswith(f"#comment-{Comment.objects.get(about='finding').pk}")
    beside = shown[shown.index('id="findings"') : shown.index('id="comments"')]
    assert "&lt;b&gt;bold&lt;/b&gt; claim" in beside
    assert "<b>bold</b>" not in shown
    assert "Line 2 of the card" in shown
    assert "license: apache-2.0" in shown[shown.index('id="comments"') :]


def test_a_refused_comment_comes_back_with_its_text(world: World) -> None:
    submission = world.submit()
    address = reverse("reviews:comment", args=[submission.pk])

    answer = signed_in(world.domain).post(address, {"about": "card_line", "line": "", "text": "What is this?"})
    silent = signed_in(member(world.team, "viewer")).post(address, {"about": "submission", "text": "hello"})
    strange = signed_in(world.stranger).post(address, {"about": "submission", "text": "hello"})

    assert answer.status_code == 422
    assert "What is this?" in answer.content.decode()
    assert "The card has no such line" in answer.content.decode()
    assert (silent.status_code, strange.status_code) == (403, 404)
    assert not Comment.objects.exists()
