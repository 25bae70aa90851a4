"""Shots without pairs in a film whose references are graded by shot (decisions/32).

Every other simulated shot has four clean pairs. The truth of each shot gets a grading: gains of
0.8 to 1.2 and offsets of up to 0.02 on Cb and Cr. The closed form alone predicts the held-out
frames of the shots without pairs, with and without gradings told apart.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from simulated_shots import SHOTS, at_source_luma, chosen_pairs, simulated_shots
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr
from unfade.model import Laws
from unfade.model.closed_form.gradings import NEUTRAL, NO_GRADINGS, apply_grading
from unfade.model.degrain import degrain
from unfade.model.grain import grain_covariance
from unfade.train.data.samples import PositionedSamples, colours_by_shot
from unfade.train.fit.extrapolation import extrapolate
from unfade.train.fit.grading import separate_gradings
from unfade.train.fit.laws import fit_laws

PAIRS = 4
"""Pairs of a shot that has some."""
PIXELS = 6000
"""Pixels of each frame, for fits and for errors."""
GRAIN_STRENGTH = 20.0
"""Factor on the measured grain: the one that films of this severity choose."""
GAIN, OFFSET = 0.2, 0.02
"""Largest deviation of gains from 1, and largest offset of Cb and Cr."""
PERIOD_SHOTS, SCENE_SHOTS = 10, 4
"""Shots of one period of drifting gradings, and shots of a scene."""


def neutral(number: int, seed: int) -> Tensor:
    """Deviations (4,) of no grading."""
    return torch.zeros(4)


def drifting(number: int, seed: int) -> Tensor:
    """Deviations (4,), -1 to 1, as sines of the shot number."""
    phase = torch.rand(4, generator=torch.Generator().manual_seed(seed))
    return torch.sin(2 * math.pi * (number / PERIOD_SHOTS + phase))


def by_scene(number: int, seed: int) -> Tensor:
    """Deviations (4,), equal for the shots of a scene."""
    return at_random((number - 1) // SCENE_SHOTS, seed)


def at_random(number: int, seed: int) -> Tensor:
    """Deviations (4,), independent from shot to shot."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(len(SHOTS) + 1, 4, generator=generator)[number] * 2 - 1


FILMS: tuple[Callable[[int, int], Tensor], ...] = (neutral, drifting, by_scene, at_random)


def grading(deviations: Tensor) -> Tensor:
    """Grading (2, 3) of deviations (4,): two gains, two offsets."""
    change = torch.cat([torch.diag(GAIN * deviations[:2]), OFFSET * deviations[2:, None]], dim=1)
    return NEUTRAL + change


def sample(source_rgb: Tensor, true_rgb: Tensor, seed: int) -> tuple[PositionedSamples, Tensor]:
    """Degrained pixels with their chroma, and the same pixels of the source (3, N)."""
    clean_rgb = degrain(source_rgb, GRAIN_STRENGTH * grain_covariance(source_rgb)).clamp(0, 1)
    height, width = source_rgb.shape[1:]
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(height * width, generator=generator)[:PIXELS]
    rgb, cbcr = clean_rgb.flatten(1)[:, chosen], rgb_to_ycbcr(true_rgb)[1:].flatten(1)[:, chosen]
    position = torch.stack([chosen % width / width, chosen // width / height]) * 2 - 1
    one = PositionedSamples(rgb, position, cbcr, torch.ones(len(chosen)))
    return one, source_rgb.flatten(1)[:, chosen]


Sampled = tuple[PositionedSamples, Tensor]


def graded(one: Sampled, deviations: Tensor) -> PositionedSamples:
    """The samples with graded chroma, limited at the luma of the source."""
    cbcr = apply_grading(grading(deviations), one[0].cbcr)[..., None]
    return replace(one[0], cbcr=limit_chroma(luma(one[1][..., None]), cbcr)[..., 0])


def error(laws: Laws, number: int, one: Sampled, deviations: Tensor) -> float:
    """Mean CIEDE2000 of a frame at the luma of the source."""
    source_rgb, truth = one[1][..., None], graded(one, deviations).cbcr[..., None]
    predicted = laws(one[0].rgb[..., None], number)
    both = (at_source_luma(source_rgb, cbcr) for cbcr in (truth, predicted))
    return float(rgb_difference(*both).mean())


def measure(
    film: Callable[[int, int], Tensor],
    seed: int,
    first: int,
    pairs: Sequence[Sequence[Sampled]],
    held_out: Sequence[Sequence[Sampled]],
) -> Iterator[float]:
    """Errors in shots without pairs, with one law and with gradings told apart."""
    numbers = range(1, len(SHOTS) + 1)
    shots = {
        number: [graded(one, film(number, seed)) for one in pairs[number - 1]]
        for number in numbers[first::2]
    }
    colours = colours_by_shot(shots)
    plain = extrapolate(fit_laws(colours, torch.zeros(3, 3)), shots, 0)
    told_apart = separate_gradings(plain, shots, 0)
    for laws in (plain, told_apart):
        errors = [
            error(laws, number, one, film(number, seed))
            for number in numbers
            if number not in shots
            for one in held_out[number - 1]
        ]
        yield sum(errors) / len(errors)
    yield float(told_apart.gradings is not NO_GRADINGS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".benchmarks"))
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    pairs, held_out = [], []
    for shot in simulated_shots(arguments.data, arguments.cache, "hard", list(SHOTS)):
        chosen = chosen_pairs(shot, PAIRS)
        pairs.append([sample(one.source_rgb, one.clean_rgb, one.index) for one in chosen])
        held_out.append([sample(one.source_rgb, one.truth_rgb, one.index) for one in shot.held_out])
    print("film, seed, first shot with pairs: one law, told apart (CIEDE2000), gradings used")
    for film in FILMS:
        for seed in range(1 if film is neutral else arguments.seeds):
            for first in (0, 1):
                one, apart, used = measure(film, seed, first, pairs, held_out)
                words = "used" if used else "not used"
                line = f"{film.__name__} {seed} {first + 1}: {one:.2f} {apart:.2f} {words}"
                print(line, flush=True)


if __name__ == "__main__":
    main()
