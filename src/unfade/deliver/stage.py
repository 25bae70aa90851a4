"""deliver: packs masters, model, pairs, report and records into a BagIt bag.

Reads the artefacts of the earlier stages. Writes ``08-deliver/<film>-v001/`` and `delivery.json`.
A rejected rendering is delivered, too; the first line of its note says that it is rejected.
"""

import datetime
import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from torch import Tensor

import unfade
from unfade import media
from unfade.deliver.bag import (
    ChangedFilesError,
    build_folder,
    copy_file,
    link_or_copy,
    move_into_place,
    read_manifest,
    remove_leftovers,
    seal,
)
from unfade.deliver.handover import write_handover
from unfade.deliver.note import DeliveryContent, validation_note
from unfade.deliver.readme import README, readme
from unfade.deliver.shared_records import (
    BagPaths,
    alignments_to_share,
    clips_to_share,
    pair_list_to_share,
    picture_paths,
    settings_to_share,
)
from unfade.drawing.canvas import fit
from unfade.drawing.movie_frame import movie_frame, movie_size, split_frame
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip
from unfade.film.delivery import Delivery
from unfade.film.model import TrainedModel
from unfade.film.naming import lut_title, slug
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Report
from unfade.film.wording import counted
from unfade.geometry.crop import crop
from unfade.model import load_baseline
from unfade.report.page import with_credits
from unfade.work.approvals import read_approvals
from unfade.work.elements import digest
from unfade.work.job import Job


@dataclass(frozen=True)
class Codec:
    """A codec of review movies; `options` are those of its encoder in FFmpeg."""

    name: str
    suffix: str
    pixel_format: str
    options: dict[str, str]

    def writer(self, stem: Path, size: tuple[int, int], rate: Fraction) -> media.MovieWriter:
        """Opens a movie of `size` (width, height); `stem` is its path without suffix."""
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
"""Codecs by the values of deliver.movie; ProRes is 422 HQ."""

REVIEW_VERSION = 2
"""Version of the look of review movies; a higher one makes the movies of existing bags anew."""


def run(job: Job) -> None:
    """Delivers the validated rendering of a job.

    Raises:
        WorkError: an artefact or file is missing, a master changed since it was rendered, or
            the bag cannot be made.
    """
    pictures = _pictures(job)
    paths = picture_paths(pictures)
    delivered = _content(job, paths)
    remove_leftovers(job.folder("deliver"))
    bag = job.folder("deliver") / delivered.name
    if delivered.part:
        job.progress.say(f"{bag.name}: a part of the film; bags of other parts are kept")
    if bag.exists():
        job.progress.say(f"{bag.name}: replaces the older bag of this name")
    with build_folder(bag) as folder:
        known = _add_files(job, delivered, folder)
        for source, picture in pictures.items():
            copy_file(Path(picture), folder / paths[source])
        key = _add_review(job, delivered, folder / "review")
        _write_luts(job, delivered, folder / "luts")
        write_handover(
            job, delivered, folder, lambda *one: media.write_conversion(one[0], one[1], job.colors)
        )
        _write_records(delivered, paths, folder)
        _write_readme(delivered, folder)
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        job.progress.say(f"Sealing {len(sizes)} files in {bag.name}")
        _seal(job, delivered, folder, known)
        move_into_place(folder, bag)
    job.save(
        Delivery(
            bag=bag.name,
            files=len(sizes),
            bytes=sum(sizes),
            verdict=delivered.report.verdict,
            decision=delivered.approvals.of(delivered.rendering),
            review_key=key,
        )
    )


def _content(job: Job, paths: BagPaths) -> DeliveryContent:
    return DeliveryContent(
        project=job.project,
        clips=job.clips(),
        pair_list=pair_list_to_share(job.load(PairList), paths),
        alignments=alignments_to_share(job.load(Alignments), paths),
        model=job.load(TrainedModel),
        rendering=job.load(Rendering),
        report=job.load(Report),
        approvals=read_approvals(job.root),
        date=datetime.date.today().isoformat(),
        software=f"Unfade {unfade.__version__}",
    )


