"""Lets a Python process reach loopback addresses only, and remembers who tried to go further.

The suite installs it in its own process; services that tests start get this folder as PYTHONPATH, so
that Python imports it before anything else. With SOCKET_GUARD_LOG in the environment, what was refused is
also appended to that file: a service's memory cannot be looked into.
"""

import ipaddress
import os
import sys

violations: list[str] = []


class OutboundConnectionError(ConnectionRefusedError):
    """Something tried to leave this machine; whoever opened the socket closes it, as after any refusal."""


def _is_local(host: object) -> bool:
    if not host or host == "localhost":
        return True
    text = host.decode("latin-1") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_literal(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _guard(event: str, arguments: tuple) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        refused = isinstance(address, tuple) and not _is_local(address[0])
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        address = arguments[0]
        refused = not _is_local(address) and not _is_literal(address)
    else:
        return
    if refused:
        violations.append(f"{event} {address!r}")
        if log := os.environ.get("SOCKET_GUARD_LOG"):
            with open(log, "a", encoding="utf-8") as file:
                file.write(f"{event} {address!r}\n")
        raise OutboundConnectionError(f"{event} to {address!r}")


sys.addaudithook(_guard)
