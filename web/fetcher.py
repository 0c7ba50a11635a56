"""The one way in which a service asks another over the network.

Every address that comes from a document, a registry or a person goes through here, in this order:

1. the URL is https, has a plain DNS name, no user, no odd characters, and is on the caller's allow-list;
2. the name is looked up once, and every address found must be one of the public Internet;
3. the connection goes to that very address, so a second look-up cannot change it; TLS still checks the name;
4. redirects are not followed, compressed answers are refused, the answer is cut at its size limit;
5. all of it together takes at most three seconds.

Loopback addresses and plain http are allowed only where the service was set up for one machine.
No connection is kept: what was checked is what is used.
"""

import ipaddress
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from socket import AF_UNSPEC, SOCK_STREAM, gaierror, getaddrinfo
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import httpcore
import rfc8785

from web import limits
from web.errors import FetchError, FetchLimitError, FetchNotAllowedError, FetchRedirectError

Resolve = Callable[[str, int], Sequence[str]]
"""Looks a host name up and returns its addresses as text."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_URL = re.compile(r"[\x21-\x7e]+")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64: the last four bytes are any IPv4 address
        "64:ff9b:1::/48",  # local NAT64
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "fec0::/10",  # the old site-local block
        "5f00::/16",  # segment routing
    )
)


@dataclass(frozen=True)
class Response:
    """An answer, read to its end.

    Attributes:
        status: The HTTP status; never a redirect.
        headers: Names in lower case.
        body: The bytes as sent.
        url: The address that was asked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty when none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Fetch(Protocol):
    """What callers need of a fetcher; tests hand in their own."""

    def get(
        self,
        url: str,
        *,
        max_bytes: int = limits.FETCH_BYTES,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch ``url``."""
        ...

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        max_bytes: int = limits.FETCH_BYTES,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send ``json`` or ``body`` to ``url``."""
        ...


@dataclass(frozen=True)
class Fetcher:
    """The vetted fetcher.

    Attributes:
        insecure_loopback: Allow http, IP literals and loopback addresses, and nothing else than loopback.
        allow: Told the origin (``https://host[:port]``), answers whether it may be asked; absent: any.
        resolve: Looks names up.
        clock: Seconds that only grow.
        seconds: Time for one fetch.
        trust: The certificate authorities; those of certifi, or of SSL_CERT_FILE, when absent.
    """

    insecure_loopback: bool = False
    allow: Callable[[str], bool] | None = None
    resolve: Resolve | None = None
    clock: Callable[[], float] = time.monotonic
    seconds: float = limits.FETCH_SECONDS
    trust: ssl.SSLContext | None = None

    def get(
        self,
        url: str,
        *,
        max_bytes: int = limits.FETCH_BYTES,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch ``url``.

        Args:
            url: The address.
            max_bytes: Largest answer to read.
            accept: The Accept header.
            headers: More request headers.

        Raises:
            FetchNotAllowedError: The address, or what its name resolves to, may not be asked.
            FetchRedirectError: The answer is a redirect.
            FetchLimitError: The answer is too large or too slow.
            FetchError: There was no answer.
        """
        return self._send(
            "GET", url, None, max_bytes=max_bytes, headers={"accept": accept, **(headers or {})}
        )

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        max_bytes: int = limits.FETCH_BYTES,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send ``json`` (canonically encoded) or ``body`` to ``url``; otherwise as ``get``."""
        if body is None:
            body, content_type = rfc8785.dumps(json), content_type or "application/json"
        sent = {
            "accept": accept,
            "content-type": content_type or "application/octet-stream",
            **(headers or {}),
        }
        return self._send("POST", url, body, max_bytes=max_bytes, headers=sent)

    def put(
        self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Put ``body`` at ``url``; otherwise as ``get``."""
        sent = {"accept": "*/*", "content-type": content_type, **(headers or {})}
        return self._send("PUT", url, body, max_bytes=limits.FETCH_BYTES, headers=sent)

    def _send(
        self, method: str, url: str, body: bytes | None, *, max_bytes: int, headers: Mapping[str, str]
    ) -> Response:
        parts = self._vet_url(url)
        deadline = _Deadline(self.clock, self.clock() + self.seconds)
        backend = _PinnedBackend(resolve=self._addresses, deadline=deadline)
        request_headers = {
            "host": parts.netloc,
            "accept-encoding": "identity",
            "user-agent": "vocred",
            **headers,
        }
        if body is not None:
            request_headers["content-length"] = str(len(body))
        with (
            _translated(),
            httpcore.ConnectionPool(
                # Plain http, which is for one machine only, has no use for them, and reading them takes long.
                ssl_context=(self.trust or _authorities()) if parts.scheme == "https" else None,
                network_backend=backend,
                max_keepalive_connections=0,
                retries=0,
            ) as pool,
            pool.stream(
                method,
                url.partition("#")[0],
                headers=request_headers,
                content=body,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)},
            ) as answer,
        ):
            return _read(answer, url=url, max_bytes=max_bytes)

    def _vet_url(self, url: str) -> SplitResult:
        """Check the address itself, before any name is looked up."""
        if len(url) > limits.URL_CHARS or not _URL.fullmatch(url) or "\\" in url:
            raise FetchNotAllowedError("the address is too long or has characters that addresses do not have")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise FetchNotAllowedError("the address cannot be read") from error
        if parts.scheme != "https" and not (parts.scheme == "http" and self.insecure_loopback):
            raise FetchNotAllowedError("only https addresses are fetched")
        if parts.username is not None or parts.password is not None or port == 0:
            raise FetchNotAllowedError("the address names a user or no port")
        if not _is_host(parts.hostname or "", literals=self.insecure_loopback):
            raise FetchNotAllowedError("the address has no plain host name")
        if self.allow is not None and not self.allow(f"{parts.scheme}://{parts.netloc.lower()}"):
            raise FetchNotAllowedError("the address is not on the list of those that may be asked")
        return parts

    def _addresses(self, host: str, port: int, timeout: float) -> list[str]:
        """Look ``host`` up once and return its addresses, all of them vetted."""
        literal = _literal(host)
        found = [literal] if literal else self._look_up(host, port, timeout)
        if not found:
            raise FetchError("the host name has no address")
        for text in found:
            if not self._may_connect(text):
                raise FetchNotAllowedError("the host name leads to an address that is not fetched")
        return found

    def _look_up(self, host: str, port: int, timeout: float) -> list[str]:
        resolve = self.resolve or _system_resolve
        if self.insecure_loopback and host == "localhost":
            return ["127.0.0.1"]
        future: Future[Sequence[str]] = _lookups().submit(resolve, host, port)
        try:
            return list(dict.fromkeys(future.result(timeout=timeout)))
        except FutureTimeoutError as error:
            future.cancel()
            raise FetchLimitError("looking the host name up took too long") from error
        except (gaierror, UnicodeError, OSError) as error:
            raise FetchError("the host name was not found") from error

    def _may_connect(self, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        return address.is_loopback if self.insecure_loopback else is_public(address)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether ``address`` is one host of the public Internet.

    ``is_global`` alone also says yes to multicast, and to blocks that carry any IPv4 address inside.
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == block.version and address in block for block in _NOT_PUBLIC)


class _Deadline:
    """The point in time by which everything must be over."""

    def __init__(self, clock: Callable[[], float], end: float) -> None:
        self._clock, self._end = clock, end

    def remaining(self) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise FetchLimitError("the answer took too long")
        return left


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to vetted addresses only, and lets nothing last beyond the deadline."""

    def __init__(self, *, resolve: Callable[[str, int, float], list[str]], deadline: _Deadline) -> None:
        self._resolve, self._deadline = resolve, deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolve(host.strip("[]"), port, self._deadline.remaining())
        for address in addresses[:-1]:
            try:
                return self._connect(address, port)
            except httpcore.ConnectError:
                continue
        return self._connect(addresses[-1], port)

    def _connect(self, address: str, port: int) -> httpcore.NetworkStream:
        stream = self._sockets.connect_tcp(address, port, timeout=self._deadline.remaining())
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which a byte now and then does not buy more time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._deadline.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=self._deadline.remaining())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _read(answer: httpcore.Response, *, url: str, max_bytes: int) -> Response:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    if 300 <= answer.status < 400:
        raise FetchRedirectError("the answer is a redirect, which is not followed")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("the answer is compressed, which was not asked for")
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > max_bytes:
        raise FetchLimitError(f"the answer is larger than {max_bytes} bytes")
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise FetchLimitError(f"the answer is larger than {max_bytes} bytes")
    return Response(status=answer.status, headers=headers, body=bytes(body), url=url)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our errors for those of the connection."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise FetchLimitError("the answer took too long") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise FetchError("the connection failed") from error


def _is_host(host: str, *, literals: bool) -> bool:
    if _literal(host):
        return literals
    labels = host.removesuffix(".").split(".")
    # A last label of digits, or 0x…, is an address in disguise: the system's resolver takes 127.1.
    if len(host) > 253 or labels[-1][:1].isdigit():
        return False
    return all(_LABEL.fullmatch(label) for label in labels) and (literals or len(labels) > 1)


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def _system_resolve(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in getaddrinfo(host, port, family=AF_UNSPEC, type=SOCK_STREAM)]


@cache
def _authorities() -> ssl.SSLContext:
    """Return a context that trusts the authorities of certifi, or of SSL_CERT_FILE."""
    import httpx

    return httpx.create_ssl_context()


_lookup_lock = threading.Lock()
_lookup_threads: ThreadPoolExecutor | None = None


def _lookups() -> ThreadPoolExecutor:
    """Return the few threads that wait for the system's resolver, which has no deadline of its own."""
    global _lookup_threads  # noqa: PLW0603 - made at first use, since nothing may start at import
    with _lookup_lock:
        if _lookup_threads is None:
            _lookup_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lookup")
        return _lookup_threads
