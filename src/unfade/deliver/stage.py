"""deliver: puts masters, model, pairs, report and record into a BagIt bag.

Reads what the stages before it left. Writes ``08-deliver/<film>-v001/`` and `delivery.json`.
A rejected rendering is delivered too, and its note says so in the first line.
"""

import datetime
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import unfade
from unfade import media
from unfade.deliver.anonymous import alignments_to_share, pair_list_to_share, settings_to_share
from unfade.deliver.bag import building, place_file, put, seal
from unfade.deliver.note import Delivered, validation_note
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip
from unfade.film.delivery import Delivery
from unfade.film.model import TrainedModel
from unfade.film.naming import bag_name
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.project import WORKING_SPACE
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Report
from unfade.film.work import Job
from unfade.geometry.crop import crop
from unfade.review.drawing import fit
from unfade.review.movie_frame import movie_frame, movie_size, wipe


@dataclass(frozen=True)
class Codec:
    """How review movies are written. `options` are the encoder's."""

    name: str
    suffix: str
    pixel_format: str
    options: dict[str, str]

    def writer(self, stem: Path, size: tuple[int, int], rate: Fraction) -> media.MovieWriter:
        """A movie of `size` (width, height) at `stem` with the suffix of the codec."""
        return media.MovieWriter(
            stem.with_name(stem.name + self.suffix),
            codec=self.name,
            width=size[0],
            height=size[1],
            rate=rate,
            pixel_format=self.pixel_format,
            options=self.options,
        )


CODECS = {
    "h264": Codec("libx264", ".mp4", "yuv420p", {"preset": "veryfast", "crf": "18"}),
    "prores": Codec("prores_ks", ".mov", "yuv422p10le", {"profile": "3"}),
}
"""By the names of deliver.movie; ProRes is 422 HQ."""


def run(job: Job) -> None:
    """Delivers the validated rendering of a job.

    Raises:
        WorkError: an artefact or file is missing, a master changed since it was rendered, or
            the bag cannot be made.
    """
    delivered = Delivered(
        project=job.project,
        clips=job.clips(),
        pair_list=job.load(PairList),
        alignments=job.load(Alignments),
        model=job.load(TrainedModel),
        rendering=job.load(Rendering),
        report=job.load(Report),
        date=datetime.date.today().isoformat(),
        software=f"Unfade {unfade.__version__}",
    )
    rendering = delivered.rendering
    place = job.folder("deliver") / bag_name(job.project.film.title, rendering.version)
    with building(place) as folder:
        _lay_files(job, delivered, folder)
        if job.project.deliver.movie != "none":
            _lay_movies(job, delivered, folder / "review")
        _lay_records(delivered, folder)
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        job.progress.say(f"Sealing {len(sizes)} files in {place.name}")
        _check_masters(job, rendering, seal(folder, _facts(delivered)))
        put(folder, place)
    job.save(
        Delivery(
            bag=place.name,
            files=len(sizes),
            bytes=sum(sizes),
            verdict=delivered.report.verdict,
        )
    )


def _lay_files(job: Job, delivered: Delivered, folder: Path) -> None:
    """Puts the files of the stages before into the folder of the bag."""
    rendered, trained = job.folder("render"), job.folder("train")
    frames = delivered.rendering.frames
    for frame in job.progress.track(frames, "Gathering masters", len(frames)):
        for name in (frame.file, frame.sidecar):
            if name is not None:
                place_file(rendered / name, folder / "masters" / name)
    model_files = (delivered.model.file, delivered.model.baseline_file)
    for name in (*model_files, Path(TrainedModel.PLACE).name):
        place_file(trained / name, folder / "model" / name)
    validated = job.folder("validate")
    for name in ("report.html", "report.json"):
        place_file(validated / name, folder / name)
    for still in sorted(validated.glob("*.png")):
        place_file(still, folder / "stills" / still.name)


def _lay_movies(job: Job, delivered: Delivered, folder: Path) -> None:
    """Writes review movies of the recovered frames, and of faded and recovered side by side."""
    source, rendering = delivered.clips.source, delivered.rendering
    area, codec = source.live_area, CODECS[job.project.deliver.movie]
    folder.mkdir()
    name = bag_name(job.project.film.title, rendering.version)
    size = movie_size(area.width, area.height, float(source.pixel_aspect))
    numbers = [frame.frame for frame in rendering.frames]
    pairs = zip(rendering.frames, media.read(source, numbers), strict=True)
    with (
        codec.writer(folder / f"{name}-recovered", size, source.rate) as recovered,
        codec.writer(folder / f"{name}-split", size, source.rate) as side_by_side,
    ):
        for frame, (_, source_rgb) in job.progress.track(pairs, "Review movies", len(numbers)):
            stored = media.read_picture(job.folder("render") / frame.file, WORKING_SPACE)
            small = fit(crop(stored.nan_to_num(0.0), area), size[1], size[0])
            after = media.to_space(small, rendering.colorspace, WORKING_SPACE)
            before = fit(crop(source_rgb, area), size[1], size[0])
            words = _burn_in(source, frame)
            recovered.write(movie_frame(after, size, words))
            words += "  faded | recovered"
            side_by_side.write(movie_frame(wipe(before, after), size, words))


def _burn_in(source: Clip, frame: RenderedFrame) -> str:
    words = f"Frame {frame.frame}"
    timecode = source.timecode_of(frame.frame)
    return f"{words}  {timecode}" if timecode else words


def _lay_records(delivered: Delivered, folder: Path) -> None:
    """Writes the records of the bag; they hold no path of this machine."""
    records: tuple[Artefact, ...] = (
        pair_list_to_share(delivered.pair_list),
        alignments_to_share(delivered.alignments),
    )
    for record in records:
        (folder / Path(record.PLACE).name).write_text(record.to_json(), encoding="utf-8")
    settings = settings_to_share(delivered.project).model_dump_json(indent=2, by_alias=True)
    (folder / "settings.json").write_text(settings + "\n", encoding="utf-8")
    note = validation_note(delivered)
    (folder / "validation-note.txt").write_text(note, encoding="utf-8")


def _facts(delivered: Delivered) -> dict[str, str]:
    project, rendering = delivered.project, delivered.rendering
    return {
        "Source-Organization": project.deliver.institution,
        "Contact-Name": project.deliver.restorationist,
        "External-Identifier": bag_name(project.film.title, rendering.version),
        "External-Description": (
            f"{project.film.title}: {len(rendering.frames)} recovered frames, "
            f"{rendering.colorspace}, model {rendering.model_id}, "
            f"verdict {delivered.report.verdict}"
        ),
        "Bagging-Date": delivered.date,
    }


def _check_masters(job: Job, rendering: Rendering, checksums: dict[str, str]) -> None:
    """Compares the checksums of the bag with those that render took.

    Raises:
        WorkError: a master changed in between.
    """
    for frame in rendering.frames:
        if checksums[f"masters/{frame.file}"] != frame.sha256:
            raise WorkError(
                f"{job.folder('render') / frame.file}: frame {frame.frame} changed since it was "
                "rendered; run 'unfade render' again"
            )
