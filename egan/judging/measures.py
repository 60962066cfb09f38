"""The one table of measures: what a score is called, how it is written, and which way is better.

The progress line, the headline, figures, tables and comparisons read it; no measure is named
anywhere else. A measure that is not in the table has its own name for a label and a plain axis, so
that a model can bring one without a line here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

OBJECTIVE = "fitness"
"""What every member is ranked by."""

COPIED = "memorised"
"""The share of samples that are nearer to a real one than that is to any other."""

PARTS = ("quality", "diversity")
"""The two scores that the fitness of a generator in an evolution is the sum of."""

GROUPS = {
    "share": "Shares",
    "count": "Counts",
    "nats": "Densities",
    "nats of a token": "Negative log likelihoods of a token",
    "largest singular value": "Largest singular values",
    "energy": "Energies",
}
"""What axes that several measures share are called, by their quantity or scale."""

Better = Literal["higher", "lower"]
Scale = Literal["linear", "log", "share", "count"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A column of ``results.csv`` or ``metrics.csv``."""

    name: str
    """The column."""
    label: str
    """Its name for a reader."""
    form: str = ".4g"
    """The format of its values."""
    better: Better | None = None
    """Which values are better; None where neither is."""
    scale: Scale = "linear"
    """The scale of its axis: by decades, from 0 to 1, or in whole numbers."""
    quantity: str = ""
    """What it counts or is measured in; curves of the same quantity and scale share axes."""
    least_span: float = 0.0
    """The shortest axis on which differences mean something."""
    quiet: bool = False
    """Whether it has a row in tables, but a curve only where it leads a report."""
    total: int = 0
    """Of how many it counts some, such as classes; 0 where nobody knows."""

    @property
    def worst(self) -> float:
        """The value that stands for a run that was lost."""
        if self.better != "higher":
            return math.inf if self.better else math.nan
        return 0.0 if self.scale in ("share", "count") else -math.inf

    @property
    def sign(self) -> int:
        """-1 where lower is better, else 1."""
        return -1 if self.better == "lower" else 1

    @property
    def group(self) -> str:
        """The title of the axes that it shares with others; empty where it has its own."""
        return GROUPS.get(self.quantity or self.scale, "")

    @property
    def title(self) -> str:
        """The label at the start of a line."""
        return self.label[:1].upper() + self.label[1:]

    def text(self, value: float) -> str:
        """Return a value as short as a reader needs; thousands parted, "5 of 97" of a number."""
        text = self._plain(float(value))
        return f"{text} of {self.total:,}" if self.total and math.isfinite(value) else text

    def _plain(self, value: float) -> str:
        if not math.isfinite(value):
            return str(value)
        if self.form.endswith("%"):
            return format(value, self.form)
        if value and (abs(value) >= 1e9 or abs(value) < self._smallest):
            return format(value, ".2g")
        if abs(value) >= 1000 or (self.form.endswith("g") and value == round(value)):
            return f"{round(value):,}"
        return format(value, self.form)

    @property
    def _smallest(self) -> float:
        """The value below which its own format would say nothing."""
        return 1e-4 if self.form.endswith("g") else 0.5 * 10.0 ** -int(self.form[1:-1])

    def phrase(self, value: float) -> str:
        """Return label and value as one says them: "7 modes", but "Fréchet distance 0.15"."""
        before = self.scale == "count" or self.form.endswith("%")
        return f"{self.text(value)} {self.label}" if before else f"{self.label} {self.text(value)}"


def _plain(name: str, label: str, better: Better | None = None, quantity: str = "") -> Measure:
    return Measure(name=name, label=label, better=better, quantity=quantity)


def _log(name: str, label: str, better: Better | None = "lower", quantity: str = "") -> Measure:
    return Measure(
        name=name, label=label, form=".3g", better=better, scale="log", quantity=quantity
    )


def _share(
    name: str, label: str, better: Better | None = "higher", form: str = ".1%", span: float = 0.1
) -> Measure:
    return Measure(name=name, label=label, form=form, better=better, scale="share", least_span=span)


