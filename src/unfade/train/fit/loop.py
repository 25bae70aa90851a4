"""The training loop. Its result depends on settings, pixels and seed only.

A training that is interrupted and resumed from its last checkpoint ends with the same weights, bit
for bit, as an uninterrupted one.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from unfade.color.score import chroma_error
from unfade.color.sensitivity import perceptual_error
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.film.model import HeldOut, LossPoint, ModelSize
from unfade.model import ChromaModel, ResidualNetworks
from unfade.model.device import network_device
from unfade.model.networks import NETWORKS
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import Pixels, select
from unfade.train.fit.muon import Muon
from unfade.train.fit.normalise import fit_familiarity, fit_feature_scale
from unfade.work.cores import kept_threads, on_all_cores

WARM_UP_STEPS = 50
"""Steps of linear warm-up, because the first moment estimates of the optimisers are noisy."""

WEIGHT_DECAY = 1e-2
"""Decoupled weight decay per step, times the learning rate: the default of torch's AdamW."""

FIRST_LOSS_PIXELS = 50_000
"""The number of pixels on which the loss before the first step is measured."""

PARTS = 2
"""Parts of a batch, each on a core of its own, whose gradients are added. Always the same number,
so that the result does not depend on the number of cores; more would be too small."""

ERROR_PIXELS = 16384
"""Pixels whose held-out error is computed at a time, so that activations take some 10 MB."""

OUTER_RATE = 0.2
"""Learning rate of the memory network's biases and last layer, as a share of the setting. Muon
trains the hidden layers, AdamW these, and its steps are larger for the same rate."""

CONTEXT_RATE = 0.08
"""Learning rate of the context networks, as a share of the setting, low so that they do not learn
the training pictures by heart."""

CONTEXT_STEPS = 400
"""Steps at the full `CONTEXT_RATE`. A longer training divides it by the ratio, so that the context
networks learn no more in total."""

KEPT_CHECKPOINTS = 6
"""Number of checkpoints whose networks are kept besides the best, evenly over the steps: as many as
the guide keeps of 60,000 steps."""


Tensors = dict[str, Tensor]
"""Tensors by name."""

Optimizers = tuple[Muon, torch.optim.AdamW]
"""The optimiser of the memory network's hidden layers, and that of all other parameters."""


@dataclass(frozen=True)
class State:
    """State of a training after `step` steps, complete for resuming, and the best weights so far.

    `best` are the weights with the smallest held-out error, or the newest without hold-out pairs.
    `kept` are those of the steps of `is_kept`, by step. All tensors are in main memory, so that
    training can resume on another device.
    """

    step: int
    weights: Tensors
    momenta: Tensors
    best: Tensors
    best_step: int
    points: tuple[LossPoint, ...]
    kept: Mapping[int, Tensors] = field(default_factory=dict)

    def checkpoints(self) -> dict[int, Tensors]:
        """The weights that a person may choose besides the best, by step, the newest included."""
        kept = {**self.kept, self.step: self.weights}
        return {step: weights for step, weights in kept.items() if step != self.best_step}


def start(
    train: Pixels,
    held_out: Pixels | None,
    settings: TrainSection,
    weights: Tensors | None = None,
) -> State:
    """The state before the first step, from given weights or from new networks.

    The residual of new networks is zero, so that their error is that of the closed form.
    """
    if weights is None:
        torch.manual_seed(settings.seed)
        residual = ResidualNetworks(settings.size).to(train.device)
        fit_feature_scale(residual, train)
    else:
        residual = residual_of(weights, settings.size).to(train.device)
    fit_familiarity(residual, train, settings.seed)
    weights = _copy(residual.state_dict())
    point = _loss_point(0, _loss_of(residual, train), residual, held_out)
    return State(0, weights, {}, weights, 0, (point,))


