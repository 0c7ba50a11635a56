"""The explorer of a consortium: who signed each block and who did not, and counts that reach every node."""

import time

import pytest

from ledger.counts import Counts, Row, month_of, sign_counts
from tests.ledger.consortium import Party
from tests.network.network import Network
from tests.network.node import Node
from tests.network.waiting import eventually

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def issuer(network: Network) -> Party:
    (made,) = network.make_issuers(1)
    return made


def block_page(node: Node) -> str:
    """Return the page of a node's newest block, in English."""
    return node.get(f"/explorer/blocks/{node.head.size}?lang=en").text


def test_the_page_of_a_block_names_every_signer(network: Network, issuer: Party):
    network.accept(issuer, "anchor", {"root": b"\1" * 32})
    page = eventually(
        "four of four have signed", lambda: _with(block_page(network[0]), "4 of 4 signers"), seconds=60
    )
    assert "Single operator" not in page
    assert "No signature received" not in page


def test_a_result_rests_on_the_signatures_of_a_quorum(network: Network, issuer: Party):
    snapshot, _ = network.client(network[0]).snapshot([], now=int(time.time()))
    checkpoint = snapshot.checkpoint
    assert len(checkpoint.signers) == 4
    assert 3 <= len(checkpoint.signed) <= 4
    assert set(checkpoint.signed) <= set(checkpoint.signers)


def test_signed_counts_reach_every_node(network: Network, issuer: Party):
    now = int(time.time())
    counts = Counts(
        network.chain_id, issuer.did, month_of(now), now, {"GraduationCertificate": Row(12, 1, 0)}
    )
    network.client(network[0]).put_counts(
        sign_counts(counts, key=issuer.key("submission")), did=issuer.did, month=counts.month
    )
    path = f"/v1/counts/{issuer.did}/{counts.month}"
    for node in network:
        eventually(f"{node} has the counts", lambda node=node: node.get(path).status_code == 200, seconds=150)


def test_a_node_that_is_away_is_named_as_missing(network: Network, issuer: Party):
    gone = network[3]
    gone.stop()
    network.accept(issuer, "anchor", {"root": b"\2" * 32}, at=network[0])
    page = eventually(
        "three of four have signed", lambda: _with(block_page(network[0]), "3 of 4 signers"), seconds=60
    )
    assert "More than two thirds" in page
    assert page.count("No signature received") == 1
    network.start(gone)


@pytest.fixture(scope="module", autouse=True)
def _all_end(network: Network):
    yield
    network.recover()


def _with(page: str, words: str) -> str | None:
    return page if words in page else None
