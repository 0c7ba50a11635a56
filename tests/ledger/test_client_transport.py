"""The client's own way to a node: capped, and not upset by a connection that went to sleep."""

import gc
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ledger.client import MAX_ANSWER_BYTES, LedgerUnavailableError, capped_transport
from ledger.engines.cometbft.engine import NO_BLOCK
from ledger.transport import BLOCK_TIMEOUT


class Handler(BaseHTTPRequestHandler):
    """Says it keeps the connection, and does so for ``/kept`` alone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        keep = self.path == "/kept"
        size = MAX_ANSWER_BYTES + 1 if self.path == "/large" else 2
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Content-Length", str(size))
        self.send_header("Location", "/ok")
        self.end_headers()
        self.wfile.write(b"x" * size)
        self.close_connection = not keep

    def do_POST(self) -> None:
        threading.Event().wait(0.2)  # for a block
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_closed_connection_is_opened_again(server):
    send = capped_transport()
    for _ in range(5):
        assert send("GET", f"{server}/ok", content=None, headers={}).content == b"xx"


def test_a_kept_connection_ends_with_the_transport_without_waiting_for_the_collector(server, monkeypatch):
    closed = []
    monkeypatch.setattr(
        httpx.Client, "close", lambda self, close=httpx.Client.close: closed.append(close(self))
    )
    send = capped_transport()
    send("GET", f"{server}/kept", content=None, headers={})
    gc.disable()
    try:
        del send
    finally:
        gc.enable()
    assert len(closed) == 1


def test_an_answer_over_the_limit_is_not_read_to_its_end(server):
    with pytest.raises(LedgerUnavailableError):
        capped_transport()("GET", f"{server}/large", content=None, headers={})


def test_what_is_submitted_has_the_time_that_a_node_waits_for_a_block(server):
    assert capped_transport(timeout=0.05)("POST", f"{server}/", content=b"", headers={}).status_code == 200
    assert BLOCK_TIMEOUT > NO_BLOCK + 2


def test_nothing_is_followed(server):
    assert capped_transport()("GET", f"{server}/elsewhere", content=None, headers={}).status_code == 302


def test_nobody_there_is_an_error_of_the_transport():
    with pytest.raises(httpx.HTTPError):
        capped_transport(timeout=1)("GET", "http://127.0.0.1:9/", content=None, headers={})
