import shutil

import numpy as np
import pytest
import torch

from population.records.checkpoint import latest_checkpoint, read_checkpoint, write_checkpoint
from population.records.identity import json_bytes
from population.records.snapshot import CheckpointError, Snapshot
from population.state import pack, unpack
from population.strategy import Individual


def snapshot(generation=7):
    state = pack({"w": torch.arange(3.0), "n": 1, "z": torch.empty(0)})
    return Snapshot(
        generation=generation,
        population=[
            Individual(
                generation=generation,
                index=2,
                hyperparameters={"lr": 0.1, "nested": {"n": np.int64(3)}},
                scores={"fitness": float("nan")},
                state=state,
            ),
            Individual(generation=generation, index=0, failed=True),
        ],
        environment=pack({"d": np.arange(4)}),
        strategy={"winners": ["a"]},
        marks={"results": 12},
        identity={"seed": 3, "mutations": ("a", "b")},
        idle=1,
    )


def test_everything_comes_back(tmp_path):
    back = read_checkpoint(write_checkpoint(tmp_path, snapshot()))
    assert back.generation == 7
    assert back.idle == 1
    assert back.marks == {"results": 12}
    assert back.strategy == {"winners": ["a"]}
    first, second = back.population
    assert first.hyperparameters == {"lr": 0.1, "nested": {"n": 3}}
    assert unpack(first.state)["w"].tolist() == [0.0, 1.0, 2.0]
    assert second.failed
    assert second.state is None
    assert unpack(back.environment)["d"].tolist() == [0, 1, 2, 3]


def test_folders_on_the_way_are_made(tmp_path):
    path = write_checkpoint(tmp_path / "some" / "run", snapshot())
    assert path.parent == tmp_path / "some" / "run"
    assert read_checkpoint(path).generation == 7


def test_texts_are_written_as_they_are_read():
    assert json_bytes({"b": "café", "a": np.int64(1)}) == '{"a": 1, "b": "café"}'.encode()
    assert json_bytes("caf\udce9") == b'"caf\xed\xb3\xa9"'
    with pytest.raises(TypeError, match="cannot hold .* of type object"):
        json_bytes(object())


def test_only_the_newest_are_kept_and_no_draft_stays(tmp_path):
    for generation in range(1, 6):
        write_checkpoint(tmp_path, snapshot(generation), keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000004", "00000005"]


def test_any_altered_byte_is_detected(tmp_path):
    path = write_checkpoint(tmp_path, snapshot())
    rng = np.random.default_rng(0)
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        for place in {0, len(whole) - 1, *rng.integers(len(whole), size=40).tolist()}:
            broken = bytearray(whole)
            broken[place] ^= 1 << int(rng.integers(8))
            file.write_bytes(broken)
            with pytest.raises(CheckpointError, match="manifest|altered|bytes"):
                read_checkpoint(path)
        file.write_bytes(whole)
    read_checkpoint(path)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "manifest.json"])
def test_a_torn_file_is_named_and_the_checkpoint_before_is_used(tmp_path, caplog, name):
    write_checkpoint(tmp_path, snapshot(1))
    newest = write_checkpoint(tmp_path, snapshot(2))
    content = (newest / name).read_bytes()
    (newest / name).write_bytes(content[: len(content) // 2])
    assert latest_checkpoint(tmp_path).generation == 1
    assert name in caplog.text


def test_without_a_whole_one_the_error_says_so(tmp_path):
    path = write_checkpoint(tmp_path, snapshot(1))
    (path / "state.json").unlink()
    with pytest.raises(CheckpointError, match="state.json cannot be read"):
        latest_checkpoint(tmp_path)
    shutil.rmtree(path)
    with pytest.raises(CheckpointError, match="there are none"):
        latest_checkpoint(tmp_path)


def test_a_failed_write_leaves_the_older_one_and_no_draft(tmp_path, monkeypatch):
    write_checkpoint(tmp_path, snapshot(1))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_checkpoint(tmp_path, snapshot(2))
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]


def test_another_configuration_is_named_setting_by_setting():
    made = snapshot()
    same = Snapshot(**{**fields(made), "identity": {"seed": 3, "mutations": ["a", "b"]}})
    same.check_identity({"seed": 3, "mutations": ("a", "b")})
    with pytest.raises(CheckpointError, match="seed was 3, now 4"):
        same.check_identity({"seed": 4, "mutations": ("a", "b")})


def fields(made):
    return {name: getattr(made, name) for name in Snapshot.__dataclass_fields__}
