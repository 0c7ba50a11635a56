"""One real node of a consortium: ``vocred serve ledger --engine cometbft`` in a home of its own."""

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from crypto import cbor
from ledger.core.genesis import Genesis
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import CometHome
from ledger.proof.bundle import CheckpointSignature, Signer
from ledger.proof.pins import Pin
from ledger.settings import DATABASE, PIN, RECEIPT_KEY, write_key
from ledger.store import Head
from tests.ledger.consortium import Party
from tests.network.waiting import eventually

FAULTS = Path(__file__).parent / "faults"
HOST = "127.0.0.1"
_LOG_LINES = 40


@dataclass
class Node:
    """A member's node; every process that it starts is ended by its number.

    Attributes:
        party: Whose node it is.
        home: The ledger's home.
        genesis: The ledger's first entry.
        http_port, p2p_port, rpc_port: Where it listens.
        peers: Gives the nodes that it calls, when it starts.
        environ: What differs from other nodes.
    """

    party: Party
    home: Path
    genesis: Genesis
    http_port: int
    p2p_port: int
    rpc_port: int
    peers: Callable[[], Sequence[str]]
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    paused: bool = False
    # One for all requests: making a client costs more than a request.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False), repr=False)

    def __str__(self) -> str:
        return self.party.name

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def comet(self) -> CometHome:
        return CometHome(self.home / "comet")

    @property
    def database(self) -> Path:
        return self.home / DATABASE

    @property
    def log_file(self) -> Path:
        return self.home.with_suffix(".log")

    @property
    def outbound_file(self) -> Path:
        """Where the guard on sockets writes what tried to leave this machine."""
        return self.home.with_suffix(".outbound")

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    # The home

    def make_home(self) -> None:
        """Make the ledger, its key and pin, and CometBFT's keys; its genesis is the network's to write."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        Core.create(self.database, self.genesis).close()
        write_key(self.home / RECEIPT_KEY, self.party.key("receipt"))
        (self.home / PIN).write_bytes(Pin.from_genesis(self.genesis).to_bytes())
        self.comet.make()

    def wipe(self) -> None:
        """Lose the disk but for what is kept elsewhere: receipt key, CometBFT's keys and its genesis.

        Of ``priv_validator_state.json`` nothing is kept: that is what the guard against double signing is
        for.
        """
        assert not self.running, "a disk is lost with its node"
        kept = {
            path: path.read_bytes() for path in (self.comet.config / name for name in _KEPT) if path.exists()
        }
        shutil.rmtree(self.home)
        self.home.mkdir(mode=0o700)
        Core.create(self.database, self.genesis).close()
        write_key(self.home / RECEIPT_KEY, self.party.key("receipt"))
        (self.home / PIN).write_bytes(Pin.from_genesis(self.genesis).to_bytes())
        self.comet.config.mkdir(mode=0o700, parents=True)
        for path, content in kept.items():
            path.write_bytes(content)
            path.chmod(0o600)
        self.comet.make()

    def replace_ledger(self, entries: Iterable[bytes], *, root: bytes) -> Head:
        """Begin anew from an exported log: every rule is applied again, and the root compared."""
        for path in self.home.glob(f"{DATABASE}*"):
            path.unlink()
        core = Core.import_(self.database, entries, root=root)
        core.close()
        return self.head

    def forget_consensus(self) -> None:
        """Lose CometBFT's directory and make another, with new keys: no height was signed with these."""
        shutil.rmtree(self.comet.path, ignore_errors=True)
        self.comet.make()

    # Its processes

    def start(self, **environ: str) -> None:
        """Start the node; ``ready`` waits for it. ``environ`` holds for this start only."""
        assert not self.running, f"{self} runs"
        self.paused = False
        command = [sys.executable, "-P", "-m", "vocred", "serve", "ledger", "--engine", "cometbft"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.http_port)],
                env={**self._environ(), **environ},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.home.parent,
            )

    def ready(self) -> None:
        """Wait until it answers and its engine has caught up with the others that run."""
        eventually(f"{self} answers", lambda: self.get("/v1/checkpoints/0/signature").status_code)
        eventually(f"{self} has a block", lambda: self.head.height > 0 and not self.catching_up)

    def stop(self) -> None:
        """End it as a supervisor of the system would: SIGTERM, and all of it is gone."""
        if self.process is None:
            return
        self.resume()
        family = self._family()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        for each in alive:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process = None
        assert not alive, f"{self} left processes behind: {alive}"

    def kill(self) -> None:
        """End all of it at once, as when the power goes."""
        if self.process is None:
            return
        family = self._family()
        for each in [psutil.Process(self.process.pid), *family] if self.running else family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)
        self.process, self.paused = None, False

    def has(self, part: str) -> bool:
        """Return whether its ``application`` or its ``cometbft`` runs."""
        return bool(self._parts(part))

    def kill_application(self) -> None:
        """Kill the ledger's own process alone; the supervisor brings it back."""
        self._kill_part("application")

    def kill_cometbft(self) -> None:
        """Kill the consensus engine alone."""
        self._kill_part("cometbft")

    def pause(self) -> None:
        """Stop all of it where it stands; it keeps its connections and says nothing."""
        self.paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused node go on."""
        if self.paused:
            self._signal(signal.SIGCONT)
            self.paused = False

    # What it says

    @property
    def head(self) -> Head:
        """Where its log stands, as its database has it; works for a node that is down as well."""
        with Reader.open(self.database, genesis=self.genesis) as reader:
            return reader.store.head()

    @property
    def log(self) -> list[bytes]:
        """Its whole log, byte for byte."""
        with Reader.open(self.database, genesis=self.genesis) as reader:
            return reader.entries(0, reader.head().size)

    def holds(self, statement: bytes) -> bool:
        """Whether a statement is in its log."""
        with Reader.open(self.database, genesis=self.genesis) as reader:
            return reader.position_of(statement) is not None

    def root(self, size: int) -> bytes:
        """The root of its log at a size."""
        with Reader.open(self.database, genesis=self.genesis) as reader:
            return reader.root(size)

    def value(self, *key: str | int | bytes) -> Any:
        """A value of its state."""
        with Reader.open(self.database, genesis=self.genesis) as reader:
            return reader.value(*key)

    def get(self, path: str, *, timeout: float = 5.0) -> httpx.Response:
        """Ask over HTTP."""
        return self.http.get(self.url + path, timeout=timeout)

    def submit(self, statement: bytes, *, timeout: float = 20.0) -> httpx.Response:
        """Hand in a statement over HTTP."""
        headers = {"Content-Type": "application/cose"}
        url = f"{self.url}/v1/statements"
        return self.http.post(url, content=statement, headers=headers, timeout=timeout)

    def signature(self, size: int) -> CheckpointSignature | None:
        """Its own signature over the root at a size; None where it gives none."""
        answer = self.get(f"/v1/checkpoints/{size}/signature")
        if answer.status_code != httpx.codes.OK:
            return None
        protected, _, _, signature = cbor.decode(answer.content)
        return CheckpointSignature(protected, signature)

    def broadcast(self, statement: bytes) -> None:
        """Hand a statement to CometBFT itself, and wait for nothing."""
        params = {"tx": base64.b64encode(statement).decode()}
        request = {"jsonrpc": "2.0", "id": 0, "method": "broadcast_tx_async", "params": params}
        self.http.post(f"http://{HOST}:{self.rpc_port}/", json=request, timeout=10)

    @property
    def signer(self) -> Signer:
        return Signer(self.party.did, self.party.key("receipt").public.cose_key)

    def rpc(self, method: str) -> dict[str, Any]:
        """Ask CometBFT itself."""
        answer = self.http.get(f"http://{HOST}:{self.rpc_port}/{method}", timeout=5)
        result: dict[str, Any] = answer.json()["result"]
        return result

    @property
    def catching_up(self) -> bool:
        return bool(self.rpc("status")["sync_info"]["catching_up"])

    @property
    def consensus_height(self) -> int:
        return int(self.rpc("status")["sync_info"]["latest_block_height"])

    @property
    def power(self) -> int:
        """Its voting power as it sees it itself."""
        return int(self.rpc("status")["validator_info"]["voting_power"])

    @property
    def peer_count(self) -> int:
        return int(self.rpc("net_info")["n_peers"])

    @property
    def memory(self) -> dict[str, int]:
        """Bytes of memory of its processes, by part; what several share counts once."""
        return self._sum(lambda each: each.memory_full_info().pss)

    @property
    def computed(self) -> dict[str, float]:
        """Seconds that its processes computed since they started, by part."""
        return self._sum(lambda each: sum(each.cpu_times()[:2]))

    def _sum(self, measure: Callable[[psutil.Process], float]) -> dict[str, Any]:
        return {
            part: sum(measure(each) for each in self._parts(part)) for part in ("application", "cometbft")
        }

    def last_words(self) -> str:
        """The end of its log of events, for a test that failed; what is routine is left out."""
        if not self.log_file.exists():
            return "nothing"
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([line for line in lines if " INFO " not in line][-_LOG_LINES:])

    def _environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
        return {
            **inherited,
            "PYTHONPATH": str(FAULTS),
            "SOCKET_GUARD_LOG": str(self.outbound_file),
            "LEDGER_HOME": str(self.home),
            "LEDGER_URL": self.url,
            "LEDGER_INSECURE_LOOPBACK": "1",
            "LEDGER_P2P": f"{HOST}:{self.p2p_port}",
            "LEDGER_RPC": f"{HOST}:{self.rpc_port}",
            "LEDGER_PEERS": ",".join(self.peers()),
            **self.environ,
        }

    def _family(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _parts(self, part: str) -> list[psutil.Process]:
        found = []
        for each in self._family():
            with suppress(psutil.NoSuchProcess):
                name = "cometbft" if each.name() == "cometbft" else "application"
                if name == part and each.status() != psutil.STATUS_ZOMBIE:
                    found.append(each)
        return found

    def _kill_part(self, part: str) -> None:
        chosen = self._parts(part)
        assert chosen, f"{self} has no {part}"
        for each in chosen:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        for each in [psutil.Process(self.process.pid), *self._family()]:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)


_KEPT = ("genesis.json", "node_key.json", "priv_validator_key.json")
