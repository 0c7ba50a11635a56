"""Mirrors of real nodes: what an issuer left at one is soon at all of them, and outlives the issuer."""

import time
from hashlib import sha256

import pytest

from ledger.mirror.signing import sign_upload
from tests.network.network import Network
from tests.network.node import Node
from tests.network.waiting import eventually

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

LIST = "http://127.0.0.1:9/status/1"
"""Nobody answers there: from the beginning the issuer is as good as gone."""

NAME = sha256(LIST.encode()).hexdigest()


@pytest.fixture(scope="module")
def content() -> bytes:
    return b"the only list of an issuer that is gone"


@pytest.fixture(scope="module")
def issuer(network: Network, content: bytes):
    """Return an issuer that left its list at one node, named it on the ledger, and is gone."""
    found = network.make_issuer("gone", 77)
    digest, now = sha256(content).digest(), int(time.time())
    upload = sign_upload(
        digest, did=found.did, chain_id=network.chain_id, key=found.key("submission"), now=now
    )
    node = network[0]
    # The registration came over this node, so its state knows the issuer.
    address = f"{node.url}/v1/mirror/objects/{digest.hex()}"
    answer = node.http.put(address, content=content, headers={"Vocred-Upload": upload}, timeout=10)
    assert answer.status_code == 201, answer.text
    entry = {"list": sha256(LIST.encode()).digest(), "version": 1, "digest": digest}
    network.accept(found, "status", [{**entry, "from": now, "until": now + 1000}])
    return found


def serves(node: Node, did: str, content: bytes) -> bool:
    return node.get(f"/v1/mirror/status/{did}/{NAME}").content == content


def test_a_list_that_one_node_has_is_soon_at_every_node(network, issuer, content):
    for node in network:
        eventually(f"{node} mirrors the list", lambda node=node: serves(node, issuer.did, content))


def test_a_node_that_lost_its_mirror_gets_it_back_from_the_others(network, issuer, content):
    node = network[3]
    eventually("it is mirrored", lambda: serves(node, issuer.did, content))
    node.kill()
    for file in node.home.glob("mirror.db*"):
        file.unlink()
    network.start(node)
    eventually("it is mirrored again", lambda: serves(node, issuer.did, content))


def test_the_node_that_got_it_may_be_lost_as_well(network, issuer, content):
    for node in network:
        eventually(f"{node} mirrors the list", lambda node=node: serves(node, issuer.did, content))
    network[0].kill()
    assert all(serves(node, issuer.did, content) for node in network.running)
    network.start(network[0])
