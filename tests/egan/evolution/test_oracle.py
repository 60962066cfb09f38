"""A whole generation of E-GAN beside a computation of its own in float64, from the same draws.

Two parents have three children each; the best two survive, and D takes two steps on their samples,
with R1 and a gradient penalty. Nothing here calls the project's losses, scores, networks,
optimisers or averages: those are written out below. Only data and seeds of streams are its own.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from gans import THREE, birth, parts_for, search_for, task_for, tiny_config

from population.seeding import SHARED, Seeds
from population.state import pack, unpack

BEFORE, NOW = 30, 31
"""The generation that the parents survived, and the one that is computed again."""

SETTINGS = {
    "latent": "uniform",
    "input_scale": 3.0,
    "r1_weight": 0.3,
    "gradient_penalty_weight": 2.0,
    "discriminator_steps": 2,
    "generator_lr": 5e-3,
    "discriminator_lr": 1e-2,
    "beta1": 0.4,
    "beta2": 0.9,
    "ema_decay": 0.2,
}
BATCH, SCORED, LATENT, GAMMA = 16, 32, 2, 0.1
SHAKE, SIZE = 3, 0.003
"""The seed and the size of a shake after which a child of either parent survives."""
REAL_STREAM, MIX_STREAM = 1, 2
"""Of an update's first step; each further step's are two on."""


def config():
    changes = {"num_survivors": 2, "num_samples": SCORED, "diversity_weight": GAMMA}
    return tiny_config(settings=SETTINGS, evolution=changes)


@pytest.fixture(scope="module")
def found():
    """Return what the project makes of the generation: the snapshot before it, and its result.

    Survivors soon are of one family, whose samples hardly differ; so the second parent is shaken.
    """
    first = search_for(config())
    first.run(BEFORE)
    before = first.archive.latest(first.identity)
    before = replace(before, population=[before.population[0], shaken(before.population[1])])
    search = search_for(config())
    search.archive.save(before)
    return before, search.resume().run(NOW)


def shaken(parent):
    state, rng = unpack(parent.state), torch.Generator().manual_seed(SHAKE)
    weights = state["networks"]["generator"]
    noise = {name: SIZE * torch.randn(w.shape, generator=rng) for name, w in weights.items()}
    for network, prefix in (("generator", ""), ("average", "module.")):
        for name, shift in noise.items():
            state["networks"][network][f"{prefix}{name}"] += shift
    return replace(parent, state=pack(state))


# ------------------------------------------------------------------------------- what is drawn


def rng_of(seed):
    return torch.Generator().manual_seed(seed)


def codes(count, seed):
    """Return z (count, Z), uniform in [-1, 1]."""
    return 2 * torch.rand(count, LATENT, generator=rng_of(seed)).double() - 1


def reals(count, seed):
    return task_for(config()).draw(count, rng_of(seed)).samples.double()


# ---------------------------------------------------------------------------------- the formulas


def in_double(weights):
    return [w.detach().double().requires_grad_() for w in weights]


def through(layers, inputs, slope):
    """Return what fully connected layers make of inputs: weights and biases, one after another."""
    hidden = inputs
    for i in range(0, len(layers), 2):
        if i:
            hidden = torch.where(hidden > 0, hidden, slope * hidden)
        hidden = hidden @ layers[i].T + layers[i + 1]
    return hidden


def make(generator, z):
    return through(generator, z, 0.0)


def believe(discriminator, samples):
    """Return D(x), the probability that samples are real."""
    return torch.sigmoid(logit(discriminator, samples))


def logit(discriminator, samples):
    return through(discriminator, SETTINGS["input_scale"] * samples, 0.2)[:, 0]


OBJECTIVES = {
    "minimax": lambda d: torch.log(1 - d).mean() / 2,
    "heuristic": lambda d: -torch.log(d).mean() / 2,
    "least_squares": lambda d: ((d - 1) ** 2).mean(),
}


def adam(weights, gradient, moments, *, lr):
    """Return weights after a step, and the moments: the number of steps, and two means a weight."""
    steps, means, squares = moments
    steps, beta1, beta2 = steps + 1, SETTINGS["beta1"], SETTINGS["beta2"]
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, gradient, strict=True)]
    squares = [beta2 * s + (1 - beta2) * g**2 for s, g in zip(squares, gradient, strict=True)]
    stepped = [
        w - lr * m / (1 - beta1**steps) / ((s / (1 - beta2**steps)).sqrt() + 1e-8)
        for w, m, s in zip(weights, means, squares, strict=True)
    ]
    return in_double(stepped), (steps, means, squares)


def d_loss(discriminator, real, fake):
    """Return −E[log D(x)] − E[log(1 − D(G(z)))]."""
    on_real, on_fake = believe(discriminator, real), believe(discriminator, fake)
    return -torch.log(on_real).mean() - torch.log(1 - on_fake).mean()


def slopes(discriminator, samples):
    """Return the norm of the logit's gradient in each sample (N,)."""
    at = samples.detach().requires_grad_()
    [gradient] = torch.autograd.grad(logit(discriminator, at).sum(), at, create_graph=True)
    return (gradient**2).sum(1).sqrt()


# -------------------------------------------------------------------- states that are started from


def layers_of(state, network, prefix=""):
    weights = state["networks"][network]
    return in_double(w for name, w in weights.items() if name.startswith(prefix))


