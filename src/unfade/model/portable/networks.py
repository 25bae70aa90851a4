"""The networks of one shot in torch alone."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.film.balance import FilmGrade
from unfade.model.familiarity import FAMILIARITY_STRIDE_PX, Familiarity
from unfade.model.features import CHROMA_GAIN, WIDE_FEATURES
from unfade.model.networks import ParallelNetworks, ResidualNetworks
from unfade.model.portable.balance import portable_balance
from unfade.model.portable.filters import Surroundings
from unfade.model.portable.operations import enlarge, positions, rgb_to_ycbcr, shrink
from unfade.model.portable.weights import Weight


class PortableFeatures(nn.Module):
    """`unfade.model.features.features` (FEATURE_COUNT, H, W), after the balance."""

    def __init__(self, grade: FilmGrade, with_position: bool) -> None:
        super().__init__()
        self.balance = portable_balance(grade)
        self.position_share = Weight(torch.tensor([float(with_position)]))
        self.surroundings = Surroundings()
        self.chroma_gain = CHROMA_GAIN

    def forward(self, rgb: Tensor, clean_rgb: Tensor, base_cbcr: Tensor) -> Tensor:
        clean = self._centred(self.balance(clean_rgb))
        base = base_cbcr * self.chroma_gain
        place = positions(rgb) * self.position_share()
        around = self.surroundings(torch.cat([clean, base, clean[:1] * clean[:1]]))
        return torch.cat([self._centred(self.balance(rgb)), clean, base, place, around])

    def _centred(self, rgb: Tensor) -> Tensor:
        ycbcr = rgb_to_ycbcr(rgb)
        return torch.cat([ycbcr[:1] - 0.5, ycbcr[1:] * self.chroma_gain])


class PortableNetworks(nn.Module):
    """`ResidualNetworks` on a picture: residual chroma (2, H, W) of features
    (FEATURE_COUNT, H, W)."""

    def __init__(self, networks: ResidualNetworks) -> None:
        super().__init__()
        memory, context = _layers(networks.memory), _layers(networks.context)
        self.weights, self.biases = nn.ModuleList(), nn.ModuleList()
        for (weight, bias), (other_weight, other_bias) in zip(memory, context, strict=True):
            self.weights.append(Weight(torch.cat([weight, other_weight])))
            self.biases.append(Weight(torch.cat([bias, other_bias])))
        self.count = len(networks.memory.centre) + len(networks.context.centre)
        self.familiarity = PortableFamiliarity(networks)
        self.chroma_gain = CHROMA_GAIN

    def forward(self, planes: Tensor) -> Tensor:
        height, width = planes.shape[1], planes.shape[2]
        pixels = planes.flatten(1).T.expand(self.count, -1, -1)
        layer = 0
        for weight, bias in zip(self.weights, self.biases):  # noqa: B905
            if layer > 0:
                pixels = functional.silu(pixels)
            pixels = torch.baddbmm(bias(), pixels, weight())
            layer += 1  # noqa: SIM113
        cbcr = pixels.transpose(1, 2).reshape(self.count, 2, height, width) / self.chroma_gain
        memory_cbcr, context_cbcr = cbcr[0], cbcr[1:].mean(dim=0)
        return context_cbcr + self.familiarity(planes) * (memory_cbcr - context_cbcr)


class PortableFamiliarity(nn.Module):
    """`familiarity_of`: (1, H, W) of features (FEATURE_COUNT, H, W)."""

    def __init__(self, networks: ResidualNetworks) -> None:
        super().__init__()
        familiarity: Familiarity = networks.familiarity
        wide = list(WIDE_FEATURES)
        self.wide = wide
        self.centre = Weight(networks.memory.centre[0, wide, None])
        self.gain = Weight(networks.memory.gain[0, wide, None])
        self.contexts = Weight(familiarity.contexts)
        self.near = Weight(familiarity.near[None])
        self.far = Weight(familiarity.far[None])
        self.stride = FAMILIARITY_STRIDE_PX

    def forward(self, planes: Tensor) -> Tensor:
        coarse = shrink(planes[self.wide], self.stride)
        wide = (coarse.flatten(1) - self.centre()) * self.gain()
        contexts, near, far = self.contexts(), self.near(), self.far()
        half_squares = (contexts * contexts).sum(dim=1, keepdim=True) / 2.0
        closest = (contexts @ wide - half_squares).max(dim=0)[0]
        squares = ((wide * wide).sum(dim=0) - 2.0 * closest).clamp(min=0.0)
        distance = (squares / wide.shape[0]).sqrt()
        familiar = ((far - distance) / (far - near).clamp(min=1e-6)).clamp(0.0, 1.0)
        familiar = familiar.reshape(1, coarse.shape[1], coarse.shape[2])
        return enlarge(familiar, self.stride, planes.shape[1], planes.shape[2])


def _layers(networks: ParallelNetworks) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of each layer, with the scale of the features in those of the first."""
    layers = [
        (weight.detach().cpu().double(), bias.detach().cpu().double())
        for weight, bias in zip(networks.weights, networks.biases, strict=True)
    ]
    weight, bias = layers[0]
    first = weight * networks.gain.cpu().double()[..., None]
    centre = networks.centre.cpu().double()[:, None]
    return [(first, bias - centre @ first), *layers[1:]]
