import subprocess
import sys

import pytest

import fitness


@pytest.mark.parametrize("name", fitness.__all__)
def test_every_public_name_loads(name):
    assert callable(getattr(fitness, name))
    assert getattr(fitness, name).__module__.startswith("fitness.")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'frechet_distanse'"):
        _ = fitness.frechet_distanse


def test_import_loads_nothing_and_only_discriminator_scores_load_torch():
    code = """
import sys, fitness
assert 'numpy' not in sys.modules and 'torch' not in sys.modules
assert len(fitness.fronts([[1.0], [2.0]])) == 2
a = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]
fitness.frechet_distance(a, a), fitness.squared_mmd(a, a), fitness.mode_coverage(a, a, std=1.0)
fitness.precision_recall_density_coverage(a, a, k=1)
fitness.inception_score([[0.5, 0.5]]), fitness.accuracy(a, [0, 1, 0]), fitness.ink([[[[0.0]]]])
assert not {'torch', 'scipy', 'sklearn'} & set(sys.modules)
fitness.normalized_mutual_information([0, 1], [0, 1]), fitness.wasserstein_1d([0.0], [1.0])
assert 'torch' not in sys.modules
fitness.quality
assert 'torch' in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
