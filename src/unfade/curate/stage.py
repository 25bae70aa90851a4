"""curate: shots of the source, the reference frame of each instant, and pairs that cover it."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.curate.balance import draw_balance, film_balance
from unfade.curate.choice.choose import Choice, FrameFacts, frame_states, look_at
from unfade.curate.choice.pairing import (
    alternates,
    chosen_pairs,
    dropped_pairs,
    fixed_choice,
    fixed_pairs,
    match_record,
    rejection,
    shot_choice,
)
from unfade.curate.matching.best_reference import BestMatches, best_instants, compared_frames
from unfade.curate.matching.detail import detail_shown, live_luma
from unfade.curate.matching.frames import MIN_SIMILARITY, FrameMatches, match_frames
from unfade.curate.matching.framing import find_framing
from unfade.curate.matching.signature import Framing
from unfade.curate.matching.turned import find_turned
from unfade.curate.remarks import reference_remarks, scan_remarks
from unfade.curate.sheet import Tile, draw_pages
from unfade.curate.shots.cuts import Cuts, find_cuts
from unfade.curate.shots.scenes import scene_numbers, share_out, shot_families
from unfade.drawing.canvas import fit_width
from unfade.errors import MatchError, WorkError
from unfade.film.balance import IDENTITY_BALANCE, Balance, FilmBalance
from unfade.film.clip import SOURCE_PROXY, Clips, reference_proxy
from unfade.film.match import FrameState
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.shot import Shot
from unfade.work.job import Job

_MATCHES = 0.5
"""Share of the scan's frames that match, up to which a reference is tried turned and inverted."""


def run(job: Job) -> None:
    """Writes `PairList` and `FilmBalance` with their sheets ``pairs.png`` and ``balance.png``, and
    where there is a reference what was found of every frame, `MatchRecord`.

    Raises:
        ProjectError: a [[pair]] names a frame or a picture that is not there.
        MatchError: no reference shows anything of the source, and no [[pair]] helps.
        WorkError: a proxy of ingest is missing.
    """
    clips = job.clips()
    for sheet in job.folder("curate").glob("*.png"):
        sheet.unlink()
    source = _proxy(job.root / SOURCE_PROXY)
    cuts = find_cuts(source)
    shots = cuts.shots(clips.source.frames.first)
    job.progress.say(f"{len(shots)} shots in {len(source)} frames")
    fixed = fixed_pairs(job.project, clips, shots, lambda p: Path(job.resolve(p)).is_file())
    references = {name: _proxy(job.root / reference_proxy(name)) for name in clips.references}
    if references:
        found = _choose(job, clips, source, references, cuts, fixed)
    else:
        pairs = sorted(fixed, key=lambda pair: pair.source)
        found = PairList(shots=shots, pairs=tuple(pairs))
    _draw(job, clips, found, source, references)
    job.save(FilmBalance(grade=_balance(job, shots, source, clips.source.frames.first)))
    job.save(found)


def _proxy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except FileNotFoundError as error:
        raise WorkError(f"{path}: is missing; run 'unfade ingest' first") from error
    except (OSError, ValueError) as error:
        raise WorkError(f"{path}: is damaged ({error}); run 'unfade ingest' again") from error


def _choose(
    job: Job,
    clips: Clips,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    cuts: Cuts,
    fixed: list[Pair],
) -> PairList:
    """The pairs of every shot, what stands by, the best match of a shot that has none, and what
    was dropped."""
    first, dropped = clips.source.frames.first, job.project.curate.drop
    shots = cuts.shots(first)
    found = _matches(job, clips, source, references, shots, must_match=not fixed)
    said = _remarks(job, source, references, found)
    detail = _detail(job, clips, found, shots)
    each = {name: one for name, (_, one) in found.items()}
    matches = best_instants(each, detail, shots, first)
    look = look_at(source).without(cuts.passing())
    states = frame_states(look, matches.matched, matches.certain, shots, first)
    rejected = dropped_pairs(dropped, clips, shots, matches)
    for source_frame in dropped:
        states[source_frame - first] = "dropped"
    job.save(match_record(clips, matches, states, detail))
    families = shot_families(look, shots, first)
    scenes = scene_numbers(families)
    choices = _choices(job, clips, look, states, shots, scenes, families, fixed)
    pairs, standing_by = list(fixed), []
    for shot, choice in zip(shots, choices, strict=True):
        pairs += chosen_pairs(shot, clips, matches, choice)
        standing_by += alternates(shot, clips, matches, choice)
    rejected += _without_pair(job, clips, matches, states, shots, pairs)
    if not pairs:
        raise _no_pair(clips)
    return PairList(
        shots=shots,
        scenes=scenes,
        pairs=tuple(sorted(pairs, key=lambda pair: pair.source)),
        alternates=tuple(standing_by),
        rejected=tuple(rejected),
        remarks=said,
    )


