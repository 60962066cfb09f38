"""The mixture of niches: who makes a sample, what it is judged and shown by, and its one file."""

from dataclasses import replace

import pytest
import torch

from egan import collection
from egan.collection import testing
from egan.collection.api import build
from egan.collection.saved import save
from egan.config import to_dict
from egan.data import load as load_data
from egan.evolution.mixture import Mixture
from egan.evolution.whole import evolution_search, parts_of
from population.seeding import Seeds, preserved_randomness, seed_everything

GAMES = [name for name, one in collection.MODELS.items() if one.evolves]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def settings(name, *, niches=2, **evolution):
    config = collection.preset(name)
    paper = collection.paper(collection.named(name)[0])
    config = replace(config, settings=config.settings.tuned(paper.tiny))
    asked = replace(config.evolution, niches=niches, **evolution)
    return replace(config, evolve="minimax,heuristic", evolution=asked)


def task(config):
    data = config.data
    dataset = load_data(data.name, image_size=data.image_size, channels=data.channels)
    return testing.task_of(collection.named(config.preset)[0], dataset)


def trained(config):
    """Return the mixture after two generations, and its members' states."""
    its = task(config)
    game = collection.paper(collection.named(config.preset)[0])
    result = evolution_search(parts_of(config, game, its), seed=0).run(2)
    mixture = build(config, its)
    states = [one.state for one in result.population]
    mixture.load_state_dict({"members": states, "environment": result.environment})
    return mixture, states


def toy(**evolution):
    config = settings("gaussians8", niches=3, **evolution)
    return build(config, task(config))


def made(mixture, seed=0):
    """Return nine samples, or what a model that works on images makes of nine."""
    if mixture.task.asks.inputs:
        given = {"source": torch.rand(9, *mixture.task.source_shape, generator=rng(9))}
        return mixture.task.make(mixture, 9, rng(seed), given=given).samples
    return mixture.samples(9, rng(seed))


@pytest.mark.parametrize("name", GAMES)
def test_it_is_judged_shown_and_saved_like_any_model(name, tmp_path):
    config = settings(name)
    mixture, states = trained(config)
    assert isinstance(mixture, Mixture)
    for i, state in enumerate(states):
        for network, weights in state["networks"].items():
            found = mixture.networks[f"{network}.{i}"].state_dict()
            assert all(torch.equal(found[key], value) for key, value in weights.items())
    mixture.rng = rng()
    with mixture.judging(), preserved_randomness():
        assert all(isinstance(value, float) for value in mixture.look().values())
        for draw in mixture.pictures().values():
            assert draw(rng()).width > 0
        expected = made(mixture)
    channels = 1 if name == "adversarial_segmentation" else mixture.shape[0]  # of a label map
    assert expected.shape == (9, channels, *mixture.shape[1:])
    path = tmp_path / "model.safetensors"
    save(path, mixture, config, steps=2)
    loaded = collection.load(path)
    assert torch.equal(made(loaded), expected)
    assert not torch.equal(made(loaded, seed=1), expected)
    assert not made(loaded).requires_grad
    if not loaded.task.asks.inputs:  # else it shows what it makes of the data's own images
        assert loaded.pictures()["members"](rng()).width > 0


def test_its_random_start_is_that_of_the_members():
    config = settings("gaussians8", niches=3)
    its = task(config)
    mixture = build(config, its)
    member = parts_of(config, collection.paper("egan"), its).member
    for index, game in enumerate(mixture.members):
        with preserved_randomness():
            seed_everything(Seeds(config.seed, 0, index).own("build"))
            start = member({}).state_dict()["networks"]["generator"]
        found = game.networks["generator"].state_dict()
        assert all(torch.equal(found[key], value) for key, value in start.items())


def constant(mixture, values):
    for game, value in zip(mixture.members, values, strict=True):
        game.samples = lambda count, rng, value=value: torch.full((count, 2), value)


