"""The checkpoint: where an interrupted training goes on."""

import json
from pathlib import Path

from unfade.errors import WorkError
from unfade.film.model import LossPoint
from unfade.model.files import load_tensors, save_tensors
from unfade.train.fit.loop import State, Tensors

SCHEMA = "Checkpoint.1"


def save_checkpoint(path: Path, state: State, key: str) -> None:
    """Writes a state. `key` stands for all that training depends on."""
    groups = {"weights": state.weights, "momenta": state.momenta, "best": state.best}
    tensors = {
        f"{group}/{name}": tensor
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    description = {
        "schema": SCHEMA,
        "key": key,
        "step": str(state.step),
        "best_step": str(state.best_step),
        "points": json.dumps([point.model_dump() for point in state.points]),
    }
    save_tensors(path, tensors, description)


def load_checkpoint(path: Path, key: str) -> State | None:
    """The state at `path`, or none where there is none of this key."""
    if not path.exists():
        return None
    try:
        tensors, description = load_tensors(path, SCHEMA)
    except WorkError:
        return None
    if description["key"] != key:
        return None
    groups: dict[str, Tensors] = {"weights": {}, "momenta": {}, "best": {}}
    for place, tensor in tensors.items():
        group, name = place.split("/", 1)
        groups[group][name] = tensor
    return State(
        int(description["step"]),
        groups["weights"],
        groups["momenta"],
        groups["best"],
        int(description["best_step"]),
        tuple(LossPoint(**point) for point in json.loads(description["points"])),
    )
