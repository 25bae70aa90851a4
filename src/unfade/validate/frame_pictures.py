"""The pictures of a rendered frame for the report: small files, made where the frame is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.balance import balance
from unfade.color.kinds import COLOUR_KINDS, MIN_KIND_SHARE, densest_window, kind_masks
from unfade.drawing.canvas import blank_canvas, fit_width, square_pixels
from unfade.drawing.scopes import scope_strip
from unfade.film.balance import FilmGrade
from unfade.film.clip import Area
from unfade.film.figures import KindFigures, PlaceFigures, ShotFigures
from unfade.film.rendering import RenderedFrame
from unfade.geometry.crop import crop
from unfade.report.content import Comparison, FrameView, ShotView
from unfade.report.figures import KIND_TITLES
from unfade.report.pictures import (
    FRAME_BYTES,
    MIDDLE,
    SHOT_BYTES,
    SMALL,
    EncodedPicture,
    NamedPicture,
    Rung,
    encoded_within,
)
from unfade.validate.frames import FrameFigures
from unfade.validate.shown_frames import WORST_COUNT, ShownFrames, place_figures

FOUR_WAY_SHARE, KINDS_SHARE, ENDS_SHARE = 0.5, 0.3, 0.2
"""Shares of the bytes of a shot: its four-way picture, its kinds of colour, its ends."""

ENDS_OF_SHOT = 3
"""Pictures of ends that a shot shows: its first and its last frame, and the next shot's first."""

COMPARISON_WIDTH_PX = 1280
"""Width of a frame in a comparison: larger than the page's column, for dense displays."""

TILE_GAP_PX = 4
"""Space between the pictures of a tile."""


@dataclass(frozen=True)
class RenderedPictures:
    """A frame in display values of the working space: the live areas (3, H, W) of scan and
    recovered picture, and the width / height of a pixel."""

    before: Tensor
    after: Tensor
    pixel_aspect: float

    def inside(self, area: Area) -> "RenderedPictures":
        """The same within a part of the live area."""
        return RenderedPictures(crop(self.before, area), crop(self.after, area), self.pixel_aspect)

    def at_width(self, width: int) -> tuple[Tensor, Tensor]:
        """Scan and recovered picture with square pixels, at most a number of pixels wide."""
        return scaled(self.before, width, self.pixel_aspect), scaled(
            self.after, width, self.pixel_aspect
        )


@dataclass(frozen=True)
class PicturePlan:
    """The frames to show, the framing of the ground truths within the live area, and the balance
    of the film."""

    shown: ShownFrames
    crop: Area
    grade: FilmGrade


@dataclass(frozen=True)
class ShotPictures:
    """The pictures of the frame that shows a shot: the four-way picture, and for each kind of
    colour that it shows a tile; and its share of each kind."""

    four_way: tuple[NamedPicture, ...]
    tiles: tuple[NamedPicture, ...]
    kinds: tuple[KindFigures, ...]


@dataclass(frozen=True)
class FramePictures:
    """The pictures of a frame for the page; None where it is not shown for that."""

    comparison: Comparison | None
    worst: FrameView | None
    end: EncodedPicture | None
    of_shot: ShotPictures | None


def frame_pictures(
    plan: PicturePlan,
    rendered: RenderedFrame,
    pictures: RenderedPictures,
    truth_rgb: Tensor | None,
) -> FramePictures:
    """What the page shows of a frame.

    Args:
        plan: of all frames.
        rendered: the frame.
        pictures: of the frame.
        truth_rgb: ground truth of the frame, (3, H, W); None if it shows no shot by a pair.
    """
    shown, frame = plan.shown, rendered.frame
    shots = len(shown.four_way)
    of_shot = None
    if shown.four_way.get(rendered.shot) == frame:
        inside = pictures
        if truth_rgb is not None:
            inside, truth_rgb = pictures.inside(plan.crop), crop(truth_rgb, plan.crop)
        of_shot = _shot_pictures(inside, truth_rgb, plan.grade, shots)
    return FramePictures(
        comparison=_comparison(rendered, pictures) if frame in shown.compared else None,
        worst=_frame_view(rendered, pictures) if frame in shown.worst else None,
        end=_end_picture(pictures, shots) if frame in shown.ends else None,
        of_shot=of_shot,
    )


def shot_views(
    shots: Sequence[ShotFigures],
    frames: Sequence[FrameFigures],
    shown: ShownFrames,
    pictures: Mapping[int, FramePictures],
    kinds: Mapping[int, tuple[KindFigures, ...]],
) -> list[ShotView]:
    """The shots that are shown in pictures.

    Args:
        shots: figures of the rendered shots.
        frames: figures of the rendered frames, in order.
        shown: the frames that are shown.
        pictures: of each rendered frame, by its number.
        kinds: errors of kinds of colour in hold-out pairs, by the number of the frame.
    """
    places = place_figures(frames)
    views = []
    for shot in (one.shot for one in shots if one.shot.number in shown.four_way):
        frame = shown.four_way[shot.number]
        of_shot = pictures[frame].of_shot
        assert of_shot is not None
        target = shown.targets.get(frame)
        views.append(
            ShotView(
                shot=shot,
                frame=frame,
                role=target.pair.role if target else None,
                four_way=of_shot.four_way,
                strip=(*_ends(places[shot.number], pictures), *of_shot.tiles),
                kinds=kinds.get(frame, of_shot.kinds),
                places=tuple(places[shot.number]),
            )
        )
    return views


