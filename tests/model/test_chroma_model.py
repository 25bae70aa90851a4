"""The chroma model: luma and highlights, the untrained model, and its file."""

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
from unfade.model.chroma_model import ERROR_STRIDE_PX, UNPAIRED_GAIN
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.degrain import degrain
from unfade.model.features import CHROMA_GAIN, FEATURE_COUNT, features
from unfade.model.files import BASELINE_SCHEMA, MODEL_SCHEMA
from unfade.model.raster import (
    NETWORK_WIDTH_PX,
    RASTER_WIDTH_PX,
    enlarge_along,
    guided_upsample,
    network_factor,
    raster_factor,
    to_raster,
)
from unfade.model.resample import downsample, upsample
from unfade.model.uncertainty import Uncertainty

from ..fixtures import soft_shapes

GRADE = Balance(lift=(-0.3, 0.02, -0.1), gamma=(0.9, 1.1, 1.0), gain=(1.1, 1.0, 1.05))


def law(seed: int) -> Law:
    """A law with two different LUTs."""
    matrix = torch.tensor([[0.5, 0.3, 0.2], [0.4, -0.4, 0.1], [0.1, 0.2, -0.6]])
    axes = Axes(matrix, torch.tensor([[0.0], [0.4], [0.5]]))
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
def trained(model: ChromaModel) -> ChromaModel:
    """A model whose networks have a residual that is not zero."""
    torch.nn.init.normal_(model.residual.memory.weights[-1], std=0.2)
    torch.nn.init.normal_(model.residual.context.weights[-1], std=0.2)
    return model


def frame(height: int = 64, width: int = 80) -> torch.Tensor:
    return soft_shapes(5, (3, 6, 8), height, width)


