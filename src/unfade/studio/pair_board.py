"""The pairs of a film as the page shows them: the records, and what film.toml says since."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Literal

from unfade.film.alignment import Alignments
from unfade.film.clip import Clips
from unfade.film.control_points import ControlPoint
from unfade.film.match import MatchRecord
from unfade.film.pair import ChosenBy, Pair, PairKind, PairList, PairRole
from unfade.film.stage_names import folder_name
from unfade.film.time import FrameRange
from unfade.pipeline.freshness import receipt_in, settings
from unfade.pipeline.stages import STAGES
from unfade.project.settings import PairSection, Project
from unfade.work.job import Job
from unfade.work.pair_records import PairEntry, PairRecords

MAX_TILES = 240
"""Pairs on one sheet of the page, so that it opens at once for films of thousands of pairs."""

KEPT_RECORDS = 3
"""Films whose records stay in memory: those that are worked on; a film of two hours takes 60 MB."""

TileState = Literal["admitted", "rejected", "waiting", "dropped"]


@dataclass(frozen=True)
class PairTile:
    """A pair as film.toml has it now.

    `similarity` and `residual` are of the records, None where they do not belong to this pair.
    `reason` is that of a rejection. `pending` says what the next run will change; empty if the
    records agree with film.toml. `overruled` is why the machine would have rejected a pair that
    control points lay.
    """

    source: int
    role: PairRole
    kind: PairKind
    chosen_by: ChosenBy
    state: TileState
    reference: int | None = None
    of: str | None = None
    picture: str | None = None
    mirrored: bool = False
    similarity: float | None = None
    residual: float | None = None
    reason: str = ""
    pending: str = ""
    note: str = ""
    points: tuple[ControlPoint, ...] = ()
    overruled: str = ""


@dataclass(frozen=True)
class ShotTiles:
    """The pairs of a shot; `name` is empty before the shots are known."""

    name: str
    frames: FrameRange
    tiles: tuple[PairTile, ...]


def tiles_of(project: Project, records: PairRecords, moved: Collection[int] = ()) -> list[PairTile]:
    """The pairs of a film, sorted by source frame. `moved` are the source frames whose control
    points have changed since the records."""
    sections = {one.source: one for one in project.pair}
    recorded: dict[int, list[PairEntry]] = {}
    for entry in records.entries():
        recorded.setdefault(entry.pair.source, []).append(entry)
    tiles: list[PairTile] = []
    for source in sorted({*recorded, *sections, *project.curate.add, *project.curate.drop}):
        if source not in records.clips.source.frames:
            continue
        entries = recorded.get(source, [])
        if source in project.curate.drop:
            tiles.append(_dropped(source, entries, records))
        elif source in sections:
            tiles.append(_fixed(project, sections[source], entries, is_moved=source in moved))
        elif entries:
            was_dropped = records.is_dropped(source)
            is_added = source in project.curate.add
            tiles += _chosen(entries, is_added=is_added, was_dropped=was_dropped)
        else:
            tiles += _added(source, records)
    return tiles


def _dropped(source: int, entries: list[PairEntry], records: PairRecords) -> PairTile:
    used = [entry for entry in entries if entry.reason is None]
    pending = "still a pair until the next run" if used else ""
    if entries:
        tile = _recorded((used or entries)[0])
        return replace(tile, state="dropped", reason="", pending=pending)
    of, reference = records.match_of(source) or (None, None)
    return PairTile(source, "train", "direct", "person", "dropped", reference, of)


def _fixed(
    project: Project, section: PairSection, entries: list[PairEntry], *, is_moved: bool
) -> PairTile:
    """The tile of a [[pair]]; the measurements are those of the same pictures."""
    tile = PairTile(
        section.source,
        section.role,
        section.kind,
        "person",
        "waiting",
        None if isinstance(section.reference, str) else section.reference,
        project.reference_of(section),
        section.reference if isinstance(section.reference, str) else None,
        pending="new; the next run aligns it",
        note=section.note,
        points=section.points,
    )
    for entry in entries:
        pair = entry.pair
        if shows_same(pair, tile):
            agrees = (pair.role, pair.kind, pair.note) == (tile.role, tile.kind, tile.note)
            agrees = agrees and pair.chosen_by == "person" and not is_moved
            return replace(
                _recorded(entry),
                picture=tile.picture,
                role=tile.role,
                kind=tile.kind,
                note=tile.note,
                points=tile.points,
                chosen_by="person",
                pending="" if agrees else "changed; needs a run",
            )
    return tile


def shows_same(one: Pair | PairTile, other: Pair | PairTile) -> bool:
    """Whether two pairs have one reference; a picture may have been moved meanwhile."""
    if one.picture is not None and other.picture is not None:
        return Path(one.picture).name == Path(other.picture).name
    return (one.of, one.reference, one.picture) == (other.of, other.reference, other.picture)


def _chosen(entries: list[PairEntry], *, is_added: bool, was_dropped: bool) -> Iterator[PairTile]:
    """The tiles of pairs of which film.toml has no [[pair]]."""
    for entry in entries:
        tile = _recorded(entry)
        was_fixed = tile.chosen_by == "person" and entry.reason is None and not is_added
        is_left = was_dropped or was_fixed
        yield replace(tile, pending="left to the machine; needs a run") if is_left else tile


def _added(source: int, records: PairRecords) -> Iterator[PairTile]:
    matched = records.match_of(source)
    if matched is not None:
        of, reference = matched
        pending = "new; the next run aligns it"
        yield PairTile(
            source, "train", "direct", "person", "waiting", reference, of, pending=pending
        )


def _recorded(entry: PairEntry) -> PairTile:
    pair = entry.pair
    state: TileState = "rejected" if entry.reason is not None else "waiting"
    if entry.alignment is not None:
        state = "admitted"
    return PairTile(
        pair.source,
        pair.role,
        pair.kind,
        pair.chosen_by,
        state,
        pair.reference,
        pair.of,
        pair.picture,
        pair.mirrored,
        pair.similarity,
        entry.alignment.residual if entry.alignment else None,
        entry.reason or "",
        note=pair.note,
        overruled=(entry.alignment and entry.alignment.overruled) or "",
    )


def by_shot(tiles: Iterable[PairTile], records: PairRecords) -> list[ShotTiles]:
    """The tiles of each shot, in order; shots without pairs are shown too."""
    shots = records.choice.shots
    of_shot: dict[int, list[PairTile]] = {shot.number: [] for shot in shots}
    place, ordered = 0, list(shots)
    for tile in tiles:
        while place < len(ordered) - 1 and tile.source > ordered[place].frames.last:
            place += 1
        of_shot[ordered[place].number].append(tile)
    return [ShotTiles(shot.name, shot.frames, tuple(of_shot[shot.number])) for shot in shots]


def sheets_of(shots: list[ShotTiles]) -> list[list[ShotTiles]]:
    """The shots in sheets of at most `MAX_TILES` pairs, or one shot."""
    sheets: list[list[ShotTiles]] = [[]]
    count = 0
    for shot in shots:
        size = max(len(shot.tiles), 1)
        if sheets[-1] and count + size > MAX_TILES:
            sheets.append([])
            count = 0
        sheets[-1].append(shot)
        count += size
    return sheets


def changed_points(job: Job) -> set[int]:
    """The source frames whose control points in film.toml are not those of align's last run; empty
    before it ran."""
    stage = next(one for one in STAGES if one.name == "align")
    try:
        was = receipt_in(job.root / folder_name(stage.name)).settings
    except (OSError, ValueError):
        return set()
    now = settings(stage, job.project)
    keys = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return {int(key.split()[-1]) for key in keys if key.startswith("pair.points ")}


class KeptRecords:
    """The records of films, read again when their files change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, tuple[object, PairRecords]] = OrderedDict()
        self._lock = Lock()

    def of(self, job: Job) -> PairRecords:
        """The records of a film; its clips lie where film.toml says.

        Raises:
            WorkError: ingest or curate has not run, or a record is damaged.
        """
        signature = pair_records_signature(job)
        with self._lock:
            kept = self._kept.get(job.root)
        if kept is None or kept[0] != signature:
            kept = (signature, PairRecords.of(job))
            with self._lock:
                self._kept[job.root] = kept
                while len(self._kept) > KEPT_RECORDS:
                    self._kept.popitem(last=False)
        return kept[1]


_records = KeptRecords()


def records_of(job: Job) -> PairRecords:
    """The records of a film, from memory if their files are unchanged.

    Raises:
        WorkError: ingest or curate has not run, or a record is damaged.
    """
    return _records.of(job)


def pair_records_signature(job: Job) -> tuple[object, ...]:
    """What the records depend on: their files, and the paths of the clips in film.toml."""
    project = job.project
    facts: list[object] = [project.source.path, *(one.path for one in project.reference)]
    for kind in (Clips, PairList, MatchRecord, Alignments):
        path = job.root / kind.PATH
        try:
            stat = path.stat()
        except OSError:
            facts.append(None)
        else:
            facts.append((stat.st_size, stat.st_mtime_ns))
    return tuple(facts)


def pair_of(tile: PairTile, project: Project) -> Pair:
    """The pair of a tile, to read its pictures; its shot is not known."""
    section = next((one for one in project.pair if one.source == tile.source), None)
    return Pair(
        source=tile.source,
        reference=tile.reference,
        of=tile.of,
        picture=tile.picture,
        colorspace=section.colorspace if section and tile.picture else None,
        shot=0,
        aligned=section.aligned if section else False,
        mirrored=tile.mirrored,
    )
