import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


SNIPPETS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "python"))
]
COMMANDS = dict.fromkeys(
    line.split("#")[0].strip()
    for page in PAGES
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if line.startswith("python -m egan.run")
)
LINKS = [
    pytest.param(page, link, id=f"{page.stem}-{link}")
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]
    for link in dict.fromkeys(
        re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8"))
    )
]


def test_there_are_snippets_and_commands():
    assert len(SNIPPETS) >= 6
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_every_link_leads_somewhere(page, link):
    path, _, place = link.partition("#")
    there = (page.parent / path).resolve() if path else page
    assert there.exists()
    if place:
        headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
        assert place in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_every_page_is_named_in_the_readme():
    assert [page.name for page in PAGES[1:] if f"(docs/{page.name})" not in README] == []


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_runs(snippet, tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", snippet],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_lines_parse(command, monkeypatch, tmp_path):
    """Each line is understood: its settings resolve, or the file it names is what is missing."""
    from egan.commandline.parse import parse
    from egan.errors import UserError

    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    try:
        request = parse(shlex.split(command)[3:])
    except UserError as error:
        assert "runs/00003-digits" in str(error)  # noqa: PT017 - either outcome is fine
    else:
        assert request.config.generations > 0


def test_the_test_command_is_what_ci_runs():
    marked = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```", README, re.DOTALL)
    assert marked is not None
    assert "-m pytest" in marked.group(1)
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text()
