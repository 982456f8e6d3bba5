"""The operator's own metrics: a folder that nobody else can write to, apart from uploads, and a list of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import metrics, names


def set_to(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))


def test_without_the_settings_no_metric_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_METRICS", raising=False)
    monkeypatch.delenv("ASSAY_METRICS_PATH", raising=False)

    assert (metrics.metrics_folder(), metrics.metrics_allowed("")) == ("", [])


def test_a_folder_and_names_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    set_to(monkeypatch, ASSAY_METRICS_PATH=tmp_path, ASSAY_METRICS="mine:cost, evaluate:brier")

    assert metrics.metrics_folder(uploads=Path("/elsewhere/blobs")) == str(tmp_path)
    assert metrics.metrics_allowed(str(tmp_path)) == ["mine:cost", "evaluate:brier"]
    names.refuse_unknown()


@pytest.mark.parametrize("path", ["metrics", "/no/such/folder"])
def test_a_folder_that_is_relative_or_missing_stops_the_start(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    set_to(monkeypatch, ASSAY_METRICS_PATH=path)

    with pytest.raises(ImproperlyConfigured, match="ASSAY_METRICS_PATH: an absolute path"):
        metrics.metrics_folder()


def test_a_folder_that_others_can_write_to_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    set_to(monkeypatch, ASSAY_METRICS_PATH=tmp_path)

    with pytest.raises(ImproperlyConfigured, match="chmod go-w"):
        metrics.metrics_folder()


@pytest.mark.parametrize("apart", [".", "blobs", ".."])
def test_a_folder_of_uploads_is_no_folder_of_metrics(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, apart: str
) -> None:
    tmp_path.chmod(0o755)
    set_to(monkeypatch, ASSAY_METRICS_PATH=tmp_path)

    with pytest.raises(ImproperlyConfigured, match="apart from the folder of uploads"):
        metrics.metrics_folder(uploads=tmp_path / apart)


@pytest.mark.parametrize("names", ["cost", "a.b:cost", "/etc/passwd:x", "mine:cost:more", "mine:"])
def test_a_name_that_is_no_module_and_function_stops_the_start(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    set_to(monkeypatch, ASSAY_METRICS=names)

    with pytest.raises(ImproperlyConfigured, match="ASSAY_METRICS: module:function"):
        metrics.metrics_allowed("/srv/metrics")


def test_names_without_a_folder_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to(monkeypatch, ASSAY_METRICS="mine:cost")

    with pytest.raises(ImproperlyConfigured, match="ASSAY_METRICS_PATH, which is not set"):
        metrics.metrics_allowed("")
