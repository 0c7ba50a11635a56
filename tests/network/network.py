"""A consortium of real nodes on loopback: made, started, disturbed, compared and ended.

    network = Network.make(signers=4, members=5)
    network.start()
    network.accept(network.founder, "endpoint.put", {...})
    network[2].kill()
    network.partition([0, 1], [2, 3])
    network.heal()
    network.agree()
    network.close()

Every pair of nodes talks through wires that can be cut. Nodes differ in PYTHONHASHSEED, TZ and LANG.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx

from ledger.client import LedgerClient
from ledger.core.genesis import Genesis, make_genesis
from ledger.core.machine import Core
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.pins import PinStore
from ledger.proof.receipts import check_quorum, signer_of
from ledger.settings import PIN
from ledger.statements import ROLES, parse_statement, sign_statement
from tests.ledger import consortium
from tests.ledger.consortium import DAY, TYPES, Party
from tests.network.links import Switchboard, Wire
from tests.network.node import Node
from tests.network.waiting import eventually
from tests.ports import free_ports

HOST = "127.0.0.1"
CREATED = httpx.codes.CREATED
_SURROUNDINGS = (
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LANG": "C.UTF-8"},
    {"PYTHONHASHSEED": "2", "TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8"},
    {"PYTHONHASHSEED": "3", "TZ": "America/St_Johns", "LANG": "C"},
    {"PYTHONHASHSEED": "4", "TZ": "Pacific/Chatham", "LANG": "tr_TR.UTF-8"},
)


class Network:
    """Members, their nodes and the wires between these."""

    def __init__(self, folder: Path, genesis: Genesis, parties: Sequence[Party]) -> None:
        """Use ``make``."""
        self.folder = folder
        self.genesis = genesis
        self.parties = list(parties)
        self.nodes: list[Node] = []
        self._switchboard = Switchboard()
        self._wires: dict[tuple[int, int], Wire] = {}

    @classmethod
    def make(
        cls,
        *,
        signers: int,
        members: int | None = None,
        delay: int = 0,
        numbers: int = 100,
    ) -> "Network":
        """Make the homes of a new consortium whose first ``signers`` members run nodes; nothing starts.

        Args:
            signers: How many sign and are validators from the start.
            members: How many members there are; as many as signers by default.
            delay: Seconds between a vote on members and its effect.
            numbers: How many issuers an accreditor may bring.
        """
        # A short path: the name of a unix socket has at most 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="net-"))
        parties = consortium.members(members or signers)
        genesis = make_genesis(
            time=int(time.time()) - 20,
            members=[party.record for party in parties],
            signers=[party.did for party in parties[:signers]],
            delay=delay,
            numbers=numbers,
        )
        network = cls(folder, genesis, parties)
        for party in parties[:signers]:
            network.add_node(party)
        network.write_genesis(network.nodes)
        return network

    def __getitem__(self, place: int) -> Node:
        return self.nodes[place]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def founder(self) -> Party:
        return self.parties[0]

    @property
    def chain_id(self) -> str:
        return self.genesis.chain_id

    @property
    def running(self) -> list[Node]:
        """The nodes that run and are not paused."""
        return [node for node in self.nodes if node.running and not node.paused]

    # Making it

    def add_node(self, party: Party, *, make_home: bool = True) -> Node:
        """Give a party a node that calls all the others and is called by none of them yet."""
        place = len(self.nodes)
        http_port = free_ports(3)
        node = Node(
            party,
            self.folder / party.name,
            self.genesis,
            http_port,
            http_port + 1,
            http_port + 2,
            peers=lambda: self._peers(place),
            environ=dict(_SURROUNDINGS[place % len(_SURROUNDINGS)]),
        )
        if make_home:
            node.make_home()
        self.nodes.append(node)
        for other in range(place):
            self._wires[place, other] = self._switchboard.wire(self.nodes[other].p2p_port)
            self._wires[other, place] = self._switchboard.wire(node.p2p_port)
        return node

    def write_genesis(self, nodes: Sequence[Node], **changes: Any) -> None:
        """Write CometBFT's genesis in the homes of nodes: validators are the genesis' signers."""
        core = Core.open(self.nodes[0].database)
        root = core.head.root
        core.close()
        signers = [node for node in self.nodes if node.party.did in self.genesis.signers]
        content: dict[str, Any] = {
            "chain_id": self.chain_id,
            "time": self.genesis.time + 10,
            "initial_height": 1,
            "app_hash": root,
            "validators": {node.party.did: node.comet.validator for node in signers},
            **changes,
        }
        for node in nodes:
            node.comet.write_genesis(**content)

    def copy_genesis(self, node: Node) -> None:
        """Give a node that comes later the genesis that the others began with."""
        name = "genesis.json"
        node.comet.config.mkdir(mode=0o700, parents=True, exist_ok=True)
        (node.comet.config / name).write_bytes((self.nodes[0].comet.config / name).read_bytes())

    # Its processes

    def start(self, *nodes: Node) -> None:
        """Start nodes, all that are down by default, and wait until they answer."""
        chosen = nodes or tuple(node for node in self.nodes if not node.running)
        for node in chosen:
            node.start()
        for node in chosen:
            node.ready()

    def announce(self) -> None:
        """Tell the ledger where each node answers, so that nodes find one another's signatures."""
        for node in self.nodes:
            urls = {"node": node.url, "mirror": node.url, "receipts": node.url}
            self.accept(node.party, "endpoint.put", urls)

    def recover(self) -> None:
        """Bring everything back that was cut, paused or ended, and wait until all logs are one."""
        self.heal()
        for node in self.nodes:
            node.resume()
        self.start()
        self.agree()

    def close(self) -> None:
        """End every process, close the wires, and remove the homes."""
        for node in self.nodes:
            node.kill()
            node.http.close()
        self._switchboard.close()
        if os.environ.get("NETWORK_KEEP") == "1":
            print(f"homes and logs are kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def outbound(self) -> str:
        """What nodes tried to reach beyond this machine: nothing, or a line for each attempt."""
        files = [node.outbound_file for node in self.nodes if node.outbound_file.exists()]
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def last_words(self) -> str:
        """The end of every node's log of events."""
        return "\n".join(f"--- {node}\n{node.last_words()}" for node in self.nodes)

    # Wires

    def partition(self, *groups: Sequence[int], stall: bool = False) -> None:
        """Let nodes talk within their group only.

        Args:
            groups: The places of the nodes of each group.
            stall: Keep connections and lose what runs over them, instead of ending them.
        """
        sever = self._switchboard.stall if stall else self._switchboard.cut
        for one, other in combinations(groups, 2):
            for a in one:
                for b in other:
                    sever(self._wires[a, b])
                    sever(self._wires[b, a])

    def heal(self) -> None:
        """Let everybody talk to everybody again."""
        for wire in self._wires.values():
            self._switchboard.heal(wire)

    # Statements

    def sign(self, party: Party, kind: str, body: Any) -> bytes:
        """Sign the party's next statement of a kind."""
        role = ROLES.get(kind, "governance")
        party.seq[role] += 1
        return sign_statement(
            kind,
            body,
            seq=party.seq[role],
            issuer=party.did,
            chain_id=self.chain_id,
            key=party.key(role),
        )

    def accept(self, party: Party, kind: str, body: Any, *, at: Node | None = None) -> int:
        """Have a statement accepted and return its index."""
        statement = self.sign(party, kind, body)
        answer = (at or self.running[0]).submit(statement)
        assert answer.status_code == CREATED, (kind, answer.status_code, answer.text)
        index: int = answer.json()["index"]
        return index

    def decide(self, action: list[Any], *, voters: Sequence[Party] = (), at: Node | None = None) -> bytes:
        """Propose, and have members agree until it is decided; its effect comes with a later block."""
        end = int(time.time()) + 10 * DAY
        statement = self.sign(self.founder, "propose", {"action": action, "expires": end})
        node = at or self.running[0]
        answer = node.submit(statement)
        assert answer.status_code == CREATED, (action[0], answer.status_code, answer.text)
        proposal = parse_statement(statement).proposal_id
        for party in voters or self.parties:
            if node.value("proposal", proposal)["status"] == "open":
                self.accept(party, "vote", {"proposal": proposal, "yes": True}, at=node)
        return proposal

    def make_issuer(self, name: str, number: int) -> Party:
        """Register somebody who may anchor, by the founder's own right, and return them."""
        party = Party(name)
        # Nobody answers there, but it is on this machine: mirrors ask issuers for what they keep.
        nowhere = f"http://{HOST}:9"
        urls = {"claims": nowhere, "store": f"{nowhere}/store", "lists": f"{nowhere}/status"}
        self.accept(self.founder, "issuer.put", party.issuer(self.chain_id, number, urls=urls))
        grant = {"issuer": party.did, "type": TYPES[0], "from": 0, "until": None}
        self.accept(self.founder, "accredit", grant)
        return party

    def make_issuers(self, count: int) -> list[Party]:
        """Register several, with numbers from 1."""
        return [self.make_issuer(f"college{number}", number) for number in range(1, count + 1)]

    def client(self, *nodes: Node, name: str = "pins") -> LedgerClient:
        """Return a client of nodes that trusts the genesis and nobody else."""
        pins = PinStore.start(self.folder / name, pin_file=nodes[0].home / PIN)
        return LedgerClient(",".join(node.url for node in nodes), pins=pins)

    # Comparing

    def agree(self, *nodes: Node, seconds: float = 60.0) -> list[bytes]:
        """Wait until nodes, all that run by default, have the same log, and return it.

        Raises:
            AssertionError: One log does not begin the other: a fork; or they are still apart in the end.
        """
        chosen = list(nodes or self.running)

        def logs() -> list[bytes] | None:
            found = [node.log for node in chosen]
            check_prefixes(found)
            return found[0] if all(log == found[0] for log in found) else None

        return eventually("all logs are one", logs, seconds=seconds, every=0.3)

    def quorum(self, size: int, *nodes: Node, seconds: float = 30.0) -> list[CheckpointSignature]:
        """Collect the signatures of a quorum of the genesis' signers over the root at a size, checked."""
        chosen = list(nodes or self.running)
        signers = [node.signer for node in self.nodes if node.party.did in self.genesis.signers]
        needed = len(signers) * 2 // 3 + 1

        def collect() -> list[CheckpointSignature] | None:
            found = [made for node in chosen if (made := node.signature(size)) is not None]
            return found if len(found) >= needed else None

        made = eventually(f"a quorum signed the root at {size}", collect, seconds=seconds)
        check_quorum(
            sorted(made, key=signer_of),
            root=chosen[0].root(size),
            signers=sorted(signers, key=lambda signer: signer.member),
            chain_id=self.chain_id,
            not_before=self.genesis.time,
            now=int(time.time()),
        )
        return made

    def _peers(self, place: int) -> list[str]:
        return [
            f"{self.nodes[other].comet.node_id}@{HOST}:{wire.port}"
            for (one, other), wire in self._wires.items()
            if one == place and (self.nodes[other].comet.config / "node_key.json").exists()
        ]


def check_prefixes(logs: Sequence[Sequence[bytes]]) -> None:
    """Check that of any two logs one begins with the other: there is no fork.

    Raises:
        AssertionError: There is one, at the index that the message names.
    """
    longest = max(logs, key=len)
    for log in logs:
        if list(log) != list(longest[: len(log)]):
            at = next(place for place, entry in enumerate(log) if entry != longest[place])
            raise AssertionError(f"FORK at entry {at}: {log[at].hex()} is not {longest[at].hex()}")
