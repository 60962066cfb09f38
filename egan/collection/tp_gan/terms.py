"""What G of TP-GAN minimises beside the adversarial term, see `egan.collection.tp_gan`."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from egan.collection.tp_gan import TpGanSettings
from egan.collection.tp_gan.networks import TwoPathways, mirrored
from egan.losses.smoothness import roughness
from egan.tasks import TARGET, Batch
from egan.tasks.frontal import PERSON
from egan.tasks.recogniser import Classifier, strangeness

SCALES = {"images": 1.5, "half": 1.0, "quarter": 1.0}
"""The outputs at the whole size, a half and a quarter of it, and what their differences weigh."""


def terms(
    fake: Batch, network: TwoPathways, settings: TpGanSettings, recogniser: Classifier | None
) -> Tensor:
    """Return L_pixel + λ1 L_sym + λ3 L_ip + λ4 L_tv + α L_ce.

    Args:
        fake: What G made, whose codes have all of `Made`, the "target" and the "person".
        network: G, which knows where its patches are.
        settings: The weights.
        recogniser: What L_ip is of; None to leave it out.
    """
    s, codes = settings, fake.codes
    total = difference(fake, network, patch_weight=s.patch_weight)
    made = mirrored(fake.samples, codes["mirrored"])
    total = total + s.symmetry_weight * lopsidedness(made)
    total = total + s.smoothness_weight * roughness(fake.samples)
    total = total + s.person_weight * F.cross_entropy(codes["persons"], codes[PERSON])
    if recogniser is not None:
        strange = strangeness(recogniser, fake.samples, codes[TARGET])
        total = total + s.identity_weight * strange
    return total


def difference(fake: Batch, network: TwoPathways, *, patch_weight: float) -> Tensor:
    """Return L_pixel: weighted mean absolute differences to the truth, of all outputs."""
    codes = fake.codes
    true, whole = (mirrored(one, codes["mirrored"]) for one in (codes[TARGET], fake.samples))
    made = {**codes, "images": whole}
    total = true.new_zeros(())
    for halved, (name, weight) in enumerate(SCALES.items()):
        total = total + weight * F.l1_loss(made[name], F.avg_pool2d(true, 2**halved))
    if network.parts:
        total = total + patch_weight * F.l1_loss(codes["patches"], network.pixels_of(true))
    return total


def lopsidedness(images: Tensor) -> Tensor:
    """Return L_sym: how far the right half of images (N, C, H, W) is from the left one's mirror.

    The right half, which was turned away, is to follow the left one, which has no gradient.
    """
    half = images.shape[-1] // 2
    return F.l1_loss(images[..., -half:], images[..., :half].flip(3).detach())
