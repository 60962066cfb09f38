"""A stranger's run folder may fail, but not act: each sentence of docs/threat_model.md."""

import hashlib
import json
import os
import pickle
import re
import shutil
import sys
from pathlib import Path

import pytest
from toys import search

from egan.files import write_text
from egan.plot import plot
from egan.reporting.report import write_report
from egan.run import main
from population import Callback
from population.records.checkpoint import latest_checkpoint
from population.records.lock import InUseError
from population.records.snapshot import CheckpointError

PAGE = Path(__file__).parents[2] / "docs" / "threat_model.md"


def test_each_sentence_has_a_test():
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_threat_model*.py")]
    defined = {name for source in sources for name in re.findall(r"\ndef (test_\w+)", source)}
    named = re.findall(r"`(test_\w+)`", PAGE.read_text())
    assert {*named, "test_each_sentence_has_a_test"} == defined
    untrusted = PAGE.read_text().split("## Run folders")[1].split("## Not promised")[0]
    for sentence in re.split(r"\n- ", untrusted)[1:]:
        assert re.search(r"`test_\w+`", sentence), sentence


@pytest.fixture
def victim(tmp_path):
    """Return a folder of the user's, with a file and a numbered folder in it."""
    folder = tmp_path / "mine"
    (folder / "00000001").mkdir(parents=True)
    for name in ("file.csv", "00000001/photo", "000009.png"):
        (folder / name).write_text("precious")
    return folder


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def resumed(run, *words):
    return ["--resume", run, "--generations", "4", *words]


def settings(run, **changes):
    """Add lines to a run's configuration."""
    path = run / "config.yaml"
    lines = [line for line in path.read_text().splitlines() if line.split(":")[0] not in changes]
    path.write_text("\n".join([*lines, *(f"{k}: {v}" for k, v in changes.items())]) + "\n")


def rewrite(checkpoint, change):
    """Change a checkpoint's content and make its checksums right again."""
    state = json.loads((checkpoint / "state.json").read_text())
    change(state)
    blob = json.dumps(state, sort_keys=True).encode()
    (checkpoint / "state.json").write_bytes(blob)
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["state.json"] = {"sha256": hashlib.sha256(blob).hexdigest(), "size": len(blob)}
    (checkpoint / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))


def newest(run):
    return max((run / "checkpoints").glob("[0-9]*"))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("results.csv", "file.csv"),
        ("metrics.csv", "file.csv"),
        ("log.txt", "file.csv"),
        ("samples", "."),
        ("samples/000000.png", "file.csv"),
        ("checkpoints", "."),
        ("checkpoints/00000002", "00000001"),
        ("checkpoints/00000002/state.json", "file.csv"),
        ("config.yaml", "file.csv"),
        ("new.csv", "missing"),
    ],
)
def test_links(name, target, run, victim, told):
    before = content(victim)
    path = run / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(victim / target)
    assert f"{path} is a link" in told(resumed(run))
    path.unlink()
    os.mkfifo(path)
    assert str(run) in told(resumed(run))
    assert content(victim) == before


@pytest.mark.parametrize("name", ["results.csv", "metrics.csv", "log.txt"])
def test_hard_links(name, run, tmp_path, told):
    os.link(run / name, tmp_path / "mine.csv")
    before = (tmp_path / "mine.csv").read_bytes()
    assert "a hard link" in told(resumed(run))
    assert (tmp_path / "mine.csv").read_bytes() == before


def test_temporary_names(tmp_path, victim):
    link = tmp_path / f".{os.getpid()}-about.json"
    link.symlink_to(victim / "file.csv")
    write_text(tmp_path / "about.json", "new")
    assert (victim / "file.csv").read_text() == "precious"
    checkpoints = tmp_path / "run" / "checkpoints"
    checkpoints.mkdir(parents=True)
    for generation in (0, 1):
        draft = checkpoints / f".{generation:08d}.{os.getpid()}"
        draft.symlink_to(victim) if generation else draft.mkdir()
    search(directory=tmp_path / "run", checkpoint_every=1).run(1)
    assert sorted(path.name for path in checkpoints.iterdir()) == ["00000000", "00000001"]
    assert (victim / "00000001/photo").read_text() == "precious"


@pytest.mark.parametrize("name", ["../mine/file", "{mine}/file", "beside"])
def test_names_in_a_checkpoint(name, run, victim):
    (run / "beside.csv").write_text("precious")
    marks = {name.format(mine=victim): {"size": 0, "sha256": None}}
    rewrite(newest(run), lambda state: state["marks"].update(marks))
    before = content(victim)
    assert main([str(word) for word in resumed(run)]) == 0
    assert content(victim) == before
    assert (run / "beside.csv").read_text() == "precious"


