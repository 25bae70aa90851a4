"""The loop of improvement over stand-ins for the stages: what it keeps, undoes and records."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unfade.errors import ProjectError, WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import SOURCE_PROXY, Area, Clips
from unfade.film.improvement import Improvement
from unfade.film.match import MatchRecord, ReferenceMatches
from unfade.film.model import HeldOut
from unfade.film.pair import Pair, PairList
from unfade.film.report import Measure, Report
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.improve import loop
from unfade.improve.held_out import ShotErrors
from unfade.improve.loop import Loop
from unfade.improve.snapshot import Snapshot
from unfade.project.edit import with_added_frames
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.writing import write_text

from ..fixtures import make_alignment, make_clip, make_model

FRAMES = FrameRange(first=1, last=40)
FILM = """[film]
title = "Reel"  # a comment that stays

[source]
path = "scan.%04d.dpx"

[reference]
path = "dvd.mkv"
"""

Errors = Callable[[int], float]
"""The held-out error of a film with a number of training pairs."""


Edit = Callable[[str], str]
"""A person's edit of the text of film.toml."""


class Stages:
    """Stand-ins for the stages: one shot with one pair, the pairs of `curate.add`, a hold-out.

    A person makes `edit` while the first round trains. Added frames from `first_refused` on are
    refused by align.
    """

    def __init__(
        self,
        root: Path,
        error: Errors,
        *,
        is_judged: bool,
        edit: Edit | None = None,
        first_refused: int = 41,
    ) -> None:
        self.root, self.error, self.is_judged = root, error, is_judged
        self.edit, self.first_refused = edit, first_refused
        self.runs: list[tuple[str, str]] = []
        self.trained: list[tuple[str, str | None]] = []

    def run(self, job: Job, first: str | None = None, last: str | None = None) -> list[str]:
        self.runs.append((last or "", job.project.render.range))
        if last == "train" and self.edit:
            path = self.root / "film.toml"
            path.write_text(self.edit(path.read_text(encoding="utf-8")), encoding="utf-8")
            self.edit = None
        chosen = [5, *(one for one in job.project.curate.add if one < self.first_refused)]
        pairs = [self.pair(frame) for frame in chosen] + [self.pair(30, role="holdout")]
        shot = Shot(number=1, frames=FRAMES)
        clip = make_clip("scan.%04d.dpx", FRAMES, 64, 36)
        job.save(Clips(source=clip, references={"reference": clip}))
        job.save(PairList(shots=(shot,), pairs=tuple(pairs)))
        columns = {"similarity": (0.9,) * 40, "lag": (0.0,) * 40}
        found = ReferenceMatches(reference=tuple(range(40)), **columns)
        job.save(
            MatchRecord(
                frames=FRAMES,
                references={"reference": found},
                of=("reference",) * 40,
                state=("free",) * 40,
            )
        )
        area = Area(x=0, y=0, width=64, height=36)
        job.save(
            Alignments(crop=area, admitted=tuple(make_alignment(pair, area) for pair in pairs))
        )
        for stage in ("target", "train"):
            job.folder(stage)
        error = self.error(len(chosen))
        held_out = HeldOut(ciede2000=error, chroma=0.01) if self.is_judged else None
        self.train(job, len(chosen), held_out)
        if last == "validate":
            measure = Measure(name="held_out_ciede2000", value=error, unit="CIEDE2000")
            job.save(Report(verdict="accept", measures=(measure,)))
        np.save(self.root / SOURCE_PROXY, self.proxy())
        return []

    def train(self, job: Job, pairs: int, held_out: HeldOut | None) -> None:
        """Writes a model, and notes its file and what the one that it starts from holds."""
        start = job.project.train.start_from
        text = f"model of {pairs} pairs"
        begun = (self.root / start).read_text(encoding="utf-8") if start else None
        if (text, begun) not in self.trained:
            self.trained.append((text, begun))
        write_text(job.folder("train") / "model.safetensors", text)
        facts = {"id": f"{pairs:012x}", "file": "model.safetensors"}
        job.save(make_model(**facts, held_out=held_out))

    def pair(self, frame: int, **facts: Any) -> Pair:
        return Pair(source=frame, reference=frame, of="reference", shot=1, **facts)

    def proxy(self) -> np.ndarray:
        return np.random.default_rng(1).integers(30, 220, (40, 36, 64, 3), np.uint8)

    def held_out(self, job: Job) -> ShotErrors:
        pairs = [one.pair for one in job.load(Alignments).admitted]
        return ShotErrors({1: self.error(sum(pair.role == "train" for pair in pairs))})


