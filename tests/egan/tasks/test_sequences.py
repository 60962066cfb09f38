"""Sequences: judged by an oracle where there is one, by their n-grams elsewhere."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

import fitness
from egan import data as egan_data
from egan.data.dataset import Dataset
from egan.data.oracle_language import LstmLanguage
from egan.data.spelling import Spelling
from egan.data.splits import parted
from egan.judging.features import Features
from egan.tasks import Sequences


def rng():
    return torch.Generator().manual_seed(0)


class Parrot:
    """Says what it was given, again and again."""

    def __init__(self, tokens):
        self.tokens = tokens

    def samples(self, count, rng):
        return self.tokens[torch.arange(count) % len(self.tokens)]


class Sure(Parrot):
    def log_density(self, tokens, rng):
        return torch.full((len(tokens),), -6.0)


def task_of(dataset, num_judged=60):
    task = Sequences(*parted(dataset, hold_out=True), Features(dataset.kind.flat))
    task.num_judged = num_judged
    return task


@pytest.fixture(scope="module")
def language():
    oracle = LstmLanguage.random(5, np.random.default_rng(0), width=4)
    said = oracle.sequences(400, 4, np.random.default_rng(1))
    return Dataset("tiny", said, vocabulary=5, oracle=oracle)


@pytest.fixture
def words(tmp_path):
    lines = [f"{a} {b} {c}" for a in "ab" for b in "cdef" for c in "ghij"]
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(lines))
    return egan_data.load("text", path=path)


def test_the_oracle_judges_samples(language):
    task = task_of(language)
    said = torch.tensor([[0, 1, 2, 3], [4, 4, 4, 4]])
    nats = language.oracle.log_probability(said.numpy())
    scores = task.score(Parrot(said), rng())
    assert scores["oracle_nll"] == pytest.approx(-nats.mean() / 4)
    assert scores["fitness"] == -scores["oracle_nll"]


def test_n_grams_judge_where_there_is_no_oracle(words):
    task = task_of(words)
    held_out = task.held_out.real(60)
    scores = task.score(Parrot(task.data.real(60)), rng())
    expected = fitness.ngram_divergence(
        task.data.real(60).repeat(3, 1)[:60].numpy(), held_out.numpy()
    )
    assert scores == {"fitness": -expected, "ngram_divergence": expected}
    apart = task.score(Parrot(torch.zeros(60, 3, dtype=torch.int64)), rng())
    assert apart["fitness"] < scores["fitness"]


def test_a_look_tells_what_fitness_does_not(language):
    task = task_of(language)
    scores = task.look(Sure(task.data.real(3)), rng())
    assert scores["distinct"] == 3 / 60
    assert scores["token_nll"] == 6 / 4
    assert "token_nll" not in task.look(Parrot(task.data.real(3)), rng())


def test_baselines_are_in_their_order(language):
    found = task_of(language, 400).baselines()
    nll = [found[name]["oracle_nll"] for name in ("floor", "Markov chain", "noise")]
    assert nll == sorted(nll)
    assert found["noise"]["oracle_nll"] > found["each place alone"]["oracle_nll"]
    uniform = math.log(5)
    assert found["Markov chain"]["token_nll"] < uniform
    assert "floor" not in Sequences(language, language, Features(language.kind.flat)).baselines()


@pytest.mark.parametrize("kind", ["language", "words"])
def test_samples_are_written_beside_real_ones(kind, request):
    task = task_of(request.getfixturevalue(kind))
    [(title, draw)] = task.pictures(Parrot(task.data.real(9))).items()
    assert title == "samples"
    one, other = draw(rng()), task.pictures(Parrot(task.data.real(2)))["samples"](rng())
    assert one.size == other.size  # frames of one film
    assert isinstance(task.show_real(), Image.Image)


def test_its_meaning_says_who_judges(language, words):
    assert "oracle" in task_of(language).meaning
    assert "n-grams" in task_of(words).meaning


def test_short_sequences_have_short_runs():
    tokens = np.random.default_rng(0).integers(0, 3, (40, 1))
    data = Dataset("short", tokens, vocabulary=3, spelling=Spelling(("a", "b", "c"), ""))
    assert task_of(data).score(Parrot(data.real(9)), rng())["ngram_divergence"] < math.log(2)