def _ends(
    places: Sequence[PlaceFigures], pictures: Mapping[int, FramePictures]
) -> list[NamedPicture]:
    """The pictures of the places of a shot; that of a join is the next shot's first frame."""
    named = []
    for one in places:
        frame = one.neighbour if one.place == "join" and one.neighbour is not None else one.frame
        end = pictures[frame].end
        assert end is not None
        words = {
            "first": f"First frame, {frame}",
            "last": f"Last frame, {frame}",
            "join": f"Join: next frame, {frame}",
        }
        named.append(NamedPicture(words[one.place], end))
    return named


def scaled(picture: Tensor, width: int, pixel_aspect: float) -> Tensor:
    """A picture with square pixels, at most `width` pixels wide."""
    square = square_pixels(picture, pixel_aspect)
    return fit_width(square, min(width, square.shape[-1]))


def _end_picture(pictures: RenderedPictures, shots: int) -> EncodedPicture:
    """A tile of the first or last frame of a shot: the scan above the recovered picture.

    Args:
        pictures: of the frame.
        shots: number of shots that share the bytes.
    """
    share = SHOT_BYTES / shots * ENDS_SHARE / ENDS_OF_SHOT
    return _tile(pictures.at_width(SMALL[0][0]), SMALL, share)


def _shot_pictures(
    pictures: RenderedPictures, truth_rgb: Tensor | None, grade: FilmGrade, shots: int
) -> ShotPictures:
    """The pictures of the frame that shows a shot.

    Args:
        pictures: of the frame, in the framing of the ground truth.
        truth_rgb: ground truth, (3, H, W); None if the frame is of no pair.
        grade: the balance of the film.
        shots: number of shots that share the bytes.
    """
    width, most_bytes = MIDDLE[0][0], SHOT_BYTES / shots
    before, after = pictures.at_width(width)
    shown = {"Scan": before, "Balanced": balance(before, grade).clamp(0.0, 1.0)}
    if truth_rgb is not None:
        shown["Reference"] = scaled(truth_rgb, width, pictures.pixel_aspect)
    shown["Recovered"] = after
    files = encoded_within([*shown.values()], MIDDLE, most_bytes * FOUR_WAY_SHARE)
    four_way = tuple(NamedPicture(name, file) for name, file in zip(shown, files, strict=True))
    rows = [before, after, *([shown["Reference"]] if truth_rgb is not None else [])]
    tiles, kinds = _kinds(rows, most_bytes * KINDS_SHARE / len(COLOUR_KINDS))
    return ShotPictures(four_way, tuple(tiles), tuple(kinds))


def _kinds(
    rows: Sequence[Tensor], most_bytes: float
) -> tuple[list[NamedPicture], list[KindFigures]]:
    """A tile for each kind of colour that a frame shows, and its share of each kind.

    Args:
        rows: scan, recovered picture, and the reference if there is one, (3, H, W) each. The last
            tells where the kinds are.
        most_bytes: of a tile.
    """
    masks = kind_masks(rows[-1])
    tiles, kinds = [], []
    for kind in COLOUR_KINDS:
        share = float(masks[kind].float().mean())
        kinds.append(KindFigures(kind, share))
        if share >= MIN_KIND_SHARE:
            lines, columns = densest_window(masks[kind])
            tile = _tile([one[:, lines, columns] for one in rows], SMALL, most_bytes)
            tiles.append(NamedPicture(KIND_TITLES[kind], tile))
    return tiles, kinds


def _comparison(rendered: RenderedFrame, pictures: RenderedPictures) -> Comparison:
    before, after = (
        fit_width(square_pixels(picture, pictures.pixel_aspect), COMPARISON_WIDTH_PX)
        for picture in (pictures.before, pictures.after)
    )
    return Comparison(
        frame=rendered.frame,
        shot=rendered.shot,
        before=before,
        after=after,
        scopes_before=scope_strip(pictures.before),
        scopes_after=scope_strip(pictures.after),
    )


def _frame_view(rendered: RenderedFrame, pictures: RenderedPictures) -> FrameView:
    pair = pictures.at_width(MIDDLE[0][0])
    before, after = encoded_within(pair, MIDDLE, FRAME_BYTES / 2 / WORST_COUNT)
    return FrameView(
        rendered.frame,
        rendered.shot,
        NamedPicture("Scan", before),
        NamedPicture("Recovered", after),
    )


def _tile(pictures: Sequence[Tensor], rungs: Sequence[Rung], most_bytes: float) -> EncodedPicture:
    """Pictures of one size below one another, as one file."""
    gap = blank_canvas(TILE_GAP_PX, pictures[0].shape[-1])
    parts = [part for picture in pictures for part in (picture.clamp(0.0, 1.0), gap)]
    return encoded_within([torch.cat(parts[:-1], dim=1)], rungs, most_bytes)[0]
