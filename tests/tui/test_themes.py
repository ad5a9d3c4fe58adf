"""The hues of runs, as eyes of each kind see them."""

import math
from itertools import combinations

import pytest

from normlab.tui.themes import PALETTES

# Machado, Oliveira and Fernandes 2009, severity 1: linear RGB to linear RGB.
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip
# sRGB to XYZ over the white of D65.
XYZ = ((0.433953, 0.376219, 0.189828), (0.212673, 0.715152, 0.072175), (0.017758, 0.109477, 0.872765))


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def linear(color):
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def lab(color, eye):
    seen = [min(max(part, 0), 1) for part in times(EYES[eye], linear(color))]
    x, y, z = (v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in times(XYZ, seen))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one, other):
    low, high = sorted(times(XYZ, linear(color))[1] + 0.05 for color in (one, other))
    return high / low


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
def test_no_two_hues_look_alike_to_any_eye(name, eye):
    for one, other in combinations(PALETTES[name].hues, 2):
        assert math.dist(lab(one, eye), lab(other, eye)) > 15, (one, other)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_every_hue_stands_out_from_its_ground(palette):
    for hue in palette.hues:
        assert contrast(hue, palette.theme.background) >= 3, hue
        assert contrast(hue, palette.theme.surface) >= 2.8, hue
