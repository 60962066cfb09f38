"""A tiny E-GAN that the tests of members and environment share, and games of other forms."""

import dataclasses
from dataclasses import replace
from functools import partial
from typing import ClassVar

import torch
from torch import nn

from egan.collection.api import task_of
from egan.collection.egan import EganSettings
from egan.collection.egan.model import Egan
from egan.collection.testing import features_of
from egan.config import DataConfig, EvolutionConfig, GameSettings, RunConfig
from egan.data import load
from egan.evolution.whole import Parts, evolution_search, parts_of
from egan.judging.features import Features
from egan.networks.mlp import discriminator as mlp_discriminator
from egan.networks.mlp import generator as mlp_generator
from egan.runs.plan import plan
from egan.tasks import Generation, draw_labels
from egan.training.game import Game, Sides
from population.member import Birth
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything
from population.state import pack

THREE = ("minimax", "heuristic", "least_squares")


def tiny_config(**changes):
    """Return settings of a tiny E-GAN; a dict changes some of a section, or of the settings."""
    config = RunConfig(
        preset="gaussians8",
        data=DataConfig(name="gaussians8", hold_out=False),
        settings=EganSettings(
            network="mlp",
            width=8,
            depth=2,
            latent_dim=2,
            discriminator_width=8,
            batch_size=16,
            r1_weight=0.1,
        ),
        evolve=",".join(THREE),
        evolution=EvolutionConfig(num_samples=32, diversity_weight=0.1),
        executor="inline",
        generations=5,
    )
    for name, part in changes.items():
        value = replace(getattr(config, name), **part) if isinstance(part, dict) else part
        config = replace(config, **{name: value})
    return config


def task_for(config):
    """Return the task of a run, which judges images by features that cost nothing."""
    dataset = load(config.data.name)
    features = features_of(dataset) if dataset.kind.bounded else Features(dataset.kind.flat)
    return task_of(config, dataset, features)


def parts_for(config):
    return parts_of(config, Egan, task_for(config))


def search_for(config, **options):
    """Return the search that an evolution is, named and identified as in a run."""
    identity = plan(config).identity
    return evolution_search(parts_for(config), seed=config.seed, identity=identity, **options)


def pair(config, *, trained=0):
    """Return a member in its environment, after a few generations of training."""
    return paired(parts_for(config), trained=trained)


def paired(parts, *, trained=0):
    """Return a member of an evolution of any game in its environment, after some training."""
    seed_everything(7)
    discriminator = parts.environment()
    generator = parts.member({})
    generator.environment = discriminator
    for generation in range(1, trained + 1):
        discriminator.seeds = Seeds(0, generation, SHARED)
        newborn = generator.bear(pack(generator.state_dict()), birth("heuristic", generation))
        discriminator.update([generator.contribution()])
        assert newborn.scores["fitness"] == newborn.scores["fitness"]
    discriminator.seeds = Seeds(0, trained + 1, SHARED)
    discriminator._real_gradient = None
    return generator, discriminator


def birth(operator, generation=1, child=0, **hyperparameters):
    return Birth(
        seeds=Seeds(0, generation, child), operator=operator, hyperparameters=hyperparameters
    )


def litter(operators, generation=1):
    return [birth(operator, generation, child) for child, operator in enumerate(operators)]


def same_bits(a, b):
    return (a.buffer == b.buffer).all() and a.skeleton == b.skeleton


def flat_gradient(loss, parameters):
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters)])


