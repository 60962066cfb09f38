"""GAN-INT-CLS: losses against formulas, who trains when, and what a caption does."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from egan import collection
from egan.collection import testing as checks
from egan.data.encodings import Encodings
from egan.losses.matching import wrong_loss
from egan.networks.captions import Bag, Discriminator, Given, Recurrent
from egan.tasks import Batch
from population.seeding import preserved_randomness


def built(**changed):
    member = checks.built(checks.tiny("gan_int_cls"), changed)
    member.training(False)  # so that no power iteration comes in between
    member.rng.manual_seed(0)
    return member


def log_odds(member, images, captions):
    """D's probability of "real and of this caption", by another way than the model's."""
    code = member.networks["text"](captions)
    return member.discriminator(images, code).detach().double().sigmoid().numpy()


@pytest.mark.parametrize(("wrong", "made"), [(0.5, 0.5), (1.0, 1.0), (0.0, 1.0), (0.25, 0.75)])
def test_the_discriminator_ascends_three_kinds_of_pairs(wrong, made):
    member = built(cls_weight=wrong, fake_weight=made)
    for network in ("discriminator", "text"):  # so that it matters whose caption it is
        for weights in member.networks[network].parameters():
            weights.data.mul_(4.0)
    real, fake = member.draw(), member.fake(8)
    captions = real.codes["captions"]
    s_r = log_odds(member, real.samples, captions)
    s_f = log_odds(member, fake.samples, fake.codes["captions"])
    others = captions.roll(1, dims=0)
    differ = (others != captions).any(dim=1).numpy()
    s_w = log_odds(member, real.samples, others)[differ]
    expected = np.log(s_r).mean() + made * np.log(1 - s_f).mean()
    expected += wrong * np.log(1 - s_w).mean()
    found = member.discriminator_loss(real, fake).item()
    assert found == pytest.approx(-expected, rel=1e-5)


def test_a_wrong_caption_is_never_the_right_one():
    captions = torch.tensor([[1, 2], [1, 2], [3, 0]])
    wrong = captions.roll(1, dims=0)  # of the second image it is the same
    logits = torch.tensor([0.5, 100.0, -1.0])
    expected = (F.softplus(logits[0]) + F.softplus(logits[2])) / 2
    torch.testing.assert_close(wrong_loss(logits, wrong, captions), expected)
    same = captions[:2]
    assert wrong_loss(logits[:2], same, same) == 0


@pytest.mark.parametrize("beta", [0.5, 0.25])
def test_the_generator_ascends_its_samples_and_what_is_between_captions(beta):
    member = built(int_weight=0.7, int_beta=beta)
    fake = member.fake(8)
    [found] = member.generator_losses(fake, member.draw(), [member.objective()])
    s_f = log_odds(member, fake.samples, fake.codes["captions"])
    code = member.networks["text"](fake.codes["captions"])
    between = beta * code[:4] + (1 - beta) * code[4:]
    images = member.generator(fake.codes["z"][:4], between)
    s_between = member.discriminator(images, between).detach().double().sigmoid().numpy()
    expected = np.log(s_f).mean() + 0.7 * np.log(s_between).mean()
    assert found.item() == pytest.approx(-expected, rel=1e-4)


def test_without_interpolation_there_is_no_other_term():
    member = built(int_weight=0.0)
    assert member.generator_terms(member.fake(8), member.draw()) is None
    assert built().generator_terms(member.fake(1), member.draw()) is None


def weights(member):
    return {name: [p.clone() for p in net.parameters()] for name, net in member.networks.items()}


def changed(before, after):
    return {
        name
        for name, old in before.items()
        if any(not torch.equal(a, b) for a, b in zip(old, after[name], strict=True))
    }


def test_the_text_encoder_learns_first_and_is_fixed_afterwards():
    member = built(text_updates=1)
    member.training(True)
    before = weights(member)
    with preserved_randomness():
        member.update()
        member.updates += 1
        middle = weights(member)
        member.update()
    assert changed(before, middle) == {"text", "eye"}
    assert changed(middle, weights(member)) == {"generator", "discriminator", "average"}


def test_in_the_first_generations_of_an_evolution_it_learns_beside_the_discriminator():
    member = built(text_updates=1)
    real = member.draw()
    assert member.real_penalty(real).item() == pytest.approx(member.matching(real).item())
    member.updates = 1
    assert member.real_penalty(real) is None


def test_the_hinge_of_a_batch_is_that_of_both_encoders():
    member = built()
    real = member.draw()
    captions = real.codes["captions"]
    images, texts = (
        member.networks[name](given).detach().numpy()
        for name, given in (("eye", real.samples), ("text", captions))
    )
    total, count = 0.0, 0
    for i in range(8):
        for j in range(8):
            if torch.equal(captions[i], captions[j]):
                continue
            pair = images[i] @ texts[j]
            total += max(0.0, 1 + pair - images[i] @ texts[i])
            total += max(0.0, 1 + pair - images[j] @ texts[j])
            count += 1
    assert member.matching(real).item() == pytest.approx(total / count, rel=1e-5)


def test_both_players_hear_the_caption():
    member = built()
    codes = member.codes(6, member.rng)
    other = {**codes, "captions": codes["captions"].flip(0)}
    made = [member.generate(member.generator, one) for one in (codes, other)]
    assert not torch.equal(*made)
    asked = [member.logits(Batch(made[0], one)) for one in (codes, other)]
    assert not torch.equal(*asked)


def test_a_bag_has_no_order_and_a_reader_has_one():
    captions = torch.tensor([[1, 2, 3, 0], [3, 1, 2, 0]])
    bag, reader = Bag(5, 4), Recurrent(5, 4)
    one, two = bag(captions)
    torch.testing.assert_close(one, two)
    assert not torch.allclose(*reader(captions))
    longer = F.pad(captions, (0, 3))  # nothing comes after the last word
    for encoder in (bag, reader):
        torch.testing.assert_close(encoder(longer), encoder(captions))
        assert torch.isfinite(encoder(torch.zeros(1, 4, dtype=torch.long))).all()


def test_what_the_body_has_seen_can_be_asked_about_several_captions():
    settings = checks.small("gan_int_cls").settings
    network = Discriminator(settings, (3, 16, 16)).eval()
    images, code = torch.randn(3, 3, 16, 16), torch.randn(3, settings.text_dim)
    maps = network.body(images)
    assert maps.shape == (3, settings.discriminator_width * 2, 4, 4)
    torch.testing.assert_close(network.judged(maps, code), network(images, code))


def test_the_papers_sizes():
    settings = collection.preset("gan_int_cls:paper").settings
    network = Discriminator(settings, (3, 64, 64))
    assert network.joint[0].in_channels == 512 + 128
    assert network.head.linear.in_features == 512 * 4 * 4


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [("int_beta", 1.5, r"--int-beta must be in \[0, 1\]"), ("fake_weight", 0.0, "above 0")],
)
def test_weights_out_of_range_are_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        built(**{setting: value})


def test_data_without_captions_are_refused():
    from egan.data import load

    with pytest.raises(ValueError, match=r"needs data with 'captions'.*--data\.captions"):
        checks.built(checks.tiny("gan_int_cls", load("shapes")))


def test_an_encoder_of_ones_own_is_read_through_a_linear_map():
    known = checks.built(checks.tiny("gan_int_cls"), {}).task.data
    rows = known.annotations["captions"]
    captions = np.unique(rows.reshape(-1, rows.shape[2]), axis=0)
    codes = np.random.default_rng(0).standard_normal((len(captions), 5)).astype(np.float32)
    network = Given(Encodings(captions, codes, known.wording), 3)
    asked = torch.from_numpy(captions[[4, 0, 4]].astype(np.int64))
    expected = codes[[4, 0, 4]] @ network.last.weight.detach().numpy().T
    expected += network.last.bias.detach().numpy()
    np.testing.assert_allclose(network(asked).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
