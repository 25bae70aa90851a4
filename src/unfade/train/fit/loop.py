"""The training loop. What it does depends on its settings, pixels and seed alone.

A run that was interrupted and goes on from its last checkpoint ends with the same weights, bit by
bit, as one that was not.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.score import chroma_error
from unfade.color.sensitivity import perceptual_error
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.film.model import HeldOut, LossPoint, ModelSize
from unfade.model import ResidualNetworks
from unfade.model.device import network_device
from unfade.model.networks import NETWORKS
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import Pixels
from unfade.train.fit.muon import Orthogonal
from unfade.train.fit.normalise import fit_familiarity, fit_feature_scale

WARM_UP_STEPS = 50
WEIGHT_DECAY = 1e-2

EXAMINED_PIXELS = 50_000
"""About how many pixels the loss before the first step is measured on."""

DRAWN_AT_ONCE = 50
"""Steps whose pixels are chosen in one go: an accelerator is waited for when they are sent."""

OUTER_RATE = 0.2
"""Of the learning rate, for the memory's biases and its last layer."""

CONTEXT_RATE = 0.08
CONTEXT_STEPS = 400
"""Of the learning rate, for those that guess: for as many steps, and less the more there are, so
that they never learn by heart."""


Tensors = dict[str, Tensor]
Optimizers = tuple[Orthogonal, torch.optim.AdamW]


@dataclass(frozen=True)
class State:
    """Where training stands after `step` steps: all that is needed to go on, and the best so far.

    `best` are the weights with the least held-out error; without hold-out pairs, the newest. All
    lie in main memory, so that a training may go on on another device.
    """

    step: int
    weights: Tensors
    momenta: Tensors
    best: Tensors
    best_step: int
    points: tuple[LossPoint, ...]


def start(
    train: Pixels,
    held_out: Pixels | None,
    settings: TrainSection,
    weights: Tensors | None = None,
) -> State:
    """The state before the first step: given weights, or an untrained network, the laws."""
    torch.manual_seed(settings.seed)
    if weights is None:
        residual = ResidualNetworks(settings.size).to(train.device)
        fit_feature_scale(residual, train)
    else:
        residual = residual_of(weights, settings.size).to(train.device)
    fit_familiarity(residual, train, settings.seed)
    weights = _copy(residual.state_dict())
    error = held_out_error(residual, held_out).ciede2000 if held_out else None
    loss = _loss_of(residual, train)
    return State(0, weights, {}, weights, 0, (LossPoint(step=0, loss=loss, held_out=error),))


def learn(
    state: State, train: Pixels, held_out: Pixels | None, settings: TrainSection
) -> Iterator[State]:
    """Trains on from a state, and yields the new one every `settings.checkpoint` steps.

    It does so where the pixels are, and draws the same ones on every device.
    """
    residual = residual_of(state.weights, settings.size).to(train.device)
    optimizers = _optimizers(residual, settings)
    _load_momenta(optimizers, residual, state)
    while state.step < settings.steps and not _has_stopped(state, settings):
        losses = []
        last = min(state.step + settings.checkpoint, settings.steps)
        for step, chosen in _batches(train, settings, range(state.step, last)):
            residual.zero_grad(set_to_none=True)
            cbcr = train.base_cbcr[chosen] + residual.all_chroma(train.features[chosen])
            loss = _loss(cbcr, train, chosen)
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["share"] * _learning_rate(settings, step)
                optimizer.step()
            losses.append(loss.detach())
        state = _next_state(state, last, residual, optimizers, torch.stack(losses), held_out)
        yield state


def _has_stopped(state: State, settings: TrainSection) -> bool:
    """Whether the held-out error has not become less for as many checkpoints as is allowed."""
    since_best = sum(point.step > state.best_step for point in state.points)
    return 0 < settings.early_stop <= since_best


def residual_of(weights: Tensors, size: ModelSize) -> ResidualNetworks:
    """A network with these weights, where networks run."""
    residual = ResidualNetworks(size)
    residual.load_state_dict(weights)
    return residual.to(network_device())


@torch.no_grad()
def held_out_error(residual: ResidualNetworks, pixels: Pixels) -> HeldOut:
    """The error of a network over pixels that it does not learn from."""
    cbcr = pixels.base_cbcr + residual(pixels.features)
    return pixels_error(cbcr, pixels)


