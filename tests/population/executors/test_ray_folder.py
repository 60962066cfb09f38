"""Trouble with the temporary folder is told by the folder's name, with what to set."""

import errno
import os

import pytest

from population.executors import ray_folder
from population.executors.ray_address import host_and_port


@pytest.fixture
def told(monkeypatch):
    def check(folder, variable="TMPDIR"):
        monkeypatch.delenv("RAY_TMPDIR", raising=False)
        monkeypatch.setenv(variable, str(folder))
        with pytest.raises(ConnectionError) as caught:
            ray_folder.check_temporary_folder()
        assert f"{variable}={folder}" in str(caught.value)
        assert "Set RAY_TMPDIR" in str(caught.value)
        return str(caught.value)

    return check


@pytest.mark.parametrize("variable", ["TMPDIR", "RAY_TMPDIR"])
def test_a_folder_that_will_not_do(variable, told, tmp_path):
    assert "too long" in told("/tmp/" + "x" * 90, variable)
    assert "not ASCII" in told("/tmp/\u00fcn\u00ef", variable)
    assert "Not a directory" in told("/dev/null", variable)


def test_a_folder_that_cannot_be_written(told, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert "cannot be written to (No space left on device)" in told("/tmp")


def test_a_plain_folder_will_do(monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    ray_folder.check_temporary_folder()


def test_what_ray_cannot_write_is_named():
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), "/home/me/.ray/auth_token")
    text = str(ray_folder.trouble(error))
    assert "at /home/me/.ray/auth_token: Read-only file system" in text


@pytest.mark.parametrize("address", ["[::1", "[", "ray://", "host", "host:x", "host:0", "a://b:1"])
def test_malformed_addresses(address):
    with pytest.raises(ConnectionError, match="expected 'auto', 'host:port'"):
        host_and_port(address)


def test_addresses():
    assert host_and_port("[::1]:6379") == ("::1", 6379)
    assert host_and_port("ray://head:10001") == ("head", 10001)
