"""The model of the training that is under way, with the networks of its newest checkpoint.

A checkpoint holds networks alone. So train writes the rest of the model, which is ready before the
first step, to a file of its own, and removes it when the model file is there.
"""

import json
from dataclasses import replace
from pathlib import Path

from unfade.errors import WorkError
from unfade.model import ChromaModel, save_model
from unfade.model.files import (
    FAULTS_OF_CONTENT,
    MODEL_SCHEMA,
    damaged_file,
    load_description,
    load_tensors,
    model_of,
)
from unfade.train.data.series import model_of_film
from unfade.train.fit.checkpoint import CHECKPOINT_SCHEMA, load_checkpoint
from unfade.train.fit.loop import residual_of
from unfade.train.training_set import TrainingSet

CHECKPOINT = "checkpoint.safetensors"
"""The file, in the folder of the stage, from which an interrupted training continues."""

CLOSED_FORM = ".closed-form.safetensors"
"""The file beside it with the model before its first step; hidden, because it is no output."""


def save_closed_form(folder: Path, training_set: TrainingSet, key: str) -> None:
    """Writes the model before its first step; `key` is that of the training's checkpoints."""
    model = replace(training_set.model, baseline=training_set.baseline)
    save_model(folder / CLOSED_FORM, model_of_film(model), {"key": key})


def forget_closed_form(folder: Path) -> None:
    """Removes that file: no training is under way."""
    (folder / CLOSED_FORM).unlink(missing_ok=True)


def newest_step(folder: Path) -> int | None:
    """The step of the newest checkpoint of the training under way; None before the first one."""
    try:
        closed_form = load_description(folder / CLOSED_FORM, MODEL_SCHEMA)
        checkpoint = load_description(folder / CHECKPOINT, CHECKPOINT_SCHEMA)
    except WorkError:
        return None
    try:
        return int(checkpoint["step"]) if checkpoint["key"] == _key_of(closed_form) else None
    except FAULTS_OF_CONTENT:
        return None


def load_newest(folder: Path) -> tuple[int, ChromaModel]:
    """The newest checkpoint's step, and the model with its networks.

    Raises:
        WorkError: the training has no checkpoint yet, or has ended.
    """
    tensors, description = load_tensors(folder / CLOSED_FORM, MODEL_SCHEMA)
    with damaged_file(folder / CLOSED_FORM):
        model, key = model_of(tensors, description), _key_of(description)
    state = load_checkpoint(folder / CHECKPOINT, key, model.size)
    if state is None:
        raise WorkError("the training under way has no checkpoint yet; wait for the first one")
    return state.step, model.with_residual(residual_of(state.weights, model.size))


def _key_of(description: dict[str, str]) -> str:
    return str(json.loads(description["facts"])["key"])
