"""The loop of improvement: add pairs, train, keep the round if hold-out pairs gain, and go on.

Hold-out pairs decide whether a round stays; test pairs are only read. film.toml holds the frames
that were added, in `curate.add`; a frame that a person dropped is never added.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unfade.curate.choice.choose import measure_frames
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import SOURCE_PROXY
from unfade.film.improvement import AddedPair, Improvement, Round
from unfade.film.match import MatchRecord
from unfade.film.model import TrainedModel
from unfade.film.outlier import OutlierRun
from unfade.film.pair import PairList
from unfade.film.report import Report
from unfade.improve.held_out import ShotErrors, shot_errors
from unfade.improve.snapshot import Snapshot
from unfade.improve.suggest import FilmState, suggest
from unfade.pipeline import run as pipeline
from unfade.project.edit import with_added_frames
from unfade.project.file import load_project, project_file_text
from unfade.work.job import Job
from unfade.work.lock import lock_folder
from unfade.work.progress import Progress
from unfade.work.writing import make_folder, write_text

MIN_GAIN = 0.02
"""Gain of a round, as a share of the held-out error, below which the next is not worth its time
once the criteria hold."""


@dataclass(frozen=True)
class Loop:
    """A film to improve: its film.toml, and the progress display."""

    project_file: Path
    progress: Progress

    def run(self, max_rounds: int) -> Improvement:
        """Improves the film in up to `max_rounds` rounds, then renders and validates all of it.

        Returns:
            The rounds, which are also written to the work directory.

        Raises:
            UnfadeError: a stage failed, film.toml was changed meanwhile, or the film has no
                reference or no hold-out pair.
        """
        folder = (self.project_file.parent / Improvement.PATH).parent
        make_folder(folder)
        with lock_folder(folder, self.progress.say):
            if self._snapshot.undo_round():
                self.progress.say("a round that was interrupted is undone")
            return self._run(max_rounds)

    def _run(self, max_rounds: int) -> Improvement:
        pipeline.run(self._job(), last="validate")
        self._check()
        rounds = [self._round(0, (), self._held_out(), is_kept=True)]
        settled: set[int] = set()
        ended = f"the limit of {max_rounds} rounds was reached"
        for number in range(1, max_rounds + 1):
            added = self._suggestions(rounds[-1].by_shot, settled)
            if not added:
                ended = "no pair is left that would help"
                break
            rounds.append(self._try(number, added, rounds))
            self._save(rounds, None)
            if not rounds[-1].kept:
                ended = "the last round did not help and was undone"
                break
            settled |= _without_gain(rounds[-2], rounds[-1])
            if self._is_enough(rounds):
                ended = "the acceptance criteria hold, and more pairs gain less than 2 %"
                break
        improvement = self._save(rounds, ended)
        pipeline.run(self._full_job(), last="validate")
        return improvement

    @property
    def _snapshot(self) -> Snapshot:
        return Snapshot(self.project_file.parent, self.project_file)

    def _full_job(self) -> Job:
        return Job(load_project(self.project_file), self.project_file.parent, self.progress)

    def _job(self) -> Job:
        """The job of a round, which renders the validation range with the best checkpoint."""
        job = self._full_job()
        own = {"range": "validation", "checkpoint": "best", "first": None, "last": None}
        render = job.project.render.model_copy(update=own)
        return replace(job, project=job.project.model_copy(update={"render": render}))

    def _check(self) -> None:
        """
        Raises:
            WorkError: there is no reference to take pairs from, or nothing that judges a round.
        """
        job = self._full_job()
        if not job.project.reference:
            raise WorkError(
                f"{self.project_file}: has no [reference] to take pairs from; add one, or paint "
                "pictures and add them with 'unfade pairs add'"
            )
        if job.load(TrainedModel).held_out is None:
            raise WorkError(
                f"{self.project_file}: has no hold-out pair that could judge a round; set "
                "curate.holdout_per_shot to 1 or more"
            )

    def _try(self, number: int, added: Sequence[AddedPair], rounds: Sequence[Round]) -> Round:
        """One round: it trains with the added pairs, and is undone if hold-out pairs lose."""
        self.progress.say(f"round {number}: {_summary(added)}")
        text = project_file_text(self.project_file)
        self._snapshot.take(text, with_added_frames(text, [one.source for one in added]))
        try:
            return self._judged(number, added, rounds)
        except BaseException:
            self._snapshot.undo_round()
            raise

    def _judged(self, number: int, added: Sequence[AddedPair], rounds: Sequence[Round]) -> Round:
        """The round of the pairs that film.toml has now."""
        pipeline.run(self._job(), last="train")
        held_out = self._held_out()
        before = rounds[-1].held_out
        if held_out.mean >= before:
            self.progress.say(
                f"round {number}: held-out error {held_out.mean:.3f}, {before:.3f} before; undone"
            )
            undone = self._round(number, added, held_out, is_kept=False)
            self._snapshot.undo_round()
            return undone
        self.progress.say(
            f"round {number}: held-out error {held_out.mean:.3f}, {before:.3f} before"
        )
        pipeline.run(self._job(), last="validate")
        self._snapshot.keep_round()
        return self._round(number, added, held_out, is_kept=True)

    def _round(
        self, number: int, added: Sequence[AddedPair], held_out: ShotErrors, *, is_kept: bool
    ) -> Round:
        job = self._full_job()
        pairs = [one.pair for one in job.load(Alignments).admitted]
        report = job.load(Report) if is_kept else None
        tested = None
        if report is not None and any(pair.role == "test" for pair in pairs):
            tested = next(
                (one.value for one in report.measures if one.name == "held_out_ciede2000"), None
            )
        return Round(
            number=number,
            added=tuple(added),
            pairs=sum(pair.role == "train" for pair in pairs),
            held_out=held_out.mean,
            by_shot=held_out.by_shot,
            tested=tested,
            outliers=_frames(report.outliers) if report else None,
            verdict=report.verdict if report else None,
            kept=is_kept,
        )

    def _held_out(self) -> ShotErrors:
        return shot_errors(self._job())

    def _suggestions(self, by_shot: dict[int, float], settled: Collection[int]) -> list[AddedPair]:
        job = self._full_job()
        alignments, pair_list = job.load(Alignments), job.load(PairList)
        refused = (*alignments.rejected, *pair_list.rejected)
        proxy = np.load(job.root / SOURCE_PROXY, mmap_mode="r")
        film = FilmState(
            shots=pair_list.shots,
            pairs=[one.pair for one in alignments.admitted],
            rejected={one.pair.source for one in refused} | {*job.project.curate.drop},
            matches=job.load(MatchRecord),
            held_out=by_shot,
            outliers=job.load(Report).outliers,
            facts=measure_frames(proxy),
        )
        return suggest(film, settled)

    def _is_enough(self, rounds: Sequence[Round]) -> bool:
        """Whether the criteria hold and the last round gained little."""
        before, last = rounds[-2], rounds[-1]
        holds = last.verdict == "accept" and last.outliers == 0
        return holds and last.held_out > (1 - MIN_GAIN) * before.held_out

    def _save(self, rounds: Sequence[Round], ended: str | None) -> Improvement:
        improvement = Improvement(rounds=tuple(rounds), ended=ended)
        path = self.project_file.parent / Improvement.PATH
        write_text(path, improvement.to_json())
        return improvement


def _frames(outliers: Sequence[OutlierRun]) -> int:
    return sum(run.last - run.first + 1 for run in outliers)


def _without_gain(before: Round, after: Round) -> set[int]:
    """Shots that got pairs in a round, and whose held-out error did not fall by `MIN_GAIN`."""
    return {
        shot
        for shot in {one.shot for one in after.added}
        if after.by_shot.get(shot, 0.0) > (1 - MIN_GAIN) * before.by_shot.get(shot, np.inf)
    }


def _summary(added: Sequence[AddedPair]) -> str:
    shots = sorted({one.shot for one in added})
    frames = ", ".join(str(one.source) for one in added)
    return f"adds frames {frames} of shots {', '.join(map(str, shots))}"
