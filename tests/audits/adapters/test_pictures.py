"""Pictures: decoded in the sandbox, as the model's own configuration says."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references, tensors
from audits.adapters.guests.pictures import pictures_of
from audits.adapters.guests.serving import Refusal
from audits.adapters.refusals import ModelRefused
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.probing import probe

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
onnx = pytest.importorskip("onnx", reason="without requirements/dev.txt no model is made")
Image = pytest.importorskip("PIL.Image", reason="without requirements/models.txt no picture is read")

pytestmark = pytest.mark.sandbox
MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.5]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A model that gives back what it takes, with the configuration of an image processor beside it."""
    isolation: Isolation = probe()
    if isolation.level < Level.L2:
        pytest.skip(f"this machine isolates too little: {isolation.lacking}")
    folder = tmp_path_factory.mktemp("model")
    kind = onnx.TensorProto.FLOAT
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["pixels"], ["seen"])],
        "g",
        [info("pixels", kind, [None, 3, 8, 8])],
        [info("seen", kind, [None, 3, 8, 8])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": MEAN, "image_std": STD, "size": {"height": 8, "width": 8}, "resample": 3})
    )
    with references.onnx(folder, pictures=True).open(isolation=isolation) as opened:
        yield opened


def encoded(array: Any, kind: str = "PNG", mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.fromarray(array).convert(mode).save(written, kind)
    return written.getvalue()


def batch(*contents: bytes) -> dict[str, Any]:
    array = np.empty(len(contents), dtype=object)
    array[:] = contents
    return {"pixels": array}


def test_a_picture_is_seen_as_its_configuration_says(running: Any):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    large = np.full((40, 30, 3), 100, dtype=np.uint8)

    seen = running.predict(batch(encoded(pixels), encoded(large), encoded(pixels, mode="L"), encoded(pixels, "BMP")))

    expected = ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)
    np.testing.assert_allclose(seen["seen"][0], expected, atol=1e-5)
    np.testing.assert_allclose(seen["seen"][3], expected, atol=1e-5)
    np.testing.assert_allclose(seen["seen"][1][0], (100 / 255 - 0.5) / 0.2, atol=1e-5)
    grey = np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))
    np.testing.assert_allclose(seen["seen"][2], ((grey / 255 - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has ten thousand million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_what_is_no_picture_is_refused_and_the_model_goes_on(running: Any):
    good = encoded(np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8))
    for content in (b"", b"<svg/>", good[: len(good) // 2], bomb(), b"%PDF-1.4", b"\xff\xd8\xff\xe0" + bytes(50)):
        with pytest.raises(ModelRefused, match="picture 2 cannot be read") as refused:
            running.predict(batch(good, content))
        assert refused.value.code == "inputs"
    with pytest.raises(ModelRefused, match="takes 'pixels': bytes"):
        running.predict({"pixels": np.zeros((1, 3, 8, 8), np.float32)})

    assert len(running.predict(batch(good))["seen"]) == 1


def test_the_middle_is_cut_out_where_the_configuration_says_so(tmp_path: Path):
    said = {"do_center_crop": True, "crop_size": 4, "size": {"shortest_edge": 8}, "do_normalize": False}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    columns = np.tile(np.arange(16, dtype=np.uint8)[None, :, None] * 10, (8, 1, 3))

    seen = pictures_of((None, None, None, 3), tmp_path).array([encoded(columns)])

    assert seen.shape == (1, 4, 4, 3)
    np.testing.assert_allclose(seen[0, 0, :, 0] * 255, [60, 70, 80, 90], atol=0.5)


@pytest.mark.parametrize("shape", [(None, 10), (None, 7, 8, 8), (None, 3, None, None), (None, 3, 9999, 8)])
def test_an_input_that_takes_no_pictures_says_so(shape: Any):
    with pytest.raises(Refusal):
        pictures_of(shape, None)


def test_bytes_come_through_the_wire_as_they_are():
    contents = batch(b"", bytes(range(256)), b"\xff")

    described, parts = tensors.packed(contents)
    came = tensors.unpacked(described, memoryview(b"".join(map(bytes, parts))), rows=3)

    assert came["pixels"].tolist() == contents["pixels"].tolist()
    assert tensors.dtype_of(came["pixels"]) == tensors.BYTES
