"""The chroma model: what it keeps, where it starts, and its file."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unfade.color.balance import balance
from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.errors import WorkError
from unfade.film.balance import IDENTITY_BALANCE, Balance
from unfade.model import (
    ChromaModel,
    ResidualNetworks,
    load_baseline,
    load_model,
    save_baseline,
    save_model,
)
from unfade.model.chroma_model import CONTEXT_WIDTH
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.features import COUNT, features
from unfade.model.files import BASELINE_SCHEMA, MODEL_SCHEMA
from unfade.model.raster import RASTER_WIDTH, enlarge, raster_factor, shrink, stretch

GRADE = Balance(lift=(-0.3, 0.02, -0.1), gamma=(0.9, 1.1, 1.0), gain=(1.1, 1.0, 1.05))


def law(seed: int) -> Law:
    """One whose LUTs are not alike."""
    turn = torch.tensor([[0.5, 0.3, 0.2], [0.4, -0.4, 0.1], [0.1, 0.2, -0.6]])
    axes = Axes(turn, torch.tensor([[0.0], [0.4], [0.5]]))
    return Law(SmoothLut(nodes(seed)), SpreadLut(SmoothLut(nodes(seed + 100)), axes))


def nodes(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 2, 3, 3, 3, generator=generator) * 0.4 - 0.2
    return torch.nn.functional.interpolate(
        coarse, size=(NODES, NODES, NODES), mode="trilinear", align_corners=True
    )[0]


LAWS = Laws(law(0), {2: law(2)}, torch.zeros(3, 3))


@pytest.fixture
def model() -> ChromaModel:
    torch.manual_seed(0)
    return ChromaModel("small", LAWS, ResidualNetworks("small"), grade=GRADE)


@pytest.fixture
def awake(model: ChromaModel) -> ChromaModel:
    """A model whose network says something."""
    torch.nn.init.normal_(model.residual.memory.weights[-1], std=0.2)
    torch.nn.init.normal_(model.residual.context.weights[-1], std=0.2)
    return model


def frame(height: int = 64, width: int = 80) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    coarse = torch.rand(1, 3, 6, 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")[0]


def test_guesses_on_a_coarser_raster_are_those_of_its_pixels(awake: ChromaModel) -> None:
    """Nothing is familiar; every pixel of the coarse raster is four of the fine one."""
    wide = frame(32, CONTEXT_WIDTH).repeat_interleave(2, 1).repeat_interleave(2, 2)
    seen = awake.inputs(wide, 2)
    coarse = shrink(seen.features, 2)
    with torch.no_grad():
        guessed = awake.residual.context_chroma(coarse.flatten(1).T).T.reshape(2, *coarse.shape[1:])
    said = awake.predict_on_raster(seen) - seen.base_cbcr
    torch.testing.assert_close(said, stretch(guessed, 2, 64, 2 * CONTEXT_WIDTH))
    assert float(guessed.std()) > 0.001


def test_features_are_counted(model: ChromaModel) -> None:
    assert model.inputs(frame(), 1).features.shape == (COUNT, 64, 80)


def test_untrained_it_is_its_laws(model: ChromaModel) -> None:
    source_rgb = frame().clamp(0.3, 0.7)
    predicted = model.predict_on_raster(model.inputs(source_rgb, 2))
    torch.testing.assert_close(predicted, model.laws(source_rgb, 2))


def test_networks_see_a_film_through_its_balance_and_the_closed_form_does_not(
    awake: ChromaModel,
) -> None:
    unbalanced = replace(awake, grade=IDENTITY_BALANCE)
    for shot in (1, 2):
        seen, plain = awake.inputs(frame(), shot), unbalanced.inputs(frame(), shot)
        assert torch.equal(seen.base_cbcr, plain.base_cbcr)
        balanced_rgb = balance(frame(), GRADE)
        shown = features(balanced_rgb, balanced_rgb, plain.base_cbcr, placed=False)
        assert torch.equal(seen.features, shown)
        assert not torch.equal(seen.features, plain.features)


def test_light_is_never_negative_and_luma_is_the_source_s(awake: ChromaModel) -> None:
    source_rgb = frame().clamp_min(0) * 1.8
    y = luma(source_rgb)
    recovered = ycbcr_to_rgb(torch.cat([y, awake.predict(source_rgb, 2)]))
    assert float(source_rgb.max()) > 1.2
    assert float(recovered.min()) > -1e-6
    torch.testing.assert_close(luma(recovered), y, atol=1e-6, rtol=0)


def test_a_highlight_keeps_the_hue_that_it_has_below_white(model: ChromaModel) -> None:
    flat = torch.tensor([1.0, 0.8, 0.7])[:, None, None].expand(3, 32, 32)
    for shot in (1, 2):
        below, above = model.predict(flat, shot), model.predict(flat * 4, shot)
        torch.testing.assert_close(above, below * 4, atol=1e-5, rtol=1e-4)


def test_the_same_frame_in_small_parts_is_the_same(
    awake: ChromaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = awake.predict(frame(), 1)
    monkeypatch.setattr("unfade.model.chroma_model.PIXELS_AT_ONCE", 1000)
    torch.testing.assert_close(awake.predict(frame(), 1), whole, atol=1e-6, rtol=0)


def test_wide_pictures_are_coloured_on_a_smaller_raster() -> None:
    assert raster_factor(RASTER_WIDTH) == 1
    assert raster_factor(2048) == 3
    assert raster_factor(4096) == 5


def test_a_balanced_film_is_enlarged_along_the_luma_of_the_scan(awake: ChromaModel) -> None:
    light, dark = torch.tensor([0.75, 0.4, 0.45]), torch.tensor([0.35, 0.15, 0.2])
    is_dark = (torch.arange(RASTER_WIDTH // 2 + 20) // 8) % 2 == 0
    stripes = torch.where(is_dark, dark[:, None], light[:, None])
    small_rgb = stripes[:, None].expand(3, 32, -1)

    def doubled(planes: torch.Tensor) -> torch.Tensor:
        return planes.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)

    seen = awake.inputs_of_frame(doubled(small_rgb), 2)
    apart = awake.predict_from(doubled(small_rgb), seen) - doubled(awake.predict_on_raster(seen))
    assert float(apart.abs().max()) < 0.004


def test_enlarged_chroma_follows_the_edges_of_luma() -> None:
    y = torch.full((1, 40, 40), 0.2)
    y[..., 19:] = 0.8
    cbcr = (y - 0.5).repeat(2, 1, 1) * 0.4
    enlarged = enlarge(shrink(cbcr, 2), shrink(y, 2), y, 2)
    assert float((enlarged - cbcr).abs().max()) < 0.02


def test_odd_sizes_are_enlarged_to_what_they_were() -> None:
    y = frame(41, 63)[:1]
    cbcr = frame(41, 63)[:2]
    assert enlarge(shrink(cbcr, 2), shrink(y, 2), y, 2).shape == (2, 41, 63)


def test_a_model_file_describes_itself_and_comes_back(tmp_path: Path, awake: ChromaModel) -> None:
    place = tmp_path / "model.safetensors"
    model_id = save_model(place, awake, {"film": "Reel"})
    assert len(model_id) == 12
    assert MODEL_SCHEMA.encode() in place.read_bytes()
    torch.testing.assert_close(load_model(place).predict(frame(), 2), awake.predict(frame(), 2))
    assert save_model(place, awake, {"film": "Reel"}) == model_id


def test_a_baseline_file_comes_back(tmp_path: Path, model: ChromaModel) -> None:
    place = tmp_path / "baseline.safetensors"
    save_baseline(place, model.laws.baseline)
    loaded = load_baseline(place)
    torch.testing.assert_close(loaded.predict(frame(), 2), model.laws.baseline.predict(frame(), 2))


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("a pickle was executed",))

    place = tmp_path / "model.safetensors"
    place.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WorkError, match=r"model\.safetensors: cannot be read"):
        load_model(place)


def test_a_baseline_is_not_taken_for_a_model(tmp_path: Path, model: ChromaModel) -> None:
    place = tmp_path / "baseline.safetensors"
    save_baseline(place, model.laws.baseline)
    with pytest.raises(WorkError, match=f"it holds {BASELINE_SCHEMA}, expected {MODEL_SCHEMA}"):
        load_model(place)
