"""Networks on an accelerator: nothing is left behind or waited for, and the answer is the same.

Where there is none, a pretended one stands in: its tensors know where they lie and refuse to be
mixed with those of the processor, which computes them all the same.
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
from unfade.train.data.pixels import Picture, Pixels, picture
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.loop import State, learn, residual_of, start
from unfade.train.fit.shot_networks import try_shots
from unfade.train.outcome import Errors, held_out_errors
from unfade.train.training_set import TrainingSet, prepare

SETTINGS = TrainSection(size="small", steps=40, batch=1024, checkpoint=20, seed=3)

SAME_CHROMA = 1e-5
"""Of the range of Cb and Cr. After so many steps it is 1e-8 between float and double precision, and
3e-6 where factors are rounded to 10 bits."""

SAME_ERROR = 1e-3
"""Share of a loss, or of an error in CIEDE2000."""

CPU = torch.device("cpu")
PRETENDED = torch.device("meta")
REAL = torch.accelerator.current_accelerator(check_available=True)
ASKED = torch.ops.aten._local_scalar_dense.default
MAY_MIX = (torch.ops.aten.copy_.default, torch.ops.aten.index.Tensor)


class Elsewhere(Tensor):
    """A tensor that lies on the pretended accelerator; its numbers are `inner`."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: Tensor) -> "Elsewhere":
        made: Elsewhere = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, inner.shape, inner.stride(), dtype=inner.dtype, device=PRETENDED
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, *_: Any) -> Any:
        raise AssertionError(f"{func} where there is no accelerator")

    def tolist(self) -> Any:
        return self.cpu().tolist()


class Accelerator(TorchDispatchMode):
    """Computes what lies elsewhere, and counts how often the host has to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        given = [one for one in tree_leaves((args, named)) if isinstance(one, Tensor)]
        places = {one.device for one in given if one.dim() > 0 or one.device == PRETENDED}
        if len(places) > 1 and func not in MAY_MIX:
            raise RuntimeError(f"{func}: tensors of two devices")
        there = PRETENDED in places
        if named.get("device") is not None:
            there = named["device"] == PRETENDED
            named["device"] = CPU
        self.waits += (there and func is ASKED) or len(places | {PRETENDED if there else CPU}) > 1
        inner, inner_named = tree_map_only(Elsewhere, lambda one: one.inner, (args, named))
        result = func(*inner, **inner_named)
        if func._schema.is_mutable:
            return args[0] if isinstance(result, Tensor) else result
        return tree_map_only(Tensor, Elsewhere, result) if there else result


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accelerator]:
    """An accelerator that can be counted on."""
    tensor = torch.tensor

    def made(data: Any, device: Any = CPU, **named: Any) -> Tensor:
        """`torch.tensor` tells nobody what it does on another device."""
        return tensor(data, **named).to(device)

    monkeypatch.setattr(torch, "tensor", made)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: PRETENDED)
    with Accelerator() as accelerator:
        yield accelerator


@pytest.fixture(params=["pretended", "real"])
def device(request: pytest.FixtureRequest) -> torch.device:
    """That of networks, where there is an accelerator."""
    if request.param == "pretended":
        request.getfixturevalue("pretended")
    elif REAL is None:
        pytest.skip("no accelerator")
    return network_device()


def shown(frame: int, shot: int = 1) -> Picture:
    """Soft shapes with grain, whose colour is not quite what one law makes of them."""
    generator = torch.Generator().manual_seed(frame)
    coarse = torch.rand(1, 3, 6, 8, generator=generator) * 0.6 + 0.2
    source_rgb = functional.interpolate(coarse, size=(96, 128), mode="bicubic")[0]
    source_rgb += 0.02 * torch.randn(3, 96, 128, generator=generator)
    cbcr = torch.stack([source_rgb[0] - source_rgb[2], source_rgb[1] ** 2]) * 0.2
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot)
    return picture(source_rgb, truth_rgb, torch.ones(1, 96, 128), pair)


@dataclass(frozen=True)
class Learned:
    """All that comes of a training_set."""

    state: State
    model: ChromaModel
    verdicts: list[ShotModel]
    errors: Errors
    sheet: Tensor


def answers(model: ChromaModel) -> list[Tensor]:
    """Chroma and predicted error of a picture that it knows, and of one that it does not."""
    told = []
    for frame in (1, 6):
        source_rgb = shown(frame).source_rgb
        told += [
            model.predict(source_rgb, 1),
            model.predict_error(model.inputs_of_frame(source_rgb, 1)),
        ]
    return told


def learned(training_set: TrainingSet) -> Learned:
    """Learns a training_set where its pixels are."""
    assert training_set.held_out is not None
    *_, state = learn(*begun(training_set))
    tried = list(try_shots(state.weights, training_set, SETTINGS))
    film = training_set.model.with_residual(residual_of(state.weights, "small"))
    model = replace(film, own={2: tried[1].network})
    return Learned(
        state,
        with_uncertainty(model, training_set.train, training_set.held_out, 0),
        [one.verdict for one in tried],
        held_out_errors(model, training_set.held_out),
        ContactSheets(training_set.model, [shown(1)]).draw(state),
    )


def begun(training_set: TrainingSet) -> tuple[State, Pixels, Pixels | None, TrainSection]:
    """What `learn` takes."""
    train, held_out = training_set.train, training_set.held_out
    return start(train, held_out, SETTINGS), train, held_out, SETTINGS


def moved(training_set: TrainingSet, device: torch.device) -> TrainingSet:
    """The training_set with its pixels on a device."""
    assert training_set.held_out is not None
    return replace(
        training_set, train=training_set.train.to(device), held_out=training_set.held_out.to(device)
    )


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    """On the processor."""
    pairs = [shown(1), shown(2), shown(4, 2)], [shown(3), shown(5, 2)]
    return moved(prepare(*pairs, SETTINGS, IDENTITY_BALANCE), CPU)


@pytest.fixture(scope="module")
def here(training_set: TrainingSet) -> Learned:
    """What the processor makes of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
        return learned(training_set)


