"""Glass, snow, spatter and elastic: each against a slow second path with the same draws, and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from audits.measures.stress.images import blur, constants, edges, warping, weather
from audits.measures.stress.images.corrupting import corrupt
from audits.measures.stress.images.pixels import Bytes, as_bytes
from tests.audits.measures.stress.images.made import made

IMAGES = made()
BYTE = 1.0


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_glass_lets_pixel_after_pixel_come_from_one_nearby(reach: int):
    images = np.arange(2 * 13 * 17 * 3, dtype=np.uint8).reshape(2, 13, 17, 3)
    by_hand, found = images.copy(), images.copy()
    random = np.random.default_rng(3)
    for row in range(13 - reach, reach, -1):
        columns = range(reach + 1, 17 - reach + 1)
        across, down = random.integers(-reach, reach, size=(2, 2, len(columns)))
        for number in range(2):
            for at, column in reversed(list(enumerate(columns))):
                source = row + down[number, at], column + across[number, at]
                by_hand[number, row, column] = by_hand[number, source[0], source[1]]

    blur.scatter(found, reach, np.random.default_rng(3))

    np.testing.assert_array_equal(found, by_hand)
    assert not np.array_equal(found, images)
    # a frame of the width that is left out, and what is smaller than that, stays
    np.testing.assert_array_equal(found[:, : reach + 1], images[:, : reach + 1])
    small = images[:, : 2 * reach, : 2 * reach].copy()
    blur.scatter(small, reach, random)
    np.testing.assert_array_equal(small, images[:, : 2 * reach, : 2 * reach])


@pytest.mark.parametrize("severity", [1, 4])
def test_snow_is_enlarged_noise_drawn_out_and_laid_over_a_paler_image(severity: int):
    mean, spread, larger, threshold, radius, sigma, kept = constants.SNOW[severity - 1]
    random = np.random.default_rng(8)
    noise = mean + spread * random.standard_normal((2, 48, 48, 1), dtype=np.float32)
    angles = np.deg2rad(random.uniform(-135, -45, size=2))
    count = int(np.ceil(48 / larger))
    begin = (48 - count) // 2
    size = round(count * larger)
    at = np.linspace(0, count - 1, size)[(size - 48) // 2 :][:48]
    wanted = []
    for image, layer, angle in zip(IMAGES / 255, noise[..., 0], angles, strict=True):
        middle = layer[begin : begin + count, begin : begin + count]
        wide = np.array([np.interp(at, np.arange(count), line) for line in middle])
        flakes = np.array([np.interp(at, np.arange(count), line) for line in wide.T]).T
        flakes = np.floor(np.clip(np.where(flakes < threshold, 0, flakes), 0, 1) * 255) / 255
        drawn = blur.along(flakes[..., None].astype(np.float32), radius, sigma, angle)[..., 0]
        grey = image @ [0.299, 0.587, 0.114]
        pale = kept * image + (1 - kept) * np.maximum(image, (grey * 1.5 + 0.5)[..., None])
        wanted.append(pale + (drawn + drawn[::-1, ::-1])[..., None])

    found = weather.snow(IMAGES, severity, np.random.default_rng(8))

    np.testing.assert_allclose(found, np.clip(wanted, 0, 1) * 255, atol=BYTE)
    assert (found.astype(int) >= IMAGES.astype(int) - 1).all()  # it makes nothing darker
    grey = np.full((1, 40, 40, 3), 40, dtype=np.uint8)
    snowy = corrupt(grey, "snow", severity, seed=0)
    np.testing.assert_array_equal(snowy, snowy[:, ::-1, ::-1])


@pytest.mark.parametrize("severity", [4, 5])
def test_mud_covers_with_its_colour_and_leaves_the_rest(severity: int):
    mean, spread, smooth, threshold, sigma, _ = constants.SPATTER[severity - 1]
    white = np.full((1, 96, 96, 3), 255, dtype=np.uint8)
    liquid = ndimage.gaussian_filter(np.random.default_rng(2).normal(mean, spread, (96, 96)), smooth, mode="nearest")
    lies = ndimage.gaussian_filter((liquid > threshold).astype(float), sigma, mode="nearest")
    lies[lies < 0.8] = 0
    wanted = 255 * (1 - lies)[..., None] + lies[..., None] * [63, 42, 20]

    found = weather.spatter(white, severity, np.random.default_rng(2))[0]

    np.testing.assert_allclose(found, wanted, atol=BYTE)
    assert 0.02 < (found[..., 0] < 255).mean() < 0.6
    assert (found[lies == 0] == 255).all()


@pytest.mark.parametrize("severity", [1, 3])
def test_water_lightens_where_it_lies_and_nowhere_else(severity: int):
    mean, spread, smooth, threshold, strength, _ = constants.SPATTER[severity - 1]
    black = np.zeros((1, 120, 120, 3), dtype=np.uint8)
    liquid = ndimage.gaussian_filter(np.random.default_rng(2).normal(mean, spread, (120, 120)), smooth, mode="nearest")

    found = weather.spatter(black, severity, np.random.default_rng(2))[0].astype(float)

    lit = found[..., 1] > 0
    assert lit.any()
    assert (liquid[lit] >= threshold).all()
    assert found[..., 1].max() == pytest.approx(strength * 238, abs=BYTE)
    # pale turquoise everywhere, and as much of it whatever lies below
    np.testing.assert_allclose(found[..., 0], found[..., 1] * 175 / 238, atol=BYTE)
    np.testing.assert_array_equal(found[..., 1], found[..., 2])
    above = weather.spatter(black + 60, severity, np.random.default_rng(2))[0]
    np.testing.assert_allclose(above - found, 60, atol=BYTE)
    assert not weather.drops(np.zeros((4, 4))).any()


def test_edges_run_round_a_thing_one_pixel_wide_and_weak_ones_only_beside_strong_ones():
    image = np.zeros((40, 40), dtype=np.uint8)
    image[10:30, 12:28] = 176
    image[2:7, 2:7] = 20  # its gradient, 80, is weak

    found = edges.edges(image, low=50, high=150)

    rows, columns = np.nonzero(found)
    assert {*rows} <= {*range(9, 31)}
    inside = ndimage.binary_fill_holes(found)
    assert inside is not None
    assert inside[12:28, 14:26].all()
    assert found.sum() == pytest.approx(2 * (20 + 16), abs=6)  # a line, not a band
    assert edges.edges(image, low=50, high=70)[2:7, 2:7].any()
    # slanted: a half plane at 45 degrees has its edge on the diagonal
    half = np.where(np.add.outer(np.arange(20), np.arange(20)) > 19, 200, 0).astype(np.uint8)
    rows, columns = np.nonzero(edges.edges(half, low=50, high=150)[3:-3, 3:-3])
    assert len(rows)
    assert set(rows + columns + 6) <= {19, 20}


def test_a_histogram_is_spread_by_the_share_of_what_is_darker():
    image = np.array([[5, 5, 5, 5], [6, 6, 9, 200]], dtype=np.uint8)

    # of the four that are not the darkest: two, three and four quarters of 255
    assert edges.equalised(image).tolist() == [[0, 0, 0, 0], [128, 128, 191, 255]]
    np.testing.assert_array_equal(edges.equalised(image[:1]), image[:1])


@pytest.mark.parametrize("severity", [1, 2, 3, 5])
def test_elastic_is_a_slant_and_a_smoothed_field_of_moves(severity: int):
    strength, sigma, reach = constants.ELASTIC_TRANSFORM[severity - 1]
    random = np.random.default_rng(4)
    wanted = []
    for image in IMAGES / 255:
        middle, side = np.array([24.0, 24.0]), 16
        before = middle + side * np.array([[1, 1], [-1, 1], [-1, -1]])
        after = before + random.uniform(-reach, reach, before.shape)
        # the map that takes the points where they go, then its inverse
        there = np.linalg.solve(np.column_stack([before, np.ones(3)]), after)
        back = np.linalg.inv(there[:2].T)
        slanted = [
            ndimage.affine_transform(image[..., channel], back, -back @ there[2], order=1, mode="mirror")
            for channel in range(3)
        ]
        moves = [
            strength * ndimage.gaussian_filter(random.uniform(-1, 1, (48, 48)), sigma, mode="reflect", truncate=3)
            for _ in range(2)
        ]
        places = np.mgrid[0:48, 0:48] + np.array(moves)
        whole = [ndimage.map_coordinates(one, places, order=1, mode="reflect") for one in slanted]
        wanted.append(np.stack(whole, axis=-1))

    found = warping.elastic_transform(IMAGES, severity, np.random.default_rng(4))

    np.testing.assert_allclose(found, np.array(wanted) * 255, atol=BYTE)


def test_of_the_elastic_severities_the_local_ones_rise():
    def apart(severity: int) -> float:
        found = warping.elastic_transform(IMAGES, severity, np.random.default_rng(0))
        return float(np.mean((found.astype(float) - IMAGES) ** 2))

    # the first two slant far, as published; between 3 and 5 only the strength of the moves is another
    assert apart(3) < apart(4) < apart(5)
    field = np.random.default_rng(0).uniform(-1, 1, (9, 14))
    np.testing.assert_allclose(
        warping.smoothed(field, 40.0), ndimage.gaussian_filter(field, 40.0, mode="reflect", truncate=3), atol=1e-9
    )


def test_on_small_pictures_a_slant_is_none():
    assert warping.is_slanted(147)
    assert not warping.is_slanted(146)
    # the points are a third of the side from the middle, and move by up to 48.8
    assert 147 // 3 > max(reach for _, _, reach in constants.ELASTIC_TRANSFORM) > 146 // 3


def test_reading_between_pixels_gives_the_pixels_themselves_where_nothing_moves():
    image: Bytes = IMAGES[0, :5, :7]
    rows, columns = np.mgrid[0:5, 0:7].astype(float)

    for last_twice in (True, False):
        found = warping.sampled((image / 255).astype(np.float32), rows, columns, last_twice=last_twice)
        np.testing.assert_array_equal(as_bytes(found), image)
