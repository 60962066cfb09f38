"""Search spaces: which hyperparameters there are, and how to draw and to vary all of them."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from population.spaces.domain import STRENGTH, Domain, Fixed
from population.spaces.tree import Tree, flatten, in_order, leaves_of, unflatten, unknown
from population.strategy import MISSING


class SearchSpace:
    """A tree of hyperparameters.

    Members get nested dicts of the same form as the space; tables get flat ones with dotted
    names.

    Args:
        space: A dict whose entries are domains, plain values, :class:`When`, dicts of such
            entries, ``ray.tune`` domains, or Optuna distributions.

    Attributes:
        names: The dotted names of all hyperparameters, those that may be absent included.
        structural: The names of those that change shapes.
        leaves: Each name's domain and conditions, every one after those it depends on.

    Raises:
        ValueError: An entry makes no sense; the message names it.
    """

    def __init__(self, space: "Tree | SearchSpace") -> None:
        self.tree: Tree = space.tree if isinstance(space, SearchSpace) else space
        found = leaves_of(self.tree)
        self.names = tuple(found)
        self.structural = tuple(name for name in found if found[name].domain.structural)
        self.leaves = in_order(found)

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw hyperparameters, nested."""
        return self.complete({}, rng)

    def complete(self, values: Tree, rng: np.random.Generator) -> dict[str, Any]:
        """Keep what is given, draw what is missing, and drop what does not exist then.

        Raises:
            ValueError: A given value is outside of its domain, or no hyperparameter at all.
        """
        self.check(values)
        given = flatten(values)
        return self._build(
            lambda name, domain: domain.clip(given[name]) if name in given else domain.sample(rng)
        )

    def perturb(
        self,
        values: Tree,
        rng: np.random.Generator,
        *,
        strength: float = STRENGTH,
        resample_probability: float = 0.25,
    ) -> dict[str, Any]:
        """Explore: draw each value again with ``resample_probability``, else move it a little.

        Structural ones stay; those that come to exist are drawn.

        Args:
            values: Nested hyperparameters of this space.
            rng: Where all draws come from.
            strength: The size of a step as a fraction of each domain's range.
            resample_probability: How often a value is drawn from its whole domain instead.
        """
        old = flatten(values)

        def explore(name: str, domain: Domain) -> Any:
            if name not in old:
                return domain.sample(rng)
            if domain.structural or isinstance(domain, Fixed):
                return domain.clip(old[name])
            if rng.random() < resample_probability:
                return domain.sample(rng)
            return domain.perturb(old[name], rng, strength=strength)

        return self._build(explore)

    def clip(self, values: Tree) -> dict[str, Any]:
        """Return the nearest hyperparameters of this space.

        Raises:
            ValueError: One that exists is missing, or has no near value.
        """
        given = flatten(values)

        def nearest(name: str, domain: Domain) -> Any:
            if name not in given and not isinstance(domain, Fixed):
                raise ValueError(f"{name!r} is missing among {sorted(given)}.")
            return domain.clip(given.get(name))

        return self._build(nearest)

    def check(self, values: Tree) -> None:
        """Raise ValueError where a value is outside of its domain or is not of this space."""
        for name, value in flatten(values).items():
            if name not in self.leaves:
                raise ValueError(unknown(name, self.names, "is not in the search space"))
            domain = self.leaves[name].domain
            if value not in domain:
                raise ValueError(f"{name}={value!r} is outside of {domain!r}.")

    def inherit(self, own: Tree, donor: Tree, rng: np.random.Generator) -> dict[str, Any]:
        """Return one's own hyperparameters with the donor's structural ones.

        What comes to exist by these is the donor's, or drawn where the donor has none either.
        """
        mine, theirs = flatten(own), flatten(donor)
        known = {**theirs, **mine, **{name: theirs.get(name) for name in self.structural}}
        return self._build(
            lambda name, domain: domain.clip(known[name]) if name in known else domain.sample(rng)
        )

    def columns(self, values: Tree) -> dict[str, Any]:
        """Return flat values under all names, MISSING where one does not exist."""
        flat = flatten(values)
        return {name: flat.get(name, MISSING) for name in self.names}

    def describe(self) -> dict[str, Any]:
        """Return the space as JSON values."""
        leaves = {
            name: {
                "domain": type(leaf.domain).__name__,
                **asdict(leaf.domain),
                "conditions": leaf.conditions,
            }
            for name, leaf in self.leaves.items()
        }
        described: dict[str, Any] = json.loads(json.dumps(leaves))
        return described

    def _build(self, value_of: Callable[[str, Domain], Any]) -> dict[str, Any]:
        """Return nested values of all hyperparameters that exist, in the order of the space."""
        flat: dict[str, Any] = {}
        for name, leaf in self.leaves.items():
            if leaf.exists(flat):
                flat[name] = value_of(name, leaf.domain)
        return unflatten({name: flat[name] for name in self.names if name in flat})


def from_ray_tune(space: Tree) -> SearchSpace:
    """Return the space of a ``param_space`` made of ``ray.tune`` domains.

    Raises:
        ValueError: A domain without bounds, ``sample_from`` or ``grid_search``; a plain list,
            which means a constant to ``param_space`` and a choice to ``hyperparam_mutations``.
    """
    return SearchSpace(space)


def from_optuna(distributions: Tree) -> SearchSpace:
    """Return the space of Optuna distributions by name, such as ``trial.distributions``.

    Raises:
        ValueError: A distribution has steps on a logarithmic scale.
    """
    return SearchSpace(distributions)
