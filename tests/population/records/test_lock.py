"""One search at a time writes to a directory."""

from pathlib import Path

import pytest

from population.records.lock import InUseError, Lock


def test_a_directory_is_held_until_it_is_given_back(tmp_path):
    lock = Lock(tmp_path)
    with pytest.raises(InUseError, match=f"{tmp_path} is being run by another"):
        Lock(tmp_path)
    with pytest.raises(InUseError, match="my run is being run by another"):
        Lock(tmp_path, name=Path("my run"))
    lock.close()
    lock.close()
    Lock(tmp_path).close()
