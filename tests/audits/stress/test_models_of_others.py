"""Models of texts as others ship them: a pickled classifier, once its owner has converted it, and vectors of texts."""

from __future__ import annotations

import importlib.util
import io
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.sandbox.levels import Isolation
from audits.stress.running import stress
from audits.stress.subject import KeptCase

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters.graphs import WORDS, folder_of, mean  # noqa: E402 - the packages it needs may not be there
from tests.audits.measures.suites.made import shared_text  # noqa: E402

pytestmark = pytest.mark.sandbox

# What docs/file-scan.md tells the owner of a pickled model to do, where it was made and is trusted.
OWNER = """
import pathlib, sys, warnings
import joblib, skops.io
from sklearn.pipeline import make_pipeline
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType

warnings.simplefilter("ignore")
carried, made = map(pathlib.Path, sys.argv[1:])
words, classes = joblib.load(carried / "vectorizer.joblib"), joblib.load(carried / "model.joblib")
model = make_pipeline(words, classes)
skops.io.dump(model, made / "model.skops")
options = {id(model): {"zipmap": False}, type(words): {"locale": "C.UTF-8"}}
graph = to_onnx(model, initial_types=[("text", StringTensorType([None]))], options=options)
(made / "model.onnx").write_bytes(graph.SerializeToString())
"""
SUITE = "hatecheck_test_suite_cases.csv.gz"


def test_a_real_pickled_classifier_is_put_under_stress_once_its_owner_has_converted_it(
    tmp_path: Path, isolation: Isolation
) -> None:
    spec = importlib.util.find_spec("profanity_check")
    if spec is None or spec.origin is None:
        pytest.skip("alt-profanity-check is not installed (requirements/dev.txt)")
    carried = Path(spec.origin).parent / "data"
    subprocess.run([sys.executable, "-c", OWNER, str(carried), str(tmp_path)], check=True, timeout=120)
    table = load_table(io.BytesIO(shared_text(SUITE).read_bytes()))
    plan = stress_plan_from(
        {
            "text": "test_case",
            "rows": 300,
            "severities": [2, 5],
            "families": ["flipped_case", "deletions", "homoglyphs"],
        }
    )

    found = {
        kind: stress(references.adapter(f"{kind}:{tmp_path}/model.{kind}"), table, plan, isolation=isolation)
        for kind in ("onnx", "skops")
    }

    for one in found.values():
        texts = one.document["parts"]["texts"]
        families = {family["family"]: family for family in texts["families"]}
        # it lowers letters before it reads, so that case alone turns nothing; a letter that is lost does
        assert families["flipped_case"]["judged"]["k"] == 0
        assert families["flipped_case"]["verdict"] == "pass"
        assert families["deletions"]["judged"]["ci_low"] > 0.05
        assert families["deletions"]["curve"][1]["flips"]["value"] > families["deletions"]["judged"]["value"]
        assert texts["verdict"] == families["deletions"]["verdict"] in ("warn", "fail")
        assert one.document["execution"]["isolation"]["level"] in ("L2", "L3")
        turned = [case for case in one.cases if case["family"] == "deletions"]
        assert len(turned) >= families["deletions"]["judged"]["k"]
        assert all(case["before"] != case["after"] and case["text"] != case["changed"] for case in turned)
    # one model in two formats: other programs, the same letters lost, the same answers
    graph, whole = ({case["case"] for case in one.cases if case["family"] == "deletions"} for one in found.values())
    assert len(graph ^ whole) <= 0.02 * len(graph | whole)


def vectors_of(texts: list[str]) -> Any:
    found = np.array([mean(text) for text in texts])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_a_changed_text_has_to_find_the_one_that_it_was_made_of(tmp_path: Path, isolation: Isolation) -> None:
    known = WORDS[4:]
    texts = [" ".join(words) for n in (1, 2, 3, 4) for words in itertools.combinations(known, n)]
    rows = "\n".join(json.dumps({"text": text, "label": "whatever"}) for text in texts)
    table = load_table(io.BytesIO(rows.encode()))
    plan = stress_plan_from({"families": ["upper_case", "added_punctuation"], "malformed": {"run": False}})
    adapter = references.onnx(folder_of(tmp_path / "model", output="last_hidden_state"))

    found = stress(adapter, table, plan, isolation=isolation)

    part = found.document["parts"]["texts"]
    families = {one["family"]: one for one in part["families"]}
    assert families["upper_case"]["judged"]["k"] > 0
    assert {one["code"] for one in part["reasons"]} >= {"stress.nearest_text", "stress.answers_turn"}
    assert found.document["verdict"] == "fail"
    cases = [one for one in found.cases if one["family"] == "upper_case"]
    assert len(cases) >= families["upper_case"]["judged"]["k"]
    likeness = vectors_of([one["changed"] for one in cases]) @ vectors_of(texts).T
    found_rows = [int(one["after"].removeprefix("row ").partition(":")[0]) - 1 for one in cases]
    # as near as any, to the sixth digit: the model calculates with fewer
    assert (likeness[np.arange(len(cases)), found_rows] > likeness.max(axis=1) - 1e-6).all()
    assert all(one["before"] == f"row {one['row']}: {one['text']}" for one in cases)

    kept = stress(adapter, table, plan, isolation=isolation, kept_cases=[KeptCase("c", {"text": "fine"}, "good")])
    tests = kept.document["parts"]["kept_cases"]
    assert tests["verdict"] == "insufficient_data"
    assert [(one["case"], one["after"]) for one in tests["asked"]] == [("c", "not asked")]
    assert [one["code"] for one in tests["reasons"]] == ["stress.kept_texts_not_asked"]
    assert "embeddings and no classes" in tests["reasons"][0]["params"]["why"]
    assert kept.document["parts"]["texts"] == part, "what was measured of the texts stays"


