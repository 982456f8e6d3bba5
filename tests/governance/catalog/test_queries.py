from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from audits.models import Finding
from governance.catalog import queries
from governance.catalog.bulk import bulk_import
from governance.catalog.models import Edge, Entry, Version
from governance.catalog.queries import BadCursor, Filters, NotASha, Page
from governance.catalog.snapshots import LOCAL
from governance.people.models import User
from governance.people.queries import standing
from tests.factories import NOON, TeamFactory, member
from tests.governance.catalog.cards import HUB, card, entry, imported, snapshot

pytestmark = pytest.mark.django_db
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def reader() -> User:
    """Somebody in a team, with their roles already read, as the token's check leaves them."""
    person = member(TeamFactory.create(), "viewer")
    standing(person)
    return person


def ids(page: Page) -> list[str]:
    return [row.entry.repo_id for row in page.rows]


def walk(user: User | None, *, forwards: bool = True, **options: Any) -> list[list[str]]:
    """All pages from the first to the last, or back from the last to the first."""
    page = queries.search(user=user, **options)
    pages = [page]
    while page.next:
        page = queries.search(user=user, cursor=page.next, **options)
        pages.append(page)
    if not forwards:
        pages = [page]
        while page.previous:
            page = queries.search(user=user, cursor=page.previous, **options)
            pages.append(page)
    return [ids(page) for page in pages]


def many(number: int) -> None:
    bulk_import(
        snapshots=[snapshot(f"org/model-{n:03}", raw=card(license="mit")) for n in range(number)], by=None, at=NOON
    )


# --- looking through ------------------------------------------------------------------------------------------------


def test_the_best_match_comes_first() -> None:
    for name in ("bert", "bert-base", "google/bert", "org/albert", "org/brt-small", "org/gpt"):
        imported(name, raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="BERT"))) == [
        "bert",
        "bert-base",
        "google/bert",
        "org/albert",
    ]


def test_a_misspelt_word_finds_what_is_spelt_alike() -> None:
    imported("distilbert-base-uncased", raw=card(license="mit"))
    imported("gpt2", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="distlbert"))) == ["distilbert-base-uncased"]


def test_every_word_has_to_match() -> None:
    for name in ("org/bert-german", "org/bert-english", "org/gpt-german"):
        imported(name, raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="german bert"))) == ["org/bert-german"]


@pytest.mark.parametrize("text", ["100%", "_", "a\x00b", "\\", "'; --", "%" * 500, "‮", "x" * 10_000, " "])
def test_any_text_can_be_looked_for(text: str) -> None:
    imported("org/model", raw=card(license="mit"))

    queries.search(user=None, filters=Filters(text=text))


def test_a_percent_sign_is_a_character_like_others() -> None:
    imported("org/model", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="%"))) == []


def test_a_commit_or_a_digest_finds_its_entry() -> None:
    done = imported(revision=SHA)
    imported("org/other", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text=SHA))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text=done.version.digest))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text="f" * 40))) == []


@pytest.mark.parametrize("length", [6, 8, 39])
def test_the_beginning_of_a_commit_or_a_digest_finds_its_entry(length: int) -> None:
    done = imported(revision=SHA)
    imported("org/other", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text=SHA[:length].upper()))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text=done.version.digest[:length]))) == ["org/model"]


def test_filters_narrow_by_kind_licence_task_and_card() -> None:
    imported("org/a", raw=card(license="mit", pipeline_tag="text-generation"))
    imported("org/b", raw=card(license="[mit, apache-2.0]"))
    imported("org/c", raw=card(license="no-such-licence"))
    imported("org/d", raw=b"# nothing")
    imported("org/e", raw=card(license="mit"), kind="dataset")

    def found(**options: Any) -> list[str]:
        return ids(queries.search(user=None, filters=Filters(**options)))

    assert found(kind="dataset") == ["org/e"]
    assert found(license="mit") == ["org/a", "org/b", "org/e"]
    assert found(license="none") == ["org/d"]
    assert found(task="text-generation") == ["org/a"]
    assert found(card="fail") == ["org/c"]
    assert found(among=Entry.objects.filter(repo_id="org/b")) == ["org/b"]


