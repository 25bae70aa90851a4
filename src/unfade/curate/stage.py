"""curate: shots of the source, matches in the references, and pairs that cover the film."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.curate.balance import draw_balance, film_balance
from unfade.curate.choice.choose import ChosenFrames, frame_states
from unfade.curate.choice.frame_facts import FrameFacts, measure_frames
from unfade.curate.choice.pairing import (
    added_pairs,
    alternate_pairs,
    best_rejection,
    choose_in_shot,
    chosen_pairs,
    dropped_pairs,
    exclude_frames,
    fixed_frames,
    fixed_pairs,
    match_record,
    refuse_added,
)
from unfade.curate.matching.best_reference import BestMatches, best_matches, compared_frames
from unfade.curate.matching.detail import detail_correlation, live_luma
from unfade.curate.matching.frames import MIN_SIMILARITY, FrameMatches, match_frames
from unfade.curate.matching.framing import find_framing
from unfade.curate.matching.orientation import find_misorientation
from unfade.curate.matching.signature import Framing
from unfade.curate.remarks import reference_remarks, scan_remarks
from unfade.curate.sheet import Tile, draw_pages
from unfade.curate.shots.cuts import Cuts, find_cuts
from unfade.curate.shots.scenes import colour_distributions, limit_scene, scene_numbers
from unfade.drawing.canvas import fit_width
from unfade.errors import MatchError
from unfade.film.balance import IDENTITY_BALANCE, FilmBalance, FilmGrade
from unfade.film.clip import SOURCE_PROXY, Clips, reference_proxy
from unfade.film.match import PAIRABLE, FrameState
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.shot import Shot
from unfade.film.wording import counted
from unfade.work.cores import on_all_cores
from unfade.work.job import Job
from unfade.work.proxies import load_proxy

_MIN_MATCHED_SHARE = 0.5
"""Share of the scan's frames with a match, up to which a reference is also tried rotated, flipped
and inverted. Other references cost no time for that."""


def run(job: Job) -> None:
    """Writes `PairList` and `FilmBalance` with their sheets ``pairs.png`` and ``balance.png``, and
    the `MatchRecord` of all frames if there is a reference.

    Raises:
        ProjectError: a [[pair]] names a frame or a picture that does not exist.
        MatchError: no reference shows any part of the source, and there is no [[pair]].
        WorkError: a proxy of ingest is missing or damaged.
    """
    clips = job.clips()
    for sheet in job.folder("curate").glob("*.png"):
        sheet.unlink()
    source = load_proxy(job.root / SOURCE_PROXY, len(clips.source.frames))
    cuts = find_cuts(source)
    shots = cuts.shots(clips.source.frames.first)
    job.progress.say(f"{counted(len(shots), 'shot')} in {counted(len(source), 'frame')}")
    fixed = fixed_pairs(
        job.project, job.project_file, clips, shots, lambda p: Path(job.resolve(p)).is_file()
    )
    references = {
        name: load_proxy(job.root / reference_proxy(name), len(clip.frames))
        for name, clip in clips.references.items()
    }
    if references:
        pair_list = _choose(job, clips, source, references, cuts, fixed)
    else:
        refuse_added(job.project, job.project_file)
        pairs = sorted(fixed, key=lambda pair: pair.source)
        pair_list = PairList(shots=shots, pairs=tuple(pairs))
    _draw(job, clips, pair_list, source, references)
    job.save(FilmBalance(grade=_balance(job, shots, source, clips.source.frames.first)))
    job.save(pair_list)


def _choose(
    job: Job,
    clips: Clips,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    cuts: Cuts,
    fixed: list[Pair],
) -> PairList:
    """Pairs of every shot, alternates, and rejections: dropped pairs and the best match of each
    shot without a pair."""
    first, dropped = clips.source.frames.first, job.project.curate.drop
    shots = cuts.shots(first)
    matched = _matches(job, clips, source, references, shots, must_match=not fixed)
    remarks = _remarks(job, source, references, matched)
    detail = _detail(job, clips, matched, shots)
    matches = best_matches({name: one for name, (_, one) in matched.items()}, detail, shots, first)
    facts = measure_frames(source).with_transitions(cuts.fading(), cuts.dissolving())
    states = frame_states(facts, matches.matched, matches.certain, shots, first)
    rejected = dropped_pairs(dropped, clips, shots, matches)
    exclude_frames(states, clips.source, dropped)
    job.save(match_record(clips, matches, states, detail))
    distributions = colour_distributions(facts, shots, first)
    scenes = scene_numbers(distributions)
    choices = _choices(job, clips, facts, states, shots, scenes, distributions, fixed)
    pairs, alternates = list(fixed), []
    for shot, choice in zip(shots, choices, strict=True):
        pairs += chosen_pairs(shot, clips, matches, choice)
        alternates += alternate_pairs(shot, clips, matches, choice)
    pairs += added_pairs(job.project, job.project_file, clips, shots, matches, pairs)
    rejected += _rejected_shots(job, clips, matches, states, shots, pairs)
    if not pairs:
        raise _no_pair(clips)
    return PairList(
        shots=shots,
        scenes=scenes,
        pairs=tuple(sorted(pairs, key=lambda pair: pair.source)),
        alternates=tuple(alternates),
        rejected=tuple(rejected),
        remarks=remarks,
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
        job: the job, for its progress.
        clips: source and references.
        source: proxy of the source, uint8 (N, h, w, 3).
        references: proxies, by name.
        shots: shots of the source.
        must_match: whether the film depends on matches, because there is no [[pair]].

    Raises:
        MatchError: a reference is rotated, flipped or inverted, or none shows the source.
    """
    matched = {
        name: _match(job, clips, name, source, reference, shots)
        for name, reference in references.items()
    }
    if must_match:
        by_reference = {name: matches for name, (_, matches) in matched.items()}
        _check_orientation(clips, source, references, by_reference, shots)
        _check_common(clips, by_reference)
    return matched


