"""LUTs for other programs: OpenColorIO and two independent readers give what Unfade's own code
gives."""

from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import PyOpenColorIO as ocio
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import luma
from unfade.errors import ProjectError
from unfade.model.closed_form.lut import SmoothLut
from unfade.model.closed_form.rgb_lut import LOG_SHAPER, display_lut, log_lut, recoloured

NAMESPACE = {"clf": "http://www.smpte-ra.org/ns/2136-1/2024"}


@pytest.fixture(scope="module")
def chroma() -> SmoothLut:
    """A LUT of smooth, strong chroma."""
    axis = torch.linspace(0, 1, 33)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    return SmoothLut(0.15 * torch.stack([torch.sin(4 * red - blue), torch.cos(3 * green + red)]))


@pytest.fixture(scope="module")
def rgb() -> Tensor:
    """Colours (3, 40, 50) of all kinds, black and white among them."""
    colours = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(0))
    colours[:, 0, 0], colours[:, 0, 1] = 0.0, 1.0
    return colours


def through_opencolorio(path: Path, pixels: Tensor) -> Tensor:
    transform = ocio.FileTransform(src=str(path), interpolation=ocio.INTERP_LINEAR)
    processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    interleaved = pixels.permute(1, 2, 0).contiguous().numpy()
    processor.applyRGB(interleaved)
    return torch.from_numpy(interleaved).permute(2, 0, 1)


def through_ffmpeg(path: Path, pixels: Tensor) -> Tensor:
    """FFmpeg's filter lut3d, on frames of 32-bit floats."""
    height, width = pixels.shape[1:]
    frame = av.VideoFrame.from_ndarray(pixels.permute(1, 2, 0).numpy(), format="gbrpf32le")
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format="gbrpf32le", time_base="1/25")
    lut = graph.add("lut3d", f"file={path}:interp=trilinear")
    sink = graph.add("buffersink")
    source.link_to(lut)
    lut.link_to(sink)
    graph.configure()
    source.push(frame)
    return torch.from_numpy(sink.pull().to_ndarray()).permute(2, 0, 1)


def through_scipy(values: np.ndarray, pixels: Tensor) -> Tensor:
    """Values (N, N, N, 3) at each red, green, blue, interpolated by SciPy."""
    axis = np.linspace(0, 1, len(values))
    interpolated = RegularGridInterpolator((axis,) * 3, values)(pixels.permute(1, 2, 0).numpy())
    return torch.from_numpy(interpolated).permute(2, 0, 1).float()


@pytest.mark.parametrize("nodes", [33, 65])
def test_a_cube_is_our_own_lut_in_opencolorio_and_ffmpeg(
    tmp_path: Path, chroma: SmoothLut, rgb: Tensor, nodes: int
) -> None:
    path = tmp_path / "film.cube"
    media.write_lut(path, chroma, "Film", nodes)
    own = display_lut(chroma, nodes)(rgb)
    assert float((own - rgb).abs().max()) > 0.1
    torch.testing.assert_close(through_opencolorio(path, rgb), own, rtol=0, atol=1e-4)
    torch.testing.assert_close(through_ffmpeg(path, rgb), own, rtol=0, atol=1e-4)


def test_a_cube_keeps_luma_and_has_the_chroma_of_the_baseline(
    tmp_path: Path, chroma: SmoothLut, rgb: Tensor
) -> None:
    path = tmp_path / "film.cube"
    media.write_lut(path, chroma, "Film")
    written = through_opencolorio(path, rgb)
    torch.testing.assert_close(luma(written), luma(rgb), rtol=0, atol=1e-5)
    direct = recoloured(chroma, rgb)
    limited = (display_lut(chroma, 33)(rgb) - direct).abs().amax(dim=0) > 1e-5
    assert 0 < float(limited.float().mean()) < 0.5, "where chroma is limited nodes may differ"
    torch.testing.assert_close(written[:, ~limited], direct[:, ~limited], rtol=0, atol=1e-4)


def test_a_clf_is_our_own_lut_also_in_highlights(
    tmp_path: Path, chroma: SmoothLut, rgb: Tensor
) -> None:
    path = tmp_path / "film.clf"
    media.write_lut(path, chroma, "Film")
    light = LOG_SHAPER.to_light(rgb)
    assert float(light.max()) > 10
    own = LOG_SHAPER.to_light(log_lut(chroma, 65)(LOG_SHAPER.to_log(light)))
    written = through_opencolorio(path, light)
    torch.testing.assert_close(written, own, rtol=1e-4, atol=1e-4)


def test_a_clf_is_read_without_opencolorio(tmp_path: Path, chroma: SmoothLut, rgb: Tensor) -> None:
    path = tmp_path / "film.clf"
    media.write_lut(path, chroma, 'The "Film" & more')
    root = ElementTree.parse(path).getroot()
    assert root.get("name") == 'The "Film" & more'
    first, lut, last = (
        node
        for node in root
        if node.find("clf:LogParams", NAMESPACE) is not None
        or node.find("clf:Array", NAMESPACE) is not None
    )
    assert [first.get("style"), last.get("style")] == ["linToLog", "logToLin"]
    parameters = first.find("clf:LogParams", NAMESPACE)
    array = lut.find("clf:Array", NAMESPACE)
    assert parameters is not None
    assert array is not None
    assert array.text is not None
    base, slope, offset, log_slope = (
        float(parameters.get(name, "nan"))
        for name in ("base", "linSideSlope", "linSideOffset", "logSideSlope")
    )
    values = np.array(array.text.split(), dtype=float).reshape(65, 65, 65, 3)
    assert np.isfinite(values).all()
    light = LOG_SHAPER.to_light(rgb)
    log = log_slope * (slope * light + offset).log() / np.log(base)
    recovered = through_scipy(values, log.clamp(0, 1))
    own = log_lut(chroma, 65)(LOG_SHAPER.to_log(light))
    torch.testing.assert_close(recovered, own, rtol=0, atol=1e-4)


def test_other_formats_and_numbers_of_nodes_are_refused(tmp_path: Path, chroma: SmoothLut) -> None:
    with pytest.raises(ProjectError, match=r"film\.3dl: a LUT is written as \.cube or \.clf"):
        media.write_lut(tmp_path / "film.3dl", chroma, "Film")
    with pytest.raises(ProjectError, match=r"17 nodes are not offered for \.cube; use 33 or 65"):
        media.write_lut(tmp_path / "film.cube", chroma, "Film", 17)
    with pytest.raises(ProjectError, match=r"33 nodes are not offered for \.clf; use 65"):
        media.write_lut(tmp_path / "film.clf", chroma, "Film", 33)
    assert not list(tmp_path.iterdir())
