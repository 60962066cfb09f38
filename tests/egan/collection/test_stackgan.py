"""StackGAN: drawn codes, which stage learns when, losses, sizes, and resume in either stage."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from egan import collection
from egan.collection import saved
from egan.collection import testing as checks
from egan.collection.stackgan.networks import Augmentation, Generator, sketch_shape
from egan.data import load
from population.seeding import preserved_randomness
from population.state import pack, unpack


def built(**changed):
    member = checks.built(checks.tiny("stackgan"), changed)
    member.training(False)
    member.rng.manual_seed(0)
    return member


def weights(member):
    return {
        f"{name}.{key}": p.clone()
        for name, network in member.networks.items()
        for key, p in network.named_parameters()
    }


def changed(before, after):
    names = (key for key, old in before.items() if not torch.equal(old, after[key]))
    return {".".join(key.split(".")[:3]).split(".module")[0] for key in names}


def taken(member, count):
    member.training(True)
    with preserved_randomness():
        for _ in range(count):
            member.update()
            member.updates += 1


def test_codes_of_a_caption_are_its_gaussian():
    network = Augmentation(5, 3)
    code, epsilon = torch.randn(4, 5), torch.randn(4, 3)
    mean, log_variance = network(code)
    drawn = network.drawn(code, epsilon)
    np.testing.assert_allclose(
        drawn.detach(), (mean + log_variance.exp().sqrt() * epsilon).detach(), rtol=1e-5
    )
    assert torch.equal(network.drawn(code, None), mean)


@pytest.mark.parametrize("updates", [0, 1])
def test_the_generator_minimises_the_divergence_of_its_stage(updates):
    member = built(kl_weight=0.7)
    member.settle(updates)
    fake = member.fake(8)
    stage = member.generator.second if updates else member.generator.first
    mean, log_variance = stage.augmentation(member.told(fake.codes["captions"]))
    mean, variance = mean.double(), log_variance.double().exp()
    divergence = 0.5 * (mean**2 + variance - 1 - variance.log()).mean()
    [loss] = member.generator_losses(fake, fake, [member.objective()])
    expected = F.softplus(-member.logits(fake).double()).mean() + 0.7 * divergence
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_without_augmentation_nothing_is_drawn_of_a_caption():
    member = built(augment_condition=False)
    fake = member.fake(4)
    assert member.generator_terms(fake, fake) is None
    other = {**fake.codes, "epsilon": torch.randn_like(fake.codes["epsilon"])}
    assert torch.equal(member.generate(member.generator, other), fake.samples)


def test_one_stage_learns_at_a_time():
    member = built(text_updates=1, second_stage_at=2)
    found = [weights(member)]
    for _ in range(3):
        taken(member, 1)
        found.append(weights(member))
    texts, first, second = (changed(*pair) for pair in pairwise(found))
    assert {name.split(".")[0] for name in texts} == {"text", "eye"}
    names = [{".".join(name.split(".")[:2]) for name in one} for one in (first, second)]
    assert names[0] == {"generator.first", "discriminator.first", "average"}
    assert names[1] == {"generator.second", "discriminator.second", "average"}


def test_rates_are_those_of_the_stage_and_are_halved():
    rates = {"generator_lr": 1e-3, "second_generator_lr": 4e-3, "second_stage_at": 4}
    member = built(**rates, rate_halved_every=2)
    found = []
    for _ in range(8):
        taken(member, 1)
        found.append(member.optimizers["generator"].param_groups[0]["lr"])
    assert found == [1e-3, 1e-3, 5e-4, 5e-4, 4e-3, 4e-3, 2e-3, 2e-3]


def test_sketches_are_judged_at_their_own_size():
    member = built()
    sketches = member.fake(4).samples
    assert sketches.shape == (4, *member.shape)
    halves = F.avg_pool2d(sketches, 2)
    assert torch.equal(halves.repeat_interleave(2, 2).repeat_interleave(2, 3), sketches)
    assert member.in_use(sketches).shape[-1] == member.shape[-1] // 2
    assert member.judge is member.discriminator.first
    member.settle(1)
    assert member.in_use(sketches) is sketches
    assert member.judge is member.discriminator.second


def test_the_second_stage_reads_sketch_caption_and_its_own_noise():
    member = built()
    member.settle(1)
    for p in member.networks["generator"].parameters():  # so that nothing is too small to be seen
        p.data.mul_(8)
    codes = member.codes(4, member.rng)
    image = member.generate(member.generator, codes)
    own = codes["epsilon"].clone()
    own[:, 1] += 1
    for other in ({"z": -codes["z"]}, {"captions": codes["captions"].flip(0)}, {"epsilon": own}):
        assert not torch.equal(member.generate(member.generator, {**codes, **other}), image)


@pytest.mark.parametrize("before", [1, 2, 3])
def test_resume_in_either_stage_and_between_gives_the_same_bits(before):
    changes = {"second_stage_at": 2, "rate_halved_every": 1}
    whole = built(**changes)
    taken(whole, before)
    halfway, rng = pack(whole.state_dict()), whole.rng.get_state()
    other = built(**changes)
    other.load_state_dict(unpack(halfway))
    other.rng.set_state(rng)
    for member in (whole, other):
        taken(member, 2)
    assert (pack(whole.state_dict()).buffer == pack(other.state_dict()).buffer).all()


@pytest.mark.parametrize("steps", [0, 5])
def test_a_file_samples_with_the_stage_that_it_was_saved_in(steps, tmp_path):
    config = checks.small("stackgan")
    model = checks.built(checks.tiny("stackgan"))
    model.settle(steps)
    model.training(False)  # the average has its own statistics now
    saved.save(tmp_path / "m.safetensors", model, config, steps=steps)
    other = saved.load(tmp_path / "m.safetensors")
    assert other.is_second_stage == model.is_second_stage == (steps > 0)
    captions = model.task.asked_for(3)
    with torch.no_grad():
        expected = model.samples_for(captions, torch.Generator().manual_seed(1))
    made = other.samples_for(captions, torch.Generator().manual_seed(1))
    torch.testing.assert_close(made, expected)


def test_the_papers_sizes():
    settings = collection.preset("stackgan:paper").settings
    with torch.device("meta"):
        network = Generator(settings, (3, 256, 256))
    assert network.first.first[0].in_features == 100 + 128
    assert network.first.first[3].unflattened_size == (1024, 4, 4)
    assert network.second.joint[0].in_channels == 512 + 128
    assert [one.out_channels for one in network.second.decoder if hasattr(one, "out_channels")] == [
        *(256, 128, 64, 32),
        3,
    ]
    maps = network.second.encoder(torch.empty(2, 3, 64, 64, device="meta"))
    assert maps.shape == (2, 512, 16, 16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"second_stage_at": 3, "text_updates": 3}, "--second-stage-at must be above"),
        ({"upscale": 3}, "--upscale must be 2, 4, 8"),
        ({"upscale": 1}, "--upscale must be 2, 4, 8"),
        ({"upscale": 8}, "8x8 or more.*--data.image-size 64"),
        ({"sketch_halvings": 5}, "16x16 cannot be halved 5 times"),
    ],
)
def test_stages_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        built(**settings)


def test_sketches_are_of_square_images():
    assert sketch_shape((3, 32, 32), 2) == (3, 16, 16)
    with pytest.raises(ValueError, match="square"):
        sketch_shape((3, 32, 24), 2)


def test_images_that_are_too_small_are_refused_in_one_line():
    with pytest.raises(ValueError, match="Give --data.image-size 16"):
        checks.built(checks.tiny("stackgan", load("captioned_shapes", image_size=8)))
