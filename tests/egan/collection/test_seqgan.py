"""SeqGAN: its estimator against all sequences of a tiny language, its roll-outs, its phases."""

import itertools

import numpy as np
import pytest
import torch

from egan.collection import testing as checks
from egan.collection.seqgan import SeqGanSettings
from egan.collection.seqgan.model import (
    SeqGan,
    entropy_of,
    follow,
    log_of,
    others_mean,
    policy_loss,
    rollouts,
)
from egan.collection.seqgan.networks import Reader, Speaker
from egan.data.dataset import Dataset

VOCABULARY, LENGTH = 3, 3
EVERY = torch.tensor(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def speaker():
    torch.manual_seed(0)
    made = Speaker(VOCABULARY, embedding=4, width=5).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return made


def probabilities(speaker):
    return log_of(speaker(EVERY), EVERY).sum(dim=1).exp()


def worth():
    """Return a reward of each sequence, in [0, 1]."""
    return torch.rand(len(EVERY), generator=rng(3), dtype=torch.float64)


def exact_rewards(speaker):
    """Return Q (27, T): the expected reward of each beginning, under the speaker itself."""
    p, r = probabilities(speaker).detach(), worth()
    columns = []
    for t in range(1, LENGTH + 1):
        alike = (EVERY[:, None, :t] == EVERY[None, :, :t]).all(dim=2).double()
        columns.append((alike * p * r).sum(dim=1) / (alike * p).sum(dim=1))
    return torch.stack(columns, dim=1)


def gradient(loss, speaker):
    found = torch.autograd.grad(loss, list(speaker.parameters()), allow_unused=True)
    return torch.cat([one.flatten() for one in found if one is not None])


def true_gradient(speaker):
    return gradient((probabilities(speaker) * worth()).sum(), speaker)


def test_all_sequences_sum_to_one(speaker):
    assert float(probabilities(speaker).detach().sum()) == pytest.approx(1, abs=1e-12)


def test_saying_step_by_step_is_the_same_law(speaker):
    last, state = speaker.start(len(EVERY))
    nats = 0
    for now in EVERY.T:
        logits, state = speaker.step(last, state)
        nats = nats + logits.log_softmax(dim=1).gather(1, now[:, None])[:, 0]
        last = now
    torch.testing.assert_close(nats.exp(), probabilities(speaker))


def test_the_policy_gradient_is_that_of_the_expected_reward(speaker):
    """Enumerated: E[sum_t grad log p(y_t) Q_t] = grad E[R], to 1e-10."""
    p, q = probabilities(speaker).detach(), exact_rewards(speaker)
    losses = [
        policy_loss(speaker(y[None]), y[None], one[None]) for y, one in zip(EVERY, q, strict=True)
    ]
    mean = sum(share * loss for share, loss in zip(p, losses, strict=True))
    torch.testing.assert_close(-gradient(mean, speaker), true_gradient(speaker), atol=1e-10, rtol=0)


@pytest.mark.parametrize("others", [True, False])
def test_the_mean_of_the_other_rows_leaves_it_unbiased(speaker, others):
    """Enumerated over all pairs: the mean of the others is no bias, that of all rows is one."""
    p, q = probabilities(speaker).detach(), exact_rewards(speaker)
    logits, mean = speaker(EVERY), 0.0
    for i, j in itertools.product(range(len(EVERY)), repeat=2):
        pair = q[[i, j]]
        baseline = others_mean(pair) if others else pair.mean(dim=0)
        loss = policy_loss(logits[[i, j]], EVERY[[i, j]], pair - baseline)
        mean = mean + p[i] * p[j] * loss
    error = (-gradient(mean, speaker) - true_gradient(speaker)).abs().max()
    assert error < 1e-10 if others else error > 1e-4


def test_rollouts_keep_what_was_said_and_follow_the_policy(speaker):
    count = 4000
    said = EVERY[[5, 21]]
    with torch.no_grad():
        rests = rollouts(speaker, said, count, rng())
    assert [one.shape for one in rests] == [(2 * count, LENGTH)] * (LENGTH - 1)
    p = probabilities(speaker).detach()
    for t, one in enumerate(rests, start=1):
        both = one.view(count, 2, LENGTH)
        assert torch.equal(both[:, :, :t], said[:, :t].expand(count, 2, t))
        for i in range(2):
            alike = (EVERY[:, :t] == said[i, :t]).all(dim=1)
            expected = torch.where(alike, p, 0) / p[alike].sum()
            shares = (both[:, i, None] == EVERY).all(dim=2).double().mean(dim=0)
            torch.testing.assert_close(shares, expected, atol=0.035, rtol=0)


def test_the_mean_over_rollouts_is_what_a_beginning_is_worth(speaker):
    """Its error shrinks as that of an unbiased estimate: 4 standard errors at most."""
    count, said, r = 20_000, EVERY[[7]], worth()
    with torch.no_grad():
        rests = rollouts(speaker, said, count, rng(1))
    q = exact_rewards(speaker)[7]
    for t, one in enumerate(rests):
        rewards = r[(one @ torch.tensor([9, 3, 1]))]
        assert abs(float(rewards.mean() - q[t])) < 4 * float(rewards.std()) / count**0.5


def test_the_copy_follows_slowly_but_for_its_embeddings():
    one, leader = (Speaker(3, embedding=2, width=2) for _ in range(2))
    before = one.head.weight.detach().clone()
    follow(one, leader, 0.8)
    torch.testing.assert_close(one.head.weight, 0.8 * before + 0.2 * leader.head.weight)
    assert torch.equal(one.embedding.weight, leader.embedding.weight)


def test_entropy_is_highest_where_all_is_possible():
    assert float(entropy_of(torch.zeros(2, 3, 8))) == pytest.approx(np.log(8))
    assert float(entropy_of(100 * torch.eye(8)[:6].view(2, 3, 8))) == pytest.approx(0, abs=1e-6)


def moved(model, name):
    before = [p.detach().clone() for p in model.networks[name].parameters()]

    def did():
        return any(
            not torch.equal(a, b)
            for a, b in zip(before, model.networks[name].parameters(), strict=True)
        )

    return did


def test_phases_follow_each_other():
    settings = {"pretrain_updates": 2, "discriminator_updates": 1, "discriminator_steps": 1}
    model = checks.built(checks.tiny("seqgan"), settings)
    model.training(True)
    model.rng.manual_seed(0)
    changed, rates = [], []
    for _ in range(4):
        generator, discriminator = (moved(model, one) for one in ("generator", "discriminator"))
        model.update()
        model.updates += 1
        changed.append((generator(), discriminator()))
        rates.append(model.optimizers["generator"].param_groups[0]["lr"])
    assert changed == [(True, False), (True, False), (False, True), (True, True)]
    s = model.settings
    assert rates == [s.lr, s.lr, s.generator_lr, s.generator_lr]


def test_the_rollout_policy_is_the_generator_until_rewards_come():
    model = checks.built(checks.tiny("seqgan"), {"pretrain_updates": 2})
    model.training(True)
    model.update()
    for one, other in zip(model.rollout.parameters(), model.generator.parameters(), strict=True):
        assert torch.equal(one, other)


def test_rewards_are_the_readers_word_on_what_may_become():
    """Of a reader that looks for one token: 1 where it was said, less before."""
    torch.manual_seed(0)
    data = Dataset("tiny", EVERY.numpy().repeat(2, axis=0), vocabulary=VOCABULARY)
    model = checks.built(checks.tiny("seqgan", data), {"rollouts": 500})

    class Seeker(torch.nn.Module):
        def forward(self, tokens):
            return 50.0 * (2 * (tokens == 2).any(dim=1).float() - 1)

    model.discriminator = Seeker()
    said = torch.tensor([[0, 1, 2], [2, 0, 0], [0, 0, 0]])
    q = model.rewards(said)
    torch.testing.assert_close(q[:, -1], torch.tensor([1.0, 1, 0]))
    assert q[1].tolist() == [1.0, 1, 1]
    assert 0 < q[2, 1] < q[2, 0] < 1


def test_temperature_changes_samples_and_what_is_said_of_them():
    model = checks.built(checks.tiny("seqgan"))
    tokens = model.task.data.real(5)
    with model.judging():
        warm = model.samples(300, rng())
        model.configure({"temperature": 0.05})
        cold = model.samples(300, rng())
        nats = model.log_density(tokens, rng())
        torch.testing.assert_close(nats, log_of(model.generator(tokens) / 0.05, tokens).sum(dim=1))
    assert len(cold.unique()) < len(warm.unique())


def test_the_paper_reads_windows_of_twelve_lengths():
    reader = Reader(9, 20, windows="paper", embedding=4, filters=100, dropout=0.0)
    sizes = {one.kernel_size[0]: one.out_channels for one in reader.filters}
    wide = dict.fromkeys(range(2, 6), 200)
    assert sizes == {1: 100, **wide, **dict.fromkeys(range(6, 11), 100), 15: 160, 20: 160}
    short = Reader(9, 4, windows="paper", embedding=4, filters=100, dropout=0.0)
    assert short(torch.zeros(2, 4, dtype=torch.int64)).shape == (2,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dropout": 1.0}, "--dropout"),
        ({"temperature": 0.0}, "--temperature"),
        ({"policy_batch_size": 1}, "--policy-batch-size must be 2 or more"),
        ({"rollouts": 0}, "--rollouts"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        SeqGanSettings().tuned(settings)


def test_likelihood_alone_learns_a_language():
    tokens = np.tile([0, 1, 2, 1], (60, 2))
    data = Dataset("tiny", tokens, vocabulary=3)
    model = checks.built(checks.tiny("seqgan", data), {"pretrain_updates": 150, "lr": 0.03})
    assert isinstance(model, SeqGan)
    model.rng.manual_seed(0)
    for _ in range(150):
        model.update()
        model.updates += 1
    assert float(model.log_density(model.task.data.real(1), rng()).detach().exp()) > 0.7
