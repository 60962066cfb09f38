"""DCGAN (Radford et al. 2015, arXiv 1511.06434).

"Unsupervised representation learning with deep convolutional generative adversarial networks": the
plain game, where D minimises −E[log D(x)] − E[log(1 − D(G(z)))] and G −½ E[log D(G(z))], in
networks that keep five rules:

    no pooling: D halves images by strided convolutions, G doubles them by transposed ones
    batch norm in both, but neither after G's last layer nor after D's first
    no hidden fully connected layers: G projects z to its smallest map, D's last map to a logit
    ReLU in G, tanh at its end
    LeakyReLU in D, max(x, a x) with a = `slope`

An update:

    discriminator_steps times: draw x and z, and step D along the gradient of its loss
    draw z, and step G along the gradient of its loss
    move the average of G, which makes the samples that are judged

z is uniform in [−1, 1], weights start as N(0, 0.02), Adam has β1 = 0.5. The settings can break each
of D's rules. D's maps, pooled to 4x4, are features (`Dcgan.features`) that a linear classifier can
use. The paper's preset has its sizes for 64x64 images, 1024-512-256-128 channels and 5x5 kernels;
the default 4x4 kernels, which a stride of 2 divides, leave no checkerboard. Unlike the authors'
code, it has no weight decay (1e-5), batch norm of G's first maps is one for a channel, not one for
a unit, convolutions have biases, and an update trains D and then G, on new batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig
from egan.data.kinds import Images
from egan.networks.blocks import Logits, initialise
from egan.networks.halvings import map_sizes
from egan.networks.latent import draw_codes, interpolate
from egan.tasks import ROW, Codes, Draw, Generation, Needs
from egan.training.game import Game

if TYPE_CHECKING:
    from PIL import Image

MAX_FACTOR = 8
POOLED = 4
NUM_AVERAGED, NUM_CANDIDATES = 3, 200
NOISE = 0.25


@dataclass(frozen=True, kw_only=True)
class DcganSettings(GameSettings):
    """Settings of a DCGAN."""

    STRUCTURAL = (
        "latent_dim",
        "width",
        "discriminator_width",
        "kernel_size",
        "batch_norm",
        "halving",
    )
    SPACE: ClassVar = {
        "generator_lr": "5e-5,2e-3,log",
        "discriminator_lr": "5e-5,2e-3,log",
        "beta1": "0,0.5,0.9",
        "slope": "0.05,0.3",
        "width": "16,32,64",
        "latent_dim": "16,32,64,128",
        "discriminator_steps": "1,2",
    }

    width: int = 32
    """Channels of the generator's last hidden layer; doubled towards z, up to 8 times."""
    discriminator_width: int = 32
    """Channels of the discriminator's first layer; doubled at each halving, up to 8 times."""
    kernel_size: int = 4
    """Size of the kernels, 4 or 5."""
    batch_norm: bool = True
    """Batch norm in both networks."""
    halving: Literal["stride", "pooling"] = "stride"
    """How the discriminator halves images: by strided convolutions, or by maximum pooling."""
    slope: float = 0.2
    """Slope of the discriminator's LeakyReLU below 0; 0 makes it a ReLU."""
    latent: Literal["uniform", "normal"] = "uniform"
    """Distribution of z: uniform in [-1, 1], or N(0, 1)."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.kernel_size not in (4, 5):
            raise ValueError(f"--kernel-size must be 4 or 5, but got {self.kernel_size}.")
        if self.slope > 1:
            raise ValueError(f"--slope must be in [0, 1], but got {self.slope}.")


def small() -> RunConfig:
    """Digits of 8x8 pixels, in a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=DcganSettings(
            latent_dim=32, generator_lr=1e-3, discriminator_lr=1e-3, ema_decay=0.99
        ),
    )


