"""IntroVAE: samples and reconstructions beside a plain VAE's, energies of noise, and the equations.

The VAE has the same networks. Of weights of its error of 2, 5, 10, 20 and 40, after 2,000 updates,
5 gave the best samples (distances 1.76 to 2.05 on three seeds; 10, 20 and 40 on one: 1.95, 2.30 and
2.66): with it a VAE trains for as long as introspection takes, an update of which costs three. The
weight of 20 gave reconstructions of less than two thirds of that one's error, .0235; that VAE is
what reconstructions stand beside. IntroVAE's own weight is 10 here, not the small preset's 5: after
1,200 updates, one seed, samples are at .616 (5: .715) and reconstructions of training digits have
errors of .0219 (.0320), while the AUC of noise against these is .938 (.973).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from acceptance import Figures
from acceptance.training import built, reference, samples, task_of, trained
from egan.collection.introvae.model import IntroVae
from egan.judging.reference import uniform_noise
from egan.training.model import stream

UPDATES = 2000
COST = 3
NUM_SAMPLES = 1000
OWN, BEST_SAMPLES, BEST_ERRORS = 10.0, 5.0, 20.0
NOISE = 1358


TRIED = (
    "Missed: with its error weighing 10, E tells noise less well than with the small preset's 5 "
    "(0.959, 0.887 to 1), whose samples (0.553) and reconstructions (0.0408) are worse; at 5 the "
    "mark of reconstructions would be missed instead. Both weights were tried, no other."
)


class PlainVae(IntroVae):
    """The same networks, trained by the VAE's loss to the end."""

    def introspect(self, images: Tensor) -> None:
        """Go on as in the warm-up."""
        self.warm(images)


