"""PGGAN: its sizes, that fades begin and end where they should, when networks grow, the loss."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from gans import same_bits

from egan import collection
from egan.collection.pggan.model import Pggan
from egan.collection.pggan.networks import Discriminator, Generator, enlarged, shrunk
from egan.collection.testing import built, random_images, small, task_of
from population.state import pack, unpack

TINY = {"width": 2, "max_width": 8, "latent_dim": 4, "batch_size": 8}
SCHEDULE = {"fade_kimg": 0.032, "stable_kimg": 0.016}


def model(**changed):
    settings = small("pggan").settings.tuned({**TINY, **SCHEDULE, **changed})
    data = random_images((3, 16, 16))
    return built(partial(Pggan, settings=settings, task=task_of(Pggan, data)))


def network(kind):
    torch.manual_seed(0)
    return kind((3, 16, 16), small("pggan").settings.tuned({**TINY, "tanh": False}))


def train(one, updates):
    one.training(True)
    one.rng.manual_seed(0)
    for _ in range(updates):
        one.update()
        one.updates += 1


def test_the_papers_number_of_parameters():
    """23.1 million each, as table 1 of the paper on style-based generators says of this G."""
    settings = collection.preset("pggan:paper").settings
    with torch.device("meta"):
        networks = Generator((3, 1024, 1024), settings), Discriminator((3, 1024, 1024), settings)
    counts = [sum(p.numel() for p in network.parameters()) / 1e6 for network in networks]
    assert counts == pytest.approx([23.1, 23.1], abs=0.05)


@pytest.mark.parametrize("level", [1, 2])
def test_a_fade_begins_at_what_the_generator_was_and_ends_at_its_new_block(level):
    generator, codes = network(Generator), torch.randn(5, 4)
    before, after = generator.at(codes, level - 1), generator.at(codes, level)
    size = 4 * 2**level
    begun = generator.at(codes, level, alpha=0.0)
    torch.testing.assert_close(begun, enlarged(before, size), atol=1e-6, rtol=0)
    generator.grow(float(level))
    torch.testing.assert_close(generator(codes), after, atol=0, rtol=0)
    generator.grow(level - 0.75)
    between = torch.lerp(enlarged(before, size), after, 0.25)
    torch.testing.assert_close(generator(codes), between, atol=1e-5, rtol=0)


def test_a_fade_begins_at_what_the_discriminator_was():
    discriminator, images = network(Discriminator), torch.randn(4, 3, 16, 16)
    discriminator.grow(1.0)
    before = discriminator(shrunk(images, 8))
    discriminator.grow(1.0 + 1e-9)
    assert discriminator.size == 16
    torch.testing.assert_close(discriminator(images), before, atol=1e-6, rtol=0)
    discriminator.grow(2.0)
    assert not torch.allclose(discriminator(images), before)


def test_networks_grow_by_the_images_that_were_shown():
    one, due = model(), []
    for one.updates in range(17):  # of 8 images each: 2 of each size, 4 of each fade
        due.append(one.due())
    first = [0, 0, 0, 0.25, 0.5, 0.75, 1, 1]
    assert due == [*first, *(1 + x for x in first[2:]), 2, 2, 2]
    assert model(grow=False).due() == 2


def test_real_images_have_no_more_in_them_than_the_size_in_use():
    one = model()
    one.rng.manual_seed(0)
    plain = one.task.draw(8, torch.Generator().manual_seed(0)).samples
    for grown, wanted in (
        (0.0, enlarged(F.avg_pool2d(plain, 4), 16)),
        (1.0, enlarged(F.avg_pool2d(plain, 2), 16)),
        (2.0, plain),
        (1.25, 0.75 * enlarged(F.avg_pool2d(plain, 2), 16) + 0.25 * plain),
    ):
        one.rng.manual_seed(0)
        for growing in one.growing.values():
            growing.grow(grown)
        torch.testing.assert_close(one.draw().samples, wanted, atol=1e-6, rtol=0)
    sharp = model(fade_real=False)
    sharp.stage.grow(1.25)
    sharp.rng.manual_seed(0)
    torch.testing.assert_close(sharp.draw().samples, plain, atol=0, rtol=0)


def test_optimisers_begin_anew_with_a_block():
    one, other = model(), model(reset=False)
    for game in (one, other):
        train(game, 4)  # the fourth, at a quarter of the first fade, is the new block's first
    steps = [
        {int(state["step"]) for state in game.optimizers["generator"].state.values()}
        for game in (one, other)
    ]
    assert steps == [{1}, {1, 4}]


def test_blocks_that_are_not_in_use_stay_as_they_are():
    one = model()
    before = {k: v.clone() for k, v in one.generator.blocks[1].state_dict().items()}
    train(one, 5)
    assert one.generator.level == 1
    torch.testing.assert_close(dict(one.generator.blocks[1].state_dict()), before, atol=0, rtol=0)


def test_a_run_that_breaks_off_in_mid_fade_goes_on_alike():
    whole, broken = model(), model()
    train(whole, 5)
    state, stream = pack(whole.state_dict()), whole.rng.get_state()
    broken.load_state_dict(unpack(state))
    broken.training(True)
    assert 0 < broken.stage.alpha < 1
    broken.rng.set_state(stream)
    for game in (whole, broken):
        game.update()
    assert same_bits(pack(whole.state_dict()), pack(broken.state_dict()))


def test_the_critics_loss_by_hand():
    one = model(grow=False, drift=0.5)
    one.training(True)
    one.update()  # grows
    real, fake = one.draw(), one.fake(8)
    scores = one.discriminator(real.samples)
    torch.testing.assert_close(one.real_loss(real), -scores.mean() + 0.5 * (scores**2).mean())
    torch.testing.assert_close(one.fake_loss(fake), one.discriminator(fake.samples).mean())


def test_the_penalty_is_of_images_at_their_own_size():
    one = model(penalty_weight=1.0)
    one.training(True)
    images = one.own_size(one.draw())
    assert images.shape == (8, 3, 4, 4)
    weight = torch.randn(3 * 4 * 4)
    one.networks["discriminator"].forward = lambda x: x.flatten(1) @ weight
    found = one.penalty(one.draw(), one.fake(8))
    torch.testing.assert_close(found, (weight.norm() - 1) ** 2)


def test_what_does_not_grow_is_refused():
    with pytest.raises(ValueError, match="say --no-grow"):
        small("pggan").settings.tuned({"fade_kimg": 0.0, "stable_kimg": 0.0})
    with pytest.raises(ValueError, match="multiple of 4"):
        small("pggan").settings.tuned({"batch_size": 6})


@pytest.mark.parametrize("side", ["members", "environment"])
def test_networks_of_an_evolution_have_their_full_size(side):
    task = model().task
    member = built(partial(Pggan, settings=model().settings, task=task, side=side))
    assert [network.size for network in member.growing.values()] == [task.shape[-1]]