def test_mere_names_are_listed_only_when_asked_for() -> None:
    imported()

    assert ids(queries.search(user=None)) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(catalogued=False))) == ["org/base", "org/rows"]
    assert len(ids(queries.search(user=None, filters=Filters(catalogued=None)))) == 3


def test_a_row_says_what_the_newest_card_was_told() -> None:
    version = imported(raw=card(license="no-such-licence")).version

    (row,) = queries.search(user=None).rows

    assert row.version == version
    assert row.score == version.card.score  # type: ignore[union-attr]
    assert row.verdict == "fail"
    assert sum(row.findings.values()) == Finding.objects.count()
    assert row.findings["high"] == 1


@pytest.mark.parametrize("sort", ["name", "newest", "relevance"])
@pytest.mark.parametrize("forwards", [True, False])
def test_the_pages_hold_every_entry_once_forwards_and_backwards(sort: str, forwards: bool) -> None:
    many(23)  # all imported in the same instant

    pages = walk(None, forwards=forwards, sort=sort, limit=5, filters=Filters(text="model"))

    listed = [name for page in (pages if forwards else reversed(pages)) for name in page]
    assert len(listed) == len(set(listed)) == 23
    assert listed == sorted(listed, reverse=sort == "newest")


def test_the_newest_come_first_when_asked_so() -> None:
    many(3)
    bulk_import(snapshots=[snapshot("org/model-001", raw=b"# b")], by=None, at=NOON + dt.timedelta(days=1))

    assert ids(queries.search(user=None, sort="newest"))[0] == "org/model-001"


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after() -> None:
    many(4)

    first = queries.search(user=None, limit=2)
    last = queries.search(user=None, limit=2, cursor=first.next)

    assert (first.previous, bool(first.next)) == ("", True)
    assert (bool(last.previous), last.next) == (True, "")
    back = queries.search(user=None, limit=2, cursor=last.previous)
    assert ids(back) == ids(first)
    assert (back.previous, bool(back.next)) == ("", True)


def test_the_total_is_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    many(7)
    assert (queries.search(user=None).total, queries.search(user=None).more) == (7, False)

    monkeypatch.setattr("governance.catalog.queries.searching.COUNTED", 5)

    page = queries.search(user=None, limit=2)
    assert (page.total, page.more) == (5, True)


def written(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "=" * 10,
        "A" * 5000,
        written("name", ">"),
        written("name", ">", "a\0", 1),
        written("name", ">", "\ud800", 1),
        written("name", ">", "a", 2**70),
        written("name", ">", "a", -1),
        written("name", ">", "a", True),
        written("name", ">", ["a"], 1),
        written("name", "?", "a", 1),
        written("newest", ">", "a", 1),
        written("name", ">", "a", 1, 1),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor, match="take the cursor from next or previous"):
        queries.search(user=None, cursor=cursor)


def test_a_cursor_with_a_time_that_is_none_is_refused() -> None:
    for moment in ("2026-01-01T00:00:00", "yesterday", 7):
        with pytest.raises(BadCursor):
            queries.search(user=None, sort="newest", cursor=written("newest", ">", moment, 1))


def test_there_is_no_other_order() -> None:
    with pytest.raises(ValueError, match="there are relevance, name, newest"):
        queries.search(user=None, sort="size")


