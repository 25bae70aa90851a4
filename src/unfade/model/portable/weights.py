"""Weights of a portable model, which survive its conversion to half floats."""

import torch
from torch import Tensor, nn


class Weight(nn.Module):
    """A tensor as a sum of two half floats, stored in single precision.

    A program that converts a whole model to half floats, as Nuke does for "Optimize for Speed and
    Memory", so leaves it precise to 22 bits.
    """

    high: Tensor
    low: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        whole = value.detach().cpu().double()
        high = whole.half()
        low = (whole - high.double()).half()
        self.register_buffer("high", high.float())
        self.register_buffer("low", low.float())

    def forward(self) -> Tensor:
        return self.high.to(torch.float32) + self.low.to(torch.float32)
