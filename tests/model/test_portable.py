"""TorchScript and ONNX of a shot give the model's colour, at any size, highlights included."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import DyeBalance
from unfade.model import ChromaModel, load_model, save_model
from unfade.model.portable.files import INPUT, write_shots

from ..fixtures import soft_shapes, write_small_model

TOLERANCE = 1e-3
"""Of R'G'B' of range 1, that of the project's hand-over."""

HALF_TOLERANCE = 1.5e-3
"""The same, plus half a step of half floats between 1 and 2."""

SHOTS = (1, 2, 3, 4)
"""Shots of networks, LUT and law, and one without a law of its own."""

SIZES = ((48, 64), (36, 640), (90, 1100))
"""Heights and widths: all rasters alike, networks on a coarser raster, three rasters."""


@pytest.fixture(scope="module")
def model(shared_folder: Path) -> ChromaModel:
    write_small_model(shared_folder / "model.safetensors")
    model = load_model(shared_folder / "model.safetensors")
    write_shots(model, {shot: shared_folder / f"film_{shot}" for shot in SHOTS})
    return model


def scan(height: int, width: int) -> Tensor:
    """A frame with colours, grain, highlights up to 1.4, and a component below zero."""
    generator = torch.Generator().manual_seed(height)
    grain = 0.01 * torch.randn(3, height, width, generator=generator)
    rgb = (
        1.3 * soft_shapes(5, (3, 4, 8), height, width) * torch.tensor([1, 0.7, 0.75])[:, None, None]
    )
    rgb = rgb.clamp_min(0.0) + grain
    assert rgb.max() > 1.1
    assert rgb.min() < 0
    return rgb


@pytest.fixture(scope="module")
def scripted(model: ChromaModel, shared_folder: Path) -> Mapping[int, torch.jit.ScriptModule]:
    """The models of shots as TorchScript, which no test changes."""
    return {shot: load(shared_folder / f"film_{shot}.pt") for shot in SHOTS}


@pytest.fixture(scope="module")
def sessions(model: ChromaModel, shared_folder: Path) -> Mapping[int, onnxruntime.InferenceSession]:
    """The models of shots as ONNX."""
    return {
        shot: onnxruntime.InferenceSession(shared_folder / f"film_{shot}.onnx") for shot in SHOTS
    }


def load(path: Path) -> torch.jit.ScriptModule:
    """A model as a program with an older torch loads it; torch itself calls TorchScript old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted: torch.jit.ScriptModule = torch.jit.load(path)
    return scripted


def recovered(model: ChromaModel, source_rgb: Tensor, shot: int) -> Tensor:
    return ycbcr_to_rgb(torch.cat([luma(source_rgb), model.predict(source_rgb, shot)]))


@pytest.mark.parametrize("shot", SHOTS)
@pytest.mark.parametrize("size", SIZES)
def test_torchscript_and_onnx_give_the_models_colour(
    model: ChromaModel,
    scripted: Mapping[int, torch.jit.ScriptModule],
    sessions: Mapping[int, onnxruntime.InferenceSession],
    shot: int,
    size: tuple[int, int],
) -> None:
    source_rgb = scan(*size)
    expected = recovered(model, source_rgb, shot)
    assert float((expected - source_rgb).abs().mean()) > 0.02
    with torch.no_grad():
        by_torch = scripted[shot](source_rgb[None])[0]
    by_onnx = torch.from_numpy(sessions[shot].run(None, {INPUT: source_rgb[None].numpy()})[0])[0]
    for result in (by_torch, by_onnx):
        torch.testing.assert_close(result, expected, atol=TOLERANCE, rtol=0)
        torch.testing.assert_close(luma(result), luma(source_rgb), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("shot", SHOTS)
def test_a_model_of_half_floats_gives_the_same_in_half_floats(
    model: ChromaModel, shared_folder: Path, shot: int
) -> None:
    """All weights are converted, as Nuke does for "Optimize for Speed and Memory"."""
    source_rgb = scan(48, 64).half()
    scripted = load(shared_folder / f"film_{shot}.pt").half()
    with torch.no_grad():
        result = scripted(source_rgb[None])[0]
    assert result.dtype == torch.float16
    expected = recovered(model, source_rgb.float(), shot)
    torch.testing.assert_close(result.float(), expected, atol=HALF_TOLERANCE, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 2), (7, 530), (530, 7)])
def test_small_and_narrow_frames_have_a_result(
    model: ChromaModel,
    scripted: Mapping[int, torch.jit.ScriptModule],
    height: int,
    width: int,
) -> None:
    source_rgb = soft_shapes(1, (3, 2, 2), height, width).clamp(0.1, 0.9)
    with torch.no_grad():
        result = scripted[4](source_rgb[None])[0]
    torch.testing.assert_close(result, recovered(model, source_rgb, 4), atol=TOLERANCE, rtol=0)


def test_values_that_are_no_numbers_do_not_end_the_program(
    scripted: Mapping[int, torch.jit.ScriptModule],
) -> None:
    source_rgb = torch.full((1, 3, 8, 8), 0.5)
    source_rgb[0, :, 0] = torch.tensor([np.nan, np.inf, -np.inf])[:, None]
    with torch.no_grad():
        result = scripted[1](source_rgb)
    assert torch.isfinite(result).all()


def test_a_balance_of_dyes_is_written_too(tmp_path: Path) -> None:
    write_small_model(tmp_path / "model.safetensors")
    model = load_model(tmp_path / "model.safetensors")
    rows = ((1.5, -0.3, 0.0, 0.1), (0.0, 1.0, 0.1, 0.0), (-0.2, 0.0, 2.0, 0.3))
    grade = DyeBalance(lost=(0.3, 0.0, 0.5), log_map=rows)
    save_model(tmp_path / "dyed.safetensors", replace(model, grade=grade), {})
    dyed = load_model(tmp_path / "dyed.safetensors")
    assert dyed.grade == grade
    write_shots(dyed, {1: tmp_path / "film"})
    source_rgb = scan(48, 64)
    with torch.no_grad():
        result = load(tmp_path / "film.pt")(source_rgb[None])[0]
    expected = recovered(dyed, source_rgb, 1)
    assert not torch.allclose(expected, recovered(model, source_rgb, 1), atol=10 * TOLERANCE)
    torch.testing.assert_close(result, expected, atol=TOLERANCE, rtol=0)


def test_a_film_without_grain_and_general_law_is_written_too(tmp_path: Path) -> None:
    write_small_model(tmp_path / "model.safetensors", grain=0.0, with_general=False)
    model = load_model(tmp_path / "model.safetensors")
    write_shots(model, {1: tmp_path / "film"})
    source_rgb = scan(48, 64)
    with torch.no_grad():
        result = load(tmp_path / "film.pt")(source_rgb[None])[0]
    torch.testing.assert_close(result, recovered(model, source_rgb, 1), atol=TOLERANCE, rtol=0)


def test_files_hold_no_paths_and_onnx_is_valid(model: ChromaModel, shared_folder: Path) -> None:
    here = str(Path(__file__).parents[2]).encode()
    for suffix in (".pt", ".onnx"):
        content = (shared_folder / f"film_1{suffix}").read_bytes()
        assert here not in content
    onnx.checker.check_model(shared_folder / "film_1.onnx", full_check=True)
