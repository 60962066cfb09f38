"""BEGAN: errors and losses by hand, the balance and that it outlives a break, networks."""

import numpy as np
import pytest
import torch
from gans import same_bits
from torch import nn

from egan import collection
from egan.collection import testing as checks
from egan.collection.began.model import AVERAGING
from egan.collection.began.networks import Autoencoder, Decoder, encoder, map_sizes
from egan.tasks import Batch
from population.state import pack, unpack


def built(**changed):
    member = checks.built(checks.tiny("began"), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def train(member, updates):
    for _ in range(updates):
        member.update()
        member.updates += 1


def errors(member, samples):
    """ℓ of each image, by numpy."""
    again = member.discriminator(samples).detach().double().numpy()
    return np.abs(samples.double().numpy() - again).mean(axis=(1, 2, 3))


def test_the_losses_are_errors_of_rebuilding():
    member = built()
    member.autoencoder.balance.fill_(0.3)
    real, fake = member.draw(), member.fake(8)
    of_real = errors(member, real.samples)
    of_fake = errors(member, fake.samples.detach())
    torch.testing.assert_close(member.logits(real).detach().double(), torch.from_numpy(of_real))
    found = member.discriminator_loss(real, fake).item()
    assert found == pytest.approx(of_real.mean() - 0.3 * of_fake.mean(), rel=1e-5)
    [loss] = member.generator_losses(fake, real, [member.objective()])
    assert loss.item() == pytest.approx(of_fake.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("start", "real", "made", "end"),
    [
        (0.2, 1.0, 0.3, 0.2 + 0.1 * (0.5 * 1.0 - 0.3)),
        (0.2, 1.0, 0.9, 0.2 + 0.1 * (0.5 * 1.0 - 0.9)),
        (0.01, 1.0, 0.9, 0.0),
        (0.99, 1.0, 0.1, 1.0),
    ],
)
def test_the_balance_moves_to_where_errors_have_their_ratio(start, real, made, end):
    network = built().autoencoder
    network.balance.fill_(start)
    network.move(torch.tensor(real), torch.tensor(made), gamma=0.5, rate=0.1, share=1.0)
    assert network.balance.item() == pytest.approx(end)
    assert (network.real_error.item(), network.made_error.item()) == pytest.approx((real, made))


def test_an_update_moves_the_balance_by_the_errors_of_its_own_batches():
    member = built(balance_rate=0.5, gamma=0.9)
    train(member, 1)
    seen = []
    losses = member.real_loss, member.generator_losses
    member.real_loss = lambda real: keep(seen, losses[0](real))
    member.generator_losses = lambda *given: [keep(seen, losses[1](*given)[0])]
    network = member.autoencoder
    before = [float(one) for one in (network.balance, network.real_error, network.made_error)]
    train(member, 1)
    real, made = seen
    assert 0 < network.balance < 1
    assert network.balance.item() == pytest.approx(before[0] + 0.5 * (0.9 * real - made), abs=1e-6)
    means = [b + AVERAGING * (x - b) for b, x in zip(before[1:], seen, strict=True)]
    assert (network.real_error.item(), network.made_error.item()) == pytest.approx(means)


def keep(seen, loss):
    seen.append(loss.item())
    return loss


def test_a_run_that_breaks_off_goes_on_alike_with_its_balance():
    whole, broken = built(balance_rate=0.5), built(balance_rate=0.5)
    train(whole, 2)
    state, stream = pack(whole.state_dict()), whole.rng.get_state()
    broken.load_state_dict(unpack(state))
    broken.rng.set_state(stream)
    assert broken.autoencoder.balance == whole.autoencoder.balance > 0
    for member in (whole, broken):
        train(member, 2)
    assert same_bits(pack(whole.state_dict()), pack(broken.state_dict()))
    reset = built(balance_rate=0.5)
    reset.load_state_dict(unpack(state))
    reset.rng.set_state(stream)
    reset.autoencoder.balance.fill_(0.0)
    train(reset, 2)
    assert not same_bits(pack(whole.state_dict()), pack(reset.state_dict()))


def test_what_a_look_tells_of_training():
    member = built(gamma=0.4)
    network = member.autoencoder
    for name, value in (("balance", 0.1), ("real_error", 0.5), ("made_error", 0.3)):
        getattr(network, name).fill_(value)
    expected = {"balance": 0.1, "error_ratio": 0.6, "convergence": 0.5 + abs(0.4 * 0.5 - 0.3)}
    assert member.gauges() == pytest.approx(expected)
    with member.judging():
        assert member.look().items() >= member.gauges().items()


def test_rates_are_halved_by_the_number_of_updates():
    member = built(halve_every=2, generator_lr=0.4)
    rates = []
    for _ in range(6):
        train(member, 1)
        rates.append(member.optimizers["generator"].param_groups[0]["lr"])
    assert rates == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.1, 0.1])
    other = built(halve_every=2, generator_lr=0.4)
    other.load_state_dict(unpack(pack(member.state_dict())))
    assert other.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(0.05)


