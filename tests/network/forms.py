"""A form whose digest stands in the log, with the receipt that its holder keeps."""

import os
import time
from dataclasses import dataclass
from hashlib import sha256

from ledger.client import LedgerClient
from ledger.errors import LedgerError
from ledger.proof.batch import make_batch
from ledger.proof.bundle import with_batch_path
from ledger.proof.pins import Pin
from ledger.proof.verify import Receipt, verify_receipt
from ledger.statements import parse_statement
from tests.ledger.consortium import TYPES, Party
from tests.network.network import Network
from tests.network.node import Node
from tests.network.waiting import eventually


@dataclass(frozen=True)
class Form:
    """A form of nobody.

    Attributes:
        issuer: Its issuer's DID.
        digest: What was anchored, in a batch.
        receipt: The proof, as a holder keeps it.
    """

    issuer: str
    digest: bytes
    receipt: bytes

    def check(self, pin: Pin) -> Receipt:
        """Check the receipt with nothing but a pin: no node is asked.

        Raises:
            ReceiptError: It does not check.
        """
        return verify_receipt(
            self.receipt,
            digest=self.digest,
            issuer_id=self.issuer,
            credential_type=TYPES[0],
            pin=pin,
            now=int(time.time()),
        )


def anchor(network: Network, issuer: Party, client: LedgerClient, *, at: Node) -> Form:
    """Anchor a form and fetch its receipt, checked by the client."""
    digest = sha256(b"form " + os.urandom(8)).digest()
    batch = make_batch([digest], random=os.urandom)
    statement = network.sign(issuer, "anchor", {"root": batch.root})
    answer = at.submit(statement)
    assert answer.status_code == 201, answer.text
    bundle = eventually(
        "a receipt with a quorum",
        lambda: client.receipt(
            answer.json()["index"],
            credential_type=TYPES[0],
            now=int(time.time()),
            statement=statement,
        ),
        tolerate=(LedgerError,),
        seconds=30,
    )
    whole = with_batch_path(
        bundle, salt=batch.salts[0], size=batch.size, index=batch.order[0], path=batch.path(0)
    )
    return Form(parse_statement(statement).issuer, digest, whole.encode())