def improve(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Errors,
    rounds: int = 5,
    *,
    is_judged: bool = True,
    film: str = FILM,
    **facts: Any,
) -> tuple[Improvement, Stages]:
    stages = Stages(root, error, is_judged=is_judged, **facts)
    (root / "01-ingest").mkdir(exist_ok=True)
    (root / "film.toml").write_text(film, encoding="utf-8")
    monkeypatch.setattr(loop.pipeline, "run", stages.run)
    monkeypatch.setattr(loop, "shot_errors", stages.held_out)
    return Loop(root / "film.toml", SilentProgress()).run(rounds), stages


def test_it_grows_while_pairs_gain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, stages = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs)
    assert [one.pairs for one in result.rounds] == [1, 4, 7, 11]
    assert all(one.kept for one in result.rounds)
    assert result.ended == "no pair is left that would help"
    added = load_project(tmp_path / "film.toml").curate.add
    assert sorted(added) == sorted(a.source for one in result.rounds for a in one.added)
    assert "# a comment that stays" in (tmp_path / "film.toml").read_text(encoding="utf-8")
    assert stages.runs[-1] == ("validate", "all"), "in the end all frames are rendered"
    assert {kind for last, kind in stages.runs[:-1] if last == "validate"} == {"validation"}
    stored = (tmp_path / Improvement.PATH).read_text(encoding="utf-8")
    assert Improvement.from_json(stored) == result


def test_a_round_that_makes_hold_outs_worse_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = improve(tmp_path, monkeypatch, {1: 2.0, 4: 1.0, 7: 1.5}.__getitem__)
    assert [(one.held_out, one.kept) for one in result.rounds] == [
        (2.0, True),
        (1.0, True),
        (1.5, False),
    ]
    assert result.ended == "the last round did not help and was undone"
    assert len(load_project(tmp_path / "film.toml").curate.add) == 3
    assert result.rounds[-1].verdict is None
    assert not (tmp_path / "09-improve" / "before").exists()


def test_it_ends_when_the_criteria_hold_and_little_is_gained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = improve(tmp_path, monkeypatch, {1: 2.0, 4: 1.0, 7: 0.99}.__getitem__)
    assert [one.pairs for one in result.rounds] == [1, 4, 7]
    assert result.ended.startswith("the acceptance criteria hold")


def test_it_ends_at_the_limit_of_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, rounds=1)
    assert [one.number for one in result.rounds] == [0, 1]
    assert result.ended == "the limit of 1 rounds was reached"


def test_without_a_hold_out_pair_nothing_can_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WorkError, match="no hold-out pair that could judge a round"):
        improve(tmp_path, monkeypatch, lambda pairs: 1.0, is_judged=False)


def test_an_error_in_a_round_undoes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def error(pairs: int) -> float:
        if pairs > 1:
            raise WorkError("the disk is full")
        return 2.0

    with pytest.raises(WorkError, match="the disk is full"):
        improve(tmp_path, monkeypatch, error)
    assert (tmp_path / "film.toml").read_text(encoding="utf-8") == FILM
    assert not (tmp_path / "09-improve" / "before").exists()


def test_two_runs_at_once_do_not_undo_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "09-improve"
    folder.mkdir()
    command = [
        sys.executable,
        "-c",
        "import sys, time; from pathlib import Path; from unfade.work.lock import lock_folder\n"
        "with lock_folder(Path(sys.argv[1]), print):\n    print('locked', flush=True)\n"
        "    time.sleep(60)",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(WorkError, match="is in use by process"):
                improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs)
        finally:
            other.kill()


def test_pairs_that_a_person_adds_in_a_round_are_not_the_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = partial(with_added_frames, frames=[20])
    result, stages = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, edit=edit)
    assert [(one.pairs, len(one.added), one.held_out) for one in result.rounds] == [
        (1, 0, 4.0),
        (4, 3, 1.0),
    ]
    assert result.ended.startswith("film.toml was changed meanwhile")
    added = {one.source for one in result.rounds[1].added}
    assert {*load_project(tmp_path / "film.toml").curate.add} == added | {20}
    assert stages.runs[-1] == ("validate", "all"), "in the end the edited film is rendered"


def test_pairs_that_a_person_takes_back_in_a_round_are_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = improve(
        tmp_path, monkeypatch, lambda pairs: 4 / pairs, edit=lambda text: FILM + "# mine\n"
    )
    assert [len(one.added) for one in result.rounds] == [0, 0]
    assert (tmp_path / "film.toml").read_text(encoding="utf-8") == FILM + "# mine\n"


