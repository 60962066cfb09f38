"""CycleGAN; `egan.collection.cyclegan` tells the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.cyclegan import PRESETS, SOURCES, CycleGanSettings
from egan.collection.cyclegan.networks import RememberingDiscriminator, ResidualGenerator
from egan.networks.blocks import initialise
from egan.tasks import TARGET, Batch, Codes, Draw, UnpairedTranslation
from egan.tasks.translation import as_many
from egan.training.game import Game, Objective
from egan.training.model import BATCH
from egan.training.sides import Sides

if TYPE_CHECKING:
    from PIL import Image

SOURCE = "source"
KINDS = (SOURCE, TARGET)
"""What each generator is given."""
SHOWN = 10
CYCLE_WEIGHT = 2.0
"""What the error of a cycle weighs in fitness, beside the distance."""
FORTH, BACK = "forth", "back"
OF_TARGETS, OF_SOURCES = "target_discriminator", "source_discriminator"
NETWORKS = (FORTH, BACK, OF_TARGETS, OF_SOURCES)


class CycleGan(Game):
    """Two generators, which translate forth and back, against a discriminator each.

    A sample is a translation forth, (N, C', H, W), and after it in the channels one back,
    (N, C, H, W), of images that do not belong together; a real one a target and a source.
    """

    task_type: ClassVar = UnpairedTranslation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    tiny: ClassVar = {"width": 2, "discriminator_width": 4, "num_blocks": 1}
    paper_parameters: ClassVar = dict(zip(NETWORKS, (11.378, 11.378, 2.765, 2.765), strict=True))
    sides: ClassVar = Sides((FORTH, BACK), (OF_TARGETS, OF_SOURCES))
    augmentable: ClassVar = False
    settings: CycleGanSettings

    def generators(self) -> dict[str, nn.Module]:
        """Build G and F."""
        kinds = self.task.data.shape, self.shape
        return {FORTH: self._generator(*kinds), BACK: self._generator(*kinds[::-1])}

    def _generator(self, source: tuple[int, ...], target: tuple[int, ...]) -> nn.Module:
        s = self.settings
        options = {"width": s.width, "num_blocks": s.num_blocks, "halvings": s.halvings}
        network = ResidualGenerator(source, target[0], **options)
        initialise(network, "normal")
        return network

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D_Y and D_X.

        Raises:
            ValueError: There is an identity term, but the two kinds differ in channels.
        """
        shapes = {OF_TARGETS: self.shape, OF_SOURCES: self.task.data.shape}
        if self.settings.identity_share and len(set(shapes.values())) > 1:
            raise ValueError(
                "--identity-share compares what a generator makes with what it was given, but "
                f"targets have shape {shapes[OF_TARGETS]} and sources {shapes[OF_SOURCES]}. Give "
                "--data.channels 3, or --identity-share 0."
            )
        return {name: self._discriminator(shape) for name, shape in shapes.items()}

    def _discriminator(self, shape: tuple[int, ...]) -> nn.Module:
        s = self.settings
        network = RememberingDiscriminator(
            shape, width=s.discriminator_width, num_layers=s.patch_layers, capacity=s.history
        )
        initialise(network, "normal")
        return network

    @property
    def generator(self) -> nn.Module:
        """G and F."""
        return nn.ModuleList([self.networks[name] for name in self.sides.members])

    @property
    def average(self) -> nn.Module:
        """The averages of G and F."""
        averages = [self.networks[f"{name}_average"] for name in self.sides.members]
        return nn.ModuleList([one.module for one in averages])  # type: ignore[misc]

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network, which falls to 0 after `flat_updates`."""
        s, rate = self.settings, super().learning_rate(network)
        if not s.decay_updates:
            return rate
        return rate * min(1.0, max(0.0, 1 - (self.updates - s.flat_updates) / s.decay_updates))

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw sources, and apart from them targets."""
        batch = self.task.draw(count, rng)
        return {SOURCE: batch.samples, TARGET: batch.codes[TARGET]}

    def draw(self, count: int | None = None) -> Batch:
        """Draw real samples: targets, and after them sources."""
        return real_of(self.codes(count or self.settings.batch_size, self.rng)).to(self.device)

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Translate sources forth, and targets back."""
        made = [one(codes[name]) for one, name in zip(network.children(), KINDS, strict=True)]
        return torch.cat(made, dim=1)

    def parted(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Part samples into targets (N, C', H, W) and sources (N, C, H, W), or what was made."""
        target, source = torch.split(samples, [self.shape[0], self.task.data.shape[0]], 1)
        return target, source

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D_Y and D_X for the logits of all patches, image by image."""
        pairs = zip(self.sides.environment, self.parted(batch.samples), strict=True)
        return torch.cat(
            [self.networks[name](part).flatten(1) for name, part in pairs], 1
        ).flatten()

    def real_loss(self, real: Batch) -> Tensor:
        """Return ½ E[(D_Y(y) − 1)²] + ½ E[(D_X(x) − 1)²]: the mean over both's patches."""
        return (self.logits(real) - 1).square().mean()

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return ½ E[D_Y(G(x))²] + ½ E[D_X(F(y))²]."""
        return self.logits(fake).square().mean()

    @property
    def has_halves(self) -> bool:
        """No: an evolution, too, takes D's step whole, with the exchange before it."""
        return False

    def objective(self) -> Objective:
        """Return E[(D_Y(G(x)) − 1)²] + E[(D_X(F(y)) − 1)²]: twice the mean over both's patches."""

        def loss(fake: Tensor, _real: Tensor | None) -> Tensor:
            return 2 * (fake - 1).square().mean()

        return Objective("two_least_squares", loss, needs_real=False, formula="2 E[(o - 1)^2]")

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the weighted errors of both cycles and, where they weigh, of identities."""
        s = self.settings
        total = self.cycle_error(fake)
        if s.identity_share:
            # F(x) and G(y): each generator on what it is to make
            swapped = {SOURCE: fake.codes[TARGET], TARGET: fake.codes[SOURCE]}
            same = self.computed(self.generate, self.generator, swapped)
            total = total + s.identity_share * self._error(same, real_of(fake.codes))
        return s.cycle_weight * total

    def cycle_error(self, fake: Batch) -> Tensor:
        """Return E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁ of translations with their codes."""
        forth, back = self.parted(fake.samples)
        again = self.computed(self.generate, self.generator, {SOURCE: back, TARGET: forth})
        return self._error(again, real_of(fake.codes))

    def _error(self, made: Tensor, real: Batch) -> Tensor:
        pairs = zip(self.parted(made), self.parted(real.samples), strict=True)
        first, second = (F.l1_loss(one, other) for one, other in pairs)
        return first + second

    def update(self) -> None:
        """Train G and F, then D_Y and D_X on the same images, some in the history's place."""
        s = self.settings
        if s.decay_updates:
            self.apply_settings()
        fake = self.fake(s.batch_size)
        real = real_of(fake.codes)
        self.train_generator(self.generator_losses(fake, real, [self.objective()])[0])
        self.train_discriminator(real, fake)
        for _ in range(s.discriminator_steps - 1):
            with torch.no_grad():
                fake = self.fake(s.batch_size)
            self.train_discriminator(real_of(fake.codes), fake)

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D_Y and D_X, on generated images of which half are from the history."""
        return super().train_discriminator(real, self.remembered(fake))

    def remembered(self, fake: Batch) -> Batch:
        """Exchange generated images with those of before, see `History`."""
        pairs = zip(self.sides.environment, self.parted(fake.samples), strict=True)
        parts = [self.networks[name].history.exchanged(part, self.rng) for name, part in pairs]  # type: ignore[operator,union-attr]
        return Batch(torch.cat(parts, dim=1), fake.codes)

    @torch.no_grad()
    def translate(self, source: Tensor, rng: torch.Generator) -> Tensor:
        """Translate images (N, C, H, W) forth with G's average, on the CPU."""
        del rng  # nothing is drawn
        return self._through(FORTH, source)

    @torch.no_grad()
    def translate_back(self, target: Tensor) -> Tensor:
        """Translate images (N, C', H, W) back with F's average, on the CPU."""
        return self._through(BACK, target)

    def _through(self, name: str, images: Tensor) -> Tensor:
        network = self.networks[f"{name}_average"]
        parts = [network(part.to(self.device)).cpu() for part in torch.split(images, BATCH)]
        return torch.cat(parts)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Translate as many sources that are drawn."""
        return self.translate(self.codes(count, rng)[SOURCE], rng)

    def score(self) -> dict[str, float]:
        """Return the distance of translations forth to targets, and the errors of both cycles."""
        source, target = self.task.pairs_held_out(self.task.num_judged)
        made = self.translate(source, self.rng)
        scores: dict[str, float] = self.task.compare(made, target)
        errors = [
            float(F.l1_loss(self.translate_back(made), source)),
            float(F.l1_loss(self.translate(self.translate_back(target), self.rng), target)),
        ]
        scores["fitness"] -= CYCLE_WEIGHT * sum(errors)
        return {**scores, "cycle": sum(errors)}

    @property
    def meaning(self) -> str:
        """Say what counts beside the distance."""
        return (
            "minus the Fréchet distance of translations to targets, less "
            f"{CYCLE_WEIGHT:g} times the mean absolute error of both cycles"
        )

    def pictures(self) -> dict[str, Draw]:
        """Show translations forth, and cycles from either side."""
        return super().pictures() | {"cycles": self.show_cycles}

    def show_cycles(self, rng: torch.Generator) -> Image.Image:
        """Draw held-out sources x, G(x) and F(G(x)), and targets y, F(y) and G(F(y))."""
        source, target = as_many(*self.task.pairs_held_out(SHOWN))
        forth, back = self.translate(source, rng), self.translate_back(target)
        rows = [source, forth, self.translate_back(forth), target, back, self.translate(back, rng)]
        width = max(row.shape[1] for row in rows)
        names = ("source", "forth", "and back", "target", "back", "and forth")
        picture: Image.Image = self.task.show(
            torch.cat([row.expand(-1, width, -1, -1) for row in rows]),
            columns=len(source),
            row_names=names,
        )
        return picture


def real_of(codes: Codes) -> Batch:
    """Return the targets and sources of codes as a real batch."""
    return Batch(torch.cat([codes[TARGET], codes[SOURCE]], dim=1), codes)
