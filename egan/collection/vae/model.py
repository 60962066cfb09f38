"""VAE: the bound that is ascended, tighter ones, samples, and walks between codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.vae import PRESETS, SOURCES, VaeSettings
from egan.collection.vae.networks import Posterior, convolutional, dense, linear
from egan.data.kinds import Clips, Images, Points, Series
from egan.losses.variational import gaussian_kl, gaussian_log_density, reparameterise
from egan.tasks import ROW, Density, Draw, Needs
from egan.training.model import Model

if TYPE_CHECKING:
    from PIL import Image

LEAST_LOG_VARIANCE = -8.0
"""Of what is decoded: a number that never changes would have a density without a limit."""
NUM_BOUNDED, NUM_WEIGHTED = 100, 50
"""Samples on which the tighter bound is taken, with how many z each."""


class Vae(Model):
    """Encoder and decoder that maximise a lower bound of the likelihood."""

    task_type: ClassVar = Density
    needs: ClassVar = Needs(kinds=(Images, Clips, Points, Series))
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"vae": "lr"}
    tiny: ClassVar = {"width": 4, "batch_size": 8, "latent_dim": 2}
    settings: VaeSettings

    def build(self) -> dict[str, nn.Module]:
        """Build encoder and decoder.

        Raises:
            ValueError: The network or the likelihood does not fit the data.
        """
        s = self.settings
        if s.likelihood == "bernoulli" and not self.task.data.kind.bounded:
            raise ValueError(
                f"--likelihood bernoulli is for images, but {self.task.data.name} has samples of "
                f"shape {self.shape}. Give --likelihood gaussian."
            )
        self.task.likelihood = s.likelihood  # naive densities beside it are to be of the same sort
        build = {"conv": convolutional, "mlp": dense, "linear": linear}[s.network]
        outputs = 2 if self._decodes_variances else 1
        self.vae = build(self.shape, width=s.width, latent_dim=s.latent_dim, outputs=outputs)
        if s.initial_deviation:
            for weights in (*self.vae.encoder.parameters(), *self.vae.decoder.body.parameters()):
                nn.init.normal_(weights, std=s.initial_deviation)
        return {"vae": self.vae}

    def encode(self, samples: Tensor) -> Posterior:
        """Return q(z|x) of samples (N, *shape)."""
        s = self.settings
        if s.network == "mlp" and s.likelihood == "bernoulli":
            samples = (samples + 1) / 2
        posterior: Posterior = self.vae.encoder(samples)
        return posterior

    def decode(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to logits or means of p(x|z), (N, *shape)."""
        parameters: Tensor = self.vae.decoder(codes)
        return parameters.chunk(2, dim=1)[0] if self._decodes_variances else parameters

    def moments(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Map codes (N, Z) to mean and log-variance of a Gaussian p(x|z), (N, *shape) each."""
        parameters: Tensor = self.vae.decoder(codes)
        if self._decodes_variances:
            mean, log_variance = parameters.chunk(2, dim=1)
            return mean, log_variance.clamp(min=LEAST_LOG_VARIANCE)
        return parameters, self.vae.decoder.log_variance.expand_as(parameters)

    @property
    def _decodes_variances(self) -> bool:
        return self.settings.likelihood == "gaussian" and self.settings.variance == "decoded"

    def mean(self, codes: Tensor) -> Tensor:
        """Map codes (N, Z) to the mean of p(x|z), (N, *shape), images in [-1, 1]."""
        parameters = self.decode(codes)
        if self.settings.likelihood == "bernoulli":
            return 2 * parameters.sigmoid() - 1
        mean: Tensor = self.task.data.kind.clamp(parameters)
        return mean

    def log_likelihood(self, samples: Tensor, codes: Tensor) -> Tensor:
        """Return log p(x|z) in nats, (N,)."""
        if self.settings.likelihood == "bernoulli":
            targets = (samples + 1) / 2
            losses = F.binary_cross_entropy_with_logits(
                self.decode(codes), targets, reduction="none"
            )
            return -losses.flatten(1).sum(dim=1)
        return gaussian_log_density(samples, *self.moments(codes))

    def parts(self, samples: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return log p(x|z), with z ~ q(z|x), and KL(q(z|x) ‖ p(z)), in nats, (N,) each."""
        posterior = self.encode(samples)
        fit = self.log_likelihood(samples, reparameterise(*posterior, rng=rng))
        return fit, gaussian_kl(*posterior)

    def update(self) -> None:
        """Ascend the ELBO once, with the divergence weighted."""
        fit, divergence = self.parts(self.draw().samples, self.rng)
        grown = min(1.0, (self.updates + 1) / max(1, self.settings.warm_up))
        weight = self.settings.kl_weight * grown
        loss = (weight * divergence - fit).mean()
        if self.settings.prior_weight:
            loss = loss + self.settings.prior_weight * self.prior()
        self.descend(loss, "vae")

    def prior(self) -> Tensor:
        """Return -log p(θ) / N but for a constant: θ the decoder's weights, N samples of data."""
        weights = self.vae.decoder.parameters()
        squares = torch.stack([one.square().sum() for one in weights])
        return 0.5 * squares.sum() / len(self.task.data)

    def log_density(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """Return the ELBO of samples (N, *shape), below log p(x), in nats, (N,)."""
        fit, divergence = self.parts(samples.to(self.device), rng)
        return fit - divergence

    def score(self) -> dict[str, float]:
        """Return the ELBO in nats, and its parts."""
        samples = self.task.held_out.real(self.task.num_judged).to(self.device)
        fit, divergence = (part.mean() for part in self.parts(samples, self.rng))
        return {
            "fitness": float(fit - divergence),
            "log_likelihood": float(fit),
            "kl": float(divergence),
        }

    def look(self) -> dict[str, float]:
        """Return the ELBO, the tighter bound beside it on the same samples, and distances."""
        samples = self.task.held_out.real(NUM_BOUNDED).to(self.device)
        one, many = (float(self.bound(samples, k).mean()) for k in (1, NUM_WEIGHTED))
        return {**super().look(), "elbo": one, "importance_bound": many}

    def bound(self, samples: Tensor, num: int) -> Tensor:
        """Return E[log 1/k Σ_i p(x, z_i) / q(z_i|x)] with k = `num` draws, in nats, (N,)."""
        posterior = self.encode(samples)
        weights = []
        for _ in range(num):
            codes = reparameterise(*posterior, rng=self.rng)
            nought = torch.zeros_like(codes)
            prior = gaussian_log_density(codes, nought, nought)
            joint = self.log_likelihood(samples, codes) + prior
            weights.append(joint - gaussian_log_density(codes, *posterior))
        return torch.stack(weights).logsumexp(dim=0) - math.log(num)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Decode codes of the prior, to the mean of p(x|z)."""
        codes = torch.randn(count, self.settings.latent_dim, generator=rng)
        return self.mean(codes.to(self.device))

    def pictures(self) -> dict[str, Draw]:
        """Show samples, held-out data over their reconstructions, and walks between codes."""
        shown = super().pictures() | {"reconstructions": self.show_reconstructions}
        return shown | ({"interpolations": self.show_walks} if self._are_images else {})

    @property
    def _are_images(self) -> bool:
        return isinstance(self.task.data.kind, Images)

    def show_reconstructions(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows of data, each over the row of their reconstructions from μ(x)."""
        samples = self.task.held_out.real(5 * ROW).to(self.device)
        shown = self.mean(self.encode(samples).mean)
        if self._are_images:
            rows = zip(torch.split(samples, ROW), torch.split(shown, ROW), strict=True)
            shown = torch.cat([row for pair in rows for row in pair])
        picture: Image.Image = self.task.show(shown)
        return picture

    def show_walks(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows that walk from the code of one image to that of the next."""
        codes = self.encode(self.task.held_out.real(ROW).to(self.device)).mean
        t = torch.linspace(0, 1, ROW, device=self.device)[:, None]
        walks = [a + t * (b - a) for a, b in zip(codes, codes.roll(-1, 0), strict=True)]
        picture: Image.Image = self.task.show(self.mean(torch.cat(walks)))
        return picture
