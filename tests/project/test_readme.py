import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python -m egan.run")
]


def test_there_are_snippets_and_commands():
    assert len(SNIPPETS) >= 6
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_every_snippet_runs(number, tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SNIPPETS[number]],
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
