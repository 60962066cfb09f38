"""Improved GAN (Salimans et al. 2016, "Improved techniques for training GANs", arXiv 1606.03498).

Each technique is a setting, and any of them may be switched off:

    feature matching          G minimises ‖E f(x) − E f(G(z))‖², f being D's last hidden layer
    minibatch discrimination  D sees how close the other samples of its batch are
    historical averaging      both players pay λ ‖θ − (1/t) Σ_i θ[i]‖²
    one-sided smoothing       D's target on real samples is 1 − s, on generated ones 0
    virtual batch norm        G normalises by a fixed reference batch and the sample itself
    K + 1 classes             D is a classifier, "generated" being one class more

With `labels_per_class`, D learns the classes from so few labels, and from all other images that
they are real. Its K logits l (that of "generated" is fixed at 0) give log Z = logsumexp(l),
D(x) = Z / (Z + 1), and

    L_D = −E[log softmax(l)_y] + ½ w (E[softplus(−log Z)] + E[softplus(log Z(G(z)))])

Without labels D has one logit, and L_D is the logistic game alone. An update:

    D   down  L_D + λ ‖θ_D − its mean‖²        a real batch, a generated one, then few labelled
    G   down  its adversarial term, or none, + feature matching + λ ‖θ_G − its mean‖²
    average of G, and the means of both move

The networks are the paper's for
MNIST: D fully connected, with weight norm and Gaussian noise on every layer, and G of softplus
units with batch norm. Here learning rates stay constant, images are in [−1, 1] and G ends in tanh.
The paper advises feature matching for accuracy and minibatch discrimination for looks, not both.
Fitness: the accuracy on held-out labels where D is a classifier, else the distance of samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config import DataConfig, GameSettings, RunConfig, SearchConfig


@dataclass(frozen=True, kw_only=True)
class ImprovedGanSettings(GameSettings):
    """Settings of an improved GAN."""

    STRUCTURAL = (
        "latent_dim",
        "width",
        "depth",
        "activation",
        "discriminator_width",
        "norm",
        "num_kernels",
        "kernel_dim",
        "closeness",
        "labels_per_class",
    )
    MAY_BE_ZERO = ("num_kernels", "labels_per_class")
    SPACE: ClassVar = {
        "generator_lr": "3e-4,1e-2,log",
        "discriminator_lr": "3e-4,1e-2,log",
        "unlabelled_weight": "0.1,3,log",
        "noise": "0,0.6",
        "matching_weight": "0.1,10,log",
        "historical_weight": "1e-4,1,log",
        "smoothing": "0,0.3",
        "num_kernels": "0,8,32,100",
        "kernel_dim": "3,5,8",
    }

    latent_dim: int = 100
    """Dimensions of the latent code z, uniform in [0, 1)."""
    width: int = 500
    """Units of the generator's hidden layers."""
    depth: int = 2
    """How many of them there are."""
    activation: Literal["softplus", "relu"] = "softplus"
    """Of the generator; relu makes sharper edges."""
    discriminator_width: int = 1000
    """Units of the discriminator's first layer; the others have 1/2, 1/4, 1/4 and 1/4 of them."""
    generator_loss: Literal["none", "heuristic", "minimax", "least_squares", "hinge"] = "none"
    """The generator's adversarial term; none leaves feature matching alone."""
    matching_weight: float = 1.0
    """Weight of feature matching."""
    num_kernels: int = 0
    """Kernels (B) of minibatch discrimination; 0 for none."""
    kernel_dim: int = 5
    """Dimensions (C) of each of them."""
    closeness: Literal["sum", "mean"] = "sum"
    """Over the rest of the batch; the mean does not depend on its size."""
    historical_weight: float = 0.0
    """Weight (lambda) of historical averaging, for both players."""
    smoothing: float = 0.0
    """What one-sided label smoothing takes from the target of real samples."""
    norm: Literal["batch", "virtual", "none"] = "batch"
    """The generator's normalisation: by the batch, by a fixed reference batch, or none."""
    noise: float = 0.3
    """Deviation of the noise on the discriminator's input."""
    hidden_noise: float = 0.5
    """Deviation of the noise on its hidden layers."""
    labels_per_class: int = 0
    """Labels of each class that D learns from, or as many as the rarest has; 0 for a plain D."""
    unlabelled_weight: float = 1.0
    """Weight (w) of telling real samples from generated ones beside the classes."""

    def check(self) -> None:
        """See that every number is in its range, and that the generator has a loss."""
        super().check()
        if self.smoothing >= 1:
            raise ValueError(f"--smoothing must be in [0, 1), but got {self.smoothing}.")
        if self.generator_loss == "none" and not self.matching_weight:
            raise ValueError(
                "--generator-loss none leaves feature matching alone, so --matching-weight must "
                f"be above 0, but got {self.matching_weight}. Or give --generator-loss heuristic."
            )


def small() -> RunConfig:
    """Digits of 8x8 pixels, for looks: minibatch discrimination, smoothing, virtual batch norm."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=200),
        settings=ImprovedGanSettings(
            latent_dim=32,
            width=128,
            discriminator_width=256,
            generator_loss="heuristic",
            matching_weight=0.0,
            num_kernels=16,
            smoothing=0.1,
            norm="virtual",
            noise=0.1,
            hidden_noise=0.1,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            ema_decay=0.998,
        ),
    )


def semi_supervised() -> RunConfig:
    """Digits of 8x8 pixels, ten labels of each class: feature matching for a better classifier."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=20, interval=100),
        settings=ImprovedGanSettings(
            latent_dim=50,
            width=128,
            discriminator_width=256,
            labels_per_class=10,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
        ),
    )


def modes() -> RunConfig:
    """Twenty-five Gaussians in a plane, with minibatch discrimination against collapse."""
    return RunConfig(
        data=DataConfig(name="gaussians25"),
        search=SearchConfig(rounds=20, interval=250),
        settings=ImprovedGanSettings(
            latent_dim=8,
            width=128,
            depth=3,
            activation="relu",
            discriminator_width=128,
            generator_loss="heuristic",
            matching_weight=0.0,
            num_kernels=8,
            closeness="mean",
            norm="none",
            noise=0.03,
            hidden_noise=0.0,
            generator_lr=1e-3,
            discriminator_lr=1e-3,
            ema_decay=0.998,
        ),
    )


def paper() -> RunConfig:
    """MNIST with a hundred labels, as published but for the falling learning rate."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=600),
        settings=ImprovedGanSettings(
            batch_size=100, labels_per_class=10, generator_lr=3e-3, discriminator_lr=3e-3
        ),
    )


PRESETS = {
    "small": small,
    "semi_supervised": semi_supervised,
    "modes": modes,
    "paper": paper,
}
