import numpy as np

from unfade.ingest.repeats import RepeatDetector


def _letters(shifts):
    """The letters for a bright square at the given shifts in pixels, with compression noise."""
    noise = np.random.default_rng(1)
    meter = RepeatDetector()
    letters = ""
    for shift in shifts:
        proxy = np.full((72, 128, 3), 90.0)
        proxy[20:40, 30 + int(shift) : 50 + int(shift)] = 150
        proxy += noise.normal(0, 0.4, (72, 128, 1))
        letters += meter.add(proxy.round().astype(np.uint8))
    return letters


def test_a_second_compressed_copy_of_a_frame_is_a_repeat():
    assert _letters([0, 0, 1, 2, 2, 2, 3]) == ".r..rr."


def test_a_slow_change_is_not_a_repeat_forever():
    proxies = [np.full((72, 128, 3), 90 + step // 3, np.uint8) for step in range(9)]
    meter = RepeatDetector()
    assert "".join(meter.add(proxy) for proxy in proxies) == ".rr.rr.rr"
