"""A game whose discriminator sees augmented images: in its updates, the generator's, evolution."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from gans import THREE, children_of, paired, same_bits

from egan import collection
from egan.collection import testing
from egan.collection.search import default_space
from egan.collection.testing import built, siblings, tiny
from egan.config import ArithmeticConfig
from egan.config.space import read_space
from egan.evolution.whole import evolution_search
from egan.tasks import Batch
from egan.training.augmented import ADAPTIVE
from egan.training.model import stream
from population import PopulationBasedTraining, RayExecutor, Search
from population.member import Birth
from population.seeding import Seeds, preserved_randomness, seed_everything
from population.state import pack, unpack
from population.testing import check_member

KINDS = ("diffaugment", "ada")
ADA = {"augment": "ada", "ada_kimg": 0.0, "augment_strength": 0.9}
ASKED = {"diffaugment": {"augment": "diffaugment"}, "ada": ADA}
GAMES = ("cgan", "infogan", "improved_gan", "wgan")
"""Those that ask D in ways of their own, and one that gives no logit."""


@pytest.fixture(scope="module")
def digits():
    return testing.load_data("digits")


def maker(name, data=None, *, interval=1, **settings):
    """Return what builds a tiny member of a paper with some settings."""
    build = tiny(name, data, interval=interval)
    return partial(build, settings=build.keywords["settings"].tuned(settings))


def parts(name, kind, *, changed=None, arithmetic=None, **options):
    build = maker(name, **{**ASKED[kind], **(changed or {})})
    build = build if arithmetic is None else partial(build, arithmetic=arithmetic)
    return testing.parts(name, build=build, **options)


def trained(build, steps=1):
    """Return the state after some steps, each with a seed of its own."""
    member = built(build)
    with preserved_randomness():
        for step in range(1, steps + 1):
            member.seeds = Seeds(0, step, 0)
            seed_everything(member.seeds.own("step"))
            member.step()
    return pack(member.state_dict()), member


def watched(member):
    """Return the list of what D is asked about from now on."""
    asked, discriminate = [], member.discriminate
    member.discriminate = lambda batch: asked.append(batch.samples) or discriminate(batch)
    return asked


@pytest.mark.parametrize("kind", KINDS)
def test_reals_and_fakes_are_augmented_in_both_updates(kind, digits, monkeypatch):
    member = built(maker("dcgan", digits, augment=kind, ada_kimg=0.0))
    member.training(True)
    made, drawn = [], []
    fake, draw = member.fake, member.draw
    monkeypatch.setattr(member, "fake", lambda n: made.append(fake(n)) or made[-1])
    monkeypatch.setattr(member, "draw", lambda *n: drawn.append(draw(*n)) or drawn[-1])
    asked = watched(member)
    member.update()
    assert len(asked) == 3, "real and generated in D's update, generated in G's"
    for seen, plain in zip(asked, (drawn[0], made[0], made[1]), strict=True):
        assert seen.shape == plain.samples.shape
        changed = (seen != plain.samples).flatten(1).any(1)
        assert changed.float().mean() > 0.5
    assert asked[2].requires_grad


@pytest.mark.parametrize("kind", KINDS)
def test_the_generators_gradient_passes_through_the_augmentation(kind, digits):
    """The slope of G's loss along one weight is that of a finite difference, on the same draws."""
    member = built(maker("gan", digits, augment=kind, ada_kimg=0.0, dropout=0.0))
    for network in member.networks.values():
        network.double()
    weight = next(member.generator.parameters())

    def loss():
        member.rng = stream(5)
        codes = {"z": torch.randn(8, 4, generator=stream(6), dtype=torch.float64)}
        made = Batch(member.generate(member.generator, codes), codes)
        return member.generator_losses(made, made, [member.objective()])[0]

    [slope] = torch.autograd.grad(loss(), [weight])
    with torch.no_grad():
        weight[0, 0] += 1e-5
        above = loss()
        weight[0, 0] -= 2e-5
        below = loss()
    assert float(slope[0, 0]) == pytest.approx(float((above - below) / 2e-5), rel=1e-3, abs=1e-9)
    assert slope.abs().max() > 0


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_other_draws_are_what_they_are_without_augmentation(strength, digits):
    plain, _ = trained(maker("dcgan", digits, interval=2))
    state, _ = trained(
        maker("dcgan", digits, interval=2, augment="diffaugment", augment_strength=strength)
    )
    assert same_bits(plain, state) == (strength == 0.0)


