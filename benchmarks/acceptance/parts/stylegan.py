"""A plain generator to stand beside StyleGAN, and what is measured of styles, w and noise."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial.distance import pdist
from torch import Tensor, nn

from egan.collection.stylegan import StyleGanSettings
from egan.collection.stylegan.model import StyleGan
from egan.collection.stylegan.networks import SLOPE, thirds, widths
from egan.data.shapes import ATTRIBUTES
from egan.judging.attributes import Attributes, read
from egan.networks.conditioning import ConditionalNorm
from egan.networks.equalised import HE, Blur, EqualisedConv2d, EqualisedLinear, PixelNorm
from egan.networks.halvings import halvings
from egan.networks.latent import truncate
from egan.tasks import Codes
from egan.training.model import stream
from fitness import precision_recall_density_coverage
from fitness.probe import Labelled, linear_probe

PIXEL_NOISE = 0.04
"""The deviation of the data's own noise, images in [-1, 1]."""
LEAST_READABLE = 20


class Counts(NamedTuple):
    """How many samples are looked at."""

    judged: int = 1000
    pairs: int = 500
    probed: int = 2000
    truncated: int = 400
    styles: int = 4000


FEW = Counts(judged=40, pairs=20, probed=60, truncated=40, styles=400)


class Plain(StyleGan):
    """A game whose generator is told its code at its first layer alone."""

    def generator_network(self) -> nn.Module:
        """Build the plain generator."""
        return plain_generator(self.shape, self.settings)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z)."""
        return {"z": torch.randn(count, self.settings.latent_dim, generator=rng)}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples from "z"."""
        made: Tensor = network(codes["z"])
        return made


def plain_generator(shape: tuple[int, ...], settings: StyleGanSettings) -> nn.Module:
    """Build z (N, Z) -> images (N, C, H, W): StyleGAN's layers without all that styles them."""
    base, _ = halvings(shape)
    channels = widths(shape, settings)[::-1]
    after = nn.LeakyReLU(SLOPE), PixelNorm()
    first = channels[0]
    linear = EqualisedLinear(settings.latent_dim, first * base**2, gain=HE / 4)
    layers: list[nn.Module] = [PixelNorm(), linear, nn.Unflatten(1, (first, base, base)), *after]
    layers += [EqualisedConv2d(first, first, 3), *after]
    for before, width in pairwise(channels):
        layers += [nn.Upsample(scale_factor=2.0), Blur(), EqualisedConv2d(before, width, 3), *after]
        layers += [EqualisedConv2d(width, width, 3), *after]
    return nn.Sequential(*layers, EqualisedConv2d(channels[-1], shape[0], 1, gain=1.0), nn.Tanh())


def changed(
    model: StyleGan, kind: type[nn.Module], change: Callable[[nn.Module], None]
) -> nn.Module:
    """Return a copy of the averaged generator with its modules of a kind changed."""
    network = deepcopy(model.average)
    for module in network.modules():
        if isinstance(module, kind):
            change(module)
    return network


def deviation(model: StyleGan, network: nn.Module) -> float:
    """Return the largest deviation of a styled map's mean and deviation from its style's."""
    found: list[float] = []

    def look(norm: ConditionalNorm, given: tuple[Tensor, Tensor], styled: Tensor) -> None:
        scale, shift = (1 + norm.gain(given[1])).abs(), norm.shift(given[1])
        std = styled.double().std(dim=(2, 3), correction=0)
        found.append(float((std - scale).abs().max()))
        found.append(float((styled.double().mean(dim=(2, 3)) - shift).abs().max()))

    layers = [module for module in network.modules() if isinstance(module, ConditionalNorm)]
    hooks = [layer.register_forward_hook(look) for layer in layers]
    model.made(model.codes(50, stream(1)), network=network)
    for hook in hooks:
        hook.remove()
    return max(found)


def off_centre(model: StyleGan, counts: Counts) -> float:
    """Return how far the style at ψ = 0 is from the mean of styles, in their deviations."""
    codes = model.codes(counts.styles, stream(2))
    styles = model.styled(codes)["styles"][:, 0]
    middle = model.truncated({k: v[:1] for k, v in codes.items()}, psi=0.0)["styles"][0, 0]
    deviations = styles.var(dim=0, correction=0).sum().sqrt()
    return float((styles.mean(dim=0) - middle).norm() / deviations)


