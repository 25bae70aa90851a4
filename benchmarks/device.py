"""Claim: an accelerator trains and predicts faster than the processor, with the same chroma.

Trains on generated pairs on the processor and on the accelerator in one run, and colours a frame of
2048x1556 on both with one model. Prints training steps and frames a second, their ratios, and the
largest difference of chroma, of range 1, for one model on both devices and for the two models:

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

PAIR_SIZE = (640, 960)
"""Height and width of the generated pairs."""
FRAME_SIZE = (1556, 2048)
"""Height and width of the coloured frame: a 2K scan."""
FADED_GAIN = (0.9, 0.6, 0.7)
"""Factors of fading on red, green and blue."""
GRAIN_DEVIATION = 0.01
"""Standard deviation of the grain in R'G'B', of range 1."""
WARM_UP_STEPS = 20
"""Training steps that are not timed, because they load kernels."""


def main() -> None:
    """Prints a row for each device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--frames", type=int, default=6)
    options = parser.parse_args()
    accelerator = network_device()
    if accelerator.type == "cpu":
        print("torch finds no accelerator on this machine; run this where there is a GPU")
        return
    compare(accelerator, options.steps, options.frames)


def compare(accelerator: torch.device, steps: int, frames: int) -> None:
    """Trains and colours on the processor and on the accelerator, and prints the table."""
    settings = TrainSection(steps=steps, checkpoint=steps)
    training_set = prepare([_pair(1), _pair(2)], [_pair(3)], settings, IDENTITY_BALANCE)
    warm_up = settings.model_copy(update={"steps": WARM_UP_STEPS, "checkpoint": WARM_UP_STEPS})
    frame_rgb = functional.interpolate(_pair(1).source_rgb[None], size=FRAME_SIZE, mode="bicubic")[
        0
    ]
    models, chromas, step_rates, frame_rates = [], [], [], []
    for device in (torch.device("cpu"), accelerator):
        on_device = replace(training_set, train=training_set.train.to(device), held_out=None)
        _trained(on_device, warm_up, device)
        start_time = time.perf_counter()
        models.append(_trained(on_device, settings, device))
        step_rates.append(steps / (time.perf_counter() - start_time))
        seconds, cbcr = _timed_prediction(_on(models[0], device), frame_rgb, frames)
        frame_rates.append(1 / seconds)
        chromas.append(cbcr)
    trained_there_cbcr = models[1].predict(frame_rgb, 1)
    print(f"{circumstances()}; {accelerator}")
    print("| device | steps/s | frames/s | largest difference of one model | trained there |")
    print("| --- " * 5 + "|")
    print(f"| cpu | {step_rates[0]:.1f} | {frame_rates[0]:.2f} | | |")
    print(
        f"| {accelerator} | {step_rates[1]:.1f} | {frame_rates[1]:.2f} | "
        f"{_largest_difference(*chromas):.1e} | "
        f"{_largest_difference(chromas[0], trained_there_cbcr):.1e} |"
    )
    ratios = step_rates[1] / step_rates[0], frame_rates[1] / frame_rates[0]
    print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} | | |")


def _trained(
    training_set: TrainingSet, settings: TrainSection, device: torch.device
) -> ChromaModel:
    """The model after training; its weights are read, so that the device has finished."""
    *_, state = learn(start(training_set.train, None, settings), training_set.train, None, settings)
    return _on(training_set.model.with_residual(residual_of(state.weights, settings.size)), device)


def _on(model: ChromaModel, device: torch.device) -> ChromaModel:
    """The model with a copy of its networks on a device."""
    weights = dict(model.residual.state_dict())
    return model.with_residual(residual_of(weights, model.size).to(device))


def _timed_prediction(model: ChromaModel, frame_rgb: Tensor, frames: int) -> tuple[float, Tensor]:
    """Mean seconds for a frame, and its chroma (2, H, W)."""
    model.predict(frame_rgb, 1)
    start_time = time.perf_counter()
    for _ in range(frames):
        cbcr = model.predict(frame_rgb, 1)
    return (time.perf_counter() - start_time) / frames, cbcr


def _largest_difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def _pair(number: int) -> TrainingPicture:
    """A pair of soft shapes: the source faded and with grain, the truth with its luma."""
    generator = torch.Generator().manual_seed(number)
    coarse = torch.rand(1, 3, 12, 18, generator=generator) * 0.6 + 0.2
    true_rgb = functional.interpolate(coarse, size=PAIR_SIZE, mode="bicubic")[0]
    source_rgb = true_rgb * torch.tensor(FADED_GAIN)[:, None, None] + 0.05
    source_rgb += GRAIN_DEVIATION * torch.randn(3, *PAIR_SIZE, generator=generator)
    cbcr = torch.stack([true_rgb[2], true_rgb[0]]) - luma(true_rgb)
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr * 0.5]))
    pair = Pair(source=number, reference=number, of="dvd", shot=1)
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, *PAIR_SIZE), pair)


if __name__ == "__main__":
    main()
