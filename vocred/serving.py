"""``vocred serve``: a service's web server and background workers, supervised.

    supervisor          starts the parts below, restarts one that dies, stops all on SIGTERM or Ctrl-C
    ├── web             granian with the service's worker processes
    ├── cometbft        the ledger's consensus, with ``--engine cometbft``: it dies with the application that
    │                   answers it in the web process, and both come back
    └── background      one process per function that the service names; a call ``run(stop)`` that returns
                        soon after ``stop`` is set

Every process ends when the one above it is gone, so that even a killed supervisor leaves nothing behind.
Settings that the service refuses end the whole; anything else that dies is started again, more slowly
each time. Nothing here runs at import.
"""

import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import Value
from typing import Any

import click

from vocred.operating.starting import started

SERVICES = ("issuer", "ledger", "verifier", "wallet")
PORTS = {"ledger": 8700, "issuer": 8701, "wallet": 8704, "verifier": 8705}
BACKGROUND = {"issuer": ("issuer.worker:run",)}
ENGINES = ("embedded", "cometbft")
ONE_WORKER = {"ledger"}
"""Services whose one process owns the database for writing."""

REFUSED = 78
"""Exit status of a part whose settings were refused: starting it again would not help."""

_THREADS = {"ledger": 64}
"""Threads that answer requests, where they are not 16: whoever submits to the ledger waits for a block."""

_FEW_THREADS = 16
_TAKEN = "LEDGER_TAKEN"
"""Code of a database that another process has open: the one before, which has not quite ended."""

_TAKEN_SECONDS = 20.0
_STOP_SECONDS = 15.0
_READY_SECONDS = 60.0
_RESTART_SECONDS = (0.2, 10.0)
_LONG_LIFE_SECONDS = 30.0

logger = logging.getLogger(__name__)


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; else <SERVICE>_PORT.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes; else <SERVICE>_WORKERS, else 1.")
@click.option("--address", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--engine", type=click.Choice(ENGINES), help="The ledger's engine; else LEDGER_ENGINE, else embedded."
)
def serve(service: str, port: int | None, workers: int | None, address: str, engine: str | None) -> None:
    """Run SERVICE and its background workers until told to stop."""
    if engine is not None:
        if service != "ledger":
            raise click.UsageError("only the ledger has an engine")
        os.environ["LEDGER_ENGINE"] = engine
    port = port or _number(f"{service.upper()}_PORT", PORTS[service])
    workers = workers or _number(f"{service.upper()}_WORKERS", 1)
    if service in ONE_WORKER and workers > 1:
        raise click.UsageError(f"the {service} runs with one worker: it alone writes its database")
    _configure_logging()
    with started(service, workers=workers):
        sys.exit(supervise(service, address=address, port=port, workers=workers))


