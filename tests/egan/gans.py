"""A tiny E-GAN that the tests of members and environment share."""

from dataclasses import replace

import torch

from egan.config import (
    DataConfig,
    DiscriminatorConfig,
    EvolutionConfig,
    FitnessConfig,
    GeneratorConfig,
    RunConfig,
)
from egan.data import load
from egan.evolution.discriminator import Discriminator
from egan.evolution.generator import Generator
from population.member import Birth
from population.seeding import SHARED, Seeds, seed_everything
from population.state import pack

THREE = ("minimax", "heuristic", "least_squares")


def tiny_config(**changes):
    config = RunConfig(
        data=DataConfig(name="gaussians8"),
        generator=GeneratorConfig(network="mlp", width=8, depth=1, latent_dim=2),
        discriminator=DiscriminatorConfig(network="mlp", width=8, depth=2, r1_weight=0.1),
        evolution=EvolutionConfig(batch_size=16),
        fitness=FitnessConfig(num_samples=32, diversity_weight=0.1),
        executor="inline",
        generations=5,
    )
    for name, part in changes.items():
        value = replace(getattr(config, name), **part) if isinstance(part, dict) else part
        config = replace(config, **{name: value})
    return config


def pair(config, *, trained=0):
    """Return a member in its environment, after a few generations of training."""
    dataset = load(config.data.name)
    seed_everything(7)
    discriminator = Discriminator(config=config, dataset=dataset)
    generator = Generator({}, config=config, shape=dataset.shape)
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
