"""The closed form of one shot in torch alone."""

import torch
from torch import Tensor, nn

from unfade.color.log_light import LOG_OFFSET, MAX_LOG_LIGHT
from unfade.model.closed_form.distance import FARTHEST, DistanceField
from unfade.model.closed_form.general_law import (
    REACH_DEVIATIONS,
    ColourSpread,
    DyeLaw,
    GeneralLaw,
)
from unfade.model.closed_form.gradings import NEUTRAL
from unfade.model.closed_form.laws import OWN_RAMP, Law, Laws
from unfade.model.closed_form.lut import SmoothLut
from unfade.model.closed_form.unevenness import POSITION_TERMS, Unevenness
from unfade.model.portable.operations import lookup, mapped, positions
from unfade.model.portable.weights import Weight

NO_GENERAL_LAW = GeneralLaw(
    DyeLaw(torch.zeros(3, 4), torch.zeros(2, 4)),
    ColourSpread(torch.zeros(3, 3), torch.zeros(3, 1)),
    torch.zeros(2, 2, 2, 2),
    DistanceField(torch.zeros(3, 1), torch.ones(3, 1), torch.zeros(1, 2, 2, 2)),
    {},
    0.0,
    torch.zeros(1),
    torch.zeros(1),
)
"""Stands for a general law where none was fitted: it has no share."""


class PortableLut(nn.Module):
    """`SmoothLut`."""

    nodes: Tensor

    def __init__(self, lut: SmoothLut) -> None:
        super().__init__()
        self.register_buffer("nodes", lut.nodes.clone())

    def forward(self, rgb: Tensor) -> Tensor:
        return lookup(self.nodes.to(torch.float32), rgb)


class PortableDistance(nn.Module):
    """`GeneralLaw.distance` of one shot: (1, H, W) of positions (3, H, W)."""

    def __init__(self, field: DistanceField) -> None:
        super().__init__()
        self.low, self.high = Weight(field.low), Weight(field.high)
        self.lut = PortableLut(SmoothLut(field.nodes))
        self.farthest = FARTHEST

    def forward(self, place: Tensor) -> Tensor:
        low, high = self.low()[:, :, None], self.high()[:, :, None]
        inside = torch.maximum(torch.minimum(place, high), low)
        outside = place - inside
        beyond = (outside * outside).sum(dim=0, keepdim=True).sqrt()
        return (self.lut((inside - low) / (high - low)) + beyond).clamp(max=self.farthest)


class PortableGeneralLaw(nn.Module):
    """`GeneralLaw`: chroma (2, H, W) of R'G'B' (3, H, W)."""

    def __init__(self, law: GeneralLaw) -> None:
        super().__init__()
        self.log_map, self.to_cbcr = Weight(law.dyes.log_map), Weight(law.dyes.to_cbcr)
        self.matrix, self.offset = Weight(law.spread.matrix), Weight(law.spread.offset)
        self.deviation = PortableLut(SmoothLut(law.deviation))
        self.log_offset, self.max_log_light = LOG_OFFSET, MAX_LOG_LIGHT
        self.cube_side = 2 * REACH_DEVIATIONS

    def forward(self, rgb: Tensor) -> Tensor:
        logarithm = self._logarithm(rgb)
        log_map, to_cbcr = self.log_map(), self.to_cbcr()
        unfaded = mapped(logarithm, log_map[:, :3], log_map[:, 3:])
        unfaded_rgb = unfaded.clamp(max=self.max_log_light).exp() - self.log_offset
        in_cube = self._place(logarithm) / self.cube_side + 0.5
        return mapped(unfaded_rgb, to_cbcr[:, :3], to_cbcr[:, 3:]) + self.deviation(in_cube)

    def place(self, rgb: Tensor) -> Tensor:
        """`ColourSpread`: positions (3, H, W) of R'G'B'."""
        return self._place(self._logarithm(rgb))

    def _place(self, logarithm: Tensor) -> Tensor:
        return mapped(logarithm, self.matrix(), self.offset())

    def _logarithm(self, rgb: Tensor) -> Tensor:
        return (rgb.clamp(0.0, 1.0) + self.log_offset).log()


