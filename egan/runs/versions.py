"""What a result was computed with: `versions.json`."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("egan", "torch", "ray", "numpy", "scipy", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of Python, our packages and our dependencies, platform and commit."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed as a package"
    found["platform"] = platform.platform()
    if commit := _commit(Path(__file__).parents[2]):
        found["commit"] = commit
    return found


def changes_since(directory: Path) -> list[str]:
    """Return what has another version than when the run in a directory was started."""
    try:
        before = json.loads((directory / "versions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(before, dict):
        return []
    now = versions()
    return [
        f"{name} was {before[name]}, now {now[name]}"
        for name in ("python", *PACKAGES)
        if before.get(name, now[name]) != now[name]
    ]


def _commit(checkout: Path) -> str:
    """Return the git commit of a checkout, with a plus where files were changed; empty if none."""
    if not (checkout / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty=+"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
