"""The mistakes of earlier E-GAN implementations, each as a test that ours does not make it."""

import math

import numpy as np
import pytest
import torch
from gans import THREE, birth, flat_gradient, litter, pair, same_bits, search_for, tiny_config

from egan.evolution.scoring import SCORED_REALS
from egan.networks import discriminator as build_discriminator
from egan.tasks import Batch
from egan.training.model import stream
from population.member import Member
from population.seeding import SHARED, Seeds
from population.state import pack, unpack


def run(config, generations=6):
    return search_for(config).run(generations)


def network_of(generator):
    return generator.game.generator


def discriminator_of(environment):
    return environment.game.discriminator


def scored_reals(environment, count=32):
    rng = stream(environment.seeds.shared("evaluate", SCORED_REALS))
    return environment.game.task.draw(count, rng).samples


# 1. Child 2 starts from child 1, because the list of parents was aliased.


@pytest.mark.parametrize("order", [THREE, THREE[::-1], THREE[1:] + THREE[:1]])
def test_1_a_child_does_not_depend_on_its_elder_siblings(order):
    generator, _ = pair(tiny_config(), trained=3)
    parent = pack(generator.state_dict())
    alone = {op: next(generator.reproduce(parent, [birth(op)])).state for op in THREE}
    for operator, newborn in zip(order, generator.reproduce(parent, litter(order)), strict=True):
        assert same_bits(newborn.state, alone[operator])


def test_1_survivors_descend_from_several_parents_with_one_step_a_generation():
    result = run(tiny_config(evolution={"num_survivors": 3}), 15)
    for survivor in result.population:
        assert int(survivor.state["optimizers"]["generator"][0]["step"]) == 15
    later = result.history[result.history["generation"] > 1]
    assert (later.groupby("generation")["parent"].nunique() == 3).all()


# 2. Quality on logits instead of probabilities; diversity with its sign turned round.


def test_2_scores_are_the_papers_formulas():
    generator, discriminator = pair(tiny_config(), trained=5)
    generator.seeds = Seeds(0, 6, 0)
    scores = generator.evaluate()
    network, real = discriminator_of(discriminator), scored_reals(discriminator)
    logits = network(generator.scored.fake.samples).double()
    d_fake = torch.sigmoid(logits)
    d_real = torch.sigmoid(network(real).double())
    loss = -torch.log(d_real).mean() - torch.log(1 - d_fake).mean()
    norm = float(flat_gradient(loss, discriminator.parameters).norm())
    assert scores["quality"] == pytest.approx(d_fake.mean().item(), rel=1e-5)
    assert scores["diversity"] == pytest.approx(-math.log(norm), rel=1e-4)
    expected = scores["quality"] + 0.1 * scores["diversity"]
    assert scores["fitness"] == pytest.approx(expected, rel=1e-9)


def test_2_a_collapsed_generator_has_the_lower_diversity():
    generator, discriminator = pair(tiny_config(), trained=200)
    generator.seeds = discriminator.seeds
    spread = generator.evaluate()["diversity"]
    with torch.no_grad():
        network_of(generator).last.weight.zero_()
        network_of(generator).last.bias.copy_(torch.tensor([1.41, 0.0]))
    assert generator.evaluate()["diversity"] < spread - 0.5


# 3. Least squares on the logit, which pulls D(G(z)) towards .73.


def test_3_each_mutation_is_one_adam_step_on_its_published_loss():
    losses = {
        "minimax": lambda d: 0.5 * torch.log(1 - d).mean(),
        "heuristic": lambda d: -0.5 * torch.log(d).mean(),
        "least_squares": lambda d: (d - 1).square().mean(),
    }
    for name, loss in losses.items():
        generator, discriminator = pair(tiny_config(), trained=2)
        parent = pack(generator.state_dict())
        child = unpack(next(generator.reproduce(parent, [birth(name)])).state)["networks"]
        generator.load_state_dict(unpack(parent))
        game, network = generator.game, network_of(generator)
        codes = game.codes(16, stream(birth(name).seeds.shared("step")))["z"]
        probability = torch.sigmoid(discriminator_of(discriminator)(network(codes)))
        optimizer = game.optimizers["generator"]
        optimizer.zero_grad()
        loss(probability).backward()
        optimizer.step()
        for key, value in network.state_dict().items():
            torch.testing.assert_close(child["generator"][key], value, rtol=1e-4, atol=1e-6)


