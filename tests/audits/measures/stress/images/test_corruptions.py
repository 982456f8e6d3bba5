"""Corruptions of images: each against a second path or what is published."""

from __future__ import annotations

import colorsys
import io

import numpy as np
import pytest
from scipy import ndimage

from audits.measures.stress.images import blur, constants, digital, light
from audits.measures.stress.images.corrupting import CORRUPTIONS, corrupt
from tests.audits.measures.stress.images.made import made, photograph

pytest.importorskip("PIL", reason="without requirements/models.txt no image is read")

IMAGES = made()
# published severities of which a higher one is another change and no larger one
OTHERWISE = ("saturate", "elastic_transform")
# one step of rounding
BYTE = 1.0
# as published, beyond what the constants of our own say: github.com/hendrycks/robustness, imagenet_c/corruptions.py
PUBLISHED = {
    "GAUSSIAN_NOISE": [0.08, 0.12, 0.18, 0.26, 0.38],
    "SHOT_NOISE": [60, 25, 12, 5, 3],
    "IMPULSE_NOISE": [0.03, 0.06, 0.09, 0.17, 0.27],
    "JPEG_QUALITY": [25, 18, 15, 10, 7],
    "CONTRAST": [0.4, 0.3, 0.2, 0.1, 0.05],
    "BRIGHTNESS": [0.1, 0.2, 0.3, 0.4, 0.5],
    "PIXELATE": [0.6, 0.5, 0.4, 0.3, 0.25],
    "GLASS_BLUR": [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
    "SNOW": [
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ],
    "SPATTER": [
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    ],
}


def test_oracle_v33_constants_are_the_published_ones():
    assert {name: list(getattr(constants, name)) for name in PUBLISHED} == PUBLISHED
    ranges = [(1, 1.11, 0.01), (1, 1.16, 0.01), (1, 1.21, 0.02), (1, 1.26, 0.02), (1, 1.31, 0.03)]
    for (count, step), published in zip(constants.ZOOM_BLUR, ranges, strict=True):
        np.testing.assert_allclose(1 + np.arange(count) * step, np.arange(*published), atol=1e-12)
    elastic = [(488, 170.8, 24.4), (488, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88), (29.28, 2.44, 4.88)]
    np.testing.assert_allclose(constants.ELASTIC_TRANSFORM, elastic)


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_severity_zero_is_clean_and_a_seed_gives_the_same_bytes(name: str):
    np.testing.assert_array_equal(corrupt(IMAGES, name, 0, seed=1), IMAGES)

    once, again = (corrupt(IMAGES, name, 3, seed=1) for _ in range(2))

    np.testing.assert_array_equal(once, again)
    assert once.dtype == np.uint8
    assert once.shape == IMAGES.shape
    assert not np.array_equal(once, IMAGES)
    drawn = {"gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "motion_blur", "fog"}
    drawn |= {"glass_blur", "snow", "elastic_transform", "spatter"}
    assert np.array_equal(once, corrupt(IMAGES, name, 3, seed=1, draw=1)) == (name not in drawn)


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in OTHERWISE])
def test_a_higher_severity_changes_more_and_grey_images_are_corrupted_too(name: str):
    for images in (photograph("astronaut.png", 96), made(1, channels=1)):
        apart = [
            np.mean((corrupt(images, name, severity, seed=0).astype(float) - images) ** 2) for severity in range(1, 6)
        ]

        # constants of motion, fog and zoom do not rise one by one; the ends do
        assert apart[0] < apart[4]
        assert all(apart)


def test_noise_has_the_published_moments():
    """On grey that is far from both ends nothing is cut, so that moments are those of the noise."""
    grey = np.full((4, 128, 128, 3), 128, dtype=np.uint8)
    x = 128 / 255

    for severity, scale in enumerate(constants.GAUSSIAN_NOISE[:2], 1):
        noise = corrupt(grey, "gaussian_noise", severity, seed=0) / 255 - x
        assert np.std(noise) == pytest.approx(scale, rel=0.02)
    speckle = corrupt(grey, "speckle_noise", 1, seed=0) / 255
    assert np.std(speckle) == pytest.approx(x * 0.15, rel=0.02)
    shot = corrupt(grey, "shot_noise", 1, seed=0) / 255
    assert np.std(shot) == pytest.approx(np.sqrt(x / 60), rel=0.02)
    assert np.mean(shot) == pytest.approx(x, abs=0.004)
    for severity, amount in enumerate(constants.IMPULSE_NOISE, 1):
        impulse = corrupt(grey, "impulse_noise", severity, seed=0)
        assert set(np.unique(impulse)) == {0, 128, 255}
        assert np.mean(impulse != 128) == pytest.approx(amount, rel=0.03)
        assert np.mean(impulse == 255) == pytest.approx(amount / 2, rel=0.05)


