"""The live page in headless Chromium, where there is one: it renders, and follows its runs."""

import shutil
import subprocess

import pytest

from egan.watching.runs import Runs

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


class Growing(Runs):
    """Has one run more from the second page on."""

    asked = 0

    def all(self):
        Growing.asked += 1
        found = super().all()
        return found if Growing.asked > 2 else {name: found[name] for name in list(found)[1:]}


def dom(url, folder):
    """Return the page as it is after some seconds."""
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *(f"--user-data-dir={folder}", "--virtual-time-budget=8000", "--dump-dom", url),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_the_page_follows_its_runs(tmp_path, run_directory, serving):
    for number in range(3):
        run_directory(f"0000{number}-digits")
    with serving(tmp_path, Growing(tmp_path)) as ask:
        page = dom(f"http://127.0.0.1:{ask.port}/", tmp_path / ".chromium")
    assert Growing.asked >= 4
    assert page.count('class="state ') == 3
    assert "00002-digits" in page[page.index("<main>") :]
    assert 'class="lost"' not in page