def moments_of(state, network):
    slots = state["optimizers"][network]
    one = [slots[i] for i in sorted(slots)]
    means, squares = ([s[name].double() for s in one] for name in ("exp_avg", "exp_avg_sq"))
    return int(one[0]["step"]), means, squares


class Oracle:
    """The generation, step by step."""

    def __init__(self, before):
        self.parents = [unpack(parent.state) for parent in before.population]
        self.home = unpack(before.environment)
        self.discriminator = layers_of(self.home, "discriminator")
        self.shared = Seeds(0, NOW, SHARED)

    def child(self, parent, mutation):
        """Return a child's weights, and their average."""
        weights = layers_of(parent, "generator")
        z = codes(BATCH, self.shared.shared("step"))
        loss = OBJECTIVES[mutation](believe(self.discriminator, make(weights, z)))
        gradient = torch.autograd.grad(loss, weights)
        stepped, _ = adam(
            weights, gradient, moments_of(parent, "generator"), lr=SETTINGS["generator_lr"]
        )
        average = layers_of(parent, "average", prefix="module.")
        decay = min(SETTINGS["ema_decay"], (1 + BEFORE) / (10 + BEFORE))
        moved = [
            decay * a + (1 - decay) * w.detach() for a, w in zip(average, stepped, strict=True)
        ]
        return stepped, moved

    def samples(self, weights):
        return make(weights, codes(SCORED, self.shared.shared("evaluate"))).detach()

    def scores(self, weights):
        """Return F, F_q and F_d of a child."""
        fake = self.samples(weights)
        real = reals(SCORED, self.shared.shared("evaluate", 2))
        loss = d_loss(self.discriminator, real, fake)
        gradient = torch.autograd.grad(loss, self.discriminator)
        quality = float(believe(self.discriminator, fake).mean().detach())
        diversity = -math.log(math.sqrt(sum(float((g**2).sum()) for g in gradient)))
        return quality + GAMMA * diversity, quality, diversity

    def learnt(self, survivors):
        """Return D's weights after its steps on two survivors' samples."""
        weights, moments = self.discriminator, moments_of(self.home, "discriminator")
        share = BATCH // 2
        for step in range(SETTINGS["discriminator_steps"]):
            rows = slice(step * share, (step + 1) * share)
            fake = torch.cat([self.samples(survivor)[rows] for survivor in survivors])
            real = reals(BATCH, self.shared.own("update", 2 * step + REAL_STREAM))
            mix = torch.rand(
                BATCH, 1, generator=rng_of(self.shared.own("update", 2 * step + MIX_STREAM))
            )
            between = mix.double() * real + (1 - mix.double()) * fake
            loss = d_loss(weights, real, fake)
            r1 = (slopes(weights, real) ** 2).mean() / 2
            penalty = ((slopes(weights, between) - 1) ** 2).mean()
            whole = (
                loss + SETTINGS["r1_weight"] * r1 + SETTINGS["gradient_penalty_weight"] * penalty
            )
            gradient = torch.autograd.grad(whole, weights)
            weights, moments = adam(weights, gradient, moments, lr=SETTINGS["discriminator_lr"])
        return weights


def litter_of(oracle):
    """Return every child of every parent, in the order of the rows."""
    return [oracle.child(parent, name) for parent in oracle.parents for name in THREE]


def assert_close(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.double(), other.detach(), rtol=1e-5, atol=2e-6)


# ------------------------------------------------------------------------------------- the tests


def test_children_of_both_parents_survive(found):
    """Otherwise the samples of one survivor could stand for those of both."""
    _, after = found
    assert sorted(survivor.index // 3 for survivor in after.population) == [0, 1]


def test_each_child_is_an_adam_step_on_its_mutations_loss(found):
    before, _ = found
    oracle, parts = Oracle(before), parts_for(config())
    environment, generator = parts.environment(), parts.member({})
    environment.load_state_dict(oracle.home)
    environment.seeds = oracle.shared
    generator.environment = environment
    for place, parent in enumerate(oracle.parents):
        births = [birth(name, NOW, 3 * place + i) for i, name in enumerate(THREE)]
        for newborn, name in zip(generator.reproduce(pack(parent), births), THREE, strict=True):
            weights, average = oracle.child(parent, name)
            state = unpack(newborn.state)
            assert_close(layers_of(state, "generator"), weights)
            assert_close(layers_of(state, "average", prefix="module."), average)


def test_children_are_scored_and_selected_by_the_papers_formulas(found):
    before, after = found
    oracle, rows = Oracle(before), after.history[after.history["generation"] == NOW]
    scores = np.array([oracle.scores(weights) for weights, _ in litter_of(oracle)])
    for column, name in enumerate(("fitness", "quality", "diversity")):
        np.testing.assert_allclose(rows[name], scores[:, column], rtol=1e-5, atol=1e-7)
    best = np.argsort(-scores[:, 0])[:2]
    assert set(np.flatnonzero(rows["survived"])) == set(best)
    assert [survivor.index for survivor in after.population] == best.tolist()


def test_the_discriminator_learns_from_both_survivors_with_both_penalties(found):
    before, after = found
    oracle = Oracle(before)
    children = [weights for weights, _ in litter_of(oracle)]
    best = np.argsort([-oracle.scores(weights)[0] for weights in children])[:2]
    learnt = oracle.learnt([children[i] for i in best])
    assert_close(layers_of(after.environment, "discriminator"), learnt)
    assert moments_of(after.environment, "discriminator")[0] == 2 * NOW
