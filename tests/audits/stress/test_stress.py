"""Stress audits of small real models, run in the sandbox: figures, refusals, the kind and the command."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import rfc8785

from audits.adapters import references
from audits.adapters.kept import FolderStore
from audits.kinds import stress as stress_kind
from audits.kinds.base import InputsRejected, Interrupted
from audits.measures.stress.corpus import corpus_of
from audits.measures.stress.families import FAMILIES, at_severities
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.sandbox.levels import Isolation, Level
from audits.stress.running import stress
from audits.stress.subject import KeptCase, StressRefused

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there
from tests.audits.stress import models  # noqa: E402
from tests.audits.test_text_commands import call  # noqa: E402

pytestmark = pytest.mark.sandbox
FEW: Mapping[str, Any] = {"families": ["keyboard_typos", "yo_as_ye", "homoglyphs"], "severities": [1, 2]}
ROWS = models.made_up(120, seed=5)


@pytest.fixture(scope="module")
def model() -> Any:
    return models.classifier(models.made_up(200))


@pytest.fixture(scope="module")
def onnx(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.as_onnx(model, tmp_path_factory.mktemp("onnx") / "model.onnx", texts=True)


def of(path: Path, plan: Mapping[str, Any], isolation: Isolation, rows: Any = ROWS, **how: Any) -> Any:
    table = load_table(io.BytesIO(models.as_csv(rows)))
    return stress(references.adapter(f"onnx:{path}"), table, stress_plan_from(plan), isolation=isolation, **how)


def test_figures_are_those_of_the_model_called_by_hand(onnx: Path, model: Any, isolation: Isolation) -> None:
    told: list[tuple[int, int | None]] = []

    found = of(onnx, FEW, isolation, progress=lambda done, total: told.append((done, total)))

    texts, labels = (list(column) for column in zip(*ROWS, strict=True))
    right = model.predict(texts) == np.array(labels)
    (typos, yo, _) = found.document["parts"]["texts"]["families"]
    stressed = at_severities(FAMILIES["keyboard_typos"], corpus_of(texts), (1, 2), seed=0)
    for row in typos["curve"]:
        now = model.predict(stressed[row["severity"]].texts()) == np.array(labels)
        assert (row["flips"]["k"], row["flips"]["n"]) == (int((right & ~now).sum()), int(right.sum()))
        assert row["accuracy"]["k"] == int(now.sum())
    assert yo["verdict"] == "not_measured"
    assert found.document["execution"]["isolation"]["level"] == isolation.level.name
    assert found.document["execution"]["origin"] == "observed"
    assert found.document["cases"]["n"] == len(found.cases) > 0
    assert {case["changed"] for case in found.cases if case["family"] == "keyboard_typos"} <= {
        text for one in stressed.values() for text in one.texts()
    }
    assert told[-1] == (7 * len(ROWS), 7 * len(ROWS))
    assert rfc8785.dumps(found.document)


def test_answers_are_kept_and_the_document_is_the_same_again(onnx: Path, isolation: Isolation, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    first = of(onnx, FEW, isolation, store=store)

    nothing_runs = Isolation(Level.L0)
    again = of(onnx, FEW, nothing_runs, store=store)

    assert again.document == first.document
    other = of(onnx, FEW, isolation, seed=1, store=store)
    assert other.document["digest"] != first.document["digest"]


def test_nothing_is_run_where_nothing_keeps_it_apart(onnx: Path) -> None:
    from audits.sandbox.refusals import NotIsolated

    with pytest.raises(NotIsolated, match="models are not executed here: isolation is L0"):
        of(onnx, FEW, Isolation(Level.L0))


def framed(word: str) -> list[str]:
    return [f"{before} {word} {{THING}}" for before in ("a", "the", "one", "my", "that", "this", "such a", "every")]


def test_templates_are_asked_and_judged_as_a_suite(onnx: Path, isolation: Isolation) -> None:
    templates = {
        "slots": {"GOOD": list(models.GOOD), "BAD": list(models.BAD), "THING": list(models.THINGS)},
        "tests": [
            {"functionality": "praise", "type": "MFT", "label": "yes", "templates": framed("{GOOD}")},
            {"functionality": "blame is praise", "type": "MFT", "label": "yes", "templates": framed("{BAD}")},
            {
                "functionality": "punctuation",
                "type": "INV",
                "templates": [{"text": "a {GOOD} {THING}", "changed": ["a {GOOD} {THING}!"]}],
            },
        ],
    }

    found = of(onnx, {**FEW, "templates": templates}, isolation)

    part = found.document["parts"]["templates"]
    accuracy = {row["functionality"]: row["value"] for row in part["suite"]["functionalities"]}
    assert accuracy == {"praise": 1.0, "blame is praise": 0.0, "punctuation": 1.0}
    assert part["verdict"] == found.document["verdict"] == "fail"
    assert "stress.functionality_fails" in {one["code"] for one in found.document["reasons"]}


def test_kept_cases_are_asked_every_time(onnx: Path, isolation: Isolation) -> None:
    kept = [KeptCase("1", {"text": "a good film"}, "yes"), KeptCase("2", {"text": "an awful day"}, "yes")]

    found = of(onnx, FEW, isolation, kept_cases=kept)

    part = found.document["parts"]["kept_cases"]
    assert (part["verdict"], part["n"], part["failed"]) == ("fail", 2, 1)
    assert found.document["verdict"] == "fail"
    assert [one["params"]["case"] for one in part["reasons"]] == ["2"]


def test_a_kept_case_alone_does_not_pass_for_an_audit_of_texts(onnx: Path, isolation: Isolation) -> None:
    kept = [KeptCase("1", {"text": "a good film"}, "yes")]

    with pytest.raises(StressRefused) as refused:  # the table calls its texts by another name than the plan
        of(onnx, {**FEW, "text": "sentence"}, isolation, kept_cases=kept)

    assert refused.value.code == "text_missing"


@pytest.mark.parametrize(
    ("rows", "plan", "code"),
    [
        ([(text, "oui" if label == "yes" else "non") for text, label in ROWS], {}, "labels_do_not_match"),
        (ROWS, {"label": "truth"}, "label_missing"),
        (ROWS, {"text": "sentence"}, "nothing_to_stress"),
        (ROWS, {"output": "scores"}, "output_unknown"),
    ],
)
def test_what_does_not_go_together_is_refused(
    onnx: Path, isolation: Isolation, rows: Any, plan: Mapping[str, Any], code: str
) -> None:
    with pytest.raises(StressRefused) as refused:
        of(onnx, {**FEW, **plan}, isolation, rows)

    assert refused.value.code == code


def test_classes_say_which_answer_is_which_label(onnx: Path, isolation: Isolation) -> None:
    rows = [(text, "oui" if label == "yes" else "non") for text, label in ROWS]

    found = of(onnx, {**FEW, "classes": {"yes": "oui", "no": "non"}}, isolation, rows)

    assert found.document["parts"]["texts"]["clean"] == of(onnx, FEW, isolation).document["parts"]["texts"]["clean"]


class Given:
    """What the kind is run on."""

    seed = 0

    def __init__(self, *, stop: bool = False, plan: Mapping[str, Any] = FEW, **files: bytes) -> None:
        self._stored = {hashlib.sha256(data).hexdigest(): data for data in files.values()}
        self._stop = stop
        listed = [
            {"path": name.replace("__", "."), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
            if name != "table"
        ]
        table = {"sha256": hashlib.sha256(files["table"]).hexdigest()} if "table" in files else None
        self.inputs = {"files": listed, "inputs": table, "plan": plan, "declared_files": ["model.onnx"]}

    def open_blob(self, digest: str) -> IO[bytes]:
        return io.BytesIO(self._stored[digest])

    def progress(self, done: int, total: int | None) -> None:
        if self._stop and total and done >= len(ROWS):
            raise Interrupted


@pytest.fixture(autouse=True)
def _answers_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def test_the_kind_runs_the_files_of_the_version(onnx: Path, isolation: Isolation) -> None:
    outcome = stress_kind.run(Given(model__onnx=onnx.read_bytes(), table=models.as_csv(ROWS)))

    (kept,) = outcome.artefacts
    lines = [json.loads(line) for line in kept.splitlines()]
    assert len(lines) == outcome.document["cases"]["n"] > 0
    assert hashlib.sha256(kept).hexdigest() == outcome.document["cases"]["sha256"]
    assert outcome.summary["stress_flip_rate_highest"] == pytest.approx(
        outcome.document["parts"]["texts"]["families"][0]["judged"]["value"]
    )
    assert {draft.code for draft in outcome.drafts} >= {"stress.bytes_declared"}


def test_cancelling_ends_the_model(onnx: Path, isolation: Isolation) -> None:
    with pytest.raises(Interrupted):
        stress_kind.run(Given(model__onnx=onnx.read_bytes(), table=models.as_csv(ROWS), stop=True))


@pytest.mark.parametrize(
    ("files", "plan", "code"),
    [
        ({"model__pkl": b"\x80\x04N."}, {}, "model_missing"),
        ({"model__onnx": b"no model"}, {}, "model_unreadable"),
        ({"a__onnx": b"1", "b__onnx": b"2"}, {}, "model_unclear"),
        ({"a__onnx": b"1"}, {"model": "onnx:b.onnx"}, "model_missing"),
        ({"a__onnx": b"1"}, {"model": "pickle:a.onnx"}, "pickle_refused"),
    ],
)
def test_a_model_that_cannot_be_run_is_an_error_and_never_a_pass(
    isolation: Isolation, files: dict[str, bytes], plan: Mapping[str, Any], code: str
) -> None:
    with pytest.raises(InputsRejected) as refused:
        stress_kind.run(Given(table=models.as_csv(ROWS), plan={**FEW, **plan}, **files))

    assert refused.value.code == code


def test_a_machine_without_walls_ends_the_run_with_the_reason(onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "audits.sandbox.probing.probe", lambda: Isolation(Level.L0, lacking=("bwrap is not installed",))
    )

    with pytest.raises(InputsRejected, match="bwrap is not installed") as refused:
        stress_kind.run(Given(model__onnx=onnx.read_bytes(), table=models.as_csv(ROWS)))

    assert refused.value.code == "no_isolation"


def test_the_command_tells_what_breaks_a_real_model(isolation: Isolation, tmp_path: Path) -> None:
    rows = models.questions(900)
    path = made.as_skops(models.classifier(rows[300:]), tmp_path / "questions.skops")
    (tmp_path / "texts.csv").write_bytes(models.as_csv(rows[:300], head=("question", "asks")))
    cases = tmp_path / "cases.csv"

    code, told = call(
        "audit_text",
        f"skops:{path}",
        str(tmp_path / "texts.csv"),
        *("--text", "question", "--label", "asks", "--families", "keyboard_typos", "lost_spaces"),
        *("--severity", "1-3", "--cases", str(cases), "--format", "json"),
    )

    document = json.loads(told)
    typos = document["parts"]["texts"]["families"][0]
    assert [row["severity"] for row in typos["curve"]] == [1, 2, 3]
    assert document["parts"]["texts"]["clean"]["value"] > 0.7
    assert document["execution"]["isolation"]["level"] == isolation.level.name
    assert code == (1 if document["verdict"] in ("fail", "insufficient_data", "no_information") else 0)
    assert len(cases.read_text("utf-8").splitlines()) > document["cases"]["n"] > 0
