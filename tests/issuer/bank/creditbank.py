"""A credit bank and a certificate body on one ledger, and a learner with a certificate in a wallet of her own."""

from pathlib import Path

from tests.issuer.cosigning.bodies import Body, Wire
from tests.ledger.living_node import LivingNode

BANK, BANK_URL = "did:web:creditbank.yunling.example", "http://127.0.0.1:8706"
COLLEGE = "did:web:yunling.edu.example"


class Bank(Body):
    """An institution that keeps credit accounts."""

    def __init__(self, folder: Path, *, node: LivingNode, wire: Wire) -> None:
        super().__init__(
            folder, node=node, wire=wire, did=BANK, url=BANK_URL, name="云岭终身学习学分银行", number=9
        )
