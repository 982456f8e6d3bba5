"""Waivers, overrides, suspensions and relaxed gates, told as of a moment."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from governance.catalog.models import Suspension
from governance.gates.models import GateMode
from governance.people.models import Team
from governance.policies.waivers import services as waivers
from governance.reports.periods import read_period
from governance.reports.sections import exceptions, not_checked
from governance.reports.sections.asked import ReportScope
from governance.reports.sections.gaps import Gaps
from governance.reports.sections.summary import value as summary
from tests.factories import NOON, TeamFactory
from tests.governance.policies.waivers.waiving import CONTROL, DAY, REASON, accepted, failing
from tests.governance.world import World

MARCH, APRIL = read_period("2026-03", time_zone="UTC"), read_period("2026-04", time_zone="UTC")


def asked(at: dt.datetime, *, team: Team | None = None, period: Any = MARCH) -> ReportScope:
    return ReportScope(period=period, team=team, as_of=at)


@pytest.mark.parametrize(
    ("told", "at", "state"),
    [
        ({}, 1, "proposed"),
        ({}, 30, "expired"),
        ({"decided_at": 2, "state": "active"}, 2, "proposed"),
        ({"decided_at": 2, "state": "active"}, 3, "active"),
        ({"decided_at": 2, "state": "active"}, 30, "expired"),
        ({"decided_at": 2, "state": "rejected"}, 31, "rejected"),
        ({"decided_at": 2, "revoked_at": 9, "state": "revoked"}, 5, "active"),
        ({"decided_at": 2, "revoked_at": 9, "state": "revoked"}, 40, "revoked"),
    ],
)
def test_the_state_of_a_waiver_at_a_moment_follows_from_its_times(told: dict[str, Any], at: int, state: str):
    times = {name: NOON + value * DAY for name, value in told.items() if name != "state"}
    row = SimpleNamespace(
        **{"decided_at": None, "revoked_at": None, "expires_at": NOON + 30 * DAY, "state": told.get("state"), **times}
    )

    assert exceptions.state_at(row, at=NOON + at * DAY) == state


@pytest.mark.django_db
def test_what_is_waived_suspended_or_relaxed_is_told_as_it_stood_and_to_those_who_see_it():
    world = World(at=NOON)
    failing(world)
    waiver = accepted(world, expires_at=NOON + 35 * DAY)
    waivers.revoke(
        waiver_id=waiver.pk, reason="The control was never put in place.", by=world.risk_officer, at=NOON + 32 * DAY
    )
    Suspension.objects.create(
        entry=world.version.entry,
        descendants=True,
        reason="Leaks data.",
        made_by=world.risk_officer,
        made_at=NOON + DAY,
    )
    GateMode.objects.create(
        use_case=world.use_case,
        stage="pilot",
        mode="warn",
        reason="The pipeline is new.",
        set_by=world.approver,
        set_at=NOON,
        until=NOON + 20 * DAY,
    )

    found = {item["kind"]: item for _title, item in exceptions.items(asked(MARCH.ends_at))}

    told = found["waiver"]
    assert (told["state"], told["reason"], told["control"]) == ("active", REASON, CONTROL)
    assert (told["ended_at"], told["what"][0]["requirement"]) == (None, "bias.audited")
    assert (found["suspension"]["state"], found["gate_mode"]["state"]) == ("active", "expired")
    counted = {one["name"]: one["n"] for one in summary(asked(MARCH.ends_at))["counts"]}
    assert (counted["waivers_in_force"], counted["waivers_accepted"], counted["suspensions_standing"]) == (1, 1, 1)
    later = {item["kind"]: item for _title, item in exceptions.items(asked(APRIL.ends_at, period=APRIL))}
    assert (later["waiver"]["state"], later["waiver"]["ended_reason"]) == (
        "revoked",
        "The control was never put in place.",
    )
    assert "gate_mode" not in later
    strangers = {item["kind"] for _title, item in exceptions.items(asked(MARCH.ends_at, team=TeamFactory()))}
    assert strangers == {"suspension"}  # of an entry that nobody owns, which everybody sees


def test_every_sentence_of_what_was_not_checked_can_be_said_in_both_languages():
    names = ("n", "of", "assurance", "kind", "run", "state", "verdict", "title", "requirement", "policy", "code")
    for code, sentence in not_checked.SENTENCES.items():
        words = not_checked.in_words(sentence, dict.fromkeys(names, "100 %"))
        assert words["en"] != words["ru"], code


def test_gaps_of_two_audits_of_a_version_have_keys_of_their_own():
    gaps = Gaps()
    subject: Any = {"kind": "model", "id": "a/b", "revision": "1" * 40, "digest": "2" * 64}
    for run in (1, 2):
        gaps.add("declared", subject, of=str(run), kind="bias", run=run)

    assert len({(one.code, one.place) for one in gaps.rows}) == 2
