import numpy as np
import pytest

from population import STRATEGIES, Choice, IntUniform, LogUniform, Ordinal, Uniform, When
from population.strategy import Offspring, Strategy
from population.testing import Rehearsal, StrategyConformance

SPACE = {
    "lr": LogUniform(1e-5, 1e-1),
    "width": IntUniform(8, 64, structural=True),
    "group": {
        "optimizer": Choice(["sgd", "adam"]),
        "momentum": When("group.optimizer", "sgd", Uniform(0, 0.99)),
        "batch_size": Ordinal([16, 32, 64]),
        "betas": (0.5, 0.999),
    },
}

SETTINGS = {
    "evolution": {
        "one": {"operators": ["minimax", "hinge"], "hyperparameters": {"lr": 0.1}},
        "plus": {"operators": ["a", "b", "c"], "mu": 3, "plus": True},
        "bandit": {"operators": ["a", "b", "c"], "mu": 2, "contest_every": 3, "bandit": True},
        "pareto": {"operators": ["a", "b"], "mu": 2, "objectives": ["fitness", "diversity"]},
        "crossover": {"operators": ["a", "b", "c"], "crossover": 2, "contest_every": 2},
        "crossover of many": {"operators": ["a", "b"], "mu": 3, "plus": True, "crossover": 5},
        "unless": {
            "operators": ["a", "b"],
            "mu": 2,
            "objectives": ["fitness", "diversity"],
            "unless": ("diversity", "diversity"),
        },
    },
    "niches": {
        "one": {"operators": ["a", "b"], "members": [{}]},
        "dealt": {"operators": ["a", "b"], "members": [{"batch_size": n} for n in (6, 5, 5)]},
        "drawn": {"operators": ["a", "b", "c"], "members": [{}] * 4, "drawn": True},
    },
    "pbt": {
        "truncation": {"space": SPACE, "population_size": 6},
        "tournament": {"space": SPACE, "population_size": 5, "exploit": "tournament"},
        "two": {"space": SPACE, "population_size": 2, "copy_hyperparameters": False},
        "ready": {"space": SPACE, "population_size": 4, "ready_every": 3},
        "given": {"space": SPACE, "population_size": 3, "initial": [{"lr": 0.01}]},
    },
    "pb2": {
        "default": {"space": SPACE, "population_size": 4},
        "window": {"space": SPACE, "population_size": 3, "max_observations": 8},
    },
    "mf_pbt": {
        "two frequencies": {"space": SPACE, "population_size": 9},
        "rare": {"space": SPACE, "population_size": 12, "frequencies": (1, 2, 5)},
    },
    "fire_pbt": {
        "default": {"space": SPACE, "population_size": 4},
        "busy": {"space": SPACE, "population_size": 9, "num_evaluators": 4, "ready_every": 2},
    },
    "ipbt": {
        "impatient": {"space": SPACE, "population_size": 2, "patience": 1},
        "given": {"space": SPACE, "ready_every": 2, "initial": [{"lr": 0.01}, {"lr": 0.02}]},
    },
    "random": {
        "default": {"space": SPACE, "population_size": 5},
        "given": {"space": SPACE, "initial": [{"lr": 0.01}, {"lr": 0.02}]},
    },
    "halving": {
        "default": {"space": SPACE, "population_size": 9},
        "late": {"space": SPACE, "population_size": 8, "reduction_factor": 2, "min_generations": 3},
    },
}
CASES = [(name, case) for name, cases in SETTINGS.items() for case in cases]


def test_the_table_is_covered():
    assert set(SETTINGS) == set(STRATEGIES)


class TestStrategies(StrategyConformance):
    @pytest.fixture(params=CASES, ids="-".join)
    def make_strategy(self, request):
        name, case = request.param
        return lambda: STRATEGIES[name](**SETTINGS[name][case])


class Flawed(Strategy):
    """A strategy with one flaw at a time, which the suite has to find."""

    num_ties = 0

    def __init__(self, flaw):
        self.flaw = flaw
        self.count = 0
        self.space = STRATEGIES["random"](SPACE, 3).space

    def initial(self, rng):
        if self.flaw == "empty":
            return []
        if self.flaw == "outside":
            return [{**self.space.sample(rng), "lr": 1.0}]
        return [self.space.sample(rng) for _ in range(3)]

    def ask(self, population, rng):
        self.count += 1
        rng = np.random.default_rng() if self.flaw == "unseeded" else rng
        if self.flaw == "global":
            np.random.random()
        dead = {"dead": range(len(population)), "last": [len(population) - 1]}.get(self.flaw, [])
        living = [i for i, p in enumerate(population) if not p.failed or i in dead]
        scores = [self.score(population[i].scores) for i in living]
        nan = [i for i, s in zip(living, scores, strict=True) if np.isnan(s)]
        model = nan[0] if nan and self.flaw == "nan model" else None
        explored = [
            self.space.perturb(population[i].hyperparameters, rng, strength=0.01 * self.count)
            if self.flaw in ("unseeded", "no state")
            else dict(population[i].hyperparameters)
            for i in living
        ]
        if self.flaw == "writes":
            population[0].hyperparameters["lr"] = 1e-3
        return [
            Offspring(parent=i if model is None else model, hyperparameters=h)
            for i, h in zip(living, explored, strict=True)
        ]

    def tell(self, children):
        usable = [i for i, c in enumerate(children) if not np.isnan(self.score(c.scores))]
        if self.flaw == "keeps nobody's children":
            return list(range(len(children)))
        if not usable:
            return []
        if self.flaw == "ties" and len({self.score(child.scores) for child in children}) == 1:
            Flawed.num_ties += 1
            return usable[:: 1 if Flawed.num_ties % 2 else -1]
        if self.flaw == "loses the best":
            best = max(usable, key=lambda i: self.score(children[i].scores))
            return [i for i in range(len(children)) if i != best] or usable
        return list(range(len(children)))

    def state_dict(self):
        return {} if self.flaw == "no state" else {"count": self.count}

    def load_state_dict(self, state):
        self.count = state.get("count", 0)


FLAWS = {
    "empty": "test_start_is_within_the_space",
    "outside": "test_start_is_within_the_space",
    "unseeded": "test_same_seed_same_search",
    "global": "test_same_seed_same_search",
    "dead": "test_failed_child_is_no_parent",
    "last": "test_failed_child_is_no_parent",
    "nan model": "test_nan_is_no_model",
    "writes": "test_parents_stay_as_they_are",
    "keeps nobody's children": "test_nobody_usable_keeps_the_parents",
    "loses the best": "test_best_child_survives",
    "ties": "test_ties_keep_an_order",
    "no state": "test_resumes_from_its_state",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_suite_finds_a_flaw(flaw):
    check = getattr(StrategyConformance(), FLAWS[flaw])
    check(lambda: Flawed(None))
    with pytest.raises((AssertionError, ValueError)):
        check(lambda: Flawed(flaw))


def test_rehearsal_remembers_what_was_asked():
    rehearsal = Rehearsal(STRATEGIES["random"](SPACE, 2)).play(2)
    assert rehearsal.generation == 2
    (asked, chosen), _ = rehearsal.log
    assert chosen == [0, 1]
    assert [record[0] for record in asked] == [0, 1]
    assert rehearsal.population[1].hyperparameters == rehearsal.offspring[1].hyperparameters
