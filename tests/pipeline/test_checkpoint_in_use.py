"""'render.checkpoint' of film.toml: a person takes an earlier checkpoint of the training."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

import unfade
from unfade.errors import ProjectError
from unfade.film.model import TrainedModel
from unfade.model import model_id


def trained(folder: Path) -> TrainedModel:
    return TrainedModel.from_json((folder / "model.json").read_text())


def with_checkpoint(folder: Path, value: object) -> unfade.Film:
    place = folder / "film.toml"
    lines = [line for line in place.read_text().split("\n") if not line.startswith("checkpoint = ")]
    text = "\n".join(lines).replace("[train]\n", "[train]\ncheckpoint = 2\n")
    place.write_text(text.replace("[render]\n", f"[render]\ncheckpoint = {value}\n"))
    return unfade.open(folder)


@pytest.fixture(scope="module")
def best(finished_film: Path) -> TrainedModel:
    """The record of the training, before a person chose another checkpoint than the best."""
    return trained(finished_film / "05-train")


@pytest.fixture(scope="module")
def other(best: TrainedModel) -> int:
    """The step of a checkpoint that is not the best."""
    return next(one.step for one in best.checkpoints if one.step != best.best_step)


@pytest.fixture(scope="module")
def ran(finished_film: Path, best: TrainedModel, other: int) -> list[str]:
    """The stages that ran when a person chose another checkpoint."""
    return with_checkpoint(finished_film, other).run()


@pytest.fixture
def film(finished_film: Path, ran: list[str]) -> unfade.Film:
    assert ran
    return unfade.open(finished_film)


@pytest.fixture
def bag(film: unfade.Film) -> Path:
    (found,) = (film.folder / "08-deliver").glob("painted-v001*/data")
    return found


def test_training_lists_its_checkpoints_with_ids_and_errors(
    finished_film: Path, best: TrainedModel
) -> None:
    steps = {2, 4, best.best_step}
    assert [one.step for one in best.checkpoints] == sorted(steps)
    assert len({one.id for one in best.checkpoints}) == len(steps)
    assert all(one.held_out and one.held_out.ciede2000 > 0 for one in best.checkpoints)
    assert best.chosen_step is None
    sizes = [
        (finished_film / "05-train" / name).stat().st_size
        for name in ("checkpoints.safetensors", best.file)
    ]
    assert sizes[0] / len(steps) < sizes[1] / 4


def test_another_checkpoint_redoes_render_and_not_train(ran: list[str]) -> None:
    assert ran == ["render", "validate", "deliver"]


def test_masters_carry_the_id_of_the_checkpoint(
    film: unfade.Film, best: TrainedModel, other: int
) -> None:
    id = best.at(other).id
    assert id != best.id
    assert all(f"_{id}." in path.name for path in film.masters)
    assert oiio.ImageInput.open(str(film.masters[0])).spec()["unfade:model"] == id
    assert not list((film.folder / "06-render").glob(f"*_{best.id}.*"))


def test_the_bag_holds_the_checkpoint_alone(
    bag: Path, film: unfade.Film, best: TrainedModel, other: int
) -> None:
    path = bag / "model/model.safetensors"
    id = best.at(other).id
    assert model_id(path) == id
    assert unfade.load_model(path).id == film.model.id == id
    record = trained(bag / "model")
    assert (record.id, record.step, record.chosen_step) == (id, other, other)
    assert [one.step for one in record.checkpoints] == [other]
    assert {one.name for one in path.parent.iterdir()} == {
        "baseline.safetensors",
        "model.json",
        "model.safetensors",
    }


def test_python_gives_the_colour_of_the_checkpoint(bag: Path, film: unfade.Film) -> None:
    """The same as the model of the bag, and another than the best checkpoint."""
    array = np.random.default_rng(0).uniform(0.1, 0.8, (72, 96, 3)).astype(np.float32)
    chosen = film.model.colour(array, shot=1)
    delivered = unfade.load_model(bag / "model/model.safetensors").colour(array, shot=1)
    best = unfade.load_model(film.folder / "05-train/model.safetensors").colour(array, shot=1)
    np.testing.assert_array_equal(chosen, delivered)
    assert float(np.abs(chosen - best).max()) > 1e-6


def test_report_and_note_say_that_a_person_chose_it(
    bag: Path, best: TrainedModel, other: int
) -> None:
    page = " ".join((bag / "report.html").read_text().split())
    assert f"A person chose the weights of step {other}; hold-out pairs chose those of step" in page
    note = " ".join((bag / "validation-note.txt").read_text().split())
    assert f"weights of step {other} of 4, chosen by a person; hold-out pairs chose step" in note


def test_the_step_of_the_best_checkpoint_is_the_best(best: TrainedModel) -> None:
    assert best.at(best.best_step) == best.at("best") == best


def test_a_step_that_was_not_kept_is_refused(
    film: unfade.Film, best: TrainedModel, other: int
) -> None:
    steps = ", ".join(str(one.step) for one in best.checkpoints if one.step != best.best_step)
    with pytest.raises(
        ProjectError,
        match=f"'render.checkpoint' is 3, but training kept no checkpoint of that step; set it "
        f"to 'best', which is of step {best.best_step}, or to one of these: {steps}",
    ):
        with_checkpoint(film.folder, 3).run()
    with_checkpoint(film.folder, other)