def _matches(
    job: Job,
    clips: Clips,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    shots: tuple[Shot, ...],
    *,
    must_match: bool,
) -> dict[str, tuple[Framing, FrameMatches]]:
    """The framing and matches of each reference, by its name.

    Args:
        job: whom to tell.
        clips: of the film.
        source: proxy of the source, uint8 (N, h, w, 3).
        references: proxies, by name.
        shots: of the source.
        must_match: if no [[pair]] stands in for a reference without a match.

    Raises:
        MatchError: a reference is turned, flipped or inverted, or none shows the source.
    """
    found = {
        name: _match(job, clips, name, source, reference, shots)
        for name, reference in references.items()
    }
    if must_match:
        each = {name: matches for name, (_, matches) in found.items()}
        _check_turned(clips, source, references, each, shots)
        _check_common(clips, each)
    return found


def _no_pair(clips: Clips) -> MatchError:
    return MatchError(
        f"{clips.source.path} and {_paths(clips)} have no pair that can be trusted: "
        "in no shot do the moving regions of a frame away from cuts and fades agree; check "
        "reference.fields or give [[pair]] entries"
    )


def _choices(
    job: Job,
    clips: Clips,
    look: FrameFacts,
    states: list[FrameState],
    shots: tuple[Shot, ...],
    scenes: tuple[int, ...],
    families: np.ndarray,
    fixed: list[Pair],
) -> list[Choice]:
    """What the machine chooses in every shot, no more in a scene than it needs."""
    wanted = job.project.curate
    by_scene: dict[int, list[tuple[Shot, list[Pair]]]] = {}
    for shot, number in zip(shots, scenes, strict=True):
        own = [pair for pair in fixed if pair.shot == shot.number]
        by_scene.setdefault(number, []).append((shot, own))
    choices: list[Choice] = []
    for scene in job.progress.track(by_scene.values(), "Choosing pairs", len(by_scene)):
        alone = [shot_choice(shot, clips, look, states, own, wanted) for shot, own in scene]
        by_person = fixed_choice([pair for _, own in scene for pair in own], clips)
        place = len(choices)
        theirs = families[place : place + len(scene)]
        shared = share_out(alone, theirs, by_person, look, wanted)
        before, after = (sum(len(one.train) for one in some) for some in (alone, shared))
        if after < before:
            job.progress.say(
                f"shots {scene[0][0].name} to {scene[-1][0].name} go back to the same set-ups: "
                f"{after} of {before} training pairs cover them"
            )
        choices += shared
    return choices


def _without_pair(
    job: Job,
    clips: Clips,
    matches: BestMatches,
    states: list[FrameState],
    shots: tuple[Shot, ...],
    pairs: list[Pair],
) -> list[Rejection]:
    """The best match of each shot that could give no pair, with a word."""
    rejected = []
    paired = {pair.shot for pair in pairs}
    for shot in shots:
        start = shot.frames.first - clips.source.frames.first
        if shot.number in paired or "free" in states[start : start + len(shot.frames)]:
            continue
        job.progress.say(
            f"shot {shot.name}: no pair, frames {shot.frames.first} to {shot.frames.last}"
        )
        best = rejection(shot, clips, matches, states)
        if best is not None and best.pair.source not in job.project.curate.drop:
            rejected.append(best)
    return rejected


def _match(
    job: Job,
    clips: Clips,
    name: str,
    source: np.ndarray,
    reference: np.ndarray,
    shots: tuple[Shot, ...],
) -> tuple[Framing, FrameMatches]:
    """How one reference frames the film, and the match of every frame in it."""
    first, clip = clips.source.frames.first, clips.references[name]
    framing = find_framing(source, reference, shots, first)
    matches = match_frames(
        source,
        reference,
        np.array(clip.film_frames()) - clip.frames.first,
        np.array(clip.repeat_counts()),
        shots,
        first,
        framing,
        job.progress.track,
    )
    if matches.mirrored and matches.certain.any():
        job.progress.say(f"the reference {name} is mirrored")
    return framing, matches


