"""Runs whose --output is elsewhere: they survive the machine, and go on from there, bit for bit."""

import fsspec
import pytest

from egan.reporting.plots.tables import read_table
from egan.run import main
from egan.runs import mirror as mirroring

SMALL = (
    *("gaussians8", "--executor", "inline", "--checkpoint-every", "2", "--look-every", "2"),
    *("--generations", "4", "--width", "8", "--discriminator-width", "8"),
    *("--batch-size", "16", "--evolution.num-samples", "16"),
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch, _few_samples):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirroring, "PAUSES", ())
    monkeypatch.chdir(tmp_path)
    yield
    fsspec.filesystem("memory").store.clear()
    fsspec.filesystem("memory").pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def s3():
    """Serve S3 on this machine; yield its address."""
    server_of = pytest.importorskip("moto.moto_server.threaded_moto_server")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def whole(judging_few, tmp_path_factory):
    """Return the rows of a run that nothing happens to."""
    folder = tmp_path_factory.mktemp("whole")
    with judging_few():
        assert main([*SMALL, "--generations", "8", "--output", str(folder)]) == 0
    return rows(folder / "00000-gaussians8")


@pytest.fixture(params=["memory", "s3"])
def output(request, monkeypatch):
    """Return the URL of a folder elsewhere."""
    if request.param == "memory":
        return "memory://far/runs"
    address = request.getfixturevalue("s3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("far")
    return "s3://far/runs"


def listing(output):
    files, root = fsspec.core.url_to_fs(output)
    files.invalidate_cache()
    return sorted(path.removeprefix(f"{root}/") for path in files.find(root))


def rows(path):
    return read_table(path / "results.csv").drop(columns=["seconds", "run"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_run_survives_its_machine_and_goes_on(output, whole, tmp_path, monkeypatch, capsys):
    assert main([*SMALL, "--output", output]) == 0
    said = capsys.readouterr()
    assert f"--resume {output}/00000-gaussians8 --generations 8" in said.out
    kept = listing(output)
    for name in ("config.yaml", "report.html", "model.safetensors", "results.csv", "log.txt"):
        assert f"00000-gaussians8/{name}" in kept
    assert "00000-gaussians8/checkpoints/00000004/manifest.json" in kept
    assert not [name for name in kept if "/." in name or name.startswith(".")]

    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "another machine"))
    again = ["--resume", f"{output}/00000-gaussians8", "--generations", "8"]
    assert main(again) == 0
    assert "00000-gaussians8/checkpoints/00000008/manifest.json" in listing(output)
    [there] = (tmp_path / "another machine" / "remote").glob("*/00000-gaussians8")
    assert rows(there).equals(whole)
    files, root = fsspec.core.url_to_fs(output)
    for name in ("results.csv", "model.safetensors"):
        assert files.cat_file(f"{root}/00000-gaussians8/{name}") == (there / name).read_bytes()


def test_the_next_run_has_the_next_number(capsys):
    assert main([*SMALL, "--output", "memory://far", "--dry-run"]) == 0
    assert "memory://far/00000-gaussians8" in capsys.readouterr().out
    assert listing("memory://far") == []
    for number in range(2):
        assert main([*SMALL, "--output", "memory://far", "--generations", "1"]) == 0
        assert f"{number:05d}-gaussians8/report.html" in listing("memory://far")


def test_a_copy_that_fails_costs_the_run_nothing(monkeypatch, capsys, tmp_path):
    """The network goes down after the first checkpoint, and comes back before the run goes on."""
    whole = mirroring._put

    def down(files, path, target):
        if "00000002" in target or path.name == "report.html":
            raise ConnectionError("the network is down")
        whole(files, path, target)

    monkeypatch.setattr(mirroring, "_put", down)
    assert main([*SMALL, "--output", "memory://far"]) == 1
    said = capsys.readouterr().err
    assert "warning: the copy at memory://far/00000-gaussians8 is behind" in said
    assert "the network is down" in said
    [here] = (tmp_path / "cache" / "remote").glob("*/00000-gaussians8")
    assert (here / "report.html").exists()
    monkeypatch.setattr(mirroring, "_put", whole)
    again = ["--resume", "memory://far/00000-gaussians8", "--generations", "6"]
    assert main(again) == 0
    assert "is as far as its copy" in capsys.readouterr().err
    assert "00000-gaussians8/report.html" in listing("memory://far")


def test_a_place_that_cannot_be_written_to_is_told_at_once(monkeypatch, capsys, tmp_path):
    def down(*_):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(mirroring, "_put", down)
    assert main([*SMALL, "--output", "memory://far"]) == 2
    said = capsys.readouterr().err
    assert "memory://far cannot be used (PermissionError: Access Denied)" in said
    assert not list((tmp_path / "cache" / "remote").glob("*/0*"))
    assert listing("memory://far") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--output", "nonsense://far"], "nonsense://far cannot be reached"),
        (["--resume", "memory://far/00007-gan"], "memory://far/00007-gan is no run"),
        (["--output", "s3://"], "s3:// names no folder"),
    ],
)
def test_bad_places_are_told(words, told, capsys):
    words = words if words[0] == "--resume" else [*SMALL, *words]
    assert main(words) == 2
    assert told in capsys.readouterr().err


def test_a_run_that_is_here_goes_on_here(tmp_path, capsys):
    assert main([*SMALL, "--output", "memory://far", "--generations", "2"]) == 0
    [here] = (tmp_path / "cache" / "remote").glob("*/00000-gaussians8")
    before = listing("memory://far")
    assert main(["--resume", str(here), "--generations", "4"]) == 0
    assert listing("memory://far") == before
    assert main(["--resume", str(here), "--output", "memory://other"]) == 2
    assert "leave out --output" in capsys.readouterr().err
