"""An issuer on many nodes: registered, granted a type, and anchoring forms."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.client import LedgerClient
from ledger.proof.batch import make_batch
from ledger.proof.bundle import Bundle, with_batch_path
from ledger.proof.pins import Pin
from ledger.proof.verify import Receipt, verify_receipt
from tests.ledger.paper_log import Fixed
from tests.ledger.watching.many_nodes import ManyNodes

TYPE = "GraduationCertificate"


@dataclass(frozen=True)
class Form:
    """One form of a credential, with its receipt."""

    digest: bytes
    issuer: str
    receipt: bytes

    def check(self, pin: Pin, *, now: int) -> Receipt:
        """Check the receipt without a network."""
        return verify_receipt(
            self.receipt, digest=self.digest, issuer_id=self.issuer, credential_type=TYPE, pin=pin, now=now
        )

    def ask(self, client: LedgerClient, *, now: int) -> Receipt:
        """Check the receipt with nodes at hand."""
        return client.verify_receipt(
            self.receipt, digest=self.digest, issuer_id=self.issuer, credential_type=TYPE, now=now
        )


def register(world: ManyNodes) -> str:
    """Make the second member an issuer of a type, and return its DID."""
    founder, party = world.parties[:2]
    nothing: dict[str, Any] = {"submission": None, "governance": None}
    world.decide(["issuer.put", party.issuer(world.chain_id, 7, possession=nothing)])
    grant = {"issuer": party.did, "type": TYPE, "from": 0, "until": None}
    world.accept(founder.did, "accredit", grant)
    return party.did


def anchor(world: ManyNodes, issuer: str, name: str, *, client: LedgerClient) -> Form:
    """Anchor one form and fetch its receipt."""
    digest = sha256(name.encode()).digest()
    batch = make_batch([digest], random=Fixed(len(name)))
    statement = world.sign(issuer, "anchor", {"root": batch.root})
    index = client.submit(statement)
    world.collect(2)
    bundle: Bundle = client.receipt(index, credential_type=TYPE, now=world.now, statement=statement)
    whole = with_batch_path(
        bundle, salt=batch.salts[0], size=batch.size, index=batch.order[0], path=batch.path(0)
    )
    return Form(digest, issuer, whole.encode())
