import pytest
import torch


@pytest.fixture(scope="session")
def ray_session():
    """One Ray instance for the tests of a session; executors find it initialised and share it."""
    from population.executors import ray_cluster

    ray_cluster.connect(None, num_actors=8)
    import ray

    yield ray
    ray.shutdown()


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    assert torch.get_num_threads() == before, "a search must give the number of threads back"
