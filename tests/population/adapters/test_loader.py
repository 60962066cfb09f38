import pytest
import torch

from population.adapters.loader import ResumableLoader


def loader(**options):
    return ResumableLoader(torch.arange(10), **{"batch_size": 4, **options})


def flat(batches):
    return sorted(row for batch in batches for row in batch)


def rows(batches):
    return [batch.tolist() for batch in batches]


def test_an_epoch_has_each_sample_once_and_the_next_another_order():
    torch.manual_seed(0)
    one = loader()
    first, second = rows(one), rows(one)
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert flat(first) == flat(second) == list(range(10))
    assert first != second
    torch.manual_seed(0)
    assert rows(loader()) == first


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_another_loader_goes_on_where_a_state_was_taken(taken):
    torch.manual_seed(0)
    one = loader()
    batches = iter(one)
    begun = [next(batches).tolist() for _ in range(taken)]
    other = loader()
    other.load_state_dict(one.state_dict())
    rest = rows(other) if taken < 3 else []
    assert flat(begun + rest) == list(range(10))
    assert len(rows(other)) == 3


def test_it_may_drop_a_last_small_batch_and_keep_the_order():
    one = loader(shuffle=False, drop_last=True)
    assert len(one) == 2
    assert rows(one) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_options_go_to_the_data_loader():
    assert rows(loader(shuffle=False, collate_fn=lambda samples: torch.stack(samples) * 2)) == [
        [0, 2, 4, 6],
        [8, 10, 12, 14],
        [16, 18],
    ]