def test_the_discriminator_sees_what_others_see_cut_off():
    member = built()
    with torch.no_grad():
        for network in (member.generator, member.average):
            network.last.weight.mul_(100)
    assert member.fake(8).samples.abs().max() > 1
    assert member.samples(8, torch.Generator().manual_seed(0)).abs().max() == 1
    assert member.made(member.codes(8, member.rng)).abs().max() == 1


@pytest.mark.parametrize(
    ("size", "sizes"), [(8, (4, 1)), (16, (4, 2)), (28, (7, 2)), (32, (8, 2)), (128, (8, 4))]
)
def test_maps_are_halved_to_eight_pixels_or_fewer(size, sizes):
    assert map_sizes((3, size, size)) == sizes
    base, times = sizes
    assert base * 2**times == size


def test_the_papers_networks():
    layers = encoder((3, 128, 128), latent_dim=64, width=128)
    found = [(one.out_channels, one.stride[0]) for one in layers if isinstance(one, nn.Conv2d)]
    assert [out for out, stride in found if stride == 2] == [256, 384, 512, 640]
    assert len(found) == 1 + 5 * 2 + 4
    assert layers[-1].in_features == 8 * 8 * 640
    decoder = Decoder((3, 128, 128), latent_dim=64, width=128, skips=True)
    assert [block[0].in_channels for block in decoder.blocks] == [128, *[256] * 4]
    settings = collection.preset("began:paper").settings
    given = {"latent_dim": settings.latent_dim, "width": settings.width, "skips": settings.skips}
    with torch.device("meta"):
        networks = Decoder((3, 128, 128), **given), Autoencoder((3, 128, 128), **given)
    assert sum(p.numel() for one in networks for p in one.parameters()) == 29_952_326


def test_the_first_map_is_put_beside_later_ones():
    torch.manual_seed(0)
    network, codes = Decoder((1, 16, 16), latent_dim=3, width=2, skips=True), torch.randn(4, 3)
    seen = []
    for block in network.blocks:
        block.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(codes)
    first, second, third = seen
    assert [one.shape[1:] for one in seen] == [(2, 4, 4), (4, 8, 8), (4, 16, 16)]
    enlarged = first.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(second[:, 2:], enlarged)
    assert torch.equal(third[:, 2:], enlarged.repeat_interleave(2, 2).repeat_interleave(2, 3))
    plain = Decoder((1, 16, 16), latent_dim=3, width=2, skips=False)
    assert plain.blocks[1][0].in_channels == 2


def test_gamma_is_a_share():
    with pytest.raises(ValueError, match=r"--gamma must be in \[0, 1\], but got 1.5"):
        built(gamma=1.5)


def test_a_batch_of_images_has_an_error_each():
    member = built()
    batch = member.draw()
    alone = torch.cat([member.logits(Batch(one[None])) for one in batch.samples])
    torch.testing.assert_close(member.logits(batch), alone)
