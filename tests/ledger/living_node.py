"""A node with the real engine in a temporary folder, and a client that talks to it without a network."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from ledger.client import LedgerClient
from ledger.core.machine import Core
from ledger.node import create_app
from ledger.proof.pins import Pin, PinStore
from ledger.running import ENGINE
from ledger.settings import DATABASE, PIN, RECEIPT_KEY, write_key
from ledger.statements import parse_statement
from tests.ledger.consortium import DAY, TYPES, Consortium, Party

URL = "http://127.0.0.1:8700"


class Answer:
    """What a transport returns."""

    def __init__(self, response: Any) -> None:
        self.status_code = response.status_code
        self.content = response.data


class LivingNode:
    """A consortium whose ledger is served by a node; the clock stands still unless a test moves it."""

    def __init__(self, home: Path, *, count: int = 3, delay: int = 0, types: Sequence[str] = TYPES) -> None:
        self.home = home
        # The consortium lends its genesis, keys and numbers; the node's own ledger begins empty.
        aside = home / "consortium"
        aside.mkdir()
        self.consortium = Consortium(aside, count=count, delay=delay, types=types)
        self.consortium.core.close()
        Core.create(home / DATABASE, self.consortium.genesis).close()
        self.now = self.consortium.now + 10
        write_key(home / RECEIPT_KEY, self.founder.key("receipt"))
        (home / PIN).write_bytes(Pin.from_genesis(self.consortium.genesis).to_bytes())
        self.app: Flask = self.start()

    def start(self) -> Flask:
        """Open the node; the engine has to be closed."""
        environ = {
            "LEDGER_HOME": str(self.home),
            "LEDGER_URL": URL,
            "LEDGER_INSECURE_LOOPBACK": "1",
        }
        self.app = create_app(environ, clock=lambda: self.now)
        return self.app

    def close(self) -> None:
        self.app.extensions[ENGINE].close()

    @property
    def founder(self) -> Party:
        return self.consortium.founder

    @property
    def http(self) -> FlaskClient:
        return self.app.test_client()

    def transport(self, method: str, url: str, *, content: bytes | None, headers: dict[str, str]) -> Answer:
        path = url.removeprefix(URL)
        return Answer(self.http.open(path, method=method, data=content, headers=headers))

    def pins(self, name: str = "pins") -> PinStore:
        return PinStore.start(self.home / name, pin_file=self.home / PIN)

    def client(self, name: str = "pins") -> LedgerClient:
        return LedgerClient(URL, pins=self.pins(name), http=self.transport)

    def post(self, statement: bytes) -> Any:
        return self.http.post("/v1/statements", data=statement, content_type="application/cose")

    def accept(self, party: Party, kind: str, body: Any) -> int:
        """Submit a party's next statement and return its index."""
        answer = self.post(self.consortium.sign(party, kind, body))
        assert answer.status_code == 201, answer.json
        return answer.json["index"]

    def propose(self, action: list[Any], *, expires: int | None = None) -> bytes:
        end = self.now + 10 * DAY if expires is None else expires
        statement = self.consortium.sign(self.founder, "propose", {"action": action, "expires": end})
        answer = self.post(statement)
        assert answer.status_code == 201, answer.json
        return parse_statement(statement).proposal_id

    def decide(self, action: list[Any], *, expires: int | None = None, voters: Iterable[Party] = ()) -> bytes:
        """Propose, and have the members agree until it is decided."""
        proposal = self.propose(action, expires=expires)
        for party in voters or self.consortium.parties:
            found = self.http.get(f"/v1/proposals/{proposal.hex()}").json
            if found["status"] == "open":
                self.accept(party, "vote", {"proposal": proposal, "yes": True})
        return proposal

    def make_issuer(self, party: Party, number: int = 7, start: int = 0) -> None:
        """Have the members register a party and grant it a type."""
        self.decide(["issuer.put", self.issuer_body(party, number)])
        grant = {"issuer": party.did, "type": "GraduationCertificate", "from": start, "until": None}
        self.decide(["accredit", grant])

    def issuer_body(self, party: Party, number: int) -> dict[str, Any]:
        """Return a registration of a member, whose keys the ledger knows already."""
        nothing = {"submission": None, "governance": None}
        return party.issuer(self.consortium.chain_id, number, possession=nothing)
