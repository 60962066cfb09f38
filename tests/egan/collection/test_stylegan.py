"""StyleGAN: its sizes, AdaIN, styles and their mixing, truncation, noise, R1."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from egan import collection
from egan.collection.stylegan.model import NUM_PATHS, StyleGan
from egan.collection.stylegan.networks import Generator, areas, discriminator, thirds
from egan.collection.testing import built, random_images, small, task_of
from egan.losses.discriminator import discriminator_loss, r1_penalty
from egan.networks.conditioning import ConditionalNorm
from egan.networks.equalised import EqualisedConv2d, EqualisedLinear
from egan.tasks import Batch


def model(shape=(3, 16, 16), **changed):
    settings = small("stylegan").settings.tuned(changed)
    return built(partial(StyleGan, settings=settings, task=task_of(StyleGan, random_images(shape))))


def drawn(one, count=6, seed=0):
    return one.codes(count, torch.Generator().manual_seed(seed))


def test_the_papers_number_of_parameters():
    """As the authors' code prints them at 1024x1024, less the colours of the smaller sizes."""
    settings = collection.preset("stylegan:paper").settings
    with torch.device("meta"):
        networks = Generator((3, 1024, 1024), settings), discriminator((3, 1024, 1024), settings)
    counts = [sum(p.numel() for p in network.parameters()) for network in networks]
    smaller = [512, 512, 512, 512, 256, 128, 64, 32]
    to_colours, from_colours = sum(3 * c + 3 for c in smaller), sum(4 * c for c in smaller)
    assert counts == [26_219_627 - to_colours, 23_087_249 - from_colours]


def test_adain_sets_mean_and_deviation():
    one = model()
    one.training(False)
    seen = []
    norms = [m for m in one.average.modules() if isinstance(m, ConditionalNorm)]
    for norm in norms:
        norm.gain.weight.data.normal_()
        norm.shift.weight.data.normal_()
        norm.register_forward_hook(lambda m, given, out: seen.append((m, *given, out)))
    one.made(drawn(one))
    assert len(seen) == len(areas(one.shape)) == 6
    for norm, hidden, style, styled in seen:
        torch.testing.assert_close(styled.mean((2, 3)), norm.shift(style), atol=1e-4, rtol=0)
        assert norm.norm.eps == 1e-8
        variance = hidden.var((2, 3), correction=0)
        expected = (1 + norm.gain(style)).abs() * (variance / (variance + 1e-8)).sqrt()
        torch.testing.assert_close(styled.std((2, 3), correction=0), expected, atol=1e-4, rtol=0)


def test_styles_come_from_the_second_code_from_the_crossover_on():
    one = model()
    one.training(False)
    codes = drawn(one, 3) | {"other": torch.randn(3, 4), "crossover": torch.tensor([1, 4, 6])}
    styles = one.generator.styles(codes)
    first, second = one.generator.mapping(codes["z"]), one.generator.mapping(codes["other"])
    for row, crossover in enumerate([1, 4, 6]):
        torch.testing.assert_close(styles[row, :crossover], first[row].expand(crossover, -1))
        rest = 6 - crossover
        torch.testing.assert_close(styles[row, crossover:], second[row].expand(rest, -1))


