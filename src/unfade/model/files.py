"""Model and baseline files: safetensors with a description of their content.

Loading never executes code, unlike a pickle.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from unfade.errors import WorkError
from unfade.film.balance import FilmGrade
from unfade.film.method import Methods, MethodSetting
from unfade.film.model import ModelSize
from unfade.film.working_space import WORKING_SPACE
from unfade.model.chroma_model import ChromaModel
from unfade.model.closed_form.distance import DistanceField
from unfade.model.closed_form.general_law import ColourSpread, DyeLaw, GeneralLaw
from unfade.model.closed_form.gradings import Gradings
from unfade.model.closed_form.laws import Baseline, Law, Laws
from unfade.model.closed_form.lut import Axes, SmoothLut, SpreadLut
from unfade.model.closed_form.unevenness import Unevenness
from unfade.model.device import network_device
from unfade.model.networks import WIDTHS, ResidualNetworks
from unfade.model.tensor_shapes import check_shapes
from unfade.model.uncertainty import Uncertainty
from unfade.work.digest_cache import digest
from unfade.work.writing import writing

MODEL_SCHEMA = "ChromaModel.12"
"""Name and version of a model file's tensors. An older file is refused, not converted, because the
model can be trained again from the same targets."""

BASELINE_SCHEMA = "Baseline.5"
"""Name and version of a baseline file's tensors."""

REPORT_LUTS = "report."
"""Prefix of the tensors of the report's LUTs in a model file. They are those of the baseline file,
so that the model file alone recovers the colour of every method."""

FILM_NETWORKS, SHOT_NETWORKS = "residual.", "own."
"""Prefixes of the tensors of the film's networks and of those of shots in a model file."""

ID_DIGITS = 12
"""Hexadecimal digits of a model's id: short enough for file names."""