def _check_turned(
    clips: Clips,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    each: dict[str, FrameMatches],
    shots: tuple[Shot, ...],
) -> None:
    """
    Raises:
        MatchError: a reference matches where it is turned, flipped or inverted.
    """
    for name, matches in each.items():
        if matches.matched.mean() > _MATCHES:
            continue
        clip = clips.references[name]
        first, stored = clips.source.frames.first, clip.orientation
        turned = find_turned(source, references[name], shots, first, stored)
        if turned is not None:
            raise MatchError(f"{clip.path}: the picture {turned.remedy(stored)}")


def _remarks(
    job: Job,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    found: dict[str, tuple[Framing, FrameMatches]],
) -> tuple[str, ...]:
    """What a person ought to know of each reference; said as well."""
    said = scan_remarks(source)
    for name, (framing, matches) in found.items():
        title = f"reference {name}" if len(found) > 1 else "reference"
        said += reference_remarks(title, source, references[name], matches, framing)
    for sentence in said:
        job.progress.say(sentence)
    return tuple(said)


def _check_common(clips: Clips, each: dict[str, FrameMatches]) -> None:
    if not any(matches.matched.any() for matches in each.values()):
        best = max(float(matches.similarity.max()) for matches in each.values())
        raise MatchError(
            f"{clips.source.path} and {_paths(clips)} have no picture in common: the best "
            f"similarity is {best:.2f}, below {MIN_SIMILARITY}; check reference.path or give "
            "[[pair]] entries"
        )


def _paths(clips: Clips) -> str:
    return " and ".join(clip.path for clip in clips.references.values())


def _detail(
    job: Job, clips: Clips, found: dict[str, tuple[Framing, FrameMatches]], shots: tuple[Shot, ...]
) -> np.ndarray:
    """How much of the scan's detail each reference shows, (shots, references), measured at a frame
    of shots that are certain in several."""
    first = clips.source.frames.first
    measured = np.full((len(shots), len(found)), np.nan)
    frames = compared_frames({name: matches for name, (_, matches) in found.items()}, shots, first)
    pictures = media.read(clips.source, [first + frame for frame in frames.values()], job.colors)
    sources = {frame: live_luma(picture, clips.source) for frame, picture in pictures}
    for column, (name, (framing, matches)) in enumerate(found.items()):
        clip = clips.references[name]
        shots_of: dict[int, list[int]] = {}
        for shot, frame in frames.items():
            if matches.certain[frame]:
                shown = int(matches.reference[frame]) + clip.frames.first
                shots_of.setdefault(shown, []).append(shot)
        label = f"Measuring the detail of {name}"
        pictures = media.read(clip, sorted(shots_of), job.colors)
        for shown, picture in job.progress.track(pictures, label, len(shots_of)):
            theirs = live_luma(picture, clip)
            for shot in shots_of[shown]:
                ours = sources[first + frames[shot]]
                measured[shot, column] = detail_shown(ours, theirs, framing)
    return measured


def _draw(
    job: Job,
    clips: Clips,
    found: PairList,
    source: np.ndarray,
    references: dict[str, np.ndarray],
) -> None:
    """Writes the contact sheet of pairs."""

    def tile(pair: Pair) -> Tile:
        ours = _small_picture(source[pair.source - clips.source.frames.first])
        if pair.picture is not None:
            theirs = fit_width(
                media.read_picture(job.picture(pair), pair.colorspace, colors=job.colors),
                source.shape[2],
            )
        else:
            assert pair.reference is not None
            assert pair.of is not None
            place = pair.reference - clips.references[pair.of].frames.first
            theirs = _small_picture(references[pair.of][place])
            theirs = theirs.flip(-1) if pair.mirrored else theirs
        return Tile(pair, ours, theirs)

    several = len(references) > 1
    pages = draw_pages(job.project.film.title, found, tile, several=several)
    for number, page in enumerate(pages, start=1):
        _write_page(job, "pairs", number, page)


def _balance(job: Job, shots: tuple[Shot, ...], source: np.ndarray, first: int) -> Balance:
    """The balance that [ingest] asks for, and its sheet; neither where it asks for none."""
    asked = job.project.ingest.balance
    if asked == "none":
        return IDENTITY_BALANCE
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
