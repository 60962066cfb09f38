import numpy as np
import pytest

from egan.data import load
from egan.data.dataset import Dataset
from egan.data.splits import few_labels, held_out, parted, split, subset


def grey(count, labels=None, **kwargs):
    samples = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    return Dataset("grey", samples, labels, **kwargs)


def test_digits_are_split_once_and_for_all():
    whole, train, test = (load("digits", split=part) for part in ("all", "train", "test"))
    assert (len(whole), len(train), len(test)) == (1797, 1297, 500)
    assert whole.fingerprint() == load("digits").fingerprint()
    assert np.array_equal(split(whole, "test").samples, test.samples)
    counts = np.bincount(whole.labels)
    assert np.abs(np.bincount(test.labels) - counts * 500 / 1797).max() < 1
    assert whole.test[:8].tolist() == [1, 4, 5, 6, 11, 15, 23, 25]


def test_the_parts_are_disjoint_and_together_everything():
    labels = np.arange(100) % 3
    data = grey(100, labels, annotations={"index": np.arange(100)})
    train, test = split(data, "train"), split(data, "test")
    assert (len(train), len(test)) == (80, 20)
    both = np.concatenate([train.annotations["index"], test.annotations["index"]])
    assert sorted(both) == list(range(100))
    for part in (train, test):
        assert np.array_equal(part.samples.ravel(), part.annotations["index"])
        assert np.array_equal(part.labels, part.annotations["index"] % 3)
    assert split(data, "all") is data


def test_a_data_set_may_say_what_is_kept():
    data = grey(10, test=np.array([7, 2]))
    assert split(data, "test").samples.ravel().tolist() == [2, 7]
    train = split(data, "train")
    assert 2 not in train.samples
    assert len(split(train, "test")) == 1  # of the rest, a fifth: for validation


def test_classes_are_kept_in_proportion():
    labels = np.repeat([0, 1, 2], [50, 30, 11])
    kept = held_out(labels, len(labels), num_test=20)
    assert len(set(kept.tolist())) == 20
    assert np.bincount(labels[kept]).tolist() == [11, 7, 2]
    assert len(held_out(None, 91, num_test=20)) == 20
    assert not np.array_equal(kept, held_out(labels, 91, num_test=20, seed=1))


def test_a_process_draws_fresh_points_in_either_part():
    data = load("bimodal", split="test")
    assert data.samples.shape == (2000, 1)
    assert data.process is load("bimodal").process


def test_few_labels():
    labels = load("digits", split="train").labels
    chosen = few_labels(labels)
    assert np.bincount(labels[chosen]).tolist() == [10] * 10
    assert np.array_equal(chosen, np.unique(chosen))
    assert np.array_equal(chosen, few_labels(labels))
    assert not np.array_equal(chosen, few_labels(labels, seed=1))
    with pytest.raises(ValueError, match="from 1 to 2, the size of the smallest class.*got 3"):
        few_labels(np.array([0, 0, 0, 1, 1]), per_class=3)


def test_wrong_parts_are_told():
    with pytest.raises(ValueError, match="all, train, test, but got 'valid'"):
        load("digits", split="valid")
    with pytest.raises(ValueError, match="without any of its 1 samples"):
        split(grey(1), "train")
    assert len(subset(grey(4), np.array([1]))) == 1


@pytest.mark.parametrize(
    "labels", [[0, 0, 1], [0, 1, 1, 2, 2], [0] * 9 + [1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]]
)
def test_a_class_never_gives_its_last_sample(labels):
    labels = np.array(labels)
    for num_test in range(1, len(labels)):
        test = held_out(labels, len(labels), num_test=num_test)
        left = np.delete(labels, test)
        assert set(left.tolist()) == set(labels.tolist())
        assert len(test) <= num_test


@pytest.mark.parametrize(("count", "enough"), [(2, False), (3, False), (4, True), (5, True)])
def test_there_must_be_samples_for_every_part(count, enough):
    if enough:
        known, judged = parted(grey(count), hold_out=True)
        assert len(known) >= 2
        assert len(judged) >= 1
    else:
        with pytest.raises(ValueError, match=f"grey has {count} samples, but expected 4 or more"):
            parted(grey(count), hold_out=True)
    assert len(parted(grey(count), hold_out=False)[0]) == count


def test_classes_of_one_sample_cannot_be_parted():
    with pytest.raises(ValueError, match=r"5 samples in 5 classes.*--data.no-hold-out"):
        parted(grey(5, np.arange(5)), hold_out=True)
    known, _ = parted(grey(6, np.array([0, 0, 1, 1, 2, 2])), hold_out=True)
    assert known.num_classes == 3
