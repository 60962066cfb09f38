"""Ray's token lies in the home: where that cannot be written, it is named, not the run's folder."""

import errno

import pytest

from population.executors.ray_cluster import TOKEN, connect


@pytest.fixture
def fails_at(tmp_path, monkeypatch):
    """Return what has Ray fail to write a file, with a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("ray.is_initialized", lambda: False)

    def fail(number, path):
        def init(**_):
            raise OSError(number, "no luck", str(path))

        monkeypatch.setattr("ray.init", init)

    return fail


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOENT])
@pytest.mark.parametrize("place", [TOKEN, ".ray", "", ".."])
def test_a_home_that_cannot_be_written_is_named(number, place, fails_at, tmp_path):
    path = (tmp_path / "home" / place).resolve()
    fails_at(number, path)
    with pytest.raises(ConnectionError, match="RAY_AUTH_TOKEN") as caught:
        connect(None, num_actors=1)
    assert f"{path} cannot be written: no luck" in str(caught.value)
    assert str(tmp_path / "home" / TOKEN) in str(caught.value)


def test_other_files_are_no_tokens(fails_at, tmp_path):
    fails_at(errno.EACCES, tmp_path / "other")
    with pytest.raises(ConnectionError, match="other: no luck") as caught:
        connect(None, num_actors=1)
    assert TOKEN not in str(caught.value)
