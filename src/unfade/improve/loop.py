"""The loop of improvement: add pairs, train, keep the round if hold-out pairs gain, and go on.

Hold-out pairs decide whether a round stays; test pairs are only read. film.toml holds the frames
that were added, in `curate.add`, and the model that the last round started from, in
`train.start_from`; a frame that a person dropped is never added.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unfade.curate.choice.frame_facts import measure_frames
from unfade.errors import ProjectError, WorkError
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
from unfade.improve.start_models import is_own, keep_model, remove_models
from unfade.improve.suggest import FilmState, suggest
from unfade.pipeline import run as pipeline
from unfade.pipeline.disk_space import check_disk_space
from unfade.project.edit import with_added_frames, with_start_from
from unfade.project.file import parse_project, project_file_text
from unfade.work.job import Job
from unfade.work.lock import lock_folder
from unfade.work.progress import Progress
from unfade.work.proxies import load_proxy
from unfade.work.writing import make_folder, write_text

MIN_GAIN = 0.02
"""Gain of a round, as a share of the held-out error, below which the next is not worth its time
once the criteria hold."""


@dataclass(frozen=True)
class Trial:
    """A round to try: its number, the pairs that it is to add, and film.toml before and with it."""

    number: int
    added: Sequence[AddedPair]
    old_text: str
    text: str


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
        text = project_file_text(self.project_file)
        job = self._job(text)
        pipeline.run(job, last="validate")
        self._check(job)
        check_disk_space(self._full_job(text), job.clips().source)
        rounds = [self._round(job, Trial(0, (), text, text), shot_errors(job), is_kept=True)]
        before = job.load_if_made(Improvement)
        settled = self._settled_before(before, rounds[0])
        earlier = _still_listed(before, job.project.curate.add)
        ended = f"the limit of {max_rounds} rounds was reached"
        for number in range(1, max_rounds + 1):
            if project_file_text(self.project_file) != text:
                ended = "film.toml was changed meanwhile; run 'unfade improve' again to go on"
                break
            added = self._suggestions(rounds[-1].by_shot, settled)
            if not added:
                ended = "no pair is left that would help"
                break
            trial = Trial(number, added, text, self._text_of_round(text, added))
            rounds.append(self._try(trial, rounds))
            settled |= _without_gain(rounds[-2], rounds[-1], added)
            self._save(rounds, None, settled, earlier)
            if not rounds[-1].kept:
                ended = "the last round did not help and was undone"
                break
            text = trial.text
            if self._is_enough(rounds):
                ended = "the acceptance criteria hold, and more pairs gain less than 2 %"
                break
        improvement = self._save(rounds, ended, settled, earlier)
        whole = self._full_job()
        remove_models(whole.root, whole.project.train.start_from)
        pipeline.run(whole, last="validate")
        return improvement

    @property
    def _snapshot(self) -> Snapshot:
        return Snapshot(self.project_file.parent, self.project_file)

    def _full_job(self, text: str | None = None) -> Job:
        """The job of film.toml, or of a text that it has or had."""
        text = project_file_text(self.project_file) if text is None else text
        project = parse_project(text, self.project_file)
        return Job(project, self.project_file.parent, self.progress)

    def _job(self, text: str) -> Job:
        """The job of a round, which renders the validation range with the best checkpoint. It is
        that of a text, so that an edit of film.toml while it runs does not change it."""
        job = self._full_job(text)
        own = {"range": "validation", "checkpoint": "best", "first": None, "last": None}
        render = job.project.render.model_copy(update=own)
        return replace(job, project=job.project.model_copy(update={"render": render}))

    def _check(self, job: Job) -> None:
        """
        Raises:
            WorkError: there is no reference to take pairs from, or nothing that judges a round.
        """
        if not job.project.reference:
            raise WorkError(
                f"{self.project_file}: has no [reference] to take pairs from; add one, or paint "
                "pictures and add them with 'unfade pairs add'"
            )
        if job.load(TrainedModel).held_out is None:
            raise WorkError(
                f"{self.project_file}: has no hold-out pair that could judge a round; set "
                "'curate.holdout_per_shot' to 1 or more"
            )

    def _settled_before(self, earlier: Improvement | None, start: Round) -> set[int]:
        """The shots that the last run found settled, if the film is as that run left it."""
        if earlier is None or not earlier.settled:
            return set()
        last = next(one for one in reversed(earlier.rounds) if one.kept)
        if last.by_shot != start.by_shot:
            return set()
        shots = ", ".join(map(str, earlier.settled))
        self.progress.say(f"leaves alone shots {shots}: more pairs were tried and did not help")
        return {*earlier.settled}

    def _text_of_round(self, text: str, added: Sequence[AddedPair]) -> str:
        """film.toml with the pairs of a round, which starts from the best checkpoint unless a
        person has named a model to start from."""
        text = with_added_frames(text, [one.source for one in added])
        job = self._full_job(text)
        named = job.project.train.start_from
        if named is not None and not is_own(named):
            return text
        return with_start_from(text, keep_model(job))

    def _try(self, trial: Trial, rounds: Sequence[Round]) -> Round:
        """One round: it trains with the added pairs, and is undone if hold-out pairs lose."""
        self.progress.say(f"round {trial.number}: {_summary(trial.added)}")
        self._snapshot.take(trial.old_text, trial.text)
        try:
            return self._judged(trial, rounds)
        except BaseException:
            self._snapshot.undo_round()
            raise

    def _judged(self, trial: Trial, rounds: Sequence[Round]) -> Round:
        """The round, after it was trained."""
        job = self._job(trial.text)
        pipeline.run(job, last="train")
        held_out, before = shot_errors(job), rounds[-1].held_out
        figures = f"round {trial.number}: held-out error {held_out.mean:.3f}, {before:.3f} before"
        if held_out.mean >= before:
            self.progress.say(f"{figures}; undone")
            undone = self._round(job, trial, held_out, is_kept=False)
            self._snapshot.undo_round()
            return undone
        self.progress.say(figures)
        pipeline.run(job, last="validate")
        self._snapshot.keep_round()
        return self._round(job, trial, held_out, is_kept=True)

    def _round(self, job: Job, trial: Trial, held_out: ShotErrors, *, is_kept: bool) -> Round:
        """The record of a round. It counts as added what align admitted and what a person did not
        take off `curate.add` meanwhile."""
        pairs = [one.pair for one in job.load(Alignments).admitted]
        taught = {pair.source for pair in pairs if pair.role == "train"}
        listed = self._listed_frames(trial)
        report = job.load(Report) if is_kept else None
        tested = None
        if report is not None and any(pair.role == "test" for pair in pairs):
            tested = next(
                (one.value for one in report.measures if one.name == "held_out_ciede2000"), None
            )
        return Round(
            number=trial.number,
            added=tuple(one for one in trial.added if one.source in taught & listed),
            pairs=len(taught),
            held_out=held_out.mean,
            by_shot=held_out.by_shot,
            tested=tested,
            outliers=_frames(report.outliers) if report else None,
            verdict=report.verdict if report else None,
            kept=is_kept,
        )

    def _listed_frames(self, trial: Trial) -> set[int]:
        """The frames on `curate.add` now, or those of the round while film.toml cannot be read."""
        try:
            return {*self._full_job().project.curate.add}
        except ProjectError:
            return {*self._full_job(trial.text).project.curate.add}

    def _suggestions(self, by_shot: dict[int, float], settled: Collection[int]) -> list[AddedPair]:
        job = self._full_job()
        alignments, pair_list = job.load(Alignments), job.load(PairList)
        refused = (*alignments.rejected, *pair_list.rejected)
        proxy = load_proxy(job.root / SOURCE_PROXY, len(job.clips().source.frames))
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

    def _save(
        self,
        rounds: Sequence[Round],
        ended: str | None,
        settled: Collection[int],
        earlier: tuple[Round, ...],
    ) -> Improvement:
        improvement = Improvement(
            rounds=tuple(rounds), ended=ended, settled=tuple(sorted(settled)), earlier=earlier
        )
        path = self.project_file.parent / Improvement.PATH
        write_text(path, improvement.to_json())
        return improvement


def _still_listed(before: Improvement | None, added: Collection[int]) -> tuple[Round, ...]:
    """The kept rounds of earlier runs that added pairs on a list of frames."""
    if before is None:
        return ()
    rounds = [*before.earlier, *(one for one in before.rounds if one.kept)]
    return tuple(one for one in rounds if any(pair.source in {*added} for pair in one.added))


def _frames(outliers: Sequence[OutlierRun]) -> int:
    return sum(run.last - run.first + 1 for run in outliers)


def _without_gain(before: Round, after: Round, tried: Sequence[AddedPair]) -> set[int]:
    """Shots that got pairs in a round, and whose held-out error did not fall by `MIN_GAIN`; all of
    them if the round was undone although each gained.

    Args:
        before: the last kept round.
        after: the round.
        tried: the pairs that it was to add.
    """
    shots = {one.shot for one in (after.added if after.kept else tried)}
    found = {
        shot
        for shot in shots
        if after.by_shot.get(shot, 0.0) > (1 - MIN_GAIN) * before.by_shot.get(shot, np.inf)
    }
    return found if found or after.kept else shots


def _summary(added: Sequence[AddedPair]) -> str:
    shots = sorted({one.shot for one in added})
    frames = ", ".join(str(one.source) for one in added)
    return f"adds frames {frames} of shots {', '.join(map(str, shots))}"