def _pictures(job: Job) -> dict[int, str]:
    """Paths of the pictures of all pairs, admitted or rejected, by source frames."""
    pair_list, alignments = job.load(PairList), job.load(Alignments)
    rejected = [one.pair for one in (*pair_list.rejected, *alignments.rejected)]
    pairs = [*pair_list.pairs, *rejected, *(one.pair for one in alignments.admitted)]
    return {pair.source: job.picture(pair) for pair in pairs if pair.picture is not None}


def _add_files(job: Job, delivered: DeliveryContent, folder: Path) -> dict[str, str]:
    """Links the files of earlier stages into the folder of the bag.

    Returns:
        The checksums of the masters, taken by render, by path in the bag.
    """
    rendered, trained = job.folder("render"), job.folder("train")
    frames = delivered.rendering.frames
    for frame in job.progress.track(frames, "Gathering masters", len(frames)):
        for name in (frame.file, frame.sidecar):
            if name is not None:
                link_or_copy(rendered / name, folder / "masters" / name)
    model_files = (delivered.model.file, delivered.model.baseline_file)
    for name in (*model_files, Path(TrainedModel.PATH).name):
        link_or_copy(trained / name, folder / "model" / name)
    validated = job.folder("validate")
    link_or_copy(validated / "report.json", folder / "report.json")
    _write_page(validated / "report.html", folder / "report.html", delivered)
    for still in sorted(validated.glob("*.png")):
        link_or_copy(still, folder / "stills" / still.name)
    return {f"masters/{frame.file}": frame.sha256 for frame in frames}


def _write_luts(job: Job, delivered: DeliveryContent, folder: Path) -> None:
    """Writes the LUT baseline: of the film in all formats, of each shot as .cube."""
    folder.mkdir()
    baseline = load_baseline(job.folder("train") / delivered.model.baseline_file)
    title = delivered.project.film.title
    name, of_film = slug(title), lut_title(title)
    for nodes in media.CUBE_NODES:
        media.write_lut(folder / f"{name}-{nodes}.cube", baseline.film, of_film, nodes)
    media.write_lut(folder / f"{name}.clf", baseline.film, of_film)
    for shot in delivered.pair_list.shots:
        if shot.number in baseline.shots:
            path = folder / f"{name}_{shot.name}.cube"
            media.write_lut(path, baseline.shots[shot.number], lut_title(title, shot.number))


def _write_page(validated: Path, page: Path, delivered: DeliveryContent) -> None:
    """Writes the report page with the decision, and with institution, restorationist and note of
    [deliver].

    Raises:
        WorkError: validate's page is missing.
    """
    try:
        text = validated.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise WorkError(f"{validated}: is missing; run 'unfade validate' again") from error
    page.write_text(
        with_credits(text, delivered.project.deliver, delivered.decision), encoding="utf-8"
    )


def _add_review(job: Job, delivered: DeliveryContent, folder: Path) -> str | None:
    """Writes review movies, or links those of the existing bag if their content is the same.

    Returns:
        The key of their content; none if film.toml asks for no movies.
    """
    if job.project.deliver.movie == "none":
        return None
    key = _review_key(job, delivered)
    for name in _reusable_movies(job, delivered, key):
        link_or_copy(job.folder("deliver") / delivered.name / "data" / name, folder.parent / name)
    if not folder.exists():
        _write_review_movies(job, delivered, folder)
    return key


def _reusable_movies(job: Job, delivered: DeliveryContent, key: str) -> list[str]:
    """The review movies of the existing bag; none if one is damaged or has another content."""
    bag = job.folder("deliver") / delivered.name
    try:
        if job.load(Delivery).review_key != key:
            return []
        checksums = read_manifest(bag)
    except (WorkError, OSError):
        return []
    names = [name for name in checksums if name.startswith("review/")]
    data = bag / "data"
    is_intact = all((data / n).is_file() and digest(data / n) == checksums[n] for n in names)
    return names if is_intact else []