def paper() -> RunConfig:
    """Images of 64x64 pixels as published; give the folder of yours by --data.path."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=64, channels=3),
        search=SearchConfig(rounds=250, interval=1000),
        settings=DcganSettings(
            latent_dim=100,
            width=128,
            discriminator_width=128,
            kernel_size=5,
            batch_size=128,
            ema_decay=0.0,
        ),
    )


class Generator(nn.Module):
    """Codes (N, Z) -> images (N, C, H, W) in [-1, 1]."""

    def __init__(
        self,
        latent_dim: int,
        shape: tuple[int, ...],
        *,
        width: int,
        kernel_size: int,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        base, times = map_sizes(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(times)][::-1]
        # z 100 -> 4x4x1024 -> 8x8x512 -> 16x16x256 -> 32x32x128 -> 64x64x3, of width 128
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, widths[0] * base * base),
            nn.Unflatten(1, (widths[0], base, base)),
        )
        padding, more = (kernel_size - 1) // 2, kernel_size % 2
        for before, after in pairwise([*widths, shape[0]]):
            self.layers.extend([nn.BatchNorm2d(before)] if batch_norm else [])
            self.layers.append(nn.ReLU())
            self.layers.append(
                nn.ConvTranspose2d(before, after, kernel_size, 2, padding, output_padding=more)
            )
        self.layers.append(nn.Tanh())

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes to images."""
        images: Tensor = self.layers(codes)
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> logits (N,), by blocks that each halve a map."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        width: int,
        kernel_size: int,
        batch_norm: bool,
        pooling: bool,
        slope: float,
    ) -> None:
        super().__init__()
        base, times = map_sizes(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(times)]
        # 64x64x3 -> 32x32x128 -> 16x16x256 -> 8x8x512 -> 4x4x1024 -> 1, of width 128
        self.blocks = nn.ModuleList()
        for i, (before, after) in enumerate(pairwise([shape[0], *widths])):
            padding = 2 if pooling or kernel_size == 5 else 1
            block = nn.Sequential(
                nn.Conv2d(before, after, kernel_size, stride=1 if pooling else 2, padding=padding)
            )
            block.extend([nn.MaxPool2d(2)] if pooling else [])
            block.extend([nn.BatchNorm2d(after)] if batch_norm and i > 0 else [])
            block.append(nn.LeakyReLU(slope))
            self.blocks.append(block)
        self.head = Logits(widths[-1] * base * base)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return what each block makes of images, (N, C', H', W') each."""
        maps: list[Tensor] = []
        for block in self.blocks:
            maps.append(block(maps[-1] if maps else images))
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits."""
        logits: Tensor = self.head(self.maps(images)[-1])
        return logits


class Dcgan(Game):
    """Convolutional networks against each other."""

    task_type: ClassVar = Generation
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = {"small": small, "paper": paper}
    tiny: ClassVar = {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4}
    live: ClassVar = {"slope": (nn.LeakyReLU, "negative_slope")}
    sources: ClassVar = {
        "paper": {
            "section 3": ("batch_norm", "halving"),
            "section 4": ("batch_size", "generator_lr", "discriminator_lr", "beta1", "slope"),
            "figure 1": ("latent_dim", "width", "latent"),
            "authors' code, faces/train_uncond_dcgan.py": (
                "discriminator_width",
                "kernel_size",
                "discriminator_steps",
            ),
            "authors' code, lib/updates.py": ("beta2",),
            "authors' code has none": ("ema_decay",),
        }
    }
    settings: DcganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        s = self.settings
        network = Generator(
            s.latent_dim,
            self.shape,
            width=s.width,
            kernel_size=s.kernel_size,
            batch_norm=s.batch_norm,
        )
        initialise(network, "normal")
        return network

    def discriminator_network(self) -> nn.Module:
        """Build D."""
        s = self.settings
        network = Discriminator(
            self.shape,
            width=s.discriminator_width,
            kernel_size=s.kernel_size,
            batch_norm=s.batch_norm,
            pooling=s.halving == "pooling",
            slope=s.slope,
        )
        initialise(network, "normal")
        return network

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), uniform in [-1, 1] or N(0, 1)."""
        s = self.settings
        return {"z": draw_codes(count, s.latent_dim, law=s.latent, rng=rng)}

    def features(self, images: Tensor) -> Tensor:
        """Return D's maps of images (N, C, H, W), each pooled to at most 4x4, as (N, F).

        The paper trains a linear support vector machine on them.
        """
        maps = self.discriminator.maps(images)  # type: ignore[operator]
        pooled = [F.adaptive_max_pool2d(m, min(POOLED, m.shape[-1])).flatten(1) for m in maps]
        return torch.cat(pooled, dim=1)

    def pictures(self) -> dict[str, Draw]:
        """Show samples, walks from code to code, and, where there are classes, sums of codes."""
        shown = super().pictures() | {"interpolations": self.show_walks}
        return shown | ({"arithmetic": self.show_sums} if self.num_classes > 2 else {})

    def show_walks(self, rng: torch.Generator) -> Image.Image:
        """Draw rows that walk straight from one code to another."""
        z = self.codes(2 * ROW, rng)["z"]
        walks = [interpolate(a, b, steps=ROW) for a, b in zip(z[:ROW], z[ROW:], strict=True)]
        picture: Image.Image = self.task.show(self.made({"z": torch.cat(walks)}))
        return picture

    def show_sums(self, rng: torch.Generator) -> Image.Image:
        """Draw a − b + c, where a, b and c are mean codes of three samples of one class each.

        A row each for a, b and c: the three samples, then that of their mean. The last row is the
        sum, then the sum with noise.
        """
        groups = self._codes_of_classes(rng)
        means = [group.mean(dim=0, keepdim=True) for group in groups]
        total = means[0] - means[1] + means[2]
        noise = torch.rand(NUM_AVERAGED, self.settings.latent_dim, generator=rng) * 2 - 1
        rows = [torch.cat(pair) for pair in zip(groups, means, strict=True)]
        codes = torch.cat([*rows, total, total + NOISE * noise])
        made = self.made({"z": codes})
        picture: Image.Image = self.task.show(made, columns=NUM_AVERAGED + 1)
        return picture

    def _codes_of_classes(self, rng: torch.Generator) -> list[Tensor]:
        """Return codes (3, Z) of the three classes that are seen most often in samples."""
        codes = self.codes(NUM_CANDIDATES, rng)
        seen = torch.as_tensor(self.task.features.classes(self.made(codes)))
        order = seen.bincount(minlength=self.num_classes).argsort(descending=True, stable=True)
        chosen = [torch.cat([codes["z"][seen == one], codes["z"]]) for one in order[:3]]
        return [group[:NUM_AVERAGED] for group in chosen]
