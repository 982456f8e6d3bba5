"""The page of a stress audit of columns, pictures and load: a real model, figures, words in two languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.template.loader import render_to_string
from django.utils.translation import override

from audits.measures.stress.answers import Answers, Changed
from audits.measures.stress.images.judging import judged_images
from audits.measures.stress.images.plan import ImagesPlan
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import stress_inputs_report
from tests.governance.evidence.test_data_runs import done, page
from tests.governance.evidence.test_stress_runs import bring
from tests.governance.world import PLAN, World

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there

NAMES = ("a", "b", "c", "d")


@pytest.mark.sandbox
def test_columns_repetition_and_load_are_told_with_figures_beside_every_picture(
    world: World, tmp_path: Path, settings: Any
) -> None:
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    settings.VAR_DIR = tmp_path
    given, label = made.rows(80, seed=3)
    lines = [",".join([*(repr(float(one)) for one in row), str(said)]) for row, said in zip(given, label, strict=True)]
    table = "\n".join([",".join((*NAMES, "label")), *lines]).encode()
    part = {
        "tabular": {"columns": list(NAMES), "draws": 1, "monotone": {"a": "increasing"}, "irrelevant": ["a"]},
        "determinism": {"rows": 10},
        "load": {"rates": [20], "seconds": 0.5, "cold_starts": 1, "slo_ms": 60_000},
    }
    put_audit_plan(use_case_id=world.use_case.pk, document={**PLAN, "stress": part}, by=world.risk_officer, at=world.at)
    bring(world, "files", made.as_onnx(made.classifier(), tmp_path / "model.onnx").read_bytes(), "model.onnx")
    bring(world, "stress", table, "rows.csv")

    run = done(world, "stress")

    assert run.state == "succeeded", run.error
    assert run.verdict == "fail"  # an answer that rests on a column does not survive its values being exchanged
    english, russian = page(world, run), page(world, run, language="ru")
    irrelevant = "Values exchanged in a column that should not matter (a)"
    assert f"Answers do not hold. Worst: {irrelevant}, " in english
    for words in (
        "inputs that turned out wrong are kept",
        "Values exchanged in a column that should not matter (a)",
        "A higher a must not lower the score",
        "Malformed inputs",  # tried without being asked for
        "In reverse order",
        "Latency by rate",
        "Cold start to the first answer",
    ):
        assert words in english
    assert english.count('<svg class="plot"') >= 2
    for words in ("Испорченные входы", "Задержка по частоте", "В обратном порядке", "зависла"):
        assert words in russian
    assert run.summary["stress_malformed_failed"] == 0


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pictures_are_told_by_corruption_and_what_is_left_out_is_named(language: str) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 60).astype(str).astype(object)
    everything = np.ones(60, dtype=bool)

    def said(words: Any) -> Answers:
        return Answers(words, None, everything, ~everything)

    asked = {
        (name, severity): Changed(
            everything, said(np.where(random.random(60) < harm * severity, "x", truth).astype(object))
        )
        for name, harm in (("fog", 0.15), ("contrast", 0.0))
        for severity in range(1, 6)
    }
    limits: dict[str, Any] = {"side": 32, "judged_at": 3, "warn_at": 0.05, "fail_at": 0.1, "min_rows": 30}
    baseline = {"fog": 0.5, "contrast": 0.5}
    plan = ImagesPlan(corruptions=("fog", "contrast"), baseline=baseline)

    document = judged_images(said(truth), asked, truth, plan, **limits)

    by_name = {row["corruption"]: row for row in document["corruptions"]}
    assert (by_name["fog"]["verdict"], by_name["contrast"]["verdict"]) == ("fail", "warn")
    assert by_name["contrast"]["area"] == 0
    assert document["mean_error"]["mce"] == pytest.approx(document["mean_error"]["value"] / 0.5)
    for step in document["worst_case"]:
        assert step["k"] == by_name["fog"]["curve"][step["severity"] - 1]["flips"]["k"]
    with override(language):
        shown = stress_inputs_report.shown("images", document)
        html = render_to_string(shown["template"], {"part": shown, "fail_at": 0.1})
    for words in ("Fog", "Frost<", "over 2 corruptions") if language == "en" else ("Туман", "Иней<"):
        assert words in html
    older = judged_images(said(truth), asked, truth, ImagesPlan(baseline={"fog": 0.5}), **limits)
    assert older["mean_error"]["normalised_over"] == ["fog"]
    with override(language):
        html = render_to_string(
            shown["template"], {"part": stress_inputs_report.shown("images", older), "fail_at": 0.1}
        )
    assert ("the baseline has none for Low contrast" if language == "en" else "в базовых значениях нет: ") in html
    unlabelled = judged_images(said(truth), asked, None, ImagesPlan(), **limits)
    assert (unlabelled["clean_error"], unlabelled["mean_error"]) == (None, None)
