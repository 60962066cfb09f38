"""BigGAN: its sizes, the parts of z, attention, losses, truncation and standing averages."""

from functools import partial

import pytest
import torch
from torch import nn

import mutations
from egan import collection
from egan.collection.biggan.model import THRESHOLDS, BigGan
from egan.collection.biggan.networks import (
    Discriminator,
    Generator,
    stages,
    widths,
)
from egan.collection.testing import built, random_images, small, task_of
from egan.networks.blocks import orthogonal_penalty
from egan.training.model import BATCH


def model(shape=(1, 8, 8), **changed):
    settings = small("biggan").settings.tuned(changed)
    return built(partial(BigGan, settings=settings, task=task_of(BigGan, random_images(shape))))


def test_the_papers_number_of_parameters():
    settings = collection.preset("biggan:paper").settings
    with torch.device("meta"):
        networks = [
            kind((3, 128, 128), num_classes=1000, settings=settings)
            for kind in (Generator, Discriminator)
        ]
    counts = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert counts == [70_433_988, 87_982_370]  # as the authors' PyTorch code prints them


@pytest.mark.parametrize(
    ("size", "sizes"), [(8, (2, 2)), (16, (4, 2)), (28, (7, 2)), (32, (4, 3)), (128, (4, 5))]
)
def test_maps_are_doubled_twice_at_least(size, sizes):
    assert stages((3, size, size)) == sizes


def test_channels_double_inwards_as_the_papers():
    assert widths(96, 5)[::-1] == [96 * factor for factor in (16, 16, 8, 4, 2, 1)]


def test_each_block_sees_its_part_of_z_and_the_class():
    one = model(latent_dim=7)
    generator = one.generator.eval()
    seen = []
    for block in generator.blocks:
        block.register_forward_hook(lambda _, given, __: seen.append(given[1]))
    z = torch.arange(7.0)[None]
    generator(z, torch.tensor([3]))
    embedded = generator.embedding.weight[[3]]
    assert generator.first.in_features == 3
    torch.testing.assert_close(seen[0], torch.cat([embedded, z[:, 3:5]], dim=1))
    torch.testing.assert_close(seen[1], torch.cat([embedded, z[:, 5:]], dim=1))


def test_without_the_hierarchy_z_is_seen_once():
    generator = model(hierarchical=False, latent_dim=7).generator
    assert generator.first.in_features == 7
    assert {block.norm1.gain.in_features for block in generator.blocks} == {3}


def test_too_few_dimensions_for_the_blocks():
    with pytest.raises(ValueError, match=r"--latent-dim must be 3 or more .* but got 2"):
        model(latent_dim=2)


def test_a_mixture_that_is_one_class_is_that_class():
    one = model()
    one.training(False)
    codes = one.codes(5, torch.Generator().manual_seed(0))
    pure = torch.eye(one.num_classes)[codes["labels"]]
    expected = one.generate(one.average, codes)
    mixed = one.generate(one.average, {"z": codes["z"], "condition": pure})
    torch.testing.assert_close(mixed, expected)


def attentive(**changed):
    """Return a model of images of 32x32 in evaluation mode, whose places attend to each other."""
    one = model((3, 32, 32), latent_dim=9, **changed)
    one.training(False)
    for network in (one.generator, one.discriminator):
        if changed.get("attention", True):
            network.attention.gain.data.fill_(0.5)
    return one


@torch.no_grad()
def test_the_generator_attends_before_its_last_block():
    one = attentive()
    network, codes = one.generator, one.codes(5, torch.Generator().manual_seed(0))
    embedded = network.embedding(codes["labels"])
    first, *parts = codes["z"].tensor_split(4, dim=1)
    hidden = network.first(first).unflatten(1, (-1, 4, 4))
    conditions = [torch.cat([embedded, part], dim=1) for part in parts]
    for block, condition in zip(network.blocks[:2], conditions[:2], strict=True):
        hidden = block(hidden, condition)
    assert hidden.shape[2:] == (16, 16)  # half as large as the image
    attended = network.attention(hidden)
    assert (attended - hidden).abs().max() > 1e-3
    made = network.last(network.blocks[2](attended, conditions[2]))
    torch.testing.assert_close(one.generate(network, codes), made)
    plain = attentive(attention=False).generator
    assert isinstance(plain.attention, nn.Identity)