def _review_key(job: Job, delivered: DeliveryContent) -> str:
    """The key of everything that the content of the review movies depends on."""
    rendering = delivered.rendering.to_json()
    clip, codec = delivered.clips.source, job.project.deliver.movie
    facts = (REVIEW_VERSION, delivered.name, codec, clip.model_dump_json(exclude={"path"}))
    text = "\n".join((*map(str, facts), job.color_facts(), rendering))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_review_movies(job: Job, delivered: DeliveryContent, folder: Path) -> None:
    """Writes two review movies: the recovered frames, and a split screen of faded and recovered.

    Frames are read and scaled side by side, and each movie is encoded in a thread of its own.
    Pictures are scaled as display values, not in linear light: luma is a weighted sum of display
    values, so equal luma stays equal at any size.
    """
    source, rendering = delivered.clips.source, delivered.rendering
    area, codec = source.live_area, CODECS[job.project.deliver.movie]
    folder.mkdir()
    name = delivered.name
    size = movie_size(area.width, area.height, float(source.pixel_aspect))
    by_frame = {frame.frame: frame for frame in rendering.frames}

    def read_scaled(number: int, source_rgb: Tensor) -> tuple[int, Tensor, Tensor]:
        path = job.folder("render") / by_frame[number].file
        written = media.read_picture(path, rendering.colorspace, colors=job.colors)
        recovered_rgb = written.nan_to_num_(0.0, 0.0, 0.0)
        before, after = (
            fit(crop(picture, area), size[1], size[0]) for picture in (source_rgb, recovered_rgb)
        )
        return number, before, after

    scaled = media.map_frames(read_scaled, source, list(by_frame), job.colors)
    with (
        codec.writer(folder / f"{name}-recovered", size, source.rate) as recovered,
        codec.writer(folder / f"{name}-split", size, source.rate) as split_screen,
        media.write_behind() as write_recovered,
        media.write_behind() as write_split,
    ):
        for number, before, after in job.progress.track(scaled, "Review movies", len(by_frame)):
            text = _burn_in(source, by_frame[number])
            write_recovered(recovered.write, movie_frame(after, size, text))
            text += "  faded | recovered"
            write_split(split_screen.write, movie_frame(split_frame(before, after), size, text))


def _burn_in(source: Clip, frame: RenderedFrame) -> str:
    """Burned-in text of a review movie: frame number and timecode."""
    text = f"Frame {frame.frame}"
    timecode = source.timecode_of(frame.frame)
    return f"{text}  {timecode}" if timecode else text


def _write_records(delivered: DeliveryContent, paths: BagPaths, folder: Path) -> None:
    """Writes the records of the bag, which have no paths of this machine."""
    records: tuple[Artefact, ...] = (
        clips_to_share(delivered.clips),
        delivered.pair_list,
        delivered.alignments,
        delivered.rendering,
        delivered.approvals,
    )
    for record in records:
        (folder / Path(record.PATH).name).write_text(record.to_json(), encoding="utf-8")
    settings = settings_to_share(delivered.project, paths)
    text = settings.model_dump_json(indent=2, by_alias=True)
    (folder / "settings.json").write_text(text + "\n", encoding="utf-8")
    note = validation_note(delivered)
    (folder / "validation-note.txt").write_text(note, encoding="utf-8")


def _write_readme(delivered: DeliveryContent, folder: Path) -> None:
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    text = readme(delivered, [*paths, README])
    (folder / README).write_text(text, encoding="utf-8")


def _facts(delivered: DeliveryContent) -> dict[str, str]:
    project, rendering, part = delivered.project, delivered.rendering, delivered.part
    of_part = f", a part: frames {part.first} to {part.last}" if part else ""
    return {
        "Source-Organization": project.deliver.institution,
        "Contact-Name": project.deliver.restorationist,
        "External-Identifier": delivered.name,
        "External-Description": (
            f"{project.film.title}: {counted(len(rendering.frames), 'recovered frame')}{of_part}, "
            f"{rendering.colorspace}, model {rendering.model_id}, "
            f"verdict {delivered.report.verdict}, {delivered.decision}"
        ),
        "Bagging-Date": delivered.date,
    }


def _seal(job: Job, delivered: DeliveryContent, folder: Path, known: dict[str, str]) -> None:
    """
    Raises:
        WorkError: a master changed after its checksum was taken, or the bag cannot be made.
    """
    try:
        seal(folder, _facts(delivered), known, job.progress.track)
    except ChangedFilesError as error:
        for frame in delivered.rendering.frames:
            if f"masters/{frame.file}" in error.names:
                raise WorkError(
                    f"{job.folder('render') / frame.file}: frame {frame.frame} changed since it "
                    "was rendered; run 'unfade render' again"
                ) from error
        raise