@pytest.mark.parametrize(("near", "network"), [(-1.0, "context"), (1e6, "memory")])
@pytest.mark.parametrize(("height", "width"), [(64, 2 * NETWORK_WIDTH_PX), (41, 999)])
def test_networks_predict_on_their_raster(
    trained: ChromaModel, near: float, network: str, height: int, width: int
) -> None:
    """Their residual is enlarged along luma and the closed form, which has full detail."""
    trained.residual.familiarity.near.fill_(near)
    trained.residual.familiarity.far.fill_(near + 0.5)
    inputs = trained.inputs(frame(height, width), 2)
    planes = inputs.networks.features
    assert planes.shape == (FEATURE_COUNT, -(-height // 2), -(-width // 2))
    with torch.no_grad():
        predict = getattr(trained.residual, f"{network}_chroma")
        small_cbcr = predict(planes.flatten(1).T).T.reshape(2, *planes.shape[1:])
    residual_cbcr = trained.predict_on_raster(inputs) - inputs.base_cbcr
    guide = torch.cat([inputs.y, inputs.base_cbcr * CHROMA_GAIN])
    expected = enlarge_along(small_cbcr, downsample(guide, 2), guide, 2)
    torch.testing.assert_close(residual_cbcr, expected, atol=1e-5, rtol=1e-3)
    assert float((downsample(residual_cbcr, 2) - small_cbcr).abs().mean()) < 0.1 * small_cbcr.std()
    assert float(small_cbcr.std()) > 0.001
    closed_form = trained.closed_form(frame(height, width), 2)
    torch.testing.assert_close(inputs.base_cbcr, closed_form, atol=1e-6, rtol=0)


def test_the_networks_raster_is_at_most_its_width() -> None:
    factors = {width: network_factor(width) for width in (1, 512, 513, 999, 1000, 1001, 1024, 1025)}
    assert NETWORK_WIDTH_PX == 512
    assert factors == {1: 1, 512: 1, 513: 2, 999: 2, 1000: 2, 1001: 2, 1024: 2, 1025: 3}
    for width in range(1, RASTER_WIDTH_PX + 1):
        assert -(-width // network_factor(width)) <= NETWORK_WIDTH_PX


@pytest.mark.parametrize(
    ("height", "width"), [(531, 999), (41, 1001), (3, 513), (40, 512), (1, 700), (7, 1)]
)
@pytest.mark.parametrize("shot", [1, 2])
def test_inputs_lie_on_both_rasters(
    trained: ChromaModel, shot: int, height: int, width: int
) -> None:
    grain = 1e-4 * torch.eye(3)
    model = replace(
        trained,
        laws=replace(LAWS, grain=grain),
        uncertainty=Uncertainty(torch.tensor([0.01, 1.0, 1.0, 1.0, 1.0])),
    )
    source_rgb = frame(height, width)
    inputs = model.inputs(source_rgb, shot)
    factor = network_factor(width)
    small = (-(-height // factor), -(-width // factor))
    assert torch.equal(inputs.y, luma(source_rgb))
    assert inputs.base_cbcr.shape == (2, height, width)
    assert inputs.networks.y.shape == inputs.networks.distance.shape == (1, *small)
    assert inputs.networks.features.shape == (FEATURE_COUNT, *small)
    assert inputs.networks.law_cbcr.shape == (2, *small)
    clean_rgb = degrain(source_rgb, grain)
    alone = model.network_inputs(
        downsample(source_rgb, factor), downsample(clean_rgb, factor), shot
    )
    for name in ("y", "features", "law_cbcr", "distance"):
        assert torch.equal(getattr(inputs.networks, name), getattr(alone, name))
    torch.testing.assert_close(inputs.base_cbcr, model.closed_form(clean_rgb, shot))
    cbcr = model.predict_on_raster(inputs)
    assert cbcr.shape == (2, height, width)
    assert bool(cbcr.isfinite().all())
    error = model.predict_error(inputs).ciede2000
    assert error.shape == (1, *(-(-one // ERROR_STRIDE_PX) for one in small))
    assert bool(error.isfinite().all())


def test_inputs_have_all_features(model: ChromaModel) -> None:
    assert model.inputs(frame(), 1).networks.features.shape == (FEATURE_COUNT, 64, 80)


def test_an_untrained_model_equals_its_laws(model: ChromaModel) -> None:
    source_rgb = frame().clamp(0.3, 0.7)
    predicted = model.predict_on_raster(model.inputs(source_rgb, 2))
    torch.testing.assert_close(predicted, model.laws(source_rgb, 2))


def test_the_balance_applies_to_the_networks_and_not_to_the_closed_form(
    trained: ChromaModel,
) -> None:
    without_balance = replace(trained, grade=IDENTITY_BALANCE)
    for shot in (1, 2):
        inputs, plain = trained.inputs(frame(), shot), without_balance.inputs(frame(), shot)
        assert torch.equal(inputs.base_cbcr, plain.base_cbcr)
        balanced_rgb = balance(frame(), GRADE)
        expected = features(balanced_rgb, balanced_rgb, plain.base_cbcr, with_position=False)
        assert torch.equal(inputs.networks.features, expected)
        assert not torch.equal(inputs.networks.features, plain.networks.features)


def test_no_component_is_negative_and_luma_is_that_of_the_source(trained: ChromaModel) -> None:
    source_rgb = frame().clamp_min(0) * 1.8
    y = luma(source_rgb)
    recovered = ycbcr_to_rgb(torch.cat([y, trained.predict(source_rgb, 2)]))
    assert float(source_rgb.max()) > 1.2
    assert float(recovered.min()) > -1e-6
    torch.testing.assert_close(luma(recovered), y, atol=1e-6, rtol=0)


def test_chroma_of_a_highlight_scales_with_exposure(model: ChromaModel) -> None:
    flat = torch.tensor([1.0, 0.8, 0.7])[:, None, None].expand(3, 32, 32)
    for shot in (1, 2):
        below, above = model.predict(flat, shot), model.predict(flat * 4, shot)
        torch.testing.assert_close(above, below * 4, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("brightest", [1.0, 3.0])
def test_the_raster_has_means_of_the_picture_without_its_exposure(brightest: float) -> None:
    rgb = torch.rand(3, 101, 2048, generator=torch.Generator().manual_seed(6)) * brightest
    expected = downsample(rgb / rgb.amax(dim=0).clamp_min(1.0), 3)
    torch.testing.assert_close(to_raster(rgb), expected, rtol=0, atol=1e-6)


def test_the_size_of_batches_does_not_change_the_result(
    trained: ChromaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained.predict(frame(), 1)
    monkeypatch.setattr("unfade.model.chroma_model.CPU_BATCH_PIXELS", 1000)
    torch.testing.assert_close(trained.predict(frame(), 1), whole, atol=1e-6, rtol=0)


def test_wide_pictures_are_downsampled_to_the_raster() -> None:
    assert raster_factor(RASTER_WIDTH_PX) == 1
    assert raster_factor(2048) == 3
    assert raster_factor(4096) == 5


def test_upsampled_chroma_follows_the_luma_of_the_scan_and_not_of_its_balance(
    trained: ChromaModel,
) -> None:
    light, dark = torch.tensor([0.75, 0.4, 0.45]), torch.tensor([0.35, 0.15, 0.2])
    is_dark = (torch.arange(RASTER_WIDTH_PX // 2 + 20) // 8) % 2 == 0
    stripes = torch.where(is_dark, dark[:, None], light[:, None])
    small_rgb = stripes[:, None].expand(3, 32, -1)

    def doubled(planes: torch.Tensor) -> torch.Tensor:
        return planes.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)

    inputs = trained.inputs_of_frame(doubled(small_rgb), 2)
    cbcr = trained.predict_from(doubled(small_rgb), inputs)
    difference = cbcr - doubled(trained.predict_on_raster(inputs))
    assert float(difference.abs().max()) < 0.004


def test_upsampled_chroma_follows_the_edges_of_luma() -> None:
    y = torch.full((1, 40, 40), 0.2)
    y[..., 19:] = 0.8
    cbcr = (y - 0.5).repeat(2, 1, 1) * 0.4
    upsampled = guided_upsample(downsample(cbcr, 2), downsample(y, 2), y, torch.ones(1, 1, 1), 2)
    assert float((upsampled - cbcr).abs().max()) < 0.02


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize(("height", "width"), [(42, 60), (41, 63), (1, 7), (2, 1)])
def test_a_coarser_raster_has_the_means_of_squares(height: int, width: int, factor: int) -> None:
    """Partial squares at the edge are means of the pixels that they have."""
    picture = frame(height, width)
    small = downsample(picture, factor)
    assert small.shape == (3, -(-height // factor), -(-width // factor))
    for row in range(small.shape[1]):
        for column in range(small.shape[2]):
            square = picture[:, row * factor :, column * factor :][:, :factor, :factor]
            torch.testing.assert_close(small[:, row, column], square.mean(dim=(1, 2)))
    assert upsample(small, factor, height, width).shape == picture.shape


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize(("height", "width"), [(42, 60), (41, 61)])
def test_chroma_is_enlarged_with_the_detail_of_its_guides(
    height: int, width: int, factor: int
) -> None:
    """Fine stripes that the coarse raster shows as grey, in one guide or another."""
    guide = frame(height, width)
    stripes = (torch.arange(width) // 4 % 2).float() * 0.2
    for channel in range(3):
        striped = guide.clone()
        striped[channel] += stripes
        mixed_cbcr = torch.stack([0.1 * striped[channel] - 0.05, 0.02 - 0.2 * striped[channel]])
        small_guide = downsample(striped, factor)
        enlarged = enlarge_along(downsample(mixed_cbcr, factor), small_guide, striped, factor)
        torch.testing.assert_close(enlarged, mixed_cbcr, atol=2e-3, rtol=0)
        smooth = upsample(downsample(mixed_cbcr, factor), factor, height, width)
        assert float((smooth - mixed_cbcr).abs().max()) > 0.01


def test_chroma_is_enlarged_smoothly_where_its_guides_are_alike() -> None:
    """One guide determines the others, or none shows anything: as in a grey or a flat picture."""
    small_cbcr = soft_shapes(6, (2, 3, 4), 21, 30) * 0.1
    one = frame(42, 60)[:1]
    hue = torch.tensor([1.0, 1.9, -1.7])[:, None, None]
    for guide in (one * hue, torch.ones_like(one) * hue, torch.zeros(3, 42, 60)):
        enlarged = enlarge_along(small_cbcr, downsample(guide, 2), guide, 2)
        smooth = upsample(small_cbcr, 2, 42, 60)
        assert float((enlarged - smooth).abs().mean()) < 0.1 * float(smooth.std())
        assert float(enlarged.min()) > float(small_cbcr.min()) - 0.005
        assert float(enlarged.max()) < float(small_cbcr.max()) + 0.005
    assert enlarge_along(small_cbcr, small_cbcr, small_cbcr, 1) is small_cbcr


def test_a_ramp_is_enlarged_to_a_ramp() -> None:
    ramp = torch.linspace(0, 1, 60).expand(2, 31, 60)
    for factor in (2, 3):
        inside = upsample(downsample(ramp, factor), factor, 31, 60)[:, :, factor:-factor]
        torch.testing.assert_close(inside, ramp[:, :, factor:-factor], atol=1e-5, rtol=0)


def test_odd_sizes_are_restored() -> None:
    y = frame(41, 63)[:1]
    cbcr = frame(41, 63)[:2]
    assert guided_upsample(
        downsample(cbcr, 2), downsample(y, 2), y, torch.ones(1, 1, 1), 2
    ).shape == (2, 41, 63)


def test_a_model_file_holds_schema_and_model(tmp_path: Path, trained: ChromaModel) -> None:
    path = tmp_path / "model.safetensors"
    model_id = save_model(path, trained, {"film": "Reel"})
    assert len(model_id) == 12
    assert MODEL_SCHEMA.encode() in path.read_bytes()
    torch.testing.assert_close(load_model(path).predict(frame(), 2), trained.predict(frame(), 2))
    assert save_model(path, trained, {"film": "Reel"}) == model_id


def test_a_model_file_of_an_older_schema_is_refused(
    tmp_path: Path, model: ChromaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ChromaModel.7 had other names for the tensors of the context networks."""
    path = tmp_path / "model.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr("unfade.model.files.MODEL_SCHEMA", "ChromaModel.7")
        save_model(path, model, {})
    expected = r"model\.safetensors: holds ChromaModel\.7, expected .*; run 'unfade train' again"
    with pytest.raises(WorkError, match=expected):
        load_model(path)


def test_a_baseline_file_round_trips(tmp_path: Path, model: ChromaModel) -> None:
    path = tmp_path / "baseline.safetensors"
    save_baseline(path, model.laws.baseline)
    loaded = load_baseline(path)
    torch.testing.assert_close(loaded.predict(frame(), 2), model.laws.baseline.predict(frame(), 2))


def test_a_pickle_is_refused_and_not_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("a pickle was executed",))

    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WorkError, match=r"model\.safetensors: cannot be read"):
        load_model(path)


def test_a_baseline_file_is_refused_as_a_model(tmp_path: Path, model: ChromaModel) -> None:
    path = tmp_path / "baseline.safetensors"
    save_baseline(path, model.laws.baseline)
    with pytest.raises(WorkError, match=f"holds {BASELINE_SCHEMA}, expected {MODEL_SCHEMA}"):
        load_model(path)


def test_half_of_the_residual_counts_in_a_shot_without_pairs(trained: ChromaModel) -> None:
    residuals = []
    for paired in (2, 1):
        model = replace(trained, laws=replace(LAWS, shots={}, paired=frozenset({paired})))
        inputs = model.inputs(frame(), 1)
        residuals.append(model.predict_on_raster(inputs) - inputs.base_cbcr)
    torch.testing.assert_close(residuals[0], residuals[1] * UNPAIRED_GAIN)
    assert residuals[1].abs().mean() > 0.001
