"""Weights with text beside them: what is written is read, and nothing else."""

import pytest
import torch

from egan import weights_file

WHAT = "the weights of a run"


def test_tensors_and_text_come_back(tmp_path):
    path = tmp_path / "weights.safetensors"
    whole = torch.arange(6.0).view(2, 3)
    weights_file.write(path, {"a": whole.T, "b": whole}, {"format": "one", "note": "x"})
    tensors, metadata = weights_file.read(path, file_format="one", what=WHAT)
    assert torch.equal(tensors["a"], whole.T)
    assert torch.equal(tensors["b"], whole)
    assert metadata == {"format": "one", "note": "x"}
    assert list(tmp_path.iterdir()) == [path]


def test_another_format_is_told_apart(tmp_path):
    path = tmp_path / "weights.safetensors"
    weights_file.write(path, {"a": torch.zeros(1)}, {"format": "one"})
    with pytest.raises(ValueError, match=r"'one', but 'two' is expected: give the weights of a"):
        weights_file.read(path, file_format="two", what=WHAT)


@pytest.mark.parametrize("content", [None, b"", b"not weights at all"])
def test_what_cannot_be_read_is_named(content, tmp_path):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights\.safetensors cannot be read"):
        weights_file.read(path, file_format="one", what=WHAT)
