"""Copies of runs elsewhere: their order, what a broken one is worth, names, and pulling them."""

import shutil

import fsspec
import pytest

from egan.errors import UserError
from egan.runs import mirror as mirroring
from egan.runs.mirror import Mirror
from egan.runs.remote import Remote, inner, is_url, split


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirroring, "PAUSES", (0.0,))
    yield
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.fixture(params=["file", "memory"])
def remote(request, tmp_path):
    return Remote(f"file://{tmp_path}/far" if request.param == "file" else "memory://far")


def checkpoint(path, generation, rows):
    """Write what a search leaves at a checkpoint: rows, data, and a manifest."""
    (path / "config.yaml").write_text("seed: 0\n")
    (path / "results.csv").write_text("".join(f"row {i}\n" for i in range(rows)))
    folder = path / "checkpoints" / f"{generation:08d}"
    folder.mkdir(parents=True)
    for name in ("state.safetensors", "state.json", "manifest.json"):
        (folder / name).write_text(f"{name} of {generation}")


def contents(path):
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
    }


def far(remote, name):
    root = f"{remote.root}/{name}"
    return {inner(path, root): remote.files.cat_file(path) for path in remote.files.find(root)}


def test_what_a_run_has_is_there_and_what_it_deletes_is_not(remote):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    copy = Mirror(remote, path)
    copy.start()
    assert far(remote, path.name) == contents(path)
    checkpoint(path, 2, 20)
    shutil.rmtree(path / "checkpoints" / "00000001")
    (path / ".draft").write_text("half a file")
    assert copy.update()
    (path / ".draft").unlink()
    assert far(remote, path.name) == contents(path)


def test_another_machine_pulls_it_and_goes_on(remote, monkeypatch, tmp_path):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    Mirror(remote, path).start()
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "other machine"))
    there = remote.pull(path.name)
    assert there != path
    assert contents(there) == contents(path)
    checkpoint(there, 2, 20)
    Mirror(remote, there).start()
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    assert contents(remote.pull(path.name)) == contents(there)


def test_what_is_further_here_is_kept(remote):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    Mirror(remote, path).start()
    checkpoint(path, 2, 20)
    before = contents(path)
    assert remote.pull(path.name) == path
    assert contents(path) == before


def test_another_run_of_that_name_is_put_aside(remote, capsys):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    Mirror(remote, path).start()
    (path / "results.csv").write_text("another run's rows")
    remote.pull(path.name)
    assert (path / "results.csv").read_text().startswith("row 0")
    [aside] = path.parent.glob(f".{path.name}.*.aside")
    assert (aside / "results.csv").read_text() == "another run's rows"
    assert f"it is {aside} now" in capsys.readouterr().err


def test_numbers_go_on_from_those_that_are_there(remote):
    first, second = remote.make_numbered("digits"), remote.make_numbered("vae")
    assert [first.name, second.name] == ["00000-digits", "00001-vae"]
    remote.files.makedirs(f"{remote.root}/00007-gan")
    remote.files.pipe_file(f"{remote.root}/00007-gan/config.yaml", b"")
    remote.files.pipe_file(f"{remote.root}/.00008", b"another machine's")
    assert remote.make_numbered("vae").name == "00009-vae"
    assert not [name for name in remote.names() if name == ".00009"]


class Broken:
    """A file system whose nth write fails, and then every one until it is mended."""

    def __init__(self, files, after):
        self.files, self.left = files, after

    def __getattr__(self, name):
        return getattr(self.files, name)

    def makedirs(self, *arguments, **options):
        """Begin to write a file."""
        self.left -= 1
        if self.left < 0:
            raise ConnectionError("the network is down")
        return self.files.makedirs(*arguments, **options)


def break_off(remote, after):
    broken = Broken(remote.files, after)
    remote.__dict__["_place"] = (broken, remote.root)
    return broken


@pytest.mark.parametrize("after", range(6))
def test_wherever_a_copy_breaks_off_it_holds_a_whole_checkpoint(remote, after, caplog):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    copy = Mirror(remote, path)
    copy.start()
    shutil.rmtree(path / "checkpoints" / "00000001")
    checkpoint(path, 2, 20)
    broken = break_off(remote, after)
    worked = copy.update()
    there = far(remote, path.name)
    newest = 2 if "checkpoints/00000002/manifest.json" in there else 1
    for name in ("state.safetensors", "state.json", "manifest.json"):
        assert there[f"checkpoints/{newest:08d}/{name}"] == f"{name} of {newest}".encode()
    assert there["results.csv"].count(b"row") >= 10 * newest
    assert worked == (newest == 2) == (not copy.is_behind)
    assert ("is behind (ConnectionError: the network is down)" in caplog.text) == copy.is_behind
    broken.left = 100
    assert copy.update()
    assert far(remote, path.name) == contents(path)


def test_a_run_that_went_back_takes_away_what_counts_on_its_rows(remote):
    path = remote.make_numbered("digits")
    checkpoint(path, 1, 10)
    checkpoint(path, 5, 50)
    Mirror(remote, path).start()
    shutil.rmtree(path / "checkpoints" / "00000005")
    checkpoint(path, 2, 20)
    copy = Mirror(remote, path)
    broken = break_off(remote, 1)
    assert not copy.update()
    assert "checkpoints/00000005/manifest.json" not in far(remote, path.name)
    broken.left = 100
    assert copy.update()
    assert far(remote, path.name) == contents(path)


def test_a_run_that_is_not_there_is_told(remote):
    with pytest.raises(UserError, match=r"/00000-digits is no run: it has no config\.yaml"):
        remote.pull("00000-digits")
    assert not list(remote.local.iterdir())


def test_an_unknown_protocol_is_told():
    with pytest.raises(UserError, match=r"nonsense://x cannot be reached"):
        Remote("nonsense://x").names()


def test_what_is_a_url():
    assert is_url("s3://bucket/runs")
    assert not is_url("runs")
    assert not is_url("C:\\runs")
    assert split("s3://bucket/runs/00003-digits/") == ("s3://bucket/runs", "00003-digits")
