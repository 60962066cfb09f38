"""InfoGAN: the game with a code that can be read off samples, and what codes say."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fitness
from egan.collection.infogan import PRESETS, SOURCES, InfoganSettings
from egan.collection.infogan.networks import (
    Discriminator,
    Guess,
    Information,
    generator,
    information,
)
from egan.data.kinds import Images
from egan.losses import discriminator as logistic
from egan.networks.latent import traverse
from egan.tasks import ROW, Generation, Needs, moved
from egan.training.game import Batch, Codes, Draw, Game, Half, Objective

if TYPE_CHECKING:
    from PIL import Image

DISTANCE_WEIGHT = 0.1
REACH = 2.0
"""How far pictures walk along a continuous code, which training draws from [-1, 1]."""

NON_SATURATING = Objective(
    "non_saturating",
    lambda fake, _: logistic.real_loss(fake),
    needs_real=False,
    formula="-E[log D(G(z))]",
)


class Infogan(Game):
    """A generator whose codes can be read off its samples."""

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    needs: ClassVar = Needs(kinds=(Images,))
    discriminator_codes: ClassVar = ("categories", "continuous")  # what Q learns to guess
    live: ClassVar = {"learned_deviation": (Discriminator, "learned_deviation")}
    tiny: ClassVar = {"latent_dim": 4, "width": 4, "hidden": 8, "guess_width": 8, "batch_size": 8}
    settings: InfoganSettings

    def generator_network(self) -> nn.Module:
        """Build G."""
        return generator(self.settings, self.shape)

    def discriminator_network(self) -> nn.Module:
        """Build D, with Q on its body."""
        return Discriminator(self.settings, self.shape)

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw noise z' (count, Z), categories (count, codes) and continuous codes (count, J)."""
        s = self.settings
        return {
            "z": 2 * torch.rand(count, s.latent_dim, generator=rng) - 1,
            "categories": torch.randint(s.categories, (count, s.categorical_codes), generator=rng),
            "continuous": 2 * torch.rand(count, s.continuous_codes, generator=rng) - 1,
        }

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples from noise and codes."""
        one_hot = F.one_hot(codes["categories"], self.settings.categories).flatten(1)
        samples: Tensor = network(torch.cat([codes["z"], one_hot, codes["continuous"]], dim=1))
        return samples

    @property
    def recogniser(self) -> Discriminator:
        """D, which has Q on its body."""
        assert isinstance(self.discriminator, Discriminator)
        return self.discriminator

    def features(self, samples: Tensor) -> Tensor:
        """Return what D's head and Q see of samples (N, C, H, W), generated or real: (N, F)."""
        return self.computed(self.recogniser.body, samples)

    def guess(self, samples: Tensor) -> Guess:
        """Return Q(c|x) of samples (N, C, H, W), generated or real."""
        return self.recogniser.guess(self.features(samples))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half on generated samples − λ L_I, from one pass: D and Q learn together."""
        return self.fake_half(fake, logistic.fake_loss)

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return the same with a mutation of D in the logistic half's place."""
        features = self.features(fake.samples)
        loss = (half or logistic.fake_loss)(self.recogniser.head(features))
        return loss - self.weighted(information(self.recogniser.guess(features), fake.codes))

    def objective(self) -> Objective:
        """Return −E[log D(G(z', c))]."""
        return NON_SATURATING

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002 - the interface
        """Return −λ L_I."""
        return -self.weighted(information(self.guess(self.seen(fake).samples), fake.codes))

    def weighted(self, bound: Information) -> Tensor:
        """Return λ L_I."""
        s = self.settings
        return s.categorical_weight * bound.categorical + s.continuous_weight * bound.continuous

    def score(self) -> dict[str, float]:
        """Return what the categories say about the class that is seen, and the distance."""
        codes = self.codes(self.task.num_judged, self.rng)
        made = self.made(codes)
        scores: dict[str, float] = self.task.appraised(made)
        seen = self.task.features.classes(made)
        if seen is None:
            return scores
        nmi = best_information(codes["categories"], torch.as_tensor(seen))
        return {**scores, "fitness": nmi - DISTANCE_WEIGHT * scores["frechet"], "nmi": nmi}

    def look(self) -> dict[str, float]:
        """Return all distances, what Q reads off samples, in nats, and off real images."""
        codes = self.codes(self.task.num_judged, self.rng)
        guess = self.guess(self.made(codes).to(self.device))
        bound = information(guess, moved(codes, self.device))
        scores = {**super().look(), **{k: float(v) for k, v in bound._asdict().items()}}
        if not self.num_classes:
            return scores
        return {**scores, "nmi": self.score()["nmi"], "nmi_of_real": self.score_real()}

    def score_real(self) -> float:
        """Return how much Q's categories of held-out images say about their classes (NMI)."""
        data = self.task.held_out
        chosen = data.spread(self.task.num_judged)
        guess = self.guess(data.tensor(chosen).to(self.device))
        categories = guess.log_probabilities.argmax(dim=2).cpu()
        return best_information(categories, torch.from_numpy(data.labels[chosen]))

    def pictures(self) -> dict[str, Draw]:
        """Show samples by category, and a walk along each continuous code."""
        walks = {
            f"continuous_code_{i + 1}": partial(self.show_walk, i)
            for i in range(self.settings.continuous_codes)
        }
        return {"categories": self.show_categories, **walks}

    def by_category(self, columns: int, rng: torch.Generator) -> Codes:
        """Return codes of a row for each of the first ten categories; columns share the rest."""
        rows = min(self.settings.categories, ROW)
        drawn = self.codes(columns, rng)
        codes = {name: code.repeat(rows, *[1] * (code.dim() - 1)) for name, code in drawn.items()}
        codes["categories"][:, 0] = torch.arange(rows).repeat_interleave(columns)
        return codes

    def show_categories(self, rng: torch.Generator) -> Image.Image:
        """Draw a row for each value of the first categorical code."""
        picture: Image.Image = self.task.show(self.made(self.by_category(ROW, rng)))
        return picture

    def show_walk(self, dimension: int, rng: torch.Generator) -> Image.Image:
        """Draw a row for each category, in which one continuous code goes from -2 to 2."""
        codes = self.by_category(1, rng)
        values = torch.linspace(-REACH, REACH, ROW)
        walked = {name: code.repeat_interleave(ROW, dim=0) for name, code in codes.items()}
        walked["continuous"] = traverse(codes["continuous"], dimension=dimension, values=values)
        picture: Image.Image = self.task.show(self.made(walked))
        return picture


def best_information(categories: Tensor, classes: Tensor) -> float:
    """Return the normalised mutual information of classes (N,) with the best code of (N, codes)."""
    columns = categories.unbind(dim=1)
    return max(fitness.normalized_mutual_information(column, classes) for column in columns)
