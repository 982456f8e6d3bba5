"""Lineage, upwards and downwards."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from governance.catalog import queries
from governance.catalog.bulk import bulk_import
from governance.catalog.models import Edge
from governance.people.models import User
from tests.factories import NOON
from tests.governance.catalog.cards import card, entry, imported, snapshot
from tests.governance.catalog.looking import chain

pytestmark = pytest.mark.django_db


def steps(hops: Any) -> list[tuple[int, str, str, str]]:
    return [(hop.depth, hop.origin.repo_id, hop.relation, hop.target.repo_id) for hop in hops]


def test_lineage_is_followed_upwards_through_newest_versions(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    chain()
    start = entry("org/quantized").latest

    with django_assert_num_queries(1):
        found = queries.lineage(user=reader, version=start)

    assert steps(found.hops) == [
        (1, "org/quantized", "quantized", "org/tuned"),
        (2, "org/tuned", "finetune", "org/base"),
        (3, "org/base", "train_on", "org/rows"),
    ]
    assert [hop.target.known for hop in found.hops] == [True, True, False]
    assert not found.truncated


def test_lineage_is_followed_downwards_to_everything_built_on_an_entry(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    chain()
    rows = entry("org/rows", kind="dataset")

    with django_assert_num_queries(1):
        found = queries.lineage(user=reader, entry=rows, direction="down", depth=10)

    assert steps(found.hops) == [
        (1, "org/base", "train_on", "org/rows"),
        (2, "org/second", "finetune", "org/base"),
        (2, "org/tuned", "finetune", "org/base"),
        (3, "org/quantized", "quantized", "org/tuned"),
    ]


def test_an_older_version_s_origins_show_downwards_as_no_longer_current() -> None:
    imported("org/model", raw=card(base_model="org/base"))
    imported("org/model", raw=card(base_model="org/other"))

    (hop,) = queries.lineage(user=None, entry=entry("org/base"), direction="down").hops

    assert hop.origin.repo_id == "org/model"
    assert not hop.current


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_ring_is_walked_once(direction: str) -> None:
    imported("org/a", raw=card(base_model="org/b"))
    imported("org/b", raw=card(base_model="org/a"))

    found = queries.lineage(user=None, version=entry("org/a").latest, direction=direction, depth=10)

    assert sorted((hop.origin.repo_id, hop.target.repo_id) for hop in found.hops) == [
        ("org/a", "org/b"),
        ("org/b", "org/a"),
    ]


def test_diamonds_do_not_multiply() -> None:
    for level in range(9):
        merged = f"[org/l{level + 1}-a, org/l{level + 1}-b]"
        for side in "ab":
            imported(f"org/l{level}-{side}", raw=card(base_model=merged, base_model_relation="merge"))

    found = queries.lineage(user=None, version=entry("org/l0-a").latest, depth=10)

    assert len(found.hops) == 2 + 8 * 4
    assert Edge.objects.count() == 9 * 4


def test_a_popular_base_lists_as_many_as_are_asked_for() -> None:
    bulk_import(
        snapshots=[snapshot(f"org/tuned-{n}", raw=card(base_model="org/base")) for n in range(12)], by=None, at=NOON
    )

    found = queries.lineage(user=None, entry=entry("org/base"), direction="down", most=5)

    assert (len(found.hops), found.truncated) == (5, True)


@pytest.mark.parametrize(("direction", "depth"), [("sideways", 1), ("up", 0), ("up", 11), ("up", -1)])
def test_a_direction_or_depth_out_of_range_is_refused(direction: str, depth: int) -> None:
    with pytest.raises(ValueError, match="the d(irection|epth) is"):
        queries.lineage(user=None, version=imported().version, direction=direction, depth=depth)


def test_a_mere_name_has_no_origins() -> None:
    imported()

    assert queries.lineage(user=None, entry=entry("org/base")).hops == []
