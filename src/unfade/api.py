"""Unfade from Python. docs/python.md shows it in use.

    film = unfade.open("reel1/film.toml")
    film.run(last="render")
    rgb = film.model.colour(rgb, shot=1)

Every failure that a user can mend is an `unfade.UnfadeError`. Importing this module takes no torch;
`load_model` and `Film.model` do.
"""

import os
import reprlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unfade.errors import UnfadeError, WorkError
from unfade.film.approval import Approval
from unfade.film.clip import Area
from unfade.film.model import TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Measure, Report
from unfade.film.shot import Shot
from unfade.film.stage_names import folder_name
from unfade.pipeline import run as pipeline
from unfade.pipeline.approve import decide
from unfade.pipeline.render_frames import render_frames
from unfade.project.file import load_project
from unfade.project.paths import find_project_file
from unfade.project.settings import Project
from unfade.work.approvals import decision_in_words
from unfade.work.job import Job
from unfade.work.pair_records import PairEntry, PairRecords
from unfade.work.progress import Progress, SilentProgress
from unfade.work.receipt import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from unfade.film.improvement import Improvement
    from unfade.model import ChromaModel

__all__ = ["Film", "Model", "Progress", "StageStatus", "UnfadeError", "load_model", "open"]


def open(path: str | os.PathLike[str]) -> "Film":
    """Opens a project.

    Args:
        path: of film.toml, or of its folder.

    Raises:
        ProjectError: it cannot be read, is not TOML, or holds an unknown key or a bad value.
    """
    place = find_project_file(path)
    return Film(place.absolute(), load_project(place))


def check_curate_finished(job: Job, project_file: Path) -> None:
    """Checks that curate did not fail before it wrote any pair; it may not have run at all.

    Raises:
        WorkError: it began, and there is no list of pairs.
    """
    unfinished = job.root / folder_name("curate") / UNFINISHED
    if unfinished.exists() and not (job.root / PairList.PATH).exists():
        raise WorkError(
            f"{project_file}: has no pairs yet, because curate has not finished; see why with "
            f"'unfade run {project_file}', or add a pair yourself: "
            f"unfade pairs add {project_file} FRAME REFERENCE"
        )


def load_model(path: str | os.PathLike[str]) -> "Model":
    """Loads the model of a film: ``model.safetensors`` of 05-train, or of a delivery.

    Each shot gets its colour by the method that training chose: networks, law or LUT.

    Raises:
        WorkError: the file is missing, damaged, or of another version of Unfade.
    """
    from unfade import model

    return Model(model.load_model(Path(path)), model.model_id(Path(path)))


@dataclass(frozen=True)
class StageStatus:
    """A stage, whether its results are up to date, and if not, why.

    `wall_s` and `cpu_s` are seconds of its last run, of the clock and of all processor cores; None
    if they are not on record.
    """

    name: str
    state: Literal["fresh", "stale", "missing"]
    reason: str
    wall_s: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True)
