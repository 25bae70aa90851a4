"""OpenEXR's own bindings read the same pixels and tags from a master that were written."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch

from unfade.film.working_space import WORKING_SPACE
from unfade.media import FrameTags, to_space, write_exr

Write = Callable[..., Path]

TAGS = FrameTags(
    rate=Fraction(24000, 1001),
    pixel_aspect=Fraction(16, 11),
    timecode="01:02:03:04",
    captured="1999:12:31 23:59:58",
)


@pytest.mark.parametrize(
    "settings",
    [{"compression": "zip"}, {"compression": "none", "strict": True}],
    ids=["zip", "strict"],
)
def test_an_exr_master_has_equal_pixels_and_tags(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    pixels = torch.rand(3, 33, 47, generator=torch.Generator().manual_seed(1)) * 4 - 0.1
    path = tmp_path / "a.exr"
    entries = {"unfade:model": "0123456789ab", "unfade:frame": 1245}
    write_exr(path, pixels, colorspace="ACES2065-1", metadata=entries, tags=TAGS, **settings)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        header, channels = file.header(), file.channels()
        expected = to_space(pixels, WORKING_SPACE, "ACES2065-1").half().numpy()
        for channel, name in enumerate("RGB"):
            assert channels[name].pixels.dtype == np.float16
            np.testing.assert_array_equal(channels[name].pixels, expected[channel])
        ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)  # SMPTE ST 2065-1
        np.testing.assert_allclose(np.ravel(header["chromaticities"]), ap0, atol=1e-6)
        assert header["pixelAspectRatio"] == pytest.approx(16 / 11)
        assert header["framesPerSecond"] == Fraction(24000, 1001)
        code = header["timeCode"]
        assert (code.hours, code.minutes, code.seconds, code.frame) == (1, 2, 3, 4)
        assert header["capDate"] == TAGS.captured
        assert (header["unfade:model"], header["unfade:frame"]) == ("0123456789ab", 1245)
        assert header.get("acesImageContainerFlag") == (1 if settings.get("strict") else None)
