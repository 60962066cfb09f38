"""What `--help` says before it lists the settings: for E-GAN, and for a model of the collection."""

from __future__ import annotations

from egan.collection import MODELS
from egan.config import CommonConfig
from egan.config.collection import CollectionConfig
from egan.config.hyperparameters import HYPERPARAMETERS, SPACE
from egan.config.space import EXPLANATION, flag
from egan.presets import PRESETS

PROG = "python -m egan.run"


def description(config: CommonConfig) -> str:
    """Return the text above the settings."""
    return _of_model(config) if isinstance(config, CollectionConfig) else EGAN


def _of_model(config: CollectionConfig) -> str:
    """Return a model's own words, and how to run it."""
    import inspect

    from egan.collection import load

    model, name = load(config.model), config.model
    evolve = f"  {PROG} {name} --evolve minimax,heuristic,least_squares\n"
    evolve = evolve if model.evolves else ""
    space = "\n".join(f"  {flag(one)} {text}" for one, text in model.space.items())
    return f"""{inspect.getdoc(inspect.getmodule(model))}

Train it, for --rounds of --interval updates; tune it while it trains, by a population of models; {
        "evolve its generator by mutations of its loss" if evolve else "show what would be run"
    }:
  {PROG} {name}
  {PROG} {name} --search pbt --population 8
{evolve}  {PROG} {name} --dry-run

Presets: {", ".join(one if one == "small" else f"{name}:{one}" for one in model.presets)}.

What --space.NAME may be:
{_indented(EXPLANATION)}

Without any --space:
{space}
"""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _default_space() -> str:
    return _indented("\n".join(f"{flag(name)} {text}" for name, text in SPACE.items()))


def _further_names() -> str:
    return ", ".join(flag(name) for name in HYPERPARAMETERS if name not in SPACE)


EGAN = f"""Evolve generators against a discriminator.

Each generation every parent makes one child per mutation (a GAN objective); the fittest children
survive, and the discriminator learns from their samples. Samples, curves, a report, checkpoints
and the weights go to a numbered folder below runs/. Ctrl-C stops with a checkpoint.

Examples:
  {PROG}                                  digits, Ray on this machine
  {PROG} gaussians25 --generations 6000 --seed 3
  {PROG} folder --data.path photos/ --data.image-size 32
  {PROG} runs/00003-digits/config.yaml --fitness.diversity-weight 0.3
  {PROG} digits --address ray://head:10001        a cluster; auto for this machine's
  {PROG} digits --executor inline                 this process alone
  {PROG} digits --dry-run                         what would be run, and where
  {PROG} --resume runs/00003-digits --generations 10000
  {PROG} --list                           models, presets, data sets, mutations, networks
  python -m egan.plot runs/00003-digits runs/00004-digits    compare runs

Search for hyperparameters: --search trains a population of whole GANs side by side. After every
round of --interval generations they are compared by their samples' distance to the data. With pbt
(or pb2, which models what paid off) the worst go on from the best ones' weights with varied
hyperparameters; random and halving never vary them. schedule.yaml is what the best one was trained
with.
  {PROG} digits --search pbt --population 8 --rounds 20 --interval 100 \\
      --space.generator-lr 1e-5,1e-2,log --space.diversity-weight 0,0.5 \\
      --space.discriminator-steps 1,2,3

What --space.NAME may be:
{_indented(EXPLANATION)}

Without any --space:
{_default_space()}

Further names: {_further_names()}.

Presets: {", ".join(PRESETS)}.
Models of the collection, each with settings of its own ({PROG} vae --help): {", ".join(MODELS)}.
The defaults below are those of the preset; give another one before --help to see its own.
"""
