"""Licence texts that are read after the import."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from governance.catalog import hub as hub_client
from governance.catalog.late_texts import read_late, versions_without_texts
from governance.catalog.models import Edge, LicenceText, Version
from governance.licensing.models import Reassessment
from tests.factories import NOON, EntryFactory, VersionFactory
from tests.governance.catalog.cards import card
from tests.hub.server import HubServer
from tests.licenses.test_texts import MIT

pytest_plugins = ["tests.hub.fixtures"]
pytestmark = pytest.mark.django_db
FILES = {"README.md": card(license="mit"), "LICENSE": MIT.encode(), "NOTICE": b"of acme"}


@pytest.fixture(autouse=True)
def _asks_only_the_local_hub(hub: HubServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HF_ENDPOINT, settings.HF_TOKEN = hub.endpoint, ""
    monkeypatch.setattr(hub_client, "FIRST_PAUSE", 0.01)


def before_texts_were_kept(hub: HubServer, monkeypatch: pytest.MonkeyPatch, name: str = "org/model") -> Version:
    """A version as an import of those days left it."""
    hub.add(name, files=FILES)
    with monkeypatch.context() as then:
        then.setattr(hub_client, "_with_texts", lambda snapshot, *_more: snapshot)
        call_command("import_card", name, stdout=StringIO(), stderr=StringIO())
    Reassessment.objects.all().delete()
    version = Version.objects.get(entry__repo_id=name)
    assert not version.licence_texts.exists()
    return version


def command(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("read_licence_texts", "--format", "json", *arguments, stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_texts_are_read_at_the_version_s_own_commit_and_judged(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    version = before_texts_were_kept(hub, monkeypatch)
    hub.repositories["model", "org/model"].commit({"LICENSE": b"other words"})
    below = VersionFactory(entry=EntryFactory(repo_id="acme/tuned"))
    Edge.objects.create(version=below, to_entry=version.entry, relation="finetune")

    told = command()

    assert (told["waited"], told["stored"], told["refused"]) == (1, 2, [])
    kept = {one.path: bytes(one.raw) for one in LicenceText.objects.filter(version=version)}
    assert kept == {"LICENSE": MIT.encode(), "NOTICE": b"of acme"}
    text = LicenceText.objects.get(path="LICENSE")
    assert text.copyright == ["Copyright (c) 2024 Jane Doe"]
    assert Reassessment.objects.get().entries == [version.entry_id]


def test_what_is_kept_is_not_asked_for_again(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    version = before_texts_were_kept(hub, monkeypatch)
    command()
    asked = len(hub.paths())

    assert command()["waited"] == 0
    assert read_late(version, at=NOON).stored == ()
    assert len(hub.paths()) == asked
    assert Reassessment.objects.count() == 1


def test_bytes_that_are_not_those_that_were_listed_are_left_out(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = before_texts_were_kept(hub, monkeypatch)
    monkeypatch.setattr(hub_client, "_content", lambda *_args, **_more: b"forged")

    (read,) = command()["read"]

    assert (read["stored"], read["missing"]) == ([], ["LICENSE", "NOTICE"])
    assert not version.licence_texts.exists()
    assert not Reassessment.objects.exists()


def test_one_that_is_gone_does_not_keep_the_others(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before_texts_were_kept(hub, monkeypatch)
    before_texts_were_kept(hub, monkeypatch, "org/gone")
    del hub.repositories["model", "org/gone"]

    told = command()

    assert [one["code"] for one in told["refused"]] == ["repository_not_found"]
    assert told["stored"] == 2


def test_a_hub_that_is_away_ends_it_and_most_is_a_bound(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before_texts_were_kept(hub, monkeypatch)
    before_texts_were_kept(hub, monkeypatch, "org/second")
    assert command("--most", "1")["stored"] == 2
    hub.fail(503, times=20)

    told = command()

    assert told["stored"] == 0
    assert told["stopped"]
    assert versions_without_texts().count() == 1


def test_versions_of_folders_and_of_other_hubs_are_left_alone(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    version = before_texts_were_kept(hub, monkeypatch)
    version.entry.source = "local"
    version.entry.save(update_fields=["source"])

    assert command()["waited"] == 0
