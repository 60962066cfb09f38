"""Codes of captions: computed once by an encoder of the user's, looked up, refused where odd."""

import numpy as np
import pytest
import torch

from egan.data.dataset import Dataset
from egan.data.encodings import Encodings, encode, encoded, keys
from egan.data.spelling import Spelling

WORDING = Spelling(("", "a", "red", "disc"))
CAPTIONS = np.array([[[1, 2, 3], [2, 3, 0]], [[1, 2, 3], [3, 0, 0]]], np.int16)


def lengths(texts):
    return [[len(text), text.count("red")] for text in texts]


def captioned(captions=CAPTIONS):
    images = np.zeros((len(captions), 1, 8, 8), np.uint8)
    return Dataset("drawn", images, annotations={"captions": captions}, wording=WORDING)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr("egan.data.encodings.own_function", lambda spec, what: lengths)
    return encoded(captioned(), "own:lengths")


def test_every_caption_has_its_code(known):
    rows = torch.from_numpy(CAPTIONS.reshape(4, 3).astype(np.int64))
    assert known.encodings.of(rows).tolist() == [[10, 1], [8, 1], [10, 1], [4, 0]]
    assert len(known.encodings.codes) == 3  # each is encoded once
    assert known.fingerprint() != captioned().fingerprint()


def test_what_fills_a_row_is_no_part_of_a_caption_and_the_order_of_words_is():
    rows = np.array([[1, 2, 0], [2, 1, 0], [1, 2, 3]])
    assert keys(rows)[0] == keys(np.array([[1, 2, 0, 0, 0]]))[0]
    assert len(set(keys(rows))) == 3


def test_others_are_encoded_where_the_encoder_is_known(known):
    strange = torch.tensor([[3, 3, 2], [3, 0, 0]])
    assert known.encodings.of(strange).tolist() == [[13, 1], [4, 0]]
    loaded = Encodings(known.encodings.captions, known.encodings.codes, WORDING)
    assert loaded.of(strange[1:]).tolist() == [[4, 0]]
    with pytest.raises(ValueError, match=r"'disc disc red' was not in the data.*--text-encoder"):
        loaded.of(strange)
    loaded.ask(lengths, Spelling((*WORDING.words, "crimson")))
    assert loaded.of(torch.tensor([[4, 3, 0]])).tolist() == [[12, 0]]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda texts: np.zeros(2), r"returned \(2,\) for 3 captions, but expected \(3, D\)"),
        (lambda texts: np.zeros((2, 4)), r"returned \(2, 4\) for 3 captions"),
        (lambda texts: [[np.nan]] * len(texts), "not finite"),
        (lambda texts: {}[texts[0]], "raised KeyError on 3 captions, of which the first is 'a'"),
    ],
)
def test_what_is_no_code_is_told(made, message):
    with pytest.raises(ValueError, match=message):
        encode(["a", "b", "c"], made)
    with pytest.raises(ValueError, match=r"expected \(1, 3\)"):
        encode(["a"], lengths, dim=3)
