"""Which other scanners are asked, and in which environments they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import names, scanners


def test_scanners_and_their_environments_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_SCANNERS", f"picklescan, modelscan={tmp_path}")

    assert scanners.scanners() == {"picklescan": "", "modelscan": str(tmp_path)}
    names.refuse_unknown()

    monkeypatch.setenv("ASSAY_SCANNERS", "modelscan=/only/on/the/workers")
    assert scanners.scanners() == {"modelscan": "/only/on/the/workers"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("clamscan", "picklescan and modelscan, each once"),
        ("picklescan,picklescan", "each once"),
        ("/opt/scanners", "each once, alone or as name=/folder"),
        ("modelscan=scanners", "an absolute path of a folder"),
        ("modelscan=", "an absolute path of a folder"),
    ],
)
def test_a_malformed_one_stops_the_start(value: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_SCANNERS", value)

    with pytest.raises(ImproperlyConfigured, match=f"ASSAY_SCANNERS: .*{why}"):
        scanners.scanners()


def test_an_environment_that_others_can_write_into_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setenv("ASSAY_SCANNERS", f"modelscan={tmp_path}")

    with pytest.raises(ImproperlyConfigured, match="others than its owner can write"):
        scanners.scanners()
