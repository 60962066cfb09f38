"""What `--help` says before it lists the settings: for E-GAN, and for a model of the collection."""

from __future__ import annotations

from egan import collection
from egan.collection.search import default_space, strategies
from egan.config import RunConfig
from egan.config.options import options_of
from egan.config.space import EXPLANATION, flag
from egan.errors import PROG


def description(config: RunConfig) -> str:
    """Return the text above the settings: the paper's own words, and how to run it."""
    import inspect

    name = collection.named(config.preset)[0]
    words = inspect.getdoc(collection.home(name))
    ways = _of_egan() if name == collection.BARE else _of_paper(name)
    return f"{words}\n\n{ways}\n{_of_fitness(config)}\n{_of_spaces(config)}"


def _of_paper(name: str) -> str:
    """Return how a paper is trained, tuned and evolved."""
    evolves = collection.MODELS[name].evolves
    mutations = f"  {PROG} {name} --evolve minimax,heuristic,least_squares"
    evolve = f"{mutations}\n{mutations} --evolution.niches 4\n" if evolves else ""
    default, *others = collection.presets(name)
    presets = [default, *(f"{name}:{one}" for one in others)]
    then = "show what would be run"
    if evolve:
        then = (
            "evolve its generator by mutations of its loss,\nor have several that share the batch"
        )
    return f"""Train it, for --rounds of --interval updates; tune it while it trains; {then}:
  {PROG} {name}
  {PROG} {name} --search pbt --population 8
{evolve}  {PROG} {name} --dry-run

Presets: {", ".join(presets)}.
"""


def _of_fitness(config: RunConfig) -> str:
    """Return what fitness means, with and without evolution."""
    trained = (
        "never a model's own discriminator's: how near its samples are to the data, in fixed "
        "features, or a likelihood, or an accuracy. The report says which."
    )
    if not config.mutations:
        return f"Fitness, by which members are compared, is {trained}\n"
    return (
        "Fitness of an evolution's children is quality + diversity_weight * diversity: how far the "
        "discriminator of their generation is fooled. It ranks siblings, and is not how good "
        f"samples are. In a search it is {trained}\n"
    )


def _of_spaces(config: RunConfig) -> str:
    """Return what a search may vary."""
    space = default_space(config)
    further = ", ".join(flag(name) for name in config.kinds if name not in space)
    return f"""What --space.NAME may be:
{_indented(EXPLANATION)}

Without any --space:
{_indented(chr(10).join(f"{flag(name)} {text}" for name, text in space.items()))}

Further names: {further}.

{_of_searches()}"""


def _of_searches() -> str:
    """Return the searches, and what each of them can be told."""
    names = {
        name: ", ".join(option.replace("_", "-") for option in options_of(one)) or "none"
        for name, one in strategies().items()
    }
    width = max(map(len, names))
    rows = "\n".join(f"{name:<{width}}  {settings}" for name, settings in names.items())
    return f"""Settings of each search, as --search.NAME VALUE; {PROG} --list explains them:
{_indented(rows)}
"""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _of_egan() -> str:
    """Return how E-GAN's presets are run, and what else there is."""
    return f"""Samples, curves, a report, checkpoints and the weights go to a numbered folder below
runs/. Ctrl-C stops with a checkpoint.

Examples:
  {PROG}                                  digits, Ray on this machine
  {PROG} gaussians25 --generations 6000 --seed 3
  {PROG} folder --data.path photos/ --data.image-size 32
  {PROG} runs/00003-digits/config.yaml --evolution.diversity-weight 0.3
  {PROG} digits --evolve heuristic,hinge          other mutations; none trains without any
  {PROG} digits --evolution.niches 4              four generators share batch and discriminator
  {PROG} digits --address ray://head:10001        a cluster; auto for this machine's
  {PROG} digits --executor inline                 this process alone
  {PROG} digits --dry-run                         what would be run, and where
  {PROG} --resume runs/00003-digits --generations 10000
  {PROG} --list                           models, presets, data sets, mutations, networks
  python -m egan.plot runs/00003-digits runs/00004-digits    compare runs

Search for hyperparameters: --search trains a population of whole GANs side by side. After every
round of --interval generations they are compared by their samples' distance to the data. With pbt
the worst go on from the best ones' weights with varied hyperparameters; pb2 models what paid off;
mf_pbt, fire_pbt and ipbt look further ahead; random and halving never vary them. schedule.yaml is
what the best one was trained with.
  {PROG} digits --search pbt --population 8 --rounds 20 --interval 100 \\
      --space.generator-lr 1e-5,1e-2,log --space.diversity-weight 0,0.5 \\
      --space.discriminator-steps 1,2,3

Presets: {", ".join(collection.presets(collection.BARE))}.
Models of the collection, each with settings of its own ({PROG} vae --help): {
        ", ".join(name for name in collection.MODELS if name != collection.BARE)
    }.
The defaults below are those of the preset; give another one before --help to see its own.
"""
