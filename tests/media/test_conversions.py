"""Conversions for OpenColorIO in other programs are those of Unfade."""

from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio
import pytest
import torch

from unfade.film.working_space import WORKING_SPACE
from unfade.media import to_space, write_conversion
from unfade.project.color_config import PINNED, ColorManagement

VIEW = ColorManagement(PINNED.config, "ACES 2.0 - SDR 100 nits (Rec.709)")


@pytest.mark.parametrize(
    ("space", "colors", "suffix"),
    [
        ("ACES2065-1", PINNED, ".clf"),
        ("ACEScct", PINNED, ".clf"),
        ("Rec.1886 Rec.709 - Display", PINNED, ".clf"),
        ("ACES2065-1", VIEW, ".ctf"),
    ],
)
def test_a_file_converts_as_unfade_does(
    space: str, colors: ColorManagement, suffix: str, tmp_path: Path
) -> None:
    name = write_conversion(tmp_path / "from", space, colors)
    assert name == f"from{suffix}"
    path = tmp_path / name
    assert WORKING_SPACE in path.read_text(encoding="utf-8")
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1
    expected = to_space(picture, space, WORKING_SPACE, colors)
    ocio.ClearAllCaches()
    processor = ocio.Config.CreateRaw().getProcessor(ocio.FileTransform(src=str(path)))
    pixels = np.array(picture.permute(1, 2, 0).numpy(), order="C", copy=True)
    processor.getDefaultCPUProcessor().applyRGB(pixels)
    converted = torch.from_numpy(pixels).permute(2, 0, 1)
    torch.testing.assert_close(converted, expected, atol=2e-4, rtol=1e-4)


def test_the_working_space_needs_no_conversion(tmp_path: Path) -> None:
    assert write_conversion(tmp_path / "from", WORKING_SPACE, PINNED) is None
    assert not list(tmp_path.iterdir())
