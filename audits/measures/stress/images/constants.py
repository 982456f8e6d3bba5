"""ImageNet-C: how strong each corruption is at severities 1 to 5, and what AlexNet makes of it. Imports nothing.

Source:
    Hendrycks and Dietterich 2019, arXiv:1903.12261; constants from ``ImageNet-C/imagenet_c/imagenet_c/corruptions.py``
    and errors from the README of github.com/hendrycks/robustness (under the Apache licence).
"""

from __future__ import annotations

SEVERITIES = (1, 2, 3, 4, 5)
# The constants are in pixels and of images of this side; on smaller images the same pixels change more.
PUBLISHED_SIDE = 224

GAUSSIAN_NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
SHOT_NOISE = (60, 25, 12, 5, 3)
IMPULSE_NOISE = (0.03, 0.06, 0.09, 0.17, 0.27)
SPECKLE_NOISE = (0.15, 0.2, 0.35, 0.45, 0.6)
GAUSSIAN_BLUR = (1, 2, 3, 4, 6)
# radius of the disk, sigma that softens its edge
DEFOCUS_BLUR = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
# sigma, how far a pixel may come from, how often; before the first time and after the last the image is smoothed
GLASS_BLUR = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
# radius, sigma
MOTION_BLUR = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
# how many enlargements, each by so much more than the one before, from 1 on: as numpy counts the published ranges
ZOOM_BLUR = ((12, 0.01), (16, 0.01), (11, 0.02), (13, 0.02), (11, 0.03))
# strength, by what the roughness falls from scale to scale
FOG = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))
# mean and deviation of noise, its enlargement, the least that is a flake, radius and sigma of its fall, share of the
# image that stays as it is
SNOW = (
    (0.1, 0.3, 3.0, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)
# mean and deviation of noise, sigma that smooths it, the least that is liquid, strength of water or sigma of mud, mud
SPATTER = (
    (0.65, 0.3, 4, 0.69, 0.6, False),
    (0.65, 0.3, 3, 0.68, 0.6, False),
    (0.65, 0.3, 2, 0.68, 0.5, False),
    (0.65, 0.3, 1, 0.65, 1.5, True),
    (0.67, 0.4, 1, 0.65, 1.5, True),
)
# strength, sigma, how far the three points move: shares of 244, as published (and not of 224)
ELASTIC_TRANSFORM = tuple(
    tuple(244 * share for share in shares)
    for shares in ((2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02))
)
BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)
CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
# factor, addend
SATURATE = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))
PIXELATE = (0.6, 0.5, 0.4, 0.3, 0.25)
JPEG_QUALITY = (25, 18, 15, 10, 7)

# The fifteen that the benchmark's mean is over, with the mean error of AlexNet over the five severities on ImageNet-C.
ALEXNET_ERRORS = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}
# The benchmark's further four, which are not in its mean.
FURTHER = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
# Frost lies in photographs that are not ours. It is left out and not approximated: an error of another change under the
# same name would be compared.
NOT_MADE = ("frost",)
