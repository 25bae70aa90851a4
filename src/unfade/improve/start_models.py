"""The models that rounds start from: the best checkpoint of the round before, kept under a name of
its own, which film.toml holds in `train.start_from`."""

from pathlib import Path, PurePosixPath

from unfade.film.improvement import Improvement
from unfade.film.model import TrainedModel
from unfade.improve.snapshot import link
from unfade.work.job import Job
from unfade.work.writing import writing

FOLDER = PurePosixPath(Improvement.PATH).parent
"""Folder of the models, in the work directory."""

PATTERN = "start-*.safetensors"
"""File names of the models; the middle is the id."""


def is_own(path: str | None) -> bool:
    """Whether a value of `train.start_from` is from a round, not from a person."""
    if path is None:
        return False
    named = PurePosixPath(path)
    return named.parent == FOLDER and named.match(PATTERN)


def keep_model(job: Job) -> str:
    """Keeps the trained model, which has the networks of the best checkpoint.

    Returns:
        Its path for film.toml.
    """
    trained = job.load(TrainedModel)
    path = FOLDER / PATTERN.replace("*", trained.id)
    with writing(job.root / path) as temporary:
        link(str(job.folder("train") / trained.file), str(temporary))
    return str(path)


def remove_models(root: Path, named: str | None) -> None:
    """Removes the models in a work directory, except one that film.toml names."""
    for path in (root / FOLDER).glob(PATTERN):
        if named is None or path != root / named:
            path.unlink()
