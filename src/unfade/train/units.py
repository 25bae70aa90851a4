"""train: trains the networks of some shots."""

import hashlib
from collections.abc import Sequence

import torch

from unfade.film.model import ModelSize
from unfade.model import ResidualNetworks
from unfade.train.fit.loop import Tensors, residual_of
from unfade.train.fit.shot_networks import PixelsOfShots, try_shot_networks
from unfade.work.job import Job
from unfade.work.units import ITEMS_A_UNIT, Unit, UnitResult, UnitWork


def shot_units(weights: Tensors, pixels: PixelsOfShots) -> list[Unit]:
    """The training of all shots, in groups. Their names have a digest of the film's weights, which
    are others if a person has stopped training meanwhile."""
    digest = hashlib.sha256()
    for tensor in weights.values():
        digest.update(tensor.cpu().numpy().tobytes())
    key = digest.hexdigest()[:12]
    return [
        Unit(
            "train",
            f"shots-{key}-{group.shots[0]:04d}",
            train_shots,
            {"weights": weights, "pixels": group},
            len(group.shots),
        )
        for group in pixels.groups(ITEMS_A_UNIT)
    ]


def train_shots(job: Job, weights: Tensors, pixels: PixelsOfShots) -> UnitWork:
    """Trains a network for each shot. The result has the verdicts, and the weights of the networks
    that are kept."""
    verdicts, arrays = [], {}
    for trial in try_shot_networks(weights, pixels, job.project.train):
        verdict = trial.verdict
        verdicts.append(verdict.model_dump(mode="json"))
        if verdict.kept:
            for name, tensor in trial.network.state_dict().items():
                arrays[f"{verdict.shot}/{name}"] = tensor.cpu().numpy()
        yield
    return UnitResult(verdicts, arrays)


def kept_networks(results: Sequence[UnitResult], size: ModelSize) -> dict[int, ResidualNetworks]:
    """The networks that are kept, by the numbers of their shots."""
    weights: dict[int, Tensors] = {}
    for result in results:
        for key, array in result.arrays.items():
            shot, _, name = key.partition("/")
            weights.setdefault(int(shot), {})[name] = torch.from_numpy(array)
    return {shot: residual_of(tensors, size) for shot, tensors in weights.items()}