@pytest.mark.parametrize(("mixing", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_a_share_of_training_samples_is_mixed(mixing, share):
    one = model(mixing=mixing)
    codes = drawn(one, 2000)
    assert (codes["crossover"] < 6).float().mean().item() == pytest.approx(share, abs=0.05)
    assert codes["crossover"].min() >= 1
    one.training(False)
    assert "crossover" not in drawn(one)


@torch.no_grad()
def test_the_mapping_norms_z_and_has_a_rate_of_its_own():
    one = model(mapping_depth=2, mapping_rate=0.25, style_dim=5)
    mapping, z = one.generator.mapping.eval(), drawn(one)["z"]
    linear = [layer for layer in mapping.layers if isinstance(layer, EqualisedLinear)]
    for layer in linear:
        layer.bias.fill_(0.5)
    hidden = z / z.square().mean(dim=1, keepdim=True).sqrt()
    for layer in linear:
        gain = math.sqrt(2 / hidden.shape[1])
        hidden = F.leaky_relu(0.25 * (gain * hidden @ layer.weight.T + layer.bias), 0.2)
    assert hidden.shape == (6, 5)
    torch.testing.assert_close(mapping(z), hidden)
    torch.testing.assert_close(mapping(3 * z), hidden)


def low_passed(maps):
    """Return maps (N, C, H, W) blurred with 1-2-1 in both directions, by slices."""
    for dim in (2, 3):
        padded = F.pad(maps, (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1))
        size = maps.shape[dim]
        before, here, after = (padded.narrow(dim, start, size) for start in range(3))
        maps = (before + 2 * here + after) / 4
    return maps


def test_maps_are_blurred_where_they_are_doubled():
    """Of 4, 8 and 16 pixels with two layers each, the first of the last two sizes."""
    layers = model().generator.layers
    doubled = [not isinstance(layer.up, nn.Identity) for layer in layers]
    assert doubled == [False, False, True, False, True, False]
    hidden = torch.randn(2, 3, 4, 4)
    expected = low_passed(hidden.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    for layer in (layers[2], layers[4]):
        torch.testing.assert_close(layer.up(hidden), expected)


@torch.no_grad()
def test_the_discriminator_blurs_before_it_halves():
    """As its table has it, by hand."""
    one = model((3, 8, 8))
    real, kinds = one.draw(8).samples, (EqualisedConv2d, EqualisedLinear)
    first, a, b, last, inner, outer = (m for m in one.discriminator if isinstance(m, kinds))
    act = partial(F.leaky_relu, negative_slope=0.2)
    hidden = act(first(real))
    assert hidden.shape[2:] == (8, 8)
    hidden = act(F.avg_pool2d(b(low_passed(act(a(hidden)))), 2))
    groups = hidden.unflatten(0, (4, 2))  # two groups of four, every second sample in each
    deviation = (groups.var(dim=0, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    plane = deviation.repeat(4)[:, None, None, None].expand(-1, 1, 4, 4)
    hidden = act(last(torch.cat([hidden, plane], dim=1)))
    expected = outer(act(inner(hidden.flatten(1)))).squeeze(1)
    torch.testing.assert_close(one.logits(Batch(real)), expected)


def test_the_mean_of_styles_moves_in_training_only():
    one = model()
    mapping = one.generator.mapping
    z = torch.randn(50, 4)
    mapping.train()
    expected = 0.005 * mapping(z).mean(dim=0)
    torch.testing.assert_close(mapping.mean, expected)
    mapping.eval()
    mapping(z)
    torch.testing.assert_close(mapping.mean, expected)


def test_without_noise_psi_0_makes_one_image():
    one = model(noise=False)
    with one.judging():
        codes = drawn(one)
        assert codes["noise"].abs().max() == 0
        made = one.made(one.truncated(codes, psi=0.0, share=1.0))
        assert made.std(dim=0).max() < 1e-6
        whole = one.made(one.truncated(codes, psi=1.0))
        torch.testing.assert_close(whole, one.made(codes))
        half = one.truncated(codes, psi=0.0)["styles"]
        assert half[:, :3].std(dim=0).max() < 1e-6
        assert half[:, 3:].std(dim=0).min() > 0


def test_the_first_8_of_the_papers_18_layers_are_truncated():
    one = model()
    with one.judging():
        codes = drawn(one)
        one.styled = lambda codes: {**codes, "styles": torch.ones(len(codes["z"]), 18, 4)}
        pulled = one.truncated(codes, psi=0.0)["styles"]
    mean = one.networks["average"].module.mapping.mean
    torch.testing.assert_close(pulled[:, :8], mean.expand(6, 8, -1))
    assert (pulled[:, 8:] == 1).all()


def test_half_of_the_real_images_are_mirrored():
    plain, turned = model(), model(mirror=True)
    for one in (plain, turned):
        one.rng.manual_seed(0)
    before, after = plain.draw(24).samples, turned.draw(24).samples
    same, mirrored = (
        (after == images).flatten(1).all(dim=1) for images in (before, before.flip(3))
    )
    assert (same | mirrored).all()
    assert 6 <= mirrored.sum() <= 18


def test_without_tanh_images_may_leave_their_range():
    one = model(tanh=False)
    with torch.no_grad(), one.judging():
        assert one.made(drawn(one, 20)).abs().max() > 1


def test_the_papers_average_has_a_half_life_of_10000_images():
    settings = collection.preset("stylegan:paper").settings
    assert settings.ema_decay ** (10_000 / settings.batch_size) == pytest.approx(0.5)


def test_noise_is_scaled_from_0():
    one = model()
    with one.judging():
        codes = drawn(one)
        other = codes | {"noise": torch.randn_like(codes["noise"])}
        assert torch.equal(one.made(codes), one.made(other))
        for layer in one.average.layers:
            layer.noise_scale.fill_(1.0)
        assert not torch.equal(one.made(codes), one.made(other))


def test_mixed_takes_the_styles_of_some_layers():
    one = model()
    with one.judging():
        a, b = one.styled(drawn(one)), one.styled(drawn(one, seed=1))
        mixed = one.mixed(a, b, layers=thirds(6)[2])["styles"]
    assert torch.equal(mixed[:, :4], a["styles"][:, :4])
    assert torch.equal(mixed[:, 4:], b["styles"][:, 4:])


@pytest.mark.parametrize(
    ("layers", "ends"), [(6, [2, 4]), (4, [2, 2]), (14, [4, 10]), (18, [6, 12])]
)
def test_coarse_middle_and_fine_layers(layers, ends):
    coarse, middle, fine = thirds(layers)
    assert [coarse.stop, middle.stop] == ends
    assert (middle.start, fine.start, fine.stop) == (*ends, layers)


def test_the_loss_has_r1():
    one = model(r1_weight=3.0)
    real, fake = one.draw(8), one.fake(8)
    plain = discriminator_loss(one.logits(real), one.logits(fake))
    penalty = r1_penalty(one.discriminator, real.samples)
    assert penalty > 0
    torch.testing.assert_close(one.discriminator_loss(real, fake), plain + 3 * penalty)


def test_the_path_length_of_a_known_map(monkeypatch):
    """Where images are w itself and features the image, it is E[|w1 - w2|^2]."""
    one = model()
    with one.judging():
        monkeypatch.setattr(one, "made", lambda codes: codes["styles"][:, 0])
        features = type("F", (), {"features": torch.Tensor.numpy})
        monkeypatch.setattr(one.task, "features", features)
        found = one.path_length(torch.Generator().manual_seed(0))
        rng = torch.Generator().manual_seed(0)
        w1, w2 = (one.styled(one.codes(NUM_PATHS, rng))["styles"] for _ in range(2))
    expected = float((w1 - w2)[:, 0].square().sum(dim=1).mean())
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch_size": 6}, "--batch-size must be a multiple of 4"),
        ({"mixing": 1.5}, r"--mixing must be in \[0, 1\]"),
        ({"mapping_rate": 0.0}, "--mapping-rate above 0"),
        ({"mapping_depth": 0, "style_dim": 8}, "--style-dim must be --latent-dim"),
    ],
)
def test_settings_that_make_no_sense(changed, message):
    with pytest.raises(ValueError, match=message):
        model(**changed)
