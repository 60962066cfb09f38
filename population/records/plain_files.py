"""Files of a directory that may be a stranger's: links are not followed, so all stays inside.

A link in a run's directory could name any file of the user's, which writing, cutting or deleting
would then reach; a pipe or a device would hold up whoever reads it.
"""

import os
import shutil
import stat
from pathlib import Path

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_MEND = "Put the file or folder itself in its place, or delete it."


class NotPlainError(ValueError):
    """Something in a run's directory is neither a file nor a folder of its own."""


def check_plain(path: Path, *, alone: bool = False) -> None:
    """See that a path, if there is one, is a file or a folder, and no link to another place.

    Args:
        path: The path; that of its folder is not looked at.
        alone: Whether a file must have no other name either (a hard link), since it is written in
            place.

    Raises:
        NotPlainError: It is not; the message names it.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise NotPlainError(f"{path} is a link, which is not followed in a run's folder. {_MEND}")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise NotPlainError(f"{path} is neither a file nor a folder. {_MEND}")
    if alone and stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise NotPlainError(
            f"{path} has another name elsewhere (a hard link), where it would be changed too. "
            f"{_MEND}"
        )


def check_tree(directory: Path) -> None:
    """See that nothing below a directory is a link, a pipe or a device.

    Raises:
        NotPlainError: Something is; the message names it.
    """
    for place, folders, files in os.walk(directory):
        for name in sorted([*folders, *files]):
            check_plain(Path(place, name))


def read_plain(path: Path) -> bytes:
    """Return what is in a file of its own.

    Raises:
        NotPlainError: It is a link, a pipe or a device.
        OSError: It cannot be read.
    """
    check_plain(path)
    with open(path, "rb", opener=without_links) as file:
        return file.read()


def without_links(path: str, flags: int) -> int:
    """Open a file that is no link, as the ``opener`` of :func:`open`."""
    return os.open(path, flags | _NO_LINKS, 0o666)


def remove(path: Path) -> None:
    """Delete a file, a folder, or a link but not what it leads to; or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
