"""``POST /api/verify`` over loopback: granian with one worker, 16 connections kept open, all checks.

Ledger, issuer and verifier are the processes that ``vocred serve`` runs, with real clocks; the connections
are threads of this process, so the client's work is done on the same machine and is in the figures. Each
request verifies another certificate of a batch; receipts, list, DID document and head are asked from issuer
and ledger over HTTP and remembered as the product remembers them.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import registers
from benchmarks.college import College
from benchmarks.measuring import folder, say, show
from ledger.settings import PIN
from verifier import opening

CONNECTIONS = 16
CERTIFICATES = 50
SECONDS = 4.0
_ROUNDS = 3
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


def run() -> None:
    """Serve, warm up, and measure rounds of a few seconds each."""
    ports = _free_ports(3)
    urls = dict(
        zip(("ledger", "issuer", "verifier"), (f"http://127.0.0.1:{port}" for port in ports), strict=True)
    )
    with folder() as home, ExitStack() as stack:
        bodies, pin = _certificates(home, url=urls["issuer"])
        for service, settings in _settings(home, urls, pin).items():
            stack.enter_context(_serving(service, settings, url=urls[service]))
        _load(urls["verifier"], bodies, seconds=SECONDS / 2)
        rounds = [_load(urls["verifier"], bodies, seconds=SECONDS) for _ in range(_ROUNDS)]
    verdicts = sorted({verdict for answers in rounds for _, verdict in answers})
    say("verdicts answered", ", ".join(verdicts))
    show("requests answered", [len(answers) / SECONDS for answers in rounds], unit=" /s")
    for name, part in (("p50", 0.50), ("p99", 0.99)):
        show(f"latency, {name}", [_quantile(answers, part) for answers in rounds], unit=" ms")


def _certificates(home: Path, *, url: str) -> tuple[list[bytes], Path]:
    """Issue certificates; return requests that show them, and the pin of the ledger that anchored them."""
    college = College(home, url=url)
    batch_id = college.issue(registers.graduates(CERTIFICATES))
    now = datetime.fromtimestamp(college.now, UTC)
    gatherer = college.verifier().gatherer(now=now)
    documents = [
        opening.open_code(code, gatherer=gatherer, now=now).document
        for code in college.codes(batch_id, count=CERTIFICATES)
    ]
    college.close()
    bodies = [json.dumps({"verifiableCredential": each}, ensure_ascii=False).encode() for each in documents]
    return bodies, college.node.home / PIN


def _settings(home: Path, urls: Mapping[str, str], pin: Path) -> dict[str, dict[str, str]]:
    """Return what each service's process finds in its environment."""

    def own(service: str, **more: str) -> dict[str, str]:
        prefix = service.upper()
        given = {"HOME": str(home / service), "URL": urls[service], "INSECURE_LOOPBACK": "1", **more}
        return {f"{prefix}_{name}": value for name, value in given.items()}

    (home / "verifier").mkdir()
    asks = {"LEDGER_URL": urls["ledger"], "LEDGER_PIN": str(pin)}
    pages = {"VERIFIER_URL": urls["verifier"], "WALLET_URL": urls["verifier"]}
    return {
        "ledger": own("ledger"),
        "issuer": own("issuer", **asks, **pages),
        "verifier": own("verifier", **asks),
    }


@contextmanager
def _serving(service: str, settings: Mapping[str, str], *, url: str) -> Iterator[None]:
    port = str(urlsplit(url).port)
    process = subprocess.Popen(
        [sys.executable, "-m", "vocred", "serve", service, "--port", port, "--workers", "1"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(service, int(port), process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(service: str, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{service} did not start")


def _load(url: str, bodies: Sequence[bytes], *, seconds: float) -> list[tuple[float, str]]:
    """Ask over all connections for so long; return each answer's milliseconds and verdict."""
    found: list[tuple[float, str]] = []
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_ask, args=(url, islice(cycle(bodies), start, None), end, found))
        for start in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _ask(url: str, bodies: Iterator[bytes], end: float, found: list[tuple[float, str]]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_START_SECONDS)
    while (start := time.monotonic()) < end:
        connection.request("POST", "/api/verify", next(bodies), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        taken = (time.monotonic() - start) * 1_000
        verdict = json.loads(body)["verdict"] if answer.status == 200 else f"status {answer.status}"
        found.append((taken, verdict))
    connection.close()


def _quantile(answers: Sequence[tuple[float, str]], part: float) -> float:
    taken = sorted(milliseconds for milliseconds, _ in answers)
    return taken[min(int(len(taken) * part), len(taken) - 1)]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
