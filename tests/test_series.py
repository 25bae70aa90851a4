"""Two films of a series: one model from the pairs of both, each film judged by its own pairs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import unfade
from unfade.errors import UnfadeError
from unfade.film.balance import Balance, FilmBalance
from unfade.film.model import TrainedModel
from unfade.film.provenance import Provenance
from unfade.film.series import is_own_shot
from unfade.film.target import Targets
from unfade.model.files import (
    FILM_NETWORKS,
    MODEL_SCHEMA,
    load_model,
    load_tensors,
)
from unfade.pipeline.freshness import settings
from unfade.pipeline.stages import STAGES
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.series import load_series

from .fixtures import load_artefact

Run = Callable[..., tuple[int, str]]

SERIES = 'series = ["../a", "../b/film.toml"]\n'
OWN_PAIR = "[[pair]]\nsource = 3\nreference = 3\naligned = true\n"
"""A training pair that only the second film has."""


def write_series(folder: Path, line: str = SERIES) -> None:
    path = folder / "film.toml"
    path.write_text(path.read_text().replace("[source]", f"{line}[source]", 1))


def reason(folder: Path, stage: str) -> str:
    return next(one.reason for one in unfade.open(folder).status() if one.name == stage)


def film_wide(folder: Path) -> dict[str, bytes]:
    tensors, description = load_tensors(folder / "05-train/model.safetensors", MODEL_SCHEMA)
    names = [one for one in tensors if one.startswith((FILM_NETWORKS, "lut.film", "spread.film"))]
    shared = {one: tensors[one].numpy().tobytes() for one in names}
    return shared | {"balance": description["balance"].encode()}


@pytest.fixture(scope="module")
def reels(shared_folder: Path, copy_small_film: Callable[[Path, str], Path]) -> tuple[Path, Path]:
    """The folders a and b of two films of a series after target; b has a pair more and another
    balance."""
    a, b = (copy_small_film(shared_folder / name, "target") for name in ("a", "b"))
    path = b / "film.toml"
    path.write_text(f'{path.read_text()}{OWN_PAIR}[ingest]\nbalance = "none"\n')
    for folder in (a, b):
        write_series(folder)
        unfade.open(folder).run(last="target")
    return a, b


@pytest.fixture(scope="module")
def trained(reels: tuple[Path, Path]) -> tuple[Path, Path]:
    for folder in reels:
        unfade.open(folder).run(last="train")
    return reels


@pytest.fixture
def copies(reels: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies of both films, which a test may change."""
    for folder in reels:
        shutil.copytree(folder, tmp_path / folder.name)
        shutil.rmtree(tmp_path / folder.name / "05-train", ignore_errors=True)
    return tmp_path / "a", tmp_path / "b"


def test_all_films_of_a_series_have_one_film_wide_model(trained: tuple[Path, Path]) -> None:
    a, b = trained
    assert film_wide(a) == film_wide(b)
    assert load_artefact(a, TrainedModel).id != load_artefact(b, TrainedModel).id


def test_the_balance_of_the_first_film_counts(trained: tuple[Path, Path]) -> None:
    a, b = trained
    assert load_artefact(b, FilmBalance).grade == Balance()
    assert load_artefact(a, FilmBalance).grade != Balance()
    for folder in trained:
        assert (
            load_model(folder / "05-train/model.safetensors").grade
            == load_artefact(a, FilmBalance).grade
        )


def test_the_pairs_of_other_films_teach(
    trained: tuple[Path, Path], finished_small_film: Path
) -> None:
    """The first film without the series has another law and other networks."""
    assert film_wide(trained[0]) != film_wide(finished_small_film)


def test_the_record_counts_the_pairs_of_films_apart(trained: tuple[Path, Path]) -> None:
    a, b = (load_artefact(folder, TrainedModel) for folder in trained)
    assert (a.train_frames, b.train_frames) == ((2,), (2, 3))
    (of_a,), (of_b,) = b.series, a.series
    assert (of_a.name, of_a.train_frames, of_a.holdout_frames) == ("a", (2,), (4,))
    assert (of_b.name, of_b.train_frames, of_b.holdout_frames) == ("b", (2, 3), (4,))
    assert of_b.targets_sha256 != of_a.targets_sha256
    assert all(one.shot == 1 for one in (*a.carried_colour, *b.carried_colour))
    assert set(a.carried_frames) | set(b.carried_frames) <= set(range(1, 7))