# 4. A sibling's step changes the parent's Adam state.


def test_4_the_parents_state_is_untouched_by_its_children():
    generator, _ = pair(tiny_config(), trained=3)
    parent = pack(generator.state_dict())
    before = parent.buffer.copy()
    first = next(generator.reproduce(parent, [birth("minimax")])).state
    alone = [next(generator.reproduce(parent, [birth(name)])).state for name in THREE]
    together = [child.state for child in list(generator.reproduce(parent, litter(THREE)))]
    assert all(same_bits(a, b) for a, b in zip(together, alone, strict=True))
    assert np.array_equal(parent.buffer, before)
    assert same_bits(next(generator.reproduce(parent, [birth("minimax")])).state, first)


# 5. Resume from random weights; what is saved is the child trained last, not the survivor.


def test_5_a_resumed_run_goes_on_with_weights_moments_and_discriminator(tmp_path):
    config = tiny_config()
    whole = search_for(config).run(9)
    search_for(config, directory=tmp_path / "run").run(4)
    resumed = search_for(config, directory=tmp_path / "run").resume().run(9)
    timing = ["seconds", "run"]
    assert resumed.history.drop(columns=timing).equals(whole.history.drop(columns=timing))
    assert same_bits(pack(resumed.best.state), pack(whole.best.state))


def test_5_the_state_that_is_kept_is_the_survivors_own():
    config = tiny_config()
    result = search_for(config).run(7)
    last = result.history[result.history["generation"] == 7]
    winner = int(last["fitness"].idxmax() - last.index[0])
    assert result.best.index == winner
    assert last.iloc[winner]["survived"]


# 6. Relativistic losses crash with several mutations.


def test_6_relativistic_mutations_compete_with_others():
    names = ("relativistic_logistic", "relativistic_hinge", "minimax", "wasserstein")
    history = run(tiny_config(evolve=",".join(names))).history
    assert history["fitness"].notna().all()
    assert set(history["operator"]) == set(names)


# 7. Every child is scored with latent codes of its own; batch statistics differ per child.


def test_7_equal_siblings_get_equal_scores():
    history = run(tiny_config(evolve="hinge,wasserstein")).history
    pairs = history.pivot_table(index="generation", columns="operator", values="fitness")
    assert (pairs["hinge"] == pairs["wasserstein"]).all()


def test_7_the_paper_preset_draws_fresh_codes():
    fresh = tiny_config(evolve="hinge,wasserstein", evolution={"fresh_codes": True})
    history = run(fresh).history
    pairs = history.pivot_table(index="generation", columns="operator", values="fitness")
    assert (pairs["hinge"] != pairs["wasserstein"]).all()


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_7_scoring_leaves_the_discriminators_statistics_alone(norm):
    generator, discriminator = pair(tiny_config(settings={"discriminator_norm": norm}), trained=3)
    before = pack(discriminator.state_dict())
    list(generator.reproduce(pack(generator.state_dict()), litter(THREE, 4)))
    assert same_bits(pack(discriminator.state_dict()), before)


# 8. When the discriminator wins, its gradient vanishes and diversity explodes.


def test_8_a_saturated_discriminator_rewards_nobody():
    config = tiny_config(evolution={"diversity_weight": 2.0, "diversity_cap": 3.0})
    generator, discriminator = pair(config)
    with torch.no_grad():
        last = list(discriminator_of(discriminator).modules())[-1]
        for parameter in discriminator_of(discriminator).parameters():
            parameter.mul_(0.0)
        last.bias.fill_(0.0)
    real_gradient = [torch.zeros_like(p) for p in discriminator.parameters]
    discriminator._real_gradient = tuple(real_gradient)
    with torch.no_grad():
        last.bias.fill_(-60.0)  # every sample is rejected for certain
    generator.seeds = discriminator.seeds
    scores = generator.evaluate()
    assert scores["quality"] < 1e-6
    assert scores["diversity"] == 3.0
    assert scores["saturated"] == 1.0


# 9. The real half of the gradient is computed for every child, with a second-order graph.


