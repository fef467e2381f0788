"""Fixtures: servers that are gone, with their directories, when their tests end."""
import os
import pathlib
import shutil
import tempfile

import pytest

for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "TENCENTCLOUD_SECRET_ID",
             "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN", "ROLLCALL_DATA_DIR", "ROLLCALL_ENDPOINT"):
    os.environ.pop(name, None)

from rig import Server  # noqa: E402  (after the environment is clean)


def _servers():
    made, places = [], []

    def make(*options, **more):
        place = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-e2e-"))
        places.append(place)
        server = Server(place / "data", *options, **more)
        made.append(server)
        return server

    yield make
    codes, panics = [], []
    for server in made:
        if server.running():
            codes.append(server.stop())
        panics += [line for line in server.log_text().splitlines() if "panicked" in line]
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    assert not any(codes) and not panics, (codes, panics)


@pytest.fixture
def make_server():
    """Makes servers for one test; all have to stop cleanly and none may have panicked."""
    yield from _servers()


@pytest.fixture(scope="module")
def module_servers():
    """The same for all tests of a file."""
    yield from _servers()


@pytest.fixture(scope="module")
def server(module_servers):
    """One server for all tests of a file; tests use names of their own so that they do not meet."""
    return module_servers()
