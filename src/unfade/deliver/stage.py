"""deliver: packs masters, model, pairs, report and records into a BagIt bag.

Reads the artefacts of the earlier stages. Writes ``08-deliver/<film>-v001/`` and `delivery.json`.
A rejected rendering is delivered, too; the first line of its note says that it is rejected.
"""

import datetime
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.color.finite import all_finite
from unfade.deliver.assumed import add_assumptions
from unfade.deliver.bag import (
    ChangedFilesError,
    build_folder,
    copy_file,
    link_or_copy,
    move_into_place,
    remove_leftovers,
    seal,
)
from unfade.deliver.content import DeliveryContent, delivery_content
from unfade.deliver.handover import write_handover
from unfade.deliver.premis import PREMIS, premis
from unfade.deliver.provenance import provenance_texts
from unfade.deliver.readme import README, readme
from unfade.deliver.records import RECORDS, SHEETS, bag_info, record_texts, written_at
from unfade.deliver.review import (
    REVIEW_MOVIES,
    frame_text,
    largest_raster,
    raster_of,
    reusable_movies,
    review_key,
    review_pictures,
    shown_numbers,
    start_timecode,
)
from unfade.deliver.shared_records import picture_paths, settings_to_share
from unfade.drawing.movie_frame import MIN_PICTURE_PX, fit_to_movie, movie_frame
from unfade.errors import ProjectError, WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip
from unfade.film.delivery import Delivery
from unfade.film.model import TrainedModel
from unfade.film.naming import lut_title, slug
from unfade.film.pair import PairList
from unfade.film.provenance import DIGITAL_SOURCE_TYPE, PROVENANCE_FILE
from unfade.film.used_frames import UsedFrames
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.model import Baseline, load_baseline
from unfade.model.checkpoints import save_chosen
from unfade.model.closed_form.lut import NODES
from unfade.model.closed_form.rgb_lut import display_lut
from unfade.project.settings import Project
from unfade.report.page import with_people
from unfade.work.digest_cache import digest
from unfade.work.job import Job


def run(job: Job) -> None:
    """Delivers the validated rendering of a job.

    Raises:
        WorkError: an artefact or file is missing, a master changed since it was rendered, or
            the bag cannot be made.
        ProjectError: the review movies or what is assumed of a constructed frame cannot be used.
    """
    check_movies(job, job.clips().source)
    pictures = _pictures(job)
    paths = picture_paths(pictures)
    delivered, used = delivery_content(job, paths), job.load(UsedFrames)
    settings = settings_to_share(job.project, paths)
    baseline = load_baseline(job.folder("train") / delivered.model.baseline_file)
    remove_leftovers(job.folder("deliver"))
    bag = job.folder("deliver") / delivered.name
    if delivered.part:
        job.progress.say(f"{bag.name}: a part of the film; bags of other parts are kept")
    if bag.exists():
        job.progress.say(f"{bag.name}: replaces the older bag of this name")
    with build_folder(bag) as folder:
        known = _add_files(job, delivered, folder)
        add_assumptions(job, delivered, used, folder)
        _add_sheets(job, folder / "sheets")
        _add_pictures(job, used, pictures, {source: folder / paths[source] for source in paths})
        key = _add_review(job, delivered, baseline, folder / "review")
        _write_luts(delivered, baseline, folder / "luts")
        write_handover(job, delivered, folder, partial(media.write_conversion, colors=job.colors))
        _write_texts(folder, record_texts(delivered, used, settings))
        known = _with_checksums(job, folder, known)
        _write_provenance(job, delivered, used, settings, folder, known)
        _sign(job, delivered, folder)
        _write_readme(delivered, folder)
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        job.progress.say(f"sealing {len(sizes)} files in {bag.name}")
        _seal(job, delivered, folder, known)
        move_into_place(folder, bag)
    job.save(
        Delivery(
            bag=bag.name,
            files=len(sizes),
            bytes=sum(sizes),
            verdict=delivered.report.verdict,
            decision=delivered.approvals.of(delivered.rendering.masters_sha256()),
            review_key=key,
        )
    )


def check_movies(job: Job, source: Clip | None) -> None:
    """Checks size and rate of the review movies; before ingest, as far as film.toml says them.

    Args:
        job: the project and its work directory.
        source: the scan; None before ingest.

    Raises:
        ProjectError: the codec of the review movies has no such size or rate.
    """
    settings = job.project.deliver
    if settings.movie == "none":
        return
    raster = raster_of(source, settings) if source else largest_raster(settings)
    least = min(raster.picture_size) if raster and settings.size else MIN_PICTURE_PX
    if least < MIN_PICTURE_PX:
        raise ProjectError(
            f"film.toml: 'deliver.size' is '{settings.size}', which leaves no room for the picture "
            "above its frame number; set a larger 'size', or 'burn_in' to false"
        )
    rate = source.rate if source else job.project.source.rate
    fault = media.MOVIE_CODECS[settings.movie].fault(raster.size if raster else None, rate)
    if fault is not None:
        raise ProjectError(
            f"film.toml: 'deliver.movie' is '{settings.movie}', but {fault}; set another 'movie' "
            "or 'size'"
        )