def test_9_the_real_half_is_computed_once_and_changes_no_value(monkeypatch):
    generator, discriminator = pair(tiny_config(), trained=2)
    calls = []
    original = type(discriminator)._scored_reals

    def counting(self):
        calls.append(self.seeds)
        return original(self)

    monkeypatch.setattr(type(discriminator), "_scored_reals", counting)
    parent = pack(generator.state_dict())
    together = [n.scores for n in generator.reproduce(parent, litter(THREE, 3))]
    assert len(calls) == 1
    for operator, scores in zip(THREE, together, strict=True):
        discriminator._real_gradient = None
        assert next(generator.reproduce(parent, [birth(operator, 3)])).scores == scores


def test_9_no_second_order_graph_is_built():
    generator, discriminator = pair(tiny_config())
    generator.seeds = discriminator.seeds
    generator.evaluate()
    samples = generator.scored.fake.samples
    logits = discriminator.game.logits(Batch(samples))
    assert not any(g.requires_grad for g in discriminator.loss_gradient(logits))
    assert not samples.requires_grad
    assert all(p.grad is None for p in discriminator.parameters)


# 10. One name for two losses: pinned by the gradients in tests/mutations.


def test_10_there_is_no_mutation_called_vanilla():
    import mutations

    with pytest.raises(ValueError, match="unknown mutation 'vanilla'"):
        mutations.get("vanilla")


# The fast path, which the shortcuts live in, makes the children of the plain loop.


@pytest.mark.parametrize("g_norm", ["none", "batch"])
@pytest.mark.parametrize("d_norm", ["none", "batch", "spectral"])
@pytest.mark.parametrize("names", [THREE, ("relativistic_logistic", "minimax", "hinge")])
def test_shared_forward_passes_change_no_bit(g_norm, d_norm, names):
    config = tiny_config(settings={"generator_norm": g_norm, "discriminator_norm": d_norm})
    generator, discriminator = pair(config, trained=2)
    parent = pack(generator.state_dict())
    fast = list(generator.reproduce(parent, litter(names, 3)))
    discriminator._real_gradient = None
    plain = list(Member.reproduce(generator, parent, litter(names, 3)))
    for a, b in zip(fast, plain, strict=True):
        assert a.scores == b.scores
        assert same_bits(a.state, b.state)
        assert same_bits(a.contribution, b.contribution)


def test_the_environment_sees_the_survivors_samples_in_equal_shares():
    config = tiny_config(evolution={"num_survivors": 2}, settings={"batch_size": 16})
    _, discriminator = pair(config)
    scored = [{"samples": torch.full((32, 2), value), "codes": {}} for value in (1.0, 2.0)]
    batch = discriminator._batch(scored, 0).samples
    assert batch[:, 0].tolist() == [1.0] * 8 + [2.0] * 8
    discriminator.seeds = Seeds(0, 1, SHARED)
    record = discriminator.update(scored)
    assert record["discriminator_loss"] > 0


def test_discriminator_steps_use_different_parts_of_the_scored_samples():
    _, discriminator = pair(tiny_config(settings={"discriminator_steps": 2}))
    samples = torch.arange(64.0).reshape(32, 2)
    scored = [{"samples": samples, "codes": {}}]
    first, second = (discriminator._batch(scored, step).samples for step in (0, 1))
    assert torch.equal(torch.cat([first, second]), samples)


def test_the_average_follows_the_line_of_survivors():
    result = run(tiny_config(settings={"ema_decay": 0.5}), 8)
    state = result.best.state["networks"]
    weights, average = state["generator"], state["average"]
    assert int(average["n_averaged"]) == 8
    assert not torch.equal(weights["last.weight"], average["module.last.weight"])
    off = run(tiny_config(settings={"ema_decay": 0.0}), 8).best.state["networks"]
    last = off["generator"]["last.weight"]
    torch.testing.assert_close(last, off["average"]["module.last.weight"])


def test_networks_are_built_alike_for_equal_seeds():
    torch.manual_seed(0)
    a = build_discriminator("mlp", (2,), width=4)
    torch.manual_seed(0)
    b = build_discriminator("mlp", (2,), width=4)
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_9_a_generation_without_survivors_leaves_no_real_gradient_behind():
    _, discriminator = pair(tiny_config(), trained=1)
    first = discriminator.real_gradient()
    discriminator.seeds = Seeds(0, 3, SHARED)
    second = discriminator.real_gradient()
    assert not all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    discriminator._real_gradient = None
    assert all(
        torch.equal(a, b) for a, b in zip(second, discriminator.real_gradient(), strict=True)
    )
