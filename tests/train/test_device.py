"""Networks on an accelerator: all tensors on one device, few waits, the same results.

Without an accelerator a simulated one stands in: its tensors report its device and cannot be mixed
with those of the CPU, which does the computation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.model import ShotModel
from unfade.film.pair import Pair
from unfade.model import ChromaModel, load_model, save_model
from unfade.model.device import network_device
from unfade.project.settings import TrainSection
from unfade.train.contact_sheet import ContactSheets
from unfade.train.data.pixels import Pixels, TrainingPicture, picture_of_pair
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.loop import State, learn, residual_of, start
from unfade.train.fit.shot_networks import PixelsOfShots, try_shot_networks
from unfade.train.outcome import HeldOutErrors, held_out_errors
from unfade.train.training_set import TrainingSet, prepare

SETTINGS = TrainSection(size="small", steps=40, batch=1024, checkpoint=20, seed=3)

SAME_CHROMA = 1e-5
"""Tolerance of chroma, of the range of Cb and Cr. After these steps float and double precision
differ by 1e-8, and factors rounded to 10 bits (TF32) by 3e-6."""

SAME_ERROR = 1e-3
"""Relative tolerance of a loss or an error in CIEDE2000."""

CPU = torch.device("cpu")
SIMULATED = torch.device("meta")
REAL = torch.accelerator.current_accelerator(check_available=True)
READ_SCALAR = torch.ops.aten._local_scalar_dense.default
MAY_MIX_DEVICES = (torch.ops.aten.copy_.default, torch.ops.aten.index.Tensor)


class DeviceTensor(Tensor):
    """A tensor on the simulated accelerator; `inner` holds its values on the CPU."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: Tensor) -> "DeviceTensor":
        wrapper: DeviceTensor = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, inner.shape, inner.stride(), dtype=inner.dtype, device=SIMULATED
        )
        wrapper.inner = inner
        return wrapper

    @classmethod
    def __torch_dispatch__(cls, func: Any, *_: Any) -> Any:
        raise AssertionError(f"{func} outside the simulated accelerator")

    def tolist(self) -> Any:
        return self.cpu().tolist()


class Accelerator(TorchDispatchMode):
    """Computes operations of the simulated accelerator, and counts how often the host waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = dict(kwargs or {})
        tensors = [one for one in tree_leaves((args, keywords)) if isinstance(one, Tensor)]
        devices = {one.device for one in tensors if one.dim() > 0 or one.device == SIMULATED}
        if len(devices) > 1 and func not in MAY_MIX_DEVICES:
            raise RuntimeError(f"{func}: tensors of two devices")
        simulated = SIMULATED in devices
        if keywords.get("device") is not None:
            simulated = keywords["device"] == SIMULATED
            keywords["device"] = CPU
        result_device = SIMULATED if simulated else CPU
        self.waits += (simulated and func is READ_SCALAR) or len(devices | {result_device}) > 1
        inner, inner_keywords = tree_map_only(DeviceTensor, lambda one: one.inner, (args, keywords))
        result = func(*inner, **inner_keywords)
        if func._schema.is_mutable:
            return args[0] if isinstance(result, Tensor) else result
        return tree_map_only(Tensor, DeviceTensor, result) if simulated else result


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accelerator]:
    """A simulated accelerator, which torch reports as the current one."""
    tensor = torch.tensor

    def visible_tensor(data: Any, device: Any = CPU, **keywords: Any) -> Tensor:
        """`torch.tensor` on another device bypasses the dispatch mode; this does not."""
        return tensor(data, **keywords).to(device)

    monkeypatch.setattr(torch, "tensor", visible_tensor)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: SIMULATED)
    with Accelerator() as accelerator:
        yield accelerator


@pytest.fixture(params=["simulated", "real"])
def device(request: pytest.FixtureRequest) -> torch.device:
    """The device of networks, on a simulated accelerator and on a real one if there is one."""
    if request.param == "simulated":
        request.getfixturevalue("simulated")
    elif REAL is None:
        pytest.skip("no accelerator")
    return network_device()


def training_picture(frame: int, shot: int = 1) -> TrainingPicture:
    """Soft shapes with grain, whose true chroma one law predicts with a small error."""
    generator = torch.Generator().manual_seed(frame)
    coarse = torch.rand(1, 3, 6, 8, generator=generator) * 0.6 + 0.2
    source_rgb = functional.interpolate(coarse, size=(96, 128), mode="bicubic")[0]
    source_rgb += 0.02 * torch.randn(3, 96, 128, generator=generator)
    cbcr = torch.stack([source_rgb[0] - source_rgb[2], source_rgb[1] ** 2]) * 0.2
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot)
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, 96, 128), pair)


@dataclass(frozen=True)
class Training:
    """All results of a training."""

    state: State
    model: ChromaModel
    verdicts: list[ShotModel]
    errors: HeldOutErrors
    sheet: Tensor


def predictions(model: ChromaModel) -> list[Tensor]:
    """Chroma and predicted error of a training picture and of another, four tensors."""
    tensors = []
    for frame in (1, 6):
        source_rgb = training_picture(frame).source_rgb
        tensors += [
            model.predict(source_rgb, 1),
            model.predict_error(model.inputs_of_frame(source_rgb, 1)).ciede2000,
        ]
    return tensors


def trained(training_set: TrainingSet) -> Training:
    """Trains on the device of the pixels."""
    assert training_set.held_out is not None
    *_, state = learn(*learn_arguments(training_set))
    trials = list(try_shot_networks(state.weights, PixelsOfShots.of(training_set), SETTINGS))
    film = training_set.model.with_residual(residual_of(state.weights, "small"))
    model = replace(film, shot_networks={2: trials[1].network})
    return Training(
        state,
        with_uncertainty(model, training_set.train, training_set.held_out),
        [one.verdict for one in trials],
        held_out_errors(model, training_set.held_out),
        ContactSheets(training_set.model, [training_picture(1)]).draw(state.step, state.weights),
    )


def learn_arguments(
    training_set: TrainingSet,
) -> tuple[State, Pixels, Pixels | None, TrainSection]:
    """Arguments of `learn` for a training from the first step."""
    train, held_out = training_set.train, training_set.held_out
    return start(train, held_out, SETTINGS), train, held_out, SETTINGS


def on_device(training_set: TrainingSet, device: torch.device) -> TrainingSet:
    """The training set with its pixels on a device."""
    assert training_set.held_out is not None
    return replace(
        training_set, train=training_set.train.to(device), held_out=training_set.held_out.to(device)
    )


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    """A training set of two shots on the CPU."""
    train = [training_picture(1), training_picture(2), training_picture(4, 2)]
    held_out = [training_picture(3), training_picture(5, 2)]
    return on_device(prepare(train, held_out, SETTINGS, IDENTITY_BALANCE), CPU)


@pytest.fixture(scope="module")
def on_cpu(training_set: TrainingSet) -> Training:
    """The training on the CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
        return trained(training_set)


