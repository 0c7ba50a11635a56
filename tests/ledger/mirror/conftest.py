"""A mirroring node, and a second one that the first knows as another member's."""

import pytest

from tests.ledger.mirror.mirrored import PEER, Mirrored


@pytest.fixture
def mirrored(tmp_path):
    found = Mirrored(tmp_path / "node")
    yield found
    found.node.close()


@pytest.fixture
def pair(tmp_path):
    """Return two nodes of one ledger's shape; the first pulls from the second, which has what it gave."""
    first = Mirrored(tmp_path / "first", mirror_of_peer=True)
    second = Mirrored(tmp_path / "second")
    second.shop.pages, second.shop.forms, second.shop.receipts = first.shop.pages, {}, {}
    second.network.hosts = dict.fromkeys(first.network.hosts, first.shop.pages)
    first.network.hosts[PEER] = second.app
    yield first, second
    first.node.close()
    second.node.close()
