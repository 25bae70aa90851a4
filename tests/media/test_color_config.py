"""Other OpenColorIO configs: built in, by file, and those that lack what is needed."""

from collections.abc import Iterator
from pathlib import Path

import PyOpenColorIO as ocio
import pytest
import torch

from unfade.color.ycbcr import luma
from unfade.errors import ProjectError
from unfade.film.working_space import PINNED_CONFIG, WORKING_SPACE
from unfade.media import (
    check_colorspace,
    config_in_use,
    read_picture,
    to_space,
    use_config,
    write_exr,
)
from unfade.project.color_config import color_config, config_to_share

VIEW = "ACES 2.0 - SDR 100 nits (Rec.709)"
OLDER = "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    use_config(PINNED_CONFIG)


def small_config(path: Path, *spaces: tuple[str, float]) -> str:
    """A config of pure powers."""
    config = ocio.Config.CreateRaw()
    for name, power in spaces:
        space = ocio.ColorSpace(name=name)
        transform = ocio.ExponentTransform([power, power, power, 1.0])
        transform.setNegativeStyle(ocio.NEGATIVE_MIRROR)
        space.setTransform(transform, ocio.COLORSPACE_DIR_TO_REFERENCE)
        config.addColorSpace(space)
    path.write_text(config.serialize())
    return str(path)


def test_names_are_those_of_the_config(tmp_path: Path) -> None:
    place = small_config(tmp_path / "house.ocio", (WORKING_SPACE, 2.4), ("House Log", 1.2))
    use_config(place)
    assert config_in_use() == place
    assert check_colorspace("house log") == "House Log"
    pixels = torch.full((3, 2, 2), 0.25)
    encoded = to_space(pixels, WORKING_SPACE, "House Log")
    torch.testing.assert_close(encoded, pixels**2, atol=1e-6, rtol=0)
    write_exr(tmp_path / "a.exr", pixels, colorspace="House Log", half=False)
    torch.testing.assert_close(read_picture(tmp_path / "a.exr", "House Log"), pixels)
    with pytest.raises(ProjectError, match=r"no colour space 'ACES2065-1'; .*'House Log'"):
        check_colorspace("ACES2065-1")


def test_older_aces_configs_call_the_working_space_otherwise() -> None:
    pixels = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = to_space(pixels, WORKING_SPACE, "ACES2065-1")
    use_config(OLDER)
    assert check_colorspace(WORKING_SPACE) == "Gamma 2.4 Rec.709 - Texture"
    found = to_space(pixels, WORKING_SPACE, "ACES2065-1")
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_config_without_the_working_space_is_refused(tmp_path: Path) -> None:
    place = small_config(tmp_path / "house.ocio", ("House Log", 1.2))
    with pytest.raises(ProjectError, match=r"house.ocio: has no colour space 'Gamma 2.4 Encoded"):
        use_config(place)
    assert config_in_use() == PINNED_CONFIG


def test_scene_light_comes_through_a_view_and_goes_back() -> None:
    chart = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.9 + 0.02
    use_config(PINNED_CONFIG, VIEW)
    for space in ("ACES2065-1", "ACEScct"):
        back = to_space(to_space(chart, WORKING_SPACE, space), space, WORKING_SPACE)
        torch.testing.assert_close(luma(back), luma(chart), atol=1e-4, rtol=0)
    grey = to_space(torch.full((3, 1, 1), 0.18), "ACES2065-1", WORKING_SPACE)
    linear_light = float(grey.mean()) ** 2.4
    assert linear_light == pytest.approx(0.10, abs=0.003)
    white = to_space(torch.ones(3, 1, 1), WORKING_SPACE, "ACES2065-1")
    assert float(white.mean()) == pytest.approx(128, rel=0.01)


def test_video_does_not_go_through_the_view() -> None:
    pixels = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = to_space(pixels, "sRGB Encoded Rec.709 (sRGB)", WORKING_SPACE)
    use_config(PINNED_CONFIG, VIEW)
    assert torch.equal(to_space(pixels, "sRGB Encoded Rec.709 (sRGB)", WORKING_SPACE), expected)


def test_a_view_that_is_not_there_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no view 'ACES 2 SDR' .* are 'ACES 2.0 - SDR 100"):
        use_config(PINNED_CONFIG, "ACES 2 SDR")
    place = small_config(tmp_path / "house.ocio", (WORKING_SPACE, 2.4))
    with pytest.raises(ProjectError, match=r"house.ocio: has no view 'Film' .* are none"):
        use_config(place, "Film")


@pytest.mark.parametrize("name", ["ocio://nope", "/nowhere/house.ocio"])
def test_a_config_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ProjectError, match=f"{name}: cannot be used as OpenColorIO config"):
        use_config(name)


def test_a_file_that_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "a.ocio").write_text("no: config")
    with pytest.raises(ProjectError, match=r"a.ocio: cannot be used as OpenColorIO config"):
        use_config(str(tmp_path / "a.ocio"))


def test_what_is_asked_for_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    assert color_config() == PINNED_CONFIG
    monkeypatch.setenv("OCIO", "/house/config.ocio")
    assert color_config() == "/house/config.ocio"
    assert color_config(OLDER) == OLDER
    assert config_to_share("/house/config.ocio") == "config.ocio"
    assert config_to_share(OLDER) == OLDER
