"""Models with the networks of an earlier checkpoint of their training.

The file of checkpoints holds the networks alone. The rest of such a model is that of the model
file: closed form, LUTs, methods of the shots, calibration of the predicted error.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from unfade.errors import WorkError
from unfade.film.method import MethodSetting
from unfade.film.model import TrainedModel
from unfade.model import files
from unfade.model.chroma_model import ChromaModel

CHECKPOINTS_SCHEMA = "Checkpoints.1"
"""Name and version of the tensors in a file of checkpoints."""

ModelParts = tuple[dict[str, Tensor], dict[str, str]]
"""The tensors of a model file and their description."""


def save_checkpoints(path: Path, checkpoints: Mapping[int, Mapping[str, Tensor]]) -> None:
    """Writes the weights of networks by their step."""
    tensors = {
        f"{step}.{name}": tensor
        for step, weights in checkpoints.items()
        for name, tensor in weights.items()
    }
    files.save_tensors(path, tensors, {"schema": CHECKPOINTS_SCHEMA})


def checkpoint_ids(model: Path, checkpoints: Path, steps: Iterable[int]) -> dict[int, str]:
    """The ids of the models with the networks of some steps: those that their files would have.

    Raises:
        WorkError: a file is missing, damaged, or of another schema.
    """
    best = files.load_tensors(model, files.MODEL_SCHEMA)
    kept = _load_checkpoints(checkpoints)
    ids = {}
    for step in steps:
        tensors, description = _with_networks(best, kept, step)
        content = save(tensors, metadata=files.metadata(description))
        ids[step] = hashlib.sha256(content).hexdigest()[: files.ID_DIGITS]
    return ids


def load_chosen(folder: Path, trained: TrainedModel, use: MethodSetting = "auto") -> ChromaModel:
    """The model of a record with its checkpoint and the setting 'render.use'.

    Args:
        folder: of the model file and the file of checkpoints.
        trained: the record, as of `TrainedModel.at`.
        use: the setting.

    Raises:
        WorkError: a file is missing, damaged, or of another schema.
    """
    if trained.chosen_step is None:
        return files.load_model(folder / trained.file, use)
    tensors, description = _chosen(folder, trained)
    with files.damaged_file(_checkpoints_path(folder, trained)):
        return files.model_of(tensors, description).using(use)


def save_chosen(path: Path, folder: Path, trained: TrainedModel) -> None:
    """Writes the model file of a chosen checkpoint; its id is that of the record.

    Raises:
        WorkError: a file of `folder` is missing, damaged, or of another schema.
    """
    files.save_tensors(path, *_chosen(folder, trained))


def _chosen(folder: Path, trained: TrainedModel) -> ModelParts:
    assert trained.chosen_step is not None
    best = files.load_tensors(folder / trained.file, files.MODEL_SCHEMA)
    kept = _load_checkpoints(_checkpoints_path(folder, trained))
    with files.damaged_file(folder / trained.file):
        return _with_networks(best, kept, trained.chosen_step)


def _checkpoints_path(folder: Path, trained: TrainedModel) -> Path:
    """
    Raises:
        WorkError: the record names a checkpoint, but no file of checkpoints.
    """
    if trained.checkpoints_file is None:
        raise WorkError(
            f"{folder}: its record names no file of checkpoints; run 'unfade train' again"
        )
    return folder / trained.checkpoints_file


def _load_checkpoints(path: Path) -> dict[str, Tensor]:
    return files.load_tensors(path, CHECKPOINTS_SCHEMA)[0]


def _with_networks(best: ModelParts, kept: Mapping[str, Tensor], step: int) -> ModelParts:
    """The parts of a model file with the film's networks of another step and without those of
    shots, and with no facts on networks that it does not hold."""
    tensors, description = best
    rest = {
        name: tensor
        for name, tensor in tensors.items()
        if not name.startswith((files.FILM_NETWORKS, files.SHOT_NETWORKS))
    }
    networks = files.prefixed(files.FILM_NETWORKS, files.without_prefix(f"{step}.", kept))
    facts = json.loads(description["facts"]) | {"step": step, "shot_models": []}
    facts.pop("held_out_ciede2000", None)
    return rest | networks, description | {"facts": json.dumps(facts, sort_keys=True)}
