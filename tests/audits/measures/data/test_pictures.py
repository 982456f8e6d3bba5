"""Pictures that look the same: the hash against the transform written out, and what is found of them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.data.near import TooMuchToCompare
from audits.measures.data.pictures import DISTANCE, Pictures, alike, at_pictures, is_plain, perceptual_hashes
from audits.measures.tables.arrow import strings


def scene(random: np.random.Generator, side: int = 96) -> Image.Image:
    """Something to look at, whose frequencies fall off as those of photographs do: by one over the frequency."""
    across, down = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))
    far = np.hypot(across, down)
    strength = np.divide(1.0, far, out=np.zeros_like(far), where=far > 0)
    made = np.fft.ifft2(strength * np.exp(2j * np.pi * random.random((side, side)))).real
    made = 255 * (made - made.min()) / (made.max() - made.min())
    return Image.fromarray(made.astype(np.uint8))


def grey(*pictures: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.stack([np.asarray(one.resize((32, 32), Image.Resampling.BILINEAR)) for one in pictures])


def bits(one: np.uint64, other: np.uint64) -> int:
    return int(one ^ other).bit_count()


def test_the_hash_is_the_median_of_the_lowest_frequencies() -> None:
    made = grey(*[scene(np.random.default_rng(seed)) for seed in range(5)])

    for picture, found in zip(made, perceptual_hashes(made), strict=True):
        low = dctn(picture.astype(float), type=2)[:8, :8]
        expected = (low > np.median(low)).ravel()
        assert int(found) == int("".join("1" if bit else "0" for bit in expected), 2)


def test_what_is_scaled_compressed_or_brighter_looks_the_same_and_other_scenes_do_not() -> None:
    random = np.random.default_rng(1)
    scenes = [scene(random) for _ in range(40)]
    changed = [one.resize((61, 64)).point(lambda value: min(value * 1.08 + 4, 255)) for one in scenes]

    ours, theirs = perceptual_hashes(grey(*scenes)), perceptual_hashes(grey(*changed))

    assert max(bits(one, other) for one, other in zip(ours, theirs, strict=True)) <= DISTANCE
    apart = [bits(ours[one], ours[other]) for one in range(40) for other in range(one)]
    assert min(apart) > DISTANCE
    assert 24 < np.mean(apart) < 40


def test_every_pair_within_the_distance_is_found_once() -> None:
    random = np.random.default_rng(2)
    hashes = np.unique(random.integers(0, 2**63, 3_000, dtype=np.uint64))
    near = hashes[::300] ^ np.uint64(0b1011)
    hashes = np.unique(np.concatenate([hashes, near]))

    first, second = alike(hashes)

    found = {(int(one), int(other)) for one, other in zip(first, second, strict=True)}
    plain = {(i, j) for i in range(hashes.size) for j in range(i + 1, hashes.size) if bits(hashes[i], hashes[j]) <= 8}
    assert found == plain
    assert len(first) == len(found) >= 10
    with pytest.raises(TooMuchToCompare, match="pairs of pictures"):
        alike(np.arange(2_500, dtype=np.uint64))


def test_copies_leaks_plain_and_broken_pictures_are_told() -> None:
    random = np.random.default_rng(3)
    scenes = [scene(random) for _ in range(30)]
    grey_ones = grey(*scenes, scenes[0].resize((50, 50)), scenes[1].rotate(1), Image.new("L", (9, 9), 40))
    assert is_plain(grey_ones).tolist() == [False] * 32 + [True]
    unreadable = np.array([False] * 33 + [True])
    split = Column("split", strings(["train"] * 28 + ["test"] * 6), None)
    findings = Findings()

    made = at_pictures(Pictures("photo", grey_ones, np.arange(33), unreadable), split, findings)

    assert (made["measured"], made["of"], made["unreadable"], made["plain"]) == (True, 33, 1, 1)
    assert (made["rows"], made["groups"]) == (4, 2)
    assert [(leak["split"], leak["other"], leak["rows"], leak["of"]) for leak in made["leaks"]] == [
        ("test", "train", 2, 4),
        ("train", "test", 2, 28),
    ]
    codes = [one["code"] for one in findings.ordered()]
    assert codes == [
        "data.split_leak_pictures",
        "data.near_pictures",
        "data.pictures_unreadable",
        "data.pictures_plain",
    ]
    assert findings.where["data.near_pictures photo"] == [1, 2, 31, 32]
    assert findings.verdict == "fail"


def test_fewer_than_two_pictures_are_not_compared_and_no_pass() -> None:
    findings = Findings()

    made = at_pictures(
        Pictures("photo", np.zeros((0, 32, 32), dtype=np.uint8), np.zeros(0, np.int64), np.ones(40, bool)),
        None,
        findings,
    )

    assert made["measured"] is False
    assert findings.verdict == "insufficient_data"
