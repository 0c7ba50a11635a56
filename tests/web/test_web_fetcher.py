"""The one vetted fetcher, against a hostile server on this machine and against names that lead astray."""

import ipaddress
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

from web import limits
from web.errors import FetchError, FetchLimitError, FetchNotAllowedError, FetchRedirectError
from web.fetcher import Fetcher, is_public

NOT_PUBLIC = [
    "127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "192.88.99.1", "fe80::1",
    "fc00::1", "fec0::1", "ff02::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "5f00::1",
]  # fmt: skip

REFUSED_URLS = [
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https:///x", "https://",
    "//example.com", "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://0x7f.1/", "https://2130706433/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://127.0.0.1%3A6379/", "https://localhost/",
    "https://user@example.com/", "https://user:pw@example.com/", "https://example.com:0/", "https://example.com:x/",
    "https://example.com\\@evil.example/", "https://exa mple.com/", "https://example.com/\r\nX: y",
    "https://１２７.0.0.1/", "https://éxample.com/", "https://-a.example/", "https://a..example/", "https://intranet/",
    "https://example.com/" + "a" * limits.URL_CHARS,
]  # fmt: skip


class _NoNetwork:
    """A resolver that answers from a table and remembers what it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0)


def _request(connection: socket.socket) -> bytes:
    """Read one request with the body that it announces."""
    with connection.makefile("rb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        length = re.search(rb"content-length: (\d+)", head.lower())
        return head + (stream.read(int(length[1])) if length else b"")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """Return a function that serves given bytes to whoever connects and returns the address."""
    servers = []

    def start(answer: bytes, *, then: Callable[[socket.socket], None] = lambda _: None) -> str:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.server.requests.append(_request(self.request))
                self.request.sendall(answer)
                then(self.request)

        server = _Server(("127.0.0.1", 0), Handler)
        server.requests = []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        start.requests = server.requests
        return f"http://127.0.0.1:{server.server_address[1]}/x"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_no_public_host_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_a_public_address_is_accepted(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.case("KEY-012")
@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_is_no_plain_https_name_is_refused_before_a_look_up(url: str) -> None:
    resolver = _NoNetwork()
    with pytest.raises(FetchNotAllowedError):
        Fetcher(resolve=resolver).get(url)
    assert not resolver.asked


@pytest.mark.case("KEY-012")
@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_to_a_private_address_opens_no_connection(address: str) -> None:
    with pytest.raises(FetchNotAllowedError):
        Fetcher(resolve=_NoNetwork([address])).get("https://college.example/x")


@pytest.mark.case("KEY-013")
def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(FetchNotAllowedError):
        Fetcher(resolve=_NoNetwork(["93.184.216.34", "127.0.0.1"])).get("https://college.example/x")


@pytest.mark.case("KEY-013")
def test_the_name_is_looked_up_once_and_the_connection_goes_to_that_address(
    outbound: Callable[[], list[str]],
) -> None:
    resolver = _NoNetwork(["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(FetchError):
        Fetcher(resolve=resolver).get("https://college.example/x")
    assert resolver.asked == ["college.example"]
    assert outbound() == ["socket.connect ('93.184.216.34', 443)"]


@pytest.mark.case("STAT-003")
def test_an_address_off_the_allow_list_is_refused_before_a_look_up() -> None:
    resolver = _NoNetwork()
    with pytest.raises(FetchNotAllowedError):
        Fetcher(resolve=resolver, allow={"https://good.example"}.__contains__).get(
            "https://evil.example/list"
        )
    assert not resolver.asked


def test_loopback_mode_reaches_nothing_but_loopback() -> None:
    with pytest.raises(FetchNotAllowedError):
        Fetcher(insecure_loopback=True, resolve=_NoNetwork(["93.184.216.34"])).get("http://college.example/x")


def test_an_answer_is_returned_with_status_headers_and_body(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; x=y\r\nContent-Length: 2\r\n\r\nno")
    answer = Fetcher(insecure_loopback=True).get(url, accept="text/plain")
    assert (answer.status, answer.media_type, answer.body) == (404, "text/plain", b"no")
    assert b"accept-encoding: identity" in serve.requests[0].lower()


def test_a_post_carries_its_json(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    Fetcher(insecure_loopback=True).post(url, json={"b": 1, "a": "林"})
    assert serve.requests[0].endswith('{"a":"林","b":1}'.encode())
    assert b"content-type: application/json" in serve.requests[0].lower()


@pytest.mark.case("KEY-014")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Callable, status: int) -> None:
    url = serve(f"HTTP/1.1 {status} X\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(FetchRedirectError):
        Fetcher(insecure_loopback=True).get(url)
    assert len(serve.requests) == 1


def test_an_answer_of_just_the_limit_is_read(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)
    assert len(Fetcher(insecure_loopback=True).get(url, max_bytes=100).body) == 100


@pytest.mark.case("KEY-020")
def test_an_answer_announced_as_too_large_is_refused(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101)
    with pytest.raises(FetchLimitError):
        Fetcher(insecure_loopback=True).get(url, max_bytes=100)


def test_an_answer_of_unknown_length_is_cut_at_the_limit(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 5000)
    with pytest.raises(FetchLimitError):
        Fetcher(insecure_loopback=True).get(url, max_bytes=4096)


def test_a_compressed_answer_is_refused_and_not_unpacked(serve: Callable) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
    with pytest.raises(FetchError):
        Fetcher(insecure_loopback=True).get(url)


def test_a_byte_now_and_then_buys_no_time(serve: Callable) -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            while not over.wait(0.02):
                connection.sendall(b"X-A: b\r\n")
        except OSError:
            pass

    url = serve(b"HTTP/1.1 200 OK\r\n", then=drip)
    with pytest.raises(FetchLimitError):
        Fetcher(insecure_loopback=True, seconds=0.2).get(url)
    over.set()


def test_a_closed_port_and_a_broken_answer_are_no_answer(serve: Callable) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", serve(b"nonsense\r\n\r\n"), serve(b"")):
        with pytest.raises(FetchError):
            Fetcher(insecure_loopback=True).get(url)


def test_a_slow_look_up_is_over_in_time() -> None:
    over = threading.Event()
    fetcher = Fetcher(resolve=lambda *_: (over.wait(10) and []) or [], seconds=0.1)
    with pytest.raises(FetchLimitError):
        fetcher.get("https://college.example/")
    over.set()