FITTING = [
    (name, kind)
    for name in GAMES
    for kind in KINDS
    if kind != "ada" or not collection.MODELS[name].critic  # ADA listens to logits
]


@pytest.mark.parametrize(("name", "kind"), FITTING)
def test_every_game_on_images_trains_from_its_state_alone(name, kind):
    states = [trained(maker(name, interval=2, **ASKED[kind]), 2)[0] for _ in range(2)]
    assert same_bits(*states)
    ours, plain = (unpack(one)["networks"] for one in (states[0], trained(maker(name), 1)[0]))
    assert set(ours) - set(plain) == ({ADAPTIVE} if kind == "ada" else set())
    assert all(value.isfinite().all() for net in ours.values() for value in net.values())


def test_a_child_follows_from_its_parents_state_alone(digits):
    build = maker("gan", digits, interval=2, augment="ada", ada_kimg=0.0)
    check_member(build, {}, changed={"augment_strength": 0.3})


def test_p_adapts_is_saved_and_is_told_at_looks(digits):
    build = maker("gan", digits, interval=8, augment="ada", ada_kimg=0.1, ada_target=0.0)
    state, member = trained(build, 3)
    kept = unpack(state)["networks"][ADAPTIVE]
    p, gauge = float(kept["p"]), member.gauges()["augment_p"]
    assert 0 < p <= 1
    assert gauge == p
    assert float(unpack(trained(build, 4)[0])["networks"][ADAPTIVE]["p"]) != p
    with member.judging():
        assert member.look()["augment_p"] == p
    other = built(build)
    other.load_state_dict(unpack(state))
    assert other.gauges()["augment_p"] == p
    other.configure({"augment_strength": p / 2})
    assert other.gauges()["augment_p"] == p / 2
    other.configure({"ada_kimg": 0.0, "augment_strength": 0.25})
    assert other.gauges()["augment_p"] == 0.25
    assert built(maker("gan", digits)).gauges() == {}


def test_the_mean_sign_is_of_the_real_logits_that_the_discriminator_learns_from(digits):
    member = built(maker("cgan", digits, augment="ada", batch_size=8))
    member.training(True)
    asked, discriminate = [], member.discriminate
    member.discriminate = lambda batch: asked.append(discriminate(batch)) or asked[-1]
    member.rng = stream(0)
    member.update()
    kept = member.networks[ADAPTIVE]
    assert int(kept.heard) == 8
    assert float(kept.signs) == float(asked[0].detach().sign().sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [{}, {"reuse_gradient": True}, {"fresh_codes": True}], ids=str)
@pytest.mark.parametrize("mutations", [THREE, testing.ALL_KINDS], ids=["three", "real too"])
def test_siblings_are_those_of_the_plain_loop(kind, way, mutations):
    asked = partial(parts, "egan", kind, mutations=mutations, **way)
    for ours, theirs in zip(children_of(asked()), children_of(asked(), fast=False), strict=True):
        assert ours.scores == theirs.scores
        assert same_bits(ours.state, theirs.state)
        assert same_bits(ours.contribution, theirs.contribution)


SHOWING = [{}, {"reuse_gradient": True}, {"discriminators": 2}]


@pytest.mark.parametrize("way", SHOWING, ids=str)
@pytest.mark.parametrize("side", ["members", "environment"])
def test_an_evolution_shows_its_discriminator_nothing_as_it_is(side, way, monkeypatch):
    """Every image has a piece cut out, whose numbers are 0, which no real or made one has."""
    asked, game = [], collection.paper("egan")
    discriminate = game.discriminate

    def watching(self, batch):
        if self.side == side:
            asked.append(batch.samples.detach())
        return discriminate(self, batch)

    monkeypatch.setattr(game, "discriminate", watching)
    generator, home = paired(parts("egan", "diffaugment", changed={"r1_weight": 0.1}, **way))
    generator.bear(pack(generator.state_dict()), Birth(seeds=Seeds(0, 1, 0), operator="minimax"))
    contribution = generator.contribution()
    home.update([contribution])
    assert len(asked) >= 2
    for samples in asked:
        assert (samples == 0).flatten(1).any(1).all()
    assert not (contribution["samples"] == 0).any(), "what is handed on is not augmented"


