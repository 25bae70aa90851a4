"""align: every pair's reference is aligned to its source, measured, and admitted or rejected."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from unfade import media
from unfade.align.sheet import draw_crop
from unfade.align.substitute import substitutes
from unfade.align.units import (
    PairToAlign,
    align_pairs,
    references_of_framings,
    sheet_name,
    survey_unit,
)
from unfade.errors import MatchError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.geometry.crop import crop, intersection
from unfade.work.job import Job
from unfade.work.units import ITEMS_A_UNIT, Unit, complete, ranges, results


def run(job: Job) -> None:
    """Writes `Alignments`, a weight for each admitted pair, a sheet for every pair, and
    ``crop.png``.

    Pairs are read twice, a few at a time: first some for the shared framing, then all.

    Raises:
        MatchError: no training pair is admitted, or the admitted pairs share no part of the
            picture.
        ProjectError: the picture of an aligned pair has another size than the source, or control
            points do not fit a pair.
    """
    clips = job.once(Job.clips)
    choice = job.load(PairList)
    surveys = [survey_unit(job, name) for name in references_of_framings(job)]
    complete(job, surveys, "Surveying the framing")
    settled = _align_all(job, choice)
    _remove_others(job, settled)
    admitted = tuple(one for one in settled if isinstance(one, Alignment))
    rejected = tuple(one for one in settled if isinstance(one, Rejection))
    for one in rejected:
        job.progress.say(f"source frame {one.pair.source} is rejected: {one.reason}")
    for by_points in (one for one in admitted if one.overruled is not None):
        job.progress.say(
            f"source frame {by_points.pair.source} is admitted by its control points, although "
            f"{by_points.overruled}"
        )
    crop_area = _checked_crop(clips, admitted, rejected)
    _draw_crop(job, clips, admitted, crop_area)
    job.save(Alignments(crop=crop_area, admitted=admitted, rejected=rejected))


def _align_all(job: Job, choice: PairList) -> list[Alignment | Rejection]:
    """Aligns all pairs, and substitutes for the rejected ones until no alternate is left."""
    settled: list[Alignment | Rejection] = []
    waiting: dict[Pair, Pair | None] = dict.fromkeys(choice.pairs)
    tried: list[Pair] = []
    for turn in count():
        if not waiting:
            break
        asked = [PairToAlign(pair, waiting[pair]) for pair in sorted(waiting, key=_source)]
        tried += [one.pair for one in asked]
        batch = list(_aligned(job, asked, turn))
        settled += batch
        rejections = [one for one in batch if isinstance(one, Rejection)]
        waiting = dict(substitutes(rejections, choice.alternates, tried))
    return sorted(settled, key=lambda one: one.pair.source)


def _source(pair: Pair) -> int:
    return pair.source


def _aligned(job: Job, pairs: Sequence[PairToAlign], turn: int) -> Iterator[Alignment | Rejection]:
    """The results of pairs, in order of their source frames; `turn` counts the calls."""
    units = pair_units(job.once(Job.clips), pairs, turn)
    folder = job.folder("align")

    def has_files(facts: Any) -> bool:
        return all(path.exists() for one in _read_settled(facts) for path in _files(folder, one))

    for result in results(job, units, "Aligning pairs", holds=has_files):
        yield from _read_settled(result.facts)


def pair_units(clips: Clips, pairs: Sequence[PairToAlign], turn: int) -> list[Unit]:
    """Units of `ITEMS_A_UNIT` pairs each, or of all pairs if one of their clips is sequential,
    because each unit would decode it from the start again."""
    used = [clips.source, *(clips.references[name] for one in pairs if (name := one.pair.of))]
    is_sequential = any(clip.is_sequential for clip in used)
    groups = ranges(pairs, len(pairs) if is_sequential else ITEMS_A_UNIT)
    return [
        Unit("align", f"pairs-{turn}-{index}", align_pairs, {"pairs": values}, len(values))
        for index, group in enumerate(groups)
        if (values := [one.to_values() for one in group])
    ]


def _read_settled(facts: Any) -> Iterator[Alignment | Rejection]:
    for name, values in facts:
        kind: type[Alignment | Rejection] = Alignment if name == "Alignment" else Rejection
        yield kind.model_validate(values)


def _files(folder: Path, one: Alignment | Rejection) -> list[Path]:
    """The sheet of a pair and, if it is admitted, its weight."""
    weight = [folder.parent / weight_file(one.pair.source)] if isinstance(one, Alignment) else []
    return [folder / sheet_name(one.pair.source), *weight]


def _remove_others(job: Job, settled: Sequence[Alignment | Rejection]) -> None:
    """Removes sheets and weights of an earlier run that belong to none of these pairs."""
    folder = job.folder("align")
    current = {path for one in settled for path in _files(folder, one)}
    for path in {*folder.glob("weight-*.exr"), *folder.glob("[0-9]*.png")} - current:
        path.unlink()


def _draw_crop(job: Job, clips: Clips, admitted: tuple[Alignment, ...], area: Area) -> None:
    """Writes the shared crop and the area that each pair covers, on a frame of the scan."""
    frame = admitted[0].pair.source
    picture = crop(media.read_frame(clips.source, frame, job.colors), clips.source.live_area)
    sheet = draw_crop(frame, picture, [one.coverage for one in admitted], area)
    media.write_png(job.folder("align") / "crop.png", sheet)


def _checked_crop(
    clips: Clips, admitted: tuple[Alignment, ...], rejected: tuple[Rejection, ...]
) -> Area:
    """The crop that all admitted pairs share.

    Raises:
        MatchError: no training pair is admitted, or the pairs share no part of the picture.
    """
    if not any(one.pair.role == "train" for one in admitted):
        paths = [clip.path for clip in clips.references.values()]
        reference = " and ".join(paths) or "the pictures"
        first = next((one for one in rejected if one.pair.role == "train"), None)
        if first is None:
            raise MatchError(
                f"{clips.source.path} and {reference}: no pair has the role 'train', so nothing "
                "can be learned; give a [[pair]] that role, or add one"
            )
        raise MatchError(
            f"{clips.source.path} and {reference}: no training pair could be aligned (source frame "
            f"{first.pair.source}: {first.reason}); look at the sheets in 03-align and fix pairs "
            "with [[pair]] entries"
        )
    area = intersection([one.coverage for one in admitted])
    if area is None:
        frames = ", ".join(str(one.pair.source) for one in admitted)
        raise MatchError(
            f"{clips.source.path}: the pairs at frames {frames} share no part of the picture; "
            "drop the pair that shows another part"
        )
    return area
