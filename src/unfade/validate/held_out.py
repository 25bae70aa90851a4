"""Scores hold-out pairs, and draws them: all their pictures have the luma of the scan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from torch import Tensor

from unfade.color.kinds import COLOUR_KINDS, MIN_KIND_SHARE, densest_window, kind_masks
from unfade.color.score import chroma_error, difference_from_truth
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import fit_width, square_pixels
from unfade.drawing.error_map import error_map
from unfade.drawing.scopes import REGION_MAGNIFICATION, parade, vectorscope, waveform
from unfade.drawing.sheets import grid
from unfade.film.figures import ColourKind, HeldOutFigures, KindFigures
from unfade.film.model import HeldOut
from unfade.film.pair import PairKind
from unfade.model import Baseline, ChromaModel
from unfade.report.content import HeldOutView, ScopeRow
from unfade.report.figures import KIND_TITLES
from unfade.report.pictures import (
    LARGE,
    LARGE_BYTES,
    SCOPE_QUALITY,
    NamedPicture,
    encoded,
    encoded_within,
)

NAMES = ("Scan", "Reference", "LUT baseline", "Recovered")
"""Names of the four pictures of a hold-out pair."""

ERROR_NAMES = ("Error of LUT baseline", "Error of recovered")
"""Names of the two pictures of errors."""

ERROR_MAP_WIDTH_PX = 480
"""Width of a picture of errors: they are smooth, because all pictures have the same luma."""

VIEW_WIDTH_PX = 960
"""Greatest width of a picture of a hold-out pair."""

SCOPED_WIDTH_PX = 480
"""Width of the pictures of which scopes are drawn: half as many again as a scope has columns."""

SCOPE_HEIGHT_PX, SCOPE_WIDTH_PX = 240, 320
"""Size of a waveform and of a parade; a vectorscope is as wide as it is high."""


SHEET_WIDTH_PX = 1360
"""Width of the sheet of held-out frames: four pictures of over 300 pixels."""

SHEET_ROWS = 8
"""Largest number of held-out frames on the sheet, chosen evenly from all: more are hard to read."""

MAX_VIEWS = 30
"""Largest number of hold-out pairs shown large, those with the highest error first: with more,
the page of a film of 1,200 shots is larger than 15 MB."""

SCOPED_VIEWS = 6
"""Number of hold-out pairs with scopes, spread over the film: more make the page long and heavy."""


@dataclass(frozen=True)
class HeldOutPair:
    """The pictures of a hold-out pair: scan and ground truth (3, H, W), weight (1, H, W); and what
    kind of pair it is."""

    frame: int
    shot: int
    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor
    kind: PairKind = "direct"


@dataclass(frozen=True)
class HeldOutScore:
    """The errors on a hold-out pair, those of each kind of colour, and its four pictures."""

    figures: HeldOutFigures
    kinds: tuple[KindFigures, ...]
    pictures: tuple[Tensor, ...]


def score(pair: HeldOutPair, model: ChromaModel, baseline: Baseline) -> HeldOutScore:
    """Compares faded scan, LUT baseline and delivered colour with the ground truth."""
    y = luma(pair.source_rgb)
    lut_cbcr = limit_chroma(y, baseline.predict(pair.source_rgb, pair.shot))
    model_cbcr = model.predict(pair.source_rgb, pair.shot)
    differences: list[Tensor] = []
    errors: list[HeldOut] = []
    for cbcr in (rgb_to_ycbcr(pair.source_rgb)[1:], lut_cbcr, model_cbcr):
        differences.append(difference_from_truth(pair.truth_rgb, cbcr))
        errors.append(chroma_error(pair.truth_rgb, cbcr, pair.weight, differences[-1]))
    faded, lut, own = errors
    return HeldOutScore(
        figures=HeldOutFigures(pair.frame, pair.shot, faded, lut, own, pair.kind),
        kinds=tuple(_kind_figures(pair, differences)),
        pictures=(
            pair.source_rgb,
            pair.truth_rgb,
            *(ycbcr_to_rgb(torch.cat([y, cbcr])) for cbcr in (lut_cbcr, model_cbcr)),
        ),
    )


def _kind_figures(pair: HeldOutPair, differences: list[Tensor]) -> list[KindFigures]:
    """The errors where the ground truth shows each kind of colour."""
    masks = kind_masks(pair.truth_rgb)
    figures = []
    for kind in COLOUR_KINDS:
        share = float(masks[kind].float().mean())
        weight = pair.weight[0] * masks[kind]
        total = float(weight.sum())
        if share < MIN_KIND_SHARE or total <= 0:
            figures.append(KindFigures(kind, share))
            continue
        means = [float((one[0] * weight).sum()) / total for one in differences]
        figures.append(KindFigures(kind, share, *means))
    return figures


def film_kinds(scores: Sequence[tuple[KindFigures, ...]]) -> list[KindFigures]:
    """Each kind of colour over the hold-out pairs: its mean share, and the errors weighted by the
    share in each pair.

    Args:
        scores: of each hold-out pair.
    """
    means = []
    for own in zip(*scores, strict=True):
        share = fmean(one.share for one in own)
        measured = [one for one in own if one.model is not None]
        total = sum(one.share for one in measured)
        if not measured:
            means.append(KindFigures(own[0].kind, share))
            continue
        errors = (
            sum(one.share * (getattr(one, name) or 0.0) for one in measured) / total
            for name in ("faded", "lut", "model")
        )
        means.append(KindFigures(own[0].kind, share, *errors))
    return means


def held_out_view(
    scored: HeldOutScore, pixel_aspect: float, most_bytes: float, *, with_scopes: bool
) -> HeldOutView:
    """A hold-out pair for the page.

    Args:
        scored: its figures and pictures.
        pixel_aspect: width / height of a pixel.
        most_bytes: of the pictures.
        with_scopes: whether scopes are drawn.
    """
    shown = [
        fit_width(square, min(VIEW_WIDTH_PX, square.shape[-1]))
        for square in (square_pixels(picture, pixel_aspect) for picture in scored.pictures)
    ]
    small = [fit_width(picture, min(ERROR_MAP_WIDTH_PX, picture.shape[-1])) for picture in shown]
    errors = [error_map(small[1], picture) for picture in small[2:]]
    files = encoded_within([*shown, *errors], LARGE, most_bytes)
    names = (*NAMES, *ERROR_NAMES)
    views = [NamedPicture(name, file) for name, file in zip(names, files, strict=True)]
    scopes = _scopes(shown, scored.kinds) if with_scopes else ()
    return HeldOutView(scored.figures, tuple(views), tuple(scopes))


def _scopes(shown: list[Tensor], kinds: tuple[KindFigures, ...]) -> list[ScopeRow]:
    """Scopes of the four pictures, and vectorscopes of a region."""
    (lines, columns), words = _region(shown[1], kinds)
    regions = [one[:, lines, columns] for one in shown]
    small = [fit_width(one, min(SCOPED_WIDTH_PX, one.shape[-1])) for one in shown]
    region_title = f"Vectorscope of a region, {words}, {REGION_MAGNIFICATION:g} times as large"
    drawn = {
        "Waveform of luma": [waveform(one, SCOPE_HEIGHT_PX, SCOPE_WIDTH_PX) for one in small],
        "Parade of red, green and blue": [
            parade(one, SCOPE_HEIGHT_PX, SCOPE_WIDTH_PX) for one in small
        ],
        "Vectorscope": [vectorscope(one, SCOPE_HEIGHT_PX) for one in small],
        region_title: [vectorscope(one, SCOPE_HEIGHT_PX, REGION_MAGNIFICATION) for one in regions],
        "The region": regions,
    }
    return [ScopeRow(title, _named(pictures)) for title, pictures in drawn.items()]


def _region(truth_rgb: Tensor, kinds: tuple[KindFigures, ...]) -> tuple[tuple[slice, slice], str]:
    """The rows and columns of the window with the most skin, or if there is no skin, with the
    most of the most frequent kind of colour; and what it shows."""
    shares: dict[ColourKind, float] = {one.kind: one.share for one in kinds}
    kind: ColourKind = "skin"
    if shares["skin"] < MIN_KIND_SHARE:
        kind = max(shares, key=lambda one: shares[one])
    return densest_window(kind_masks(truth_rgb)[kind]), KIND_TITLES[kind].lower()


def _named(pictures: list[Tensor]) -> tuple[NamedPicture, ...]:
    files = (encoded(one, SCOPE_WIDTH_PX, SCOPE_QUALITY) for one in pictures)
    return tuple(NamedPicture(name, file) for name, file in zip(NAMES, files, strict=True))


@dataclass(frozen=True)
class ScoredPair:
    """The figures of a hold-out pair, its view, and its tiles on the sheet; none if it is not
    there."""

    score: HeldOutScore
    view: HeldOutView
    tiles: tuple[Tensor, ...]


@dataclass(frozen=True)
class HeldOutResult:
    """The hold-out pairs: figures of all, pictures of some, the figures of kinds of colour by the
    number of the frame, and a sheet; None without hold-out pairs."""

    figures: list[HeldOutFigures]
    views: list[HeldOutView]
    kinds: dict[int, tuple[KindFigures, ...]]
    sheet: Tensor | None


def scored_pair(one: HeldOutScore, index: int, count: int, pixel_aspect: float) -> ScoredPair:
    """A hold-out pair, the `index`th of `count`, drawn for page and sheet; its pictures go."""
    step, scope_step = -(-count // SHEET_ROWS), -(-count // SCOPED_VIEWS)
    most_bytes = LARGE_BYTES / min(count, MAX_VIEWS)
    view = held_out_view(one, pixel_aspect, most_bytes, with_scopes=index % scope_step == 0)
    shown = one.pictures if index % step == 0 else ()
    tiles = tuple(fit_width(picture, SHEET_WIDTH_PX // 4) for picture in shown)
    return ScoredPair(replace(one, pictures=()), view, tiles)


def held_out_result(scored: Iterable[ScoredPair]) -> HeldOutResult:
    """The result of all pairs, of which there is at least one. The page shows the views
    with scopes and those of the highest error, in order of frames."""
    figures, kinds, rows, labels = [], {}, [], []
    views: list[HeldOutView] = []
    for one in scored:
        own = one.score.figures
        figures.append(own)
        views = _most_telling([*views, one.view])
        kinds[own.frame] = one.score.kinds
        if one.tiles:
            rows.append(one.tiles)
            labels.append(f"Frame {own.frame}\nshot {own.shot}\n{own.model.ciede2000:.2f}")
    views.sort(key=lambda view: view.figures.frame)
    return HeldOutResult(figures, views, kinds, grid(rows, NAMES, labels, SHEET_WIDTH_PX))


def _most_telling(views: list[HeldOutView]) -> list[HeldOutView]:
    """The views with scopes and those of the highest error, as many as the page shows."""
    views.sort(key=lambda view: (not view.scopes, -view.figures.model.ciede2000))
    return views[:MAX_VIEWS]
