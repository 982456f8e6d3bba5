"""Other scanners: their alarms join ours, they lift none, and where we differ it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audits.files import opinions
from audits.files.documents import document_of
from audits.files.opinions import Opinion
from audits.files.scanning import FileScan, scan_paths
from tests.audits.files.scans import SYSTEM, codes

EVIL, PLAIN = b"\x80\x04" + SYSTEM, b"\x80\x04N."


def heard(tmp_path: Path, data: bytes, said: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def say(_path: Path) -> Opinion:
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, Opinion)
        return said

    monkeypatch.setattr(opinions, "SCANNERS", {"other": say})
    monkeypatch.setattr(opinions.metadata, "version", lambda _name: "1.0")
    (tmp_path / "model.pkl").write_bytes(data)
    scan = FileScan()
    scan_paths([tmp_path / "model.pkl"], scan)
    return document_of(scan, opinions.ask(scan, scan.on_disk, ["other"]))


@pytest.mark.parametrize(
    ("data", "said", "verdict", "differ"),
    [
        (PLAIN, Opinion(), "warn", None),
        (PLAIN, Opinion(("acme.run",)), "fail", ["other: acme.run"]),
        (EVIL, Opinion(), "fail", ["other: no alarm"]),
        (EVIL, Opinion(("os.system",)), "fail", None),
    ],
)
def test_the_graver_opinion_counts_and_a_difference_is_told(
    tmp_path: Path, data: bytes, said: Opinion, verdict: str, differ: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = heard(tmp_path, data, said, monkeypatch)

    assert (document["verdict"], codes(document).get("opinions_differ")) == (verdict, differ)
    assert document["opinions"][0]["alarms"] == list(said.alarms)


@pytest.mark.parametrize("said", [Opinion(failed=True), ValueError("broken")])
def test_a_scanner_that_fails_says_nothing(tmp_path: Path, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    document = heard(tmp_path, PLAIN, said, monkeypatch)

    assert (document["verdict"], codes(document)["opinion_failed"]) == ("warn", ["other"])


def test_without_another_scanner_the_question_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "installed", list)

    with pytest.raises(CommandError, match="no other scanner is installed"):
        call_command("scan_files", str(tmp_path), "--opinions")


@pytest.mark.parametrize("name", [*opinions.SCANNERS])
def test_a_real_scanner_is_understood(tmp_path: Path, name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is an extra and not installed")
    (tmp_path / "model.pkl").write_bytes(EVIL)

    assert any("system" in alarm for alarm in opinions.SCANNERS[name](tmp_path / "model.pkl").alarms)
