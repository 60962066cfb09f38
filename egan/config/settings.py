"""A paper's own settings: what its file's dataclass extends. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from egan.lazy import lookup

Kind = type[int] | type[float] | type[str] | type[bool]
"""What a setting is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What every paper has; each extends it, with a line of help per field.

    A field is an int, a float, a bool, a str or a `Literal` of texts, so that a search may vary
    it. `check` holds for all of them: whole numbers are at least 1 and others at least 0, a
    `...lr` is above 0, a `beta...` and a `...decay` is below 1.

    Attributes:
        STRUCTURAL: Fields that change shapes. A search fixes them at a member's birth.
        MAY_BE_ZERO: Whole numbers that may be 0.
        SPACE: What a search varies if it is not told, spelt as on the command line.
    """

    STRUCTURAL: ClassVar[tuple[str, ...]] = ()
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = ()
    SPACE: ClassVar[Mapping[str, str]] = {}

    batch_size: int = 64
    """Samples per update, real ones and generated ones alike."""

    def check(self) -> None:
        """See that every number is in its range; extend it for what belongs together.

        Raises:
            ValueError: One is not; the message names its flag.
        """
        for name, kind in kinds(type(self)).items():
            value = getattr(self, name)
            if kind is int and value < (name not in self.MAY_BE_ZERO):
                least = int(name not in self.MAY_BE_ZERO)
                raise ValueError(f"{option(name)} must be {least} or more, but got {value}.")
            if kind is float:
                _check_number(name, value)

    def tuned(
        self, hyperparameters: Mapping[str, Any], *, known: Mapping[str, Kind] | None = None
    ) -> Self:
        """Return the settings with hyperparameters in their places, checked.

        Args:
            hyperparameters: Values by name.
            known: The names that a message offers; by default those of the settings.

        Raises:
            ValueError: There is no such setting, or the value is not of its kind or range.
        """
        if not hyperparameters:
            return self
        known = known or kinds(type(self))
        given = {
            name: fitting(name, value, lookup(known, name, kind="hyperparameter"))
            for name, value in hyperparameters.items()
        }
        settings = dataclasses.replace(self, **given)
        settings.check()
        return settings

    @classmethod
    def structural(cls) -> tuple[str, ...]:
        """Return the fields that change shapes, those that all of its kind have among them."""
        found = (name for one in cls.__mro__ for name in vars(one).get("STRUCTURAL", ()))
        return tuple(dict.fromkeys(found))

    def searched(self) -> Mapping[str, str]:
        """Return what a search varies if it is not told; by default `SPACE`."""
        return self.SPACE

    def sizes(self, shape: tuple[int, ...]) -> Mapping[str, int]:  # noqa: ARG002 - the interface
        """Return the parameters of each network for samples of a shape, where they are known."""
        return {}


NO_AUGMENTATION = "none"
AUGMENTS = ("augment", "augment_strength", "ada_target", "ada_kimg")
"""The settings of all games that say what the discriminator sees, see `egan.augmentation`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameSettings(Settings):
    """What every generator against a discriminator has, see `egan.training.game`."""

    STRUCTURAL: ClassVar[tuple[str, ...]] = ("augment",)

    latent_dim: int = 64
    """Dimensions of the latent code z."""
    generator_lr: float = 2e-4
    """Adam's learning rate of the generator."""
    discriminator_lr: float = 2e-4
    """Adam's learning rate of the discriminator."""
    beta1: float = 0.5
    """Adam's decay of the mean gradient."""
    beta2: float = 0.999
    """Adam's decay of the mean squared gradient."""
    discriminator_steps: int = 1
    """Discriminator updates per generator update."""
    ema_decay: float = 0.99
    """Decay of the generator's exponential average; 0 switches it off."""
    augment: Literal["none", "diffaugment", "ada"] = "none"
    """Change all images that the discriminator sees at random, for little data: DiffAugment's
    colour, translation and cutout, or ADA's geometry and colours with a probability that adapts."""
    augment_strength: float = 1.0
    """What DiffAugment's ranges are multiplied by, or the highest probability of ADA; 0 to 1."""
    ada_target: float = 0.6
    """Mean sign of the discriminator's logits of real images that ADA's probability aims at."""
    ada_kimg: float = 500.0
    """Thousands of real images in which ADA's probability may go from 0 to 1; 0 holds it at the
    strength."""

    def check(self) -> None:
        """See that every number is in its range; extend it for what belongs together."""
        super().check()
        from egan.augmentation import FAMILIES

        if self.augment != NO_AUGMENTATION:
            lookup(FAMILIES, self.augment, kind="augmentation (--augment)")
        for name in ("augment_strength", "ada_target"):
            if getattr(self, name) > 1:
                value = getattr(self, name)
                raise ValueError(f"{option(name)} must be in [0, 1], but got {value}.")

    def searched(self) -> Mapping[str, str]:
        """Return what a search varies if it is not told, the strength where there is one."""
        if self.augment == NO_AUGMENTATION:
            return self.SPACE
        return {**self.SPACE, "augment_strength": "0,1"}


def kinds(settings: type[Settings]) -> dict[str, Kind]:
    """Return what each field of some settings is: int, float, bool, or str for texts."""
    hints = typing.get_type_hints(settings)
    fields = [field.name for field in dataclasses.fields(settings)]
    return {name: str if typing.get_origin(hints[name]) else hints[name] for name in fields}


def option(name: str) -> str:
    """Return how a setting is spelt on the command line."""
    return f"--{name.replace('_', '-')}"


def fitting(name: str, value: Any, kind: Kind) -> Any:
    """Return a value as the kind that a setting is.

    Raises:
        ValueError: It is of another kind.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (int, float) and not (number and (kind is float or value == int(value))):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"hyperparameter {name} must be {wanted}, but got {value!r}.")
    if kind is bool and not isinstance(value, bool):
        raise ValueError(f"hyperparameter {name} must be true or false, but got {value!r}.")
    return kind(value)


def _check_number(name: str, value: float) -> None:
    least_is_out = name == "lr" or name.endswith("_lr")
    if not math.isfinite(value) or value < 0 or (least_is_out and value == 0):
        bound = "above 0" if least_is_out else "at least 0"
        raise ValueError(f"{option(name)} must be a number {bound}, but got {value}.")
    if (name.startswith("beta") or name.endswith("decay")) and value >= 1:
        raise ValueError(f"{option(name)} must be in [0, 1), but got {value}.")