def _pictures(job: Job) -> dict[int, str]:
    """Paths of the pictures of all pairs, admitted or rejected, by source frames."""
    pair_list, alignments = job.load(PairList), job.load(Alignments)
    rejected = [one.pair for one in (*pair_list.rejected, *alignments.rejected)]
    pairs = [*pair_list.pairs, *rejected, *(one.pair for one in alignments.admitted)]
    return {pair.source: job.picture(pair) for pair in pairs if pair.picture is not None}


def _add_pictures(
    job: Job, used: UsedFrames, pictures: Mapping[int, str], copies: Mapping[int, Path]
) -> None:
    """Copies the pictures of pairs.

    Raises:
        WorkError: a picture was changed after the run had read it.
    """
    read = {
        one.source.frame: one.reference.sha256 for one in used.pairs if one.reference.frame is None
    }
    for source, picture in pictures.items():
        copy_file(Path(picture), copies[source])
        if read.get(source) not in (None, digest(copies[source])):
            raise WorkError(
                f"{picture}: was changed after the run had read it for source frame {source}; run "
                f"'unfade run {job.project_file}' again"
            )


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
    _add_model(delivered.model, trained, folder / "model")
    validated = job.folder("validate")
    link_or_copy(validated / "report.json", folder / "report.json")
    _write_page(validated / "report.html", folder / "report.html", delivered)
    for still in sorted(validated.glob("*.png")):
        link_or_copy(still, folder / "stills" / still.name)
    return {f"masters/{frame.file}": frame.sha256 for frame in frames}


def _add_model(model: TrainedModel, trained: Path, folder: Path) -> None:
    """Adds the model that coloured the masters, the LUT baseline, and the record of both."""
    link_or_copy(trained / model.baseline_file, folder / model.baseline_file)
    if model.chosen_step is None:
        link_or_copy(trained / model.file, folder / model.file)
    else:
        save_chosen(folder / model.file, trained, model)
    record = folder / Path(TrainedModel.PATH).name
    record.write_text(model.alone().to_json(), encoding="utf-8")


def _write_luts(delivered: DeliveryContent, baseline: Baseline, folder: Path) -> None:
    """Writes the LUT baseline: of the film in all formats, of each shot as .cube."""
    folder.mkdir()
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
    """Writes the report page with what people put on record, and with institution, restorationist
    and note of [deliver].

    Raises:
        WorkError: validate's page is missing.
    """
    try:
        text = validated.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise WorkError(f"{validated}: is missing; run 'unfade validate' again") from error
    people = delivered.decision, delivered.dismissals, delivered.bookmarks
    page.write_text(with_people(text, delivered.project.deliver, *people), encoding="utf-8")


def _add_review(
    job: Job, delivered: DeliveryContent, baseline: Baseline, folder: Path
) -> str | None:
    """Writes review movies, or links those of the existing bag if their content is the same.

    Returns:
        The key of their content; none if film.toml asks for no movies.
    """
    if job.project.deliver.movie == "none":
        return None
    key = review_key(delivered, job.color_facts())
    bag = job.folder("deliver") / delivered.name
    for name in reusable_movies(bag) if _review_key_of_existing(job) == key else ():
        link_or_copy(bag / "data" / name, folder.parent / name)
    if not folder.exists():
        _write_review_movies(job, delivered, baseline, folder)
    return key


def _review_key_of_existing(job: Job) -> str | None:
    try:
        return job.load(Delivery).review_key
    except WorkError:
        return None