def test_checkpoints_run_nothing(trap, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("state.json", "state.safetensors", "manifest.json"):
        for path in (run / "checkpoints").glob(f"*/{name}"):
            path.write_bytes(pickle.dumps(trap))
        with pytest.raises(CheckpointError):
            latest_checkpoint(run / "checkpoints")
    assert not (tmp_path / "sprung").exists()


MANIFESTS = {
    "a list": '["state.json", "state.safetensors"]',
    "numbers": '{"state.json": 1, "state.safetensors": 2}',
    "text": '{"state.json": "a", "state.safetensors": "b"}',
    "deep": "[" * 100_000 + "]" * 100_000,
    "nothing": "null",
}


@pytest.mark.parametrize("kind", [*MANIFESTS, "no population", "no format", "marks", "a pipe"])
def test_made_up_checkpoints(kind, tmp_path, caplog):
    search(directory=tmp_path, checkpoint_every=1).run(2)
    last = newest(tmp_path)
    if kind in MANIFESTS:
        (last / "manifest.json").write_text(MANIFESTS[kind])
    elif kind == "a pipe":
        (last / "state.json").unlink()
        os.mkfifo(last / "state.json")
    else:
        key = kind.removeprefix("no ")
        rewrite(last, lambda state: state.pop(key))
    assert latest_checkpoint(tmp_path / "checkpoints").generation == 1
    assert last.name in caplog.text


@pytest.mark.parametrize("how", ["resume", "resume --dry-run", "config"])
@pytest.mark.parametrize("name", ["features", "text_encoder"])
def test_functions_are_named_again(name, how, lay_module, run, told):
    tmp_path = run.parent
    flag = f"--{name.replace('_', '-')}"
    lay_module(tmp_path, "helper")
    settings(run, **{name: "helper:f"})
    words = [run / "config.yaml"] if how == "config" else resumed(run, *how.split()[1:])
    assert f"say so: {flag} helper:f" in told(words)
    assert not (tmp_path / "sprung").exists()
    other = f"{flag} was helper:f, now another:g"
    assert other in told(resumed(run, flag, "another:g"))


@pytest.mark.parametrize("path", ["", "{run}", "{run}/samples/.."])
def test_no_module_from_the_run(path, lay_module, run, monkeypatch, told):
    lay_module(run, "stray")
    settings(run, features="stray:f")
    monkeypatch.chdir(run)
    monkeypatch.setattr("sys.path", [path.format(run=run), *sys.path])
    assert "cannot be imported" in told(resumed(".", "--features", "stray:f"))
    assert not (run / "sprung").exists()
    assert Path.cwd() == run.parent


@pytest.mark.parametrize("address", ["ray://198.51.100.1:10001", "198.51.100.1:6379"])
def test_addresses_are_named_again(address, run, monkeypatch, told):
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: pytest.fail("it connects"))
    settings(run, address=address, executor="ray")
    assert f"say so: --address {address}" in told(resumed(run))
    assert f"say so: --address {address}" in told([run / "config.yaml"])
    assert told([*resumed(run, "--address", address), "--dry-run"], 0) == ""


def test_one_writer(tmp_path):
    search(directory=tmp_path, checkpoint_every=1).run(1)
    first, second = (search(directory=tmp_path, checkpoint_every=1) for _ in range(2))
    first.resume()
    second.resume()
    with (
        first.archive.opened(first.archive.latest(first.identity)),
        pytest.raises(InUseError, match=re.escape(str(tmp_path))),
    ):
        second.run(3)
    assert second.run(3).history["generation"].max() == 3


def _delete(path):
    path.unlink()


def _replace(path):
    shutil.copy(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _cut(path):
    os.truncate(path, path.stat().st_size // 2)


def _continue(path):
    with path.open("a") as file:
        file.write("more\n")


@pytest.mark.parametrize("change", [_delete, _replace, _cut, _continue])
def test_results_changed_meanwhile(change, tmp_path):
    class Vandal(Callback):
        def on_generation(self, search, generation):
            if generation.number == 3:
                change(tmp_path / "results.csv")

    vandalised = search(directory=tmp_path, checkpoint_every=2, callbacks=[Vandal()])
    with pytest.raises(CheckpointError, match=r"results.csv was (deleted|replaced|cut|continued)"):
        vandalised.run(6)
    assert newest(tmp_path).name == "00000002"
    there = (tmp_path / "results.csv").exists()
    if change in (_delete, _cut):
        with pytest.raises(
            CheckpointError, match=r"results.csv (is missing|has \d+ bytes|was altered)"
        ):
            search(directory=tmp_path, checkpoint_every=2).resume().run(6)
    assert (tmp_path / "results.csv").exists() == there


@pytest.mark.parametrize("name", ["results.csv", "metrics.csv"])
def test_tables_of_its_own(name, run, victim):
    for make in (os.mkfifo, lambda path: path.symlink_to(victim / "file.csv")):
        (run / name).unlink()
        make(run / name)
        with pytest.raises(ValueError, match=re.escape(str(run))):
            plot([run], output=victim / "new.png")
    assert not (victim / "new.png").exists()


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\rb", "a\x9bb", os.fsdecode(b"a\xffb")])
def test_no_control_characters(name, run, told):
    (run / name).symlink_to("missing")
    shown = told(resumed(run))
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert repr(name)[1:-1] in shown


def test_reports_escape(run):
    with (run / "config.yaml").open("a") as file:
        file.write("# <script>alert(1)</script>\n")
    html = write_report(run).read_text()
    assert "&lt;script&gt;alert" in html
    assert "<script" not in html
