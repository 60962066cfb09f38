"""What refined images teach, and whether they keep classes; by the interface of tasks."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.domains import SOURCE, TARGET, of
from egan.judging.features import Features
from egan.tasks import ADAPTED, Refinement


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def by_ink(images):
    """Return scores of ten classes: the amount of ink, in tenths of what there is of it."""
    ink = (images + 1).flatten(1).mean(dim=1)
    return -(ink[:, None] - torch.linspace(0, 1, 10)).square()


@pytest.fixture(scope="module")
def task():
    known, held_out = (load("font_to_digits", split=part) for part in ("train", "test"))
    made = Refinement(known, held_out, Features(lambda one: one.flatten(1), classify=by_ink))
    made.num_judged = 400
    return made


AS_IT_IS = SimpleNamespace(refine=lambda images, rng: images)
BLACK = SimpleNamespace(refine=lambda images, rng: torch.full_like(images, -1.0))


def test_a_batch_has_simulated_images_with_classes_and_real_ones_without(task):
    batch = task.draw(30, rng())
    assert batch.samples.shape == batch.codes[ADAPTED].shape == (30, 1, 8, 8)
    simulated = {one.tobytes() for one in task.data.samples[of(SOURCE, task.data)]}
    real = {one.tobytes() for one in task.data.samples[of(TARGET, task.data)]}
    encode = task.data.kind.encode
    assert all(one.tobytes() in simulated for one in encode(batch.samples))
    assert all(one.tobytes() in real for one in encode(batch.codes[ADAPTED]))
    assert set(batch.codes) == {"labels", ADAPTED}


def test_images_that_teach_nothing_are_worth_chance(task):
    scores = task.score(BLACK, rng())
    assert scores["fitness"] < 0.2
    assert task.score(AS_IT_IS, rng())["fitness"] > 0.3


def test_scores_are_the_same_whenever_they_are_taken(task):
    before = torch.get_rng_state()
    first = task.score(AS_IT_IS, rng())
    assert task.score(AS_IT_IS, rng(1)) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_real_images_with_their_classes_teach_more(task):
    found = task.baselines()
    assert found["simulated as they are"]["fitness"] == task.score(AS_IT_IS, rng())["fitness"]
    assert found["real, with classes"]["accuracy"] > 0.85


def test_classes_that_are_kept_are_counted_by_a_judge_of_the_source(task):
    lesson = task.learned(SOURCE)
    assert len(lesson) == 400
    images = lesson.real(400)
    told = by_ink(images).argmax(dim=1).numpy()
    share = (told == lesson.labels).mean()
    assert task.score(AS_IT_IS, rng())["labels_kept"] == pytest.approx(share)
    assert task.kept(images, told) == 1


def test_the_judge_learns_from_the_source_alone():
    compared = Refinement.compared(load("font_to_digits"))
    assert np.array_equal(compared.samples, load("font").samples)


def test_pictures_are_simulated_refined_and_real(task):
    picture = task.pictures(AS_IT_IS)["refined"](rng())
    assert picture.width > picture.height
    assert np.array_equal(np.asarray(picture), np.asarray(task.show_rows(AS_IT_IS, rng(1))))
    assert not np.array_equal(np.asarray(picture), np.asarray(task.show_rows(BLACK, rng())))


def test_what_is_given_is_refined(task):
    images = task.data.real(3)
    made = task.make(AS_IT_IS, 3, rng(), given={"source": images})
    assert torch.equal(made.samples, images)


def test_data_without_domains_are_refused():
    digits = load("digits")
    with pytest.raises(ValueError, match="font_to_digits"):
        Refinement(digits, digits, Features(lambda one: one.flatten(1)))