def _write_review_movies(
    job: Job, delivered: DeliveryContent, baseline: Baseline, folder: Path
) -> None:
    """Writes three review movies: the recovered frames, and split screens of the faded scan and of
    the LUT baseline against them.

    Frames are read and scaled side by side, and each movie is encoded in a thread of its own.
    Pictures are scaled as display values, not in linear light: luma is a weighted sum of display
    values, so equal luma stays equal at any size.
    """
    source, rendering = delivered.clips.source, delivered.rendering
    settings = job.project.deliver
    area, codec = source.live_area, media.MOVIE_CODECS[settings.movie]
    lut_of = cache(lambda shot: display_lut(baseline.of(shot), NODES))
    folder.mkdir()
    raster = raster_of(source, settings)
    by_frame = {frame.frame: frame for frame in rendering.frames}

    def read_scaled(number: int, source_rgb: Tensor) -> tuple[int, list[Tensor]]:
        frame = by_frame[number]
        path = job.folder("render") / frame.file
        stored = crop(media.read_master(path), area)
        recovered_rgb = media.to_space(stored, rendering.colorspace, WORKING_SPACE, job.colors)
        if not all_finite(recovered_rgb):
            recovered_rgb.nan_to_num_(0.0, 0.0, 0.0)
        faded, recovered = (
            fit_to_movie(picture, raster.picture_size)
            for picture in (crop(source_rgb, area), recovered_rgb)
        )
        return number, list(review_pictures(faded, recovered, lut_of(frame.shot)))

    scaled = media.map_frames(read_scaled, source, list(by_frame), job.colors)
    facts = raster.size, source.rate, start_timecode(source, min(by_frame))
    with ExitStack() as stack:
        movies = [
            (
                stack.enter_context(codec.writer(folder / f"{delivered.name}-{name}", *facts)),
                stack.enter_context(media.write_behind()),
                legend,
            )
            for name, legend in REVIEW_MOVIES.items()
        ]
        for number, pictures in job.progress.track(scaled, "Review movies", len(by_frame)):
            for text in [frame_text(source, one) for one in shown_numbers(rendering, number)]:
                for (movie, write, legend), picture in zip(movies, pictures, strict=True):
                    write(movie.write, movie_frame(picture, raster, f"{text}  {legend}".rstrip()))


def _add_sheets(job: Job, folder: Path) -> None:
    """Links the sheets of the earlier stages."""
    for stage, name in SHEETS.items():
        for sheet in sorted(job.folder(stage).glob("*.png")):
            link_or_copy(sheet, folder / name / sheet.name)


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _with_checksums(job: Job, folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """The checksums of all files so far, by path in the bag; known ones are not taken again."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    tracked = job.progress.track(names, "Taking checksums", len(names))
    return {name: known.get(name) or digest(folder / name) for name in tracked}


def _write_provenance(
    job: Job,
    delivered: DeliveryContent,
    used: UsedFrames,
    settings: Project,
    folder: Path,
    known: Mapping[str, str],
) -> None:
    """Writes the provenance, its schema and the events of PREMIS.

    Args:
        job: the project and its work directory.
        delivered: the content of the bag.
        used: the frames of pairs.
        settings: of film.toml, as they are delivered.
        folder: of the bag.
        known: the checksums of all other files, by path in the bag.
    """
    shared = settings.model_dump(mode="json", by_alias=True)
    _write_texts(folder, provenance_texts(delivered, used, shared, known))
    done = {stage: written_at(job.root / kind.PATH) for stage, kind in RECORDS.items()}
    now = datetime.datetime.now().astimezone().isoformat("T", "seconds")
    _write_texts(folder, {PREMIS: premis(delivered, done, now)})


def _sign(job: Job, delivered: DeliveryContent, folder: Path) -> None:
    """Signs the still before and after and the recovered movie, if film.toml names a certificate.

    C2PA knows neither OpenEXR nor DPX; the manifests of these two, which are made to be shown,
    hold the checksums of provenance and masters.

    Raises:
        ProjectError: certificate or key cannot be used, or the package for it is missing.
    """
    certificate, key = job.project.deliver.c2pa_certificate, job.project.deliver.c2pa_key
    if certificate is None or key is None:
        return
    facts = {
        "provenance_sha256": digest(folder / PROVENANCE_FILE),
        "masters_sha256": delivered.rendering.masters_sha256(),
    }
    shown = [*folder.glob("stills/before-after.png"), *folder.glob("review/*-recovered.*")]
    for path in [one for one in shown if one.suffix in media.SIGNED_FORMATS]:
        resolved = Path(job.resolve(certificate)), Path(job.resolve(key))
        media.sign(path, *resolved, DIGITAL_SOURCE_TYPE, facts)


def _write_readme(delivered: DeliveryContent, folder: Path) -> None:
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    text = readme(delivered, [*paths, README])
    (folder / README).write_text(text, encoding="utf-8")


def _seal(job: Job, delivered: DeliveryContent, folder: Path, known: dict[str, str]) -> None:
    """
    Raises:
        WorkError: a master changed after its checksum was taken, or the bag cannot be made.
    """
    try:
        seal(folder, bag_info(delivered), known, job.progress.track)
    except ChangedFilesError as error:
        for frame in delivered.rendering.frames:
            if f"masters/{frame.file}" in error.names:
                raise WorkError(
                    f"{job.folder('render') / frame.file}: frame {frame.frame} changed since it "
                    "was rendered; run 'unfade render' again"
                ) from error
        raise
