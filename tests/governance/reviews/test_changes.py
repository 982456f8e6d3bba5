"""What changed between two versions, which lanes that reopens, and which votes are taken over."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from governance.catalog.models import Card, Edge, Version
from governance.people.models import Lane, Membership
from governance.policies.shapes import LaneRule
from governance.reviews import carrying, changes
from governance.reviews import services as reviews
from governance.reviews.models import Submission, SubmissionState, Vote
from tests.factories import EntryFactory, VersionFactory
from tests.governance.world import CARD, World

TABLE = Path(__file__).parents[3] / "docs" / "what-a-change-reopens.md"
ROLES = {"weights": "w1", "config": "c1", "tokenizer": "t1"}


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.RUN_LEASE_S = 3600
    return World()


def card(text: bytes = CARD, **metadata: Any) -> Card:
    sha256 = hashlib.sha256(text + repr(metadata).encode()).hexdigest()
    made, _is_new = Card.objects.get_or_create(
        sha256=sha256,
        kind="model",
        defaults={
            "raw": text,
            "size": len(text),
            "body_offset": text.index(b"# A scorer"),
            "metadata": {"license": "apache-2.0", **metadata},
            "licenses": ["apache-2.0"],
            "score": 0.8,
        },
    )
    return made


def two(world: World, **other: Any) -> tuple[Version, Version]:
    """Two versions of one entry that differ in what is named."""
    shared = {"entry": world.version.entry, "role_digests": ROLES, "card": card()}
    return VersionFactory(**shared), VersionFactory(**{**shared, **other})


def with_edge(version: Version, relation: str, **fields: Any) -> None:
    Edge.objects.create(version=version, to_entry=EntryFactory(), relation=relation, **fields)


@pytest.mark.parametrize("role", ["weights", "tokenizer", "config", "code", "data"])
def test_files_of_a_role_are_a_kind_of_change(world: World, role: str) -> None:
    before, after = two(world, role_digests={**ROLES, role: "another"})

    assert changes.between(before, after) == {role}


def test_licence_files_and_what_the_card_declares_are_the_licence(world: World) -> None:
    texts = two(world, role_digests={**ROLES, "licence": "l1"})
    declared = two(world, card=card(license="mit"), licenses=["mit"])
    named = two(world, card=card(license_link="LICENSE.md"))

    assert [changes.between(*pair) for pair in (texts, declared, named)] == [{"licence"}] * 3


def test_prose_metadata_and_results_of_a_card_are_told_apart(world: World) -> None:
    prose = two(world, card=card(CARD + b"\nA new paragraph.\n"))
    metadata = two(world, card=card(language="de"))
    results = two(world, card=card(**{"model-index": [{"name": "scorer", "results": []}]}))

    assert [changes.between(*pair) for pair in (prose, metadata, results)] == [
        {"card_text"},
        {"card_metadata"},
        {"evaluation_results"},
    ]


def test_origins_are_told_by_the_edges(world: World) -> None:
    base, data, pinned = two(world), two(world), two(world)
    with_edge(base[1], "finetune")
    with_edge(data[1], "train_on")
    entry = EntryFactory()
    for version, revision in zip(pinned, ("a" * 40, "b" * 40), strict=True):
        Edge.objects.create(version=version, to_entry=entry, relation="adapter", to_revision=revision)

    assert [changes.between(*pair) for pair in (base, data, pinned)] == [{"base_model"}, {"datasets"}, {"base_model"}]


def test_other_files_and_unknown_roles(world: World) -> None:
    other = two(world, role_digests={**ROLES, "other": "o1"})
    unknown = two(world, role_digests={**ROLES, "something_new": "n1"})

    assert changes.between(*other) == {"other_files"}
    assert changes.lanes_reopened(changes.between(*unknown)) == changes.EVERY_LANE


def test_what_nobody_listed_may_have_changed_in_every_way(world: World) -> None:
    before, after = two(world, assurance="card-only")

    assert changes.between(before, after) == changes.EVERY_KIND
    assert changes.lanes_reopened(changes.EVERY_KIND) == changes.EVERY_LANE
    assert changes.between(before, before) == frozenset()


def test_a_kind_that_is_not_known_reopens_everything() -> None:
    assert changes.lanes_reopened(["moon phase"]) == changes.EVERY_LANE
    assert changes.lanes_reopened([]) == frozenset()


def test_the_table_in_the_docs_is_the_one_that_is_used() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([a-z, ]+) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    every = ", ".join(lane.value for lane in Lane)

    written = {kind: set((every if lanes == "all" else lanes).split(", ")) for kind, lanes in rows}
    assert written == {kind: set(lanes) for kind, lanes in changes.REOPENS.items()}
    assert len(written) == 12


# --- votes ---------------------------------------------------------------------------------------------------------


def after_approval(world: World, **other: Any) -> Submission:
    """The submission of a version that came after an approved one and differs in what is named."""
    first, second = two(world, **other)
    world.approved(version=first)
    return world.submit(second)


def copied(submission: Submission) -> dict[str, int]:
    return {vote.lane: vote.value for vote in submission.votes.exclude(copied_from=None)}


def test_fault_v08_prose_alone_keeps_the_votes_that_do_not_read_it(world: World) -> None:
    world.stage = "production"
    world.ask_for_bias_alone(at=world.at)

    submission = after_approval(world, card=card(CARD + b"\nA new paragraph.\n"))

    assert copied(submission) == {"security": 1}
    vote = submission.votes.get()
    assert vote.copied_from is not None
    assert (vote.voter, vote.facts_sha256) == (world.security, vote.copied_from.facts_sha256)


def test_other_weights_keep_no_vote(world: World) -> None:
    assert copied(after_approval(world, role_digests={**ROLES, "weights": "w2"})) == {}


def test_an_approval_of_before_says_nothing_of_the_version_after(world: World) -> None:
    submission = after_approval(world, card=card(CARD + b"\nA new paragraph.\n"))

    assert world.gate(submission.version).verdict != "allow"


def test_votes_of_a_review_that_did_not_end_in_a_yes_are_not_taken_over_but_objections_are(world: World) -> None:
    world.stage = "production"
    first, second = two(world, card=card(CARD + b"\nA new paragraph.\n"))
    submission = world.audited(version=first)
    world.vote(submission, world.ethics, "ethics")
    world.vote(submission, world.security, "security", -2, comment="It can be talked into anything")
    reviews.reject(submission_id=submission.pk, by=world.approver, reason="There is a veto on it", at=world.at)

    assert copied(world.submit(second)) == {"security": -2}


def test_who_brought_evidence_for_the_new_version_does_not_count_with_an_old_vote(world: World) -> None:
    world.stage = "production"
    world.ask_for_bias_alone(at=world.at)
    first, second = two(world, card=card(CARD + b"\nA new paragraph.\n"))
    world.approved(version=first)
    Membership.objects.create(user=world.security, team=world.team, role="submitter")

    submission = world.submit(second, by=world.security)

    assert copied(submission) == {"security": 1}
    [lane] = [one for one in submission.evaluation["votes"] if one["lane"] == "security"]
    assert lane["agreeing"] == 0


@pytest.mark.parametrize(
    ("copy_if", "kinds", "lets"),
    [
        (None, {"card_text"}, True),
        (None, {"weights"}, False),
        ("never", {"card_text"}, False),
        ("card_text_only", {"card_text"}, True),
        ("card_text_only", {"card_text", "licence"}, False),
    ],
)
def test_a_policy_can_keep_a_lane_from_it(copy_if: str | None, kinds: set[str], lets: bool) -> None:
    found = frozenset(kinds)

    assert carrying._lets(copy_if, "security", found, changes.lanes_reopened(found)) is lets


def test_every_rule_of_a_lane_has_to_let_a_vote_through(world: World) -> None:
    rules = [LaneRule("security", 1, -2), LaneRule("security", 2, -2)]
    found = frozenset({"weights"})

    assert not carrying._is_carried("security", rules, found, changes.lanes_reopened(found))
    assert carrying._is_carried("security", [], frozenset({"card_text"}), frozenset({"domain"}))


# --- what a later approval ends ------------------------------------------------------------------------------------


def test_what_was_submitted_before_is_superseded_by_the_approval_of_what_came_after(world: World) -> None:
    first, second = two(world)
    earlier = world.submit(first)

    world.approved(version=second)

    earlier.refresh_from_db()
    assert earlier.state == SubmissionState.SUPERSEDED
    assert earlier.decisions.get().outcome == "superseded"
    assert world.gate(first).reason_codes == ("review:superseded",)
    assert not Vote.objects.filter(submission=earlier).exists()


def test_a_review_of_another_stage_goes_on(world: World) -> None:
    first, second = two(world)
    earlier = world.submit(first, stage="production")

    world.approved(version=second)

    earlier.refresh_from_db()
    assert earlier.state == SubmissionState.IN_REVIEW