class Statistics(nn.Module):
    """Layers that keep running statistics, for samples with a one-hot label behind them."""

    def __init__(self, size, *, norm):
        super().__init__()
        self.first = nn.Linear(size, 8)
        self.norm = nn.BatchNorm1d(8) if norm else nn.Identity()
        self.last = nn.Linear(8, 1)

    def forward(self, rows):
        return self.last(torch.relu(self.norm(self.first(rows)))).squeeze(1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledSettings(GameSettings):
    """Settings of a game whose discriminator may keep statistics."""

    batch_size: int = 8
    latent_dim: int = 4
    norm: bool = True
    r1_weight: float = 0.0


class LabelledGame(Game):
    """A game on digits whose discriminator is told the class, with batch norm where it is asked."""

    task_type: ClassVar = Generation
    discriminator_codes: ClassVar = ("labels",)

    def generator_network(self):
        wide = self.settings.latent_dim + self.num_classes
        return mlp_generator(self.shape, latent_dim=wide, width=8, depth=1)

    def discriminator_network(self):
        return Statistics(64 + self.num_classes, norm=self.settings.norm)

    def codes(self, count, rng):
        z = torch.randn((count, self.settings.latent_dim), generator=rng)
        return {"z": z, "labels": draw_labels(self.task.data, count, rng)}

    def generate(self, network, codes):
        return network(torch.cat([codes["z"], self._hot(codes["labels"])], dim=1))

    def discriminate(self, batch):
        rows = torch.cat([batch.samples.flatten(1), self._hot(batch.labels)], dim=1)
        return self.discriminator(rows)

    def real_penalty(self, real):
        """Return R1, weighted, as a game with labels has it."""
        if not self.settings.r1_weight:
            return None
        from egan.losses.discriminator import r1_penalty

        def asked(samples):
            return self.logits(replace(real, samples=samples))

        return self.settings.r1_weight * r1_penalty(asked, real.samples)

    def _hot(self, labels):
        return nn.functional.one_hot(labels, self.num_classes).float()


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoWaysSettings(GameSettings):
    """Settings of a game of four networks."""

    batch_size: int = 8
    latent_dim: int = 2


class TwoWays(Game):
    """Two generators make a coordinate each, and two discriminators look at one each."""

    task_type: ClassVar = Generation
    sides: ClassVar = Sides(("forward", "backward"), ("left", "right"))

    def generators(self):
        return {name: self.generator_network() for name in self.sides.members}

    def discriminators(self):
        return {name: self.discriminator_network() for name in self.sides.environment}

    def generator_network(self):
        return mlp_generator((1,), latent_dim=self.settings.latent_dim, width=8, depth=1)

    def discriminator_network(self):
        return mlp_discriminator((1,), width=8, depth=1)

    @property
    def generator(self):
        return nn.ModuleList([self.networks[name] for name in self.sides.members])

    @property
    def average(self):
        names = [f"{name}_average" for name in self.sides.members]
        return nn.ModuleList([self.networks[name].module for name in names])

    def codes(self, count, rng):
        return {"z": torch.randn((count, self.settings.latent_dim), generator=rng)}

    def generate(self, network, codes):
        return torch.cat([one(codes["z"]) for one in network], dim=1)

    def discriminate(self, batch):
        judges = [self.networks[name] for name in self.sides.environment]
        return sum(judge(batch.samples[:, i : i + 1]) for i, judge in enumerate(judges))


def parts_of_toy(game, settings, *, data, mutations=THREE, arithmetic=None, **evolution):
    """Return the parts of an evolution of a game that is registered nowhere."""
    dataset = load(data)
    features = features_of(dataset) if dataset.kind.bounded else Features(dataset.kind.flat)
    task = game.task_type(dataset, dataset, features)
    task.num_judged = 60
    build = partial(game, settings=settings, task=task, arithmetic=arithmetic)
    asked = EvolutionConfig(**{"num_samples": 16, "diversity_weight": 0.1, **evolution})
    asked.check(mutations)
    return Parts(build=build, mutations=mutations, evolution=asked, batch_size=settings.batch_size)


def labelled(*, norm=True, r1_weight=0.0, steps=1, batch_size=8, **options):
    """Return the parts of an evolution of the game with batch norm and labels."""
    settings = LabelledSettings(
        norm=norm, r1_weight=r1_weight, discriminator_steps=steps, batch_size=batch_size
    )
    return parts_of_toy(LabelledGame, settings, data="digits", **options)


def two_ways(*, batch_size=8, **options):
    """Return the parts of an evolution of the game of four networks."""
    settings = TwoWaysSettings(batch_size=batch_size)
    return parts_of_toy(TwoWays, settings, data="gaussians8", **options)


def children_of(parts, operators=None, *, fast=True, trained=1):
    """Return the children of a trained parent, by the fast path or by the plain loop."""
    operators = operators or parts.mutations
    generator, discriminator = paired(parts, trained=trained)
    parent = pack(generator.state_dict())
    births = litter(operators, trained + 1)
    with preserved_randomness():
        if fast:
            return list(generator.reproduce(parent, births))
        found = []
        for one in births:
            discriminator._real_gradient = None
            found.append(generator.bear(parent, one))
        return found
