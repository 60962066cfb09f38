"""What is fetched from elsewhere, or shown on a page, may fail but not act."""

import pytest

from egan.errors import UserError
from egan.run import main
from egan.runs.mirror import Mirror
from egan.runs.remote import Remote, inner
from egan.watching.pages import card
from egan.watching.runs import Runs
from egan.watching.server import POLICY, REPORT_POLICY


def test_copies_are_named_again(run, capsys, tmp_path):
    """Neither a file of settings nor a run's own sends anything to a URL that it holds."""
    path = run / "config.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("output:")]
    path.write_text("\n".join([*kept, f"output: file://{tmp_path}/stolen"]) + "\n")
    assert main([str(path)]) == 2
    assert f"--output file://{tmp_path}/stolen" in capsys.readouterr().err
    assert main(["--resume", str(run), "--generations", "3"]) == 0
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize(
    "path", ["far/run/../../etc/passwd", "far/run//x", "far/run", "elsewhere/x", "far/run/a\\b"]
)
def test_a_listing_does_not_lead_out_of_the_folder(path):
    with pytest.raises(UserError, match="nothing is fetched"):
        inner(path, "far/run")


def test_a_copy_takes_no_links(tmp_path, monkeypatch):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    remote = Remote(f"file://{tmp_path}/far")
    path = remote.make_numbered("digits")
    (tmp_path / "secret").write_text("secret")
    (path / "link").symlink_to(tmp_path / "secret")
    (path / "config.yaml").write_text("seed: 0\n")
    Mirror(remote, path).start()
    assert [one.name for one in (tmp_path / "far" / path.name).iterdir()] == ["config.yaml"]


def test_the_page_follows_no_links_and_runs_nothing(run, tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "link").symlink_to(run)
    assert Runs(tmp_path / "shown").all() == {}
    (run / "log.txt").unlink()
    (run / "log.txt").symlink_to("/etc/passwd")
    [view] = Runs(run).all().values()
    assert "is a link" in card(view)["status"].problem
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY.split("script-src")[1].split(";")[0]
    assert REPORT_POLICY.startswith("sandbox;")