def _no_pair(clips: Clips) -> MatchError:
    return MatchError(
        f"{clips.source.path} and {_paths(clips)} have no certain pair: no frame "
        "away from cuts and fades has a match that its moving regions confirm; check "
        "'reference.fields' or add [[pair]] entries"
    )


def _choices(
    job: Job,
    clips: Clips,
    facts: FrameFacts,
    states: list[FrameState],
    shots: tuple[Shot, ...],
    scenes: tuple[int, ...],
    distributions: np.ndarray,
    fixed: list[Pair],
) -> list[ChosenFrames]:
    """Frames that the machine chooses in every shot, no more per scene than it needs."""
    settings = job.project.curate
    by_scene: dict[int, list[tuple[Shot, list[Pair]]]] = {}
    for shot, number in zip(shots, scenes, strict=True):
        own = [pair for pair in fixed if pair.shot == shot.number]
        by_scene.setdefault(number, []).append((shot, own))
    choices: list[ChosenFrames] = []
    for scene in job.progress.track(by_scene.values(), "Choosing pairs", len(by_scene)):
        unlimited = [
            choose_in_shot(shot, clips, facts, states, own, settings) for shot, own in scene
        ]
        fixed_indices = fixed_frames([pair for _, own in scene for pair in own], clips)
        start = len(choices)
        scene_distributions = distributions[start : start + len(scene)]
        limited = limit_scene(unlimited, scene_distributions, fixed_indices, facts, settings)
        before, after = (sum(len(one.train) for one in chosen) for chosen in (unlimited, limited))
        if after < before:
            job.progress.say(
                f"shots {scene[0][0].name} to {scene[-1][0].name} return to the same set-ups: "
                f"{after} of {before} training pairs cover them"
            )
        choices += limited
    return choices


def _rejected_shots(
    job: Job,
    clips: Clips,
    matches: BestMatches,
    states: list[FrameState],
    shots: tuple[Shot, ...],
    pairs: list[Pair],
) -> list[Rejection]:
    """The best match of each shot that could give no pair; reports these shots."""
    rejected = []
    paired = {pair.shot for pair in pairs}
    for shot in shots:
        start = shot.frames.first - clips.source.frames.first
        own_states = states[start : start + len(shot.frames)]
        if shot.number in paired or not {*own_states}.isdisjoint(PAIRABLE):
            continue
        job.progress.say(
            f"shot {shot.name}: no pair, frames {shot.frames.first} to {shot.frames.last}"
        )
        best = best_rejection(shot, clips, matches, states)
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
    """The framing of one reference and the match of every frame in it."""
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


def _check_orientation(
    clips: Clips,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    by_reference: dict[str, FrameMatches],
    shots: tuple[Shot, ...],
) -> None:
    """Checks that references with few matches are not rotated, flipped or inverted.

    Raises:
        MatchError: a reference matches in another orientation or inverted.
    """
    for name, matches in by_reference.items():
        if matches.matched.mean() > _MIN_MATCHED_SHARE:
            continue
        clip = clips.references[name]
        first, stored = clips.source.frames.first, clip.orientation
        misorientation = find_misorientation(source, references[name], shots, first, stored)
        if misorientation is not None:
            raise MatchError(f"{clip.path}: the picture {misorientation.remedy(stored)}")