def test_training_gives_the_same_results(
    training_set: TrainingSet, on_cpu: Training, device: torch.device
) -> None:
    training = trained(on_device(training_set, device))
    for tensors in (training.state.weights, training.state.momenta, training.state.best):
        assert {one.device for one in tensors.values()} == {CPU}
    assert training.model.network_of(1).device.type == device.type
    for point, expected in zip(training.state.points, on_cpu.state.points, strict=True):
        assert point.loss == pytest.approx(expected.loss, rel=SAME_ERROR)
        assert point.held_out == pytest.approx(expected.held_out, rel=SAME_ERROR)
    for one, other in zip(training.verdicts, on_cpu.verdicts, strict=True):
        assert (one.film, one.own) == pytest.approx((other.film, other.own), rel=SAME_ERROR)
    assert training.errors.model.ciede2000 == pytest.approx(
        on_cpu.errors.model.ciede2000, rel=SAME_ERROR
    )
    torch.testing.assert_close(training.sheet, on_cpu.sheet, atol=1e-3, rtol=0)
    assert_same(predictions(training.model), predictions(on_cpu.model))


def assert_same(actual: list[Tensor], expected: list[Tensor]) -> None:
    """Compares two lists of `predictions`."""
    for one, other in zip(actual[::2], expected[::2], strict=True):
        torch.testing.assert_close(one, other, atol=SAME_CHROMA, rtol=0)
    for one, other in zip(actual[1::2], expected[1::2], strict=True):
        torch.testing.assert_close(one, other, atol=SAME_ERROR, rtol=SAME_ERROR)


def test_a_loaded_model_predicts_the_same(
    on_cpu: Training, device: torch.device, tmp_path: Path
) -> None:
    expected = predictions(on_cpu.model)
    save_model(tmp_path / "model.safetensors", on_cpu.model, {})
    loaded = load_model(tmp_path / "model.safetensors")
    assert {loaded.network_of(shot).device.type for shot in (1, 2)} == {device.type}
    assert_same(predictions(loaded), expected)


def test_training_resumes_on_another_device(
    training_set: TrainingSet, on_cpu: Training, device: torch.device
) -> None:
    moved = on_device(training_set, device)
    for first, second in ((training_set, moved), (moved, training_set)):
        half = next(learn(*learn_arguments(first)))
        *_, state = learn(half, second.train, second.held_out, SETTINGS)
        assert state.points[-1].held_out == pytest.approx(
            on_cpu.state.points[-1].held_out, rel=SAME_ERROR
        )
        restarted = start(first.train, first.held_out, SETTINGS, half.weights)
        assert restarted.points[0].held_out == pytest.approx(
            half.points[-1].held_out, rel=SAME_ERROR
        )


def test_a_training_set_lies_on_the_accelerator(device: torch.device) -> None:
    training_set = prepare([training_picture(1)], [training_picture(3)], SETTINGS, IDENTITY_BALANCE)
    assert training_set.held_out is not None
    assert {training_set.train.device.type, training_set.held_out.device.type} == {device.type}


def test_the_host_does_not_wait_in_each_step(
    training_set: TrainingSet, on_cpu: Training, simulated: Accelerator
) -> None:
    train, counts = training_set.train.to(SIMULATED), []
    for more in (4, 8):
        settings = SETTINGS.model_copy(update={"steps": SETTINGS.steps + more})
        before = simulated.waits
        list(learn(on_cpu.state, train, None, settings))
        counts.append(simulated.waits - before)
    assert counts[0] == counts[1] > 0


def test_a_prediction_takes_three_transfers(on_cpu: Training, simulated: Accelerator) -> None:
    """Features and the indices of the wide ones go to the device, and chroma comes back."""
    inputs = on_cpu.model.inputs_of_frame(training_picture(6).source_rgb, 1)
    model = on_cpu.model.with_residual(residual_of(on_cpu.state.weights, "small"))
    before = simulated.waits
    model.predict_on_raster(inputs)
    assert simulated.waits - before == 3
