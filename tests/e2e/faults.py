"""A college, its ledger, a wallet and a verifier as real processes, for tests to kill and to flood.

Everything is done as people do it, by commands and requests. What is then looked at lies in ``books``.
"""

import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from tests.ports import free_ports
from vocred.demo.places import ACCREDITED_SINCE, ALLIANCE, COLLEGE, SAMPLES, places
from vocred.demo.story import Story
from vocred.demo.world import World, prepare, until

SERVICES = ("ledger", "college", "enterprise", "body", "wallet", "verifier")
COMMAND_SECONDS = 60
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass
class Command:
    """A command that runs in a process group of its own."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def wait(self) -> tuple[int, str]:
        """Return its exit status, negative when it was killed, and what it printed."""
        status = self.process.wait(COMMAND_SECONDS)
        return status, self.output.read_text(encoding="utf-8")


class Town:
    """One issuer that the consortium registered and accredited, and the services around it."""

    def __init__(self, home: Path, environment: Mapping[str, str], *, anchor_seconds: int = 1) -> None:
        prepare(home)
        self.world = World(home)
        self.guard_log = home / "outbound.log"
        more = {
            "PYTHONPATH": environment["PYTHONPATH"],
            "SOCKET_GUARD_LOG": str(self.guard_log),
            # A killed command's output is looked at too.
            "PYTHONUNBUFFERED": "1",
        }
        found = places(home, first_port=free_ports(len(SERVICES)), anchor_seconds=anchor_seconds)
        for name, place in found.items():
            self.world.places[name] = replace(place, environment={**place.environment, **more})

    def open(self, *services: str) -> None:
        """Found the ledger and the college, and start the services named beside those two.

        The alliance is the only member, so its vote alone decides.
        """
        story, world = Story(self.world, say=lambda *_: None), self.world
        for name in ("ledger", "college", *services):
            world.places[name].home.mkdir(mode=0o700)
        world.run(
            "ledger", "ledger", "init", "--as", "alliance", "--did", ALLIANCE, "--name-zh", "联盟",
            "--name-en", "Alliance", "--credit-code", "52990000MJ9999011A", "--role", "operator",
            "--delay", "0", "--json",
        )  # fmt: skip
        world.launch("ledger", *services)
        story.found(COLLEGE)
        world.launch("college")
        world.await_("ledger", "college", *services)
        registered = ["issuer.put", "--registration", str(world.home / "college.registration.json")]
        proposals = [[*registered, "--number", "1", "--keys", str(world.home / "college.keys.json")]]
        if "wallet" in services:
            story.write("wallet.json", world.run("wallet", "wallet", "registration", "--json"))
            proposals.append(["wallet.put", "--registration", str(world.home / "wallet.json")])
        story.vote_all_in(["alliance"], proposals, proposers=["alliance"] * len(proposals))
        accredited = ["accredit", "--issuer", COLLEGE.did, "--type", COLLEGE.credential_type]
        story.vote_in(["alliance"], *accredited, "--from", ACCREDITED_SINCE)

    def url(self, name: str) -> str:
        """Return a service's public address."""
        return self.world.places[name].url

    def database(self, name: str) -> Path:
        """Return the database of a service."""
        place = self.world.places[name]
        return place.home / f"{place.kind}.db"

    def command(self, place: str, *words: str) -> Command:
        """Start ``vocred`` with the settings of ``place``, in a process group of its own."""
        output = self.world.home / "command.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "vocred", *words],
                env=self.world._environment(place),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Command(process, output)

    def kill(self, *names: str, command: Command | None = None) -> None:
        """End the process groups of services, and of a command, all at the same moment as near as can be."""
        ended = [self.world.processes.pop(name) for name in names]
        if command is not None:
            ended.append(command.process)
        for process in ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in ended:
            wait_for_group(process)

    def restart(self, *names: str) -> None:
        """Start the services named again and wait until they answer."""
        self.world.start(*names)

    def import_files(self, files: Iterable[bytes]) -> list[Mapping[str, Any]]:
        """Import registers of graduates, each as a batch that waits for the second officer."""
        paths = []
        for number, content in enumerate(files):
            paths.append(self.world.home / f"register-{number}.csv")
            paths[-1].write_bytes(content)
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self._import, paths))

    def issue(self, content: bytes) -> Mapping[str, Any]:
        """Import, approve and anchor a register; return what importing printed."""
        (made,) = self.import_files([content])
        self.world.run("college", "issuer", "approve", made["batch"], "--as", "shen", "--json")
        self.settle()
        return made

    def settle(self) -> None:
        """Have everything that waits brought to the ledger."""
        until("the ledger to hold everything", lambda: not self._anchor()[0], seconds=COMMAND_SECONDS)

    def close(self) -> None:
        """End every process."""
        self.kill(*self.world.processes)

    def _anchor(self) -> tuple[int, str, str]:
        return self.world.try_run("college", "issuer", "anchor", "--json")

    def _import(self, path: Path) -> Mapping[str, Any]:
        made: Mapping[str, Any] = self.world.run(
            "college", "issuer", "import", str(path), "--type", COLLEGE.credential_type,
            "--as", "han", "--confirm", "--json",
        )  # fmt: skip
        return made


def wait_for_group(process: subprocess.Popen[bytes]) -> None:
    """Wait until nobody of a killed process group is left."""
    members = [found for found in psutil.process_iter() if _group(found) == process.pid]
    process.wait(COMMAND_SECONDS)
    psutil.wait_procs(members, timeout=5)


def graduates(first: int, count: int) -> bytes:
    """Return a register of graduates with ``count`` rows, none of which another ``first`` holds.

    The people are those of the sample, again and again, with numbers and identity documents of their own.
    """
    text = (SAMPLES / COLLEGE.file).read_text(encoding="utf-8-sig")
    header, *sample = csv.reader(io.StringIO(text))
    sample = [row for row in sample if len(row) == len(header) and row[0].isdigit()]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for serial in range(first, first + count):
        row = dict(zip(header, sample[serial % len(sample)], strict=True))
        row["序号"] = str(serial - first + 1)
        row["学号"] = f"{row['学号'][:-4]}{serial:04}"
        row["考生号"] = f"{row['考生号'][:-6]}{serial:06}"
        row["证书编号"] = f"{row['证书编号'][:-6]}{serial:06}"
        row["证件号码"] = _identity(row["证件号码"], serial)
        writer.writerow([row[name] for name in header])
    return ("\ufeff" + out.getvalue()).encode()


def wait_for_write(*databases: Path, seconds: float) -> bool:
    """Wait until one of the databases is written to; False when the time is up."""
    logs = [path.with_name(f"{path.name}-wal") for path in databases]
    before, end = [_stamp(path) for path in logs], time.monotonic() + seconds
    while time.monotonic() < end:
        if [_stamp(path) for path in logs] != before:
            return True
        time.sleep(0.002)
    return False


def _identity(sample: str, serial: int) -> str:
    """Return an identity number like the sample's, with the serial in it and the right check character."""
    # GB 11643: the seventeenth digit is odd for men, so the serial goes in by even steps.
    order = (serial * 2 + int(sample[16]) % 2) % 1000
    head = f"{sample[:14]}{order:03}"
    total = sum(int(digit) * weight for digit, weight in zip(head, _WEIGHTS, strict=True))
    return head + "10X98765432"[total % 11]


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