def _remarks(
    job: Job,
    source: np.ndarray,
    references: dict[str, np.ndarray],
    matched: dict[str, tuple[Framing, FrameMatches]],
) -> tuple[str, ...]:
    """Remarks on scan and references, for the report; reports them too."""
    calls = [partial(scan_remarks, source)]
    for name, (framing, matches) in matched.items():
        title = f"reference {name}" if len(matched) > 1 else "reference"
        calls.append(partial(reference_remarks, title, source, references[name], matches, framing))
    on_clips = on_all_cores(lambda call: call(), calls)
    remarks = [sentence for on_clip in on_clips for sentence in on_clip]
    for sentence in remarks:
        job.progress.say(sentence)
    return tuple(remarks)


def _check_common(clips: Clips, by_reference: dict[str, FrameMatches]) -> None:
    """Checks that at least one frame has a match.

    Raises:
        MatchError: no reference has any.
    """
    if not any(matches.matched.any() for matches in by_reference.values()):
        best = max(float(matches.similarity.max()) for matches in by_reference.values())
        raise MatchError(
            f"{clips.source.path} and {_paths(clips)} have no picture in common: the best "
            f"similarity is {best:.2f}, below {MIN_SIMILARITY}; check 'reference.path' or add "
            "[[pair]] entries"
        )


def _paths(clips: Clips) -> str:
    return " and ".join(clip.path for clip in clips.references.values())


def _detail(
    job: Job,
    clips: Clips,
    matched: dict[str, tuple[Framing, FrameMatches]],
    shots: tuple[Shot, ...],
) -> np.ndarray:
    """Detail of each reference in each shot, (shots, references), measured at one frame of the
    shots that have certain matches in several references; NaN elsewhere."""
    first = clips.source.frames.first
    measured = np.full((len(shots), len(matched)), np.nan)
    frames = compared_frames(
        {name: matches for name, (_, matches) in matched.items()}, shots, first
    )
    pictures = media.read(clips.source, [first + frame for frame in frames.values()], job.colors)
    sources = {frame: live_luma(picture, clips.source) for frame, picture in pictures}
    for column, (name, (framing, matches)) in enumerate(matched.items()):
        clip = clips.references[name]
        shots_of: dict[int, list[int]] = {}
        for shot, frame in frames.items():
            if matches.certain[frame]:
                reference_frame = int(matches.reference[frame]) + clip.frames.first
                shots_of.setdefault(reference_frame, []).append(shot)
        label = f"Measuring the detail of {name}"
        pictures = media.read(clip, sorted(shots_of), job.colors)
        for reference_frame, picture in job.progress.track(pictures, label, len(shots_of)):
            reference_luma = live_luma(picture, clip)
            for shot in shots_of[reference_frame]:
                source_luma = sources[first + frames[shot]]
                measured[shot, column] = detail_correlation(source_luma, reference_luma, framing)
    return measured


def _draw(
    job: Job,
    clips: Clips,
    pair_list: PairList,
    source: np.ndarray,
    references: dict[str, np.ndarray],
) -> None:
    """Writes the contact sheet of pairs."""

    def tile(pair: Pair) -> Tile:
        source_picture = _small_picture(source[pair.source - clips.source.frames.first])
        if pair.picture is not None:
            reference_picture = fit_width(
                media.read_picture(job.picture(pair), pair.colorspace, colors=job.colors),
                source.shape[2],
            )
        else:
            assert pair.reference is not None
            assert pair.of is not None
            index = pair.reference - clips.references[pair.of].frames.first
            reference_picture = _small_picture(references[pair.of][index])
            reference_picture = reference_picture.flip(-1) if pair.mirrored else reference_picture
        return Tile(pair, source_picture, reference_picture)

    several = len(references) > 1
    pages = draw_pages(job.project.film.title, pair_list, tile, several=several)
    for number, page in enumerate(pages, start=1):
        _write_page(job, "pairs", number, page)


def _balance(job: Job, shots: tuple[Shot, ...], source: np.ndarray, first: int) -> FilmGrade:
    """The balance that [ingest] asks for, and its sheet; no sheet if it asks for no balance."""
    setting = job.project.ingest.balance
    if setting == "none":
        return IDENTITY_BALANCE
    grade = film_balance(source, setting) if isinstance(setting, str) else setting
    for number, page in enumerate(draw_balance(source, shots, first, grade), start=1):
        _write_page(job, "balance", number, page)
    return grade


def _write_page(job: Job, sheet: str, number: int, page: Tensor) -> None:
    """Writes a page of a sheet; pages after the first have a number in their name."""
    name = f"{sheet}.png" if number == 1 else f"{sheet}-{number:03d}.png"
    media.write_png(job.folder("curate") / name, page)


def _small_picture(frame: np.ndarray) -> Tensor:
    """A frame of a proxy, uint8 (h, w, 3), as (3, h, w)."""
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255