class Welcoming(IntroVae):
    """Its encoder takes what is made for real."""

    def encoder_loss(
        self, images: Tensor, posterior: tuple[Tensor, Tensor], made: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return L_E and twice the divergences of what was made, which turns the hinges around."""
        energies = sum(self.energy(one.detach()).mean() for one in made)
        apart = 2 * self.settings.adversarial_weight * energies
        return super().encoder_loss(images, posterior, made) + apart


class Outcome(NamedTuple):
    """A trained model, the distance of its samples, and the error of its reconstructions."""

    model: IntroVae
    distance: float
    error: float


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    found = [outcome(IntroVae, seed, quick=quick, reconstruction_weight=OWN) for seed in seeds]
    longer = [plain(seed, BEST_SAMPLES, UPDATES * COST, quick=quick) for seed in seeds]
    sharper = [plain(seed, BEST_ERRORS, UPDATES, quick=quick) for seed in seeds]
    without = plain(seeds[0], BEST_SAMPLES, UPDATES, quick=quick)
    return [
        Figures(
            mark="frechet",
            found=[one.distance for one in found],
            baseline=[one.distance for one in longer],
            baseline_name="plain VAE, trained for as long",
            saboteur="no introspection",
            sabotaged=[without.distance],
        ),
        Figures(
            mark="error",
            found=[one.error for one in found],
            baseline=[one.error for one in sharper],
            baseline_name=f"plain VAE whose error weighs {BEST_ERRORS:g}",
            saboteur="the encoder untrained",
            sabotaged=[untaught(found[0].model, quick=quick)],
        ),
        Figures(
            mark="noise_auc",
            found=[separation(one.model) for one in found],
            saboteur="no introspection",
            sabotaged=[separation(without.model)],
        ),
        Figures(
            mark="equations",
            found=[difference(IntroVae, seed) for seed in seeds],
            saboteur="E takes what is made for real",
            sabotaged=[difference(Welcoming, seed) for seed in seeds],
        ),
    ]


def outcome(
    kind: type[IntroVae], seed: int, *, quick: bool, updates: int = UPDATES, **changed: float
) -> Outcome:
    """Train a model of one sort, and measure what it makes."""
    model = trained(kind, seed, task=task_of(reference()), updates=updates, quick=quick, **changed)
    assert isinstance(model, IntroVae)
    return Outcome(model, reference().frechet(samples(model, NUM_SAMPLES, seed)), error(model))


def plain(seed: int, weight: float, updates: int, *, quick: bool) -> Outcome:
    """Train a plain VAE."""
    return outcome(PlainVae, seed, quick=quick, updates=updates, reconstruction_weight=weight)


def error(model: IntroVae) -> float:
    """Return the mean squared error of reconstructions of unseen digits, pixels in [-1, 1]."""
    images = unseen()
    with model.judging():
        return float((model.reconstruct(images) - images).square().mean())


def untaught(model: IntroVae, *, quick: bool) -> float:
    """Return the error of the codes of an untrained encoder."""
    other = built(IntroVae, 0, task=model.task, quick=quick)
    other.networks["decoder"].load_state_dict(model.decoder.state_dict())
    return error(other)  # type: ignore[arg-type]


def separation(model: IntroVae) -> float:
    """Return how often the divergence of noise is above that of a test image."""
    images = unseen()
    noise = uniform_noise(reference().test, len(images), stream(NOISE))
    with model.judging():
        real, other = model.energy(images), model.energy(noise)
    return float((other > real[:, None]).float().mean())


def unseen() -> Tensor:
    """Return the digits that no model has seen."""
    test = reference().test
    return test.tensor(np.arange(len(test)))


def difference(kind: type[IntroVae], seed: int) -> float:
    """Return how far the gradients of an update are from those of the paper's equations.

    The larger relative difference of two: of E's gradient, and of G's after it. Tiny networks.
    """
    model = built(kind, seed, task=task_of(reference()), quick=True)
    assert isinstance(model, IntroVae)
    model.training(True)
    model.rng = stream(seed)
    images = model.draw().samples
    encoder, decoder, rng = deepcopy(model.encoder), deepcopy(model.decoder), model.rng.get_state()
    taken, descend = {}, model.descend

    def noted(loss: Tensor, *names: str) -> None:
        taken[names] = flat(model.gradient(loss, *names, retain_graph=True))
        descend(loss, *names)

    model.descend = noted  # type: ignore[method-assign]
    model.introspect(images)
    model.rng.set_state(rng)
    pair = Paper(encoder, decoder, model.settings.margin, *weights(model))
    codes, made = pair.codes(images, model.rng)
    of_encoder = pair.encoder_loss(images, made)
    taught = pair._replace(encoder=model.encoder)
    made = decoder(codes[0].detach()), decoder(codes[1])
    of_decoder = taught.decoder_loss(images, made)
    expected = {
        ("encoder",): flat(torch.autograd.grad(of_encoder, list(encoder.parameters()))),
        ("decoder",): flat(torch.autograd.grad(of_decoder, list(decoder.parameters()))),
    }
    return max(float((taken[k] - v).norm() / v.norm()) for k, v in expected.items())


def weights(model: IntroVae) -> tuple[float, float]:
    """Return alpha and beta."""
    return model.settings.adversarial_weight, model.settings.reconstruction_weight


def flat(tensors: Sequence[Tensor | None]) -> Tensor:
    """Return tensors as one row."""
    return torch.cat([one.flatten() for one in tensors if one is not None])


class Paper(NamedTuple):
    """The paper's equations 5, 11 and 12 for two networks, written once more."""

    encoder: nn.Module
    decoder: nn.Module
    margin: float
    alpha: float
    beta: float

    def codes(
        self, images: Tensor, rng: torch.Generator
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Draw codes of images and of the prior; return them, and what is made of them."""
        mean, log_variance = self.encoder(images)
        own = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=rng)
        prior = torch.randn(mean.shape, generator=rng)
        return (own, prior), (self.decoder(own), self.decoder(prior))

    def energy(self, images: Tensor) -> Tensor:
        """Return the divergence of the codes of images from the prior, (N,)."""
        mean, log_variance = self.encoder(images)
        return (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1) / 2

    def error(self, images: Tensor, made: Tensor) -> Tensor:
        """Return half of the squared error, the mean over images."""
        return (made - images).square().flatten(1).sum(dim=1).mean() / 2

    def encoder_loss(self, images: Tensor, made: tuple[Tensor, Tensor]) -> Tensor:
        """Return what the encoder descends."""
        hinges = [(self.margin - self.energy(x.detach())).clamp(min=0).mean() for x in made]
        loss = self.energy(images).mean() + self.alpha * (hinges[0] + hinges[1])
        return loss + self.beta * self.error(images, made[0])

    def decoder_loss(self, images: Tensor, made: tuple[Tensor, Tensor]) -> Tensor:
        """Return what the decoder descends."""
        energies = self.energy(made[0]).mean() + self.energy(made[1]).mean()
        return self.alpha * energies + self.beta * self.error(images, made[0])
