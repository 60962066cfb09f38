"""Boltzmann machines beside sums over all states of all their units."""

import itertools

import numpy as np
import pytest
import torch

from egan.collection import testing as checks
from egan.collection.rbm import RbmSettings
from egan.collection.rbm import model as rbm_model
from egan.collection.rbm.model import correlations
from egan.collection.rbm.networks import Machine, bernoulli, entropy
from population.seeding import preserved_randomness

RESTRICTED, DEEP = (5, 4), (4, 3, 2)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def machine(sizes, *, scale=1.0, seed=0, num_chains=3):
    with preserved_randomness():
        torch.manual_seed(seed)
        made = Machine(sizes, num_chains=num_chains).double()
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=scale)
    return made.requires_grad_(True)


def states(num):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num)), dtype=torch.float64)


def log_weights(made):
    """Return −E of all states of all units, (visible states, hidden states)."""
    visible, hidden = states(made.sizes[0]), states(sum(made.sizes[1:]))
    rows = []
    for v in visible:
        total = torch.zeros(len(hidden), dtype=torch.float64)
        layers = [v.expand(len(hidden), -1), *hidden.split(made.sizes[1:], dim=1)]
        for n in range(len(hidden)):
            for i, bias in enumerate(made.biases):
                total[n] = total[n] + layers[i][n] @ bias
            for i, weight in enumerate(made.weights):
                total[n] = total[n] + layers[i][n] @ weight @ layers[i + 1][n]
        rows.append(total)
    return torch.stack(rows)


def exact_log_p(made):
    """Return log p(v) of all visible states."""
    joint = log_weights(made)
    return joint.logsumexp(dim=1) - joint.flatten().logsumexp(dim=0)


@pytest.mark.parametrize("sizes", [RESTRICTED, DEEP])
def test_z_is_the_sum_over_all_states(sizes):
    made = machine(sizes)
    joint = log_weights(made)
    torch.testing.assert_close(made.exact_log_partition(), joint.flatten().logsumexp(dim=0))
    base = torch.linspace(-1, 1, sizes[0], dtype=torch.float64)
    with torch.no_grad():
        estimate = made.log_partition(base, temperatures=300, num=300, rng=rng())
    torch.testing.assert_close(estimate, joint.flatten().logsumexp(dim=0), atol=0.05, rtol=0)


def test_too_many_states_are_not_summed():
    assert Machine([15, 16], num_chains=1).exact_log_partition() is None


def test_with_one_hidden_layer_the_likelihood_is_exact():
    made = machine(RESTRICTED)
    visible = states(5)
    found = made.log_weight(visible, steps=1) - made.exact_log_partition()
    torch.testing.assert_close(found, exact_log_p(made))
    assert found.exp().sum().item() == pytest.approx(1.0)


def test_with_two_it_is_a_bound_that_more_rounds_tighten():
    made = machine(DEEP)
    visible, exact = states(4), exact_log_p(made)
    gaps = [
        exact - made.log_weight(visible, steps=steps) + made.exact_log_partition()
        for steps in (1, 2, 30)
    ]
    assert all((gap > -1e-12).all() for gap in gaps)
    assert gaps[0].mean() > gaps[1].mean() > gaps[2].mean()
    layers = made.mean_field(visible, steps=100)
    for i in (1, 2):  # it stands still
        torch.testing.assert_close(layers[i], made.field(layers, i).sigmoid(), atol=1e-6, rtol=0)


def test_the_gradient_is_that_of_the_likelihood():
    """P(h_j=1|v) v_i − E[P(h_j=1|v) v_i] for w_ij, and of biases alike."""
    made = machine(RESTRICTED)
    visible = states(5)[torch.tensor([3, 7, 7, 21])]
    exact = torch.autograd.grad(likelihood(made, visible), [*made.parameters()])
    law, everything = exact_log_p(made).detach().exp(), states(5)
    (weight,), high = made.weights, made.biases[1]
    told, expected = ((x @ weight + high).sigmoid() for x in (visible, everything))
    by_hand = {
        "weights": visible.T @ told / 4 - (law[:, None] * everything).T @ expected,
        "low": visible.mean(dim=0) - law @ everything,
        "high": told.mean(dim=0) - law @ expected,
    }
    for one, other in zip(exact, by_hand.values(), strict=True):
        torch.testing.assert_close(one, other)
    with_means_fixed = torch.autograd.grad(frozen(made, visible, law, everything), made.weights[0])
    torch.testing.assert_close(-with_means_fixed[0], exact[0])


def likelihood(made, visible):
    numbers = (visible @ 2.0 ** torch.arange(4, -1, -1, dtype=torch.float64)).long()
    return exact_log_p(made)[numbers].mean()


def frozen(made, visible, law, everything):
    """Return what the model descends, with the exact expectation in place of chains."""
    with torch.no_grad():
        positive, negative = (made.mean_field(x, steps=1) for x in (visible, everything))
    return made.energy(positive).mean() - law @ made.energy(negative)


def trained_machine():
    """Return a machine of some structure, a model that has it, and data."""
    model = checks.built(
        checks.tiny("rbm", checks.random_images((1, 2, 3), count=40)),
        {"hidden": 4, "persistent": False},
    )
    model.machine.double()
    for seed, parameter in enumerate(model.machine.parameters()):
        torch.nn.init.normal_(parameter, std=0.7, generator=rng(seed))
    visible = states(6)[torch.tensor([1, 6, 11, 24, 37, 62, 33, 9] * 200)]
    return model, visible


