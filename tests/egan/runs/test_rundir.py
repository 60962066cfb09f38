import dataclasses
import json
import subprocess
import sys

import pytest

from egan import collection
from egan.config.file import read_config
from egan.errors import UserError
from egan.runs.folder import RunDirectory, next_path, read_timing
from egan.runs.plan import plan

RACE = """
import sys
from dataclasses import replace
from pathlib import Path
from egan import collection
from egan.runs.folder import RunDirectory
from egan.runs.plan import plan
preset = sys.argv[2]
planned = plan(replace(collection.preset(preset), output=sys.argv[1]))
while not Path(sys.argv[1], "go").exists():
    pass
for _ in range(10):
    RunDirectory.create(planned)
"""


@pytest.fixture
def config(tmp_path):
    return dataclasses.replace(collection.preset("digits"), output=str(tmp_path / "runs"))


def test_runs_are_numbered_whatever_their_preset(config, tmp_path):
    first = RunDirectory.create(plan(config)).path
    second = RunDirectory.create(plan(dataclasses.replace(config, preset="gaussians8"))).path
    assert [first.name, second.name] == ["00000-digits", "00001-gaussians8"]
    assert next_path(config.output, "digits") == f"{config.output}/00002-digits"


def test_a_number_is_never_used_again(config):
    first, second = RunDirectory.create(plan(config)), RunDirectory.create(plan(config))
    first.discard()
    assert not first.path.exists()
    assert RunDirectory.create(plan(config)).path.name == "00002-digits"
    assert second.path.exists()


def test_a_new_directory_holds_settings_and_versions(config):
    path = RunDirectory.create(plan(config)).path
    assert read_config(path / "config.yaml", collection.preset) == config
    assert {"python", "torch", "ray", "numpy", "platform"} <= set(
        json.loads((path / "versions.json").read_text())
    )
    assert sorted(p.name for p in path.iterdir()) == ["config.yaml", "samples", "versions.json"]


def test_two_processes_at_once_get_numbers_of_their_own(tmp_path):
    processes = [
        subprocess.Popen([sys.executable, "-c", RACE, str(tmp_path), preset])
        for preset in ("digits", "gaussians8")
    ]
    (tmp_path / "go").touch()
    assert [process.wait(60) for process in processes] == [0, 0]
    names = sorted(path.name for path in tmp_path.glob("0*"))
    assert [name[:5] for name in names] == [f"{i:05d}" for i in range(20)]


def test_a_run_is_held_by_one_process_alone(config):
    held = RunDirectory.create(plan(config))
    with pytest.raises(UserError, match="run by another process"):
        RunDirectory.open(held.path, plan(config))
    held.close()
    RunDirectory.open(held.path, plan(config)).close()


def test_going_back_writes_down_the_new_settings(config):
    directory = RunDirectory.create(plan(config))
    directory.close()
    longer = dataclasses.replace(config, generations=9000)
    RunDirectory.open(directory.path, plan(longer)).close()
    assert read_config(directory.path / "config.yaml", collection.preset) == longer


def test_pictures_of_generations_to_come_are_forgotten(config):
    directory = RunDirectory.create(plan(config))
    for name in ("real", "000000", "000005", "000010"):
        (directory.samples / f"{name}.png").touch()
    directory.forget_after(5)
    assert sorted(p.stem for p in directory.samples.iterdir()) == ["000000", "000005", "real"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"wall_seconds": 1}'])
def test_a_damaged_timing_is_started_anew(text, tmp_path):
    (tmp_path / "timing.json").write_text(text)
    assert read_timing(tmp_path) == {"wall_seconds": 0.0, "parts": {}}


def test_an_output_below_a_file_is_a_message(config, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--output .*file/runs: Not a directory"):
        RunDirectory.create(plan(dataclasses.replace(config, output=str(tmp_path / "file/runs"))))
