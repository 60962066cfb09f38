"""VAE (Kingma and Welling 2013, "Auto-encoding variational Bayes", arXiv 1312.6114).

An encoder q(z|x) = N(μ(x), σ(x)²) and a decoder p(x|z) maximise, for the prior p(z) = N(0, 1),

    ELBO = E_q[log p(x|z)] − β KL(q(z|x) ‖ p(z)) <= log p(x)            (β = 1)
    KL   = ½ Σ_j (μ_j² + σ_j² − log σ_j² − 1)

with one z = μ + σ ε per sample, ε ~ N(0, 1), through which the gradient flows. The likelihood is
Bernoulli on pixels brought from [−1, 1] to [0, 1] (for grey ones the cross-entropy), or Gaussian
with one learned variance, or with variances that the decoder gives beside the means, as in the
paper's appendix C.2; ELBOs of Bernoulli and Gaussian cannot be compared. More z per sample give the
tighter bound of Burda et al. 2015 (arXiv 1509.00519),

    log p(x) >= E[log 1/k Σ_i p(x, z_i) / q(z_i|x)].

An update:

    draw samples x, and ε
    z = μ(x) + σ(x) ε
    descend β KL(q(z|x) ‖ p(z)) − log p(x|z)    in encoder and decoder at once

Here the networks are convolutional by default, and Adam trains them. The preset `paper` has the
one hidden layer of 500 tanh units, which sees pixels in [0, 1], trained by Adagrad, the prior
N(0, 1) of the decoder's weights θ, so that −log p(θ) / N is descended too, of N samples in the
data, and initial weights from N(0, 0.01). That 0.01 is the variance is our reading, as in N(0, I).

The fitness is the ELBO with β = 1 in nats, on held-out data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class VaeSettings(Settings):
    """Settings of a VAE."""

    STRUCTURAL = (
        *("network", "width", "latent_dim", "likelihood", "variance", "optimizer"),
        "initial_deviation",
    )
    MAY_BE_ZERO = ("warm_up",)
    SPACE: ClassVar = {
        "lr": "1e-4,1e-2,log",
        "kl_weight": "0.1,4,log",
        "batch_size": "32,64,128",
        "latent_dim": "2,4,8,16,32,64",
    }

    network: Literal["conv", "mlp", "linear"] = "conv"
    """Convolutions for images, one hidden layer for anything, or none: probabilistic PCA."""
    width: int = 32
    """Channels of the first convolution, doubled at each halving; or units of the hidden layer."""
    latent_dim: int = 16
    """Dimensions of the latent code z."""
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """Of a pixel; points need gaussian, whose variance is learned."""
    variance: Literal["shared", "decoded"] = "shared"
    """Of gaussian: one number, or one for each number of a sample from the decoder."""
    kl_weight: float = 1.0
    """Weight of the KL divergence (beta)."""
    warm_up: int = 0
    """Updates over which that weight grows from 0."""
    lr: float = 1e-3
    """Learning rate."""
    optimizer: Literal["adam", "adagrad"] = "adam"
    """Adam, or Adagrad as in the paper."""
    initial_deviation: float = 0.0
    """Standard deviation of all weights and biases at first, around 0; 0 for torch's own law."""
    prior_weight: float = 0.0
    """Weight of the prior N(0, 1) of the decoder's weights; 1 as in the paper."""


def small() -> RunConfig:
    """Digits of 8x8 pixels, in half a minute."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=VaeSettings(),
    )


def paper() -> RunConfig:
    """MNIST as published: a hidden layer of 500 units and 20 dimensions, by Adagrad."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=100, interval=1000),
        settings=VaeSettings(
            network="mlp",
            width=500,
            latent_dim=20,
            batch_size=100,
            lr=0.01,
            optimizer="adagrad",
            initial_deviation=0.1,
            prior_weight=1.0,
        ),
    )


PRESETS = {"small": small, "paper": paper}
SOURCES = {
    "paper": {
        "section 5": ("batch_size", "width", "optimizer"),
        "section 5, one of 3, 5, 10, 20 and 200": ("latent_dim",),
        "section 5, one of 0.01, 0.02 and 0.1": ("lr",),
        "section 5, N(0, 0.01), its variance": ("initial_deviation",),
        "section 5, p(theta) = N(0, I)": ("prior_weight",),
        "appendix C": ("network", "likelihood"),
        "ours; of no effect here": ("variance",),
        "equation 10": ("kl_weight",),
        "ours; as published there is none": ("warm_up",),
    }
}