def pixels_error(cbcr: Tensor, pixels: Pixels) -> HeldOut:
    """The error of predicted chroma (N, 2)."""
    truth_ycbcr = torch.cat([pixels.truth_y, pixels.truth_cbcr], dim=1)
    truth_rgb = ycbcr_to_rgb(truth_ycbcr.T[:, :, None])
    return chroma_error(truth_rgb, cbcr.T[:, :, None], pixels.weight.T[:, :, None])


@torch.no_grad()
def _loss_of(residual: ResidualNetworks, train: Pixels) -> float:
    """The loss of a network before it learns, over pixels spread over all."""
    count = train.weight.shape[0]
    chosen = torch.arange(0, count, max(1, count // EXAMINED_PIXELS)).expand(NETWORKS, -1)
    cbcr = train.base_cbcr[chosen] + residual.all_chroma(train.features[chosen])
    return float(_loss(cbcr, train, chosen))


def _loss(cbcr: Tensor, train: Pixels, chosen: Tensor) -> Tensor:
    """About the mean CIEDE2000 of chroma (..., N, 2) over the chosen pixels (..., N)."""
    error = perceptual_error(cbcr - train.truth_cbcr[chosen], train.sensitivity[chosen])
    weight = train.weight[chosen][..., 0]
    return (error * weight).sum() / weight.sum()


def _next_state(
    state: State,
    step: int,
    residual: ResidualNetworks,
    optimizers: Optimizers,
    losses: Tensor,
    held_out: Pixels | None,
) -> State:
    weights = _copy(residual.state_dict())
    error = held_out_error(residual, held_out).ciede2000 if held_out else None
    point = LossPoint(step=step, loss=float(losses.mean()), held_out=error)
    errors = [earlier.held_out for earlier in state.points if earlier.held_out is not None]
    better = error is None or error < min(errors)
    return State(
        step,
        weights,
        _momenta(optimizers, residual),
        weights if better else state.best,
        step if better else state.best_step,
        (*state.points, point),
    )


def _optimizers(residual: ResidualNetworks, settings: TrainSection) -> Optimizers:
    """One for the matrices of the memory's hidden layers, one for all else."""
    *hidden, last = residual.memory.weights
    outer = {"params": [last, *residual.memory.biases], "share": OUTER_RATE}
    slow = min(1.0, CONTEXT_STEPS / settings.steps) * CONTEXT_RATE
    context = {"params": list(residual.context.parameters()), "share": slow}
    return (
        Orthogonal([{"params": hidden, "share": 1.0}], WEIGHT_DECAY),
        torch.optim.AdamW([outer, context], weight_decay=WEIGHT_DECAY),
    )


def _batches(train: Pixels, settings: TrainSection, steps: range) -> Iterator[tuple[int, Tensor]]:
    """Each step with its places in the pixels, (NETWORKS, N), where those are."""
    for begin in range(0, len(steps), DRAWN_AT_ONCE):
        some = steps[begin : begin + DRAWN_AT_ONCE]
        drawn = torch.stack([_batch(train, settings, step) for step in some])
        yield from zip(some, drawn.to(train.device), strict=True)


def _batch(train: Pixels, settings: TrainSection, step: int) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    shape = (NETWORKS, settings.batch // NETWORKS)
    return torch.randint(train.weight.shape[0], shape, generator=generator)


def _learning_rate(settings: TrainSection, step: int) -> float:
    """A linear warm-up, then half a cosine down to zero."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def _copy(tensors: Tensors) -> Tensors:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def _momenta(optimizers: Optimizers, residual: ResidualNetworks) -> Tensors:
    """The optimisers' memory, named after the parameters."""
    return {
        f"{key}.{name}": value.to("cpu", copy=True)
        for name, parameter in residual.named_parameters()
        for optimizer in optimizers
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _load_momenta(optimizers: Optimizers, residual: ResidualNetworks, state: State) -> None:
    owners = {
        parameter: optimizer
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    parameters = dict(residual.named_parameters())
    for place, value in state.momenta.items():
        key, name = place.split(".", 1)
        parameter = parameters[name]
        device = value.device if key == "step" else parameter.device  # AdamW counts on the host
        owners[parameter].state[parameter][key] = value.to(device, copy=True)
