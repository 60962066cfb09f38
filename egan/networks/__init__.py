"""Generators and discriminators by name, for images and for points.

`generator("dcgan", (1, 32, 32), latent_dim=64, width=64)` maps codes (N, Z) to images
(N, C, H, W) in [-1, 1]; `discriminator("dcgan", (1, 32, 32), width=64)` maps them to logits (N,).
Importing this package costs nothing: torch comes with the first network. A new one is a file with
a function of the same arguments and one line below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan.lazy import Lazy, lookup

if TYPE_CHECKING:
    from torch import nn

    from egan.networks.blocks import Trunk

GENERATORS: dict[str, Lazy[nn.Module]] = {
    "dcgan": Lazy("egan.networks.dcgan:generator", "transposed convolutions, images 8 to 256 wide"),
    "mlp": Lazy("egan.networks.mlp:generator", "fully connected, for points and tiny images"),
}
DISCRIMINATORS: dict[str, Lazy[nn.Module]] = {
    "dcgan": Lazy("egan.networks.dcgan:discriminator", "convolutions, images 8 to 256 wide"),
    "mlp": Lazy("egan.networks.mlp:discriminator", "fully connected, for points and tiny images"),
}
TRUNKS: dict[str, Lazy[Trunk]] = {
    "dcgan": Lazy("egan.networks.dcgan:trunk", "convolutions, images 8 to 256 wide"),
    "mlp": Lazy("egan.networks.mlp:trunk", "fully connected, for points and tiny images"),
}
NAMES: tuple[str, ...] = tuple(GENERATORS)
GENERATOR_NORMS = ("none", "batch")
DISCRIMINATOR_NORMS = ("none", "batch", "spectral")
INITS = ("default", "normal", "orthogonal")

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "NAMES",
    "TRUNKS",
    "discriminator",
    "generator",
    "trunk",
]


def generator(
    name: str,
    shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> nn.Module:
    """Build the generator `name`: codes (N, latent_dim) -> samples (N, *shape).

    The weights are drawn from torch's global generator, which the engine has seeded.

    Args:
        name: A key of `GENERATORS`.
        shape: Shape of one sample, (C, H, W) or (D,).
        latent_dim: Dimensions Z of the latent code.
        width: Channels or units of the last hidden layer.
        depth: Number of hidden layers (mlp only; 3 by default).
        norm: One of `GENERATOR_NORMS`.
        init: One of `INITS`: torch's default, N(0, 0.02), or orthogonal.

    Raises:
        ValueError: If a name is unknown, a number is not positive or `shape` does not fit.
    """
    builder = lookup(GENERATORS, name, kind="generator network")
    lookup(dict.fromkeys(GENERATOR_NORMS, norm), norm, kind="norm of a generator")
    _check(latent_dim=latent_dim, width=width, depth=depth, init=init)
    return builder(shape, latent_dim=latent_dim, width=width, depth=depth, norm=norm, init=init)


def discriminator(
    name: str,
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> nn.Module:
    """Build the discriminator `name`: samples (N, *shape) -> logits (N,).

    The arguments are those of `generator`; `width` counts the first hidden layer's channels, and
    `norm` is one of `DISCRIMINATOR_NORMS`.

    Raises:
        ValueError: If a name is unknown, a number is not positive or `shape` does not fit.
    """
    builder = lookup(DISCRIMINATORS, name, kind="discriminator network")
    lookup(dict.fromkeys(DISCRIMINATOR_NORMS, norm), norm, kind="norm of a discriminator")
    _check(width=width, depth=depth, init=init)
    return builder(shape, width=width, depth=depth, norm=norm, init=init)


def trunk(
    name: str,
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int | None = None,
    norm: str = "none",
    init: str = "default",
) -> Trunk:
    """Build the discriminator `name` without its last layer: samples (N, *shape) -> (N, F).

    A model that looks at its features, or has heads of its own, puts them on `num_features`. The
    arguments are those of `discriminator`.

    Raises:
        ValueError: If a name is unknown, a number is not positive or `shape` does not fit.
    """
    builder = lookup(TRUNKS, name, kind="trunk network")
    lookup(dict.fromkeys(DISCRIMINATOR_NORMS, norm), norm, kind="norm of a trunk")
    _check(width=width, depth=depth, init=init)
    return builder(shape, width=width, depth=depth, norm=norm, init=init)


def _check(*, init: str, **numbers: int | None) -> None:
    lookup(dict.fromkeys(INITS, init), init, kind="initialisation (init)")
    for setting, value in numbers.items():
        if value is not None and value < 1:
            raise ValueError(f"{setting} must be 1 or more, but got {value}.")
