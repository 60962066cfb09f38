"""The generator of GAN-INT-CLS; who reads and judges is in `egan.networks.captions`.

N samples, K numbers of a caption's code φ, Z of a code z, C H W images.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from egan.collection.gan_int_cls import GanIntClsSettings
from egan.networks import dcgan
from egan.networks.captions import compressed


class Generator(nn.Module):
    """z (N, Z) and φ (N, K) -> images (N, C, H, W) in [-1, 1]: DCGAN's, of z beside compressed φ.

    100 + 128 -> 4x4x512 -> 8x8x256 -> 16x16x128 -> 32x32x64 -> 64x64x3
    """

    def __init__(self, s: GanIntClsSettings, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.condition = compressed(s)
        dim = s.latent_dim + s.condition_dim
        init = "normal" if s.norm == "batch" else "default"
        self.body = dcgan.generator(shape, latent_dim=dim, width=s.width, norm="batch", init=init)

    def forward(self, z: Tensor, code: Tensor) -> Tensor:
        """Make images."""
        images: Tensor = self.body(torch.cat([z, self.condition(code)], dim=1))
        return images