def pulled(model: StyleGan, psi: float, counts: Counts, *, centred: bool = True) -> Tensor:
    """Make samples whose styles are pulled to their mean or, not `centred`, to another sample's.

    In all layers, without noise.
    """
    codes = model.codes(counts.truncated, stream(2))
    codes["noise"] = torch.zeros_like(codes["noise"])
    if centred:
        return model.made(model.truncated(codes, psi=psi, share=1.0))
    codes = model.styled(codes)
    styles = truncate(codes["styles"], mean=codes["styles"].roll(1, 0), psi=psi)
    return model.made(codes | {"styles": styles})


def spread(model: StyleGan, images: Tensor) -> float:
    """Return the mean distance of features."""
    return float(pdist(model.task.features.features(images)).mean())


def precise(model: StyleGan, psi: float, counts: Counts) -> float:
    """Return the precision of truncated samples."""
    features = model.task.features
    made = features.features(pulled(model, psi, counts))
    real = features.reference(model.task.data)[: counts.judged]
    return float(precision_recall_density_coverage(real, made).precision)


def swapped(
    model: StyleGan, name: str, counts: Counts, *, at_random: bool = False
) -> dict[str, float]:
    """Return how often an attribute becomes B's with B's "coarse", and with B's "fine" styles.

    Args:
        model: The generator, trained.
        name: The attribute; in both samples of a pair it can be read, and differs.
        counts: How many pairs there are.
        at_random: Whether B's styles go to as many layers that are drawn for each pair.
    """
    first, second = (model.styled(model.codes(8 * counts.pairs, stream(seed))) for seed in (3, 4))
    a, b = (read(model.made(codes)) for codes in (first, second))
    differ = (getattr(a, name) != getattr(b, name)) & a.readable & b.readable
    chosen = np.flatnonzero(differ)[: counts.pairs]
    if not len(chosen):
        return {"coarse": 0.0, "fine": 0.0}
    first, second = ({k: v[chosen] for k, v in codes.items()} for codes in (first, second))
    coarse, _, fine = thirds(first["styles"].shape[1])
    rng, found = stream(8), {}
    for scale, layers in (("coarse", coarse), ("fine", fine)):
        taken = torch.zeros(first["styles"].shape[:2], dtype=torch.bool)
        taken[:, layers] = True
        if at_random:
            taken = taken.gather(1, torch.rand(taken.shape, generator=rng).argsort(dim=1))
        styles = torch.where(taken[..., None], second["styles"], first["styles"])
        told = read(model.made(first | {"styles": styles}))
        found[scale] = float((getattr(told, name) == getattr(b, name)[chosen]).mean())
    return found


def probed(codes: Tensor, told: Attributes) -> float:
    """Return the mean accuracy over attributes on the second half of readable samples.

    NaN where there are too few to tell.
    """
    kept = np.flatnonzero(told.readable)
    halves = kept[: len(kept) // 2], kept[len(kept) // 2 :]
    values = [getattr(told, name) for name in ATTRIBUTES]
    if len(kept) < LEAST_READABLE or min(len(np.unique(one[halves[0]])) for one in values) < 2:
        return float("nan")
    features = codes.numpy()
    parts = [[Labelled(features[rows], one[rows]) for rows in halves] for one in values]
    return float(np.mean([linear_probe(*part) for part in parts]))


def changes(model: StyleGan, network: nn.Module, counts: Counts) -> tuple[float, float]:
    """Return the share of attributes that new noise changes, and that a new z does.

    Of samples that were readable before; NaN without any.
    """
    first, second = (model.codes(counts.judged, stream(seed)) for seed in (6, 7))
    before = read(model.made(first, network=network))
    if not before.readable.any():
        return float("nan"), float("nan")
    found = []
    for name in ("noise", "z"):
        after = read(model.made(first | {name: second[name]}, network=network))
        pairs = zip(before, after, strict=True)
        found.append(float(np.mean([(x != y)[before.readable].mean() for x, y in pairs])))
    return found[0], found[1]


def moved(model: StyleGan, counts: Counts) -> float:
    """Return a pixel's deviation over noises, the median pixel's, in the data's own deviation."""
    codes = model.codes(counts.truncated, stream(9))
    noises = [model.codes(counts.truncated, stream(seed))["noise"] for seed in range(10, 18)]
    made = torch.stack([model.made(codes | {"noise": noise}) for noise in noises])
    return float(made.std(dim=0).median()) / PIXEL_NOISE