def learn(
    state: State, train: Pixels, held_out: Pixels | None, settings: TrainSection
) -> Iterator[State]:
    """Continues training from a state, and yields a new one every `settings.checkpoint` steps.

    It runs on the device of the pixels, and chooses the same ones on every device. The pixels are
    in random order: a batch is a run of them, because to gather single ones takes as long as to
    learn from them.
    """
    residual = residual_of(state.weights, settings.size).to(train.device)
    optimizers = _optimizers(residual, settings)
    _load_momenta(optimizers, residual, state)
    while state.step < settings.steps and not _has_stopped(state, settings):
        losses = []
        last = min(state.step + settings.checkpoint, settings.steps)
        with _threads(train.device) as map_parts:
            for step in range(state.step, last):
                batch = _batch(train, settings, step)
                losses.append(_set_gradients(residual, batch, map_parts))
                for optimizer in optimizers:
                    for group in optimizer.param_groups:
                        group["lr"] = group["share"] * _learning_rate(settings, step)
                    optimizer.step()
        point = _loss_point(last, float(torch.stack(losses).mean()), residual, held_out)
        state = _next_state(state, point, residual, optimizers, settings)
        yield state


@dataclass(frozen=True)
class _Batch:
    """Pixels for each network, fields of `Pixels` with a first axis of length `NETWORKS`."""

    features: Tensor
    base_cbcr: Tensor
    truth_cbcr: Tensor
    sensitivity: Tensor
    weight: Tensor

    def parts(self) -> list["_Batch"]:
        """`PARTS` parts on a CPU; on an accelerator the whole."""
        if self.features.device.type != "cpu":
            return [self]
        split = [torch.tensor_split(getattr(self, name), PARTS, dim=1) for name in _BATCH_FIELDS]
        return [_Batch(*part) for part in zip(*split, strict=True)]


_BATCH_FIELDS = tuple(one.name for one in fields(_Batch))

MapParts = Callable[..., Iterator[tuple[Tensor, tuple[Tensor, ...]]]]
"""`map` or the like, from parts of a batch to their losses and gradients."""