def test_the_same_is_learned(
    training_set: TrainingSet, here: Learned, device: torch.device
) -> None:
    there = learned(moved(training_set, device))
    for tensors in (there.state.weights, there.state.momenta, there.state.best):
        assert {one.device for one in tensors.values()} == {CPU}
    assert there.model.network_of(1).device.type == device.type
    for found, expected in zip(there.state.points, here.state.points, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=SAME_ERROR)
        assert found.held_out == pytest.approx(expected.held_out, rel=SAME_ERROR)
    for one, other in zip(there.verdicts, here.verdicts, strict=True):
        assert (one.film, one.own) == pytest.approx((other.film, other.own), rel=SAME_ERROR)
    assert there.errors.model.ciede2000 == pytest.approx(
        here.errors.model.ciede2000, rel=SAME_ERROR
    )
    torch.testing.assert_close(there.sheet, here.sheet, atol=1e-3, rtol=0)
    same(answers(there.model), answers(here.model))


def same(found: list[Tensor], expected: list[Tensor]) -> None:
    """Holds answers against each other."""
    for one, other in zip(found[::2], expected[::2], strict=True):
        torch.testing.assert_close(one, other, atol=SAME_CHROMA, rtol=0)
    for one, other in zip(found[1::2], expected[1::2], strict=True):
        torch.testing.assert_close(one, other, atol=SAME_ERROR, rtol=SAME_ERROR)


def test_a_model_that_is_loaded_gives_the_same_answer(
    here: Learned, device: torch.device, tmp_path: Path
) -> None:
    expected = answers(here.model)
    save_model(tmp_path / "model.safetensors", here.model, {})
    loaded = load_model(tmp_path / "model.safetensors")
    assert {loaded.network_of(shot).device.type for shot in (1, 2)} == {device.type}
    same(answers(loaded), expected)


def test_training_goes_on_on_another_device(
    training_set: TrainingSet, here: Learned, device: torch.device
) -> None:
    there = moved(training_set, device)
    for first, second in ((training_set, there), (there, training_set)):
        half = next(learn(*begun(first)))
        *_, state = learn(half, second.train, second.held_out, SETTINGS)
        assert state.points[-1].held_out == pytest.approx(
            here.state.points[-1].held_out, rel=SAME_ERROR
        )
        again = start(first.train, first.held_out, SETTINGS, half.weights)
        assert again.points[0].held_out == pytest.approx(half.points[-1].held_out, rel=SAME_ERROR)


def test_a_lesson_is_learned_on_the_accelerator(device: torch.device) -> None:
    training_set = prepare([shown(1)], [shown(3)], SETTINGS, IDENTITY_BALANCE)
    assert training_set.held_out is not None
    assert {training_set.train.device.type, training_set.held_out.device.type} == {device.type}


def test_a_step_waits_for_nothing(
    training_set: TrainingSet, here: Learned, pretended: Accelerator
) -> None:
    train, counts = training_set.train.to(PRETENDED), []
    for more in (4, 8):
        settings = SETTINGS.model_copy(update={"steps": SETTINGS.steps + more})
        before = pretended.waits
        list(learn(here.state, train, None, settings))
        counts.append(pretended.waits - before)
    assert counts[0] == counts[1] > 0


def test_an_answer_is_waited_for_once(here: Learned, pretended: Accelerator) -> None:
    """Features and their places go there, and the answer comes back."""
    seen = here.model.inputs_of_frame(shown(6).source_rgb, 1)
    model = here.model.with_residual(residual_of(here.state.weights, "small"))
    before = pretended.waits
    model.predict_on_raster(seen)
    assert pretended.waits - before == 3