def test_a_model_knows_no_shot_of_another_film(trained: tuple[Path, Path]) -> None:
    for folder in trained:
        model = load_model(folder / "05-train/model.safetensors")
        assert model.laws.paired == {1}
        assert {*model.laws.shots} == {1}
        assert model.laws.general is not None
        assert {*model.laws.general.distances} == {1}
        assert model.baseline is not None
        assert {*model.baseline.shots} == {1}
        assert all(map(is_own_shot, model.laws.gradings.by_shot))
        assert model.unevenness.by_position.keys() <= {1}


def test_errors_of_a_film_are_those_of_its_own_hold_out_pairs(
    trained: tuple[Path, Path], copies: tuple[Path, Path]
) -> None:
    """Another truth of a hold-out pair of b changes the curve of a, and no error of a."""
    a, b = copies
    path = b / Targets.PATH
    targets = load_artefact(b, Targets)
    (held_out,) = targets.with_role("holdout")
    swapped = held_out.model_copy(update={"truth": held_out.source})
    others = tuple(swapped if one is held_out else one for one in targets.targets)
    path.write_text(targets.model_copy(update={"targets": others}).to_json())
    unfade.open(a).run(last="train")
    before, after = load_artefact(trained[0], TrainedModel), load_artefact(a, TrainedModel)
    assert after.faded_held_out == before.faded_held_out
    assert after.baseline_held_out == before.baseline_held_out
    assert after.checkpoints[0].held_out != before.checkpoints[0].held_out


def test_changed_targets_of_another_film_make_train_stale(copies: tuple[Path, Path]) -> None:
    a, b = copies
    for folder in copies:
        unfade.open(folder).run(last="train")
    assert (reason(a, "train"), reason(b, "train")) == ("", "")
    path = b / Targets.PATH
    path.write_text(path.read_text() + "\n")
    assert reason(a, "train") == "the targets of b have changed"
    path.unlink()
    assert reason(a, "train") == "the targets of b are gone"


def test_the_first_film_s_balance_makes_train_stale(copies: tuple[Path, Path]) -> None:
    a, b = copies
    unfade.open(b).run(last="train")
    path = a / FilmBalance.PATH
    path.write_text(path.read_text() + "\n")
    assert reason(b, "train") == "the balance of a has changed"


def test_a_series_that_moves_with_its_films_stays_fresh(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    for folder in trained:
        shutil.copytree(folder, tmp_path / "moved" / folder.name)
    moved = tmp_path / "moved" / "a"
    path = moved / "film.toml"
    path.write_text(path.read_text().replace('"../a"', f'"{moved}"'))
    assert reason(moved, "train") == ""


def test_a_film_without_a_series_has_no_new_setting(finished_small_film: Path) -> None:
    train = next(one for one in STAGES if one.name == "train")
    assert not any(
        "series" in key for key in settings(train, load_project(finished_small_film / "film.toml"))
    )


def test_another_film_without_targets_is_named_with_the_command(
    copies: tuple[Path, Path],
) -> None:
    a, b = copies
    shutil.rmtree(b / "04-target")
    with pytest.raises(UnfadeError) as caught:
        unfade.open(a).run(last="train")
    assert str(caught.value) == (
        f"{a}/film.toml: 'film.series' names ../b/film.toml, which has no targets yet; run "
        f"'unfade run {b} --to target', or all films in one command"
    )


def test_targets_that_are_a_pipe_are_not_read(copies: tuple[Path, Path]) -> None:
    a, b = copies
    (b / Targets.PATH).unlink()
    os.mkfifo(b / Targets.PATH)
    with pytest.raises(UnfadeError, match=r"has a targets\.json that cannot be used"):
        load_series(Job(load_project(a / "film.toml"), a, SilentProgress()))


def test_targets_that_are_being_written_are_not_read(copies: tuple[Path, Path]) -> None:
    a, b = copies
    (b / "04-target/.unfinished").touch()
    with pytest.raises(UnfadeError, match="which has not finished its targets; run 'unfade run"):
        unfade.open(a).run(last="train")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('series = ["../b", "../c"]\n', "does not name this film itself; name all films"),
        ('series = ["../a", "../b", "../x/b"]\n', "names two films in folders called 'b'"),
        ('series = ["../a", "../a"]\n', "names two films in folders called 'a'"),
        ('series = ["../a", "../c"]\n', "names ../c, where no film.toml is; correct the path"),
        (
            'series = ["../a"]\n',
            "is ['../a']: it names fewer than two films; name all",
        ),
        ('series = "../a"\n', "use a list"),
    ],
)
def test_a_series_that_cannot_be_used_is_refused(
    copies: tuple[Path, Path], line: str, expected: str
) -> None:
    a, _ = copies
    path = a / "film.toml"
    path.write_text(path.read_text().replace(SERIES, line))
    with pytest.raises(UnfadeError) as caught:
        unfade.open(a).run(last="train")
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_films_of_other_colour_configs_are_not_joined(copies: tuple[Path, Path]) -> None:
    a, b = copies
    path = b / "film.toml"
    path.write_text(path.read_text().replace("[source]", 'view = "Un-tone-mapped"\n[source]', 1))
    with pytest.raises(UnfadeError, match=r"has another 'film\.ocio' or 'film\.view'"):
        unfade.open(a).run(last="train")


