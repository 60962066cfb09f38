"""InfoGAN: what codes say, beside clusters of the same digits that need no generator.

Q's first code sorts real digits into ten groups without a label. So does k-means on pixels; and so
do the methods of `CLUSTERINGS`, of which the best on the training part, by its labels, is taken: as
the model's settings were chosen by them too. The test part goes to the nearest centre, or to the
cluster of the five nearest digits. Walks along continuous codes stand beside walks of real digits
along their first two principal components, from -2 to 2 deviations.

A weight (lambda) of 3 for the category is the end of the model's search space, and was found on
another seed after the preset, with 1, had missed its marks: a mark of its own, set before its run.

The saboteur of what is trained is `Unhelped`: Q learns from samples as ever, but G is not told to
make codes legible. On finite laws of c and x the bound is exact: I(c; x) is the sum over the law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.cluster import AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor, nn

import fitness
from acceptance import Figures
from acceptance.training import built, minimised, reference, task_of, train
from egan.collection.infogan.model import Infogan, best_information
from egan.collection.infogan.networks import Discriminator, Guess, information
from egan.data.dataset import Dataset
from egan.networks.latent import traverse
from egan.tasks import Batch
from egan.training.model import stream
from population.seeding import Seeds

UPDATES = 4000
TUNED = {"categorical_weight": 3.0}
NUM_JUDGED = 1000
WALKS, STEPS, REACH = 100, 9, 2.0
CLUSTERS, NEIGHBOURS = 10, 5
SYMBOLS, COUNT, TRIALS, LAWS = 7, 64, 100, 5

CLUSTERINGS: dict[str, Callable[[int], Any]] = {
    "k-means": lambda seed: KMeans(CLUSTERS, n_init=20, random_state=seed),
    "mixture of Gaussians": lambda seed: GaussianMixture(
        CLUSTERS, covariance_type="diag", n_init=3, random_state=seed
    ),
    "Ward": lambda _: AgglomerativeClustering(CLUSTERS, linkage="ward"),
    **{
        f"spectral, {neighbours} neighbours": lambda seed, neighbours=neighbours: (
            SpectralClustering(
                CLUSTERS, affinity="nearest_neighbors", n_neighbors=neighbours, random_state=seed
            )
        )
        for neighbours in (5, 10, 20)
    },
}
"""Each on pixels, and on 16 and 32 principal components."""
COMPONENTS = (None, 16, 32)

TRIED = """Tried where Q's code sorts digits worse than clusters of pixels, on one more seed: the
preset gives .767 after 4,000 updates and .764 after 8,000; lambda = 3 gives .875, and no continuous
codes .867. The former has a mark of its own, where it gives .796 (.793 to .836): more than k-means
in every seed, less than spectral clustering; the first seed was a lucky one."""


class Unhelped(Infogan):
    """Q learns, but G has no part in it."""

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # type: ignore[override]
        """Return nothing."""


class Mistold(Infogan):
    """Q is told of other samples' codes."""

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:
        """Return −λ L_I of codes in a random order."""
        order = torch.randperm(len(fake), generator=torch.Generator().manual_seed(0))
        return super().generator_terms(
            Batch(fake.samples, {name: code[order] for name, code in fake.codes.items()}), real
        )


class Unnormalised(Infogan):
    """Q's guesses are no probabilities."""

    def discriminator_network(self) -> nn.Module:
        """Build D with such a Q."""
        return _Unnormalised(self.settings, self.shape)