class Film:
    """A project: its film.toml, as it was when it was opened, and its work directory.

    Results are read from the work directory when they are asked for. They raise a WorkError that
    names the stage to run if they are missing.
    """

    path: Path
    project: Project

    @property
    def folder(self) -> Path:
        """The work directory, which is the folder of film.toml."""
        return self.path.parent

    def status(self) -> list[StageStatus]:
        """All stages in order, each with its state."""
        return [
            StageStatus(
                stage.name,
                current.state,
                current.reason,
                current.cost.wall_s if current.cost else None,
                current.cost.cpu_s if current.cost else None,
            )
            for stage, current in pipeline.status(self._job())
        ]

    def run(
        self,
        *,
        first: str | None = None,
        last: str | None = None,
        progress: Progress | None = None,
        workers: int | None = None,
        cluster: str | None = None,
    ) -> list[str]:
        """Runs the stages that are not fresh, in order.

        Args:
            first: a stage to run even if it is fresh; those before it must be fresh.
            last: the stage to stop after; None for all.
            progress: shows how far the work is; None shows nothing.
            workers: number of processes on this machine that do its parts side by side; None for
                this process alone.
            cluster: address of the scheduler of a Dask cluster that does them.

        Returns:
            The names of the stages that ran.

        Raises:
            UnfadeError: a stage failed, or another run works in the work directory.
        """
        from unfade.cluster.choice import executor_for

        with executor_for(workers, cluster) as executor:
            return pipeline.run(replace(self._job(progress), executor=executor), first, last)

    def render_frames(self, first: int, last: int, *, progress: Progress | None = None) -> int:
        """Renders those masters of a range of frames that do not exist yet. Other processes may
        render other frames at the same time; `run` then records the masters and goes on.

        Args:
            first: first frame.
            last: last frame.
            progress: shows how far the work is; None shows nothing.

        Returns:
            The number of masters in the range; 0 if the stage is fresh.

        Raises:
            UnfadeError: an earlier stage is not fresh, no frame of the range is to be rendered, or
                another process renders some of them.
        """
        return render_frames(self._job(progress), first, last)

    def approve(self, by: str, *, note: str = "", reject: bool = False) -> Approval:
        """Records that a person approves the masters and the report, or rejects them.

        Args:
            by: name of the person.
            note: a remark for the record.
            reject: reject instead of approve.

        Returns:
            The decision, with date, model and checksums.

        Raises:
            UnfadeError: the name is empty, or masters or report are missing or stale.
        """
        return decide(self._job(), "rejected" if reject else "approved", by, note)

    def improve(self, *, rounds: int = 4, progress: Progress | None = None) -> "Improvement":
        """Adds the pairs that help, in rounds of training that hold-out pairs judge, and renders
        the film. The frames that it adds go on `curate.add` of film.toml, the model that the last
        round started from on `train.start_from`; open the film again to have them in `project`.

        Args:
            rounds: largest number of rounds.
            progress: shows how far the work is; None shows nothing.

        Raises:
            UnfadeError: a stage failed, the film has no reference or no hold-out pair, or film.toml
                was changed meanwhile.
        """
        from unfade.improve.loop import Loop

        return Loop(self.path, progress or SilentProgress()).run(rounds)

    def write_lut(
        self, path: str | os.PathLike[str], *, shot: int | None = None, nodes: int | None = None
    ) -> None:
        """Writes the LUT baseline, after train.

        Args:
            path: a ``.cube`` for R'G'B' of the working space, or a ``.clf`` for linear light.
            shot: number of a shot with pairs; None for the LUT of the film.
            nodes: along each axis of a .cube: 33, which None is, or 65.

        Raises:
            UnfadeError: the shot has no LUT of its own, the format or the nodes are not offered, or
                the file cannot be written.
        """
        from unfade.pipeline.export_lut import export_lut

        export_lut(self._job(), Path(path), shot, nodes)

    @property
    def decision(self) -> str:
        """In words who decided what on the masters, or that nobody did, after render."""
        return decision_in_words(self.folder, lambda: self._job().load(Rendering).masters_sha256())

    @property
    def shots(self) -> tuple[Shot, ...]:
        """The shots of the scan, after curate."""
        job = self._job()
        check_curate_finished(job, self.path)
        return job.load(PairList).shots

    @property
    def pairs(self) -> list[PairEntry]:
        """Every pair that was considered, by its source frame, after curate.

        `alignment` is set after align, `reason` if the pair was rejected.
        """
        job = self._job()
        check_curate_finished(job, self.path)
        return PairRecords.of(job).entries()

    @property
    def report(self) -> Report:
        """The verdict, its reasons and the measures, after validate."""
        return self._job().load(Report)

    @property
    def figures(self) -> dict[str, Measure]:
        """The measures of the report by name, each with value, unit and limit."""
        return {measure.name: measure for measure in self.report.measures}

    @property
    def masters(self) -> list[Path]:
        """The files of the masters in the order of the frames, after render."""
        folder = self.folder / folder_name("render")
        return [folder / frame.file for frame in self._job().load(Rendering).frames]

    @property
    def model(self) -> "Model":
        """The model with 'render.checkpoint' and 'render.use' of film.toml, after train; it is
        loaded each time."""
        from unfade.model import load_chosen

        trained = self._job().load(TrainedModel).at(self.project.render.checkpoint)
        folder = self.folder / folder_name("train")
        return Model(load_chosen(folder, trained, self.project.render.use), trained.id)

    def _job(self, progress: Progress | None = None) -> Job:
        return Job(self.project, self.folder, progress or SilentProgress())


