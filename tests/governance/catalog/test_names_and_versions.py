"""From a name to its entry and version, who sees them, and how two versions differ."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from governance.catalog import queries
from governance.catalog.models import Version
from governance.catalog.queries import Filters, NotASha
from governance.catalog.snapshots import LOCAL
from governance.people.models import User
from tests.factories import TeamFactory, member
from tests.governance.catalog.cards import HUB, card, imported
from tests.governance.catalog.looking import SHA, chain, ids

pytestmark = pytest.mark.django_db


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
