import cv2
import numpy as np
import pytest

from unfade.align.measure.weight import confidence

from ..fixtures import LUMA

HEIGHT, WIDTH = 360, 640


def _warped(scene):
    size = (WIDTH, HEIGHT)
    colour = cv2.warpPerspective(
        scene.dvd, scene.dvd_to_scan, size, borderMode=cv2.BORDER_REPLICATE
    )
    whole = np.full(scene.dvd.shape[:2], 255, np.uint8)
    return colour, cv2.warpPerspective(whole, scene.dvd_to_scan, size) == 255


@pytest.mark.parametrize("number", [0, 2, 3])
def test_agreement_gives_high_confidence_and_uncovered_pixels_none(scenes, number):
    colour, inside = _warped(scenes[number])
    weight = confidence(scenes[number].scan @ LUMA, colour, inside)
    assert weight[inside].mean() > 0.9
    assert not weight[~inside].any()
    assert weight.min() >= 0.0
    assert weight.max() <= 1.0


def test_a_subtitle_has_no_confidence(scenes, subtitle_mask):
    colour, inside = _warped(scenes[1])
    weight = confidence(scenes[1].scan @ LUMA, colour, inside)
    assert weight[subtitle_mask].mean() < 0.03
    far = cv2.dilate(subtitle_mask.astype(np.uint8), np.ones((41, 41))) == 0
    assert weight[far & inside].mean() > 0.9


def test_flat_areas_with_grain_have_high_confidence():
    noise = np.random.default_rng(4)
    ramp = np.linspace(0.2, 0.7, WIDTH, dtype=np.float32)[None].repeat(HEIGHT, 0)
    colour = np.stack([ramp, ramp * 0.8, ramp * 0.6], axis=2)
    source = 0.3 + 0.5 * ramp**1.5 + noise.normal(0, 0.03, ramp.shape).astype(np.float32)
    weight = confidence(source, colour, np.ones(ramp.shape, bool))
    assert weight[4:-4, 4:-4].mean() > 0.95


def test_dust_on_the_source_has_no_confidence(scenes):
    colour, inside = _warped(scenes[0])
    source = scenes[0].scan @ LUMA
    source[200:212, 300:312] = 0.02
    weight = confidence(source, colour, inside)
    assert weight[203:209, 303:309].max() < 0.1
