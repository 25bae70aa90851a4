"""curate: shots of the source, the reference frame of each instant, and pairs that cover it."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.curate.balance import draw_balance, film_balance
from unfade.curate.choose import frame_states, look_at
from unfade.curate.framing import find_framing
from unfade.curate.match import MIN_SIMILARITY, Matches, match_frames
from unfade.curate.pairing import (
    dropped_pairs,
    fixed_pairs,
    match_record,
    rejection,
    shot_pairs,
)
from unfade.curate.sheet import Tile, draw_pages
from unfade.curate.shots import detect_shots
from unfade.errors import MatchError, WorkError
from unfade.film.balance import UNBALANCED, Balance, FilmBalance
from unfade.film.clip import REFERENCE_PROXY, SOURCE_PROXY, Clip, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.shot import Shot
from unfade.film.work import Job
from unfade.review.drawing import fit_width


def run(job: Job) -> None:
    """Writes `PairList` and `FilmBalance` with their sheets ``pairs.png`` and ``balance.png``, and
    where there is a reference what was found of every frame, `MatchRecord`.

    Raises:
        ProjectError: a [[pair]] names a frame or a picture that is not there.
        MatchError: the reference shows nothing of the source, and no [[pair]] helps.
        WorkError: a proxy of ingest is missing.
    """
    clips = job.clips()
    for sheet in job.folder("curate").glob("*.png"):
        sheet.unlink()
    source = _proxy(job.root / SOURCE_PROXY)
    shots = detect_shots(source, clips.source.frames.first)
    job.progress.say(f"{len(shots)} shots in {len(source)} frames")
    fixed = fixed_pairs(job.project.pair, clips, shots, lambda p: Path(job.resolve(p)).is_file())
    pairs = tuple(sorted(fixed, key=lambda pair: pair.source))
    reference: np.ndarray | None = None
    rejected: tuple[Rejection, ...] = ()
    if clips.reference is not None:
        reference = _proxy(job.root / REFERENCE_PROXY)
        pairs, rejected = _match(job, clips, clips.reference, source, reference, shots, fixed)
    _draw(job, clips, shots, pairs, source, reference)
    job.save(FilmBalance(grade=_balance(job, shots, source, clips.source.frames.first)))
    job.save(PairList(shots=shots, pairs=pairs, rejected=rejected))


def _proxy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except FileNotFoundError as error:
        raise WorkError(f"{path}: is missing; run 'unfade ingest' first") from error
    except (OSError, ValueError) as error:
        raise WorkError(f"{path}: is damaged ({error}); run 'unfade ingest' again") from error


def _match(
    job: Job,
    clips: Clips,
    reference_clip: Clip,
    source: np.ndarray,
    reference: np.ndarray,
    shots: tuple[Shot, ...],
    fixed: list[Pair],
) -> tuple[tuple[Pair, ...], tuple[Rejection, ...]]:
    """The pairs of every shot, the best match of a shot that has none, and what was dropped."""
    framing = find_framing(source, reference, shots, clips.source.frames.first)
    matches = match_frames(
        source,
        reference,
        np.array(reference_clip.film_frames()) - reference_clip.frames.first,
        np.array(reference_clip.copies()),
        shots,
        clips.source.frames.first,
        framing,
        job.progress.track,
    )
    if matches.mirrored and matches.certain.any():
        job.progress.say("the reference is mirrored")
    if not fixed:
        _check_common(clips.source, reference_clip, matches)
    look = look_at(source)
    first, dropped = clips.source.frames.first, job.project.curate.drop
    states = frame_states(look, matches.reference >= 0, matches.certain, shots, first)
    rejected = dropped_pairs(dropped, clips, shots, matches)
    for source_frame in dropped:
        states[source_frame - first] = "dropped"
    job.save(match_record(clips, matches, states))
    pairs: list[Pair] = []
    for shot in job.progress.track(shots, "Choosing pairs", len(shots)):
        own = [pair for pair in fixed if pair.shot == shot.number]
        chosen = shot_pairs(shot, clips, look, matches, states, own, job.project.curate)
        pairs.extend(chosen)
        if not chosen:
            job.progress.say(
                f"shot {shot.name}: no pair, frames {shot.frames.first} to {shot.frames.last}"
            )
            best = rejection(shot, clips, matches, states)
            if best is not None and best.pair.source not in dropped:
                rejected.append(best)
    if not pairs:
        raise MatchError(
            f"{clips.source.path} and {reference_clip.path} have no pair that can be trusted: "
            "in no shot do the moving regions of a frame away from cuts and fades agree; check "
            "reference.fields or give [[pair]] entries"
        )
    return tuple(pairs), tuple(rejected)


def _check_common(source: Clip, reference: Clip, matches: Matches) -> None:
    if not (matches.reference >= 0).any():
        raise MatchError(
            f"{source.path} and {reference.path} have no picture in common: the best similarity "
            f"is {float(matches.similarity.max()):.2f}, below {MIN_SIMILARITY}; check "
            "reference.path or give [[pair]] entries"
        )


def _draw(
    job: Job,
    clips: Clips,
    shots: tuple[Shot, ...],
    pairs: tuple[Pair, ...],
    source: np.ndarray,
    reference: np.ndarray | None,
) -> None:
    """Writes the contact sheet of pairs."""

    def tile(pair: Pair) -> Tile:
        ours = _small_picture(source[pair.source - clips.source.frames.first])
        if pair.picture is not None:
            theirs = fit_width(media.read_picture(job.resolve(pair.picture)), source.shape[2])
        else:
            assert reference is not None
            assert clips.reference is not None
            assert pair.reference is not None
            theirs = _small_picture(reference[pair.reference - clips.reference.frames.first])
            theirs = theirs.flip(-1) if pair.mirrored else theirs
        return Tile(pair, ours, theirs)

    pages = draw_pages(job.project.film.title, shots, pairs, tile)
    for number, page in enumerate(pages, start=1):
        _write_page(job, "pairs", number, page)


def _balance(job: Job, shots: tuple[Shot, ...], source: np.ndarray, first: int) -> Balance:
    """The balance that [ingest] asks for, and its sheet; neither where it asks for none."""
    asked = job.project.ingest.balance
    if asked == "none":
        return UNBALANCED
    grade = film_balance(source) if asked == "auto" else asked
    for number, page in enumerate(draw_balance(source, shots, first, grade), start=1):
        _write_page(job, "balance", number, page)
    return grade


def _write_page(job: Job, sheet: str, number: int, page: Tensor) -> None:
    """Writes a page of a sheet; those after the first are numbered."""
    name = f"{sheet}.png" if number == 1 else f"{sheet}-{number:03d}.png"
    media.write_png(job.folder("curate") / name, page)


def _small_picture(frame: np.ndarray) -> Tensor:
    """A frame of a proxy, uint8 (h, w, 3), as (3, h, w)."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255
