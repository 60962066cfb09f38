"""Acting in a simulator as an expert does, whose trajectories are all that is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from egan.data.kinds import Images, Series
from egan.data.trajectories import ACTIONS, LENGTHS, REWARDS
from egan.reporting.showing import show, tiled
from egan.reporting.trajectories import panels
from egan.simulators import Act, Episodes, play, simulator
from egan.simulators import grid as exact
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task
from egan.tasks.cloning import clone

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset
    from egan.judging.features import Features
    from egan.simulators import Simulator

NUM_RANDOM, SEED = 100, 1606
NUM_FRAMES, NUM_FILMS, NUM_CURVES = 10, 3, 5


class Control(Task):
    """What to do in each state, learned from an expert's trajectories, rewards unseen.

    The data are observations (N, T, S) with "actions" and "lengths", see `egan.data.trajectories`.
    A batch has observations (N, S) of single steps with their "actions". A model offers
    ``act(observations, rng)``, actions (N,) or (N, A) on the CPU; of squares whose occupancies are
    known also ``chances(observations)``, (N, A). Fitness: the mean return of episodes that it
    plays, 0 for acting at random and 1 for the expert; the return itself where the expert's
    rewards are not known. Only fitness looks at rewards.

    Raises:
        ValueError: The data happened in no simulator, or not in the one that they name.
    """

    needs: ClassVar = Needs(
        kinds=(Series,),
        annotations=(ACTIONS, LENGTHS),
        mend="Give trajectories: --data.name cartpole, gridworld, or gymnasium with "
        "--data.environment ID.",
    )
    asks: ClassVar = Asks(codes=(ACTIONS, REWARDS, LENGTHS))
    leading: ClassVar[tuple[str, ...]] = (
        *("expert_share", "return", "occupancy_kl", "reward_correlation"),
    )
    num_judged = 50

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        super().__init__(data, held_out, features)
        self.needs.check(data, who="control")
        wanted = (self.simulator.horizon, self.simulator.observation_size)
        if data.shape != wanted:
            raise ValueError(
                f"trajectories in {data.simulator} must be {wanted}, steps and numbers observed, "
                f"but {data.name} has {data.shape}."
            )

    @property
    def simulator(self) -> Simulator:
        """What is acted in; every process has its own."""
        return _simulator(self.data.simulator)

    @property
    def meaning(self) -> str:
        """Say whose return it is."""
        if self.expert_return is None:
            return "the mean return of episodes that the policy plays"
        return "the mean return of episodes that the policy plays: 0 at random, 1 as the expert"

    def play(self, act: Act, count: int, rng: torch.Generator) -> Episodes:
        """Play whole episodes, new ones at every call."""
        with torch.no_grad():
            return play(self.simulator, act, count, rng)

    @cached_property
    def steps(self) -> tuple[Tensor, Tensor]:
        """The observations (M, S) and actions (M,) or (M, A) of all of the expert's steps."""
        lengths = self.data.annotations[LENGTHS]
        rows, columns = np.nonzero(np.arange(self.data.shape[0]) < lengths[:, None])
        actions = torch.from_numpy(self.data.annotations[ACTIONS][rows, columns])
        return self.data.tensor(np.arange(len(self.data)))[rows, columns], actions

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw single steps of the expert's: observations (N, S), with their "actions"."""
        observations, actions = self.steps
        chosen = torch.randint(len(observations), (count,), generator=rng)
        return Batch(observations[chosen], {ACTIONS: actions[chosen]})

    def trajectories(self, count: int, rng: torch.Generator) -> Batch:
        """Draw whole trajectories (N, T, S) of the expert's, with "actions" and "lengths"."""
        chosen = torch.randint(len(self.data), (count,), generator=rng).numpy()
        known = self.data.annotations
        codes = {name: torch.from_numpy(known[name][chosen]) for name in (ACTIONS, LENGTHS)}
        return Batch(self.data.tensor(chosen), codes)

    @cached_property
    def expert_return(self) -> float | None:
        """The mean return of the expert's trajectories, None where their rewards are not known."""
        rewards = self.data.annotations.get(REWARDS)
        return None if rewards is None else float(rewards.sum(axis=1, dtype=np.float64).mean())

    @cached_property
    def random_return(self) -> float:
        """The mean return of acting at random."""
        return self.returned(self.at_random, NUM_RANDOM, torch.Generator().manual_seed(SEED))

    def at_random(self, observations: Tensor, rng: torch.Generator) -> Tensor:
        """Act without looking."""
        world, count = self.simulator, len(observations)
        if world.num_actions:
            return torch.randint(world.num_actions, (count,), generator=rng)
        return torch.randn(count, world.action_size, generator=rng)

    def returned(self, act: Act, count: int, rng: torch.Generator) -> float:
        """Return the mean return of some episodes."""
        return float(self.play(act, count, rng).returns.mean())

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return what the policy reaches, and how far its occupancies are from the expert's."""
        self.data.real(1)  # refuses where there are no data
        scores = self.worth(self.returned(model.act, self.num_judged, rng))
        if self.is_exact:
            scores["occupancy_kl"] = exact.divergence(self.chances(model))
        return scores

    @property
    def is_exact(self) -> bool:
        """Whether occupancies are known exactly."""
        return self.data.simulator == exact.GridWorld.name

    def chances(self, model: Any) -> Array:
        """Return how likely each move is on each square, (25, 4)."""
        seen = torch.from_numpy(exact.one_hot(np.arange(exact.SQUARES)))
        found: Array = model.chances(seen).cpu().double().numpy()
        return found

    def worth(self, reached: float) -> Scores:
        """Return the scores of a mean return."""
        if self.expert_return is None:
            return {"fitness": reached, "return": reached}
        best = self.expert_return - self.random_return
        share = (reached - self.random_return) / (best or 1.0)
        return {"fitness": share, "expert_share": share, "return": reached}

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Play episodes: observations (N, T, S), with "actions", "rewards" and "lengths"."""
        del given
        played = self.play(model.act, count, rng).padded(self.data.shape[0])
        known = {ACTIONS: played.actions, REWARDS: played.rewards, LENGTHS: played.lengths}
        return Batch(played.observations, known)

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show episodes, as films where the simulator is drawn, and as curves."""
        films = {"policy": partial(self.show_films, model)} if self.simulator.draws else {}
        if self.is_exact:
            return {**films, "occupancies": partial(self.show_occupancies, model)}
        return {**films, "trajectories": partial(self.show_curves, model)}

    def show_films(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw three episodes that the policy plays, a row each, from start to end."""
        return self.films(self.make(model, NUM_FILMS, rng, given={}))

    def show_curves(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw what the policy observes in five episodes, over what the expert does, in grey."""
        return self.curves(self.make(model, NUM_CURVES, rng, given={}))

    def show_occupancies(self, model: Any, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw how much time the policy spends on each square, and the expert."""
        laws = self.chances(model), exact.expert_policy()
        return tiled([exact.drawn(exact.visits(one)) for one in laws], ["policy", "expert"])

    def films(self, played: Batch) -> Image.Image:
        """Draw frames of episodes, spread over their lengths, a row each."""
        rows = [self.frames(played, i, most=NUM_FRAMES) for i in range(min(len(played), NUM_FILMS))]
        frames = [row[min(k, len(row) - 1)] for row in rows for k in range(NUM_FRAMES)]
        pixels = np.stack([np.asarray(one).transpose(2, 0, 1) for one in frames])
        return show(Images(), pixels / 127.5 - 1.0, columns=NUM_FRAMES, scale=1)

    def frames(self, played: Batch, index: int, *, most: int) -> list[Image.Image]:
        """Draw states of an episode, at most so many, both ends among them."""
        length = max(1, int(played.codes[LENGTHS][index]))
        times = np.unique(np.linspace(0, length - 1, min(most, length)).round().astype(int))
        seen = played.samples[index].numpy()
        return [self.simulator.draw(seen[time]) for time in times]

    def curves(self, played: Batch) -> Image.Image:
        """Draw what is observed in episodes over the expert's, a panel a number."""
        shown = self.data.spread(NUM_CURVES if self.data.is_here else 0)
        behind = self.data.samples[shown], self.data.annotations[LENGTHS][shown]
        ours = played.samples[:NUM_CURVES].numpy(), played.codes[LENGTHS][:NUM_CURVES].numpy()
        return panels(ours, behind, names=self.simulator.feature_names)

    def film(self, played: Batch) -> list[Image.Image]:
        """Draw the frames of episodes, one after the other."""
        rows = [self.frames(played, i, most=self.data.shape[0]) for i in range(len(played))]
        return [frame for row in rows for frame in row]

    def show_real(self) -> Image.Image:
        """Draw the expert in the same way."""
        shown = self.data.spread(NUM_CURVES)
        lengths = torch.from_numpy(self.data.annotations[LENGTHS][shown])
        expert = Batch(self.data.tensor(shown), {LENGTHS: lengths})
        if self.simulator.draws:
            return self.films(expert)
        return self.curves(Batch(expert.samples[:0], {LENGTHS: lengths[:0]}))  # nobody over it

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the expert is worth, acting at random, and copying the expert's actions."""
        rng = torch.Generator().manual_seed(SEED)
        copied = self.returned(clone(self, rng), self.num_judged, rng)
        found = {"behaviour cloning": copied, "random": self.random_return}
        if self.expert_return is not None:
            found = {"expert": self.expert_return, **found}
        return {name: self.worth(reached) for name, reached in found.items()}


_SIMULATORS: dict[str, Simulator] = {}


def _simulator(name: str) -> Simulator:
    """Return this process's simulator; what it holds never outlives a call of `play`."""
    if name not in _SIMULATORS:
        _SIMULATORS[name] = simulator(name)
    return _SIMULATORS[name]
