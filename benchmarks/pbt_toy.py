"""The toy problem of the PBT paper (arXiv 1711.09846, section 4.1.1), whose answers are known.

Members climb a surrogate of the true score with weights h that are themselves searched. No fixed h
gets past 0.39; a population of two that exploits and explores comes close to the maximum of 1.2.
IPBT has no place here: shrinking the weights is what solves the toy.

  python benchmarks/pbt_toy.py [--seeds 200] [--quick] [--save]
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from measure import cell, mark, parser, report, table

from population import (
    MFPBT,
    FirePBT,
    Member,
    PopulationBasedTraining,
    RandomSearch,
    Search,
    Strategy,
    Uniform,
)

GENERATIONS = 50
STEPS_PER_GENERATION = 4
LEARNING_RATE = 0.01

SPACE = {"h0": Uniform(0, 1), "h1": Uniform(0, 1)}
START = [{"h0": 1.0, "h1": 0.0}, {"h0": 0.0, "h1": 1.0}]


class Climber(Member):
    """Climbs 1.2 - (h0 a^2 + h1 b^2) from a = b = 0.9, and is scored by 1.2 - (a^2 + b^2)."""

    def __init__(self, hyperparameters: Mapping[str, Any]) -> None:
        self.theta = np.array([0.9, 0.9])
        self.configure(hyperparameters)

    def configure(self, hyperparameters: Mapping[str, Any]) -> None:
        """Take over the surrogate's weights."""
        self.weights = np.array([hyperparameters["h0"], hyperparameters["h1"]])

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - there are no mutations
        """Climb a few steps."""
        for _ in range(STEPS_PER_GENERATION):
            self.theta = self.theta - LEARNING_RATE * 2 * self.weights * self.theta

    def evaluate(self) -> float:
        """Return the true score, at most 1.2."""
        return float(1.2 - np.sum(self.theta**2))

    def state_dict(self) -> dict[str, Any]:
        """Return the place."""
        return {"theta": self.theta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place."""
        self.theta = state["theta"]


GRID = "grid search (h kept)"
PBT = "PBT, truncation"
MF, FIRE = "MF-PBT, 8 members", "FIRE PBT, 8 members"
"""Both need more members than two, which all start with one of the two h as well."""

STRATEGIES: dict[str, Callable[[], Strategy]] = {
    GRID: lambda: RandomSearch(SPACE, initial=START),
    "exploit only": lambda: PopulationBasedTraining(
        SPACE,
        initial=START,
        copy_hyperparameters=False,
        perturbation=0.0,
        resample_probability=0.0,
    ),
    PBT: lambda: PopulationBasedTraining(SPACE, initial=START),
    "PBT, tournament": lambda: PopulationBasedTraining(SPACE, initial=START, exploit="tournament"),
    "PBT, steps only": lambda: PopulationBasedTraining(
        SPACE, initial=START, resample_probability=0.0
    ),
    MF: lambda: MFPBT(SPACE, initial=START * 4, frequencies=(1, 5)),
    FIRE: lambda: FirePBT(SPACE, 8, initial=START * 3, ready_every=2),
}


def best_score(strategy: Strategy, seed: int) -> float:
    """Return the best final score of one search."""
    result = Search(Climber, strategy, seed=seed, checkpoint_every=GENERATIONS).run(GENERATIONS)
    return result.best.scores["fitness"]


def main() -> None:
    """Print a row per strategy."""
    options = parser(__doc__)
    options.add_argument("--seeds", type=int, default=200, help="searches per strategy")
    given = options.parse_args()
    seeds = range(10 if given.quick else given.seeds)
    scores = {
        name: [best_score(make(), seed) for seed in seeds] for name, make in STRATEGIES.items()
    }
    rows = [[name, cell(found, ".4f"), f"{min(found):.4f}"] for name, found in scores.items()]
    head = (
        f"Best final score over {len(seeds)} seeds, {GENERATIONS} generations of "
        f"{STEPS_PER_GENERATION} steps; the maximum is 1.2."
    )
    text = "\n\n".join(
        [
            head,
            table(["strategy", "median (quartiles)", "worst"], rows),
            mark(GRID, float(np.median(scores[GRID])), 0.39, form=".4f"),
            *(
                mark(name, float(np.median(scores[name])), 1.15, at_least=True, form=".4f")
                for name in (PBT, MF, FIRE)
            ),
        ]
    )
    report("pbt_toy", text, {"scores": scores}, save=given.save)


if __name__ == "__main__":
    main()