def _count(name: str, label: str, span: float = 3.0) -> Measure:
    return Measure(
        name=name, label=label, form=".3g", better="higher", scale="count", least_span=span
    )


_ALL = (
    Measure(name="fitness", label="fitness", better="higher"),
    # of samples, against the data
    _log("frechet", "Fréchet distance"),
    Measure(name="mmd", label="squared MMD", form=".3g", better="lower", quiet=True),
    _count("classes", "classes"),
    _count("modes", "modes"),
    _share("high_quality", "high quality"),
    Measure(name="kl_modes", label="KL to equal modes", form=".3f", better="lower", quiet=True),
    Measure(name="jsd", label="Jensen-Shannon divergence", form=".3f", better="lower", quiet=True),
    _share("coverage", "coverage", form=".2f"),
    _share("precision", "precision", form=".2f"),
    _share("recall", "recall", form=".2f"),
    Measure(name="density", label="density", form=".2f", better="higher", quiet=True),
    _plain("inception_score", "Inception score", "higher"),
    _plain("path_length", "path length", "lower"),
    _share(COPIED, "memorised", None),
    # of views of persons
    _share("rank1", "persons told rightly when turned to the front"),
    _share("profile_rank1", "profiles told rightly when turned to the front"),
    Measure(
        name="landmark_error", label="error of landmarks in widths", form=".3f", better="lower"
    ),
    Measure(name="field_error", label="end-point error of fields", form=".3f", better="lower"),
    # of labels and codes
    _share("accuracy", "accuracy"),
    _share("as_told", "of all that the caption tells"),
    _share("unseen", "accuracy on combinations never seen"),
    _share("match", "matches of the caption, of ten"),
    _share("source_accuracy", "accuracy on the source"),
    _share("labels_kept", "labels kept"),
    _plain("age_error", "error of the age", "lower", "groups"),
    _share("identity", "identity kept"),
    _share("classifier_accuracy", "real images whose class the discriminator finds"),
    _share("domain_accuracy", "domains told apart", None),
    _share("classification_score", "classification accuracy score"),
    _share("nmi", "mutual information with the classes", form=".2f"),
    _share("nmi_of_real", "mutual information, real images", form=".2f"),
    _plain("specialisation", "mutual information of generator and mode", "higher", "nats"),
    Measure(name="margin_loss", label="margin loss", better="lower"),
    # of densities, in nats
    _plain("elbo", "evidence lower bound", "higher", "nats"),
    _plain("importance_bound", "importance-weighted bound", "higher", "nats"),
    _plain("log_likelihood", "log likelihood", "higher", "nats"),
    _plain("nll", "negative log likelihood", "lower", "nats"),
    _plain("pseudo_likelihood", "pseudo-likelihood", "higher", "nats"),
    Measure(name="autocorrelation", label="autocorrelation, 10 rounds", form=".3f", better="lower"),
    _plain("kl", "Kullback-Leibler divergence", None, "nats"),
    _plain("bits_per_dimension", "bits per dimension", "lower", "bits"),
    # of sequences
    _plain("oracle_nll", "NLL under the oracle", "lower", "nats of a token"),
    _plain("token_nll", "NLL of held-out tokens", "lower", "nats of a token"),
    _plain("ngram_divergence", "divergence of n-grams", "lower"),
    _share("distinct", "distinct samples", None),
    # of melodies
    _share("out_of_scale", "tones out of scale", "lower"),
    _plain("step_divergence", "divergence of steps", "lower"),
    _plain("tone_span", "tone span", quantity="semitones"),
    _share("repetition", "runs of three tones that came before", None),
    # of what was made from an image
    _log("reconstruction_error", "reconstruction error"),
    _plain("slope", "slope of places against shifts"),
    _plain("psnr", "PSNR", "higher", "dB"),
    _plain("sharpness", "sharpness difference", "higher", "dB"),
    _plain("recursive_psnr", "PSNR of the next three frames", "higher", "dB"),
    _share("ssim", "SSIM", form=".3f"),
    _plain("l1", "mean absolute error", "lower"),
    _plain("gradient_energy", "energy of edges beside the true one"),
    _plain("spectral_distance", "distance of spectra", "lower", "dB"),
    _share("iou", "intersection over union", form=".3f"),
    _share("boundary_f", "F-measure of boundaries", form=".3f"),
    _plain("component_error", "connected parts too many or too few", "lower"),
    Measure(name="removed", label="share removed", form=".1%", better="higher"),
    # of a policy
    Measure(
        name="expert_share",
        label="of the expert's return",
        form=".1%",
        better="higher",
        least_span=0.1,
    ),
    _plain("return", "return", "higher"),
    _log("occupancy_kl", "divergence of occupancies"),
    _plain("reward_correlation", "correlation with the true reward", "higher"),
    # of the two players
    _plain("quality", "quality", "higher"),
    _plain("diversity", "diversity", "higher"),
    _share("saturated", "saturated", None),
    _plain("discriminator_loss", "discriminator's loss"),
    _plain("critic_gap", "critic's gap"),
    _share("augment_p", "probability of ADA", None, form=".2f"),
    _plain("balance", "weight of made images in the discriminator's loss"),
    _plain("error_ratio", "error of made images beside that of real ones"),
    _plain("convergence", "measure of convergence", "lower"),
    Measure(name="size", label="size", form=".0f", scale="log", quantity="pixels"),
    _plain("divergence", "estimated divergence"),
    _plain("softness", "softness of the maximum over discriminators"),
    _plain("generator_gain", "gain of attention, generator"),
    _plain("discriminator_gain", "gain of attention, discriminator"),
    _log("generator_singular_value", "generator's", None, "largest singular value"),
    _log("discriminator_singular_value", "discriminator's", None, "largest singular value"),
    _plain("energy_real", "energy of real images", None, "energy"),
    _plain("energy_reconstructed", "energy of reconstructions", None, "energy"),
    _plain("energy_sampled", "energy of samples", None, "energy"),
    _plain("margin", "margin", None, "energy"),
)

