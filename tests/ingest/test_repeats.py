import numpy as np

from unfade.ingest.repeats import RepeatMeter


def _letters(shifts):
    """Of a bright square on noise of compression, moved by so many pixels."""
    noise = np.random.default_rng(1)
    meter = RepeatMeter()
    letters = ""
    for shift in shifts:
        proxy = np.full((72, 128, 3), 90.0)
        proxy[20:40, 30 + int(shift) : 50 + int(shift)] = 150
        proxy += noise.normal(0, 0.4, (72, 128, 1))
        letters += meter.add(proxy.round().astype(np.uint8))
    return letters


def test_a_frame_that_was_compressed_twice_is_a_repeat():
    assert _letters([0, 0, 1, 2, 2, 2, 3]) == ".r..rr."


def test_a_slow_change_adds_up():
    proxies = [np.full((72, 128, 3), 90 + step // 3, np.uint8) for step in range(9)]
    meter = RepeatMeter()
    assert "".join(meter.add(proxy) for proxy in proxies) == ".rr.rr.rr"
