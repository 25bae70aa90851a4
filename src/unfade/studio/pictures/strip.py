"""What the filmstrip shows of a film: shots, pairs, outliers, masters, bookmarks."""

import hashlib
from collections.abc import Iterable

from unfade.errors import WorkError
from unfade.studio.pictures.film import OpenFilm
from unfade.studio.pictures.picture import KIND_TITLES
from unfade.work.bookmarks import read_bookmarks
from unfade.work.memory import return_freed_memory


def strip_facts(film: OpenFilm) -> dict[str, object]:
    """The facts of a film for its page, as JSON; runs of frames are [first, last]. `edition`
    changes when pictures may have."""
    clip = film.clips.source
    masters = film.masters
    facts: dict[str, object] = {
        "edition": hashlib.sha256(repr(film.signature).encode()).hexdigest()[:12],
        "first": film.frames.first,
        "last": film.frames.last,
        "rate": float(clip.rate),
        "width": clip.width,
        "height": clip.height,
        "pixel_aspect": float(clip.pixel_aspect),
        "live_area": clip.live_area.model_dump(),
        "colorspace": clip.colorspace,
        "view": film.job.colors.view,
        "kinds": [{"kind": kind, "title": KIND_TITLES[kind]} for kind in film.kinds],
        "shots": [[one.frames.first, one.frames.last, one.number] for one in film.shots],
        "pairs": _pairs(film),
        "outliers": _outliers(film),
        "checkpoint": film.checkpoint,
        "masters": list(_runs(masters.frames.tolist() if masters else ())),
        "bookmarks": bookmark_facts(film),
    }
    return_freed_memory()
    return facts


def _pairs(film: OpenFilm) -> list[dict[str, object]]:
    """The pairs in order, with their roles; rejected ones with the reason."""
    if film.pair_list is None:
        return []
    rejected = {one.pair: one.reason for one in film.pair_list.rejected}
    if film.alignments is not None:
        rejected |= {one.pair: one.reason for one in film.alignments.rejected}
    pairs = {*film.pair_list.pairs, *rejected}
    if film.alignments is not None:
        pairs |= {one.pair for one in film.alignments.admitted}
    facts: list[dict[str, object]] = []
    for pair in sorted(pairs, key=lambda one: one.source):
        role = "rejected" if pair in rejected else pair.role
        facts.append({"frame": pair.source, "role": role, "why": rejected.get(pair, pair.note)})
    return facts


def _outliers(film: OpenFilm) -> list[dict[str, object]]:
    """The outliers in the order of their frames."""
    if film.report is None:
        return []
    ordered = sorted(film.report.outliers, key=lambda one: (one.first, one.worst))
    shown = {"kind", "first", "last", "worst", "why"}
    return [one.model_dump(include=shown) for one in ordered]


def bookmark_facts(film: OpenFilm) -> list[dict[str, object]]:
    """The bookmarks in the order of their frames; none if their file is damaged, which a new
    bookmark will report."""
    try:
        marks = read_bookmarks(film.job.root).marks
    except WorkError:
        return []
    return [one.model_dump() for one in sorted(marks, key=lambda one: one.frame)]


def _runs(frames: Iterable[int]) -> Iterable[list[int]]:
    """Ascending numbers as runs of consecutive ones."""
    run: list[int] = []
    for frame in frames:
        if run and frame == run[1] + 1:
            run[1] = frame
            continue
        if run:
            yield run
        run = [frame, frame]
    if run:
        yield run
