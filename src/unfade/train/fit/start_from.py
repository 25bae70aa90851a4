"""Training that starts from the networks of an earlier model."""

from dataclasses import dataclass
from pathlib import Path

from unfade.errors import ProjectError, WorkError
from unfade.film.model import ModelSize
from unfade.model import load_model, model_id
from unfade.train.fit.loop import Tensors


@dataclass(frozen=True)
class EarlierModel:
    """An earlier model: its id, and the weights of its networks."""

    id: str
    weights: Tensors


def load_earlier(path: Path, size: ModelSize) -> EarlierModel:
    """Reads the model at `path`, whose networks have a given size.

    Raises:
        ProjectError: the file holds no model, or one of another size.
    """
    try:
        model = load_model(path)
    except WorkError as error:
        raise ProjectError(
            f"{path}: holds no model that this version of Unfade can start from; name a "
            "model.safetensors that this version wrote, or remove 'train.start_from'"
        ) from error
    if model.size != size:
        raise ProjectError(
            f"{path}: is a model of size '{model.size}', but 'train.size' is '{size}'; set that to "
            f"'{model.size}', or remove 'train.start_from'"
        )
    return EarlierModel(model_id(path), dict(model.residual.state_dict()))
