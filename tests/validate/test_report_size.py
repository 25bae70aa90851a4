"""The page of a film of 40 and of 1,200 shots, each with a hold-out pair, is under 15 MB."""

from dataclasses import replace

import pytest
import torch

from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.clip import Area
from unfade.film.figures import HeldOutFigures, KindFigures, ShotFigures
from unfade.film.model import HeldOut
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.report.page import report_page
from unfade.report.pictures import LARGE_BYTES
from unfade.validate.frame_pictures import (
    PicturePlan,
    RenderedPictures,
    frame_pictures,
    shot_views,
)
from unfade.validate.frames import FrameFigures
from unfade.validate.held_out import MAX_VIEWS, HeldOutScore, held_out_view
from unfade.validate.luma import LumaFigures
from unfade.validate.shown_frames import choose_shown

from ..fixtures import make_rendered_frame, make_rendering, soft_shapes
from ..report.conftest import content

FRAMES_OF_SHOT = 50
HEIGHT, WIDTH = 540, 960
GRAIN = 0.01
"""Standard deviation of grain, of the range, without any blur."""
MOST_BYTES = 15_000_000


def grainy(tint: float) -> torch.Tensor:
    """Soft shapes with edges and grain, and a tint: harder to compress than all
    frames of the demo film."""
    picture = soft_shapes(1, (3, 24, 40), HEIGHT, WIDTH)
    noise = torch.randn(1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    shades = picture * 0.6 + 0.2 * (picture > 0.5) + GRAIN * noise
    return (shades * torch.tensor([1.0, 1.0 - tint, 1.0 - tint])[:, None, None]).clamp(0.0, 1.0)


def frames(count: int) -> list[RenderedFrame]:
    return [make_rendered_frame(n, shot=1 + n // FRAMES_OF_SHOT) for n in range(count)]


@pytest.mark.parametrize("shot_count", [40, 1200])
def test_the_page_is_under_15_mb(shot_count: int) -> None:
    rendered = frames(shot_count * FRAMES_OF_SHOT)
    shown = choose_shown(rendered, ())
    plan = PicturePlan(shown, Area(x=0, y=0, width=WIDTH, height=HEIGHT), IDENTITY_BALANCE)
    before, after = grainy(0.4), grainy(0.0)
    pictures = RenderedPictures(before, after, 1.0)
    # The same pictures for every shot: their bytes do not depend on the number of the frame.
    compared = frame_pictures(plan, rendered[shown.compared[0]], pictures, None)
    four_way = frame_pictures(
        plan, rendered[next(iter(shown.four_way.values()))], pictures, grainy(0.01)
    )
    worst = frame_pictures(plan, rendered[shown.worst[0]], pictures, None)
    end = frame_pictures(plan, rendered[0], pictures, None)
    of_frame = dict.fromkeys(range(len(rendered)), compared) | dict.fromkeys(shown.ends, end)
    of_frame |= {frame: replace(four_way, end=end.end) for frame in shown.four_way.values()}
    shots = [shot_figures(number) for number in range(1, shot_count + 1)]
    figures = [frame_figures(one) for one in rendered]
    error = HeldOut(ciede2000=1.0, chroma=0.002)
    score = HeldOutScore(
        HeldOutFigures(25, 1, error, error, error),
        tuple(KindFigures(kind, 0.1, 1.0, 1.0, 1.0) for kind in ("skin", "neutrals")),
        (before, grainy(0.01), grainy(0.02), after),
    )
    views = min(shot_count, MAX_VIEWS)
    scoped, plain = (
        held_out_view(score, 1.0, LARGE_BYTES / views, with_scopes=is_scoped)
        for is_scoped in (True, False)
    )
    page = report_page(
        content(
            rendering=make_rendering(rendered),
            pair_list=PairList(
                shots=tuple(one.shot for one in shots),
                scenes=tuple(1 + number // 4 for number in range(shot_count)),
                pairs=(),
            ),
            shots=shots,
            held_out=[score.figures] * shot_count,
            held_out_views=[scoped] * 6 + [plain] * (views - 6),
            shot_views=shot_views(shots, figures, shown, of_frame, {}),
            worst=[one for one in [worst.worst] * 6 if one],
            comparisons=[one for one in [compared.comparison] * 4 if one],
        )
    )
    assert len(page.encode()) < MOST_BYTES
    assert len(page.encode()) > MOST_BYTES / 3
    narrowest = min(one.picture.width for one in plain.pictures)
    assert narrowest >= 352


def shot_figures(number: int) -> ShotFigures:
    first = (number - 1) * FRAMES_OF_SHOT
    shot = Shot(number=number, frames=FrameRange(first=first, last=first + FRAMES_OF_SHOT - 1))
    return ShotFigures(shot, FRAMES_OF_SHOT, 4, 1, 1.0, 0.0, 0.0, 0.0, 0.001, 0.001)


def frame_figures(one: RenderedFrame) -> FrameFigures:
    luma = LumaFigures(0.0, 0.0, 0.0, 0, 0, 1)
    chroma = (0.0, 0.0)
    return FrameFigures(one.frame, one.shot, one.predicted_error, luma, chroma, chroma, None)
