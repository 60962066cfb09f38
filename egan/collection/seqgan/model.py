"""SeqGAN: a policy that says tokens, rewarded by a discriminator's word on whole sequences."""

from __future__ import annotations

import copy
from typing import ClassVar

import torch
from torch import Tensor, nn

from egan.collection.seqgan import PRESETS, SOURCES, SeqGanSettings
from egan.collection.seqgan.networks import Reader, Speaker, State
from egan.data.kinds import Tokens
from egan.losses.discriminator import fake_loss, real_loss
from egan.tasks import Sequences
from egan.training.gradients import clipped
from egan.training.model import BATCH, Model

CLIP = 5.0


class SeqGan(Model):
    """A generator of tokens against a reader of sequences, after maximum likelihood."""

    task_type: ClassVar = Sequences
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    learning: ClassVar = {"generator": "generator_lr", "discriminator": "discriminator_lr"}
    live: ClassVar = {"dropout": (nn.Dropout, "p")}
    tiny: ClassVar = {
        "width": 4,
        "embedding": 3,
        "reader_embedding": 3,
        "filters": 2,
        "batch_size": 4,
        "policy_batch_size": 4,
        "pretrain_updates": 0,
        "discriminator_updates": 0,
        "discriminator_steps": 1,
        "rollouts": 2,
    }
    settings: SeqGanSettings

    def build(self) -> dict[str, nn.Module]:
        """Build G, the policy that says what rests there may be, and D."""
        s, kind = self.settings, self.task.data.kind
        assert isinstance(kind, Tokens)
        self.generator = Speaker(kind.vocabulary, embedding=s.embedding, width=s.width)
        self.rollout = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = Reader(
            kind.vocabulary,
            self.shape[0],
            windows=s.windows,
            embedding=s.reader_embedding,
            filters=s.filters,
            dropout=s.dropout,
        )
        return {
            "generator": self.generator,
            "rollout": self.rollout,
            "discriminator": self.discriminator,
        }

    @property
    def num_before(self) -> int:
        """How many updates come before the policy gradient."""
        return self.settings.pretrain_updates + self.settings.discriminator_updates

    @property
    def phase(self) -> str:
        """What the coming update is: "likelihood", "reading" or "policy"."""
        if self.updates < self.settings.pretrain_updates:
            return "likelihood"
        return "reading" if self.updates < self.num_before else "policy"

    def learning_rate(self, network: str) -> float:
        """Return a network's rate: G has one of its own for maximum likelihood."""
        if network == "generator" and self.phase == "likelihood":
            return self.settings.lr
        return super().learning_rate(network)

    def update(self) -> None:
        """Train once, by what the phase asks."""
        self.apply_settings()
        if self.phase == "likelihood":
            self.learn_likelihood()
        elif self.phase == "reading":
            self.learn_reading()
        else:
            if self.updates == self.num_before:
                # Adam's moments are of likelihood's gradients, which are far longer
                self.optimizers["generator"].state.clear()
            self.learn_policy()
            for _ in range(self.settings.discriminator_steps):
                self.learn_reading()

    def learn_likelihood(self) -> None:
        """Descend −log G(y) of a token; the roll-out policy is G meanwhile."""
        tokens = self.draw().samples
        self._descend(-self.log_likelihood(tokens).mean() / tokens.shape[1])
        self.rollout.load_state_dict(self.generator.state_dict())

    def learn_reading(self) -> None:
        """Take a step of D, on real sequences and on as many that are said."""
        real = self.draw().samples
        fake = self.said(len(real), self.rng)
        loss = real_loss(self.discriminator(real)) + fake_loss(self.discriminator(fake))
        decay = self.discriminator.head.weight.square().sum() / 2
        self.descend(loss + self.settings.weight_decay * decay, "discriminator")

    def learn_policy(self) -> None:
        """Take a step of G along the policy gradient; the roll-out policy follows."""
        tokens = self.said(self.settings.policy_batch_size, self.rng)
        rewards = self.rewards(tokens)
        logits = self.generator(tokens)
        loss = policy_loss(logits, tokens, rewards - others_mean(rewards))
        if self.settings.entropy:
            loss = loss - self.settings.entropy * entropy_of(logits)
        self._descend(loss)
        follow(self.rollout, self.generator, self.settings.rollout_decay)

    def _descend(self, loss: Tensor) -> None:
        self.follow(clipped(self.gradient(loss, "generator"), CLIP), "generator")

    def log_likelihood(self, tokens: Tensor) -> Tensor:
        """Return log G(y) of sequences (N, T), in nats, (N,)."""
        return log_of(self.generator(tokens), tokens).sum(dim=1)

    def log_density(self, tokens: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002 - exact
        """Return log p of sequences (N, T), in nats, (N,), at the temperature of samples."""
        parts = torch.split(tokens.to(self.device), BATCH)
        t = self.settings.temperature
        return torch.cat([log_of(self.generator(p) / t, p).sum(dim=1).cpu() for p in parts])

    @torch.no_grad()
    def said(self, count: int, rng: torch.Generator, *, temperature: float = 1.0) -> Tensor:
        """Have G say sequences (count, T)."""
        last, state = self.generator.start(count)
        tokens = []
        for _ in range(self.shape[0]):
            logits, state = self.generator.step(last, state)
            last = drawn(logits / temperature, rng)
            tokens.append(last)
        return torch.stack(tokens, dim=1)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Say sequences (count, T) at the temperature of the settings."""
        return self.said(count, rng, temperature=self.settings.temperature)

    @torch.no_grad()
    def rewards(self, tokens: Tensor) -> Tensor:
        """Return Q (N, T) of each token of sequences (N, T): D's word on what may become of it."""
        self.discriminator.eval()
        rests = rollouts(self.rollout, tokens, self.settings.rollouts, self.rng)
        before = [self._word(one).view(self.settings.rollouts, -1).mean(dim=0) for one in rests]
        rewards = torch.stack([*before, self._word(tokens)], dim=1)
        self.discriminator.train()
        return rewards

    def _word(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.discriminator(tokens)
        return logits.sigmoid()


def log_of(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return log p (N, T) of tokens (N, T) under logits (N, T, V)."""
    return logits.log_softmax(dim=2).gather(2, tokens[:, :, None])[:, :, 0]


def drawn(logits: Tensor, rng: torch.Generator) -> Tensor:
    """Draw a token for each row of logits (N, V), (N,)."""
    sums = logits.softmax(dim=1).cumsum(dim=1)
    wanted = torch.rand(len(logits), 1, generator=rng).to(logits) * sums[:, -1:]
    return (sums <= wanted).sum(dim=1).clamp(max=logits.shape[1] - 1)


def policy_loss(logits: Tensor, tokens: Tensor, advantages: Tensor) -> Tensor:
    """Return what has minus the policy gradient: −mean_n Σ_t log p(y_t) A_t.

    Args:
        logits: Of each token (N, T, V), told those before it.
        tokens: What was said (N, T), by the policy itself.
        advantages: Q_t less its baseline (N, T); constants.
    """
    return -(log_of(logits, tokens) * advantages).sum(dim=1).mean()


def others_mean(rewards: Tensor) -> Tensor:
    """Return for each of rewards (N, T) the mean of the other rows: no function of its own row.

    So that E[∇ log p · b] = 0: the gradient's expectation does not depend on it.
    """
    return (rewards.sum(dim=0) - rewards) / (len(rewards) - 1)


def entropy_of(logits: Tensor) -> Tensor:
    """Return the entropy of what may be said next, in nats of a token, of logits (N, T, V)."""
    nats = logits.log_softmax(dim=2)
    return -(nats.exp() * nats).sum(dim=2).mean()


def rollouts(policy: Speaker, tokens: Tensor, count: int, rng: torch.Generator) -> list[Tensor]:
    """Say rests of each part of sequences (N, T): for t = 1 ... T - 1 (count N, T).

    All rests that are open go on together, so that there are T steps and not T (T - 1) / 2.

    Args:
        policy: Who says them.
        tokens: Sequences, of which the first t are kept.
        count: Rests of each part; its n-th of sequence i is in row n N + i.
        rng: Where the draws come from.
    """
    length = tokens.shape[1]
    last, state = policy.start(len(tokens))
    logits, state = policy.step(last, state)
    open_state: State | None = None
    rests = tokens.new_zeros(0, length)
    for t in range(1, length):
        logits, state = policy.step(tokens[:, t - 1], state)
        begun = tokens.repeat(count, 1)
        open_logits = logits.repeat(count, 1)
        fresh = tuple(part.repeat(count, 1) for part in state)
        if open_state is not None:
            said, open_state = policy.step(rests[:, t - 1], open_state)
            open_logits = torch.cat([said, open_logits])
            fresh = tuple(torch.cat(pair) for pair in zip(open_state, fresh, strict=True))
        rests, open_state = torch.cat([rests, begun]), (fresh[0], fresh[1])
        rests[:, t] = drawn(open_logits, rng)
    return list(torch.split(rests, count * len(tokens)))


def follow(network: nn.Module, leader: nn.Module, decay: float) -> None:
    """Move a network's numbers towards another's: φ ← decay φ + (1 − decay) θ; embeddings whole."""
    with torch.no_grad():
        for (name, one), other in zip(network.named_parameters(), leader.parameters(), strict=True):
            one.lerp_(other, 1.0 if name.startswith("embedding") else 1.0 - decay)
