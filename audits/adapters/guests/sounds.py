"""Sounds as a model takes them: whole, or in windows from which it may carry a state on to the next.

Source: the feature extractor of Wav2Vec2 in the library transformers, whose ``preprocessor_config.json`` is read and
whose normalisation is done; states from window to window as silero's detector of voices has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import hearing, tensors
from audits.adapters.guests import folders, serving, texts, waves
from audits.adapters.hearing import Hearing

EXTRACTOR = "Wav2Vec2FeatureExtractor"
RATES = ("sr", "sample_rate", "sampling_rate")
# How an output is named that is a state for the next window, by the name of the input.
STATES = ("{}N", "{}n", "{}_n", "{}_out", "out_{}", "new_{}", "next_{}")
LEAST_WINDOW = 64
MOST_WINDOWS = 20_000
NUMBER = "tensor(float)"


@dataclass(frozen=True)
class Inputs:
    """What a graph takes, sorted out.

    Attributes:
        wave: the name of the samples' input, ``channel`` whether a channel stands between rows and samples.
        samples: how many it takes; None for any number.
        rate: the name of an input for the rate, and its shape; None where there is none.
        states: by input the output that comes back, and the shape.
    """

    wave: str
    channel: bool
    samples: int | None
    rate: tuple[str, tuple[int, ...]] | None
    states: Mapping[str, tuple[str, tuple[int, ...]]]


class Listener:
    """A graph in a session that is given encoded sounds, one after another."""

    def __init__(self, session: Any, folder: Path | None, told: Mapping[str, int], declared: dict[str, Any]) -> None:
        self._session = session
        self._inputs = inputs_of(session)
        said = folders.said(folder, hearing.CONFIGURATION)
        _require_waves(said)
        self._hearing = _hearing(said, told, session.get_modelmeta().custom_metadata_map, self._inputs)
        back = {output for output, _shape in self._inputs.states.values()}
        self._outputs = [one for one in declared["outputs"] if one["name"] not in back]
        self._names = [one.name for one in session.get_outputs()]
        if not self._outputs or {"windows", "padding", *self._by_window()} & {one["name"] for one in self._outputs}:
            raise serving.Refusal(
                "inputs", "the model gives nothing but states, or an output that is named as ours are"
            )
        self._classes = self._named_classes(folders.said(folder, "config.json"))

    def signature(self) -> dict[str, Any]:
        """Encoded sounds in; out what the model gives, how many windows that was, and samples of silence at the end."""
        outputs = [{**one, "shape": [None, *one["shape"][1:]]} for one in self._outputs]
        for name, one in self._by_window().items():
            inner = [] if _single(one) else one["shape"][1:]
            outputs.append({"name": name, "dtype": one["dtype"], "shape": [None, None, *inner]})
        if self._hearing.window is not None:
            outputs += [{"name": name, "dtype": "int64", "shape": [None]} for name in ("windows", "padding")]
        inputs = [{"name": self._inputs.wave, "dtype": tensors.BYTES, "shape": [None]}]
        return {"inputs": inputs, "outputs": outputs, "classes": self._classes, "hearing": self._hearing.as_document()}

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        """The answer to each sound, heard by itself: none is filled up to the length of another."""
        (contents,) = batch.values()
        rows = [self._answer(content, row) for row, content in enumerate(contents.tolist())]
        if len({tuple((name, found.shape) for name, found in row.items()) for row in rows}) > 1:
            raise serving.Refusal(
                "inputs", "the answers to these sounds have different lengths; ask about one sound at a time"
            )
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _answer(self, content: bytes, row: int) -> dict[str, tensors.Array]:
        try:
            samples, rate = waves.sound(content)
            samples = waves.at_rate(samples, rate=rate, wanted=self._hearing.rate)
        except waves.NoSound as odd:
            raise serving.Refusal("inputs", f"sound {row + 1} {odd}") from odd
        windows, padding = windows_of(samples, self._hearing, row)
        told = self._ask(windows)
        answer = {one["name"]: self._together(one, told[one["name"]], row) for one in self._outputs}
        for name, one in self._by_window().items():
            scores = np.stack(told[one["name"]], axis=1)
            answer[name] = scores.reshape(1, len(windows)) if _single(one) else scores
        if self._hearing.window is not None:
            answer |= {"windows": np.array([len(windows)]), "padding": np.array([padding])}
        return answer

    def _ask(self, windows: tensors.Array) -> dict[str, list[tensors.Array]]:
        """What the graph says of every window, by output; its state is nothing before the first."""
        taken = self._inputs
        fixed: dict[str, tensors.Array] = {}
        if taken.rate is not None:
            name, shape = taken.rate
            fixed[name] = np.full(shape, self._hearing.rate, dtype=np.int64)
        states = {name: np.zeros(shape, dtype=np.float32) for name, (_output, shape) in taken.states.items()}
        told: dict[str, list[tensors.Array]] = {one["name"]: [] for one in self._outputs}
        for window in windows:
            wave = window.reshape((1, 1, -1) if taken.channel else (1, -1))
            found = self._session.run(self._names, {taken.wave: wave, **states, **fixed})
            by_name = dict(zip(self._names, map(np.asarray, found), strict=True))
            states = {name: by_name[output] for name, (output, _shape) in taken.states.items()}
            for name, kept in told.items():
                if by_name[name].shape[:1] != (1,) or (kept and kept[0].shape != by_name[name].shape):
                    raise ValueError(f"{name!r} has the shape {by_name[name].shape} for one window of one sound")
                kept.append(by_name[name])
        return told

    def _together(self, one: Mapping[str, Any], told: Sequence[tensors.Array], row: int) -> tensors.Array:
        if len(told) == 1:
            return told[0]
        if one["dtype"] not in tensors.FLOATS:
            seconds = (self._hearing.window or 0) / self._hearing.rate
            raise serving.Refusal(
                "inputs",
                f"sound {row + 1} has {len(told)} windows, and nobody says how {one['name']!r}, which is no"
                f" score, goes together; send one of at most {seconds:.3g} s",
            )
        windows = np.stack(told)
        if self._hearing.rule == hearing.HIGHEST:
            highest: tensors.Array = windows.max(axis=0)
            return highest
        mean: tensors.Array = windows.mean(axis=0, dtype=np.float64).astype(windows.dtype)
        return mean

    def _named_classes(self, config: Mapping[str, Any]) -> list[str]:
        """The classes that the configuration names, where an output has a score for each."""
        said = config.get("id2label")
        count = len(said) if isinstance(said, Mapping) else 0
        scored = any(one["dtype"] in tensors.FLOATS and one["shape"][1:] == [count] for one in self._outputs)
        return list(texts.classes_of(config, count).names) if scored else []

    def _by_window(self) -> dict[str, dict[str, Any]]:
        """The scores that are told window by window too, of a model that follows a sound: by the name they get."""
        scores = [one for one in self._outputs if one["dtype"] in tensors.FLOATS]
        return {f"{one['name']}_by_window": one for one in scores} if self._hearing.carries_state else {}


def _single(one: Mapping[str, Any]) -> bool:
    """Whether an output is one number for each row."""
    return all(size == 1 for size in one["shape"][1:])


def windows_of(samples: tensors.Array, how: Hearing, row: int = 0) -> tuple[tensors.Array, int]:
    """The windows of a sound, shape (windows, context + window), and the samples of silence at the end of the last.

    Raises:
        serving.Refusal: ``inputs``, there are more than are asked about.
    """
    if how.normalizes:
        samples = ((samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)).astype(np.float32)
    if how.window is None:
        return samples[np.newaxis], 0
    count = -(-len(samples) // how.window)
    if count > MOST_WINDOWS:
        raise serving.Refusal(
            "inputs",
            f"sound {row + 1} has {count:,} windows; at most {MOST_WINDOWS:,} are asked about, send a piece of it",
        )
    padding = count * how.window - len(samples)
    whole = np.pad(samples, (how.context, padding))
    return np.lib.stride_tricks.sliding_window_view(whole, how.context + how.window)[:: how.window], padding


def inputs_of(session: Any) -> Inputs:
    """Which input of a graph takes the samples, which the rate, and which are states.

    Raises:
        serving.Refusal: ``inputs``, they are not those of a model that is given samples.
    """
    outputs = {one.name: one for one in session.get_outputs()}
    waves_of, rate, states = [], None, {}
    for one in session.get_inputs():
        shape = tuple(size if isinstance(size, int) else None for size in one.shape)
        back = next((name.format(one.name) for name in STATES if name.format(one.name) in outputs), None)
        if one.name in RATES and one.type == "tensor(int64)" and shape in ((), (1,)):
            rate = one.name, tuple(size or 1 for size in shape)
        elif back is not None and one.type == outputs[back].type == NUMBER and shape.count(None) <= 1:
            # what is left open is the rows, of which there is one
            states[one.name] = back, tuple(1 if size is None else size for size in shape)
        elif one.type == NUMBER and _takes_samples(shape):
            waves_of.append((one.name, len(shape) == 3, shape[-1]))
        else:
            raise _unfit(session)
    if len(waves_of) != 1:
        raise _unfit(session)
    ((wave, channel, samples),) = waves_of
    return Inputs(wave, channel, samples, rate, states)


def _takes_samples(shape: Sequence[int | None]) -> bool:
    if len(shape) not in (2, 3) or shape[0] not in (None, 1) or shape[1:-1] not in ((), (1,)):
        return False
    return shape[-1] is None or shape[-1] >= LEAST_WINDOW


def _unfit(session: Any) -> serving.Refusal:
    taken = ", ".join(
        f"{one.name!r} [{', '.join(str(size) if isinstance(size, int) else 'any' for size in one.shape)}]"
        for one in session.get_inputs()
    )
    return serving.Refusal(
        "inputs",
        f"the model takes {taken}, which is no sound: that is samples, float32 of [rows, samples] or"
        " [rows, 1, samples], with states that come back and the rate beside them where it has such",
    )


def _require_waves(said: Mapping[str, Any]) -> None:
    extractor = said.get("feature_extractor_type", EXTRACTOR)
    if extractor != EXTRACTOR or said.get("feature_size", 1) != 1 or said.get("padding_value", 0) != 0:
        raise serving.Refusal(
            "inputs",
            f"preprocessor_config.json asks for {ascii(extractor)[:100]} with features or padding that are not made"
            " here; export the model so that it takes the samples themselves",
        )


def _hearing(said: Mapping[str, Any], told: Mapping[str, int], graph: Mapping[str, str], inputs: Inputs) -> Hearing:
    """How the model hears, by all that says something of it.

    Raises:
        serving.Refusal: ``sound_unclear`` where nobody says it, or two say different things.
    """
    rate = _agreed("sampling_rate", said, told, graph)
    window, context = (_agreed(name, said, told, graph) for name in ("window_samples", "context_samples"))
    if rate is None:
        raise _unclear("at which rate the model hears", "sampling_rate")
    if not waves.LEAST_RATE <= rate[0] <= waves.MOST_RATE:
        raise serving.Refusal("sound_unclear", f"sampling_rate is {rate[0]:,}; sounds have 1,000 to 384,000 Hz")
    before = context[0] if context is not None else 0
    heard = window[0] if window is not None else None
    if inputs.samples is not None:
        if before >= inputs.samples or heard not in (None, inputs.samples - before):
            raise serving.Refusal(
                "sound_unclear",
                f"the model takes {inputs.samples:,} samples at a time: window_samples and context_samples together",
            )
        heard = inputs.samples - before
    if heard is None and (inputs.states or before):
        raise _unclear("how many samples the model hears at a time", "window_samples")
    if heard is not None and heard < LEAST_WINDOW:
        raise serving.Refusal("sound_unclear", f"window_samples is {heard}; a window has {LEAST_WINDOW} and more")
    several = hearing.HIGHEST if inputs.states else hearing.MEAN
    normalizes = said.get("do_normalize", said.get("feature_extractor_type") == EXTRACTOR)
    return Hearing(
        rate[0],
        rate[1],
        heard,
        before,
        hearing.WHOLE if heard is None else several,
        bool(inputs.states),
        bool(normalizes),
    )


def _unclear(what: str, name: str) -> serving.Refusal:
    return serving.Refusal(
        "sound_unclear",
        f"nothing says {what}: put {name} into preprocessor_config.json beside it or into the metadata of the ONNX"
        " file, or tell it with the question",
    )


def _agreed(
    name: str, said: Mapping[str, Any], told: Mapping[str, int], graph: Mapping[str, str]
) -> tuple[int, str] | None:
    """A number of samples, and who says it; all that say it have to say the same."""
    # as exporters of speech models for other runtimes name it
    in_graph = graph.get(name) or (graph.get("sample_rate") if name == "sampling_rate" else None)
    written = {hearing.TOLD: told.get(name), hearing.CONFIGURATION: said.get(name), hearing.GRAPH: in_graph}
    found = {}
    for where, value in written.items():
        if value is None:
            continue
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= hearing.MOST_TOLD) or len(text) > 9:
            raise serving.Refusal("sound_unclear", f"{name} of {where} is {ascii(text[:40])}, and no number of samples")
        found[where] = int(text)
    if len(set(found.values())) > 1:
        differ = ", ".join(f"{number:,} ({where})" for where, number in found.items())
        raise serving.Refusal("sound_unclear", f"{name} is said to be {differ}; mend what is wrong")
    return next(((number, where) for where, number in found.items()), None)