class _Unnormalised(Discriminator):
    def guess(self, features: Tensor) -> Guess:
        num = self.codes[0] * self.codes[1]
        logits = self.q(features)[:, :num].unflatten(1, self.codes)
        return super().guess(features)._replace(log_probabilities=logits)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train it, and one whose G is not told of codes, on digits; sort the digits by clusters."""
    runs = [figures(Infogan, seed, quick=quick) for seed in seeds]
    tuned = [figures(Infogan, seed, quick=quick, **TUNED) for seed in seeds]
    broken = figures(Unhelped, seeds[0], quick=quick)
    shown, read = partial(of_runs, runs, broken), "nmi_of_real"
    methods, dimensions = (["k-means"], [None]) if quick else (list(CLUSTERINGS), COMPONENTS)
    by_means = [clustered(seed, ["k-means"], [None])[1] for seed in seeds]
    by_best = [clustered(seed, methods, dimensions) for seed in seeds]
    names = ", ".join(sorted({name for name, _ in by_best}))
    name = f"best of {len(methods) * len(dimensions)} clusterings: {names}"
    best = [nmi for _, nmi in by_best]
    components = [walked_components() for _ in seeds]
    return [
        shown(read, baseline=by_means, baseline_name="k-means"),
        shown(f"{read}_best", figure=read, baseline=best, baseline_name=name),
        of_runs(tuned, broken, f"{read}_tuned", figure=read, baseline=best, baseline_name=name),
        shown("nmi"),
        shown("information"),
        shown("walks", baseline=components, baseline_name="principal components"),
        Figures(
            mark="bound",
            found=[largest_excess(Infogan, seed) for seed in seeds],
            saboteur="Q without softmax",
            sabotaged=[largest_excess(Unnormalised, seeds[0])],
        ),
        Figures(
            mark="learned",
            found=[largest_gap(Infogan, seed) for seed in seeds],
            saboteur="Q told of other samples' codes",
            sabotaged=[largest_gap(Mistold, seeds[0])],
        ),
    ]


def of_runs(
    runs: list[dict[str, float]],
    broken: dict[str, float],
    mark: str,
    *,
    figure: str = "",
    baseline: Sequence[float] = (),
    baseline_name: str = "",
) -> Figures:
    """Return a figure of trained models, by default the one that is named as its mark."""
    figure = figure or mark
    return Figures(
        mark=mark,
        found=[run[figure] for run in runs],
        baseline=baseline,
        baseline_name=baseline_name,
        saboteur="G without the term",
        sabotaged=[broken[figure]],
        sabotaged_baseline=baseline[:1],
    )


def figures(kind: type[Infogan], seed: int, *, quick: bool, **changed: float) -> dict[str, float]:
    """Train one; return its figures."""
    judge = reference()
    model = built(kind, seed, task=task_of(judge), quick=quick, **changed)
    assert isinstance(model, Infogan)
    train(model, seed, updates=UPDATES, quick=quick)
    rng = stream(Seeds(seed, 7, 0).own("evaluate"))
    with model.judging():
        codes = model.codes(NUM_JUDGED, rng)
        made = model.made(codes)
        seen = judge.second.classes(made)
        return {
            "nmi": best_information(codes["categories"], torch.as_tensor(seen)),
            "nmi_of_real": model.score_real(),
            "walks": walked_codes(model, rng),
            "information": float(information(model.guess(made), codes).categorical),
        }


def clustered(
    seed: int, names: Sequence[str], components: Sequence[int | None]
) -> tuple[str, float]:
    """Return the method that sorts the training part best, and its NMI on the test part."""
    judge, found = reference(), []
    train_rows, test_rows = flat(judge.train), flat(judge.test, NUM_JUDGED)
    for number in components:
        seen, kept = train_rows, test_rows
        if number:
            projection = PCA(number, random_state=seed).fit(train_rows)
            seen, kept = projection.transform(train_rows), projection.transform(test_rows)
        for name in names:
            method = CLUSTERINGS[name](seed)
            sorted_in = method.fit_predict(seen)
            if not hasattr(method, "predict"):
                method = KNeighborsClassifier(NEIGHBOURS).fit(seen, sorted_in)
            scores = nmi(sorted_in, judge.train), nmi(method.predict(kept), judge.test, NUM_JUDGED)
            found.append((scores[0], f"{name} on {number or 'all'} dimensions", scores[1]))
    _, name, score = max(found)
    return name, score


def flat(data: Dataset, count: int | None = None) -> np.ndarray:
    """Return images as rows (N, H * W), all of them or some."""
    return data.tensor(data.spread(count or len(data))).flatten(1).double().numpy()


def nmi(groups: np.ndarray, data: Dataset, count: int | None = None) -> float:
    """Return what groups (N,) say about the classes of all or some of the data."""
    assert data.labels is not None
    labels = data.labels[data.spread(count or len(data))]
    return fitness.normalized_mutual_information(torch.as_tensor(groups), torch.as_tensor(labels))


def walked_codes(model: Infogan, rng: torch.Generator) -> float:
    """Return the largest |correlation| of a continuous code with the slant or the ink of samples.

    Over 100 walks from -2 to 2, all other codes fixed in each.
    """
    values = torch.linspace(-REACH, REACH, STEPS)
    codes = model.codes(WALKS, rng)
    walked = {name: code.repeat_interleave(STEPS, dim=0) for name, code in codes.items()}
    found = []
    for dimension in range(model.settings.continuous_codes):
        walk = traverse(codes["continuous"], dimension=dimension, values=values)
        made = model.made({**walked, "continuous": walk})
        found.append(correlation(walk[:, dimension], made))
    return max(found)


def walked_components() -> float:
    """Return the largest |correlation| of a step along a principal component with slant or ink.

    Over walks of 100 digits of the test part, along either of the first two components.
    """
    judge = reference()
    projection = PCA(2, random_state=0).fit(flat(judge.train))
    start = torch.from_numpy(flat(judge.test, WALKS))
    values = torch.linspace(-REACH, REACH, STEPS)
    found = []
    for direction, variance in zip(
        projection.components_, projection.explained_variance_, strict=True
    ):
        steps = values[:, None] * torch.from_numpy(direction * math.sqrt(variance))
        walk = (start[:, None] + steps).flatten(0, 1).clamp(-1, 1)
        made = walk.float().unflatten(1, judge.train.shape)
        found.append(correlation(values.repeat(len(start)), made))
    return max(found)


def correlation(values: Tensor, made: Tensor) -> float:
    """Return the larger |correlation| of values (N,) with the slant or ink of images."""
    measures = fitness.slant, fitness.ink
    return max(float(abs(np.corrcoef(values, measure(made))[0, 1])) for measure in measures)


def law(rng: torch.Generator) -> tuple[Batch, float]:
    """Return ten codes with 64 symbols each, in the place of samples, and I(c; x) in nats."""
    weights = torch.rand(CLUSTERS, SYMBOLS, generator=rng) ** 3 + 0.02
    drawn = torch.multinomial(weights, COUNT - SYMBOLS, replacement=True, generator=rng)
    counts = torch.stack([torch.bincount(row, minlength=SYMBOLS) + 1 for row in drawn])
    symbols = torch.cat([torch.arange(SYMBOLS).repeat_interleave(row) for row in counts])
    codes = torch.arange(CLUSTERS).repeat_interleave(COUNT)[:, None]
    joint = counts.double() / counts.sum()
    alone = joint.sum(dim=1, keepdim=True) * joint.sum(dim=0)
    continuous = torch.zeros(len(codes), 2, dtype=torch.float64)
    one_hot = torch.eye(SYMBOLS, dtype=torch.float64)[symbols]
    batch = Batch(one_hot, {"categories": codes, "continuous": continuous})
    return batch, float((joint * (joint / alone).log()).sum())


def on_symbols(kind: type[Infogan]) -> tuple[Infogan, nn.Linear]:
    """Return the model with a linear Q that sees symbols, and that Q."""
    task = task_of(reference())
    model = built(kind, 0, task=task, quick=True, continuous_weight=0.0)
    assert isinstance(model, Infogan)
    outputs = CLUSTERS + 2 * model.settings.continuous_codes
    q = nn.Linear(SYMBOLS, outputs, bias=False, dtype=torch.float64)
    model.recogniser.body, model.recogniser.q = nn.Identity(), q  # type: ignore[assignment]
    return model, q


def largest_excess(kind: type[Infogan], seed: int) -> float:
    """Return how far L_I comes above I(c; x) for a random Q."""
    rng, (model, q) = torch.Generator().manual_seed(seed), on_symbols(kind)
    excess = []
    for _ in range(TRIALS):
        batch, exact = law(rng)
        with torch.no_grad():
            q.weight.normal_(0, 2, generator=rng)
            found = information(model.guess(batch.samples), batch.codes).categorical
        excess.append(float(found) - exact)
    return max(excess)


def largest_gap(kind: type[Infogan], seed: int) -> float:
    """Return how far L_I is from I(c; x) once Q has learned by the model's term."""
    rng, gaps = torch.Generator().manual_seed(seed), []
    for _ in range(LAWS):
        (batch, exact), (model, q) = law(rng), on_symbols(kind)
        minimised(q.parameters(), partial(model.generator_terms, batch, batch))
        found = information(model.guess(batch.samples), batch.codes).categorical
        gaps.append(abs(exact - float(found.detach())))
    return max(gaps)
