"""The work of a film in numbers, as far as the artefacts in its work directory say it.

What they do not say yet is guessed; the guess is replaced when the stage that finds it has run.
"""

import os
from contextlib import suppress
from typing import TypeVar

from unfade.errors import UnfadeError
from unfade.film.clip import Clip, Clips
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.pipeline.time_left import Amounts
from unfade.work.elements import files_of
from unfade.work.job import Job

AnArtefact = TypeVar("AnArtefact", bound=Artefact)

BYTES_A_PIXEL = 4
"""Bytes of a pixel of the scan before ingest has read its size: those of 10 bits in DPX. Elsewhere
they are up to three times as many or as few, which the pace of ingest makes up for."""

PIXELS_A_FRAME = 2_000_000
"""Pixels of a frame of a movie before ingest has counted its frames: those of HD."""

REFERENCE_PIXELS = 720 * 576
"""Pixels of a frame of a reference before ingest has read its size: those of a PAL DVD."""

FRAMES_A_SHOT = 72
"""Frames of a shot before curate has found the shots: three seconds."""

PAIRS_A_SHOT = 5
"""Pairs of a shot before curate has chosen them: four for training and one to hold out."""


def amounts_of(job: Job) -> Amounts:
    """The work of a film by its units, the keys of the costs in `StageCost`.

    Units are "run" (1), "shot", "pair", "pair megapixel" (pixels of the scan in all pairs),
    "thousand steps" (of training), "megapixel" (of the scan), "rendered megapixel" (of the frames
    to render) and "reference megapixel".
    """
    clips, choice = _load(job, Clips), _load(job, PairList)
    if clips is None:
        frames, megapixels = _guessed_size(job)
        references = frames * REFERENCE_PIXELS * len(job.project.reference) / 1e6
    else:
        frames, megapixels = len(clips.source.frames), _megapixels(clips.source)
        references = sum(_megapixels(clip) for clip in clips.references.values())
    shots = max(frames / FRAMES_A_SHOT, 1.0) if choice is None else len(choice.shots)
    pairs = PAIRS_A_SHOT * shots if choice is None else len(choice.pairs)
    rendered = frames if clips is None else _rendered_frames(job, clips.source)
    return {
        "run": 1.0,
        "shot": shots,
        "pair": pairs,
        "pair megapixel": pairs * megapixels / frames,
        "thousand steps": job.project.train.steps / 1000,
        "megapixel": megapixels,
        "reference megapixel": references,
        "rendered megapixel": rendered * megapixels / frames,
    }


def _load(job: Job, kind: type[AnArtefact]) -> AnArtefact | None:
    """An artefact; None if it is missing or damaged, which the stage that needs it reports."""
    with suppress(UnfadeError):
        return job.load(kind)
    return None


def _megapixels(clip: Clip) -> float:
    return len(clip.frames) * clip.width * clip.height / 1e6


def _guessed_size(job: Job) -> tuple[float, float]:
    """The number of frames of the scan and their megapixels together, from the sizes of files."""
    sizes: list[int] = []
    with suppress(OSError):
        files = files_of(job.resolve(job.project.source.path)).paths()
        sizes = [os.stat(file).st_size for file in files]
    pixels = max(sum(sizes) / BYTES_A_PIXEL, PIXELS_A_FRAME)
    frames = len(sizes) if len(sizes) > 1 else pixels / PIXELS_A_FRAME
    return frames, pixels / 1e6


def _rendered_frames(job: Job, source: Clip) -> int:
    """The number of frames to render; 0 if the scan has none of them, which a check reports."""
    with suppress(UnfadeError):
        pair_list = _load(job, PairList)
        shots = pair_list.shots if pair_list else ()
        return len(job.project.render.wanted(source.frames, shots))
    return 0
