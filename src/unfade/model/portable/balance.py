"""`unfade.color.balance.balance` in torch alone."""

import torch
from torch import Tensor, nn

from unfade.color.log_light import LOG_OFFSET, MAX_LOG_LIGHT
from unfade.film.balance import Balance, DyeBalance, FilmGrade
from unfade.model.portable.operations import mapped
from unfade.model.portable.weights import Weight


def portable_balance(grade: FilmGrade) -> nn.Module:
    """The balance of a film."""
    return PortableDyes(grade) if isinstance(grade, DyeBalance) else PortableGrade(grade)


class PortableGrade(nn.Module):
    """Lift, gamma and gain."""

    def __init__(self, grade: Balance) -> None:
        super().__init__()
        lift, gamma, gain = (torch.tensor(part) for part in (grade.lift, grade.gamma, grade.gain))
        self.lift, self.slope = Weight(lift), Weight(gain - lift)
        self.exponent = Weight(1 / gamma)

    def forward(self, rgb: Tensor) -> Tensor:
        graded = rgb * self.slope()[:, None, None] + self.lift()[:, None, None]
        return graded.sign() * graded.abs().pow(self.exponent()[:, None, None])


class PortableDyes(nn.Module):
    """What undoes the losses of dyes."""

    def __init__(self, grade: DyeBalance) -> None:
        super().__init__()
        self.log_map = Weight(torch.tensor(grade.log_map))
        self.log_offset, self.max_log_light = LOG_OFFSET, MAX_LOG_LIGHT

    def forward(self, rgb: Tensor) -> Tensor:
        logarithm, log_map = (rgb.clamp(min=0.0) + self.log_offset).log(), self.log_map()
        unfaded = mapped(logarithm, log_map[:, :3], log_map[:, 3:])
        return unfaded.clamp(max=self.max_log_light).exp() - self.log_offset
