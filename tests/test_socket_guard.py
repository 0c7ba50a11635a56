"""The guard that keeps the suite, and the services it starts, on this machine."""

import socket
import subprocess
import sys
from collections.abc import Callable

import pytest


def test_a_connection_beyond_loopback_is_refused_and_remembered(outbound: Callable[[], list[str]]) -> None:
    with socket.socket() as connection, pytest.raises(ConnectionRefusedError):
        connection.connect(("192.0.2.1", 443))
    assert outbound() == ["socket.connect ('192.0.2.1', 443)"]


def test_a_name_is_not_looked_up(outbound: Callable[[], list[str]]) -> None:
    with pytest.raises(OSError, match="getaddrinfo"):
        socket.getaddrinfo("college.example", 443)
    assert len(outbound()) == 1


def test_loopback_is_reached(outbound: Callable[[], list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert not outbound()


def test_a_service_that_a_test_starts_is_guarded_too(guarded_environment: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=1)"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, env=guarded_environment, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "OutboundConnectionError" in ended.stderr
