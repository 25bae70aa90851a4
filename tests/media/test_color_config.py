"""Other OpenColorIO configs: built in, from a file, and configs that lack a needed space or
view."""

import ast
import inspect
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import PyOpenColorIO as ocio
import pytest
import torch
from torch import Tensor

import unfade
from unfade import media
from unfade.color.ycbcr import luma
from unfade.errors import ProjectError
from unfade.film.working_space import PINNED_CONFIG, WORKING_SPACE
from unfade.media import (
    check_colorspace,
    check_config,
    read_picture,
    to_space,
    write_exr,
)
from unfade.project.color_config import ColorManagement, color_config, config_to_share

VIEW = "ACES 2.0 - SDR 100 nits (Rec.709)"
OLDER = "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1"


def small_config(path: Path, *spaces: tuple[str, float]) -> str:
    """A config whose spaces are pure power functions."""
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
    path = small_config(tmp_path / "house.ocio", (WORKING_SPACE, 2.4), ("House Log", 1.2))
    house = ColorManagement(path)
    check_config(house)
    assert check_colorspace("house log", house) == "House Log"
    pixels = torch.full((3, 2, 2), 0.25)
    encoded = to_space(pixels, WORKING_SPACE, "House Log", house)
    torch.testing.assert_close(encoded, pixels**2, atol=1e-6, rtol=0)
    write_exr(tmp_path / "a.exr", pixels, colorspace="House Log", colors=house, half=False)
    converted = read_picture(tmp_path / "a.exr", "House Log", colors=house)
    torch.testing.assert_close(converted, pixels)
    with pytest.raises(ProjectError, match=r"no colour space 'ACES2065-1'; .*'House Log'"):
        check_colorspace("ACES2065-1", house)


def test_older_aces_configs_have_another_name_for_the_working_space() -> None:
    pixels = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = to_space(pixels, WORKING_SPACE, "ACES2065-1")
    older = ColorManagement(OLDER)
    assert check_colorspace(WORKING_SPACE, older) == "Gamma 2.4 Rec.709 - Texture"
    converted = to_space(pixels, WORKING_SPACE, "ACES2065-1", older)
    torch.testing.assert_close(converted, expected, atol=1e-5, rtol=0)


def test_a_config_without_the_working_space_is_refused(tmp_path: Path) -> None:
    path = small_config(tmp_path / "house.ocio", ("House Log", 1.2))
    with pytest.raises(ProjectError, match=r"house.ocio: has no colour space 'Gamma 2.4 Encoded"):
        check_config(ColorManagement(path))


def test_scene_light_goes_through_the_view_and_back() -> None:
    chart = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.9 + 0.02
    colors = ColorManagement(view=VIEW)
    for space in ("ACES2065-1", "ACEScct"):
        back = to_space(to_space(chart, WORKING_SPACE, space, colors), space, WORKING_SPACE, colors)
        torch.testing.assert_close(luma(back), luma(chart), atol=1e-4, rtol=0)
    grey = to_space(torch.full((3, 1, 1), 0.18), "ACES2065-1", WORKING_SPACE, colors)
    linear_light = float(grey.mean()) ** 2.4
    assert linear_light == pytest.approx(0.10, abs=0.003)
    white = to_space(torch.ones(3, 1, 1), WORKING_SPACE, "ACES2065-1", colors)
    assert float(white.mean()) == pytest.approx(128, rel=0.01)


def test_video_does_not_go_through_the_view() -> None:
    pixels = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = to_space(pixels, "sRGB Encoded Rec.709 (sRGB)", WORKING_SPACE)
    viewed = to_space(
        pixels, "sRGB Encoded Rec.709 (sRGB)", WORKING_SPACE, ColorManagement(view=VIEW)
    )
    assert torch.equal(viewed, expected)


def test_an_unknown_view_gets_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no view 'ACES 2 SDR' .* are 'ACES 2.0 - SDR 100"):
        check_config(ColorManagement(view="ACES 2 SDR"))
    path = small_config(tmp_path / "house.ocio", (WORKING_SPACE, 2.4))
    with pytest.raises(ProjectError, match=r"house.ocio: has no view 'Film' .* are none"):
        check_config(ColorManagement(path, "Film"))


@pytest.mark.parametrize("name", ["ocio://nope", "/nowhere/house.ocio"])
def test_a_missing_config_is_named(name: str) -> None:
    with pytest.raises(ProjectError, match=f"{name}: cannot be used as OpenColorIO config"):
        check_config(ColorManagement(name))


def test_a_file_that_is_not_a_config(tmp_path: Path) -> None:
    (tmp_path / "a.ocio").write_text("no: config")
    with pytest.raises(ProjectError, match=r"a.ocio: cannot be used as OpenColorIO config"):
        check_config(ColorManagement(str(tmp_path / "a.ocio")))


def test_film_toml_overrules_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    assert color_config() == PINNED_CONFIG
    monkeypatch.setenv("OCIO", "/house/config.ocio")
    assert color_config() == "/house/config.ocio"
    assert color_config(OLDER) == OLDER
    assert config_to_share("/house/config.ocio") == "config.ocio"
    assert config_to_share(OLDER) == OLDER


def test_two_configs_in_one_process_give_each_film_its_own_pixels(tmp_path: Path) -> None:
    steep = ColorManagement(small_config(tmp_path / "a.ocio", (WORKING_SPACE, 2.4), ("Log", 1.2)))
    plain = ColorManagement(small_config(tmp_path / "b.ocio", (WORKING_SPACE, 2.4), ("Log", 2.4)))
    pixels = torch.full((3, 16, 16), 0.25)

    def encoded(colors: ColorManagement) -> Tensor:
        return to_space(pixels, WORKING_SPACE, "Log", colors)

    for colors, value in ((steep, 0.0625), (plain, 0.25), (steep, 0.0625)):
        torch.testing.assert_close(encoded(colors), torch.full_like(pixels, value))
    with ThreadPoolExecutor(2) as pool:
        films = [steep, plain] * 200
        for colors, converted in zip(films, pool.map(encoded, films), strict=True):
            assert float(converted.mean()) == pytest.approx(0.0625 if colors is steep else 0.25)


def test_a_config_that_changed_under_its_path_is_read_again(tmp_path: Path) -> None:
    pixels = torch.full((3, 2, 2), 0.25)
    for power, fingerprint in ((1.2, "a"), (2.4, "b")):
        path = small_config(tmp_path / "house.ocio", (WORKING_SPACE, 2.4), ("Log", power))
        colors = ColorManagement(path, fingerprint=fingerprint)
        converted = to_space(pixels, WORKING_SPACE, "Log", colors)
        torch.testing.assert_close(converted, pixels ** (2.4 / power))


def test_every_call_of_media_names_its_config() -> None:
    """The default config is for scripts and for pictures in the working space only."""
    functions = {
        name
        for name in media.__all__
        if inspect.isfunction(getattr(media, name))
        and "colors" in inspect.signature(getattr(media, name)).parameters
    }
    assert {"probe", "read", "read_picture", "to_space", "write_exr"} <= functions
    for path in Path(unfade.__file__).parent.rglob("*.py"):
        if "media" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call):
                called = ast.unparse(call.func).removeprefix("media.")
                arguments = [ast.unparse(node) for node in (*call.args, *call.keywords)]
                if called in ("partial", "write_later"):
                    called = arguments[0].removeprefix("media.")
                if called in functions:
                    is_named = any(
                        "colors" in text or text.endswith("WORKING_SPACE") for text in arguments
                    )
                    assert is_named or "PINNED" in arguments, f"{path}: {ast.unparse(call)}"
