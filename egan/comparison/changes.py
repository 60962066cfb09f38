"""What methods change of the settings that all of them start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from egan.config import DataConfig, RunConfig

Change = Callable[["RunConfig", float], "RunConfig"]
"""From settings, and the number in a method's name (0 where it has none), to its settings."""

N: Any = object()
"""Stands for that number, as a whole one."""


def as_it_is(config: RunConfig, _: float) -> RunConfig:
    """Change nothing."""
    return config


def evolving(**changed: Any) -> Change:
    """Return the change of some settings of the evolution."""

    def change(config: RunConfig, number: float) -> RunConfig:
        values: dict[str, Any] = {
            name: int(number) if value is N else value for name, value in changed.items()
        }
        return replace(config, evolution=replace(config.evolution, **values))

    return change


def unscored(**changed: Any) -> Change:
    """Return the change to children that nobody scores: as many samples as D learns from."""

    def change(config: RunConfig, number: float) -> RunConfig:
        settings: Any = config.settings
        plain = evolving(
            num_survivors=1,
            selection="comma",
            random_mutation=False,
            contest_every=1,
            bandit=False,
            diversity="none",
            num_samples=settings.discriminator_steps * settings.batch_size,
            reuse_gradient=False,
            niches=0,
            share_every=0,
            crossover=0,
            discriminators=1,
            losers_teach=False,
        )
        config = evolving(**changed)(plain(config, number), number)
        return replace(config, arithmetic=replace(config.arithmetic, vectorize=False))

    return change


def only(mutation: str) -> Change:
    """Return the change to one mutation instead of several."""
    return lambda config, _: replace(config, evolve=mutation)


def both(first: Change, second: Change) -> Change:
    """Return one change after another."""
    return lambda config, number: second(first(config, number), number)


def whole_batches(config: RunConfig, number: float) -> RunConfig:
    """Give each of so many niches a whole batch; D sees as many real samples."""
    size = config.settings.batch_size * int(number)
    return replace(config, settings=config.settings.tuned({"batch_size": size}))


def wider(config: RunConfig, number: float) -> RunConfig:
    """Multiply the generator's width."""
    return _of_width(config, round(_width(config) * number))


def narrower(config: RunConfig, _: float) -> RunConfig:
    """Give niches the widest generators that have together no more parameters than one had.

    Raises:
        ValueError: There are no niches, or nobody knows how many parameters there are.
    """
    niches, shape = config.evolution.niches, _shape(config.data)

    def size(width: int) -> int:
        return config.settings.tuned({"width": width}).sizes(shape).get("generator", 0)

    whole = size(_width(config))
    if not niches or not whole:
        raise ValueError(
            "+narrow divides one generator's parameters among niches, as in niches-4+narrow, of a "
            "paper that says how many there are."
        )
    fits = (w for w in range(_width(config), 0, -1) if niches * size(w) <= whole)
    return _of_width(config, next(fits, 1))


def _width(config: RunConfig) -> int:
    width: int | None = getattr(config.settings, "width", None)
    if width is None:
        raise ValueError(f"{config.preset} has no --width to change.")
    return width


def _of_width(config: RunConfig, width: int) -> RunConfig:
    return replace(config, settings=config.settings.tuned({"width": width}))


@lru_cache
def _shape(data: DataConfig) -> tuple[int, ...]:
    from egan.data import load

    return load(data.name, path=data.path, image_size=data.image_size, channels=data.channels).shape


def rates(config: RunConfig, number: float) -> RunConfig:
    """Multiply both learning rates."""
    settings: Any = config.settings
    names = ("generator_lr", "discriminator_lr")
    changed = {name: getattr(settings, name) * number for name in names}
    return replace(config, settings=settings.tuned(changed))
