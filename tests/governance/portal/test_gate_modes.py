"""How the gate of a use case is set in the browser, and that nobody overlooks a gate that stops nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from governance.gates.documents import as_text, gate_document
from governance.gates.models import GateMode
from governance.ledger.models import Event
from governance.people.models import User
from tests.governance.portal.browsing import signed_in
from tests.governance.reviews.browsing import page
from tests.governance.world import World

REASON = "the pilot's pipelines are being moved over"


@pytest.fixture
def world(db: None) -> World:
    return World()


def sent(world: World, by: User, **fields: str) -> tuple[int, str]:
    """What the form answers: the status, and the page that is shown in the end."""
    until = (timezone.localdate() + dt.timedelta(days=30)).isoformat()
    form = {"stage": "pilot", "mode": "observe", "reason": REASON, "until": until, **fields}
    address = reverse("catalog:gate-mode", args=[world.use_case.slug])
    answer = signed_in(by).post(address, form, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_risk_officer_sets_the_gate_and_it_is_told_wherever_the_gate_is_read(world: World) -> None:
    submission = world.submit()
    assert "this gate stops nothing" not in page(world.submitter, submission)

    status, shown = sent(world, world.risk_officer)

    made = GateMode.objects.get()
    assert (status, made.mode, made.stage, made.reason) == (200, "observe", "pilot", REASON)
    assert made.until is not None
    assert timezone.localtime(made.until).date() == timezone.localdate() + dt.timedelta(days=30)
    assert Event.objects.get(verb="gate_mode.set").object_ref == str(made.pk)
    assert "Only observes" in shown
    assert "a no stops nothing, and nobody is warned" in shown
    assert shown.count("a no stops the pipeline</span>") == 2
    assert REASON.replace("'", "&#x27;") in shown
    read = page(world.submitter, submission)
    assert 'id="gate-mode"' in read
    assert "this gate stops nothing" in read
    assert "It only observes" in read
    document = gate_document(world.gate())
    assert (document["verdict"], document["exit_code"]) == ("deny", 0)
    assert (document["mode"], document["mode_reason"]) == ("observe", REASON)
    assert "not enforced: it only observes" in document["mode_meaning"]
    assert as_text(document).startswith("NOT ENFORCED until ")
    other = gate_document(world.gate(stage="prototype"))
    assert (other["mode_meaning"], other["mode_reason"]) == (None, None)
    assert "NOT ENFORCED" not in as_text(other)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stage": "production"}, "The gate of production is always enforced; ask for a waiver instead."),
        ({"until": ""}, "Say until when; after that the gate is enforced again by itself."),
        ({"until": "2020-01-01"}, "The end has to lie ahead, by 90 days at most."),
        ({"until": "2999-01-01"}, "The end has to lie ahead, by 90 days at most."),
        ({"reason": "because"}, "Say why, in 10 to 2000 characters"),
        ({"mode": "enforce"}, "A gate that is enforced needs no end; leave the day empty."),
        ({"mode": "off"}, "Select a valid choice"),
        ({"until": "soon"}, "Enter a valid date"),
    ],
)
def test_what_rest_refuses_the_form_refuses_and_keeps_what_was_written(
    world: World, fields: dict[str, str], said: str
) -> None:
    status, shown = sent(world, world.risk_officer, **fields)

    assert status == 422
    assert said in shown
    assert '<details class="more" open>' in shown
    assert fields.get("reason", "the pilot&#x27;s pipelines") in shown
    assert not GateMode.objects.exists()


def test_the_last_possible_day_is_taken_and_enforcing_again_ends_it(world: World) -> None:
    last = (timezone.localdate() + dt.timedelta(days=90)).isoformat()

    assert sent(world, world.risk_officer, until=last, mode="warn")[0] == 200
    assert "Only warns" in sent(world, world.risk_officer, until="", stage="prototype", mode="enforce")[1]
    assert "Only warns" not in sent(world, world.risk_officer, until="", mode="enforce")[1]

    assert GateMode.objects.count() == 3
    assert "gate-mode" not in page(world.submitter, world.submit())


def test_who_may_not_set_it_sees_no_form_and_is_told_so(world: World) -> None:
    address = reverse("catalog:use-case", args=[world.use_case.slug])
    for person in (world.submitter, world.approver):
        assert "Set the gate" not in signed_in(person).get(address).content.decode()
        status, shown = sent(world, person)
        assert status == 403
        assert "Only a risk officer of the use case&#x27;s team sets its gate" in shown
    assert sent(world, world.stranger)[0] == 404
    assert not GateMode.objects.exists()


def test_it_is_said_in_the_readers_language(world: World) -> None:
    submission = world.submit()
    sent(world, world.risk_officer)

    reader = signed_in(world.submitter)
    reader.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    read = reader.get(reverse("reviews:submission", args=[submission.pk])).content.decode()
    with translation.override("ru"):
        meaning = gate_document(world.gate())["mode_meaning"]

    assert "Этот допуск никого не останавливает" in read
    assert "только наблюдает" in meaning
