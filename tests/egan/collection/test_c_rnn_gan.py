"""C-RNN-GAN: who is told what at a tick, who waits, and what G minimises."""

import numpy as np
import pytest
import torch

from egan.collection import testing as checks
from egan.collection.c_rnn_gan import Listener, Player, side_ahead
from egan.data.dataset import Dataset


def built(**settings):
    rng = np.random.default_rng(0)
    notes = np.stack(
        [rng.integers(*ends, (24, 6)) for ends in ((1, 97), (48, 85), (1, 128), (0, 9))], axis=-1
    )
    model = checks.built(checks.tiny("c_rnn_gan", Dataset("few", notes.astype(np.int16))), settings)
    model.training(True)
    model.rng.manual_seed(0)
    return model


def test_a_tick_is_told_its_noise_and_the_last_tone():
    torch.manual_seed(0)
    player = Player(2, 4, width=3)
    z = torch.rand(1, 5, 2)
    tones = player(z)
    below = above = None
    last = torch.zeros(1, 4)
    for t in range(5):
        below = player.first(torch.cat([z[:, t], last], dim=1), below)
        above = player.second(below[0], above)
        last = torch.tanh(player.head(above[0]))
        torch.testing.assert_close(tones[:, t], last)


def test_no_tone_depends_on_later_noise():
    player, z = Player(2, 4, width=3), torch.rand(1, 5, 2)
    other = z.clone()
    other[:, 3:] += 1
    one, two = player(z), player(other)
    assert torch.equal(one[:, :3], two[:, :3])
    assert not torch.equal(one[:, 3], two[:, 3])


def test_the_listener_hears_both_directions_and_takes_the_mean():
    listener, melody = Listener(4, width=3), torch.rand(2, 5, 4)
    states = listener.lstm(melody)[0]
    torch.testing.assert_close(listener(melody), listener.head(states).mean(dim=1)[:, 0])
    changed = melody.clone()
    changed[:, -1] += 1
    assert not torch.equal(listener.lstm(changed)[0][:, 0], states[:, 0])


@pytest.mark.parametrize(
    ("discriminator", "generator", "below", "waits"),
    [
        (0.5, 1.0, 2.0, "discriminator"),
        (1.0, 0.5, 2.0, "generator"),
        (1.0, 1.2, 2.0, None),
        (1.2, 1.0, 2.0, None),
        (0.5, 5.0, 2.0, "discriminator"),
        (2.5, 5.0, 2.0, None),
        (0.5, 5.0, 0.0, None),
    ],
)
def test_who_is_far_ahead_waits(discriminator, generator, below, waits):
    assert side_ahead(discriminator, generator, below=below) == waits


@pytest.mark.parametrize("waits", ["discriminator", "generator", None])
def test_who_waits_does_not_move(waits, monkeypatch):
    monkeypatch.setattr("egan.collection.c_rnn_gan.side_ahead", lambda *_, **__: waits)
    model = built()
    before = {
        name: model.networks[name].head.weight.clone() for name in ("generator", "discriminator")
    }
    model.update()
    moved = {n: not torch.equal(model.networks[n].head.weight, w) for n, w in before.items()}
    assert moved == {n: n != waits for n in moved}


def test_features_are_matched_in_the_adversarial_terms_place():
    model = built(feature_matching=True)
    fake, real = model.fake(4), model.draw(4)
    assert model.objective() is None
    gap = model.discriminator.hear(fake.samples).mean(0) - model.discriminator.hear(
        real.samples
    ).mean(0)
    [loss] = model.generator_losses(fake, real, [None])
    torch.testing.assert_close(loss, gap.square().sum())


def test_squares_of_weights_are_in_both_losses():
    plain, heavy = built(), built(l2_weight=2.0)
    heavy.load_state_dict(plain.state_dict())
    fake, real = plain.fake(4), plain.draw(4)
    for network, losses in {
        "discriminator": [m.discriminator_loss(real, fake) for m in (plain, heavy)],
        "generator": [m.generator_losses(fake, real, [m.objective()])[0] for m in (plain, heavy)],
    }.items():
        weights = [p.flatten() for p in plain.networks[network].parameters() if p.ndim > 1]
        expected = 2.0 * torch.cat(weights).square().mean()
        if network == "generator":  # without its own graph of the first pass
            losses[1] = heavy.generator_losses(fake, real, [heavy.objective()])[0]
        torch.testing.assert_close(losses[1] - losses[0], expected)


def test_a_melody_that_is_heard_stands_in_the_place_of_tones_of_its_own():
    torch.manual_seed(0)
    player, z, heard = Player(2, 4, width=3), torch.rand(1, 5, 2), torch.rand(1, 5, 4)
    said, below, above = player(z, heard), None, None
    last = torch.zeros(1, 4)
    for t in range(5):
        below = player.first(torch.cat([z[:, t], last], dim=1), below)
        above = player.second(below[0], above)
        torch.testing.assert_close(said[:, t], torch.tanh(player.head(above[0])))
        last = heard[:, t]


def test_at_first_the_generator_alone_learns_to_predict():
    model = built(pretrain_updates=1, generator_lr=1e-2)
    others = [p.clone() for p in model.discriminator.parameters()]
    real = model.draw()
    with torch.no_grad():
        before = model.surprise(real)
    model.update()
    assert all(map(torch.equal, others, model.discriminator.parameters()))
    with torch.no_grad():
        assert model.surprise(real) < before
    model.updates = 1
    model.update()
    assert not all(map(torch.equal, others, model.discriminator.parameters()))
