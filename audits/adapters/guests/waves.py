"""Sounds as a stranger stored them (WAV) to samples between -1 and 1. Nothing of a header is believed.

Source: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), for the chunks;
Microsoft's WAVEFORMATEXTENSIBLE for what stands in them since.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

# Steps from one sample to the next that two rates share: 441 from 44,100 to 16,000, 48,000 from 48,000 to 7,999.
FINEST = 50_000
MOST_SECONDS = 600
LEAST_RATE, MOST_RATE = 1_000, 384_000
MOST_CHANNELS = 32
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
# How the identifier of a format goes on that is one of the plain ones.
PLAIN = bytes.fromhex("000000001000800000aa00389b71")
BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}


class NoSound(Exception):
    """The bytes are no sound that is read here; the message goes on after "sound 3"."""


def sound(content: bytes) -> tuple[Samples, int]:
    """The samples of an encoded sound, all its channels mixed evenly, and how many of them make a second.

    Returns:
        Shape (n,), n at least 1, in [-1, 1]; whole numbers are divided by the highest power of two that they reach.

    Raises:
        NoSound: another format, a header that does not fit its bytes, or longer than is read.
    """
    form, data = _chunks(content)
    if len(form) < 16:
        raise NoSound("cannot be read: its header is cut off; store it again")
    tag, channels, rate, a_second, block, bits = struct.unpack_from("<HHIIHH", form)
    if tag == EXTENSIBLE and len(form) >= 40 and form[26:40] == PLAIN:
        (tag,) = struct.unpack_from("<H", form, 24)
    if bits not in BITS.get(tag, ()):
        raise NoSound(f"holds {bits} bits in format {tag:#06x}; store it as PCM of 8, 16, 24 or 32 bits, or as float")
    if not 1 <= channels <= MOST_CHANNELS:
        raise NoSound(f"has {channels:,} channels; from 1 to {MOST_CHANNELS} are mixed")
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise NoSound(f"has {rate:,} samples in a second; from {LEAST_RATE:,} to {MOST_RATE:,} are read")
    if block != channels * bits // 8 or a_second != rate * block:
        raise NoSound("cannot be read: its header contradicts itself on rate, channels or bits; store it again")
    if len(data) % block:
        raise NoSound("ends within a sample; store it again, whole")
    if not data:
        raise NoSound("holds no sample")
    if len(data) // block > MOST_SECONDS * rate:
        raise NoSound(f"is longer than {MOST_SECONDS // 60} minutes; send a piece of it")
    samples = _numbers(data, tag, bits).reshape(-1, channels)
    return (samples[:, 0] if channels == 1 else samples.mean(axis=1, dtype=np.float64).astype(np.float32)), rate


def _chunks(content: bytes) -> tuple[bytes, memoryview]:
    """The description of the samples, and the samples."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NoSound("is no WAV file; store it as one, in PCM or float")
    form, at = b"", 12
    while at + 8 <= len(content):
        name, (size,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        begin, there = at + 8, len(content) - at - 8
        if size > there:
            raise NoSound(
                f"ends early: a part of it has {size:,} bytes by its header, and {there:,} are there; store it whole,"
                " and in a file rather than through a pipe"
            )
        if name == b"fmt ":
            form = content[begin : begin + size]
        if name == b"data":
            return form, memoryview(content)[begin : begin + size]
        at = begin + size + size % 2
    raise NoSound("holds no sample")


def _numbers(data: memoryview, tag: int, bits: int) -> Samples:
    if tag == FLOAT:
        found = np.frombuffer(data, dtype=f"<f{bits // 8}")
        # not a number is not at most 1 either
        if not bool(np.all(np.abs(found) <= 1)):
            raise NoSound(
                "has samples that are no numbers, or beyond 1, which is full scale; store it at a lower level"
            )
        return found.astype(np.float32)
    if bits == 8:
        return (np.frombuffer(data, dtype=np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if bits == 24:
        whole = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        whole[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return whole.view("<i4").ravel().astype(np.float32) / np.float32(2**31)
    return np.frombuffer(data, dtype=f"<i{bits // 8}").astype(np.float32) / np.float32(2 ** (bits - 1))


def at_rate(samples: Samples, *, rate: int, wanted: int) -> Samples:
    """The same sound with another number of samples in a second, ``ceil(n * wanted / rate)`` of them.

    Raises:
        NoSound: the two rates have so little in common that the filter between them would be longer than the sound.

    Filtered as a whole by scipy's ``resample_poly`` with the window that it has by default; what a filter lets rise
    beyond full scale is cut off there.
    """
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly  # most of a second to import, and often not needed

    common = math.gcd(rate, wanted)
    if max(rate, wanted) // common > FINEST:
        raise NoSound(
            f"has {rate:,} samples in a second, which have too little in common with the {wanted:,} that the model "
            "hears; resample it to a usual rate first"
        )
    made: Samples = resample_poly(samples, wanted // common, rate // common).astype(np.float32)
    return np.clip(made, -1, 1)
