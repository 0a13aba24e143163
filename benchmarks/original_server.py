"""Starts the original's server for the time of a comparison, and ends it."""

import contextlib
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

START_PATIENCE_SECONDS = 120.0


@contextlib.contextmanager
def original_server(python: str, environment: dict[str, str]) -> Iterator[str]:
    """The URL of a server of the original, over a fresh database in the environment's PREFECT_HOME."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    server = subprocess.Popen(
        [python, "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)],
        env=environment | {"PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(f"{url}/health", server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the original's server ended at once, with exit code {server.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.5)
    raise RuntimeError(f"the original's server did not answer within {START_PATIENCE_SECONDS:.0f} s")