def test_more_rounds_point_nearer_to_the_gradient():
    model, visible = trained_machine()
    everything = states(6)
    numbers = (visible @ 2.0 ** torch.arange(5, -1, -1, dtype=torch.float64)).long()
    parameters = [*model.machine.parameters()]
    log_p = model.machine.log_weight(everything, steps=1) - model.machine.exact_log_partition()
    exact = flat(torch.autograd.grad(-log_p[numbers].mean(), parameters))
    cosines = []
    for rounds in (1, 10):
        model.configure({"hidden": 4, "persistent": False, "gibbs_steps": rounds})
        model.rng.manual_seed(1)
        estimate = flat(torch.autograd.grad(model.loss(visible), parameters))
        cosines.append(float(torch.cosine_similarity(estimate, exact, dim=0)))
    assert cosines[1] > cosines[0] > 0.5
    assert cosines[1] > 0.98


def flat(gradients):
    return torch.cat([one.flatten() for one in gradients])


@pytest.mark.parametrize("sizes", [RESTRICTED, DEEP])
def test_gibbs_sampling_keeps_the_law(sizes):
    made = machine(sizes, scale=0.8)
    law = exact_log_p(made).exp().detach()
    with torch.no_grad():
        start = {i: torch.full((4000, made.sizes[i]), 0.5).double() for i in made.even}
        even = made.gibbs(bernoulli(start, rng()), rounds=40, rng=rng(1))
    numbers = even[0] @ 2.0 ** torch.arange(sizes[0] - 1, -1, -1, dtype=torch.float64)
    shares = numbers.long().bincount(minlength=2 ** sizes[0]) / 4000
    assert (shares - law).abs().max() < 0.025


def test_the_pseudo_likelihood_is_of_each_pixel_given_all_others(monkeypatch):
    model, _ = trained_machine()
    visible = states(6)
    log_p = model.log_weight(visible) - model.machine.exact_log_partition()
    expected = torch.zeros(len(visible), dtype=torch.float64)
    for i in range(6):
        turned = torch.arange(64) ^ (1 << (5 - i))
        expected += log_p - torch.logaddexp(log_p, log_p[turned])
    found = model.pseudo_likelihood(visible, rng())
    torch.testing.assert_close(found, expected)
    monkeypatch.setattr(rbm_model, "NUM_PIXELS", 3)
    some = torch.stack([model.pseudo_likelihood(visible, rng(n)) for n in range(100)])
    torch.testing.assert_close(some.mean(dim=0), expected, rtol=0.15, atol=0.1)


def test_persistent_chains_go_on_in_the_state():
    model = checks.built(checks.tiny("rbm"))
    before = model.machine.chains[0].clone()
    with preserved_randomness():
        model.update()
    after = model.state_dict()["networks"]["machine"]["chains_0"]
    assert not torch.equal(before, after)
    fresh = checks.built(checks.tiny("rbm"), {"persistent": False})
    with preserved_randomness():
        fresh.update()
    assert torch.equal(fresh.machine.chains[0], before)


def test_layers_are_trained_one_by_one_at_first():
    model = checks.built(
        checks.tiny("rbm"), {"second_hidden": 3, "pretraining": 1, "weight_decay": 0}
    )
    moved = []
    with preserved_randomness():
        for _ in range(3):
            before = [p.detach().clone() for p in model.machine.weights]
            model.update()
            model.updates += 1
            pairs = zip(before, model.machine.weights, strict=True)
            moved.append([not torch.equal(a, b) for a, b in pairs])
    assert moved == [[True, False], [False, True], [True, True]]


def test_an_end_of_the_machine_counts_twice_in_pretraining():
    model = checks.built(checks.tiny("rbm"), {"second_hidden": 3, "pretraining": 1})
    machine = model.machine.double()
    visible = torch.ones(2, machine.sizes[0], dtype=torch.float64)
    first = model._first_hidden(visible)
    by_hand = (2 * machine.weights[0].sum(dim=0) + machine.biases[1]).sigmoid()
    torch.testing.assert_close(first[0], by_hand)


def test_deep_presets_are_deep_and_score():
    model = checks.built(checks.tiny("rbm"), {"second_hidden": 3})
    with model.judging():
        assert model.is_deep
        scores = model.look()
    assert scores["nll"] > 0
    assert -1 <= scores["autocorrelation"] <= 1
    assert scores["bits_per_dimension"] == pytest.approx(scores["nll"] / 64 / np.log(2))


def test_pixels_are_black_or_white():
    model = checks.built(checks.tiny("rbm"))
    units = model.visible(torch.linspace(-1, 1, 64).view(1, 1, 8, 8))
    assert units.sum() == 32
    assert torch.equal(model.images(units).unique(), torch.tensor([-1.0, 1.0]))


def test_correlations_of_a_known_process():
    noise, series = torch.randn(3000, 20, 2, generator=rng()), [torch.zeros(20, 2)]
    for step in noise:
        series.append(0.8 * series[-1] + step)
    found = correlations(torch.stack(series[100:]), 5)
    torch.testing.assert_close(found, 0.8 ** torch.arange(6), atol=0.03, rtol=0)


def test_entropy():
    means = torch.tensor([0.0, 0.5, 1.0])
    torch.testing.assert_close(entropy(means), torch.tensor([0.0, np.log(2), 0.0]).float())


def test_settings_that_may_be_nought():
    RbmSettings(second_hidden=0, pretraining=0).check()
    with pytest.raises(ValueError, match="--gibbs-steps"):
        RbmSettings(gibbs_steps=0).check()
