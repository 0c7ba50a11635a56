"""An operator's ledger with a history, whose members voted to sign it together: what a move begins from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crypto import cbor
from ledger import proposing
from ledger.core.reading import Reader
from ledger.engines.embedded import EmbeddedEngine
from ledger.engines.signed import adopt
from ledger.joining import founding, moving, registration
from ledger.joining.invitation import Invitation
from ledger.proof import assembly
from ledger.proof.bundle import Bundle, Consistency
from ledger.proof.pins import Pin
from ledger.settings import DATABASE, PIN, RECEIPT_KEY, write_key
from tests.ledger.consortium import Consortium, Party

PEER = "127.0.0.1:26656"
DELAY = 60


class Operator:
    """A ledger of one operator, kept in the operator's home; its members have homes with keys of their own.

    Attributes:
        consortium: The members; its core is closed once ``close`` was called.
        home: The operator's home.
        anchor: Index of an anchor that was made while the operator was alone.
    """

    def __init__(self, folder: Path, *, members: int = 4, signers: int = 4, urls: Sequence[str] = ()) -> None:
        self.folder = folder
        # The votes take effect a minute later: what is voted by then takes effect together.
        self.consortium = Consortium(folder, count=members, delay=DELAY)
        self.home = self.home_of(self.consortium.founder)
        write_key(self.home / RECEIPT_KEY, self.consortium.founder.key("receipt"))
        (self.home / PIN).write_bytes(self.pin.to_bytes())
        self.issuer = Party("school")
        self.consortium.make_issuer(self.issuer)
        self.anchor = self.consortium.accept(self.issuer, "anchor", {"root": bytes(range(32))})
        for party, url in zip(self.consortium.parties, urls, strict=False):
            self.consortium.accept(party, "endpoint.put", {"node": url, "mirror": None, "receipts": None})
        for party in self.consortium.parties[1:signers]:
            self.consortium_votes(self.signer_set(party))
        self.consortium.core.close()
        self.consortium.path.rename(self.home / DATABASE)
        adopt(self.home / DATABASE)
        self.now = self.consortium.now + 2 * DELAY

    @property
    def pin(self) -> Pin:
        return Pin.from_genesis(self.consortium.genesis)

    def home_of(self, party: Party) -> Path:
        home = self.folder / party.name
        home.mkdir(exist_ok=True)
        return home

    def signer_set(self, party: Party) -> list[Any]:
        """Return the action by which a party's node, whose keys lie in its home, is to sign."""
        keys = founding.node_keys(self.home_of(party), consensus=True)
        made = registration.of_node(keys, did=party.did, chain_id=self.consortium.chain_id)
        return proposing.set_signer(made)

    def consortium_votes(self, action: list[Any]) -> None:
        proposal = self.consortium.propose(action)
        for party in self.consortium.parties:
            if self.consortium.status(proposal) == "open":
                self.consortium.vote(proposal, party)

    def engine(self) -> EmbeddedEngine:
        key = self.consortium.founder.key("receipt")
        return EmbeddedEngine.open(self.home / DATABASE, key=key, clock=lambda: self.now)

    def checkpoint(self, size: int | None = None) -> Bundle:
        """Return what the operator alone signed: the newest of its own epochs, or of another size."""
        engine = self.engine()
        try:
            with engine.reader() as reader:
                at = moving.last_single(reader).size if size is None else size
                sign = lambda head, _root: [engine.receipt(head.size)]  # noqa: E731 - two words
                return assembly.checkpoint(reader, sign=sign, size=at)
        finally:
            engine.close()

    def consistency(self, first: int) -> Consistency:
        """Return the proof that the newest checkpoint of the operator continues a smaller log."""
        with Reader.open(self.home / DATABASE) as reader:
            return assembly.consistency(reader, first, moving.last_single(reader).size)

    def entries(self) -> list[bytes]:
        with Reader.open(self.home / DATABASE) as reader:
            return list(reader.store.entries())

    def migrate(self, **changes: Any) -> tuple[Path, Invitation]:
        out = self.folder / "invitation"
        given = {"peer": PEER, "nodes": ["https://ledger.example"], "now": self.now, **changes}
        return out, moving.migrate(self.home, out, **given)


def with_changed_statement(entries: Sequence[bytes], index: int) -> list[bytes]:
    """Return a log whose statement at ``index`` carries another signature."""
    protected, header, payload, signature = cbor.decode(entries[index])
    forged = cbor.encode([protected, header, payload, signature[:-1] + bytes([signature[-1] ^ 1])])
    return [*entries[:index], forged, *entries[index + 1 :]]
