"""The recovery of shots as TorchScript and ONNX, for programs that know nothing of Unfade."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from unfade import __version__
from unfade.film.working_space import WORKING_SPACE
from unfade.model.chroma_model import ChromaModel
from unfade.model.portable.shot import portable_shot
from unfade.work.writing import writing

OPSET = 18
"""Version of ONNX operators: that of 2022, which all present runtimes read."""

INPUT, OUTPUT = "faded", "recovered"
"""Names of input and output of an ONNX graph."""

EXAMPLE_SIDE_PX = 32
"""Height and width of the picture that the exporter is shown; any size gives the same graph."""

Structure = tuple[tuple[str, torch.Size], ...]
"""Names and shapes of the weights of a model; models of one structure have the same graph."""


def write_shots(model: ChromaModel, stems: Mapping[int, Path]) -> None:
    """Writes the recovery of shots as ``.pt`` (TorchScript) and ``.onnx``.

    Both take R'G'B' (1, 3, H, W) of the live area in the working space, of any size, and give the
    same with recovered colour. The graph of ONNX is made once for shots of one structure, because
    that takes seconds.

    Args:
        model: of the film.
        stems: paths without suffix, by the number of the shot.

    Raises:
        WorkError: a file cannot be written.
    """
    graphs: dict[Structure, onnx.ModelProto] = {}
    for shot, stem in stems.items():
        scripted = _scripted(model, shot)
        _write_torchscript(scripted, stem.with_name(f"{stem.name}.pt"))
        weights: dict[str, Tensor] = dict(scripted.state_dict())
        structure = tuple((name, weight.shape) for name, weight in weights.items())
        if structure not in graphs:
            graphs[structure] = _graph(_scripted(model, shot))
        _write_onnx(graphs[structure], weights, shot, stem.with_name(f"{stem.name}.onnx"))


def _scripted(model: ChromaModel, shot: int) -> torch.jit.ScriptModule:
    with _without_warnings():
        scripted: torch.jit.ScriptModule = torch.jit.script(portable_shot(model, shot))
    return scripted


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Ignores that torch deprecates TorchScript, which is what Nuke reads, and the exporter that
    reads TorchScript: the one that replaces it takes minutes for this model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _write_torchscript(scripted: torch.jit.ScriptModule, path: Path) -> None:
    """Writes TorchScript without its debugging records, which hold paths of this machine."""
    buffer = io.BytesIO()
    with _without_warnings():
        torch.jit.save(scripted, buffer)
    with (
        zipfile.ZipFile(buffer) as whole,
        writing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as stripped,
    ):
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                stripped.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))


def _graph(scripted: torch.jit.ScriptModule) -> onnx.ModelProto:
    """The ONNX graph of a model. Its weights become random numbers, because the exporter stores
    equal weights once, and those of another shot may differ."""
    generator = torch.Generator().manual_seed(0)
    for weight in scripted.state_dict().values():
        weight.copy_(torch.rand(weight.shape, generator=generator))
    example = torch.zeros(1, 3, EXAMPLE_SIDE_PX, EXAMPLE_SIDE_PX)
    sides = {2: "height", 3: "width"}
    buffer = io.BytesIO()
    with _without_warnings():
        torch.onnx.export(
            scripted,
            (example,),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: sides, OUTPUT: sides},
            do_constant_folding=False,
        )
    return onnx.load_model_from_string(buffer.getvalue())


def _write_onnx(
    graph: onnx.ModelProto, weights: Mapping[str, Tensor], shot: int, path: Path
) -> None:
    """Writes a graph with the weights of a shot."""
    whole = onnx.ModelProto()
    whole.CopyFrom(graph)
    whole.producer_name, whole.producer_version = "Unfade", __version__
    facts = {"shot": str(shot), "input": f"R'G'B' in {WORKING_SPACE}, live area, 1 x 3 x H x W"}
    onnx.helper.set_model_props(whole, facts)
    initializers = {one.name: one for one in whole.graph.initializer}
    missing = weights.keys() - initializers.keys()
    assert not missing, f"the ONNX graph lacks {sorted(missing)}"
    for name, weight in weights.items():
        initializers[name].CopyFrom(numpy_helper.from_array(weight.numpy(), name))
    with writing(path) as temporary:
        temporary.write_bytes(whole.SerializeToString(deterministic=True))
