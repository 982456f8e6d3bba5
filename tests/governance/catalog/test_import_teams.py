"""For whom one imports: a team's entries are its own."""

from __future__ import annotations

import pytest

from governance.catalog.importing import ImportNotAllowed
from governance.catalog.models import Entry
from governance.catalog.snapshots import LOCAL, SnapshotRefused
from tests.factories import TeamFactory, member
from tests.governance.catalog.cards import card, counted, entry, imported

pytestmark = pytest.mark.django_db


def test_a_team_s_new_entry_belongs_to_it() -> None:
    team = TeamFactory.create()

    done = imported(by=member(team, "submitter"), team=team)

    assert done.entry.team == team
    assert entry("org/base").team is None


@pytest.mark.parametrize("roles", [(), ("viewer",), ("auditor",), ("reviewer:legal",)])
def test_only_submitters_and_administrators_import(roles: tuple[str, ...]) -> None:
    with pytest.raises(ImportNotAllowed, match="needs the role submitter"):
        imported(by=member(TeamFactory.create(), *roles))

    assert not Entry.objects.exists()


def test_nobody_imports_for_a_team_of_others() -> None:
    with pytest.raises(ImportNotAllowed, match="not a submitter of the team"):
        imported(by=member(TeamFactory.create(), "submitter"), team=TeamFactory.create())


def test_another_team_s_entry_gets_no_version_and_tells_nothing() -> None:
    theirs = TeamFactory.create()
    imported("org/secret", source=LOCAL, by=member(theirs, "submitter"), team=theirs)
    before = counted()

    with pytest.raises(SnapshotRefused, match="belongs to another team"):
        imported("org/secret", source=LOCAL, by=member(TeamFactory.create(), "submitter"))

    assert counted() == before


def test_a_card_cannot_link_to_another_team_s_local_entry() -> None:
    theirs, ours = TeamFactory.create(), TeamFactory.create()
    secret = imported("org/secret", source=LOCAL, by=member(theirs, "submitter"), team=theirs, raw=card(license="mit"))

    done = imported(source=LOCAL, by=member(ours, "submitter"), team=ours, raw=card(base_model="org/secret"))

    assert done.version.edges.get().to_entry != secret.entry
