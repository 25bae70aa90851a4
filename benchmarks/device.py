"""Claim: on an accelerator the same model learns and answers faster, and says the same.

Trains made-up pairs on the processor and on the accelerator in one run, and colours a frame of
2048x1556 by the one model on both. Prints steps and frames a second, their ratios, and the largest
difference of chroma, of range 1: of one model, and of the two that were trained:

    python benchmarks/device.py [--steps 300] [--frames 6]
"""

import argparse
import time
from dataclasses import replace

import torch
from measures import circumstances
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.model import ChromaModel
from unfade.model.device import network_device
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.fit.loop import learn, residual_of, start
from unfade.train.training_set import TrainingSet, prepare

SIZE = (640, 960)
FRAME = (1556, 2048)
LOSS = (0.9, 0.6, 0.7)
"""What fading leaves of red, green and blue."""

GRAIN = 0.01


def main() -> None:
    """Prints a row for each device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--frames", type=int, default=6)
    asked = parser.parse_args()
    accelerator = network_device()
    if accelerator.type == "cpu":
        print("There is no accelerator here, so there is nothing to compare with the processor.")
        return
    compare(accelerator, asked.steps, asked.frames)


def compare(accelerator: torch.device, steps: int, frames: int) -> None:
    """Trains and colours on the processor and on the accelerator."""
    settings = TrainSection(steps=steps, checkpoint=steps)
    training_set = prepare([_pair(1), _pair(2)], [_pair(3)], settings, IDENTITY_BALANCE)
    warm_up = settings.model_copy(update={"steps": 20, "checkpoint": 20})
    frame_rgb = functional.interpolate(_pair(1).source_rgb[None], size=FRAME, mode="bicubic")[0]
    models, answers, learned, coloured = [], [], [], []
    for device in (torch.device("cpu"), accelerator):
        there = replace(training_set, train=training_set.train.to(device), held_out=None)
        _trained(there, warm_up, device)
        began = time.perf_counter()
        models.append(_trained(there, settings, device))
        learned.append(steps / (time.perf_counter() - began))
        seconds, cbcr = _coloured(_on(models[0], device), frame_rgb, frames)
        coloured.append(1 / seconds)
        answers.append(cbcr)
    own = models[1].predict(frame_rgb, 1)
    print(f"{circumstances()}; {accelerator}")
    print("| device | steps/s | frames/s | largest difference of one model | trained there |")
    print("| --- " * 5 + "|")
    print(f"| cpu | {learned[0]:.1f} | {coloured[0]:.2f} | | |")
    print(
        f"| {accelerator} | {learned[1]:.1f} | {coloured[1]:.2f} | {_apart(*answers):.1e} | "
        f"{_apart(answers[0], own):.1e} |"
    )
    print(f"| ratio | {learned[1] / learned[0]:.2f} | {coloured[1] / coloured[0]:.2f} | | |")


def _trained(
    training_set: TrainingSet, settings: TrainSection, device: torch.device
) -> ChromaModel:
    """The model that a training_set ends in; its weights are read, so that all work is done."""
    *_, state = learn(start(training_set.train, None, settings), training_set.train, None, settings)
    return _on(training_set.model.with_residual(residual_of(state.weights, settings.size)), device)


def _on(model: ChromaModel, device: torch.device) -> ChromaModel:
    """The model with a copy of its network on a device."""
    weights = dict(model.residual.state_dict())
    return model.with_residual(residual_of(weights, model.size).to(device))


def _coloured(model: ChromaModel, frame_rgb: Tensor, frames: int) -> tuple[float, Tensor]:
    """Seconds a frame, and the chroma."""
    model.predict(frame_rgb, 1)
    began = time.perf_counter()
    for _ in range(frames):
        cbcr = model.predict(frame_rgb, 1)
    return (time.perf_counter() - began) / frames, cbcr


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def _pair(number: int) -> TrainingPicture:
    """Soft shapes that lost some of each colour, with grain."""
    generator = torch.Generator().manual_seed(number)
    coarse = torch.rand(1, 3, 12, 18, generator=generator) * 0.6 + 0.2
    true_rgb = functional.interpolate(coarse, size=SIZE, mode="bicubic")[0]
    source_rgb = true_rgb * torch.tensor(LOSS)[:, None, None] + 0.05
    source_rgb += GRAIN * torch.randn(3, *SIZE, generator=generator)
    cbcr = torch.stack([true_rgb[2], true_rgb[0]]) - luma(true_rgb)
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr * 0.5]))
    pair = Pair(source=number, reference=number, of="dvd", shot=1)
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, *SIZE), pair)


if __name__ == "__main__":
    main()