@pytest.mark.parametrize("severity", constants.SEVERITIES)
def test_defocus_and_gaussian_blur_are_plain_convolutions(severity: int):
    given = IMAGES / 255
    kernel = blur.disk(*constants.DEFOCUS_BLUR[severity - 1])
    mirrored = ndimage.convolve(given, kernel[None, :, :, None], mode="mirror")
    sigma = constants.GAUSSIAN_BLUR[severity - 1]
    reach = np.arange(-4 * sigma, 4 * sigma + 1)
    bell = np.exp(-(reach**2) / (2 * sigma**2))
    smooth = given
    for axis in (1, 2):
        edges = [(4 * sigma, 4 * sigma) if one == axis else (0, 0) for one in range(4)]
        padded = np.pad(smooth, edges, mode="edge")
        smooth = np.apply_along_axis(lambda line: np.convolve(line, bell / bell.sum(), "valid"), axis, padded)

    assert kernel.sum() == pytest.approx(1)
    assert np.count_nonzero(kernel > kernel.max() / 2) == pytest.approx(
        np.pi * constants.DEFOCUS_BLUR[severity - 1][0] ** 2, rel=0.1
    )
    np.testing.assert_allclose(corrupt(IMAGES, "defocus_blur", severity, seed=0), mirrored * 255, atol=BYTE)
    np.testing.assert_allclose(corrupt(IMAGES, "gaussian_blur", severity, seed=0), smooth * 255, atol=BYTE)


def test_motion_draws_a_point_into_half_a_gaussian_along_its_line():
    point = np.zeros((61, 61, 1), dtype=np.float32)
    point[30, 30] = 1

    level = blur.along(point, 10, 3, 0.0)
    slanted = blur.along(point, 10, 3, np.pi / 4)

    weights = np.exp(-(np.arange(21) ** 2) / 18)
    np.testing.assert_allclose(level[30, 10:31, 0][::-1], weights / weights.sum(), atol=1e-6)
    assert level.sum() == pytest.approx(1, abs=1e-5)
    # down and across by the same number of pixels
    rows, columns = np.nonzero(slanted[..., 0])
    assert (rows == columns).all()
    assert rows.min() < 30 == rows.max()


@pytest.mark.parametrize("severity", [1, 5])
def test_zoom_is_the_mean_of_linear_enlargements(severity: int):
    given = IMAGES / 255
    side = given.shape[1]
    count, step = constants.ZOOM_BLUR[severity - 1]
    total = given.copy()
    for factor in 1 + np.arange(count) * step:
        kept = int(np.ceil(side / factor))
        begin = (side - kept) // 2
        larger = round(kept * factor)
        at = np.linspace(0, kept - 1, larger)
        middle = given[:, begin : begin + kept, begin : begin + kept]
        for axis in (1, 2):
            middle = np.apply_along_axis(lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, middle)
        trim = (larger - side) // 2
        total += middle[:, trim : trim + side, trim : trim + side]

    np.testing.assert_allclose(corrupt(IMAGES, "zoom_blur", severity, seed=0), total / (count + 1) * 255, atol=BYTE)


@pytest.mark.parametrize("severity", constants.SEVERITIES)
def test_brightness_and_saturation_are_those_of_hue_saturation_value(severity: int):
    palette = np.array([[0, 0, 0], [255, 255, 255], [128, 128, 128], [200, 30, 60], [3, 250, 90], [40, 41, 250]])
    images = palette.astype(np.uint8).reshape(1, 2, 3, 3)
    raised, coloured = [], []
    factor, addend = constants.SATURATE[severity - 1]
    for pixel in palette / 255:
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        raised.append(colorsys.hsv_to_rgb(hue, saturation, min(1, value + constants.BRIGHTNESS[severity - 1])))
        coloured.append(colorsys.hsv_to_rgb(hue, min(1, max(0, saturation * factor + addend)), value))

    for name, wanted in (("brightness", raised), ("saturate", coloured)):
        found = corrupt(images, name, severity, seed=0).reshape(-1, 3)
        np.testing.assert_allclose(found, np.array(wanted) * 255, atol=BYTE)


def test_contrast_keeps_the_mean_of_each_colour_and_scales_what_lies_around_it():
    image = photograph("chelsea.png")
    for severity, factor in enumerate(constants.CONTRAST, 1):
        found = corrupt(image, "contrast", severity, seed=0).astype(float)

        np.testing.assert_allclose(found.mean(axis=(1, 2)), image.mean(axis=(1, 2)), atol=BYTE)
        np.testing.assert_allclose(found.std(axis=(1, 2)), factor * image.std(axis=(1, 2)), atol=0.6)


