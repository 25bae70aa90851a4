"""The golden training: loss curve and output of a small synthetic film, kept in golden.json.

After a deliberate change of the numbers, inspect the difference, then regenerate the file:

    python tests/golden/golden_training.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.fit.loop import learn, residual_of, start
from unfade.train.training_set import prepare

GOLDEN_FILE = Path(__file__).with_name("golden.json")
SETTINGS = TrainSection(size="small", steps=120, batch=1024, checkpoint=40, seed=5)
CELLS = (4, 6)


def golden() -> dict[str, list[float]]:
    """Training loss and held-out CIEDE2000 at each checkpoint, and chroma over a grid of cells."""
    train, held_out = [_scene(1), _scene(2)], [_scene(3)]
    training_set = prepare(train, held_out, SETTINGS, IDENTITY_BALANCE)
    first = start(training_set.train, training_set.held_out, SETTINGS)
    *_, state = learn(first, training_set.train, training_set.held_out, SETTINGS)
    model = training_set.model.with_residual(residual_of(state.best, SETTINGS.size))
    cbcr = model.predict(held_out[0].source_rgb, 1)
    return {
        "loss": [point.loss for point in state.points],
        "held_out": [point.held_out or 0.0 for point in state.points],
        "chroma": functional.adaptive_avg_pool2d(cbcr, CELLS).flatten().tolist(),
    }


def _scene(seed: int) -> TrainingPicture:
    """A picture of soft shapes with grain and a fade of 10, 40 and 30 % in R, G and B."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 8, 12, generator=generator) * 0.6 + 0.2
    true_rgb = functional.interpolate(coarse, size=(96, 144), mode="bilinear")[0]
    loss = torch.tensor([0.9, 0.6, 0.7])[:, None, None]
    source_rgb = true_rgb * loss + 0.05
    source_rgb += 0.01 * torch.randn(source_rgb.shape, generator=generator)
    chroma = torch.cat([true_rgb[2:] - luma(true_rgb), true_rgb[:1] - luma(true_rgb)]) * 0.5
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), chroma]))
    pair = Pair(source=seed, reference=seed, of="dvd", shot=1)
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, 96, 144), pair)


if __name__ == "__main__":
    torch.set_num_threads(1)
    GOLDEN_FILE.write_text(json.dumps(golden(), indent=1) + "\n", encoding="utf-8")
