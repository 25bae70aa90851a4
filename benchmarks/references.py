"""Claim: hard references give pairs of the exact instant without help, or no pair.

Simulates films and their DVDs with broken pulldown, missing, repeated and added frames, other
framing, a warp, weave, subtitles, other grading and 4 Mbit/s. Runs the pipeline up to curate or
align, and scores its pairs and alignments against the truth, which the pipeline never reads:

    python benchmarks/references.py --data FOLDER --films FOLDER
        [--film develop|apart|trailer|small] [--variant hard|reordered|mirrored] [--to curate|align]
        [--negatives] [--growth]

`--negatives` uses references that show none of the scan's frames: there must be no pair.
`--growth` measures the cost of matching on generated films of three lengths instead.
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from growing_films import growth
from hard_films import FILMS, VARIANTS, made_film
from scipy.ndimage import map_coordinates

from unfade import media
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Clips
from unfade.film.noun import Artefact
from unfade.film.pair import Pair, PairList
from unfade.film.stage_names import STAGE_NAMES
from unfade.project.settings import ClipSection
from unfade.simulate import Simulation
from unfade.simulate.dvd import subtitle_mask

_SOURCE_RATE = 24
"""Frames a second of the scan."""
_MAX_IDENTICAL_DIFFERENCE = 0.002
"""Mean difference, of range 1, up to which two clean frames are identical, as held drawings are."""
_MIN_WHOLE_FRAMES = 5
"""Whole frames of a shot on the DVD from which a pair is expected."""
_GRID_POINTS = 12
"""Points across and down at which an alignment is compared with the truth."""
_MASKED_WEIGHT = 0.5
"""Weight below which a pixel counts as masked."""

AnArtefact = TypeVar("AnArtefact", bound=Artefact)


def main() -> None:
    """Prints the figures as Markdown."""
    options = _options()
    print(f"{platform.machine()}, {os.cpu_count()} cores\n")
    if options.growth:
        for line in growth(options.films):
            print(line, flush=True)
        return
    folder, record = made_film(options.film, options.variant, options.data, options.films)
    work = options.films / f"work-{options.film}-{options.variant}"
    if options.negatives:
        _negatives(folder, record, work, options)
        return
    shutil.rmtree(work, ignore_errors=True)
    _write_project(work, folder, folder / "dvd" / "dvd.mpg")
    status, costs = _run(work, options.to)
    if status:
        sys.exit(f"the pipeline ended with exit status {status}; its message is above")
    _print_pairs(work, record)
    length = len(record.frames) / _SOURCE_RATE
    for cost in costs:
        print(
            f"- {cost.stage}: {cost.seconds / length:.2f} seconds for a second of film, "
            f"{cost.cpu_seconds / length:.2f} CPU seconds"
        )
    if options.to == "align":
        _print_alignments(work, record)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--film", choices=FILMS, default="develop")
    parser.add_argument("--variant", choices=VARIANTS, default="hard")
    parser.add_argument("--to", choices=("curate", "align"), default="curate")
    parser.add_argument("--negatives", action="store_true")
    parser.add_argument("--growth", action="store_true")
    return parser.parse_args()


def _write_project(work: Path, film: Path, reference: Path, limits: str = "") -> None:
    work.mkdir(parents=True, exist_ok=True)
    text = (
        f'[film]\ntitle = "Reference benchmark"\n\n[source]\npath = "{film}/scan/scan.%06d.dpx"\n'
        f'colorspace = "Gamma 2.4 Encoded Rec.709"\nrate = {_SOURCE_RATE}\n{limits}\n'
        f'[reference]\npath = "{reference}"\n'
    )
    (work / "film.toml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class _Cost:
    """Time of a stage, including the start of its process."""

    stage: str
    seconds: float
    cpu_seconds: float


def _run(work: Path, last: str) -> tuple[int, list[_Cost]]:
    """Exit status of the pipeline up to a stage, and the cost of each stage."""
    costs = []
    for stage in STAGE_NAMES[: STAGE_NAMES.index(last) + 1]:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        command = [sys.executable, "-m", "unfade", stage, str(work / "film.toml"), "--quiet"]
        status = subprocess.run(command, check=False).returncode
        after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
        cpu_seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        costs.append(_Cost(stage, seconds, cpu_seconds))
        if status:
            return status, costs
    return 0, costs


def _load(work: Path, kind: type[AnArtefact]) -> AnArtefact:
    return kind.from_json((work / kind.PATH).read_text(encoding="utf-8"))


def _print_pairs(work: Path, record: Simulation) -> None:
    pairs = _load(work, PairList).pairs
    offsets = [_offset(pair, record) for pair in pairs]
    shots = _matchable(record)
    with_pairs = {_true_shot(pair.source, record) for pair in pairs}
    exact = sum(offset == 0 for offset in offsets)
    far = sum(offset is None or abs(offset) > 1 for offset in offsets)
    print(f"- scan frames: {len(record.frames)}, frames of the DVD: {len(record.dvd)}")
    print(f"- pairs of the exact instant: {exact} of {len(offsets)} ({exact / len(offsets):.1%})")
    print(f"- pairs off by more than one frame: {far}")
    print(f"- matchable shots with pairs: {len(shots & with_pairs)} of {len(shots)}")
    print(f"- pairs of shots that the DVD lacks: {len(with_pairs - shots)}")
    for pair, offset in zip(pairs, offsets, strict=True):
        if offset != 0:
            print(f"  - source {pair.source} with {pair.reference}, off by {offset}")


def _offset(pair: Pair, record: Simulation) -> int | None:
    """Frames between a pair's source frame and the film frame in its reference.

    None if the reference shows another shot or no film frame; 0 if the two frames look the same.
    """
    assert pair.reference is not None
    film_frame = record.dvd[pair.reference].top
    if film_frame is None or _true_shot(film_frame, record) != _true_shot(pair.source, record):
        return None
    same = film_frame == pair.source or _identical(film_frame, pair.source, record)
    return 0 if same else film_frame - pair.source


def _true_shot(frame: int, record: Simulation) -> int:
    return next(shot.number for shot in record.shots if frame in shot.frames)


def _identical(one: int, other: int, record: Simulation) -> bool:
    number = _true_shot(one, record)
    cut, shot = record.clips[number - 1], record.shots[number - 1]
    clip = media.probe(cut.path, ClipSection(path=cut.path))
    first, second = (
        media.read_frame(clip, cut.frames.first + frame - shot.frames.first)
        for frame in (one, other)
    )
    return float((first - second).abs().mean()) < _MAX_IDENTICAL_DIFFERENCE


def _matchable(record: Simulation) -> set[int]:
    """Numbers of the shots of which the DVD has enough frames with both fields."""
    frames = record.dvd
    whole = {
        frame.top
        for before, frame, after in zip(frames, frames[1:], frames[2:], strict=False)
        if frame.top is not None and frame.top in (before.bottom, frame.bottom, after.bottom)
    }
    return {
        shot.number
        for shot in record.shots
        if sum(frame in whole for frame in shot.frames.frames()) >= _MIN_WHOLE_FRAMES
    }


@dataclass(frozen=True)
class _AlignmentErrors:
    """Errors of an alignment against the truth.

    `error_px` are its errors at points of the source, in source pixels. `masked` are the masked
    shares of the subtitle's pixels and of the other pixels that the DVD covers; None without a
    subtitle.
    """

    error_px: np.ndarray
    masked: tuple[float, float] | None


def _print_alignments(work: Path, record: Simulation) -> None:
    alignments = list(_alignment_errors(work, record))
    medians = [float(np.median(one.error_px)) for one in alignments]
    p95 = [float(np.percentile(one.error_px, 95)) for one in alignments]
    masked = [one.masked for one in alignments if one.masked is not None]
    all_px = np.concatenate([one.error_px for one in alignments])
    print(f"- admitted alignments: {len(alignments)}")
    print(
        f"- error against the known warp, source pixels: median {np.median(all_px):.2f}, "
        f"95th percentile {np.percentile(all_px, 95):.2f}; largest of a pair: median "
        f"{max(medians):.2f}, 95th percentile {max(p95):.2f}"
    )
    if masked:
        recalls, others = zip(*masked, strict=True)
        print(
            f"- subtitle pixels masked: {np.mean(recalls):.3f} on average over {len(recalls)} "
            f"pairs, worst {min(recalls):.3f}; other pixels masked in these pairs "
            f"{np.mean(others):.3f}"
        )


def _alignment_errors(work: Path, record: Simulation) -> Iterator[_AlignmentErrors]:
    clips = _load(work, Clips)
    for alignment in _load(work, Alignments).admitted:
        assert alignment.pair.reference is not None
        if record.dvd[alignment.pair.reference].top is None:
            continue
        error_px = _error_px(alignment, clips, record)
        yield _AlignmentErrors(error_px, _masked(work, alignment, clips, record))


def _error_px(alignment: Alignment, clips: Clips, record: Simulation) -> np.ndarray:
    """Distances of an alignment to the truth at points of the source that it covers, in pixels."""
    area = alignment.coverage
    x, y = np.meshgrid(
        np.linspace(area.x, area.x + area.width - 1, _GRID_POINTS),
        np.linspace(area.y, area.y + area.height - 1, _GRID_POINTS),
    )
    across, down = _to_dvd(alignment, clips, x, y)
    true_x, true_y = _to_scan(record, alignment.pair, across, down)
    live = clips.source.live_area
    return np.asarray(np.hypot(true_x - live.x - x, true_y - live.y - y).ravel())


def _to_dvd(
    alignment: Alignment, clips: Clips, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions on the DVD's raster, by an alignment, of positions in the source's live area."""
    warp = getattr(alignment, "warp", None)
    if warp is not None:
        live = clips.source.live_area
        rows, columns = np.array(warp.x).shape
        nodes = [y / (live.height - 1) * (rows - 1), x / (live.width - 1) * (columns - 1)]
        offset_x, offset_y = (
            map_coordinates(np.array(values), nodes, order=3, mode="nearest")
            for values in (warp.x, warp.y)
        )
        x, y = x + offset_x, y + offset_y
    inverse = np.linalg.inv(np.array(alignment.matrix))
    points = np.stack([x, y, np.ones_like(x)], axis=-1) @ inverse.T
    across, down = points[..., 0] / points[..., 2], points[..., 1] / points[..., 2]
    (reference,) = clips.references.values()
    live = reference.live_area
    if alignment.pair.mirrored:
        across = live.width - 1 - across
    return across + live.x, down + live.y


