"""Boltzmann machines: what is descended, likelihoods and what stands for them, chains, pictures."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.rbm import PRESETS, SOURCES, RbmSettings
from egan.collection.rbm.networks import Machine, bernoulli
from egan.data.kinds import Images
from egan.data.levels import images_of, quantised
from egan.reporting.pictures import curves_picture
from egan.tasks import ROW, Density, Draw, Needs
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

LEVELS = 2
NUM_PIXELS = 64
"""Most pixels that a pseudo-likelihood looks at."""
NUM_CHAINS, TEMPERATURES = 100, 1000
"""Of annealed importance sampling."""
LEAST_MEAN = 0.02
"""Of a pixel at its start: what it never shows is not impossible."""
NUM_FOLLOWED, LAGS = 100, 60
"""Chains that are followed, and for how many rounds, to see how alike neighbours are."""
LAG_TOLD = 10
SHOWN = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Rounds after which a chain is shown."""


class Rbm(Model):
    """Binary units in two layers, or in three, whose energy is learned."""

    task_type: ClassVar = Density
    needs: ClassVar = Needs(kinds=(Images,))
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"machine": "lr"}
    tiny: ClassVar = {"hidden": 6, "num_chains": 4, "batch_size": 8, "sampling_steps": 3}
    settings: RbmSettings

    def build(self) -> dict[str, nn.Module]:
        """Build the machine."""
        s = self.settings
        self.task.likelihood, self.task.levels = "categorical", LEVELS
        upper = [size for size in (s.hidden, s.second_hidden) if size]
        self.machine = Machine([prod(self.shape), *upper], num_chains=s.num_chains)
        return {"machine": self.machine}

    @property
    def is_deep(self) -> bool:
        """Whether there is a second hidden layer."""
        return self.settings.second_hidden > 0

    def visible(self, samples: Tensor) -> Tensor:
        """Return the units (N, D), 0 or 1, of images (N, C, H, W): black or white is nearer."""
        units = quantised(samples.to(self.device), LEVELS).flatten(1)
        return units.to(self.machine.biases[0].dtype)

    def images(self, visible: Tensor) -> Tensor:
        """Return images (N, C, H, W) in [-1, 1] of units or their means (N, D)."""
        return torch.unflatten(images_of(visible, LEVELS), 1, self.shape)

    def update(self) -> None:
        """Follow an estimate of the likelihood's gradient once."""
        visible = self.visible(self.draw().samples)
        stage, weights = self.greedy_stage, [*self.machine.weights]
        loss = self.loss(visible) if stage is None else self.greedy_loss(visible, stage)
        trained = weights if stage is None else weights[stage : stage + 1]
        decay = torch.stack([weight.square().sum() for weight in trained]).sum()
        self.descend(loss + self.settings.weight_decay / 2 * decay, "machine")

    @property
    def greedy_stage(self) -> int | None:
        """The matrix that is trained alone now; None once all are trained together."""
        each = self.settings.pretraining
        if not (self.is_deep and each) or self.updates >= each * len(self.machine.weights):
            return None
        return self.updates // each

    def loss(self, visible: Tensor) -> Tensor:
        """Return what has the estimated gradient of −log p(v), a number; the chains go on."""
        s = self.settings
        with torch.no_grad():
            positive = self.machine.mean_field(visible, steps=s.mean_field_steps)
            negative = self.machine.completed(self.sampled(positive))
        return self.machine.energy(positive).mean() - self.machine.energy(negative).mean()

    def sampled(self, positive: dict[int, Tensor]) -> dict[int, Tensor]:
        """Return the even layers of chains after k more rounds: those that go on, or new ones.

        New ones start at the data, `positive`, visible units and the means of the others.
        """
        persistent, machine = self.settings.persistent, self.machine
        start = machine.chains
        if not persistent:
            others = {i: positive[i] for i in machine.even[1:]}
            start = {0: positive[0], **bernoulli(others, self.rng)}
        even = machine.gibbs(start, rounds=self.settings.gibbs_steps, rng=self.rng)
        if persistent:
            machine.go_on(even)
        return even

    def greedy_loss(self, visible: Tensor, layer: int) -> Tensor:
        """Return what has the gradient of CD-1 for one matrix, its end at an end of it twice.

        Args:
            visible: The data's units (N, D).
            layer: 0 for visible and first hidden units, 1 for the hidden ones.
        """
        weight, (low, high) = self.machine.weights[layer], self.machine.biases[layer : layer + 2]
        up, down = (2, 1) if layer == 0 else (1, 2)
        with torch.no_grad():
            below = visible if layer == 0 else self._first_hidden(visible)
            above = (up * below @ weight + high).sigmoid()
            drawn = bernoulli({0: above}, self.rng)[0]
            below_again = (down * drawn @ weight.T + low).sigmoid()
            above_again = (up * below_again @ weight + high).sigmoid()
        first, second = (
            -(x @ low + y @ high + ((x @ weight) * y).sum(dim=1)).mean()
            for x, y in ((below, above), (below_again, above_again))
        )
        divergence: Tensor = first - second
        return divergence

    def _first_hidden(self, visible: Tensor) -> Tensor:
        """Return means of the first hidden units as the first of two machines has them."""
        means: Tensor = (2 * visible @ self.machine.weights[0] + self.machine.biases[1]).sigmoid()
        return means

    def log_weight(self, visible: Tensor) -> Tensor:
        """Return log p(v) + log Z of units (N, D), of a deep machine a lower bound, (N,)."""
        return self.machine.log_weight(visible, steps=self.settings.mean_field_steps)

    def log_partition(self, rng: torch.Generator) -> Tensor:
        """Return log Z of few units, else an estimate that starts at the data's means."""
        if (exact := self.machine.exact_log_partition()) is not None:
            return exact
        data = self.task.data
        means = self.visible(data.tensor(np.arange(len(data)))).mean(dim=0)
        base = means.clamp(LEAST_MEAN, 1 - LEAST_MEAN).logit()
        return self.machine.log_partition(base, temperatures=TEMPERATURES, num=NUM_CHAINS, rng=rng)

    def log_density(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """Estimate log p of images (N, C, H, W), of a deep machine a bound, in nats, (N,)."""
        return self.log_weight(self.visible(samples)) - self.log_partition(rng)

    def pseudo_likelihood(self, visible: Tensor, rng: torch.Generator) -> Tensor:
        """Return Σ_i log P(v_i | all others) of units (N, D), in nats, (N,).

        P(v_i | others) = σ(w(v) − w(v with i turned)), w the log-weight; of more than 64 pixels so
        many are drawn, which stand for all.
        """
        size = visible.shape[1]
        chosen = torch.arange(size)
        if size > NUM_PIXELS:
            chosen = torch.randperm(size, generator=rng)[:NUM_PIXELS].sort().values
        here, total = self.log_weight(visible), visible.new_zeros(len(visible))
        for i in chosen.tolist():
            turned = visible.clone()
            turned[:, i] = 1 - turned[:, i]
            total = total + F.logsigmoid(here - self.log_weight(turned))
        return total * size / len(chosen)

    def score(self) -> dict[str, float]:
        """Return the pseudo-likelihood of held-out data."""
        visible = self.visible(self.task.held_out.real(self.task.num_judged))
        nats = float(self.pseudo_likelihood(visible, self.rng).mean())
        return {"fitness": nats, "pseudo_likelihood": nats}

    @property
    def meaning(self) -> str:
        """Say which likelihood it is."""
        return "the pseudo-likelihood of data that were held out, in nats each"

    def look(self) -> dict[str, float]:
        """Add the estimated likelihood, distances of samples, and how alike neighbours are."""
        scores = super().look()
        nats = float(
            self.log_density(self.task.held_out.real(self.task.num_judged), self.rng).mean()
        )
        alike = float(self.autocorrelation(self.rng)[LAG_TOLD])
        return {**scores, **self.task.in_bits(nats), "autocorrelation": alike}

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Return the means of visible units at the ends of chains from noise."""
        even = self.machine.gibbs(
            self.noise(count, rng), rounds=self.settings.sampling_steps, rng=rng
        )
        layers = self.machine.drawn_odd(even, rng)
        return self.images(self.machine.means(layers, self.machine.even)[0])

    def noise(self, count: int, rng: torch.Generator) -> dict[int, Tensor]:
        """Draw even layers (count, units) of fair coins."""
        like = self.machine.biases[0]
        sizes = {i: self.machine.sizes[i] for i in self.machine.even}
        return bernoulli({i: like.new_full((count, n), 0.5) for i, n in sizes.items()}, rng)

    def autocorrelation(self, rng: torch.Generator) -> Tensor:
        """Return the correlation of a chain with itself so many rounds later, (LAGS + 1,).

        Of each visible unit's mean, after rounds that forget the noise, over chains and units.
        """
        even = self.noise(NUM_FOLLOWED, rng)
        even = self.machine.gibbs(even, rounds=self.settings.sampling_steps, rng=rng)
        seen = []
        for _ in range(2 * LAGS):
            odd = self.machine.drawn_odd(even, rng)
            means = self.machine.means(odd, self.machine.even)
            seen.append(means[0])
            even = bernoulli(means, rng)
        return correlations(torch.stack(seen), LAGS)

    def pictures(self) -> dict[str, Draw]:
        """Show samples, what a chain does, how alike neighbours in it are, and weights."""
        return super().pictures() | {
            "chains": self.show_chains,
            "autocorrelation": self.show_autocorrelation,
            "weights": self.show_weights,
        }

    def show_chains(self, rng: torch.Generator) -> Image.Image:
        """Draw a chain in each row, from held-out data on: after 0, 1, 2, 4, 8 ... 256 rounds."""
        even = {i: layer for i, layer in self.noise(ROW, rng).items() if i}
        means = self.visible(self.task.held_out.real(ROW))
        even[0], seen, done = means, [means], 0
        for rounds in SHOWN[1:]:
            even = self.machine.gibbs(even, rounds=rounds - done - 1, rng=rng)
            odd = self.machine.drawn_odd(even, rng)
            layers = self.machine.means(odd, self.machine.even)
            even, done = bernoulli(layers, rng), rounds
            seen.append(layers[0])
        rows = torch.stack(seen, dim=1).flatten(0, 1)
        picture: Image.Image = self.task.show(self.images(rows), columns=len(SHOWN))
        return picture

    def show_autocorrelation(self, rng: torch.Generator) -> Image.Image:
        """Draw how much of a sample is left in its chain so many rounds later."""
        found = self.autocorrelation(rng).cpu().numpy()
        return curves_picture(
            {"": found}, across="rounds of Gibbs sampling", up="correlation", limits=(-0.1, 1.0)
        )

    def show_weights(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002 - nothing is drawn
        """Draw the weights of the first 100 hidden units, each on its own scale."""
        weights = self.machine.weights[0].T[: ROW * ROW]
        scale = weights.abs().amax(dim=1, keepdim=True).clamp(min=1e-12)
        picture: Image.Image = self.task.show((weights / scale).unflatten(1, self.shape))
        return picture


def correlations(series: Tensor, lags: int) -> Tensor:
    """Return the autocorrelation (lags + 1,) of series (T, N, D), over all of them.

    Units that never change do not count.
    """
    centred = series - series.mean(dim=(0, 1))
    length = len(series) - lags
    products = [(centred[:length] * centred[k : k + length]).mean() for k in range(lags + 1)]
    found = torch.stack(products)
    return found / found[0].clamp(min=1e-12)