def _batch(train: Pixels, settings: TrainSection, step: int) -> _Batch:
    """The pixels of a step: a run for each network, from a random place."""
    count = train.weight.shape[0]
    length = min(settings.batch // NETWORKS, count)
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
    starts = torch.randint(count - length + 1, (NETWORKS,), generator=generator).tolist()
    runs = [slice(one, one + length) for one in starts]
    return _Batch(
        *(torch.stack([getattr(train, name)[run] for run in runs]) for name in _BATCH_FIELDS)
    )


def _threads(device: torch.device) -> AbstractContextManager[MapParts]:
    """What computes the parts of batches: threads on a CPU, the caller's on an accelerator."""
    return kept_threads() if device.type == "cpu" else nullcontext(map)


def _set_gradients(residual: ResidualNetworks, batch: _Batch, map_parts: MapParts) -> Tensor:
    """Sets the gradients of all parameters by the loss of a batch, which it returns."""
    parameters = list(residual.parameters())
    total_weight = batch.weight.sum()

    def of_part(part: _Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
        with torch.enable_grad():
            loss = _loss(residual, part, total_weight)
            return loss.detach(), torch.autograd.grad(loss, parameters)

    losses, gradients = zip(*map_parts(of_part, batch.parts()), strict=True)
    for parameter, *own in zip(parameters, *gradients, strict=True):
        parameter.grad = torch.stack(own).sum(dim=0)
    return torch.stack(losses).sum()


def _has_stopped(state: State, settings: TrainSection) -> bool:
    """Whether the held-out error has not improved for `settings.early_stop` checkpoints."""
    since_best = sum(point.step > state.best_step for point in state.points)
    return 0 < settings.early_stop <= since_best


def residual_of(weights: Tensors, size: ModelSize) -> ResidualNetworks:
    """Networks with these weights, on the device of `network_device`."""
    residual = ResidualNetworks(size)
    residual.load_state_dict(weights)
    return residual.to(network_device())


def held_out_error(residual: ResidualNetworks, pixels: Pixels) -> HeldOut:
    """The error of networks over hold-out pixels."""
    return pixels_error(predict_chroma(residual, pixels), pixels)


def predict_chroma(residual: ResidualNetworks, pixels: Pixels) -> Tensor:
    """Chroma (N, 2) of pixels by networks, in parts that take little memory."""
    predict: Callable[[Tensor], Tensor] = torch.no_grad()(residual)
    if pixels.features.device.type != "cpu":
        return pixels.base_cbcr + predict(pixels.features)
    parts = on_all_cores(predict, torch.split(pixels.features, ERROR_PIXELS))
    return pixels.base_cbcr + torch.cat(list(parts))


def predict_pixels(model: ChromaModel, pixels: Pixels) -> Tensor:
    """Chroma (N, 2) of pixels by a model, each by the networks of its shot."""
    cbcr = torch.empty_like(pixels.base_cbcr)
    for shot in sorted(set(pixels.shot.tolist())):
        in_shot = pixels.shot == shot
        cbcr[in_shot] = predict_chroma(model.network_of(shot), select(pixels, in_shot))
    return cbcr


def pixels_error(cbcr: Tensor, pixels: Pixels) -> HeldOut:
    """The weighted mean error of predicted chroma (N, 2)."""
    truth_ycbcr = torch.cat([pixels.truth_y, pixels.truth_cbcr], dim=1)
    truth_rgb = ycbcr_to_rgb(truth_ycbcr.T[:, :, None])
    return chroma_error(truth_rgb, cbcr.T[:, :, None], pixels.weight.T[:, :, None])


@torch.no_grad()
def _loss_of(residual: ResidualNetworks, train: Pixels) -> float:
    """The loss of networks before training, over some of the pixels."""
    some = (getattr(train, name)[:FIRST_LOSS_PIXELS] for name in _BATCH_FIELDS)
    batch = _Batch(*(one.expand(NETWORKS, *one.shape) for one in some))
    return float(_loss(residual, batch, batch.weight.sum()))


def _loss(residual: ResidualNetworks, batch: _Batch, total_weight: Tensor) -> Tensor:
    """Approximate CIEDE2000 of a batch: the weighted sum, divided by a total weight."""
    cbcr = batch.base_cbcr + residual.all_chroma(batch.features)
    error = perceptual_error(cbcr - batch.truth_cbcr, batch.sensitivity)
    return (error * batch.weight[..., 0]).sum() / total_weight


def completes_interval(
    interval: int, previous_step: int, step: int, settings: TrainSection
) -> bool:
    """Whether a multiple of `interval` was reached since the previous checkpoint, or the last
    step."""
    return step // interval > previous_step // interval or step == settings.steps


def is_kept(previous_step: int, step: int, settings: TrainSection) -> bool:
    """Whether the networks of the checkpoint at `step` are kept: those of the checkpoints that
    complete a `KEPT_CHECKPOINTS`th of the steps."""
    interval = -(-settings.steps // KEPT_CHECKPOINTS)
    return completes_interval(interval, previous_step, step, settings)


def _loss_point(
    step: int, loss: float, residual: ResidualNetworks, held_out: Pixels | None
) -> LossPoint:
    if held_out is None:
        return LossPoint(step=step, loss=loss)
    error = held_out_error(residual, held_out)
    return LossPoint(step=step, loss=loss, held_out=error.ciede2000, held_out_chroma=error.chroma)


def _next_state(
    state: State,
    point: LossPoint,
    residual: ResidualNetworks,
    optimizers: Optimizers,
    settings: TrainSection,
) -> State:
    weights, step = _copy(residual.state_dict()), point.step
    errors = [earlier.held_out for earlier in state.points if earlier.held_out is not None]
    better = point.held_out is None or point.held_out < min(errors)
    return State(
        step,
        weights,
        _momenta(optimizers, residual),
        weights if better else state.best,
        step if better else state.best_step,
        (*state.points, point),
        {**state.kept, step: weights} if is_kept(state.step, step, settings) else state.kept,
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