def test_pairs_that_align_refuses_are_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1, first_refused=20)
    planned = load_project(tmp_path / "film.toml").curate.add
    assert [one.source for one in result.rounds[1].added] == [one for one in planned if one < 20]
    assert result.rounds[1].pairs == 1 + len(result.rounds[1].added)
    assert len(result.rounds[1].added) < len(planned)


def test_an_edit_in_a_round_that_does_not_help_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProjectError, match="was changed while a round of improvement ran"):
        improve(tmp_path, monkeypatch, float, edit=lambda text: text + "# mine\n")
    assert (tmp_path / "film.toml").read_text(encoding="utf-8").endswith("# mine\n")


def test_the_next_run_leaves_alone_what_did_not_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    improve(tmp_path, monkeypatch, {1: 2.0, 4: 1.0, 7: 1.5}.__getitem__)
    film = (tmp_path / "film.toml").read_text(encoding="utf-8")
    for _ in range(2):
        result, _ = improve(tmp_path, monkeypatch, {4: 1.0}.__getitem__, film=film)
        assert [one.pairs for one in result.rounds] == [4]
        assert result.ended == "no pair is left that would help"
    result, _ = improve(tmp_path, monkeypatch, {4: 0.9, 7: 0.5, 11: 0.3}.__getitem__, film=film)
    assert [one.pairs for one in result.rounds] == [4, 7, 11], "a film that changed is tried again"


def test_the_record_keeps_earlier_rounds_whose_pairs_are_still_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1)
    assert first.earlier == ()
    film = (tmp_path / "film.toml").read_text(encoding="utf-8")
    second, _ = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1, film=film)
    assert [one.added for one in second.earlier] == [first.rounds[1].added]
    third, _ = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1)
    assert third.earlier == (), "film.toml lists none of their frames any more"


def test_film_toml_behind_a_link_is_edited_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "versions" / "film.toml"
    real.parent.mkdir()
    real.write_text(FILM, encoding="utf-8")
    (tmp_path / "film.toml").symlink_to(real)
    improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1)
    assert (tmp_path / "film.toml").is_symlink()
    assert load_project(real).curate.add


def test_a_round_starts_from_the_best_checkpoint_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, stages = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 2)
    assert stages.trained == [
        ("model of 1 pairs", None),
        ("model of 4 pairs", "model of 1 pairs"),
        ("model of 7 pairs", "model of 4 pairs"),
    ], "and the last run for all frames trains nothing else"
    named = load_project(tmp_path / "film.toml").train.start_from
    assert named == "09-improve/start-000000000004.safetensors"
    assert [*(tmp_path / "09-improve").glob("start-*")] == [tmp_path / named]


def test_an_undone_round_leaves_the_model_of_the_round_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, stages = improve(tmp_path, monkeypatch, {1: 2.0, 4: 1.0, 7: 1.5}.__getitem__)
    assert stages.trained[-1] == ("model of 7 pairs", "model of 4 pairs")
    named = load_project(tmp_path / "film.toml").train.start_from
    assert named == "09-improve/start-000000000001.safetensors"
    assert (tmp_path / named).read_text(encoding="utf-8") == "model of 1 pairs"
    assert [*(tmp_path / "09-improve").glob("start-*")] == [tmp_path / named]


def test_a_model_that_a_person_names_stays_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "reel0.safetensors", "reel 0")
    film = FILM + '\n[train]\nstart_from = "reel0.safetensors"  # same stock\n'
    _, stages = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, film=film)
    assert {begun for _, begun in stages.trained} == {"reel 0"}
    assert len(stages.trained) == 4
    assert '"reel0.safetensors"  # same stock' in (tmp_path / "film.toml").read_text()
    assert not [*(tmp_path / "09-improve").glob("start-*")]


def test_a_killed_round_is_tried_again_from_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def error(pairs: int) -> float:
        if pairs == 7:
            raise KeyboardInterrupt
        return 4 / pairs

    def nothing_to_undo(snapshot: Snapshot) -> bool:
        return False

    with monkeypatch.context() as killed:
        killed.setattr(Snapshot, "undo_round", nothing_to_undo)
        with pytest.raises(KeyboardInterrupt):
            improve(tmp_path, killed, error)
    assert len([*(tmp_path / "09-improve").glob("start-*")]) == 2
    film = (tmp_path / "film.toml").read_text(encoding="utf-8")
    _, stages = improve(tmp_path, monkeypatch, lambda pairs: 4 / pairs, 1, film=film)
    assert stages.trained == [
        ("model of 4 pairs", "model of 1 pairs"),
        ("model of 7 pairs", "model of 4 pairs"),
    ]
    named = load_project(tmp_path / "film.toml").train.start_from
    assert [*(tmp_path / "09-improve").glob("start-*")] == [tmp_path / str(named)]
