"""E-GAN × PBT: a population of evolutionary GANs whose settings are themselves searched.

Each member is a whole E-GAN: generators, their discriminator, and the evolution between them. After
every 100 generations the worst one goes on from a better one's weights, with settings near by.

    python examples/egan_with_pbt.py [--quick]
"""

import argparse
from dataclasses import replace
from functools import partial

from egan import collection
from egan.collection.api import features_of, load_data, task_of
from egan.config import SearchConfig
from egan.evolution.whole import WholeEvolution
from population import (
    InlineExecutor,
    LogUniform,
    Ordinal,
    PopulationBasedTraining,
    RayExecutor,
    Search,
    Uniform,
)

SPACE = {
    "generator_lr": LogUniform(1e-4, 1e-2),
    "discriminator_lr": LogUniform(1e-4, 1e-2),
    "diversity_weight": Uniform(0.0, 0.5),
    "discriminator_steps": Ordinal([1, 2, 3]),
}


def main(*, quick: bool = False) -> None:
    preset = collection.preset("gaussians8")
    config = replace(preset, search=SearchConfig(interval=5 if quick else 100))
    dataset = load_data(config)
    task = task_of(config, dataset, features_of(config, dataset))
    member = partial(WholeEvolution, config=config, game=collection.paper("egan"), task=task)
    search = Search(
        member,
        PopulationBasedTraining(SPACE, population_size=4),
        executor=InlineExecutor() if quick else RayExecutor(2),
        seed=1,
    )
    result = search.run(3 if quick else 12)
    best = result.best
    print(f"fitness {best.scores['fitness']:.3f}, {best.scores['modes']:.0f} of 8 modes")
    print("What the winner was trained with:")
    print(result.schedule().frame().to_string(index=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, too short to learn")
    main(quick=parser.parse_args().quick)