def spoilt(folder: Path, output: str, *, dimensions: int, width: int) -> Path:
    """The model of a folder, which gives no numbers for whatever its largest number is below a limit for."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(folder / "model.onnx"))
    for node in model.graph.node:
        node.output[:] = [{output: "whole"}.get(name, name) for name in node.output]
        node.input[:] = [{output: "whole"}.get(name, name) for name in node.input]
    axes, nan = list(range(1, dimensions)), np.full((1,) * (dimensions - 1) + (width,), np.nan, dtype=np.float32)
    model.graph.node.extend(
        [
            onnx.helper.make_node("ReduceMax", ["whole"], ["most"], axes=axes, keepdims=1),
            onnx.helper.make_node("Less", ["most", "limit"], ["is_low"]),
            onnx.helper.make_node("Where", ["is_low", "nan", "whole"], [output]),
        ]
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(nan, "nan"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.9), "limit"))
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def test_a_text_whose_answer_is_no_number_has_none_whatever_class_it_names(
    tmp_path: Path, isolation: Isolation
) -> None:
    known = [*WORDS[4:], "other"]
    texts = [" ".join(words) for n in (1, 2, 3, 4) for words in itertools.permutations(known, n)][:300]
    table = load_table(io.BytesIO("\n".join(json.dumps({"text": text}) for text in texts).encode()))
    plan = stress_plan_from(
        {"families": ["upper_case"], "severities": [2], "malformed": {"run": False}, "determinism": {"run": False}}
    )
    adapter = references.onnx(spoilt(folder_of(tmp_path / "model"), "logits", dimensions=2, width=3))
    with adapter.open(isolation=isolation) as running:
        asked = running.predict({"text": np.array(texts, dtype=object)})
    nothing = np.isnan(asked["score"]).any(axis=1)
    (lost, *_), of = np.flatnonzero(nothing).tolist(), len(texts)
    named = str(asked["label"][lost])

    found = stress(
        adapter, table, plan, isolation=isolation, kept_cases=[KeptCase("c", {"text": texts[lost]}, named)]
    ).document

    assert 0 < nothing.sum() < of
    part, kept = found["parts"]["texts"], found["parts"]["kept_cases"]
    left_out = [one["params"] for one in part["reasons"] if one["code"] == "stress.not_answered"]
    assert left_out == [{"n": int(nothing.sum()), "of": of}]
    (family,) = part["families"]
    changed = sum(text.upper() != text for text, none in zip(texts, nothing, strict=True) if not none)
    assert family["judged"]["n"] <= changed
    assert (kept["verdict"], kept["asked"][0]["after"], kept["asked"][0]["expected"]) == ("fail", "no answer", named)


def test_vectors_that_tell_hardly_any_texts_apart_do_not_pass(tmp_path: Path, isolation: Isolation) -> None:
    known = WORDS[4:]
    texts = [" ".join(words) for n in (3, 4, 5) for words in itertools.permutations(known, n)][:250]
    twice = [*texts[:40], *texts[:40]]
    tables = [
        load_table(io.BytesIO("\n".join(json.dumps({"text": one}) for one in some).encode())) for some in (texts, twice)
    ]
    plan = stress_plan_from(
        {"families": ["added_punctuation"], "malformed": {"run": False}, "determinism": {"run": False}}
    )
    adapter = references.onnx(folder_of(tmp_path / "model", output="last_hidden_state"))

    found = [stress(adapter, table, plan, isolation=isolation).document for table in tables]

    # the average hardly hangs on the order of words, so texts of the same words are one to it
    apart = [
        {one["code"]: one["params"] for one in document["parts"]["texts"]["reasons"]}["stress.not_answered"]
        for document in found
    ]
    assert all(one["n"] > one["of"] / 2 for one in apart)
    assert [document["verdict"] in ("pass", "warn") for document in found] == [False, False]
