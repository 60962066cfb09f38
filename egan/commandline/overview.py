"""What `--list` and `--dry-run` print.

Neither loads Ray; a dry run loads torch only where it cannot see without that the run will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from egan import collection
from egan.config import ArithmeticConfig, RunConfig

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.runs.plan import Plan

TORCH_BYTES = 280 * 2**20
"""What a worker takes before any network: Python, Ray and torch."""

FITNESSES = {
    "quality": "mean of D(x) over a child's samples, in (0, 1)",
    "diversity gradient": "-log of the norm of the discriminator's gradient; quality alone counts "
    "where it reaches the cap",
    "diversity pairwise": "mean distance between pairs of a child's samples",
    "diversity none": "no scoring, for a single mutation or a random one",
}
SELECTIONS = {
    "comma": "the best children survive",
    "plus": "the best of children and parents survive",
    "pareto": "the best fronts of (quality, diversity) survive",
}


def catalogue() -> str:
    """Return the models, presets, data sets, mutations, fitnesses and networks, by name."""
    from egan import data, networks
    from egan.collection.search import strategies
    from mutations.table import TABLE

    discriminators = {f"{k} (discriminator)": v for k, v in networks.DISCRIMINATORS.items()}
    generators = {f"{k} (generator)": v for k, v in networks.GENERATORS.items()}
    bare = collection.presets(collection.BARE)
    tables: dict[str, Mapping[str, str]] = {
        "Models (python -m egan.run NAME, or NAME:paper for the paper's sizes), with paper, family "
        "and task; adversarial ones also --evolve, but for those without a logit": {
            name: "; ".join([entry.paper, _family(entry), entry.task])
            for name, entry in collection.MODELS.items()
        },
        "Presets of E-GAN": {k: (v.__doc__ or "").splitlines()[0] for k, v in bare.items()},
        "Data sets (--data.name)": data.DESCRIPTIONS,
        "Mutations (--evolve), which the generator minimises; o = logit of a generated, r of a "
        "real sample": {k: entry.formula for k, entry in TABLE.items()},
        "Fitness = quality + weight * diversity (--evolution.diversity, "
        "--evolution.diversity-weight)": FITNESSES,
        "Selection (--evolution.selection)": SELECTIONS,
        "Searches for hyperparameters (--search)": {
            name: (one.__doc__ or "").splitlines()[0] for name, one in strategies().items()
        },
        **_settings_of_searches(),
        "Hyperparameters of E-GAN (--space.NAME), with what is searched if nothing is said": (
            _hyperparameters()
        ),
        "Networks of E-GAN (--network)": {
            name: entry.description for name, entry in {**generators, **discriminators}.items()
        },
    }
    return "\n\n".join(_table(title, rows) for title, rows in tables.items())


def _settings_of_searches() -> dict[str, Mapping[str, str]]:
    """Return a table of each search's own settings: default, and what it means."""
    from egan.collection.search import strategies
    from egan.config.options import flag, options_of

    return {
        f"Settings of --search {name}, with their defaults": {
            flag(key): f"{option.shown}  {option.help}" for key, option in options_of(one).items()
        }
        for name, one in strategies().items()
        if options_of(one)
    }


def _family(entry: collection.Entry) -> str:
    return f"{entry.family}, D gives {entry.critic}" if entry.critic else entry.family


def _hyperparameters() -> dict[str, str]:
    from egan.collection.search import default_space

    config = collection.preset(RunConfig.preset)
    space = default_space(config)
    return {name.replace("_", "-"): space.get(name, "") for name in config.kinds}


def overview(config: RunConfig, *, resume: Path | None = None) -> str:
    """Return what a run with these settings would be: settings, children, workers, memory, folder.

    Args:
        config: The settings.
        resume: The run that it would go on with.

    Raises:
        ValueError: The data cannot be read, or the run would be refused.
    """
    from egan.config.file import to_yaml
    from egan.runs.folder import next_path
    from egan.runs.plan import plan

    planned = plan(config)
    dataset = _outline(config)
    _check(planned, dataset)
    shape = dataset.shape
    described = f"{len(dataset):,} samples of {_times(shape)}"
    if dataset.num_classes > 1:
        described += f" in {dataset.num_classes} classes"
    rows = {
        "model": f"{planned.model}: {collection.MODELS[planned.model].paper}",
        "data": described,
        **({"left out": "; ".join(dataset.notes)} if dataset.notes else {}),
        **_guidance(planned, dataset),
        **_held(config),
        **_search(planned),
        **_children(planned),
        "where": _where(planned),
        **_memory(planned, shape),
        "looks": f"every {_counted(planned.look_every, planned.unit)} of {planned.length}",
        "folder": str(resume or next_path(config.output, planned.name)),
    }
    return f"{to_yaml(config)}\n{_table('This would be run', rows)}"


def _guidance(planned: Plan, dataset: Dataset) -> dict[str, str]:
    """Return what to expect of one's own pictures; nothing for other data."""
    from egan.runs import guidance

    if planned.config.data.name != "folder":
        return {}
    time = guidance.duration_here(planned, dataset)
    return guidance.advice(planned, dataset) | ({"time": time} if time else {})


def _counted(count: int, unit: str) -> str:
    return unit.removesuffix("s") if count == 1 else f"{count} {unit}"