def _to_scan(
    record: Simulation, pair: Pair, across: np.ndarray, down: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """True positions in the scan of a pair's source frame for positions on the DVD's raster."""
    frame = record.frames[pair.source - record.frames[0].frame]
    points = np.stack([across, down, np.ones_like(across)], axis=-1) @ np.array(frame.dvd_to_scan).T
    width, height = _dvd_size()
    warp_x, warp_y = record.dvd_warp.at(across / width, down / height)
    return points[..., 0] / points[..., 2] + warp_x, points[..., 1] / points[..., 2] + warp_y


def _dvd_size() -> tuple[int, int]:
    """Width and height of the DVD's raster."""
    height, width = subtitle_mask(0).shape
    return width, height


def _masked(
    work: Path, alignment: Alignment, clips: Clips, record: Simulation
) -> tuple[float, float] | None:
    """Masked shares of the subtitle's pixels and of the other pixels that the DVD covers.

    The alignment gives the position of the subtitle in the scan. None without a subtitle.
    """
    assert alignment.pair.reference is not None
    number = record.dvd[alignment.pair.reference].top_subtitle
    if number is None:
        return None
    live = clips.source.live_area
    y, x = np.mgrid[0 : live.height, 0 : live.width].astype(np.float64)
    across, down = _to_dvd(alignment, clips, x, y)
    mask = subtitle_mask(number).numpy().astype(np.float32)
    subtitle = cv2.remap(mask, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)
    weight = media.read_plane(str(work / weight_file(alignment.pair.source)))
    masked = np.asarray(weight).squeeze() < _MASKED_WEIGHT
    area = alignment.coverage
    covered = np.s_[area.y : area.y + area.height, area.x : area.x + area.width]
    others = masked[covered][subtitle[covered] <= 0.5]
    return float(masked[subtitle > 0.5].mean()), float(others.mean())


def _negatives(folder: Path, record: Simulation, work: Path, options: argparse.Namespace) -> None:
    """Matches the scan to another film's DVD, and each shot that its own DVD lacks to that DVD."""
    other = "apart" if options.film != "apart" else "develop"
    foreign, _ = made_film(other, "hard", options.data, options.films)
    cases = [("another film", folder, foreign / "dvd" / "dvd.mpg", "")]
    for shot in record.shots:
        if shot.number not in _matchable(record):
            limits = f"first = {shot.frames.first}\nlast = {shot.frames.last}\n"
            name = f"shot {shot.number}, which the DVD lacks"
            cases.append((name, folder, folder / "dvd" / "dvd.mpg", limits))
    for name, film, reference, limits in cases:
        shutil.rmtree(work, ignore_errors=True)
        _write_project(work, film, reference, limits)
        status, _ = _run(work, "curate")
        has_list = (work / PairList.PATH).exists()
        verdict = f"{len(_load(work, PairList).pairs)} pairs" if has_list else "no pair, a message"
        print(f"- {name}: exit status {status}, {verdict}", flush=True)


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"- wall clock: {time.monotonic() - started:.0f} s")
