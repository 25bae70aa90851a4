"""The training loop. Its result depends on settings, pixels and seed only.

A training that is interrupted and resumed from its last checkpoint ends with the same weights, bit
for bit, as an uninterrupted one.
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
from unfade.train.fit.muon import Muon
from unfade.train.fit.normalise import fit_familiarity, fit_feature_scale

WARM_UP_STEPS = 50
"""Steps of linear warm-up, because the first moment estimates of the optimisers are noisy."""

WEIGHT_DECAY = 1e-2
"""Decoupled weight decay per step, times the learning rate: the default of torch's AdamW."""

FIRST_LOSS_PIXELS = 50_000
"""About the number of pixels on which the loss before the first step is measured."""

INDICES_BATCH_STEPS = 50
"""Steps whose pixel indices are sent to the device together, because each transfer makes the host
wait for an accelerator."""

OUTER_RATE = 0.2
"""Learning rate of the memory network's biases and last layer, as a share of the setting. Muon
trains the hidden layers, AdamW these, and its steps are larger for the same rate."""

CONTEXT_RATE = 0.08
"""Learning rate of the context networks, as a share of the setting, low so that they do not learn
the training pictures by heart."""

CONTEXT_STEPS = 400
"""Steps at the full `CONTEXT_RATE`. A longer training divides it by the ratio, so that the context
networks learn no more in total."""


Tensors = dict[str, Tensor]
"""Tensors by name."""

Optimizers = tuple[Muon, torch.optim.AdamW]
"""The optimiser of the memory network's hidden layers, and that of all other parameters."""


@dataclass(frozen=True)
class State:
    """State of a training after `step` steps, complete for resuming, and the best weights so far.

    `best` are the weights with the smallest held-out error, or the newest without hold-out pairs.
    All tensors are in main memory, so that training can resume on another device.
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
    """The state before the first step, from given weights or from new networks.

    The residual of new networks is zero, so that their error is that of the closed form.
    """
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
    """Continues training from a state, and yields a new one every `settings.checkpoint` steps.

    It runs on the device of the pixels, and chooses the same ones on every device.
    """
    residual = residual_of(state.weights, settings.size).to(train.device)
    optimizers = _optimizers(residual, settings)
    _load_momenta(optimizers, residual, state)
    while state.step < settings.steps and not _has_stopped(state, settings):
        losses = []
        last = min(state.step + settings.checkpoint, settings.steps)
        for step, indices in _batches(train, settings, range(state.step, last)):
            residual.zero_grad(set_to_none=True)
            cbcr = train.base_cbcr[indices] + residual.all_chroma(train.features[indices])
            loss = _loss(cbcr, train, indices)
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["share"] * _learning_rate(settings, step)
                optimizer.step()
            losses.append(loss.detach())
        state = _next_state(state, last, residual, optimizers, torch.stack(losses), held_out)
        yield state


def _has_stopped(state: State, settings: TrainSection) -> bool:
    """Whether the held-out error has not improved for `settings.early_stop` checkpoints."""
    since_best = sum(point.step > state.best_step for point in state.points)
    return 0 < settings.early_stop <= since_best


def residual_of(weights: Tensors, size: ModelSize) -> ResidualNetworks:
    """Networks with these weights, on the device of `network_device`."""
    residual = ResidualNetworks(size)
    residual.load_state_dict(weights)
    return residual.to(network_device())


@torch.no_grad()
def held_out_error(residual: ResidualNetworks, pixels: Pixels) -> HeldOut:
    """The error of networks over hold-out pixels."""
    cbcr = pixels.base_cbcr + residual(pixels.features)
    return pixels_error(cbcr, pixels)


def pixels_error(cbcr: Tensor, pixels: Pixels) -> HeldOut:
    """The weighted mean error of predicted chroma (N, 2)."""
    truth_ycbcr = torch.cat([pixels.truth_y, pixels.truth_cbcr], dim=1)
    truth_rgb = ycbcr_to_rgb(truth_ycbcr.T[:, :, None])
    return chroma_error(truth_rgb, cbcr.T[:, :, None], pixels.weight.T[:, :, None])


@torch.no_grad()
def _loss_of(residual: ResidualNetworks, train: Pixels) -> float:
    """The loss of networks before training, over evenly spaced pixels."""
    count = train.weight.shape[0]
    indices = torch.arange(0, count, max(1, count // FIRST_LOSS_PIXELS)).expand(NETWORKS, -1)
    cbcr = train.base_cbcr[indices] + residual.all_chroma(train.features[indices])
    return float(_loss(cbcr, train, indices))


def _loss(cbcr: Tensor, train: Pixels, indices: Tensor) -> Tensor:
    """Approximate mean CIEDE2000 of chroma (..., N, 2) at pixel indices (..., N)."""
    error = perceptual_error(cbcr - train.truth_cbcr[indices], train.sensitivity[indices])
    weight = train.weight[indices][..., 0]
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
    """Muon for the hidden layers of the memory network, AdamW for all other parameters."""
    *hidden, last = residual.memory.weights
    outer = {"params": [last, *residual.memory.biases], "share": OUTER_RATE}
    context_rate = min(1.0, CONTEXT_STEPS / settings.steps) * CONTEXT_RATE
    context = {"params": list(residual.context.parameters()), "share": context_rate}
    return (
        Muon([{"params": hidden, "share": 1.0}], WEIGHT_DECAY),
        torch.optim.AdamW([outer, context], weight_decay=WEIGHT_DECAY),
    )


def _batches(train: Pixels, settings: TrainSection, steps: range) -> Iterator[tuple[int, Tensor]]:
    """Each step with its pixel indices (NETWORKS, N), on the device of the pixels."""
    for first in range(0, len(steps), INDICES_BATCH_STEPS):
        group = steps[first : first + INDICES_BATCH_STEPS]
        indices = torch.stack([_random_indices(train, settings, step) for step in group])
        yield from zip(group, indices.to(train.device), strict=True)


def _random_indices(train: Pixels, settings: TrainSection, step: int) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    shape = (NETWORKS, settings.batch // NETWORKS)
    return torch.randint(train.weight.shape[0], shape, generator=generator)


def _learning_rate(settings: TrainSection, step: int) -> float:
    """Learning rate of a step: linear warm-up times half a cosine down to zero."""
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    return settings.learning_rate * warm_up * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def _copy(tensors: Tensors) -> Tensors:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def _momenta(optimizers: Optimizers, residual: ResidualNetworks) -> Tensors:
    """State tensors of the optimisers, named after the parameters."""
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
    for full_name, value in state.momenta.items():
        key, name = full_name.split(".", 1)
        parameter = parameters[name]
        # AdamW keeps its step count in main memory.
        device = value.device if key == "step" else parameter.device
        owners[parameter].state[parameter][key] = value.to(device, copy=True)
