"""A live page that is served while a test asks for it."""

import http.client
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from egan.watch import LOOPBACK, bound
from egan.watching.runs import Runs
from egan.watching.server import application


class Ask:
    """Asks the server on a port for a path; returns status, headers and content."""

    def __init__(self, port):
        self.port = port

    def __call__(self, path, *, method="GET", host=None):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{self.port}")
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content


@contextmanager
def served(folder, runs=None):
    place = bound(0)
    app = application(runs or Runs(folder))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    try:
        yield Ask(place.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        place.close()


@pytest.fixture
def serving():
    """Return what serves a folder for a while."""
    return served
