"""A node without CometBFT: the engine, and the consensus on paper."""

from collections.abc import Iterator

import pytest

from tests.ledger.cometbft.paper_comet import PaperNode, paper_node


@pytest.fixture
def node() -> Iterator[PaperNode]:
    """Return the node of the only signer among three members, with block 1 committed."""
    with paper_node() as node:
        yield node
