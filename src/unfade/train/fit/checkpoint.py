"""Checkpoint files, from which an interrupted training continues."""

import json
from collections.abc import Mapping
from pathlib import Path

from unfade.errors import WorkError
from unfade.film.model import LossPoint, ModelSize
from unfade.model.files import FAULTS_OF_CONTENT, load_tensors, save_tensors
from unfade.train.fit.loop import State, Tensors, residual_of

CHECKPOINT_SCHEMA = "Checkpoint.3"
"""Name and version of a checkpoint's tensors. An older checkpoint is ignored and training starts at
the first step, because it holds no networks of earlier steps."""

KEPT = "kept "
"""Start of the name of a group of weights that were kept; the step follows."""


def save_checkpoint(path: Path, state: State, key: str) -> None:
    """Writes a state.

    `key` identifies the settings and targets of the training.
    """
    groups = {"weights": state.weights, "momenta": state.momenta, "best": state.best}
    groups |= {f"{KEPT}{step}": weights for step, weights in state.kept.items()}
    tensors = {
        f"{group}/{name}": tensor
        for group, group_tensors in groups.items()
        for name, tensor in group_tensors.items()
    }
    description = {
        "schema": CHECKPOINT_SCHEMA,
        "key": key,
        "step": str(state.step),
        "best_step": str(state.best_step),
        "points": json.dumps([point.model_dump() for point in state.points]),
    }
    save_tensors(path, tensors, description)


def load_checkpoint(path: Path, key: str, size: ModelSize) -> State | None:
    """Reads the state at `path`; none if the file is missing, damaged, or of another key, schema or
    size of model."""
    if not path.exists():
        return None
    try:
        tensors, description = load_tensors(path, CHECKPOINT_SCHEMA)
    except WorkError:
        return None
    if description.get("key") != key:
        return None
    try:
        state = _state_of(tensors, description)
        for weights in (state.weights, state.best, *state.kept.values()):
            residual_of(weights, size)  # It refuses missing and misshapen weights.
        return state
    except FAULTS_OF_CONTENT:
        return None


def _state_of(tensors: Tensors, description: Mapping[str, str]) -> State:
    groups: dict[str, Tensors] = {"weights": {}, "momenta": {}, "best": {}}
    for full_name, tensor in tensors.items():
        group, name = full_name.split("/", 1)
        groups.setdefault(group, {})[name] = tensor
    kept = {
        int(group.removeprefix(KEPT)): groups[group] for group in groups if group.startswith(KEPT)
    }
    return State(
        int(description["step"]),
        groups["weights"],
        groups["momenta"],
        groups["best"],
        int(description["best_step"]),
        tuple(LossPoint(**point) for point in json.loads(description["points"])),
        dict(sorted(kept.items())),
    )
