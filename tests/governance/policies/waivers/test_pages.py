"""Waivers in the browser: asking beside what failed, a second person's answer, and the ledger that hides none."""

from __future__ import annotations

import datetime as dt
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.people.models import Membership, User
from governance.policies.models import Waiver
from governance.policies.services import publish
from governance.policies.waivers import points
from governance.reviews.models import Submission
from tests.factories import TeamFactory, UseCaseFactory, member
from tests.governance.policies.waivers.test_steps import STRICTER
from tests.governance.policies.waivers.waiving import (
    CONTROL,
    DAY,
    REASON,
    REQUIREMENT,
    accepted,
    failing,
    proposed,
    revoked,
)
from tests.governance.world import World


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(answer: HttpResponse) -> str:
    """What a page says, without its markup."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def submission_page(world: World, user: User) -> HttpResponse:
    shown: HttpResponse = signed_in(user).get(reverse("reviews:submission", args=[Submission.objects.get().pk]))
    return shown


def way_to_ask(page: HttpResponse) -> str:
    """The link beside the requirement that failed."""
    found = re.search(r'<a href="(/waivers/new/[^"]+)">Ask for a waiver, at most 90 days</a>', page.content.decode())
    assert found is not None
    return html.unescape(found[1])


def day(days: int) -> str:
    return (timezone.localtime(timezone.now() + days * DAY)).date().isoformat()


def answer(user: User, waiver: Waiver, step: str, *, edition: int | None = None, **sent: str) -> HttpResponse:
    waiver.refresh_from_db()
    data = {"edition": waiver.edition if edition is None else edition, **sent}
    given: HttpResponse = signed_in(user).post(reverse(f"policies:waiver-{step}", args=[waiver.pk]), data)
    return given


def test_from_the_requirement_that_failed_to_a_waiver_that_its_asker_cannot_accept(world: World) -> None:
    failing(world)
    Membership.objects.create(user=world.submitter, team=world.team, role="risk_officer")
    link = way_to_ask(submission_page(world, world.submitter))
    person = signed_in(world.submitter)
    asked = person.get(link)
    assert "A bias audit was made and did not fail" in text_of(asked)
    assert "At most 90 days" in text_of(asked)

    made = person.post(link, {"reason": REASON, "compensating_control": CONTROL, "until": day(30)})

    waiver = Waiver.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, reverse("policies:waiver", args=[waiver.pk]))
    shown = person.get(made.headers["Location"])
    assert "You asked for this waiver; a second person has to accept it." in text_of(shown)
    assert f"Who can: {world.risk_officer.name}." in text_of(shown)
    assert "Fail Bias run" in text_of(shown)
    assert f'formaction="{reverse("policies:waiver-approve", args=[waiver.pk])}"' not in shown.content.decode()
    refused = answer(world.submitter, waiver, "approve")
    assert refused.status_code == 403
    assert "a second person has to accept it" in text_of(refused)
    waiver.refresh_from_db()
    assert waiver.state == "proposed"
    assert f"Waiver {waiver.pk} waits for a second person" in text_of(submission_page(world, world.domain))


def test_a_second_person_accepts_it_and_every_page_names_it(world: World) -> None:
    failing(world)
    waiver = proposed(world)

    taken = answer(world.risk_officer, waiver, "approve")

    assert taken.status_code == 302
    shown = text_of(submission_page(world, world.domain))
    assert f"Waived by {world.risk_officer.name} until" in shown
    assert f"Control: {CONTROL}" in shown
    assert "Nothing closes the gate, and 1 requirement is waived. An approver has to decide." in shown
    entry = world.version.entry
    version = signed_in(world.domain).get(
        reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, world.version.revision])
    )
    assert f"Instead: {CONTROL}" in text_of(version)
    assert f"accepted by {world.risk_officer.name}" in text_of(version)
    world.approve(Submission.objects.get())
    assert "1 requirement is waived, until" in text_of(submission_page(world, world.domain))


def test_a_viewer_is_offered_no_waiver_and_is_refused_one(world: World) -> None:
    failing(world)
    viewer = member(world.team, "viewer")
    link = way_to_ask(submission_page(world, world.submitter))

    assert "/waivers/new/" not in submission_page(world, viewer).content.decode()
    refused = signed_in(viewer).get(link)

    assert refused.status_code == 403
    assert "You only read in this team" in text_of(refused)
    sent = signed_in(viewer).post(link, {"reason": REASON, "compensating_control": CONTROL, "until": day(3)})
    assert sent.status_code == 403
    assert not Waiver.objects.exists()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"until": ""}, "This field is required."),
        ({"until": "for ever"}, "Enter a valid date."),
        ({"until": "+91"}, "is 91 days away. Choose a day up to"),
        ({"until": "-1"}, "has passed. Choose a day up to"),
        ({"compensating_control": ""}, "This field is required."),
        ({"reason": "short"}, "at least 10 characters"),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_is_kept(world: World, sent: dict[str, str], said: str) -> None:
    failing(world)
    person = signed_in(world.submitter)
    link = way_to_ask(submission_page(world, world.submitter))
    written = {"reason": REASON, "compensating_control": CONTROL, "until": day(9)} | sent
    if written["until"][:1] in ("+", "-"):
        written["until"] = day(int(written["until"]))

    refused = person.post(link, written)

    assert refused.status_code == 422
    assert said in text_of(refused)
    kept = {name: value for name, value in written.items() if name not in sent}
    assert all(html.escape(value) in refused.content.decode() for value in kept.values())
    assert not Waiver.objects.exists()


def test_the_last_day_that_is_possible_can_be_chosen_and_is_kept(world: World) -> None:
    failing(world)
    link = way_to_ask(submission_page(world, world.submitter))

    signed_in(world.submitter).post(link, {"reason": REASON, "compensating_control": CONTROL, "until": day(90)})

    waiver = Waiver.objects.get()
    assert timezone.localtime(waiver.expires_at).date().isoformat() == day(90)
    assert waiver.expires_at <= waiver.requested_at + 90 * DAY


def test_a_day_is_chosen_where_the_person_is(world: World) -> None:
    failing(world)
    world.submitter.time_zone = "Asia/Vladivostok"
    world.submitter.save(update_fields=["time_zone"])
    link = way_to_ask(submission_page(world, world.submitter))
    wanted = timezone.now().date() + dt.timedelta(days=9)

    signed_in(world.submitter).post(
        link, {"reason": REASON, "compensating_control": CONTROL, "until": wanted.isoformat()}
    )

    assert Waiver.objects.get().expires_at.isoformat() == f"{wanted.isoformat()}T13:59:59+00:00"


def test_only_some_findings_can_be_chosen(world: World) -> None:
    failing(world)
    person = signed_in(world.submitter)
    link = way_to_ask(submission_page(world, world.submitter))
    offered = re.findall(r'name="findings" value="([0-9a-f]{64})"', person.get(link).content.decode())
    assert offered

    person.post(link, {"reason": REASON, "compensating_control": CONTROL, "until": day(9), "findings": offered[:1]})

    waiver = Waiver.objects.get()
    assert waiver.findings == offered[:1]
    assert "Only these findings" in text_of(person.get(reverse("policies:waiver", args=[waiver.pk])))


@pytest.mark.parametrize("change", ["stage", "policy", "requirement", "version", "use_case"])
def test_an_address_that_names_nothing_asks_for_nothing(world: World, change: str) -> None:
    failing(world)
    link = urlsplit(way_to_ask(submission_page(world, world.submitter)))
    asked = {name: values[0] for name, values in parse_qs(link.query).items()} | {change: "nothing"}

    refused = signed_in(world.submitter).get(link.path, asked)

    assert refused.status_code in (404, 422)
    assert signed_in(world.submitter).get(link.path).status_code == 404
    assert signed_in(world.submitter).get(link.path, {"extends": "9" * 30}).status_code == 404


def test_what_may_not_be_waived_says_so(world: World) -> None:
    publish(text=STRICTER.replace("kind: card, verdicts: [pass, warn], waivable: false", NEVER), by=None, at=world.at)
    failing(world)
    page = submission_page(world, world.submitter)

    assert page.content.decode().count("Ask for a waiver, at most") == 1
    link = way_to_ask(page).replace("high-pilot", "stricter").replace(REQUIREMENT, "card.there")
    refused = signed_in(world.submitter).get(link)
    assert refused.status_code == 422
    assert "This cannot be waived: the policy says so." in text_of(refused)


NEVER = "kind: bias, verdicts: [pass, warn], waivable: false"


def test_a_no_needs_its_reason_and_an_answer_the_waiver_that_was_seen(world: World) -> None:
    waiver = proposed(world)

    silent = answer(world.risk_officer, waiver, "reject", reason="no")
    late = answer(world.risk_officer, waiver, "approve", edition=9, reason="Seen.")
    odd = signed_in(world.risk_officer).post(reverse("policies:waiver-approve", args=[waiver.pk]), {})

    assert (silent.status_code, late.status_code, odd.status_code) == (422, 409, 422)
    assert "Say why in at least 10 characters" in text_of(silent)
    assert "somebody changed this waiver" in text_of(late)
    assert "Seen." in late.content.decode()
    waiver.refresh_from_db()
    assert waiver.state == "proposed"
    assert answer(world.risk_officer, waiver, "reject", reason="The control is too weak.").status_code == 302


def test_whoever_asked_takes_it_back(world: World) -> None:
    waiver = proposed(world)
    shown = signed_in(world.submitter).get(reverse("policies:waiver", args=[waiver.pk]))
    assert "Take it back" in text_of(shown)

    answer(world.submitter, waiver, "reject", reason="It is mended by now.")

    waiver.refresh_from_db()
    assert waiver.state == "rejected"


def test_revoking_closes_what_was_approved_and_its_page_says_so(world: World) -> None:
    failing(world)
    waiver = accepted(world)
    world.approve(Submission.objects.get())
    assert "Yes. It may run in pilot" in text_of(submission_page(world, world.domain))

    assert answer(world.risk_officer, waiver, "revoke", reason="The control was dropped.").status_code == 302

    shown = text_of(submission_page(world, world.domain))
    assert "The gate is closed for pilot" in shown
    assert "its waiver was revoked" in shown
    assert "hallmark" not in submission_page(world, world.domain).content.decode().partition("<main")[2]


def test_fault_v10_every_page_shows_that_a_waiver_has_expired(world: World) -> None:
    world.at = timezone.now() - 30 * DAY - dt.timedelta(seconds=1)
    submission = failing(world)
    accepted(world)

    in_review = text_of(submission_page(world, world.domain))
    world.approve(Submission.objects.get(pk=submission.pk))
    approved = text_of(submission_page(world, world.domain))
    ledger = text_of(signed_in(world.domain).get(reverse("policies:waivers")))

    assert "It may not go to pilot yet" in in_review
    assert "the waiver has ended" in in_review
    assert "The gate is closed for pilot" in approved
    for page in (in_review, approved, ledger):
        assert "Expired" in page
    assert "No waiver is in force" in ledger
    assert "The gate is closed" not in ledger


def test_an_expired_waiver_is_extended_by_a_new_one(world: World) -> None:
    world.at = timezone.now() - 40 * DAY
    first = accepted(world)
    person = signed_in(world.submitter)
    shown = person.get(reverse("policies:waiver", args=[first.pk]))
    assert f'href="{reverse("policies:waiver-ask")}?extends={first.pk}"' in shown.content.decode()
    link = f"{reverse('policies:waiver-ask')}?extends={first.pk}"
    assert CONTROL in person.get(link).content.decode()

    person.post(link, {"reason": REASON, "compensating_control": CONTROL, "until": day(20)})

    second = Waiver.objects.get(extends=first)
    assert second.state == "proposed"
    assert f"waiver {second.pk}" in text_of(person.get(reverse("policies:waiver", args=[first.pk])))


def test_the_ledger_shows_all_and_filters_by_the_state_of_this_moment(world: World) -> None:
    accepted(world, requirement="card.ok")
    proposed(world)
    gone = accepted(world, requirement="license.known")
    revoked(world, gone)
    world.at -= 40 * DAY
    accepted(world, requirement="license.compatible")
    client = signed_in(world.domain)

    def listed(state: str) -> list[str]:
        page = client.get(reverse("policies:waivers"), {"state": state}).content.decode()
        return re.findall(r'<th scope="row"><a href="/waivers/\d+/">([^<]+)<', page)

    assert len(listed("")) == len(listed("nonsense")) == 4
    assert listed("active") == ["The card can be read and says what a reviewer needs"]
    assert listed("proposed") == ["A bias audit was made and did not fail"]
    assert listed("revoked") == ["The licence is known"]
    assert listed("expired") == ["The licence allows the declared use"]
    assert listed("rejected") == []
    assert CONTROL in text_of(client.get(reverse("policies:waivers")))


def test_strangers_see_no_waiver(world: World) -> None:
    waiver = accepted(world)
    client = signed_in(world.stranger)

    ledger = client.get(reverse("policies:waivers"))

    assert "Nobody has asked for a waiver" in text_of(ledger)
    assert "No waiver is in force" in text_of(ledger)
    assert client.get(reverse("policies:waiver", args=[waiver.pk])).status_code == 404
    assert client.get(reverse("policies:waiver-ask"), {"extends": waiver.pk}).status_code == 404
    assert answer(world.stranger, waiver, "revoke", reason="Because I can.").status_code == 404
    assert Client().get(reverse("policies:waivers")).status_code == 302


# Risk points


def test_points_are_the_weights_multiplied_and_summed_per_team(world: World) -> None:
    """Worked by hand: fail 3, warn 1; tiers 1, 2, 4, 8."""
    assert [points.points(severity="fail", tier=tier) for tier in ("minimal", "limited", "high", "critical")] == [
        3,
        6,
        12,
        24,
    ]
    assert points.points(severity="warn", tier="critical") == 8
    publish(text=STRICTER.replace("waivable: false", "severity: warn"), by=None, at=world.at)
    accepted(world)
    last = accepted(world, policy="stricter", requirement="card.there", expires_at=world.at + DAY)
    proposed(world, requirement="card.ok")
    revoked(world, accepted(world, requirement="license.known"))
    other = TeamFactory(name="Collections")
    elsewhere = UseCaseFactory(owner_team=other, tier="critical")
    asker, officer = member(other, "submitter"), member(other, "risk_officer")
    of = {"use_case": elsewhere, "policy": "critical-pilot", "requirement": "license.known", "by": asker}
    accepted(world, proposed(world, **of), by=officer)

    everybody = points.by_team(member(None, "auditor"))
    own = points.by_team(world.domain)

    assert [(one.team, one.waivers, one.points) for one in everybody] == [
        ("Collections", 1, 24),
        (world.team.name, 2, 12 + 4),
    ]
    assert [(one.team, one.points, one.first_end) for one in own] == [(world.team.name, 16, last.expires_at)]


def test_a_waiver_that_has_expired_counts_no_points(world: World) -> None:
    world.at -= 40 * DAY
    accepted(world)

    assert points.by_team(world.domain) == []


def test_the_chart_and_its_table_say_the_same(world: World) -> None:
    accepted(world)
    page = signed_in(world.domain).get(reverse("policies:waivers")).content.decode()

    assert '<rect class="c-bar" x="0" y="0" height="100%" width="100%"/>' in page
    assert '<td class="num" data-label="Risk points">12</td>' in page
