"""Networks for the tests beside this file: started once for a module, ended by their processes' numbers."""

from collections.abc import Callable, Iterator

import pytest

from tests.ledger.consortium import Party
from tests.network.network import Network


@pytest.fixture(scope="module")
def make_network(request: pytest.FixtureRequest) -> Iterator[Callable[..., Network]]:
    """Return ``Network.make``; whatever it made is ended afterwards, and speaks once more after a failure."""
    made: list[Network] = []
    failed = request.session.testsfailed

    def make(**options: int) -> Network:
        made.append(Network.make(**options))
        return made[-1]

    yield make
    outbound = "".join(network.outbound() for network in made)
    for network in made:
        if request.session.testsfailed > failed:
            print(network.last_words())
        network.close()
    assert not outbound, outbound


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    """Return four nodes of five members, running, that know one another's addresses."""
    network = make_network(signers=4, members=5)
    network.start()
    network.announce()
    return network


@pytest.fixture(scope="module")
def issuers(network: Network) -> list[Party]:
    """Return two issuers that may anchor."""
    return network.make_issuers(2)


@pytest.fixture
def recovered(network: Network) -> Iterator[None]:
    """Bring back after the test whatever it killed, paused or cut off: the next one finds a whole network."""
    yield
    network.recover()
