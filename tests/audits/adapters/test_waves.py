"""WAV files as strangers store them: read as other readers read them, or refused with what to do."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.adapters.guests.waves import NoSound, at_rate, sound
from tests.audits.adapters.sounds import stored, tone, wav

scipy_wav = pytest.importorskip("scipy.io.wavfile")
GUID = bytes.fromhex("000000001000800000aa00389b71")
ODD = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # of an odd length, and filled up


def extensible(tag: int, bits: int) -> bytes:
    return struct.pack("<HHIH", 22, bits, 4, tag) + GUID


@pytest.mark.parametrize(
    ("kind", "tag", "bits", "more"),
    [
        ("u1", 1, 8, b""),
        ("<i2", 1, 16, b""),
        ("i3", 1, 24, b""),
        ("<i4", 1, 32, b""),
        ("<f4", 3, 32, struct.pack("<H", 0)),
        ("<f8", 3, 64, struct.pack("<H", 0)),
        ("<i2", 0xFFFE, 16, extensible(1, 16)),
        ("<f4", 0xFFFE, 32, extensible(3, 32)),
    ],
)
def test_samples_of_every_kind_are_those_that_scipy_reads_mixed_evenly(kind: str, tag: int, bits: int, more: bytes):
    random = np.random.default_rng(3)
    if kind == "i3":
        content = random.integers(0, 256, 300 * 6, dtype=np.uint8).tobytes()
    elif kind.startswith("<f"):
        content = random.uniform(-1, 1, 600).astype(kind).tobytes()
    else:
        ends = np.iinfo(kind)
        content = random.integers(ends.min, ends.max, 600, dtype=kind, endpoint=True).tobytes()
    file = wav(content, tag=tag, channels=2, rate=22_050, bits=bits, more=more, before=ODD)

    samples, rate = sound(file)

    other_rate, other = scipy_wav.read(io.BytesIO(file))
    scaled = other.astype(np.float64)
    if other.dtype.kind == "u":
        scaled = (scaled - 128) / 128
    elif other.dtype.kind == "i":  # of 24 bits it makes 32
        scaled /= 2 ** (8 * other.dtype.itemsize - 1)
    assert rate == other_rate == 22_050
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, scaled.mean(axis=1), atol=1e-7)


def test_full_scale_by_hand():
    (lowest, nothing, highest), _rate = sound(wav(struct.pack("<3h", -32768, 0, 32767)))
    (eighth,), _ = sound(wav(bytes([144]), bits=8))

    assert (lowest, nothing) == (-1, 0)
    assert highest == pytest.approx(1 - 2**-15)
    assert eighth == 0.125


def test_what_another_library_writes_is_read():
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(8000)
        file.writeframes(struct.pack("<i", -(1 << 22))[:3] * 5)

    samples, rate = sound(written.getvalue())

    assert (samples.tolist(), rate) == ([-0.5] * 5, 8000)


HALF = struct.pack("<2f", 0.5, 0.5)
HOSTILE = {
    "nothing": (b"", "is no WAV file"),
    "flac": (b"fLaC" + bytes(60), "is no WAV file; store it as one, in PCM or float"),
    "big endian": (b"RIFX" + stored(tone())[4:], "is no WAV file"),
    "large": (b"RF64" + stored(tone())[4:], "is no WAV file"),
    "an avi": (b"RIFF\x10\0\0\0AVI " + bytes(60), "is no WAV file"),
    "a beginning": (stored(tone())[:40], "ends early|holds no sample"),
    "cut off": (stored(tone())[:1000], "ends early: a part of it has 32,000 bytes by its header, and 956 are there"),
    "through a pipe": (wav(bytes(100), size=0xFFFFFFFF), "in a file rather than through a pipe"),
    "a chunk without end": (wav(bytes(100), before=b"LIST\xff\xff\xff\x7f"), "ends early"),
    "no samples": (wav(b""), "holds no sample"),
    "no description": (b"RIFF\x24\0\0\0WAVEdata\4\0\0\0abcd", "its header is cut off"),
    "no rate": (wav(bytes(100), rate=0), "has 0 samples in a second"),
    "a rate beyond all": (wav(bytes(100), rate=4_000_000_000), "has 4,000,000,000 samples in a second"),
    "no channels": (wav(bytes(100), channels=0), "has 0 channels"),
    "thousands of channels": (wav(bytes(65535 * 2), channels=65535, block=65534), "has 65,535 channels; from 1 to 32"),
    "a block that is none": (wav(bytes(100), block=3), "contradicts itself"),
    "two rates": (wav(bytes(100), a_second=1), "contradicts itself on rate"),
    "within a sample": (wav(bytes(101)), "ends within a sample"),
    "not a number": (wav(struct.pack("<2f", 0.5, np.nan), tag=3, bits=32), "no numbers, or beyond 1"),
    "infinite": (wav(struct.pack("<d", -np.inf), tag=3, bits=64), "no numbers, or beyond 1"),
    "louder than full": (wav(struct.pack("<f", 1.5), tag=3, bits=32), "store it at a lower level"),
    "an hour": (wav(bytes(3600 * 1000), bits=8, rate=1000), "is longer than 10 minutes; send a piece of it"),
    "a-law": (wav(bytes(100), tag=6, bits=8), "holds 8 bits in format 0x0006; store it as PCM"),
    "mp3 in wav": (wav(bytes(100), tag=0x55, bits=0), "format 0x0055"),
    "half precision": (wav(bytes(100), tag=3, bits=16), "holds 16 bits in format 0x0003"),
    "twelve bits": (wav(bytes(96), tag=1, bits=12, block=2), "holds 12 bits"),
    "another extension": (wav(HALF, tag=0xFFFE, bits=32, more=extensible(3, 32)[:-1] + b"\0"), "format 0xfffe"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_with_what_to_do(name: str):
    content, words = HOSTILE[name]

    with pytest.raises(NoSound, match=words):
        sound(content)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.binary(min_size=1, max_size=8))
def test_whatever_stands_in_a_header_it_is_read_or_refused(at: int, bytes_: bytes):
    whole = wav(bytes(range(200)), channels=2)
    file = whole[:at] + bytes_ + whole[at + len(bytes_) :]

    try:
        samples, _rate = sound(file)
    except NoSound:
        return

    assert samples.ndim == 1
    assert len(samples) > 0
    assert bool((np.abs(samples) <= 1).all())


def test_a_tone_is_the_same_tone_at_another_rate():
    stored_at, wanted = 44_100, 16_000
    made = at_rate(tone(rate=stored_at), rate=stored_at, wanted=wanted)

    assert len(made) == wanted
    # filters have nothing before the beginning and after the end
    np.testing.assert_allclose(made[200:-200], tone(rate=wanted)[200:-200], atol=2e-3)
    # above half the wanted rate nothing can be told from something below, so that nothing of it may be left
    gone = at_rate(tone(rate=stored_at, pitch=15_000), rate=stored_at, wanted=wanted)
    assert float(np.abs(gone[200:-200]).max()) < 0.01
    assert float(np.abs(at_rate(np.sign(tone()), rate=16_000, wanted=44_100)).max()) == 1.0
    assert at_rate(made, rate=wanted, wanted=wanted) is made


def test_rates_that_have_nothing_in_common_are_refused_before_a_filter_is_made() -> None:
    with pytest.raises(NoSound, match="resample it to a usual rate"):
        at_rate(tone(), rate=383_999, wanted=16_000)