MEASURES: dict[str, Measure] = {one.name: one for one in _ALL}

IN_FEATURES = frozenset(
    ("frechet", "mmd", "precision", "recall", "density", "coverage", "classes", COPIED)
)
"""Measures that are taken in the features of a classifier: worth no more than the classifier."""

LEADING = (
    ("modes", "kl_modes", "high_quality", "jsd"),
    ("frechet", "classes", "precision", "recall"),
)
"""What leads a report: of the first group of which a run has the first measure."""

DECIDING = {"modes": ("modes", "kl_modes", "high_quality")}
"""What ranks methods, where it is more than the measure that leads."""


def measure(name: str) -> Measure:
    """Return what there is to know of a column; an unknown one is called by its own name."""
    return MEASURES.get(name) or Measure(name=name, label=name.replace("_", " ").strip())


def leading_of(columns: Iterable[str]) -> tuple[str, ...]:
    """Return which of the columns lead a report, where its task does not say."""
    known = list(columns)
    chosen = next((group for group in LEADING if group[0] in known), ())
    return tuple(name for name in chosen if name in known)


def deciding_of(columns: Iterable[str]) -> tuple[str, ...]:
    """Return which of the columns rank methods, the next one where medians are equal."""
    known = list(columns)
    first = leading_of(known)[:1]
    chosen = DECIDING.get(first[0], first) if first else ()
    return tuple(name for name in chosen if name in known)


def ordered(columns: Iterable[str], leading: Iterable[str] = ()) -> list[str]:
    """Return the columns in the order of a report: leading ones, then the table, then others."""
    known = list(dict.fromkeys(columns))
    first = [name for name in leading if name in known]
    table = [name for name in MEASURES if name in known and name not in first]
    return first + table + [name for name in known if name not in {*first, *table}]