@torch.no_grad()
def test_the_discriminator_attends_after_its_first_block_and_sums_what_is_positive():
    one = attentive()
    network, real = one.discriminator, one.draw(5)
    hidden = network.blocks[0](real.samples)
    assert hidden.shape[2:] == (16, 16)
    attended = network.attention(hidden)
    assert (attended - hidden).abs().max() > 1e-3
    hidden = attended
    for block in network.blocks[1:]:
        hidden = block(hidden)
    assert hidden.min() < 0  # the residual sum is not
    features = hidden.clamp(min=0).sum(dim=(2, 3))
    matches = (network.head.embedding.weight[real.labels] * features).sum(dim=1)
    expected = network.head.linear(features).squeeze(1) + matches
    torch.testing.assert_close(one.logits(real), expected)


def test_spectral_norm_is_in_all_but_the_embedding_of_the_generator():
    one = model()
    plain = {
        kind: [
            module
            for module in one.networks[kind].modules()
            if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding)
            and not hasattr(module, "parametrizations")
        ]
        for kind in ("generator", "discriminator")
    }
    assert plain == {"generator": [one.generator.embedding], "discriminator": []}


def test_the_losses_are_the_hinge_and_the_penalty():
    one = model(orthogonal_weight=0.25)
    one.training(False)  # so that no power iteration comes in between
    real, fake = one.draw(6), one.fake(6)
    r, o = one.logits(real), one.logits(fake)
    expected = (1 - r).clamp(min=0).mean() + (1 + o).clamp(min=0).mean()
    torch.testing.assert_close(one.discriminator_loss(real, fake), expected)
    penalty = 0.25 * orthogonal_penalty(one.generator)
    objectives = one.objective(), mutations.get("least_squares")
    loss, other = one.generator_losses(fake, real, objectives)
    torch.testing.assert_close(loss, penalty - o.mean())
    torch.testing.assert_close(other, penalty + (o.sigmoid() - 1).square().mean())


def test_codes_of_all_thresholds_share_labels_and_signs():
    one = model()
    codes = [
        one.truncated_codes(50, torch.Generator().manual_seed(1), threshold=tau)
        for tau in THRESHOLDS
    ]
    for tau, some in zip(THRESHOLDS, codes, strict=True):
        assert torch.equal(some["labels"], codes[0]["labels"])
        assert torch.equal(some["z"].sign(), codes[0]["z"].sign())
        assert some["z"].abs().max() <= tau
    assert codes[0]["z"].abs().max() > 2


def test_standing_averages_are_those_of_the_codes():
    """Not those that training has left, and of all batches alike."""
    one = model()
    for module in one.average.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.fill_(7.0)
            module.running_var.fill_(9.0)
            module.num_batches_tracked.fill_(30)
    with one.judging():
        before = {name: value.clone() for name, value in one.average.state_dict().items()}
        codes = one.truncated_codes(3 * BATCH, torch.Generator().manual_seed(1), threshold=0.5)
        network = one.standing(codes)
        first = network.first(codes["z"][:, :2]).unflatten(1, (-1, 2, 2))
    norm = network.blocks[0].norm1.norm
    variances = [part.var(dim=(0, 2, 3)) for part in first.split(BATCH)]
    torch.testing.assert_close(norm.running_mean, first.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(norm.running_var, torch.stack(variances).mean(dim=0))
    assert not any(module.training for module in network.modules())
    after = one.average.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_look_has_the_largest_singular_values():
    one = model()
    with one.judging():
        seen = one.look()
    weights = [
        module.parametrizations.weight.original.detach().flatten(1)
        for module in one.discriminator.modules()
        if hasattr(module, "parametrizations")
    ]
    exact = max(float(torch.linalg.matrix_norm(weight, 2)) for weight in weights)
    assert seen["discriminator_singular_value"] == pytest.approx(exact, rel=0.05)
    assert 0 <= seen["accuracy"] <= 1
