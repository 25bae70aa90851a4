"""Training that starts from the networks of an earlier model."""

from dataclasses import dataclass
from pathlib import Path

from unfade.errors import ProjectError, WorkError
from unfade.film.model import ModelSize
from unfade.model import load_model, model_id
from unfade.train.fit.loop import Tensors


@dataclass(frozen=True)
class Earlier:
    """An earlier model: its id, and the weights of its networks."""

    id: str
    weights: Tensors


def load_earlier(path: Path, size: ModelSize) -> Earlier:
    """The model at `path`, for networks of a size to start from.

    Raises:
        ProjectError: it holds no model, or one of another size.
    """
    try:
        model = load_model(path)
    except WorkError as error:
        raise ProjectError(
            f"train.start_from: {path} holds no model that this version of Unfade can start from; "
            "name a model.safetensors that it wrote, or take start_from out"
        ) from error
    if model.size != size:
        raise ProjectError(
            f"train.start_from: {path} is a model of size '{model.size}', but train.size is "
            f"'{size}'; set size to '{model.size}', or take start_from out"
        )
    return Earlier(model_id(path), dict(model.residual.state_dict()))
