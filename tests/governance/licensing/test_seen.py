"""What an import has seen of a version's texts and card is what its licence is judged by."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.kinds import license as licence_audit
from governance.catalog.folders import from_folder
from governance.catalog.importing import import_snapshot
from governance.catalog.models import LicenceText, Version
from governance.catalog.snapshots import LOCAL
from governance.licensing import declared
from governance.licensing.closure import graph_above
from governance.licensing.inputs import Reader, license_inputs
from governance.licensing.judging import judge_many
from licenses import cards, texts
from tests.factories import NOON
from tests.governance.catalog.cards import HUB, card, imported, snapshot
from tests.licenses.test_texts import MIT

pytestmark = pytest.mark.django_db

SHARED = Path(__file__).parents[4] / "shared" / "data" / "licences" / "texts"


def codes(version: Version) -> set[str]:
    return set(licence_audit.outcome(license_inputs(version=version, use_case=None)).document["codes"])


def states(version: Version, code: str) -> dict[str, str]:
    """Work -> state of one obligation."""
    document = licence_audit.outcome(license_inputs(version=version, use_case=None)).document
    return {one["chain"][0]: one["state"] for one in document["findings"] if one["code"] == code}


def local(
    repo_id: str = "org/model", licence: str = "mit", files: dict[str, bytes] | None = None, **said: Any
) -> Version:
    return imported(repo_id, raw=card(license=licence, **said), source=LOCAL, files=files or {}).version


def test_a_folder_whose_text_is_of_another_licence_than_its_card_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(card(license="apache-2.0"))
    (tmp_path / "LICENSE").write_text(MIT)

    found = from_folder(tmp_path, repo_id="org/model", kind="model")
    version = import_snapshot(snapshot=found, by=None, team=None, at=NOON).version

    kept = LicenceText.objects.get(version=version)
    assert (kept.path, bytes(kept.raw)) == ("LICENSE", MIT.encode())
    assert (kept.fingerprint, kept.copyright) == (texts.fingerprint(MIT), ["Copyright (c) 2024 Jane Doe"])
    assert "U-TEXT" in codes(version)
    assert "U-TEXT" not in codes(local("org/honest", "mit", {"LICENSE": MIT.encode()}))


def test_other_with_a_known_text_is_that_licence_for_itself_and_below() -> None:
    base = local("org/base", "other", {"LICENSE": MIT.encode()})
    tuned = local("org/tuned", "apache-2.0", base_model="org/base")
    unknown = local("org/unknown", "other", {"LICENSE": b"Words of our own."})

    (work,) = license_inputs(version=tuned, use_case=None)["works"]
    assert work["texts"] == [{"path": "LICENSE", "sha256_normalised": texts.fingerprint(MIT)}]
    assert "U-OTHER" not in codes(base) | codes(tuned)
    assert "U-OTHER" in codes(unknown)
    assert declared.entries_declaring("mit") == [base.entry_id]


def test_a_real_text_of_the_table_lifts_other() -> None:
    for path in sorted(SHARED.rglob("*")) if SHARED.is_dir() else ():
        if path.is_file() and (row := texts.identify(path.read_bytes())) is not None and row.use == "any":
            break
    else:
        pytest.skip(f"{SHARED} is not here")

    assert "U-OTHER" not in codes(local("org/real", "other", {"LICENSE": path.read_bytes()}))


def test_nobody_has_looked_at_the_files_of_a_card() -> None:
    version = imported("org/bare", raw=card(license="mit"), source=HUB).version

    inputs = license_inputs(version=version, use_case=None)
    assert not {"texts", "notice_texts"} & set(inputs)
    assert inputs["card_seen"] == {"badges": [], "sought": cards.badges_digest(), "copyright": False}


def test_a_text_that_was_not_read_is_named_beside_those_that_were() -> None:
    files = {"LICENSE": MIT.encode(), "COPYING": b"words", "NOTICE": b"words"}
    whole = snapshot("org/model", raw=card(license="mit"), source=LOCAL, files=files)
    partly = dataclasses.replace(whole, texts=tuple(one for one in whole.texts if one[0] == "LICENSE"))
    version = import_snapshot(snapshot=partly, by=None, team=None, at=NOON).version

    inputs = license_inputs(version=version, use_case=None)
    assert inputs["texts"] == [
        {"path": "COPYING"},
        {"path": "LICENSE", "sha256_normalised": texts.fingerprint(MIT), "copyright": True},
    ]
    assert "notice_texts" not in inputs


def test_a_card_shows_its_badge_and_its_origins() -> None:
    local("meta/base", "llama3.1")
    raw = card(license="llama3.1", base_model="meta/base") + b"\n**Built with Llama**\n"
    version = imported("org/Llama-tuned", raw=raw, source=LOCAL).version
    silent = local("org/Llama-silent", "llama3.1", base_model="meta/base")

    assert set(states(version, "O-BADGE").values()) == {"met"}
    assert set(states(silent, "O-BADGE").values()) == {"open"}
    assert states(silent, "O-ATTRIB")["meta/base"] == "met"


def test_a_notice_is_searched_in_its_beginning_and_not_copied_whole() -> None:
    local("meta/base", "llama3.1")
    told = {"NOTICE": b"Made from meta/base.\n" + b"x" * 10_000, "LICENSE": MIT.encode()}
    version = local("org/Llama-tuned", "llama3.1", told, base_model="meta/base")

    inputs = license_inputs(version=version, use_case=None)
    assert [len(one) for one in inputs["notice_texts"]] == [4096]
    assert inputs["notices_cut"] is True
    assert states(version, "O-NOTICE")["meta/base"] == "met"
    assert [one["path"] for one in inputs["texts"]] == ["LICENSE"]


def test_texts_cost_no_further_queries() -> None:
    bare, full = local("org/bare"), local("org/full", "other", {"LICENSE": MIT.encode(), "NOTICE": b"words"})
    queries = {}
    for version in (bare, full):
        with CaptureQueriesContext(connection) as asked:
            license_inputs(version=version, use_case=None)
        queries[version.pk] = len(asked)

    assert queries[full.pk] <= queries[bare.pk] + 1  # what a reviewer has read is asked for where there are files


def changed(version: Version) -> list[tuple[str, str]]:
    """What a version is told of other licences of its entry: then and since."""
    document = licence_audit.outcome(license_inputs(version=version, use_case=None)).document
    told = [one["params"] for one in document["findings"] if one["code"] == "W-CHANGED-LICENSE"]
    return [(one["written"], one["value"]) for one in told]


def again(version: Version, *, days: int, licence: str = "mit", files: dict[str, bytes] | None = None) -> Version:
    """A later version of the same entry."""
    repo_id, raw = version.entry.repo_id, card(license=licence, note=f"after {days} days")
    at = version.imported_at + dt.timedelta(days=days)
    made = snapshot(repo_id, raw=raw, source=LOCAL, files=files or {})
    return import_snapshot(snapshot=made, by=None, team=None, at=at).version


def test_a_version_whose_licence_is_another_than_that_of_an_earlier_one_is_told_so() -> None:
    first = local("org/model", "apache-2.0")
    assert changed(first) == []

    second = again(first, days=3, licence="cc-by-nc-4.0")
    third = again(second, days=3, licence="CC-BY-NC-4.0")
    much_later = again(third, days=400, licence="cc-by-nc-4.0")

    assert changed(first) == [("apache-2.0", "cc-by-nc-4.0")]
    assert changed(second) == [("apache-2.0", "cc-by-nc-4.0")]
    assert changed(third) == [("apache-2.0", "CC-BY-NC-4.0")]
    assert changed(much_later) == []


def test_a_licence_that_is_said_for_the_first_time_is_no_other_one() -> None:
    first = local("org/model", "unknown")

    assert changed(again(first, days=1, licence="mit")) == []


def test_the_same_licence_by_its_text_is_no_change() -> None:
    first = local("org/model", "other", {"LICENSE": MIT.encode()})

    second = again(first, days=1, licence="mit", files={"LICENSE": MIT.encode()})

    assert changed(first) == changed(second) == []


def test_what_was_made_from_a_work_is_not_told_of_its_earlier_licences() -> None:
    first = local("org/base", "apache-2.0")
    below = local("org/tuned", "apache-2.0", base_model="org/base")

    again(first, days=1, licence="mit")

    assert changed(below) == []


def test_many_are_judged_as_one_by_one() -> None:
    local("meta/base", "other", {"LICENSE": MIT.encode()})
    versions = [
        local("org/a", "apache-2.0", {"LICENSE": MIT.encode()}, base_model="meta/base"),
        local("org/b", "mit", {"LICENSE": MIT.encode(), "NOTICE": b"of meta/base"}, base_model="org/a"),
        local("org/c", "mit", base_model="org/b"),
        imported("org/d", raw=card(license="mit", base_model="org/c"), source=HUB).version,
    ]
    versions.append(again(versions[0], days=1, licence="cc-by-4.0"))
    versions.append(again(versions[0], days=2, licence="mit"))
    reader = Reader(graph_above([one.pk for one in versions]))
    asked = [(one.pk, reader.inputs(one.pk, use_case=None)) for one in versions]

    for (_, inputs), judged in zip(asked, judge_many(reader, asked), strict=True):
        many = judged.outcome()
        alone = licence_audit.outcome(inputs, with_repairs=False)
        assert (many.verdict, many.summary) == (alone.verdict, alone.summary)
        assert [repr(one) for one in many.drafts] == [repr(one) for one in alone.drafts]