def test_a_page_costs_four_queries_however_long_it_is(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many(12)

    with django_assert_num_queries(4):
        assert len(queries.search(user=reader, filters=Filters(text="model", license="mit")).rows) == 12


def test_what_can_be_filtered_by_is_counted(reader: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    imported("org/a", raw=card(license="mit", pipeline_tag="text-generation"))
    imported("org/b", raw=card(license="[mit, gpl-3.0]"))

    with django_assert_num_queries(2):
        assert queries.choices(user=reader, column="license") == [("mit", 2), ("gpl-3.0", 1)]
        assert queries.choices(user=reader, column="task") == [("text-generation", 1)]


def test_those_that_say_no_licence_are_a_choice_where_there_are_some(reader: User) -> None:
    imported("org/a", raw=card(license="mit"))
    imported("org/b", raw=b"# No metadata\n")

    assert queries.choices(user=reader, column="license", most=1) == [("mit", 1), (queries.NONE, 1)]


# --- names ------------------------------------------------------------------------------------------------------------


def test_an_address_finds_its_entry_and_version_in_one_query(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    done = imported("gpt2", revision=SHA)

    with django_assert_num_queries(1):
        assert queries.find_entry(user=reader, kind="model", ns="_", name="GPT2") == done.entry
    for sha in (SHA, done.version.digest):
        with django_assert_num_queries(1):
            assert queries.resolve(user=reader, kind="model", ns="_", name="gpt2", sha=sha) == done.version


def test_an_entry_is_found_by_the_name_that_the_hub_redirects() -> None:
    imported("old/name", revision=SHA)
    done = imported("new/name", requested_id="old/name", revision="f" * 40)

    for ns in ("old", "new"):
        assert queries.find_entry(user=None, kind="model", ns=ns, name="name") == done.entry
        assert queries.resolve(user=None, kind="model", ns=ns, name="name", sha="f" * 40) == done.version


@pytest.mark.parametrize(
    ("kind", "ns", "name", "sha"),
    [
        ("dataset", "org", "model", SHA),
        ("model", "_", "model", SHA),
        ("model", "org", "other", SHA),
        ("model", "org", "model", "f" * 40),
        ("model", "org", "mo\0del", SHA),
        ("model", "org", "m" * 500, SHA),
    ],
)
def test_what_is_not_there_is_not_found(kind: str, ns: str, name: str, sha: str) -> None:
    imported(revision=SHA)

    assert queries.resolve(user=None, kind=kind, ns=ns, name=name, sha=sha) is None


@pytest.mark.parametrize("sha", ["main", "abc1234", "A" * 40, "a" * 41, "", "a" * 40 + "\n"])
def test_fault_v07_a_floating_revision_is_never_resolved(sha: str) -> None:
    with pytest.raises(NotASha, match="not a full commit sha"):
        queries.resolve(user=None, kind="model", ns="org", name="model", sha=sha)


def test_a_folder_and_a_repository_of_one_id_are_told_apart_by_their_source() -> None:
    hub, local = imported(), imported(source=LOCAL)

    assert queries.find_entry(user=None, kind="model", ns="org", name="model") == hub.entry
    assert queries.find_entry(user=None, kind="model", ns="org", name="model", source=LOCAL) == local.entry
    found = queries.resolve(user=None, kind="model", ns="org", name="model", sha=local.version.digest)
    assert found == local.version


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_fault_v18_another_team_s_entries_show_nowhere(reader: User) -> None:
    theirs = TeamFactory.create()
    submitter = member(theirs, "submitter")
    secret = imported("org/secret", source=LOCAL, by=submitter, team=theirs, raw=card(base_model="org/open"))
    opened = imported("org/open", source=LOCAL, raw=card(base_model="org/secret"))

    assert ids(queries.search(user=reader)) == ["org/open"]
    assert queries.search(user=reader).total == 1
    assert ids(queries.search(user=reader, filters=Filters(text=secret.version.digest))) == []
    assert queries.choices(user=reader, column="task") == []
    # what is found is only the name that the open card itself mentions
    assert queries.find_entry(user=reader, kind="model", ns="org", name="secret") != secret.entry
    assert queries.find_entry(user=reader, kind="model", ns="org", name="secret", source=LOCAL) is None
    assert queries.resolve(user=reader, kind="model", ns="org", name="secret", sha=secret.version.digest) is None
    for direction in queries.DIRECTIONS:
        shown = queries.lineage(user=reader, version=opened.version, direction=direction)
        assert secret.entry.pk not in {node.id for hop in shown.hops for node in (hop.origin, hop.target)}
    assert ids(queries.search(user=submitter)) == ["org/open", "org/secret"]


# --- lineage ----------------------------------------------------------------------------------------------------------


def chain() -> None:
    """quantized -> tuned -> base -> rows, and a second model tuned on the base."""
    imported("org/quantized", raw=card(base_model="org/tuned", base_model_relation="quantized"))
    imported("org/tuned", raw=card(base_model="org/base"))
    imported("org/second", raw=card(base_model="org/base"))
    imported("org/base", raw=card(datasets="[org/rows]"))


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


# --- one version, and two ------------------------------------------------------------------------------------------


def test_a_version_s_page_costs_six_queries_however_long_its_history(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    chain()
    for license in ("mit", "apache-2.0", "bsd"):
        done = imported("org/tuned", raw=card(base_model="org/base", license=license), files={"a": b"", "b": b""})
    version = queries.resolve(user=reader, kind="model", ns="org", name="tuned", sha=done.version.digest)
    assert version is not None

    with django_assert_num_queries(6):
        page = queries.version_page(user=reader, version=version)
        assert [shown.licenses for shown in page.versions] == [["bsd"], ["apache-2.0"], ["mit"], []]

    assert [file.path for file in page.files] == ["README.md", "a", "b"]
    assert page.card.verdict in ("pass", "warn", "fail")
    assert [hop.target.repo_id for hop in page.up.hops] == ["org/base", "org/rows"]
    assert [hop.origin.repo_id for hop in page.down.hops] == ["org/quantized"]


def test_findings_are_shown_gravest_first() -> None:
    version = imported(raw=b"---\nlicense: no-such\nbase_model_relation: merge\n---\n# x\n").version

    severities = [finding.severity for finding in queries.card_audit(version).findings]

    order = ["critical", "high", "medium", "low", "info"]
    assert severities == sorted(severities, key=order.index)
    assert len(set(severities)) > 1


def test_two_versions_are_compared_by_files_roles_and_metadata(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    before = imported(
        raw=card(license="mit", tags="[a]"), files={"model.safetensors": b"1", "old.txt": b"", "config.json": b"{}"}
    ).version
    after = imported(
        raw=card(license="apache-2.0", language="en"),
        files={"model.safetensors": b"22", "new.py": b"", "config.json": b"{}"},
    ).version

    with django_assert_num_queries(2):
        found = queries.diff(before=before, after=after)

    assert [(change.name, change.change) for change in found.files] == [
        ("README.md", "changed"),
        ("model.safetensors", "changed"),
        ("new.py", "added"),
        ("old.txt", "removed"),
    ]
    assert (found.files[1].before["size"], found.files[1].after["size"]) == (1, 2)
    assert [change.name for change in found.roles] == ["card", "code", "other", "weights"]
    assert [(change.name, change.before, change.after) for change in found.metadata] == [
        ("language", None, "en"),
        ("license", "mit", "apache-2.0"),
        ("tags", ["a"], None),
    ]
    assert found.card_changed
    assert not found.truncated


def test_a_version_does_not_differ_from_itself() -> None:
    version = imported().version

    found = queries.diff(before=version, after=version)

    assert [*found.files, *found.roles, *found.metadata] == []
    assert not found.card_changed


def test_the_document_of_an_import_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = Version.objects.select_related("entry").get(pk=imported().version.pk)

    with django_assert_num_queries(3):
        document = queries.import_document(version)

    assert document["entry"] == "org/model"
    assert document["source"] == HUB
