"""What `--list` and `--dry-run` print; neither loads torch or Ray."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from egan.config import CommonConfig, RunConfig
from egan.config.collection import CollectionConfig

TORCH_BYTES = 280 * 2**20
"""What a worker takes before any network: Python, Ray and torch."""

FITNESSES = {
    "quality": "mean of D(x) over a child's samples, in (0, 1)",
    "diversity gradient": "-log of the norm of the discriminator's gradient, capped",
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
    from egan import collection, data, networks
    from egan.config.hyperparameters import HYPERPARAMETERS, SPACE
    from egan.presets import PRESETS
    from egan.runs.models import searches
    from mutations.table import TABLE

    discriminators = {f"{k} (discriminator)": v for k, v in networks.DISCRIMINATORS.items()}
    generators = {f"{k} (generator)": v for k, v in networks.GENERATORS.items()}
    tables: dict[str, Mapping[str, str]] = {
        "Models (python -m egan.run NAME, or NAME:paper for the paper's sizes), with paper, family "
        "and task; adversarial ones also --evolve": {
            name: f"{entry.paper}; {entry.family}; {entry.task}"
            for name, entry in collection.MODELS.items()
        },
        "Presets of E-GAN": {k: (v.__doc__ or "").splitlines()[0] for k, v in PRESETS.items()},
        "Data sets (--data.name)": data.DESCRIPTIONS,
        "Mutations (--evolution.mutations), which the generator minimises; o = logit of a "
        "generated, r of a real sample": {k: entry.formula for k, entry in TABLE.items()},
        "Fitness = quality + weight * diversity (--fitness.diversity, "
        "--fitness.diversity-weight)": FITNESSES,
        "Selection (--evolution.selection)": SELECTIONS,
        "Searches for hyperparameters (--search)": {
            name: (one.__doc__ or "").splitlines()[0] for name, one in searches().items()
        },
        "Hyperparameters (--space.NAME), with what is searched if nothing is said": {
            name.replace("_", "-"): SPACE.get(name, "") for name in HYPERPARAMETERS
        },
        "Networks (--generator.network, --discriminator.network)": {
            name: entry.description for name, entry in {**generators, **discriminators}.items()
        },
    }
    return "\n\n".join(_table(title, rows) for title, rows in tables.items())


def plan(config: CommonConfig) -> str:
    """Return what a run with these settings would be: settings, children, workers, memory, folder.

    Raises:
        ValueError: The data cannot be read.
    """
    from egan.config.file import to_yaml
    from egan.runs.folder import next_path

    shape, described = _data(config)
    rows = {
        "data": described,
        **_search(config),
        **_children(config),
        "where": _where(config),
        **({"memory": _memory(config, shape)} if isinstance(config, RunConfig) else {}),
        "looks": f"every {_counted(config.interval, config.unit)} of {config.length}",
        "folder": str(next_path(Path(config.output), config.name)),
    }
    return f"{to_yaml(config)}\n{_table('This would be run', rows)}"


def _counted(count: int, unit: str) -> str:
    return unit.removesuffix("s") if count == 1 else f"{count} {unit}"


def _children(config: CommonConfig) -> dict[str, str]:
    """Return what a generation or a round makes, and how rare contests are."""
    if isinstance(config, CollectionConfig):
        mutations = f" ({config.evolve})" if config.evolves else ""
        return {"model": config.preset, config.unit.removesuffix("s"): config.children + mutations}
    assert isinstance(config, RunConfig)
    evolution = config.evolution
    kinds = "1 at random" if evolution.random_mutation else ", ".join(evolution.mutations)
    text = (
        f"{config.num_children} a generation ({kinds}; {evolution.selection}), of "
        f"{evolution.num_survivors} survivor{'s' * (evolution.num_survivors > 1)}"
    )
    if not evolution.random_mutation and evolution.contest_every > 1:
        chooser = "the bandit's choice" if evolution.bandit else "the last winner's mutation"
        text += f"; a contest every {evolution.contest_every} generations, {chooser} in between"
    return {"children": text}


def _search(config: CommonConfig) -> dict[str, str]:
    """Return lines about members and their hyperparameters, none without a search."""
    search = config.search
    if not config.is_search:
        return {}
    space = ", ".join(f"{name} {text}" for name, text in search.space.items())
    return {
        "search": f"{search.strategy}: {search.population} members, {search.rounds} rounds of "
        f"{search.interval} {'updates' if isinstance(config, CollectionConfig) else 'generations'}",
        "space": space,
    }


def _data(config: CommonConfig) -> tuple[tuple[int, ...], str]:
    """Return the shape of a sample and a line about the data; of a folder, only names are read."""
    from egan import data

    settings = config.data
    if settings.name != "folder":
        dataset = data.load(
            settings.name,
            path=settings.path,
            image_size=settings.image_size,
            channels=settings.channels,
        )
        return dataset.shape, f"{len(dataset):,} samples of {_times(dataset.shape)}"
    from egan.data.folder import list_images
    from egan.data.images import check_channels, check_image_size, check_path

    check_channels(settings.channels)
    path = check_path(Path(settings.path) if settings.path else None, name="folder", folder=True)
    check_image_size(settings.image_size, needed="images of a folder are resized to one size")
    shape = (settings.channels or 3, settings.image_size or 0, settings.image_size or 0)
    return shape, f"{len(list_images(path)):,} image files, to be resized to {_times(shape)}"


def _where(config: CommonConfig) -> str:
    if config.in_process:
        return "in this process"
    place = "on this machine" if config.address is None else f"on the cluster {config.address}"
    actors = "actor" if config.num_workers == 1 else "actors"
    home = "" if not config.evolves else ", and one for the discriminator"
    return f"{config.num_workers} Ray {actors} {place}{home}"


def _memory(config: RunConfig, shape: tuple[int, ...]) -> str:
    """Estimate a worker's memory: torch, and the copies of both networks; activations excluded."""
    from egan.networks.sizes import discriminator_size, generator_size

    generator, discriminator = config.generator, config.discriminator
    sizes = (
        generator_size(
            generator.network,
            shape,
            latent_dim=generator.latent_dim,
            width=generator.width,
            depth=generator.depth,
            norm=generator.norm,
        ),
        discriminator_size(
            discriminator.network,
            shape,
            width=discriminator.width,
            depth=discriminator.depth,
            norm=discriminator.norm,
        ),
    )
    if None in sizes:
        return "unknown for these networks"
    # weights, average and two moments, once live and once per child, and a gradient per mutation
    copies = 4 + 5 * max(1, len(config.evolution.mutations))
    num_bytes = 4 * ((sizes[0] or 0) * copies + (sizes[1] or 0) * 6)
    return (
        f"about {(TORCH_BYTES + num_bytes) / 2**20:,.0f} MiB a worker, {num_bytes / 2**20:,.1f} of "
        f"it for the networks (generator {sizes[0]:,} parameters, discriminator {sizes[1]:,})"
    )


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} coordinates"


def _table(title: str, rows: Mapping[str, str]) -> str:
    width = max(map(len, rows))
    return "\n".join([f"{title}:", *(f"  {k:<{width}}  {v}" for k, v in rows.items())])
