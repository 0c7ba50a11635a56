"""A member that the others removed: its certificates stay valid; what it says from then on is refused."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.proof.batch import make_batch
from ledger.proof.bundle import with_batch_path
from tests.ledger.consortium import DAY
from tests.ledger.living_node import LivingNode

TYPE = "GraduationCertificate"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LivingNode]:
    """Return a node of three members, the second of which is an issuer."""
    node = LivingNode(tmp_path, count=3)
    node.make_issuer(node.consortium.parties[1])
    yield node
    node.close()


def anchored(node: LivingNode, form: bytes) -> tuple[bytes, bytes]:
    """Anchor a form of the second member's issuer; return its digest and its receipt."""
    digest = hashlib.sha256(form).digest()
    batch = make_batch([digest], random=os.urandom)
    index = node.accept(node.consortium.parties[1], "anchor", {"root": batch.root})
    bundle = node.client("issuer-pins").receipt(index, credential_type=TYPE, now=node.now)
    receipt = with_batch_path(
        bundle, salt=batch.salts[0], size=batch.size, index=batch.order[0], path=batch.path(0)
    )
    return digest, receipt.encode()


@pytest.mark.case("OPS-031")
def test_an_expelled_members_certificates_stay_valid_and_it_says_nothing_more(node: LivingNode) -> None:
    founder, expelled, third = node.consortium.parties
    digest, receipt = anchored(node, b"a form")
    node.decide(["remove", {"member": expelled.did}], voters=(founder, third))
    node.now += 1

    checked = node.client("verifier-pins").verify_receipt(
        receipt, digest=digest, issuer_id=expelled.did, credential_type=TYPE, now=node.now
    )
    assert checked.time_of_issue <= node.now
    action = ["remove", {"member": third.did}]
    statement = node.consortium.sign(expelled, "propose", {"action": action, "expires": node.now + DAY})
    answer = node.post(statement)
    assert (answer.status_code // 100, answer.json["code"]) == (4, "NOT_A_MEMBER")


@pytest.mark.case("OPS-031")
def test_its_issuer_anchors_nothing_more_once_the_members_closed_it(node: LivingNode) -> None:
    founder, expelled, third = node.consortium.parties
    digest, receipt = anchored(node, b"a form")
    node.decide(["remove", {"member": expelled.did}], voters=(founder, third))
    node.decide(["close-issuer", {"issuer": expelled.did}], voters=(founder, third))
    node.now += 1
    answer = node.post(node.consortium.sign(expelled, "anchor", {"root": bytes(32)}))
    assert (answer.status_code // 100, answer.json["code"]) == (4, "NOT_ACCREDITED")
    node.client("verifier-pins").verify_receipt(
        receipt, digest=digest, issuer_id=expelled.did, credential_type=TYPE, now=node.now
    )
