"""One seed, one history: models tuned or evolved through Ray, and trained with a break."""

from dataclasses import replace

import pandas as pd
import pytest

from egan.collection import testing
from egan.collection.search import default_space
from egan.config.space import read_space
from egan.evolution.whole import evolution_search
from egan.run import main
from population import PopulationBasedTraining, RayExecutor, Search

ROUNDS = 3


def rows(history):
    return history.drop(columns="seconds")


def tuned(name, executor=None):
    config = replace(testing.small(name), evolve=None)
    structural = type(config.settings).structural()
    space = read_space(default_space(config), config.kinds, structural=structural)
    strategy = PopulationBasedTraining(space, population_size=4)
    return rows(
        Search(testing.tiny(name, interval=3), strategy, executor=executor).run(ROUNDS).history
    )


def evolved(name, executor=None):
    parts = testing.parts(name, mutations=("minimax", "heuristic"), num_survivors=2)
    return rows(evolution_search(parts, seed=0, executor=executor).run(ROUNDS).history)


@pytest.mark.parametrize("name", ["vae", "cgan", "capsnet"])
def test_pbt_through_ray_is_pbt_inline(name, ray_session):
    inline = tuned(name)
    assert not inline["error"].any()
    assert inline["fitness"].nunique() > 4
    assert tuned(name, RayExecutor(2)).equals(inline)


def test_evolution_through_ray_is_evolution_inline(ray_session):
    assert evolved("cgan", RayExecutor(2)).equals(evolved("cgan"))


@pytest.mark.parametrize("how", [[], ["--evolve", "minimax,heuristic"]], ids=["train", "evolve"])
def test_a_run_that_goes_on_is_a_run_without_a_break(how, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "egan.runs.preparation._features", lambda _, data: testing.features_of(data)
    )
    words = ["cgan", "--width", "4", "--executor", "inline"]
    words += how or ["--interval", "10"]
    length = "--generations" if how else "--rounds"
    for folder, until in (("whole", "4"), ("broken", "2")):
        assert main([*words, length, until, "--output", str(tmp_path / folder)]) == 0
    (broken,), (whole,) = (list((tmp_path / one).iterdir()) for one in ("broken", "whole"))
    assert main(["--resume", str(broken), length, "4", "--executor", "inline"]) == 0
    results = [rows(pd.read_csv(one / "results.csv")) for one in (broken, whole)]
    assert results[0].equals(results[1])
    weights = [(one / "model.safetensors").read_bytes() for one in (broken, whole)]
    assert weights[0] != b""
    last = [(one / "samples/000004.png").read_bytes() for one in (broken, whole)]
    assert last[0] == last[1]