class PortableLaws(nn.Module):
    """The closed form of one shot: chroma (2, H, W) of a degrained picture (3, H, W).

    `ChromaModel.closed_form`, with the laws of the shot, or of the film for a shot without.
    """

    def __init__(self, laws: Laws, unevenness: Unevenness, shot: int) -> None:
        super().__init__()
        law, is_own = _law_of(laws, unevenness, shot)
        general = NO_GENERAL_LAW if laws.general is None else laws.general
        self.smooth, self.spread = PortableLut(law.smooth), PortableLut(law.spread.lut)
        self.axes, self.axes_offset = Weight(laws.axes.matrix), Weight(laws.axes.offset)
        self.general = PortableGeneralLaw(general)
        self.field = PortableDistance(general.distances.get(shot, general.film_distance))
        self.share, self.is_own = Weight(torch.tensor([general.share])), Weight(_flag(is_own))
        grading = laws.gradings.of(shot) if laws.gradings.by_shot else NEUTRAL
        self.grading = Weight(grading)
        self.own_grading = Weight(NEUTRAL if is_own else grading)
        coefficients = unevenness.by_position.get(shot, torch.zeros(2, POSITION_TERMS))
        self.by_position = Weight(coefficients.reshape(2, 10, 5))
        self.log_offset = LOG_OFFSET
        self.ramp_start, self.ramp = OWN_RAMP[0], OWN_RAMP[1] - OWN_RAMP[0]

    def distance(self, clean_rgb: Tensor) -> Tensor:
        """`Laws.distance` (1, H, W) of a degrained picture (3, H, W)."""
        return self.field(self.general.place(clean_rgb))

    def forward(self, clean_rgb: Tensor, distance: Tensor) -> Tensor:
        axes = mapped(clean_rgb.clamp(0.0, 1.0), self.axes(), self.axes_offset())
        cbcr = (self.smooth(clean_rgb) + self.spread(axes)) / 2.0
        cbcr = self._graded(cbcr, self.own_grading()) + self._position_chroma(clean_rgb)
        general_cbcr = self._graded(self.general(clean_rgb), self.grading())
        beyond = ((distance - self.ramp_start) / self.ramp).clamp(0.0, 1.0)
        is_own = self.is_own()
        share = self.share() * (is_own * beyond + 1.0 - is_own)
        return cbcr + share * (general_cbcr - cbcr)

    def _graded(self, cbcr: Tensor, grading: Tensor) -> Tensor:
        return mapped(cbcr, grading[:, :2], grading[:, 2:])

    def _position_chroma(self, rgb: Tensor) -> Tensor:
        """`position_chroma` (2, H, W) of R'G'B' (3, H, W)."""
        logarithm = (rgb.clamp(min=0.0) + self.log_offset).log() / 1.5 + 1.0
        r, g, b = torch.unbind(logarithm)
        terms = torch.stack([torch.ones_like(r), r, g, b, r * r, r * g, r * b, g * g, g * b, b * b])
        x, y = torch.unbind(positions(rgb))
        powers = torch.stack([x, y, x * x, x * y, y * y])
        per_term = self.by_position() @ powers.flatten(1)
        return (per_term * terms.flatten(1)).sum(dim=1).reshape(2, rgb.shape[1], rgb.shape[2])


def _law_of(laws: Laws, unevenness: Unevenness, shot: int) -> tuple[Law, bool]:
    """The law of a shot, and whether it is the shot's own."""
    if shot in unevenness:
        return unevenness.even[shot], True
    return laws.shots.get(shot, laws.film), shot in laws.shots


def _flag(value: bool) -> Tensor:
    return torch.tensor([float(value)])