def supervise(service: str, *, address: str, port: int, workers: int) -> int:
    """Run the service's parts until SIGTERM, SIGINT or refused settings.

    Returns:
        The exit status: 0 after a wish to stop, 1 after refused settings.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # -P: a folder in the current directory that happens to be called "issuer" is not the package.
    command = [sys.executable, "-P", "-m", "vocred.serving"]
    parts = [_Part("web", [*command, "web", service, address, str(port), str(workers)])]
    parts += [_Part(name, [*command, "background", name]) for name in BACKGROUND.get(service, ())]
    if service == "ledger" and os.environ.get("LEDGER_ENGINE", "").strip() == "cometbft":
        # First in the list and so the first to be stopped: CometBFT ends in peace while it is still answered.
        parts.insert(0, _Part("cometbft", [*command, "cometbft"]))
    threading.Thread(target=_announce, args=(service, address, port, stop), daemon=True).start()
    try:
        while not stop.is_set():
            for part in parts:
                if not part.keep_alive(now=time.monotonic()):
                    return 1
            _end_without_application(parts)
            stop.wait(0.2)
    finally:
        _stop(parts)
    return 0


def _end_without_application(parts: "Sequence[_Part]") -> None:
    """Kill a CometBFT whose application has died.

    It ends by itself, but has been seen to hang half-way through that; it stands a kill at any moment.
    """
    if any(part.name == "web" and part.process is None for part in parts):
        for part in parts:
            if part.name == "cometbft" and part.process is not None:
                part.process.kill()


def _stop(parts: "Sequence[_Part]") -> None:
    """Stop everything: CometBFT first, then all others at once."""
    first = [part for part in parts if part.name == "cometbft"]
    for together in (first, [part for part in parts if part not in first]):
        end = time.monotonic() + _STOP_SECONDS
        for part in together:
            part.terminate()
        for part in together:
            part.wait(end - time.monotonic())


@dataclass
class _Part:
    """One supervised process; owned by the supervisor's main thread."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = _RESTART_SECONDS[0]
    due: float = field(default=0.0)

    def keep_alive(self, *, now: float) -> bool:
        """Start the process when it is not running and its pause is over; False when it must not run."""
        if self.process is None:
            if now >= self.due:
                self.started = now
                self.process = subprocess.Popen(self.command, env=_child_environment())  # noqa: S603
            return True
        status = self.process.poll()
        if status is None:
            return True
        if status == REFUSED:
            return False
        if now - self.started > _LONG_LIFE_SECONDS:
            self.pause = _RESTART_SECONDS[0]
        logger.error("part_died name=%s status=%s restart_in=%.1f", self.name, status, self.pause)
        self.process, self.due = None, now + self.pause
        self.pause = min(self.pause * 2, _RESTART_SECONDS[1])
        return True

    def terminate(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_web(service: str, address: str, port: int, workers: int) -> int:
    """Run granian with ``workers`` processes of the service; return the exit status."""
    if not _is_free(service, address, port):
        return 1
    from granian import Granian
    from granian.http import HTTP1Settings

    refused = Value("b", 0)
    parent = os.getpid()

    def end(error: Exception) -> None:
        print(f"{service}: {error} [{getattr(error, 'code', None)}]", file=sys.stderr, flush=True)
        refused.value = 1
        os.kill(parent, signal.SIGTERM)
        os._exit(REFUSED)

    def load() -> Any:
        exit_with_parent(parent)
        package = import_module(service)
        try:
            app = _create(package)
            if hasattr(package, "end_with"):
                package.end_with(app, end)
            if hasattr(package, "start_background"):
                # Threads of the one process that owns a database: the ledger's block timer.
                package.start_background(app)
            return app
        except Exception as error:
            if not isinstance(getattr(error, "code", None), str):
                raise
            end(error)

    server = Granian(
        f"{service}:create_app",
        address=address,
        port=port,
        interface="wsgi",
        workers=workers,
        blocking_threads=_THREADS.get(service, _FEW_THREADS),
        http="1",
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        log_level="error",
        # CometBFT has to end with the one process that answers it: the supervisor brings both back.
        respawn_failed_workers=service not in ONE_WORKER,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    )
    server.serve(target_loader=load, wrap_loader=False)
    return REFUSED if refused.value else 0


def _is_free(service: str, address: str, port: int) -> bool:
    """Return whether nobody listens there, after one line where somebody does: it is tried again later."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        what = f"cannot listen on {address}:{port} ({os.strerror(error.errno or 0)})"
        way = f"end what listens there, or set {service.upper()}_PORT"
        complaint = f"{service}: {what}: {way} [PORT_TAKEN]"
        print(complaint, file=sys.stderr, flush=True)
        return False
    return True


def _create(package: Any) -> Any:
    """Make the application; the database may still be that of a process that ends just now."""
    end = time.monotonic() + _TAKEN_SECONDS
    while True:
        try:
            return package.create_app()
        except Exception as error:
            if getattr(error, "code", None) != _TAKEN or time.monotonic() >= end:
                raise
            time.sleep(0.2)


def run_cometbft() -> int:
    """Become CometBFT, once the application answers; return the exit status where that cannot be."""
    from ledger.engines.cometbft import process
    from ledger.engines.cometbft.home import CometHome
    from ledger.settings import read_settings

    parent = int(os.environ["VOCRED_PARENT"])
    try:
        settings = read_settings(os.environ)
        command = process.prepare(settings, tell=lambda line: print(f"ledger: {line}", flush=True))
    except Exception as error:
        if not isinstance(getattr(error, "code", None), str):
            raise
        print(f"ledger: {error} [{error.code}]", file=sys.stderr, flush=True)
        return REFUSED
    if process.wait_for_application(CometHome(settings.comet_home), alive=lambda: os.getppid() == parent):
        os.execv(command[0], command)  # noqa: S606 - the program that the operator named
    return 0


def run_background(target: str) -> int:
    """Call the function ``module:name`` with an event that SIGTERM sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    module, _, name = target.partition(":")
    run: Callable[[threading.Event], None] = getattr(import_module(module), name)
    try:
        run(stop)
    except Exception as error:
        if getattr(error, "code", None) not in {"CONFIG_REFUSED", "MIGRATION"}:
            raise
        print(f"{target}: {error}", file=sys.stderr, flush=True)
        return REFUSED
    return 0


def exit_with_parent(parent: int) -> None:
    """End this process once ``parent``, which started it, is gone; looked up once a second by a thread."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="exit-with-parent", daemon=True).start()


def _announce(service: str, address: str, port: int, stop: threading.Event) -> None:
    """Print one line once the service answers, whatever it answers."""
    end = time.monotonic() + _READY_SECONDS
    while not stop.is_set() and time.monotonic() < end:
        if _answers(address, port):
            where = os.environ.get(f"{service.upper()}_URL") or f"http://{address}:{port}"
            print(f"{service} ready at {where} (listening on {address}:{port})", flush=True)
            return
        stop.wait(0.1)


def _answers(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/static/web/icon.svg")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _child_environment() -> dict[str, str]:
    return {**os.environ, "VOCRED_PARENT": str(os.getpid()), "PYTHONUNBUFFERED": "1"}


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip() or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise click.UsageError(f"{variable} must be a whole number")
    return int(text)


def _configure_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore"):
        # Their lines carry whole addresses.
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _main(arguments: Sequence[str]) -> int:
    """Be the part that the supervisor asks for."""
    _configure_logging()
    if arguments[0] == "cometbft":
        return run_cometbft()
    exit_with_parent(int(os.environ["VOCRED_PARENT"]))
    if arguments[0] == "web":
        service, address, port, workers = arguments[1:]
        return run_web(service, address, int(port), int(workers))
    return run_background(arguments[1])


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
