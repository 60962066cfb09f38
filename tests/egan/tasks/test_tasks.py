"""Tasks: what they need, what they draw, what scores and baselines are worth."""

import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

import fitness
from egan.data import load
from egan.data.dataset import Dataset
from egan.data.kinds import Images, Points
from egan.judging.features import Features
from egan.tasks import (
    Classes,
    Density,
    Generation,
    Needs,
    Recognition,
    Reconstruction,
    draw,
    draw_labels,
)
from egan.tasks.density import LEAST_DEVIATION, independent_density


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=60, *, classes=3, seed=0, **options):
    stored = np.random.default_rng(seed).integers(0, 256, (count, 1, 6, 6), np.uint8)
    labels = np.arange(count) % classes if classes else None
    return Dataset("noise", stored, labels, **options)


def features(*, classify=None, accuracy=None):
    return Features(lambda x: x.flatten(1)[:, :5], classify=classify, accuracy=accuracy)


class Copier:
    """Makes samples by handing out real ones."""

    def __init__(self, data):
        self.data = data

    def samples(self, count, rng):
        return self.data.real(count)


# What the data must have.


@pytest.mark.parametrize(
    ("needs", "data", "message"),
    [
        (
            Needs(labels=True),
            images(classes=0),
            "Cgan needs data with classes, but noise has no labels. Give labelled data",
        ),
        (Needs(labels=True), images(classes=1), "needs data with classes"),
        (
            Needs(kinds=(Images,)),
            load("gaussians8"),
            (
                "Cgan needs images, but gaussians8 has samples of shape (2,) (points). "
                "Give images, such as --data.name digits."
            ),
        ),
        (
            Needs(kinds=(Points, Images)),
            Dataset("words", np.zeros((4, 5), np.int64), vocabulary=7),
            "Cgan needs points or images, but words",
        ),
        (
            Needs(annotations=("mask",)),
            images(),
            "Cgan needs data with 'mask' for each sample, but noise has no annotations.",
        ),
        (
            Needs(annotations=("mask",)),
            images(annotations={"pose": np.zeros(60)}),
            "but noise has pose.",
        ),
    ],
)
def test_what_is_missing_is_named(needs, data, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        needs.check(data, who="Cgan")


@pytest.mark.parametrize("needs", [Needs(), Needs(labels=True), Needs(kinds=(Images,))])
def test_data_that_have_it_will_do(needs):
    needs.check(images(), who="Cgan")


# Batches.


def test_batches_have_labels_where_there_are_any():
    data = images()
    batch = draw(data, 20, rng())
    chosen = torch.randint(60, (20,), generator=rng())
    assert torch.equal(batch.labels, chosen % 3)
    assert torch.equal(batch.samples, data.tensor(chosen.numpy()))
    assert draw(images(classes=0), 20, rng()).codes == {}
    assert len(batch) == 20


def test_labels_are_drawn_as_the_data_have_them():
    labels = np.repeat(np.arange(3), (10, 20, 30))
    data = Dataset("uneven", np.zeros((60, 1, 2, 2), np.uint8), labels)
    shares = draw_labels(data, 6000, rng()).bincount(minlength=3) / 6000
    torch.testing.assert_close(shares, torch.tensor([1 / 6, 2 / 6, 3 / 6]), atol=0.02, rtol=0)
    with pytest.raises(ValueError, match="noise has no labels to draw; give labelled data"):
        draw_labels(images(classes=0), 3, rng())


# Generation.


def generation(data, held_out=None):
    held_out = data if held_out is None else held_out
    kind = features() if data.kind.bounded else Features(data.kind.flat)
    task = Generation(data, held_out, kind)
    task.num_judged = 50
    return task


def test_fitness_is_the_distance_to_the_data():
    data = images()
    task = generation(data)
    scores = task.score(Copier(images(seed=1)), rng())
    made = task.features.features(images(seed=1).real(50))
    expected = fitness.frechet_distance(task.features.reference(data), made)
    assert scores["frechet"] == pytest.approx(expected)
    assert scores["fitness"] == pytest.approx(-math.log(expected))


@pytest.mark.parametrize("name", ["digits", "gaussians8", "swiss_roll", "bimodal", "five_modes"])
def test_baselines_of_generation_are_in_their_order(name):
    data = load(name)
    half = Dataset(name, data.samples[::2], mixture=data.mixture)
    rest = Dataset(name, data.samples[1::2], mixture=data.mixture)
    found = generation(half, rest).baselines()
    assert list(found) == ["floor", "Gaussian", "noise"]
    key = "frechet" if data.kind.bounded else "mmd"
    assert found["floor"][key] < min(found["Gaussian"][key], found["noise"][key])
    again = generation(half, rest).baselines()
    assert repr(again) == repr(found)


def test_a_floor_needs_data_that_were_held_out():
    assert list(generation(images()).baselines()) == ["Gaussian", "noise"]


def test_points_are_judged_by_more_samples_than_images():
    assert generation(images()).num_looked_at == 50
    assert Generation(load("gaussians8"), load("gaussians8"), features()).num_looked_at == 2500


@pytest.mark.parametrize("name", ["digits", "gaussians8", "bimodal"])
def test_samples_and_data_are_drawn(name):
    data = load(name)
    task = generation(data)
    [(title, draw_it)] = task.pictures(Copier(data)).items()
    assert title == "samples"
    for picture in (draw_it(rng()), task.show_real()):
        assert isinstance(picture, Image.Image)


# Classes.


class Painter(Copier):
    """Makes samples whose first pixel tells the class that was asked for."""

    deaf = False

    def samples_of(self, labels, rng):
        made = self.data.real(1).expand(len(labels), -1, -1, -1).clone()
        made[:, 0, 0, 0] = 0.0 if self.deaf else labels.float() / 10
        return made

    def labelled(self, count, rng):
        labels = draw_labels(self.data, count, rng)
        return labels, self.samples_of(labels, rng)


def by_first_pixel(samples):
    told = (samples[:, 0, 0, 0] * 10).round().long().clamp(0, 2)
    return torch.nn.functional.one_hot(told, 3).float()


def classes(**options):
    data = images()
    task = Classes(data, data, features(classify=by_first_pixel), **options)
    task.num_judged = 50
    return task


def test_accuracy_is_how_often_the_class_is_the_one_asked_for():
    task, painter = classes(), Painter(images())
    scores = task.score(painter, rng())
    assert scores["accuracy"] == 1.0
    assert scores["fitness"] == pytest.approx(1.0 - scores["frechet"])
    painter.deaf = True
    asked = draw_labels(images(), 50, rng())
    assert task.score(painter, rng())["accuracy"] == pytest.approx(
        float((asked == 0).float().mean())
    )


def test_the_distance_counts_as_it_is_weighed():
    one, none = (classes(distance_weight=w).score(Painter(images()), rng()) for w in (1.0, 0.0))
    assert none["fitness"] == none["accuracy"] == one["accuracy"]
    assert one["fitness"] == pytest.approx(none["fitness"] - one["frechet"])


def test_chance_is_the_baseline_of_classes():
    assert classes().baselines()["chance"]["accuracy"] == pytest.approx(1 / 3, abs=0.02)
    assert "noise" in classes().baselines()


def test_a_look_at_classes_has_all_distances_too():
    assert {"accuracy", "frechet", "coverage"} <= set(classes().look(Painter(images()), rng()))


def test_rows_of_classes_share_their_random_numbers():
    task, seen = classes(), []

    class Noting(Painter):
        def samples_of(self, labels, rng):
            seen.append((labels.tolist(), torch.rand(3, generator=rng).tolist()))
            return super().samples_of(labels, rng)

    picture = task.pictures(Noting(images()))["class_rows"](rng())
    assert isinstance(picture, Image.Image)
    assert [labels for labels, _ in seen] == [[i] * 10 for i in range(3)]
    assert seen[0][1] == seen[1][1] == seen[2][1]


# Density.


def density(data, held_out, **options):
    task = Density(data, held_out, features(), **options)
    task.num_judged = 50
    return task


def test_fitness_is_the_mean_density_of_what_was_held_out():
    data, held_out = images(), images(seed=1)

    class Standard:
        def log_density(self, samples, rng):
            return -0.5 * samples.flatten(1).square().sum(dim=1)

    expected = float((-0.5 * held_out.real(50).flatten(1).square().sum(dim=1)).mean())
    assert density(data, held_out).score(Standard(), rng()) == {"fitness": pytest.approx(expected)}


def test_the_gaussian_baseline_is_its_closed_form():
    data, held_out = load("gaussians8"), Dataset("points", load("gaussians8").samples[::3].copy())
    found = Density(data, held_out, Features(data.kind.flat)).baselines()
    mean, deviation = data.samples.mean(axis=0), data.samples.std(axis=0)
    rows = stats.norm.logpdf(held_out.samples.astype(float), mean, deviation).sum(axis=1)
    scores = found["Gaussian of each coordinate"]
    assert scores["fitness"] == scores["elbo"] == pytest.approx(rows.mean(), rel=1e-4)
    assert {"Gaussian", "noise"} <= set(found)


def test_on_its_own_data_it_is_minus_the_entropy_of_the_gaussian():
    rows = torch.randn((500, 3), generator=rng()) * torch.tensor([0.5, 1.0, 4.0])
    found = float(independent_density(rows, rows, likelihood="gaussian").mean())
    variances = rows.double().var(dim=0, correction=0)
    expected = -float((0.5 * torch.log(2 * math.pi * math.e * variances)).sum())
    assert found == pytest.approx(expected, rel=1e-5)


def test_pixels_that_never_change_are_worth_no_more_than_the_least_deviation():
    rows = torch.full((10, 2), 0.25)
    found = independent_density(rows, rows, likelihood="gaussian")
    expected = -2 * math.log(LEAST_DEVIATION * math.sqrt(2 * math.pi))
    torch.testing.assert_close(found, torch.full((10,), expected))


def test_the_bernoulli_baseline_is_minus_the_entropy_of_each_pixel():
    rows = (torch.rand((400, 4), generator=rng()) < 0.3).float() * 2 - 1
    share = ((rows + 1) / 2).mean(dim=0).double()
    entropy = -(share * share.log() + (1 - share) * (1 - share).log()).sum()
    found = float(independent_density(rows, rows, likelihood="bernoulli").mean())
    assert found == pytest.approx(-float(entropy), rel=1e-5)
    held_out = Dataset(
        "binary", (np.random.default_rng(0).random((50, 1, 2, 2)) < 0.5) * np.uint8(255)
    )
    task = density(held_out, held_out, likelihood="bernoulli")
    assert task.baselines()["each pixel alone"]["elbo"] == pytest.approx(
        float(
            independent_density(
                held_out.real(50).flatten(1), held_out.real(50).flatten(1), likelihood="bernoulli"
            ).mean()
        )
    )


# Recognition.


class Reader:
    """Tells the class from the first pixel."""

    def classify(self, samples):
        return by_first_pixel(samples)


def readable(count=60, *, wrong=0, **options):
    """Return images whose first pixel says the class, but for some."""
    labels = np.arange(count) % 3
    stored = np.zeros((count, 1, 6, 6), np.uint8)
    stored[:, 0, 0, 0] = np.round((labels / 10 + 1) * 127.5).astype(np.uint8)
    stored[:wrong, 0, 0, 0] = np.round(((labels[:wrong] + 1) % 3 / 10 + 1) * 127.5)
    return Dataset("readable", stored, labels, **options)


@pytest.mark.parametrize("wrong", [0, 6])
def test_recognition_is_how_often_the_class_is_right(wrong):
    data = readable(wrong=wrong)
    task = Recognition(data, data, features())
    assert task.score(Reader(), rng()) == {"fitness": pytest.approx(1 - wrong / 60)}


def test_mistakes_are_shown_first():
    data = readable(wrong=6)
    task = Recognition(data, data, features())
    shown = []
    task.show = lambda chosen, **_: shown.append(chosen)
    task.pictures(Reader())["mistakes"](rng())
    assert torch.equal(shown[0][:6], data.tensor(range(6)))
    assert len(shown[0]) == 60


def test_a_model_that_has_diverged_is_right_nowhere_and_is_drawn():
    class Diverged:
        def classify(self, images):
            return torch.full((len(images), 3), math.nan)

    task = Recognition(images(), images(), features())
    assert math.isnan(task.score(Diverged(), rng())["fitness"])
    assert isinstance(task.pictures(Diverged())["mistakes"](rng()), Image.Image)


def test_of_several_classes_an_image_all_must_be_right():
    present = np.zeros((60, 3), np.int64)
    present[np.arange(60), np.arange(60) % 3] = 1
    data = readable(annotations={"classes": present})
    assert Recognition(data, data, features()).score(Reader(), rng())["fitness"] == 1.0
    present = present.copy()
    present[:30] = 1 - present[:30]
    data = readable(annotations={"classes": present})
    found = Recognition(data, data, features())
    assert found.score(Reader(), rng())["fitness"] < 0.75
    share = pytest.approx(10 / 60)
    assert found.baselines() == {"commonest answer": {"fitness": share, "accuracy": share}}


def test_baselines_of_recognition():
    labels = np.repeat(np.arange(3), (10, 20, 30))
    data = Dataset("uneven", np.zeros((60, 1, 6, 6), np.uint8), labels)
    found = Recognition(data, data, features()).baselines()
    assert found == {"commonest answer": {"fitness": 0.5, "accuracy": 0.5}}
    found = Recognition(data, data, features(accuracy=0.875)).baselines()
    assert found["plain CNN"] == {"fitness": 0.875, "accuracy": 0.875}


def test_data_to_recognise_are_drawn():
    data = readable()
    task = Recognition(data, data, features())
    assert isinstance(task.show_real(), Image.Image)
    assert isinstance(task.pictures(Reader())["mistakes"](rng()), Image.Image)


def test_densities_of_levels_are_told_in_bits():
    data = images(40)
    task = Density(data, images(20, seed=1), features(), likelihood="categorical", levels=3)

    class Even:
        def log_density(self, samples, rng):
            return torch.full((len(samples),), -36 * math.log(3))

    scores = task.score(Even(), rng())
    assert scores["fitness"] == pytest.approx(-36 * math.log(3))
    assert scores["nll"] == pytest.approx(36 * math.log(3))
    assert scores["bits_per_dimension"] == pytest.approx(math.log2(3))
    found = task.baselines()
    assert list(found)[:2] == ["each pixel alone", "two neighbours"]
    assert found["each pixel alone"]["bits_per_dimension"] == pytest.approx(math.log2(3), abs=0.3)


class GreyPainter:
    """Paints each class in its own grey."""

    def samples_of(self, labels, rng):
        return (labels.float() / 5 - 1).view(-1, 1, 1, 1).expand(-1, 1, 6, 6)


def test_rows_have_the_names_of_classes(monkeypatch):
    names = ("cat", "7", "a_folder_with_a_long_name")
    task = Classes(images(class_names=names), images(), features())
    shown = []
    monkeypatch.setattr(task, "show", lambda made, row_names: shown.extend(row_names))
    task.show_rows(GreyPainter(), rng())
    assert shown == ["cat", "class 7", "a_folder_with_a_lon…"]


def test_classes_are_called_by_their_numbers_where_they_have_no_names():
    assert images().classes == ("0", "1", "2")
    with pytest.raises(ValueError, match="must name each of 3 classes, but got 1"):
        images(class_names=("a",))


def test_samples_are_made_of_labels_that_are_given():
    task = Classes(images(), images(), features())
    made = task.make(GreyPainter(), 3, rng(), given={"labels": torch.tensor([0, 5, 2])})
    assert made.labels.tolist() == [0, 5, 2]
    assert made.samples[:, 0, 0, 0].tolist() == [-1.0, 0.0, pytest.approx(-0.6)]


@pytest.mark.parametrize("kind", [Generation, Classes, Density, Recognition, Reconstruction])
def test_every_task_says_what_fitness_means(kind):
    meaning = kind(images(), images(), features()).meaning
    assert meaning
    assert not meaning.endswith(".")