def test_siblings_share_the_draws(monkeypatch):
    """Two children of the same mutation are the same."""
    member = testing.facing(parts("egan", "diffaugment"))
    parent = pack(member.state_dict())
    with preserved_randomness():
        born = [
            member.bear(parent, Birth(seeds=Seeds(0, 1, child), operator="heuristic"))
            for child in range(2)
        ]
    assert same_bits(born[0].state, born[1].state)
    assert born[0].scores == born[1].scores


def test_siblings_scored_at_once_see_the_same():
    plain = siblings(parts("egan", "diffaugment"), fast=True)
    arithmetic = ArithmeticConfig(vectorize=True)
    at_once = siblings(parts("egan", "diffaugment", arithmetic=arithmetic), fast=True)
    for ours, theirs in zip(at_once, plain, strict=True):
        assert ours.scores == pytest.approx(theirs.scores, rel=1e-3, abs=1e-4)


def history(asked, generations=4, **options):
    result = evolution_search(asked, seed=0, **options).run(generations)
    table = result.history.drop(columns=["seconds", "run"])
    assert not table["error"].any(), table["error"].iloc[0]
    return table, [pack(one.state) for one in result.population], pack(result.environment)


WAYS = {
    "plain": {},
    "reused": {"reuse_gradient": True},
    "niches": {"niches": 2},
    "rivals": {"discriminators": 2},
    "crossover": {"crossover": 2},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_evolution_that_is_resumed_is_the_uninterrupted_one(kind, way, tmp_path):
    changed = {"ada_kimg": 0.05, "ada_target": 0.0} if kind == "ada" else {}
    asked = partial(parts, "egan", kind, changed=changed, **WAYS[way])
    table, states, environment = history(asked(), 6)
    history(asked(), 4, directory=tmp_path / "run")
    search = evolution_search(asked(), seed=0, directory=tmp_path / "run").resume()
    result = search.run(6)
    assert result.history.drop(columns=["seconds", "run"]).equals(table)
    assert all(map(same_bits, [pack(one.state) for one in result.population], states))
    assert same_bits(pack(result.environment), environment)
    if kind == "ada":
        assert float(result.environment["networks"][ADAPTIVE]["p"]) > 0


def test_the_same_bits_on_ray(ray_session):
    for kind in KINDS:
        inline = history(parts("egan", kind, num_survivors=2))
        on_ray = history(parts("egan", kind, num_survivors=2), executor=RayExecutor(2))
        assert inline[0].equals(on_ray[0])
        assert all(map(same_bits, inline[1], on_ray[1]))
        assert same_bits(inline[2], on_ray[2])


def test_a_search_tunes_the_strength(digits):
    config = testing.small("gan")
    config = replace(config, settings=replace(config.settings, augment="diffaugment"))
    assert "augment_strength" in default_space(config)
    assert "augment_strength" not in default_space(testing.small("gan"))
    space = read_space({"augment_strength": "0,1"}, config.kinds)
    build = maker("gan", digits, interval=2, augment="diffaugment")
    result = Search(build, PopulationBasedTraining(space, population_size=3)).run(3)
    assert not result.history["error"].any()
    assert result.history["augment_strength"].nunique() > 2


def test_scoring_leaves_what_ada_heard_alone():
    generator, home = paired(parts("egan", "ada"), trained=2)
    before = pack(home.state_dict())
    generator.bear(pack(generator.state_dict()), Birth(seeds=Seeds(0, 3, 0), operator="minimax"))
    assert same_bits(pack(home.state_dict()), before)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match=r"--augment ada changes images, but gaussians8 holds po"):
        built(maker("gan", testing.load_data("gaussians8"), augment="ada"))


def test_a_game_that_sees_images_together_is_refused():
    with pytest.raises(ValueError, match="the discriminator of Pix2Pix sees some together"):
        built(maker("pix2pix", augment="diffaugment"))
