"""Pictures to train on, and stores of them."""

from collections.abc import Iterable, Iterator

import pytest
import torch

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.pair import Pair
from unfade.train.data.picture_store import PictureStore
from unfade.train.data.pixels import TrainingPicture, network_picture, picture_of_pair

NO_GRAIN = torch.zeros(3, 3)
"""A covariance with which `degrain` changes nothing."""


@pytest.fixture(scope="module")
def no_general_law() -> Iterator[None]:
    """Closed forms without the general law, which takes most of the time of a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unfade.train.fit.closed_form.extrapolate", lambda laws, *_: laws)
        yield


def store_of(pictures: Iterable[TrainingPicture], grain: torch.Tensor = NO_GRAIN) -> PictureStore:
    """Pictures on the networks' raster."""
    return PictureStore(network_picture(one, grain) for one in pictures)


def two_surfaces(seed: int, pair: Pair, *, other_truth: bool = False) -> TrainingPicture:
    """Two surfaces of one faded colour, which differ in texture and in true colour; `other_truth`
    exchanges the colours."""
    generator = torch.Generator().manual_seed(seed)
    source_rgb = torch.full((3, 96, 128), 0.5)
    source_rgb += 0.004 * torch.randn(3, 96, 128, generator=generator)
    source_rgb[:, :, 64:] += 0.08 * torch.sin(torch.arange(64.0) * 1.3)
    cbcr = torch.zeros(2, 96, 128)
    cbcr[0, :, :64], cbcr[1, :, 64:] = 0.1, 0.1
    if other_truth:
        cbcr = cbcr.flip(0)
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, 96, 128), pair)
