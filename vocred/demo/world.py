"""The demo's machine: six services as real processes on loopback, and the commands that people would type.

Nothing here reaches into a service: a step runs a command or sends a request, as a person would.
"""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

MARKER = ".vocred-demo"
START_SECONDS = 90.0
STOP_SECONDS = 10.0


class DemoError(Exception):
    """A step of the demo did not go as its story says."""


@dataclass(frozen=True)
class Place:
    """One instance of a service: where it lives and how it is called.

    Args:
        name: The instance's name in the story, ``college`` for instance.
        kind: The service, ``issuer`` for instance; empty for a desk, where only commands are typed.
        port: Where it listens on loopback.
        home: Its directory.
        environment: Its settings, without those of the machine.
        more_ports: Where else it listens, such as for other nodes.
    """

    name: str
    kind: str
    port: int
    home: Path
    environment: Mapping[str, str]
    more_ports: tuple[int, ...] = ()

    @property
    def url(self) -> str:
        """The public base URL."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class World:
    """The processes of the demo; it owns them and ends them."""

    home: Path
    places: dict[str, Place] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, place: str, *words: str, secrets: Mapping[str, str] | None = None) -> Any:
        """Run ``vocred`` with the settings of ``place`` and return what it prints as JSON.

        Raises:
            DemoError: The command ended with another status than 0; its words are in the message.
        """
        status, output, complaint = self.try_run(place, *words, secrets=secrets)
        if status:
            raise DemoError(f"vocred {' '.join(words)}: {complaint or output}")
        return json.loads(output) if "--json" in words else output

    def try_run(
        self, place: str, *words: str, secrets: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Run ``vocred`` and return its exit status, output and complaint, whatever they are."""
        finished = subprocess.run(  # noqa: S603 - our own command, without a shell
            [sys.executable, "-m", "vocred", *words],
            env=self._environment(place) | dict(secrets or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        return finished.returncode, finished.stdout.strip(), finished.stderr.strip()

    def start(self, *names: str) -> None:
        """Start the services named and wait until each answers."""
        self.launch(*names)
        self.await_(*names)

    def launch(self, *names: str) -> None:
        """Start the services named without waiting for them."""
        for name in names:
            place = self.places[name]
            log = (self.home / f"{name}.log").open("ab")
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                [sys.executable, "-m", "vocred", "serve", place.kind],
                env=self._environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            log.close()

    def await_(self, *names: str) -> None:
        """Wait until each of the services named answers.

        Raises:
            DemoError: One ended, or did not answer in time; the end of its log is in the message.
        """
        for name in names:
            self._await(name)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """End one service: politely, or as a power cut would."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End every service that still runs."""
        for name in list(self.processes):
            self.stop(name)

    def write_environments(self) -> None:
        """Leave one file per service that a shell can source, to go on by hand."""
        for name, place in self.places.items():
            settings = sorted(place.environment.items())
            lines = [f"export {key}={shlex.quote(value)}" for key, value in settings]
            (self.home / f"{name}.env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _environment(self, name: str) -> dict[str, str]:
        return dict(os.environ) | dict(self.places[name].environment)

    def _await(self, name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                httpx.get(f"{self.places[name].url}/", timeout=2)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        log = (self.home / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        raise DemoError(f"{name} did not start:\n{log[-2000:]}")


def prepare(home: Path) -> None:
    """Empty the demo's directory, or make it; a directory that is not the demo's is left alone.

    Raises:
        DemoError: There is something else in it.
    """
    if home.exists() and any(home.iterdir()):
        if not (home / MARKER).is_file():
            raise DemoError(f"{home} holds something else: choose another directory with --home")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARKER).touch()


def require_free(places: Iterable[Place]) -> None:
    """Refuse to start where something else listens: the story would be told to strangers.

    Raises:
        DemoError: A port is taken.
    """
    for port in [port for place in places for port in (place.port, *place.more_ports)]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DemoError(
                    f"port {port} is taken, perhaps by another demo: choose others with --first-port"
                ) from error


def until(what: str, check: Any, *, seconds: float = START_SECONDS, pause: float = 0.2) -> Any:
    """Ask ``check`` until it answers something true, and return that.

    Raises:
        DemoError: It did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = check()
        if answer:
            return answer
        time.sleep(pause)
    raise DemoError(f"waited {seconds:.0f} s in vain: {what}")
