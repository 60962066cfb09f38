"""Improved GAN: the game with the paper's techniques, or a classifier from few labels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.improved_gan import PRESETS, SOURCES, ImprovedGanSettings
from egan.collection.improved_gan.networks import (
    Discriminator,
    Generator,
    HiddenNoise,
    InputNoise,
)
from egan.data.splits import few_labels, subset
from egan.losses import averaging, semi_supervised
from egan.losses import discriminator as logistic
from egan.tasks import Generation, draw
from egan.training.averaging import ExponentialAveraging
from egan.training.game import Batch, Codes, Game, Objective
from egan.training.sides import Averaging

CLASSIFIER = "discriminator_average"
NUM_STARTED = 500
"""Samples by which the authors' code scales the initial weights."""


class ImprovedGan(Game):
    """The game with the paper's techniques, or a classifier that learns from few labels.

    Attributes:
        few: The samples that D learns the classes from, where it does.
    """

    task_type: ClassVar = Generation
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    live: ClassVar = {"noise": (InputNoise, "std"), "hidden_noise": (HiddenNoise, "std")}
    tiny: ClassVar = {"width": 8, "discriminator_width": 16, "batch_size": 8, "latent_dim": 4}
    settings: ImprovedGanSettings

    def build(self) -> dict[str, nn.Module]:
        """Build the networks, and what averages them."""
        self.averaging_of_classes = ExponentialAveraging(self.settings.discriminator_ema_decay)
        return super().build()

    def generator_network(self) -> nn.Module:
        """Build G."""
        return Generator(self.settings, self.shape, bounded=self.task.data.kind.bounded)

    def discriminator_network(self) -> nn.Module:
        """Build D: of as many classes as the data have, with the few that it learns, or of one."""
        num_classes = 1
        if self.settings.labels_per_class:
            self.few = subset(self.task.data, self.few_of(self.task.data.labels))
            num_classes = self.num_classes
        network = Discriminator(self.settings, self.shape, num_classes)
        if self.settings.start == "data":
            data = self.task.data
            network.start(data.tensor(data.spread(min(NUM_STARTED, len(data)))))
        return network

    def few_of(self, labels: Any) -> Any:
        """Return the indices of as many samples of each class as are asked for, or as there are."""
        if labels is None:
            problem = f"needs labels, but {self.task.data.name} has none"
            raise ValueError(
                f"--labels-per-class {problem}. Give labelled data, or --labels-per-class 0."
            )
        rarest = int(np.unique(labels, return_counts=True)[1].min())
        return few_labels(labels, per_class=min(self.settings.labels_per_class, rarest))

    def averages(self) -> dict[str, tuple[str, Averaging]]:
        """Return G's average, D's where it has one, and the mean of either over its history."""
        found: dict[str, tuple[str, Averaging]] = {
            f"{player}_history": (player, None) for player in ("generator", "discriminator")
        }
        if self.settings.discriminator_ema_decay:
            found[CLASSIFIER] = ("discriminator", self.averaging_of_classes)
        return super().averages() | found

    def apply_settings(self) -> None:
        """Hand the settings on to optimisers, averages and modules."""
        super().apply_settings()
        self.averaging_of_classes.decay = self.settings.discriminator_ema_decay

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw z (count, Z), uniform in [0, 1)."""
        return {"z": torch.rand(count, self.settings.latent_dim, generator=rng)}

    def discriminate(self, batch: Batch) -> Tensor:
        """Return log Z, D's logit, of samples (N, *shape)."""
        return semi_supervised.class_evidence(self.discriminator(batch.samples))

    @property
    def game_weight(self) -> float:
        """What the logistic game counts: 1, or beside the classes ½ w."""
        s = self.settings
        return 0.5 * s.unlabelled_weight if s.labels_per_class else 1.0

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of L_D on real samples, smoothed."""
        logits, smoothing = self.logits(real), self.settings.smoothing
        smoothed = (1 - smoothing) * logistic.real_loss(logits)
        return self.game_weight * (smoothed + smoothing * logistic.fake_loss(logits))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half of L_D on generated samples."""
        return self.game_weight * logistic.fake_loss(self.logits(fake))

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:  # noqa: ARG002 - the interface
        """Return −E[log softmax(l)_y] on few labelled samples, and what D's history adds.

        Noise is drawn in every pass through D, so these samples come after real and generated ones.
        """
        loss = self.supervised_loss() if self.settings.labels_per_class else None
        return total(loss, self.historical_term("discriminator"))

    def supervised_loss(self) -> Tensor:
        """Return −E[log softmax(l)_y] on a batch of the few labelled samples."""
        few = draw(self.few, self.settings.batch_size, self.rng).to(self.device)
        return F.cross_entropy(self.computed(self.discriminator, few.samples), few.labels)

    def objective(self) -> Objective | None:
        """Return what the setting `generator_loss` names."""
        name = self.settings.generator_loss
        return None if name == "none" else mutations.get(name)

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:
        """Return feature matching, and what G's history adds."""
        matching = self.matching(fake, real) if self.settings.matching_weight else None
        return total(matching, self.historical_term("generator"))

    def matching(self, fake: Batch, real: Batch) -> Tensor:
        """Return ‖E f(x) − E f(G(z))‖², weighted, f being D's last hidden layer."""
        body: Any = self.discriminator.body
        layers = body if self.settings.matched == "noisy" else body.layers[:-1]
        features = [self.computed(layers, self.seen(batch).samples) for batch in (real, fake)]
        return self.settings.matching_weight * averaging.feature_matching(*features)

    def historical_term(self, player: str) -> Tensor | None:
        """Return λ ‖θ − mean of θ‖² of a player; None where λ is 0."""
        if not self.settings.historical_weight:
            return None
        mean: Any = self.networks[f"{player}_history"]
        pair = self.networks[player].parameters(), mean.module.parameters()
        return self.settings.historical_weight * averaging.historical_averaging(*pair)

    @property
    def classifier(self) -> nn.Module:
        """What tells classes: D, or its average."""
        average: Any = self.networks.get(CLASSIFIER)
        return self.discriminator if average is None else average.module

    def accuracy(self) -> float:
        """Return the share of held-out samples whose class D finds."""
        data = self.task.held_out
        chosen = data.spread(self.task.num_judged)
        found = self.classifier(data.tensor(chosen).to(self.device)).argmax(dim=1).cpu()
        return float((found == torch.from_numpy(data.labels[chosen])).float().mean())

    def score(self) -> dict[str, float]:
        """Return D's accuracy where it is a classifier, else the distance of samples."""
        if not self.settings.labels_per_class:
            return super().score()
        accuracy = self.accuracy()
        return {"fitness": accuracy, "accuracy": accuracy}

    def look(self) -> dict[str, float]:
        """Return all distances, and D's accuracy where it is a classifier."""
        accuracy = {"accuracy": self.accuracy()} if self.settings.labels_per_class else {}
        return super().look() | accuracy


def total(*terms: Tensor | None) -> Tensor | None:
    """Return the sum of the terms that there are; None where there are none."""
    found = [term for term in terms if term is not None]
    return sum(found[1:], start=found[0]) if found else None
