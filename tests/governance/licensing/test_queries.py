from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.licensing import queries
from governance.licensing.models import Correction
from tests.factories import NOON, EntryFactory, TeamFactory, UserFactory, VersionFactory, member
from tests.governance.licensing.graphs import NON_COMMERCIAL, OPEN, STRICT, derive, line, work

pytestmark = pytest.mark.django_db


def test_the_chain_of_a_conflict_lights_the_path_that_it_rests_on() -> None:
    first, second, third = line(NON_COMMERCIAL, OPEN, OPEN)
    derive(third, work("acme/beside", "mit"), relation="train_on")

    drawn = queries.chain(version=third)

    assert drawn.verdict == "conflict"
    assert list(drawn.path) == ["acme/work-0", "acme/work-1", "<artefact>"]
    assert {node.id for node in drawn.nodes if node.on_path} == {"acme/work-0", "acme/work-1", "acme/work-2"}
    assert [(link.lower[1], link.upper[1]) for link in drawn.links if link.on_path] == [
        ("<artefact>", "acme/work-1"),
        ("acme/work-1", "acme/work-0"),
    ]
    head = next(node for node in drawn.nodes if node.id == first.entry.repo_id)
    assert (head.verdict, head.licence, list(head.licence_ids), head.depth) == (
        "conflict",
        NON_COMMERCIAL,
        [NON_COMMERCIAL],
        2,
    )
    assert drawn.judged.document["repairs"]
    assert second.entry.repo_id in drawn.path


def test_a_long_chain_is_cut_but_for_its_path() -> None:
    works = line(NON_COMMERCIAL, *[OPEN] * 4)
    for number in range(10):
        derive(works[-1], work(f"acme/aside-{number}", "mit"), relation="train_on")

    drawn = queries.chain(version=works[-1], most=6)

    assert len(drawn.nodes) == 6
    assert drawn.more == 9
    assert {node.id for node in drawn.nodes if node.on_path} == {one.entry.repo_id for one in works}


def test_a_ring_and_a_name_that_nobody_knows_are_drawn() -> None:
    first, second = line(OPEN, OPEN)
    derive(first, second)
    derive(second, EntryFactory(repo_id="acme/nowhere"))

    drawn = queries.chain(version=second)

    assert {(node.id, node.known) for node in drawn.nodes} == {
        ("acme/work-1", True),
        ("acme/work-0", True),
        ("acme/nowhere", False),
    }
    assert next(node.verdict for node in drawn.nodes if node.id == "acme/nowhere") == "unknown"


def test_users_of_a_licence_are_those_that_a_person_sees_and_whose_newest_version_declares_it() -> None:
    team = TeamFactory()
    seen, spelled = work("acme/seen", OPEN), work("acme/spelled", "Apache-2.0")
    choice = work("acme/choice", "mit OR apache-2.0")
    hidden = EntryFactory(repo_id="acme/hidden", team=team)
    VersionFactory(entry=hidden, licenses=[OPEN])
    VersionFactory(entry=work("acme/moved-on", OPEN).entry, licenses=["mit"])

    found = queries.users_of(OPEN, user=UserFactory())
    everything = queries.users_of("Apache-2.0", user=member(team, "viewer"))

    assert list(found.entries) == [choice.entry, seen.entry, spelled.entry]
    assert hidden in everything.entries
    assert everything.total == 4
    assert queries.users_of("no-such-licence", user=None).total == 0


def test_a_licence_shows_what_holds_beside_what_was_shipped() -> None:
    Correction.objects.create(
        licence=OPEN, column="use", value="nc", source_ref="s.99", reason="a test", author=UserFactory(), made_at=NOON
    )

    with CaptureQueriesContext(connection) as asked:
        detail = queries.licence_detail("Apache-2.0")

    assert detail is not None
    use = next(term for term in detail.terms if term.column == "use")
    assert (use.value, use.shipped, use.section) == ("nc", "any", "s.99")
    assert detail.licence.id == OPEN
    assert len(asked) == 2
    assert queries.licence_detail("no-such-licence") is None
    assert queries.licence_detail("x" * 1000) is None


def test_the_notice_file_names_every_work_and_what_is_not_known() -> None:
    base = work("acme/base", STRICT)
    version = work("acme/model", OPEN, base, EntryFactory(repo_id="acme/nowhere"))

    text = queries.notice_file(version=version, at=timezone.now())

    assert "Notices for acme/model" in text
    assert "acme/base (model)" in text
    assert STRICT in text
    assert "Built with Llama" in text
    not_known = text.split("Not known\n")[1]
    assert "acme/nowhere" in not_known
    assert "acme/base" not in not_known
    assert "not legal advice" in text


def test_what_is_asked_of_a_version_comes_with_its_state() -> None:
    version = work("acme/model", OPEN, work("acme/base", STRICT))

    duties = queries.obligations(version=version)

    assert duties
    assert {duty.state for duty in duties} <= {"open", "unseen", "met", "attested"}
    assert all(duty.section and duty.source for duty in duties if not duty.latent)