def test_samples_come_from_members_by_their_weights():
    mixture = toy()
    constant(mixture, (0.0, 1.0, 2.0))
    for weights in ([1 / 3] * 3, [0.6, 0.0, 0.4], [0.0, 0.0, 1.0]):
        mixture.networks["mixture"].weights.copy_(torch.tensor(weights))
        made = mixture.samples(20_000, rng())[:, 0]
        shares = [float((made == value).double().mean()) for value in (0.0, 1.0, 2.0)]
        assert shares == pytest.approx(weights, abs=0.02)
        if min(weights):
            assert len(made[:30].unique()) == 3, "they come in no order"


def test_labels_stay_with_their_samples():
    config = settings("cgan")
    mixture = build(config, task(config))
    for game in mixture.members:
        game.samples_of = lambda labels, rng: labels.float()
    labels, made = mixture.labelled(50, rng())
    assert torch.equal(made, labels.float())
    assert torch.equal(mixture.samples_of(labels, rng()), labels.float())


def test_fitted_weights_bring_it_near_to_held_out_samples():
    mixture = toy(mixture="fitted")
    data = mixture.task.held_out
    good, noise, bad = mixture.members
    good.samples = data.draw
    noise.samples = lambda count, rng: 9 + torch.randn((count, 2), generator=rng)
    bad.samples = lambda count, rng: torch.full((count, 2), float("nan"))
    states = [game.part(game.with_averages(game.sides.members)) for game in mixture.members]
    mixture.load_state_dict({"members": states, "environment": None})
    assert mixture.weights.tolist() == pytest.approx([1, 0, 0], abs=0.02)
    assert mixture.weights[2] == 0


def test_a_lost_member_is_stood_in_for():
    config = settings("gaussians8", niches=3)
    _, states = trained(config)
    mixture = build(config, task(config))
    mixture.load_state_dict({"members": states[:2], "environment": None})
    one, two, three = (mixture.networks[f"generator.{i}"].state_dict() for i in range(3))
    assert all(torch.equal(one[key], three[key]) for key in one)
    assert not all(torch.equal(one[key], two[key]) for key in one)


def test_it_never_trains():
    with pytest.raises(TypeError, match="does not train"):
        toy().update()


def test_a_file_that_lacks_members_is_refused(tmp_path):
    config = settings("gaussians8")
    path = tmp_path / "model.safetensors"
    mixture = build(config, task(config))
    for niches in (3, 10**9):
        claimed = replace(config, evolution=replace(config.evolution, niches=niches))
        assert to_dict(claimed)["evolution"]["niches"] == niches
        save(path, mixture, claimed, steps=1)
        with pytest.raises(ValueError, match="does not fit together"):
            collection.load(path)


def test_codes_of_images_know_whose_they_are():
    mixture = toy()
    for number, game in enumerate(mixture.members):
        game.inverted = lambda images, ages, rng, by=number: images[:, :2] + 10 * by
        game.rendered = lambda codes, ages, by=number: (codes - 10 * by) + ages[:, None]
    images, ages = torch.randn(60, 2, generator=rng()), torch.arange(60)
    codes = mixture.inverted(images, None, rng())
    assert codes.shape == (60, 3)
    assert codes[:, 2].unique().tolist() == [0, 1, 2]
    torch.testing.assert_close(mixture.rendered(codes, ages), images + ages[:, None])
    order = torch.randperm(60, generator=rng())
    torch.testing.assert_close(mixture.rendered(codes[order], ages), images[order] + ages[:, None])


def test_what_is_asked_for_goes_to_who_answers():
    mixture = toy()
    for game in mixture.members:
        game.view = lambda source, yaw, rng: source + yaw[:, None]
        game.segment = lambda images, rng: 2 * images
    source, yaw = torch.randn(30, 2, generator=rng()), torch.arange(30)
    torch.testing.assert_close(mixture.view(source, yaw, rng()), source + yaw[:, None])
    torch.testing.assert_close(mixture.segment(source, rng()), 2 * source)
