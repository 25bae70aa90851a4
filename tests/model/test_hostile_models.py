"""Model files of strangers: refused in one sentence, never executed, never trusted in size."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from unfade.errors import WorkError
from unfade.model import load_baseline, load_model
from unfade.model.checkpoints import load_chosen
from unfade.model.files import BASELINE_SCHEMA, MODEL_SCHEMA, load_tensors
from unfade.train.fit.checkpoint import CHECKPOINT_SCHEMA, load_checkpoint
from unfade.train.newest import CHECKPOINT, CLOSED_FORM, newest_step

from ..fixtures import Payload, make_model, write_small_model

DAMAGED = r"model\.safetensors: is damaged \(.*\); run 'unfade train' again"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_small_model(path)
    return path


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Rewrites a model file after a change of its tensors and its description."""
    tensors, description = load_tensors(path, MODEL_SCHEMA)
    fields: dict[str, Any] = dict(description)
    change(tensors, fields)
    save_file(tensors, path, metadata={"unfade": json.dumps(fields)})


@pytest.mark.parametrize(
    "description",
    ["", "[", "[" * 100_000, "3", "[]", '{"schema": 3}', '{"a": {}}', '{"a": ' + "9" * 5_000 + "}"],
)
def test_a_description_that_is_no_table_of_texts_is_damage(model: Path, description: str) -> None:
    save_file(load_file(model), model, metadata={"unfade": description})
    with pytest.raises(WorkError, match=DAMAGED) as caught:
        load_model(model)
    assert len(str(caught.value)) < 500


def test_a_hostile_schema_is_named_on_one_short_line(model: Path) -> None:
    rewrite(model, lambda tensors, fields: fields.update(schema="\x1b[2J\n\u202e" + "x" * 90_000))
    with pytest.raises(WorkError, match=r"holds \\x1b\[2J") as caught:
        load_model(model)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("key", ["size", "balance", "methods"])
def test_a_missing_or_invalid_entry_is_damage(model: Path, key: str) -> None:
    rewrite(model, lambda tensors, fields: fields.pop(key))
    with pytest.raises(WorkError, match=rf"is damaged \('{key}' is missing\)"):
        load_model(model)
    rewrite(model, lambda tensors, fields: fields.update({"balance": "{}", "methods": "{}"}))
    rewrite(model, lambda tensors, fields: fields.update({key: "[]"}))
    with pytest.raises(WorkError, match=DAMAGED):
        load_model(model)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("lut.film", (2, 1, 1, 4)),
        ("lut.film", (2, 130, 130, 1)),
        ("lut.shot.1", (2, 3, 3)),
        ("report.lut.film", (3, 9, 9, 9)),
        ("spread.film", (0, 9, 9, 9)),
        ("grain", (9,)),
        ("axes.move", (3,)),
        ("axes.turn", (4, 4)),
        ("general.log_map", (4, 3)),
        ("general.errors", (4,)),
        ("general.share", (2,)),
        ("general.distance.low.film", (3, 2)),
        ("grading.1", (3, 2)),
        ("uneven.placed.3", (2, 49)),
        ("residual.memory.weights.0", (1, 2, 3)),
        ("paired", (2, 2)),
        ("unheard.of", (1,)),
        ("lut.shot.9999999999", (2, 3, 3, 3)),
    ],
)
def test_a_tensor_of_another_shape_is_damage(
    model: Path, name: str, shape: tuple[int, ...]
) -> None:
    rewrite(model, lambda tensors, fields: tensors.update({name: torch.zeros(shape)}))
    with pytest.raises(WorkError, match=DAMAGED):
        load_model(model)


def test_a_tensor_of_another_kind_of_number_is_damage(model: Path) -> None:
    half = torch.zeros(2, 9, 9, 9, dtype=torch.float16)
    rewrite(model, lambda tensors, fields: tensors.update({"lut.film": half}))
    with pytest.raises(WorkError, match=r"'lut\.film' is 2 x 9 x 9 x 9 of torch\.float16"):
        load_model(model)


@pytest.mark.parametrize("name", ["lut.film", "grain", "spread.film", "residual.context.gain"])
def test_a_missing_tensor_is_damage(model: Path, name: str) -> None:
    rewrite(model, lambda tensors, fields: tensors.pop(name))
    with pytest.raises(WorkError, match=DAMAGED):
        load_model(model)


def test_a_baseline_without_its_lut_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "baseline.safetensors"
    description = json.dumps({"schema": BASELINE_SCHEMA})
    save_file({"grain": torch.zeros(3, 3)}, path, metadata={"unfade": description})
    with pytest.raises(WorkError, match=r"is damaged \('lut\.film' is missing\)"):
        load_baseline(path)


@pytest.mark.parametrize("length", [2**63, 10**9, 10**12, 100])
def test_a_header_of_a_wrong_length_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(WorkError, match=r"cannot be read \(.*\); run 'unfade train' again"):
        load_model(path)


@pytest.mark.parametrize("shape", [[2**40, 2**40], [2**62], [1, 2**33]])
def test_tensors_that_the_file_does_not_hold_are_refused(tmp_path: Path, shape: list[int]) -> None:
    path = tmp_path / "model.safetensors"
    header = json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 8]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(WorkError, match=r"cannot be read \(.*\); run 'unfade train' again"):
        load_model(path)


def test_a_pipe_in_place_of_a_model_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(WorkError, match="it is no regular file"):
        load_model(tmp_path / "model.safetensors")


def test_a_pickle_is_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(WorkError, match="cannot be read"):
        load_model(path)
    torch.save(Payload(), path)
    with pytest.raises(WorkError, match="cannot be read"):
        load_model(path)
    assert not (tmp_path / "executed").exists()


def test_a_record_of_a_checkpoint_without_a_file_of_them_is_refused(model: Path) -> None:
    trained = make_model(id="0" * 12, chosen_step=3)
    with pytest.raises(WorkError, match="its record names no file of checkpoints"):
        load_chosen(model.parent, trained)


@pytest.mark.parametrize(
    "description",
    [{}, {"key": "k"}, {"key": "k", "step": "x", "best_step": "1", "points": "[]"}],
)
def test_a_damaged_checkpoint_is_no_checkpoint(model: Path, description: dict[str, str]) -> None:
    path = model.with_name(CHECKPOINT)
    text = json.dumps({"schema": CHECKPOINT_SCHEMA, **description})
    save_file({"weights/a": torch.zeros(1)}, path, metadata={"unfade": text})
    assert load_checkpoint(path, "k", "small") is None
    model.rename(model.with_name(CLOSED_FORM))
    assert newest_step(model.parent) is None


def test_a_checkpoint_of_misshapen_weights_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    fields = {"key": "k", "step": "1", "best_step": "1", "points": "[]"}
    text = json.dumps({"schema": CHECKPOINT_SCHEMA, **fields})
    save_file({"weights/memory.gain": torch.zeros(1)}, path, metadata={"unfade": text})
    assert load_checkpoint(path, "k", "small") is None
