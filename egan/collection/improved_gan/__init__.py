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

The networks are the paper's for MNIST: D fully connected, with weight norm and Gaussian noise on
every layer, and G of softplus units with batch norm. The paper advises feature matching for
accuracy and minibatch discrimination for looks, not both. Fitness: the accuracy on held-out labels
where D is a classifier, else the distance of samples.

The preset `paper` is the authors' code for MNIST (train_mnist_feature_matching.py, nn.py), three
parts of which `small` and `modes` leave out: the average of D classifies
(`discriminator_ema_decay`), D's hidden layers keep the gains that a batch of data gives them before
training, and G's batch norm has no gain (`start`: data), and features are matched before the last
noise (`matched`: clean). Images are in [−1, 1] here, not in [0, 1], so its noise on them is twice
as large, and G ends in tanh. What still differs: the average starts at the weights and catches up
fast at first, not at 0; a batch of labelled samples is drawn, with repeats, and is not each of the
hundred once; Adam adds its ε to the root, not under it; a part of the training images is held out.
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
        "start",
        "input_scale",
        "discriminator_ema_decay",
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
    start: Literal["torch", "data"] = "torch"
    """Initial weights: torch's, with gains that learn; or scaled by data, with gains that stay."""
    input_scale: float = 1.0
    """What D multiplies samples by; points that lie close together need more than 1."""
    matched: Literal["noisy", "clean"] = "noisy"
    """The features that are matched: after the last hidden layer's noise, or before it."""
    discriminator_ema_decay: float = 0.0
    """Decay of D's exponential average, which then tells classes; 0 for D itself."""

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
            start="data",
            matched="clean",
            discriminator_ema_decay=0.995,
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
    """MNIST with a hundred labels, as the authors' code has it; see the top of this help."""
    return RunConfig(
        data=DataConfig(name="mnist", image_size=28),
        search=SearchConfig(rounds=300, interval=600),
        settings=ImprovedGanSettings(
            batch_size=100,
            labels_per_class=10,
            noise=0.6,
            start="data",
            matched="clean",
            discriminator_ema_decay=0.9999,
            generator_lr=3e-3,
            discriminator_lr=3e-3,
            ema_decay=0.0,
        ),
    )


PRESETS = {
    "small": small,
    "semi_supervised": semi_supervised,
    "modes": modes,
    "paper": paper,
}

SCRIPT = "authors' code, train_mnist_feature_matching.py"
SOURCES = {
    "paper": {
        SCRIPT: (
            "batch_size",
            "latent_dim",
            "generator_lr",
            "discriminator_lr",
            "beta1",
            "discriminator_steps",
            "width",
            "depth",
            "activation",
            "discriminator_width",
            "generator_loss",
            "norm",
            "hidden_noise",
            "labels_per_class",
            "unlabelled_weight",
            "matched",
            "discriminator_ema_decay",
        ),
        f"{SCRIPT}: 0.3 of images in [0, 1]": ("noise",),
        f"{SCRIPT}: none": (
            "input_scale",
            "num_kernels",
            "historical_weight",
            "smoothing",
            "ema_decay",
        ),
        "authors' code, nn.py": ("beta2", "start"),
        "section 3.1; authors' code takes the mean, which Adam does not tell apart": (
            "matching_weight",
        ),
        "without effect, as there are no kernels": ("kernel_dim", "closeness"),
    }
}
