"""The live page, over HTTP: what it shows, what it refuses, and that it never writes."""

import hashlib
import os
import re
import shutil
from urllib.parse import quote

import pytest

from egan.reporting.about import About
from egan.runs.folder import RunDirectory

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def runs(tmp_path, run_directory, results):
    """Return a folder with an evolution, a search with lineage, and one that just began."""
    run_directory("00000-digits")
    search = About(kind="search", unit="rounds", title=EVIL, leading=["frechet"])
    run_directory(
        "00001-vae-pbt", table=results(5, operators=("", "", ""), num_survivors=3), about=search
    )
    (tmp_path / "00002-gan").mkdir()
    (tmp_path / "00002-gan" / "config.yaml").write_text("generations: 5000\n")
    return tmp_path


@pytest.fixture
def ask(runs, serving):
    with serving(runs) as answered:
        yield answered


def page(answer):
    status, headers, content = answer
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    return content.decode()


def tree(folder):
    found = {}
    for path in [folder, *folder.rglob("*")]:
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[path] = (content, path.stat().st_mtime_ns)
    return found


def test_every_page_and_picture_is_there_and_nothing_is_written(ask, runs):
    before = tree(runs)
    begun = ["/", "/compare?left=00000-digits&right=00001-vae-pbt", "/runs/00002-gan"]
    todo, seen = [*begun, "/runs/00000-digits", "/runs/00001-vae-pbt"], set()
    while todo:
        path = todo.pop()
        seen.add(path)
        status, headers, content = ask(path)
        assert status == 200, (path, content)
        assert "default-src 'none'" in headers["content-security-policy"]
        if headers["content-type"].startswith("image/"):
            assert content.startswith(b"\x89PNG")
            continue
        links = re.findall(r'(?:src|href|action)="([^"]+)"', content.decode())
        links = [link.replace("&amp;", "&") for link in links]
        assert all(link.startswith("/") for link in links if not link.startswith("data:"))
        todo += [link for link in set(links) - seen if link.startswith(("/runs", "/compare."))]
    figures = {path.split("?")[0] for path in seen if "figures" in path}
    assert len(figures) == 4 + 3
    assert "/runs/00001-vae-pbt/figures/lineage.png" in figures
    assert any(path.startswith("/compare.png") for path in seen)
    assert tree(runs) == before


def test_what_a_run_says_is_text(ask):
    for path in ("/", "/runs/00001-vae-pbt"):
        assert EVIL not in page(ask(path))
        assert "&lt;script&gt;alert(1)" in page(ask(path))


@pytest.mark.parametrize(
    "path",
    [
        "/runs/..",
        "/runs/%2e%2e",
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/../../etc/passwd",
        "/runs/00000-digits/samples/..%2fconfig.yaml",
        "/runs/00000-digits/samples/../../config.yaml",
        "/runs/00000-digits/samples/config.yaml",
        "/runs/00000-digits/figures/..%2f..%2fx.png",
        "/runs/00000-digits/figures/none.png",
        "/runs/.hidden",
        "/runs/linked",
        "/compare?left=../..&right=00000-digits",
        "/etc/passwd",
        "//etc/passwd",
    ],
)
def test_nothing_outside_of_runs_is_given(ask, runs, path, tmp_path_factory):
    (runs / ".hidden").mkdir()
    (runs / ".hidden" / "config.yaml").write_text("seed: 1")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "config.yaml").write_text("secret: 1")
    (runs / "linked").symlink_to(elsewhere)
    status, headers, content = ask(path)
    assert status == 404
    assert headers["content-type"].startswith("text/html")
    assert b"secret" not in content
    assert b"root:" not in content


def test_a_linked_picture_is_not_followed(ask, runs, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.png"
    secret.write_bytes(b"secret")
    (runs / "00000-digits" / "samples" / "000999.png").symlink_to(secret)
    status, _, content = ask("/runs/00000-digits/samples/999.png")
    assert status == 404
    assert content != b"secret"


def test_it_answers_to_its_own_name_and_to_reading_alone(ask):
    assert ask("/", host="evil.example")[0] == 400
    for method in ("POST", "PUT", "DELETE"):
        assert ask("/", method=method)[0] == 405


def test_a_name_that_is_no_run_is_told_as_text(ask):
    status, _, content = ask("/runs/" + quote(EVIL, safe=""))
    assert status == 404
    assert EVIL.encode() not in content


def test_a_broken_run_shows_as_such_and_takes_down_nothing(ask, runs):
    broken = shutil.copytree(runs / "00000-digits", runs / "00003-broken")
    (broken / "results.csv").write_bytes(os.urandom(300))
    (broken / "about.json").write_text("{")
    half = shutil.copytree(runs / "00000-digits", runs / "00004-half")
    content = (half / "results.csv").read_bytes()
    (half / "results.csv").write_bytes(content[: len(content) // 2])
    index = page(ask("/"))
    assert index.count('class="state broken"') == 1
    assert "00000-digits" in index
    assert "cannot be read" in page(ask("/runs/00003-broken"))
    assert 'src="/runs/00004-half/figures/score.png' in page(ask("/runs/00004-half"))
    assert ask("/runs/00003-broken/figures/score.png")[0] == 404
    assert ask("/compare.png?left=00003-broken&right=00000-digits")[0] == 404
    assert 'class="columns pair"' in page(ask("/compare?left=00003-broken&right=00000-digits"))


def test_figures_follow_the_tables(ask, runs, results):
    before = ask("/runs/00000-digits/figures/score.png")[2]
    assert ask("/runs/00000-digits/figures/score.png")[2] == before
    results(80, seed=7).to_csv(runs / "00000-digits" / "results.csv", index=False)
    assert ask("/runs/00000-digits/figures/score.png")[2] != before


def test_a_report_runs_nothing(ask, runs):
    (runs / "00000-digits" / "report.html").write_text(EVIL)
    status, headers, content = ask("/runs/00000-digits/report")
    assert (status, content.decode()) == (200, EVIL)
    assert headers["content-security-policy"].startswith("sandbox;")


def test_states(ask, runs):
    (runs / "00001-vae-pbt" / "log.txt").write_text(
        "2026-01-01 00:00:00,000 INFO egan.journal: ended with status 0\n"
    )
    directory = RunDirectory(runs / "00002-gan", is_new=False)
    try:
        said = re.findall(r'class="state (\w+)"', page(ask("/")))
    finally:
        directory.close()
    assert said == ["running", "finished", "killed"]


def test_a_single_run_is_watched_too(runs, serving):
    with serving(runs / "00000-digits") as ask:
        assert "00000-digits" in page(ask("/"))
        assert ask("/runs/00001-vae-pbt")[0] == 404