FAULTS_OF_CONTENT = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What missing or misshapen parts of a model file raise, in its reader or in torch."""

ERROR_WEIGHTS = "error.weights"
"""Tensor of the predicted error in a model file."""


def save_tensors(path: Path, tensors: dict[str, Tensor], description: dict[str, str]) -> None:
    """Writes tensors and their description atomically; equal content gives equal bytes."""
    whole = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    with writing(path) as temporary, _as_os_error():
        save_file(whole, temporary, metadata=metadata(description))


def metadata(description: dict[str, str]) -> dict[str, str]:
    """The metadata of a file: the description as one JSON entry, because safetensors does not keep
    the order of several entries."""
    return {"unfade": json.dumps(description, sort_keys=True)}


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Turns the error of safetensors, for example on a full disk, into an OSError."""
    try:
        yield
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load_tensors(path: Path, schema: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads tensors and their description.

    Raises:
        WorkError: the file is missing, damaged, or of another schema.
    """
    with _opened(path, schema) as (opened, description):
        return {name: opened.get_tensor(name) for name in opened.keys()}, description  # noqa: SIM118


def load_description(path: Path, schema: str) -> dict[str, str]:
    """Reads the description alone.

    Raises:
        WorkError: the file is missing, damaged, or of another schema.
    """
    with _opened(path, schema) as (_, description):
        return description


@contextmanager
def _opened(path: Path, schema: str) -> Iterator[tuple[Any, dict[str, str]]]:
    """An open file of tensors, and its description.

    Raises:
        WorkError: the file is missing, damaged, or of another schema.
    """
    try:
        if not path.is_file() and path.exists():
            raise OSError("it is no regular file")
        with safe_open(path, framework="pt") as opened:
            with damaged_file(path):
                description = _texts((opened.metadata() or {}).get("unfade", "{}"))
            actual = description.get("schema", "no schema")
            if actual != schema:
                raise WorkError(
                    f"{path}: holds {actual:.100}, expected {schema}; run 'unfade train' again"
                )
            yield opened, description
    except (OSError, SafetensorError) as error:
        raise WorkError(f"{path}: cannot be read ({error}); run 'unfade train' again") from error


def _texts(description: str) -> dict[str, str]:
    """
    Raises:
        ValueError: it is no table of texts.
    """
    texts = json.loads(description)
    if not isinstance(texts, dict) or not all(isinstance(one, str) for one in texts.values()):
        raise ValueError("its description is no table of texts")
    return texts


@contextmanager
def damaged_file(path: Path) -> Iterator[None]:
    """Turns the errors of missing or misshapen parts of a model file into a `WorkError`."""
    try:
        yield
    except FAULTS_OF_CONTENT as error:
        if "out of memory" in str(error):
            raise
        is_key = isinstance(error, KeyError)
        reason = f"{error} is missing" if is_key else (str(error).splitlines() or ["no content"])[0]
        raise WorkError(f"{path}: is damaged ({reason}); run 'unfade train' again") from error


def save_baseline(path: Path, baseline: Baseline) -> None:
    """Writes a baseline file."""
    save_tensors(path, _baseline_tensors(baseline), {"schema": BASELINE_SCHEMA})


def load_baseline(path: Path) -> Baseline:
    """Reads the baseline that `save_baseline` wrote.

    Raises:
        WorkError: the file is missing, damaged, or of another schema.
    """
    tensors, _ = load_tensors(path, BASELINE_SCHEMA)
    with damaged_file(path):
        check_shapes(tensors)
        return _baseline_of(tensors)


def save_model(path: Path, model: ChromaModel, facts: dict[str, object]) -> str:
    """Writes a model file.

    `facts` go into its description, for example the pairs and the held-out error.

    Returns:
        The id of the model.
    """
    tensors = _law_tensors(model.laws) | _unevenness_tensors(model.unevenness)
    if model.baseline is not None:
        tensors |= prefixed(REPORT_LUTS, _baseline_tensors(model.baseline))
    tensors |= _network_tensors(FILM_NETWORKS, model.residual)
    for number, network in model.shot_networks.items():
        tensors |= _network_tensors(f"{SHOT_NETWORKS}{number}.", network)
    if model.uncertainty is not None:
        tensors[ERROR_WEIGHTS] = model.uncertainty.weights
    description = {
        "schema": MODEL_SCHEMA,
        "size": model.size,
        "hidden_units": json.dumps(WIDTHS[model.size]),
        "input": f"R'G'B' in {WORKING_SPACE}",
        "output": "Cb and Cr of Rec.709 at source luma",
        "balance": model.grade.model_dump_json(),
        "methods": model.methods.model_dump_json(),
        "facts": json.dumps(facts, sort_keys=True),
    }
    save_tensors(path, tensors, description)
    return model_id(path)


def model_id(path: Path) -> str:
    """The id of a model: the first `ID_DIGITS` of the SHA-256 of its file."""
    return digest(path)[:ID_DIGITS]


def load_model(path: Path, use: MethodSetting = "auto") -> ChromaModel:
    """Reads the model that `save_model` wrote, with the setting 'render.use'.

    Raises:
        WorkError: the file is missing, damaged, or of another schema.
    """
    tensors, description = load_tensors(path, MODEL_SCHEMA)
    with damaged_file(path):
        return model_of(tensors, description).using(use)


def model_of(tensors: dict[str, Tensor], description: dict[str, str]) -> ChromaModel:
    """The model of the tensors and the description of a model file; `damaged_file` turns the errors
    of what is missing or misshapen into a sentence."""
    check_shapes(tensors)
    size = cast(ModelSize, description["size"])
    shots = {int(name.split(".")[1]) for name in tensors if name.startswith(SHOT_NETWORKS)}
    laws, report_luts = _laws_of(tensors), without_prefix(REPORT_LUTS, tensors)
    return ChromaModel(
        size,
        laws,
        _network_of(FILM_NETWORKS, tensors, size),
        _unevenness_of(tensors, laws.axes),
        Uncertainty(tensors[ERROR_WEIGHTS]) if ERROR_WEIGHTS in tensors else None,
        {n: _network_of(f"{SHOT_NETWORKS}{n}.", tensors, size) for n in sorted(shots)},
        TypeAdapter(FilmGrade).validate_json(description["balance"]),
        _baseline_of(report_luts) if report_luts else None,
        Methods.model_validate_json(description["methods"]),
    )


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors with a prefix before their names."""
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with a prefix, by the rest of their name."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _network_tensors(prefix: str, network: ResidualNetworks) -> dict[str, Tensor]:
    return prefixed(prefix, network.state_dict())


def _network_of(prefix: str, tensors: dict[str, Tensor], size: ModelSize) -> ResidualNetworks:
    network = ResidualNetworks(size)
    network.load_state_dict(without_prefix(prefix, tensors))
    network.eval()
    return network.to(network_device())


def _baseline_tensors(baseline: Baseline) -> dict[str, Tensor]:
    shots = {f"lut.shot.{number}": lut.nodes for number, lut in baseline.shots.items()}
    return {"lut.film": baseline.film.nodes, "grain": baseline.grain, **shots}


def _baseline_of(tensors: dict[str, Tensor]) -> Baseline:
    shots = {n: SmoothLut(nodes) for n, nodes in _by_number("lut.shot.", tensors).items()}
    return Baseline(SmoothLut(tensors["lut.film"]), shots, tensors["grain"])


def _law_tensors(laws: Laws) -> dict[str, Tensor]:
    spreads = {f"spread.shot.{number}": law.spread.lut.nodes for number, law in laws.shots.items()}
    axes = {"axes.turn": laws.axes.matrix, "axes.move": laws.axes.offset}
    film = {"spread.film": laws.film.spread.lut.nodes}
    general = {} if laws.general is None else _general_tensors(laws.general)
    gradings = {f"grading.{number}": one for number, one in laws.gradings.by_shot.items()}
    gradings["paired"] = torch.tensor(sorted(laws.paired))
    return _baseline_tensors(laws.baseline) | film | spreads | axes | general | gradings


def _general_tensors(law: GeneralLaw) -> dict[str, Tensor]:
    tensors = {
        "log_map": law.dyes.log_map,
        "to_cbcr": law.dyes.to_cbcr,
        "matrix": law.spread.matrix,
        "offset": law.spread.offset,
        "deviation": law.deviation,
        "share": torch.tensor(law.share),
        "errors": law.errors,
        "lut_errors": law.lut_errors,
    }
    for name, one in (("film", law.film_distance), *law.distances.items()):
        tensors |= {
            f"distance.low.{name}": one.low,
            f"distance.high.{name}": one.high,
            f"distance.nodes.{name}": one.nodes,
        }
    return prefixed("general.", tensors)


def _general_of(tensors: dict[str, Tensor]) -> GeneralLaw | None:
    parts = without_prefix("general.", tensors)
    if not parts:
        return None
    nodes = without_prefix("distance.nodes.", parts)
    distances = {
        name: DistanceField(parts[f"distance.low.{name}"], parts[f"distance.high.{name}"], own)
        for name, own in nodes.items()
    }
    return GeneralLaw(
        DyeLaw(parts["log_map"], parts["to_cbcr"]),
        ColourSpread(parts["matrix"], parts["offset"]),
        parts["deviation"],
        distances.pop("film"),
        {int(name): distance for name, distance in distances.items()},
        float(parts["share"]),
        parts["errors"],
        parts["lut_errors"],
    )


def _laws_of(tensors: dict[str, Tensor]) -> Laws:
    baseline, axes = _baseline_of(tensors), Axes(tensors["axes.turn"], tensors["axes.move"])
    spreads = _by_number("spread.shot.", tensors)
    film = Law(baseline.film, SpreadLut(SmoothLut(tensors["spread.film"]), axes))
    shots = {
        n: Law(lut, SpreadLut(SmoothLut(spreads[n]), axes)) for n, lut in baseline.shots.items()
    }
    gradings = Gradings(_by_number("grading.", tensors))
    paired = frozenset(tensors["paired"].int().tolist())
    return Laws(film, shots, baseline.grain, paired, _general_of(tensors), gradings)


def _unevenness_tensors(unevenness: Unevenness) -> dict[str, Tensor]:
    tensors = {}
    for number, coefficients in unevenness.by_position.items():
        even = unevenness.even[number]
        tensors[f"uneven.placed.{number}"] = coefficients
        tensors[f"uneven.lut.{number}"] = even.smooth.nodes
        tensors[f"uneven.spread.{number}"] = even.spread.lut.nodes
    return tensors


def _unevenness_of(tensors: dict[str, Tensor], axes: Axes) -> Unevenness:
    luts, spreads, by_position = (
        _by_number(f"uneven.{kind}.", tensors) for kind in ("lut", "spread", "placed")
    )
    even = {n: Law(SmoothLut(luts[n]), SpreadLut(SmoothLut(spreads[n]), axes)) for n in by_position}
    return Unevenness(even, by_position)


def _by_number(prefix: str, tensors: dict[str, Tensor]) -> dict[int, Tensor]:
    """The tensors with a prefix, by the number after it in their name."""
    return {int(number): tensor for number, tensor in without_prefix(prefix, tensors).items()}