class Model:
    """The model of one film, which knows no other film's colour.

    `id` is the first 12 hexadecimal digits of the SHA-256 of its file, as masters carry it in their
    names.
    """

    def __init__(self, model: "ChromaModel", id: str) -> None:
        self.id = id
        self._model = model

    def colour(
        self,
        rgb: "NDArray[np.float32]",
        shot: "int | np.integer",
        live_area: "Sequence[int] | NDArray[np.integer] | None" = None,
    ) -> "NDArray[np.float32]":
        """Recovers the colour of one frame. Luma (Rec.709, Y') stays.

        Args:
            rgb: the frame as scanned, float32 (height, width, 3), R'G'B' in the working space
                "Gamma 2.4 Encoded Rec.709", nominally 0 to 1; values above 1 are kept.
            shot: number of the frame's shot, as in `Film.shots`; a whole number that is no shot of
                the film, such as 0, means the model of the whole film.
            live_area: x, y, width and height of the picture in pixels; None if it is the whole
                frame. The borders around it get no colour.

        Returns:
            A new array of the same shape and space.

        Raises:
            UnfadeError: the array has another shape or type, or holds a value that is not finite;
                the shot is no whole number; or the live area is not inside the frame.
        """
        import numpy as np
        import torch

        from unfade.render.recover import recover

        _check_array(rgb)
        _check_shot(shot)
        area = _area(live_area, *rgb.shape[:2])
        source_rgb = torch.from_numpy(np.array(rgb.transpose(2, 0, 1), np.float32, order="C"))
        with torch.inference_mode():
            recovered_rgb = recover(source_rgb, area, self._model, int(shot)).rgb
        return np.ascontiguousarray(recovered_rgb.numpy().transpose(1, 2, 0))


def _check_array(rgb: object) -> None:
    """
    Raises:
        UnfadeError: it is not a numpy array of float32 and three channels with finite values.
    """
    import numpy as np

    remedy = "give it as float32 of shape (height, width, 3)"
    if not isinstance(rgb, np.ndarray):
        raise UnfadeError(f"the frame is no numpy array but a {type(rgb).__name__}; {remedy}")
    # The name of a type leaves out the byte order, which is converted.
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype.name != "float32":
        raise UnfadeError(f"the frame is an array of {rgb.dtype} {rgb.shape}; {remedy}")
    if rgb.size == 0:
        raise UnfadeError(f"the frame is an array of shape {rgb.shape} and has no pixels; {remedy}")
    if not np.isfinite(rgb).all():
        raise UnfadeError(
            "the frame holds values that are not numbers or are infinite; replace them first"
        )


def _check_shot(shot: object) -> None:
    """
    Raises:
        UnfadeError: it is not a whole number.
    """
    if not _is_whole_number(shot):
        raise UnfadeError(
            f"the shot {reprlib.repr(shot)} is no whole number; give the number of the frame's "
            "shot, such as 1"
        )


def _is_whole_number(value: object) -> bool:
    """Whether a value is an integer of Python or of numpy; True and False are none."""
    import numpy as np

    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _area(live_area: object, height: int, width: int) -> Area:
    """The live area in a frame of that size; None is the whole frame.

    Raises:
        UnfadeError: the live area is not four whole numbers, or is not inside the frame.
    """
    import numpy as np

    if live_area is None:
        return Area(x=0, y=0, width=width, height=height)
    numbers = live_area.tolist() if isinstance(live_area, np.ndarray) else live_area
    if (
        not isinstance(numbers, list | tuple)
        or len(numbers) != 4
        or not all(_is_whole_number(number) for number in numbers)
    ):
        raise UnfadeError(
            f"the live area {reprlib.repr(numbers)} is not four whole numbers; "
            "give it as (x, y, width, height)"
        )
    x, y, across, down = (int(number) for number in numbers)
    if min(x, y) < 0 or min(across, down) < 1 or x + across > width or y + down > height:
        raise UnfadeError(
            f"the live area {(x, y, across, down)} is not inside the frame of "
            f"{width} x {height} pixels; give it as (x, y, width, height)"
        )
    return Area(x=x, y=y, width=across, height=down)