def test_a_delivery_names_the_films_that_taught(trained: tuple[Path, Path], tmp_path: Path) -> None:
    for folder in trained:
        shutil.copytree(folder, tmp_path / folder.name)
    film = unfade.open(tmp_path / "a")
    film.run()
    (bag,) = [one for one in (film.folder / "08-deliver").iterdir() if one.is_dir()]
    words = "2 training pairs and 1 hold-out pair of b"
    assert f"besides, {words}," in " ".join((bag / "data/validation-note.txt").read_text().split())
    assert words in (bag / "data/report.html").read_text()
    assert '"name": "b"' in (bag / "data/pairs.json").read_text()
    provenance = Provenance.from_json((bag / "data/provenance.json").read_text())
    assert provenance.series == load_artefact(tmp_path / "a", TrainedModel).series
    assert 'series = ["a", "b"]' in (bag / "data/film.toml").read_text()
    texts = [one for one in bag.rglob("*") if one.suffix in (".txt", ".json", ".toml", ".html")]
    assert not any(str(tmp_path) in one.read_text() for one in texts)


@pytest.fixture
def fresh_reels(copies: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both films before their targets, and with one whose film.toml is faulty."""
    for folder in copies:
        shutil.rmtree(folder / "04-target")
    (tmp_path / "aa").mkdir()
    (tmp_path / "aa/film.toml").write_text("[film]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_of_films_runs_as_a_queue(fresh_reels: Path, run: Run) -> None:
    status, printed = run("run", ".", "--to", "train", "--quiet")
    assert status == 2
    assert load_artefact(fresh_reels / "a", TrainedModel).series[0].train_frames == (2, 3)
    lines = printed.splitlines()
    assert lines[0].split() == ["film", "result"]
    assert [line.split()[0] for line in lines[1:4]] == ["a", "aa", "b"]
    assert lines[1].split()[1:] == ["run", "up", "to", "train"]
    assert "aa/film.toml: 'film.title' is missing; add it" in printed
    status, printed = run("status", ".")
    assert status == 2
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["a", "aa", "b"]
    assert "render" in printed


@pytest.mark.parametrize("name", ["film.toml", "flim.toml"])
def test_a_mistyped_film_is_not_taken_for_all_films_below(
    fresh_reels: Path, run: Run, name: str
) -> None:
    for verb in ("run", "status"):
        status, printed = run(verb, name)
        assert (status, f"{name}: is missing; write a project file" in printed) == (2, True)
    assert not (fresh_reels / "a" / Targets.PATH).exists()


def test_films_can_be_named_one_by_one(fresh_reels: Path, run: Run) -> None:
    status, printed = run("run", "b", "a/film.toml", "--to", "target")
    assert status == 0
    assert "film 1 of 2: b, up to target" in printed
    assert os.path.exists(fresh_reels / "a" / Targets.PATH)
