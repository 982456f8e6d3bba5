"""Columns, pictures, malformed inputs, repetition and load, asked of real models that run in the sandbox."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rfc8785
from django.core.management.base import CommandError

from audits.adapters import references
from audits.adapters.kept import FolderStore
from audits.adapters.signature import Signature, Tensor
from audits.measures.stress.images.corrupting import CORRUPTIONS, corrupt
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.sandbox.levels import Isolation
from audits.stress import images, kept_cases
from audits.stress.running import Stressed, repeatable_digest, stress
from audits.stress.subject import KeptCase, StressRefused
from tests.audits.test_text_commands import call

ort = pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
pytest.importorskip("PIL", reason="without requirements/models.txt no picture is read")
from tests.audits.stress import made  # noqa: E402 - the packages it needs may not be there

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stress")


@pytest.fixture(scope="module")
def loan(folder: Path) -> tuple[Path, Path]:
    return made.loan_model(folder / "loan.onnx"), made.loan_table(folder / "loan.csv", rows=300)


@pytest.fixture(scope="module")
def digit(folder: Path) -> tuple[Path, Path]:
    return made.digit_model(folder / "digit.onnx"), made.digit_table(folder / "digit.csv", rows=60)


def of(files: tuple[Path, Path], plan: Mapping[str, Any], isolation: Isolation, **how: Any) -> Stressed:
    model, table = files
    asked: dict[str, Any] = {"isolation": isolation, "seed": 1, **how}
    return stress(references.onnx(model), load_table(table), stress_plan_from(plan), **asked)


COLUMNS: dict[str, Any] = {"columns": list(made.LOAN), "draws": 1}


def test_columns_are_changed_and_answers_counted_as_by_hand(loan: tuple[Path, Path], isolation: Isolation) -> None:
    """A linear model keeps the direction that its weights have, and breaks the opposite one in every row."""
    plan = {"tabular": {**COLUMNS, "monotone": {"obrat": "increasing", "appinc": "increasing"}}}

    found = of(loan, plan, isolation)

    part = found.document["parts"]["tabular"]
    given, label = made.loans()
    given, label = given[:300], label[:300]
    session = ort.InferenceSession(str(loan[0]), providers=["CPUExecutionProvider"])
    said, scores = session.run(None, {"X": given})
    right = said == label
    assert part["clean"]["accuracy"]["k"] == int(right.sum())
    for at, name in ((0, "obrat"), (3, "appinc")):
        rows = [row for row in part["rows"] if (row["relation"], row["column"]) == ("monotone", name)]
        moved = given.copy()
        quarters = np.quantile(given[:, at], [0.25, 0.75])
        moved[:, at] += (
            0.1 * (quarters[1] - quarters[0]) if name == "obrat" else max(1, round(0.1 * (quarters[1] - quarters[0])))
        )
        fell = session.run(None, {"X": moved})[1][:, 1] < scores[:, 1] - 1e-6
        assert (rows[0]["n"], rows[0]["k"]) == (int(right.sum()), int((fell & right).sum()))
    broken = {row["column"] for row in part["rows"] if row.get("verdict") == "fail"}
    assert "obrat" in broken  # who owes more of their income is not granted more loans
    assert found.document["verdict"] == "fail"
    (reason,) = [one for one in found.document["reasons"] if one["locus"] == "monotone / obrat"]
    assert reason["code"] == "stress.relation_broken"
    (missing,) = [row for row in part["rows"] if (row["relation"], row["column"]) == ("missing", "unem")]
    assert missing["lost"] == missing["n"]
    assert {case["part"] for case in found.cases} == {"tabular"}
    assert of(loan, plan, isolation).document == found.document
    assert rfc8785.dumps(found.document)


def test_pictures_are_decoded_corrupted_and_asked_as_by_hand(digit: tuple[Path, Path], isolation: Isolation) -> None:
    plan = {"images": {"size": [16, 16], "channels": 1, "layout": "flat", "corruptions": ["fog", "contrast"]}}

    found = of(digit, plan, isolation)

    part = found.document["parts"]["images"]
    images, label = made.digits()
    images, label = images[900:960, ..., None], label[900:960]
    session = ort.InferenceSession(str(digit[0]), providers=["CPUExecutionProvider"])

    def said(given: Any) -> Any:
        return session.run(None, {"X": given.reshape(len(given), -1).astype(np.float32) / np.float32(255)})[0]

    right = said(images) == label
    assert part["clean_error"]["k"] == 60 - int(right.sum())
    for row in part["corruptions"]:
        for step in row["curve"]:
            now = said(corrupt(images, row["corruption"], step["severity"], seed=1))
            assert step["error"]["k"] == int((now != label).sum())
            assert (step["flips"]["k"], step["flips"]["n"]) == (int((right & (now != label)).sum()), int(right.sum()))
    fog = next(row for row in part["corruptions"] if row["corruption"] == "fog")
    assert fog["verdict"] == "fail"
    mean = [np.mean([step["error"]["value"] for step in row["curve"]]) for row in part["corruptions"]]
    assert part["mean_error"]["value"] == pytest.approx(np.mean(mean))
    assert part["worst_case"][4]["k"] >= fog["curve"][4]["flips"]["k"]
    assert part["not_made"] == ["frost"]
    first = part["examples"][0]
    turned = said(corrupt(images, first["corruption"], first["severity"], seed=1))[first["row"] - 1]
    assert (first["after"], first["before"]) == (str(turned), str(label[first["row"] - 1]))
    assert len(part["examples"]) == sum(
        min(3, sum(step["flips"]["k"] for step in row["curve"])) for row in part["corruptions"]
    )


@pytest.mark.parametrize(
    ("shape", "plan", "left_out"),
    [
        ((None, 3, 224, 224), {}, set()),
        ((None, 1, 224, 224), {}, {"saturate"}),
        ((None, 3, 64, 64), {}, {"elastic_transform"}),
        ((None, 3, 64, 64), {"corruptions": ["elastic_transform"]}, set(CORRUPTIONS) - {"elastic_transform"}),
    ],
)
def test_corruptions_that_say_nothing_about_such_pictures_are_left_out(
    shape: tuple[int | None, ...], plan: dict[str, Any], left_out: set[str]
) -> None:
    takes = Signature((Tensor("X", "float32", shape),), (Tensor("label", "int64", (None,)),))
    subject: Any = SimpleNamespace(signature=takes, plan=stress_plan_from({"images": plan}), made={})

    assert set(CORRUPTIONS) - set(images._names(subject)) == left_out


def test_what_is_no_picture_is_refused_by_its_row(digit: tuple[Path, Path], isolation: Isolation, folder: Path) -> None:
    whole = digit[1].read_text().splitlines()
    known = FolderStore(folder / "known")  # what the model takes is asked once
    plan = {"images": {"size": [16, 16], "channels": 1, "layout": "flat"}}
    for name, cell, code in (
        ("text", "not base64!", "images_not_base64"),
        ("bytes", "AAAA", "picture_unreadable"),
        ("nothing", "", "image_size"),
    ):
        table = folder / f"{name}.csv"
        table.write_text("\n".join([*whole[:3], f"{cell},1"]) + "\n")

        with pytest.raises(StressRefused) as refused:
            of((digit[0], table), plan, isolation, store=known)

        assert refused.value.code == code
    for size, layout, code in (([8, 8], "flat", "size_wrong"), ([16, 16], "channels_last", "layout_unclear")):
        with pytest.raises(StressRefused) as refused:
            of(digit, {"images": {"size": size, "channels": 1, "layout": layout}}, isolation, store=known)
        assert refused.value.code == code


def test_kept_pictures_are_asked_as_the_plan_says_and_what_cannot_be_asked_does_not_pass(
    digit: tuple[Path, Path], isolation: Isolation
) -> None:
    images, label = made.digits()
    session = ort.InferenceSession(str(digit[0]), providers=["CPUExecutionProvider"])
    given = images[900:902].reshape(2, -1).astype(np.float32) / np.float32(255)
    said = [str(one) for one in session.run(None, {"X": given})[0].tolist()]
    files = [base64.b64decode(made.as_png(image)) for image in images[900:902]]
    right, wrong = said[0], "9" if said[1] != "9" else "8"
    kept = [
        KeptCase(str(place), {"picture": "ab" * 32}, expected, file)
        for place, (expected, file) in enumerate(zip((right, wrong), files, strict=True))
    ]
    plan = {"images": {"size": [16, 16], "channels": 1, "layout": "flat", "corruptions": ["fog"]}, "rows": 2}

    asked = of(digit, plan, isolation, kept_cases=kept, parts=[kept_cases.PART])
    alone = of(digit, plan, isolation, kept_cases=kept[:1], parts=[kept_cases.PART])
    unread = of(digit, plan, isolation, kept_cases=[replace(kept[0], picture=b"PNG")], parts=[kept_cases.PART])
    unsaid = of(digit, {"rows": 2}, isolation, kept_cases=kept[:1], parts=[kept_cases.PART])

    part = asked.document["parts"]["kept_cases"]
    assert (part["verdict"], part["n"], part["failed"]) == ("fail", 2, 1)
    (reason,) = part["reasons"]
    assert reason["params"] == {
        "case": "1",
        "text": "picture abababababab…",
        "expected": wrong,
        "prediction": said[1],
    }
    assert alone.document["verdict"] == "pass"
    for found in (unread, unsaid):
        assert found.document["verdict"] == "insufficient_data"
        assert [one["code"] for one in found.document["reasons"]][-1] == "stress.kept_pictures_not_asked"
        assert "stress_kept_cases_failed" not in found.summary


def test_malformed_inputs_hang_a_model_and_the_worker_goes_on(isolation: Isolation, folder: Path) -> None:
    table = folder / "numbers.csv"
    table.write_text("a,b,label\n" + "".join(f"{row},-20,{int(row > 20)}\n" for row in range(60)))
    model = made.hanging(folder / "hanging.onnx")

    document = _malformed(model, table, isolation)

    outcomes = {row["input"]: row["outcome"] for row in document["outcomes"]}
    assert [name for name, outcome in outcomes.items() if outcome == "hung"] == ["infinity"]
    assert outcomes["zeros"] == "answered"
    assert outcomes["missing_column"] == "kept_out"
    assert document["verdict"] == "fail"
    last = document["outcomes"][-1]
    assert last["goes_on"] is not None  # started anew after it had hung
    assert [one["code"] for one in document["reasons"]].count("stress.malformed_fails") == document["failed"]


def _malformed(model: Path, table: Path, isolation: Isolation) -> Any:
    """The part alone: the one of columns would wait for this model as long as an answer may take."""
    from audits.adapters.predicting import Conversation
    from audits.stress import malformed
    from audits.stress.subject import Subject

    plan = stress_plan_from({"tabular": {"columns": ["a", "b"]}, "malformed": {"hung_after": 4}})
    with Conversation(references.onnx(model), isolation=isolation) as conversation:
        rows = np.arange(3)
        loaded = load_table(table)
        subject = Subject(conversation, conversation.signature(), loaded, plan, rows, 1, lambda done, total: None)
        assert malformed.PART.asks(subject) > 0
        return malformed.PART.run(subject).document


def test_the_same_rows_are_answered_alike_and_load_is_timed(loan: tuple[Path, Path], isolation: Isolation) -> None:
    plan = {
        "tabular": {"columns": list(made.LOAN), "draws": 1},
        "rows": 40,
        "malformed": {},
        "determinism": {"rows": 20},
        "load": {"rates": [20], "seconds": 0.5, "cold_starts": 1, "slo_ms": 60_000},
    }

    found = of(loan, plan, isolation)

    parts = found.document["parts"]
    assert parts["determinism"]["verdict"] == "pass"
    assert {row["n"] for row in parts["determinism"]["ways"]} == {20}
    assert parts["malformed"]["failed"] == 0
    assert {row["family"] for row in parts["malformed"]["matrix"]} == {"numbers", "structure"}
    (rate,) = parts["load"]["rates"]
    assert rate["sent"] + rate["unsent"] == rate["offered"] > 0
    assert rate["failed"]["k"] == 0
    assert all(one["value"] > 0 for one in rate["latency_ms"])
    assert parts["load"]["peak_memory_bytes"] > 10 << 20
    assert found.summary["load_cold_start_s"] > 0
    # what is timed is no part of the digest
    bare = {key: value for key, value in found.document.items() if key not in ("digest", "execution")}
    assert repeatable_digest(bare) == found.document["digest"]
    slower = {**bare, "verdict": "fail", "parts": {**parts, "load": {**parts["load"], "capacity": 1.0}}}
    assert repeatable_digest(slower) == found.document["digest"]
    other = {**bare, "parts": {**parts, "determinism": {**parts["determinism"], "verdict": "fail"}}}
    assert repeatable_digest(other) != found.document["digest"]


def test_columns_that_do_not_fit_are_refused_with_the_way_to_mend_it(
    loan: tuple[Path, Path], isolation: Isolation, folder: Path
) -> None:
    known = FolderStore(folder / "known")
    for columns, code in (
        (["obrat"], "columns_wrong"),
        ([*made.LOAN[:-1], "nowhere"], "column_missing"),
    ):
        with pytest.raises(StressRefused) as refused:
            of(loan, {"tabular": {"columns": columns}}, isolation, store=known)
        assert refused.value.code == code
    bare = folder / "bare.csv"
    bare.write_text("a,label\n1,0\n")
    with pytest.raises(StressRefused, match="nothing that fits"):
        of((loan[0], bare), {}, isolation, store=known)


def test_a_command_tells_latencies_with_intervals_and_what_a_thousand_answers_cost(loan: tuple[Path, Path]) -> None:
    asked = (f"onnx:{loan[0]}", str(loan[1]), "--columns", *made.LOAN, "--rate", "40", "--seconds", "0.5")

    status, printed = call("audit_load", *asked, "--price-per-hour", "3.6", "--format", "json")
    document = json.loads(printed)

    assert status == 0
    assert document["verdict"] == "warn"  # no limit was given
    (rate,) = document["rates"]
    assert document["cost_per_1000"] == pytest.approx(1 / rate["throughput"], rel=1e-4)
    assert document["execution"]["isolation"]["level"] in ("L2", "L3")
    with pytest.raises(CommandError, match="needs the rates"):
        call("audit_load", *asked[:2], "--slo-ms", "5")
