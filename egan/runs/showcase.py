"""What a run shows and saves: a model outside the search, with a state loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.collection import saved
from egan.collection.api import build
from egan.config import ArithmeticConfig
from egan.judging.classifier import one_thread
from egan.judging.measures import OBJECTIVE
from egan.training.model import Model, stream
from egan.training.pulse import pulse
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything
from population.strategies.selection import ranking

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from egan.config import RunConfig
    from egan.runs.plan import Plan
    from egan.tasks import Task
    from population import Search
    from population.member import Hyperparameters
    from population.state import State

SHOWN, JUDGED, FELT = 1, 2, 3
"""Streams of the codes that pictures and scores are made from, the same at every look."""


class Showcase:
    """A model in the random start of the run, until a state is loaded.

    Args:
        config: The run's settings; its seed gives the codes of the pictures.
        model_type: The paper's class.
        task: What it learns from and is judged by.

    Raises:
        ValueError: The model's settings are wrong, or its networks do not fit the data.
    """

    def __init__(self, config: RunConfig, model_type: type[Model], task: Task) -> None:
        self.config = replace(config, arithmetic=ArithmeticConfig())  # it is judged as it is
        self.model_type = model_type
        self.task = task
        self.model = build(config, task, member=model_type)
        self._names: tuple[str, ...] = ()

    def load(self, state: State, hyperparameters: Hyperparameters | None = None) -> None:
        """Take over the state of a model, in one of its shape."""
        if hyperparameters:
            self.model = build(
                self.config.tuned(hyperparameters), self.task, member=self.model_type
            )
        self.model.load_state_dict(state)

    def follow(self, search: Search, plan: Plan) -> None:
        """Take over what a running search has come to; nothing where nobody is alive."""
        population = search.population
        scores = [search.strategy.score(one.scores) for one in population]
        alive = [i for i in ranking(scores) if population[i].state is not None][: plan.num_shown]
        if alive:
            states = [search.state(i) for i in alive]
            state = plan.shown(states, search.environment_state())
            self.load(state, plan.varied(population[alive[0]].hyperparameters))

    def columns(self) -> tuple[str, ...]:
        """Return the names of the scores, as far as they are known."""
        return self._names

    def scores(self) -> dict[str, float]:
        """Return the scores of a look, on the same random numbers each time."""
        self.model.rng = self._stream(JUDGED)
        with one_thread(), self.model.judging():
            scores = self.model.look()
        self._names = tuple(scores)
        return scores

    def pulse(self) -> dict[str, float]:
        """Return whether the model is well, on the same random numbers each time."""
        name = collection.named(self.config.preset)[0]
        with one_thread(), preserved_randomness():
            rng = self._stream(FELT)
            seed_everything(rng.initial_seed())
            return pulse(self.model, rng, gives_logits=collection.MODELS[name].evolves)

    def scored(self) -> float:
        """Return what the task calls fitness, on the same random numbers each time."""
        self.model.rng = self._stream(JUDGED)
        with one_thread(), self.model.judging():
            return float(self.model.score()[OBJECTIVE])

    def picture(self) -> Image.Image:
        """Draw the model's main picture."""
        return next(iter(self.finals().values()))()

    def finals(self) -> dict[str, Callable[[], Image.Image]]:
        """Return what draws all of the model's pictures, by file name."""
        return {name: partial(self._draw, name) for name in self.model.pictures()}

    def _draw(self, name: str) -> Image.Image:
        with one_thread(), self.model.judging(), preserved_randomness():
            rng = self._stream(SHOWN)
            seed_everything(rng.initial_seed())
            return self.model.pictures()[name](rng)

    def _stream(self, part: int) -> torch.Generator:
        return stream(Seeds(self.config.seed, 0, SHARED).own("evaluate", part))

    def real_picture(self) -> Image.Image:
        """Show data."""
        task: Any = self.task
        picture: Image.Image = task.show_real()
        return picture

    def save(self, path: Path, *, steps: int) -> None:
        """Write the model as it is judged as a file, see `egan.collection.saved`."""
        with one_thread(), self.model.judging():
            saved.save(path, self.model, self.config, steps=steps)
