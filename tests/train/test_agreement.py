"""Agreement: of references that show the like, the one that says otherwise is not believed."""

import torch

from unfade.model.features import COUNT, WIDE
from unfade.train.data.agreement import LEAST, agreement, believed
from unfade.train.data.pixels import AREA, Picture, Pixels

AREAS, EACH = 30, 20


def pixels(pictures: int, apart: float = 0.0) -> Pixels:
    """Pictures of the same areas, whose surroundings differ by `apart` from one to the next.

    In the first, the reference of area 0 has been graded otherwise.
    """
    draw = torch.Generator().manual_seed(0)
    place = torch.randn(AREAS, COUNT, generator=draw)
    picture, area, _ = torch.meshgrid(
        torch.arange(pictures), torch.arange(AREAS), torch.arange(EACH), indexing="ij"
    )
    picture, area = picture.flatten(), area.flatten()
    features = place[area]
    features[:, list(WIDE)] += apart * picture[:, None]
    truth_cbcr = 0.002 * torch.randn(len(area), 2, generator=draw)
    truth_cbcr[(picture == 0) & (area == 0)] += 0.05
    ones = torch.ones(len(area), 1)
    return Pixels(
        features,
        truth_cbcr,
        torch.zeros_like(truth_cbcr),
        truth_cbcr,
        ones * 0.5,
        ones,
        ones.expand(-1, 3),
        torch.ones_like(picture),
        torch.stack([picture, area], dim=1),
    )


def test_what_others_contradict_is_not_believed() -> None:
    shown = pixels(4)
    believed = agreement(shown)[:, 0]
    altered = (shown.area == 0).all(dim=1)
    assert float(believed[altered].max()) < 10 * LEAST
    assert float(believed[~altered].mean()) > 0.9


def test_pictures_weigh_less_where_they_are_contradicted() -> None:
    across = 6
    plane = torch.ones(1, AREAS // across * AREA, across * AREA)
    rgb = plane.expand(3, -1, -1)
    shown = [Picture(rgb, rgb, plane, frame, 1, "train", frame) for frame in range(4)]
    first, *others = believed(shown, pixels(4))
    assert float(first.weight[:, :AREA, :AREA].max()) < 10 * LEAST
    assert float(first.weight[:, :AREA, AREA:].mean()) > 0.9
    assert all(float(one.weight.mean()) > 0.9 for one in others)


def test_of_two_nobody_knows_which_is_right() -> None:
    assert torch.all(agreement(pixels(2)) == 1.0)
    rgb = torch.ones(3, AREAS // 6 * AREA, 6 * AREA)
    shown = [Picture(rgb, rgb, rgb[:1], frame, 1, "train", frame) for frame in range(2)]
    assert all(one is other for one, other in zip(believed(shown, pixels(2)), shown, strict=True))


def test_what_nobody_else_shows_is_believed() -> None:
    assert torch.all(agreement(pixels(4, apart=10.0)) == 1.0)
