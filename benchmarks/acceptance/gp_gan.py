"""GP-GAN: emoji whose middle was pasted in darker, of another tint, some less sharp.

Held against the composite as it is, the blending GAN without the equation, and what needs no
learning: the middle shifted so that the border of each of its channels has the mean of what is
around. PSNR is of the middle. The seam is the energy of the differences across it.

Seed 10, G's rate 2e-3, PSNR of the held-out part by how much G's colours count (`colour_weight`):

                    .01     .03     .1      .3      1       the GAN alone
    300 updates     15.31   15.33   15.20   14.88   14.33   12.31
    1,000 updates   15.62   15.86   16.17   16.30   16.15   14.12

On squares of a photograph, judged on another one, a GAN of 300 updates had 18.3 dB and blending
19.2, where copy and paste (brighter ones among them then) had 27.7: 260 squares of another subject
teach it nothing that helps. So emoji.

The saboteurs: a blending GAN that learns other images' truth, an equation that takes the
differences as they are, jump and all, and the formula of the authors' script. The first of them
keeps the mark of three dB, since a middle of any colour without a jump is worth that; so what leads
is to be nearer than a shift, which needs no learning. The seam has less energy than the truth's,
whose edges may lie there: differences across it are not known, and means of their neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from acceptance import Figures
from acceptance.training import trained
from egan.collection.gp_gan.model import TRUE, GpGan
from egan.collection.gp_gan.poisson import Differences, blended, differences
from egan.data import load
from egan.judging.features import Features
from egan.tasks import DAMAGED, Codes, Restoration
from egan.training.model import Model, stream

SEEDS = 3
UPDATES = 600
JUDGED = 435
Cut = tuple[Tensor, Tensor]


class Astray(GpGan):
    """Learns the truth of other images."""

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw composites, each with the truth of another."""
        codes = super().codes(count, rng)
        return {**codes, TRUE: codes[TRUE].roll(1, 0)}


@cache
def task() -> Restoration:
    """Return what models learn from; the test part judges."""
    known, held_out = (load("openmoji", split=part, image_size=32) for part in ("train", "test"))
    nothing = Features(lambda images: images.flatten(1)[:, :2])  # no score looks at features
    made: Restoration = GpGan.task_type(known, held_out, nothing)
    return made


@cache
def judged() -> Cut:
    """Return composites that nobody learned from, and their truth."""
    true = task().held_out.real(JUDGED)
    return task().damage(true), true


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train on emoji, and blend those that were held out."""
    composite, true = judged()
    options: dict[str, Any] = {"task": task(), "updates": UPDATES, "quick": quick}
    models = [trained("gp_gan", seed, **options) for seed in seeds]
    astray = trained(Astray, seeds[0], **options)
    own = [psnr(blend(model)) for model in models]
    naive = task().damage.naive(composite, true)
    jump = composite_with_its_jump(models[0])
    kept, other = "the equation keeps the jump", "learns other images' truth"
    beside: dict[str, tuple[str, list[float], str, Tensor]] = {
        "pasted": ("copy and paste", [psnr(composite)] * len(seeds), kept, jump),
        "gan": (
            "the blending GAN alone",
            [psnr(coloured(model)) for model in models],
            other,
            blend(astray),
        ),
        "shifted": (
            "shifted to its border",
            [psnr(naive["shifted to its border"])] * len(seeds),
            other,
            blend(astray),
        ),
    }
    return [
        *[
            Figures(
                mark=mark,
                found=own,
                baseline=others,
                baseline_name=name,
                saboteur=wrong,
                sabotaged=[psnr(made)],
            )
            for mark, (name, others, wrong, made) in beside.items()
        ],
        Figures(
            mark="seam",
            found=[seam(blend(model)) for model in models],
            baseline=[seam(composite)] * len(seeds),
            baseline_name=f"copy and paste; the truth has {seam(true):.3g}",
            saboteur=kept,
            sabotaged=[seam(jump)],
        ),
        Figures(
            mark="exact",
            found=[uneven(seed) for seed in seeds],
            saboteur="the formula of the authors' script",
            sabotaged=[uneven(seeds[0], solver="released")],
        ),
    ]


def blend(model: Model) -> Tensor:
    """Blend the composites."""
    game: Any = model
    with model.judging():
        found: Tensor = game.restore(judged()[0], stream(0))
    return found


def coloured(model: Model) -> Tensor:
    """Return what the blending GAN makes of them, without the equation."""
    game: Any = model
    with model.judging():
        found: Tensor = game.made({DAMAGED: judged()[0]})
    return found


def composite_with_its_jump(model: Model) -> Tensor:
    """Solve the equation with all differences of the composites."""
    settings: Any = model.settings
    return blended(
        differences(judged()[0]),
        coloured(model),
        beta=settings.colour_weight,
        sigma=settings.sigma,
    ).clamp(-1, 1)


def psnr(images: Tensor) -> float:
    """Return that of the middle, in dB."""
    return task().compare(images, judged()[1])["psnr"]


def seam(images: Tensor) -> float:
    """Return the mean square of the differences across the seam."""
    found: Differences = differences(images)
    edge, size = images.shape[-1] // 4, images.shape[-1]
    inside, places = slice(edge, size - edge), [edge - 1, size - edge - 1]
    across = found.down[..., places, inside], found.right[..., inside, places]
    return float(torch.cat([one.flatten() for one in across]).square().mean())


def uneven(seed: int, **options: Any) -> float:
    """Return the largest slope at the solution, of details and colours that are at odds.

    The kernel has the taps 1/4, 1/2, 1/4 in both directions.
    """
    rng = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(4, 3, 16, 16, generator=rng, dtype=torch.float64) for _ in range(2))
    sigma, v = (2 * math.log(2)) ** -0.5, differences(x)
    found = blended(v, y, beta=1.0, sigma=sigma, **options).requires_grad_()
    mine, tap = differences(found), torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4
    wide = F.pad(found, (1, 1, 1, 1), mode="replicate")
    low = F.conv2d(wide, (tap[:, None] * tap).expand(3, 1, 3, 3), groups=3)
    details = (mine.down - v.down).square().sum() + (mine.right - v.right).square().sum()
    [slope] = torch.autograd.grad(details + (low - y).square().sum(), found)
    return float(slope.abs().max())