def _children(planned: Plan) -> dict[str, str]:
    """Return what a generation or a round makes, and how rare contests are."""
    if not planned.config.mutations:
        return {planned.one: planned.children}
    evolution, mutations = planned.config.evolution, planned.config.mutations
    several = evolution.discriminators
    rivals = {"discriminators": f"{several}, which evolve too"} if several > 1 else {}
    if evolution.niches:
        return {"niches": _niches(planned.config), **rivals}
    kinds = "1 at random" if evolution.random_mutation else ", ".join(mutations)
    text = (
        f"{evolution.num_children(mutations)} a generation ({kinds}; {evolution.selection}), of "
        f"{evolution.num_survivors} survivor{'s' * (evolution.num_survivors > 1)}"
    )
    if evolution.crossover:
        text += f"; {evolution.crossover} more of two mutants"
    if evolution.losers_teach:
        text += "; all of them teach the discriminator"
    if not evolution.random_mutation and evolution.contest_every > 1:
        chooser = "the bandit's choice" if evolution.bandit else "the last winner's mutation"
        text += f"; a contest every {evolution.contest_every} generations, {chooser} in between"
    return {"children": text, **rivals}


def _niches(config: RunConfig) -> str:
    """Return who there is in niches: mutations, and shares of the batch."""
    from egan.config.shares import shares

    niches, mutations = config.evolution.niches, config.mutations
    dealt = ", ".join(mutations[i % len(mutations)] for i in range(niches))
    kinds = f"{', '.join(mutations)} at random" if config.evolution.random_mutation else dealt
    sizes = sorted(set(shares(config.settings.batch_size, niches)))
    return (
        f"{niches} that divide a batch of {config.settings.batch_size} ("
        f"{' or '.join(map(str, sizes))} each{_moving(config)}; {kinds}); "
        f"{config.evolution.mixture} mixture"
    )


def _moving(config: RunConfig) -> str:
    every = config.evolution.share_every
    return f" at first, moved every {every} generations" if every else ""


def _search(planned: Plan) -> dict[str, str]:
    """Return lines about members and their hyperparameters, none without a search."""
    if planned.kind != "search":
        return {}
    search = planned.config.search
    space, own = (
        ", ".join(f"{name} {text}" for name, text in texts.items())
        for texts in (search.space, search.options)
    )
    return {
        "search": f"{search.strategy}: {search.population} members, {search.rounds} rounds of "
        f"{search.interval} {planned.step}{f' ({own})' if own else ''}",
        "space": space,
    }


def _outline(config: RunConfig) -> Dataset:
    """Return the data; of a folder of images all but their pixels."""
    from egan import data
    from egan.data import folder

    settings = config.data
    if settings.name == "folder" and not settings.swap:
        path = Path(settings.path).expanduser() if settings.path else None
        return folder.outline(path=path, image_size=settings.image_size, channels=settings.channels)
    return data.load(settings.name, **settings.options)


def _held(config: RunConfig) -> dict[str, str]:
    """Return where the images of a folder are held, and what that takes; nothing for others."""
    from egan.data import MAPPED, folder

    settings = config.data
    if settings.name not in MAPPED:
        return {}
    path = Path(settings.path).expanduser() if settings.path else None
    channels = settings.channels
    listing, size = folder.listed(path, image_size=settings.image_size, channels=channels)
    count = len(listing.files)
    if not folder.is_mapped(settings.store, count, size, channels):
        return {"held": "in memory"}
    from egan.data.prepared import Recipe, is_fresh
    from egan.memory import in_bytes

    recipe = Recipe(path=str(listing.root.resolve()), image_size=size, channels=channels)
    state = "which is there already" if is_fresh(recipe, listing) else "which is prepared once"
    taken = in_bytes(recipe.num_bytes(count))
    return {"held": f"mapped from {recipe.place}, {state}; it takes up to {taken}"}


def _check(planned: Plan, dataset: Dataset) -> None:
    """See what the run itself would: that machine, data and networks fit each other.

    The sizes of networks are known without torch only of those that fit.
    """
    from egan.data.splits import parted
    from egan.memory import require

    config = planned.config
    learned, _ = parted(dataset, hold_out=config.data.hold_out)
    sizes = config.settings.sizes(learned.shape)
    known = {"generator", "discriminator"} <= set(sizes)
    plain = config.arithmetic == ArithmeticConfig() and not config.evolution.reuse_gradient
    if known and plain and config.features is None and config.device == "cpu":
        require(12 * sum(sizes.values()), "the networks", mend="Give smaller ones.")
        return
    from egan.runs.preparation import check

    check(planned, dataset)


def _where(planned: Plan) -> str:
    if planned.in_process:
        return "in this process"
    address = planned.config.address
    place = "on this machine" if address is None else f"on the cluster {address}"
    actors = "actor" if planned.num_workers == 1 else "actors"
    home = ", and one for the discriminator" if planned.has_environment else ""
    return f"{planned.num_workers} Ray {actors} {place}{home}"


def _memory(planned: Plan, shape: tuple[int, ...]) -> dict[str, str]:
    """Estimate a worker's memory: torch, and the copies of both networks; activations excluded."""
    sizes = planned.config.settings.sizes(shape)
    if {"generator", "discriminator"} - set(sizes):
        return {}
    # weights, average and two moments, once live and once per child, and a gradient per mutation
    copies = 4 + 5 * max(1, len(planned.config.mutations))
    rivals = planned.config.evolution.discriminators
    num_bytes = 4 * (sizes["generator"] * copies + sizes["discriminator"] * 6 * rivals)
    text = (
        f"about {(TORCH_BYTES + num_bytes) / 2**20:,.0f} MiB a worker, {num_bytes / 2**20:,.1f} of "
        f"it for the networks (generator {sizes['generator']:,} parameters, discriminator "
        f"{sizes['discriminator']:,})"
    )
    return {"memory": text}


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} coordinates"


def _table(title: str, rows: Mapping[str, str]) -> str:
    width = max(map(len, rows))
    return "\n".join([f"{title}:", *(f"  {k:<{width}}  {v}" for k, v in rows.items())])
