"""SAGAN: where networks attend, what stands in for attention, spectral norm, losses, pictures."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from updates import check_update

from egan import collection
from egan.collection.sagan.model import Sagan
from egan.collection.sagan.networks import Discriminator, Generator, Pointwise
from egan.collection.testing import built, random_images, small, task_of
from egan.networks.attention import SelfAttention
from egan.networks.conditioning import ConditionalNorm

PLAYERS = ("generator", "discriminator")


def build(shape=(1, 16, 16), **changed):
    settings = small("sagan").settings.tuned({"width": 8, "latent_dim": 4, **changed})
    return partial(Sagan, settings=settings, task=task_of(Sagan, random_images(shape)))


def model(shape=(1, 16, 16), **changed):
    one = built(build(shape, **changed))
    one.training(False)  # so that no power iteration comes in between
    one.rng.manual_seed(0)
    return one


def test_the_papers_maps_and_channels():
    settings = collection.preset("sagan:paper").settings
    given = {"num_classes": 1000, "settings": settings}
    with torch.device("meta"):
        one, other = (kind((3, 128, 128), **given) for kind in (Generator, Discriminator))
    assert one.base == 4
    assert [block.conv1.out_channels for block in one.blocks] == [1024, 512, 256, 128, 64]
    channels = [block.conv1.out_channels for block in other.blocks]
    assert channels == [64, 128, 256, 512, 1024, 1024]
    assert one.attention.last.out_channels == 256
    assert other.attention.last.out_channels == 128


@torch.no_grad()
@pytest.mark.parametrize(("size", "level", "map_size"), [(16, 1, 8), (16, 2, 4), (32, 2, 8)])
def test_networks_attend_in_the_map_of_that_level(size, level, map_size):
    one, seen = model((1, size, size), attention_level=level), []
    for name in PLAYERS:
        network = one.networks[name]
        network.attention.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
        network.attention.gain.fill_(0.5)
    real = one.draw()
    one.logits(real)
    one.fake(4)
    assert seen == [map_size, map_size]
    before = one.logits(real)
    one.discriminator.attention.gain.fill_(0.0)
    assert (one.logits(real) - before).abs().max() > 1e-4


def test_a_level_that_images_do_not_have():
    with pytest.raises(ValueError, match="--attention-level must be at most 2 for images of 16"):
        model(attention_level=3)


@pytest.mark.parametrize("channels", [8, 64, 24])
def test_the_stand_in_has_as_many_parameters_and_sees_no_other_place(channels):
    attention, stand_in = SelfAttention(channels), Pointwise(channels)
    counts = [sum(p.numel() for p in one.parameters()) for one in (attention, stand_in)]
    assert counts[0] == counts[1]
    hidden = torch.randn(2, channels, 4, 4)
    assert torch.equal(stand_in(hidden), hidden)  # the gain starts at 0
    other = hidden.clone()
    other[:, :, 0, 0] += 1.0
    for one, reaches in ((attention, True), (stand_in, False)):
        one.gain.data.fill_(1.0)
        moved = (one(other) - one(hidden)).abs().amax(dim=(0, 1)) > 1e-7
        moved[0, 0] = False
        assert bool(moved.any()) is reaches
    by_hand = stand_in.last(stand_in.first(hidden).clamp(min=0)) + hidden
    torch.testing.assert_close(stand_in(hidden), by_hand)


def test_models_with_it_and_with_its_stand_in_have_as_many_parameters():
    def count(kind):
        one = model(attention=kind)
        return [sum(p.numel() for p in one.networks[name].parameters()) for name in PLAYERS]

    assert count("self") == count("residual")
    assert count("none") < count("self")


def test_spectral_norm_is_in_both_networks_but_in_the_tables_by_class():
    one = model()
    tables = [
        part
        for norm in one.generator.modules()
        if isinstance(norm, ConditionalNorm)
        for part in (norm.gain, norm.shift)
    ]
    plain = {
        name: [
            module
            for module in one.networks[name].modules()
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding)
            and not hasattr(module, "parametrizations")
        ]
        for name in PLAYERS
    }
    assert plain == {"generator": tables, "discriminator": []}
    assert len(tables) == 8
    assert not any(table.weight.any() for table in tables)  # batch norm begins without a class


def test_the_losses_are_the_hinge():
    one = model()
    real, fake = one.draw(6), one.fake(6)
    r, o = one.logits(real), one.logits(fake)
    expected = (1 - r).clamp(min=0).mean() + (1 + o).clamp(min=0).mean()
    torch.testing.assert_close(one.discriminator_loss(real, fake), expected)
    [loss] = one.generator_losses(fake, real, [one.objective()])
    torch.testing.assert_close(loss, -o.mean())


def test_gains_are_learned_and_a_look_tells_them():
    one = model()
    one.training(True)
    for _ in range(3):
        one.update()
    with one.judging():
        seen = one.look()
    gains = [one.networks[name].attention.gain.item() for name in PLAYERS]
    assert [seen[f"{name}_gain"] for name in PLAYERS] == gains
    assert all(gains)
    plain = model(attention="none")
    with plain.judging():
        assert not {f"{name}_gain" for name in PLAYERS} & set(plain.look())
    assert set(plain.pictures()) == {"class_rows"}


@torch.no_grad()
def test_the_picture_shows_where_places_look():
    one = model()
    codes = one.codes(3, torch.Generator().manual_seed(0))
    looks = one.looks(codes)
    assert looks.shape == (3, 8, 8, 4, 4)
    torch.testing.assert_close(looks.sum(dim=(3, 4)), torch.ones(3, 8, 8))
    network = one.average
    condition = nn.functional.one_hot(codes["labels"], 10).float()
    hidden = network.first(codes["z"]).unflatten(1, (-1, 4, 4))
    hidden = network.blocks[0](hidden, condition)
    torch.testing.assert_close(looks.flatten(3).flatten(1, 2), network.attention.weights(hidden))
    picture = one.show_attention(torch.Generator().manual_seed(0))
    assert len(np.unique(np.asarray(picture))) > 2


@pytest.mark.parametrize("changed", [{"attention": "residual"}, {"attention": "none"}])
def test_other_forms_take_an_update(changed):
    check_update(build(**changed))