def test_fog_is_a_cloud_by_diamonds_and_squares_laid_over_an_image():
    side, decay = 16, 1.7
    found = light.cloud(side, decay, np.random.default_rng(5))
    by_hand = _cloud_pixel_by_pixel(side, decay, np.random.default_rng(5))
    whole = light.cloud(256, 2, np.random.default_rng(0))

    np.testing.assert_allclose(found, by_hand, atol=1e-12)
    assert (found.min(), found.max()) == (0, 1)
    # each scale is rougher than the next finer one, so that neighbours are alike
    near, far = (np.mean((whole - np.roll(whole, by, axis=0)) ** 2) for by in (1, 64))
    assert near < far / 20
    grey = np.full((1, 16, 16, 3), 102, dtype=np.uint8)
    strength, decay = constants.FOG[0]
    layer = _cloud_pixel_by_pixel(16, decay, np.random.default_rng(5))
    foggy = light.fog(grey, 1, np.random.default_rng(5))
    np.testing.assert_allclose(foggy[0, ..., 0], (0.4 + strength * layer) * 0.4 / (0.4 + strength) * 255, atol=BYTE)


def _cloud_pixel_by_pixel(side: int, decay: float, random: np.random.Generator) -> np.ndarray:
    height = np.zeros((side, side))
    step, rough = side, 100.0
    while step >= 2:
        half, places = step // 2, range(0, side, step)
        for offset in ((half, half), (0, half), (half, 0)):
            noise = iter(random.uniform(-(rough**2), rough**2, (side // step) ** 2))
            for down in places:
                for across in places:
                    y, x = down + offset[0], across + offset[1]
                    if offset == (half, half):
                        near = [(-half, -half), (-half, half), (half, -half), (half, half)]
                    else:
                        near = [(-half, 0), (half, 0), (0, -half), (0, half)]
                    around = [height[(y + dy) % side, (x + dx) % side] for dy, dx in near]
                    height[y, x] = sum(around) / 4 + next(noise)
        step, rough = half, rough / decay
    height -= height.min()
    return height / height.max()


@pytest.mark.parametrize("severity", constants.SEVERITIES)
def test_coarse_pixels_are_means_over_what_they_cover(severity: int):
    factor = constants.PIXELATE[severity - 1]
    side = IMAGES.shape[1]
    small = int(side * factor)
    down, up = _covering(side, small), _covering(small, side)
    coarse = np.floor(np.einsum("ai,nijc,bj->nabc", down, IMAGES.astype(float), down) + 0.5)
    wanted = np.einsum("ai,nijc,bj->nabc", up, coarse, up)

    # two roundings on the way, one for each axis, each time
    np.testing.assert_allclose(corrupt(IMAGES, "pixelate", severity, seed=0), wanted, atol=2 * BYTE)


def _covering(old: int, new: int) -> np.ndarray:
    """Which share of each new pixel the old ones make: by how far their middles lie within half a new pixel."""
    scale = max(old / new, 1)
    centres = (np.arange(new) + 0.5) * old / new
    within = np.abs(np.arange(old)[None, :] + 0.5 - centres[:, None]) / scale
    weights = ((within < 0.5) | (np.arange(old)[None, :] + 0.5 - centres[:, None] == 0.5 * scale)).astype(float)
    return weights / weights.sum(axis=1, keepdims=True)


def test_jpeg_is_stored_with_the_tables_that_the_published_quality_asks_for():
    """The luminance table of ITU-T T.81, annex K.1, scaled as the Independent JPEG Group scales it."""
    from PIL import Image

    annex_k = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55]
    for quality in constants.JPEG_QUALITY:
        with Image.open(io.BytesIO(digital.as_jpeg(IMAGES[0], quality))) as stored:
            table = stored.quantization[0]
        scale = 5000 // quality
        assert table[:16] == [min(255, max(1, (entry * scale + 50) // 100)) for entry in annex_k]
    flat = np.full((1, 16, 16, 3), 128, dtype=np.uint8)
    np.testing.assert_array_equal(corrupt(flat, "jpeg_compression", 5, seed=0), flat)


def test_what_is_left_out_is_named_and_what_is_no_image_refused():
    published = {*constants.ALEXNET_ERRORS, *constants.FURTHER}
    assert set(CORRUPTIONS) == published - set(constants.NOT_MADE)
    assert set(constants.NOT_MADE) < published
    assert len(published) == 19

    for images, name, severity in (
        (IMAGES.astype(float), "fog", 1),
        (IMAGES[0], "fog", 0),
        (IMAGES[:, :0], "jpeg_compression", 1),
        (IMAGES[..., :2], "impulse_noise", 0),
        (IMAGES, "frost", 1),
        (IMAGES, "fog", 6),
    ):
        with pytest.raises(ValueError, match="images are uint8|no corruption|severities are"):
            corrupt(images, name, severity, seed=0)
    for name in CORRUPTIONS:
        assert corrupt(IMAGES[:0], name, 1, seed=0).shape == (0, *IMAGES.shape[1:])
        assert corrupt(IMAGES[:1, :1, :1], name, 5, seed=0).shape == (1, 1, 1, 3)
        assert corrupt(IMAGES[:1, :5, :31], name, 5, seed=0).shape == (1, 5, 31, 3)
