"""Twenty random runs: nodes are killed, halved, paused, restarted and cut apart under a stream of statements.

``make soak`` does many more. A run that fails is played again with its seed alone:
``pytest tests/network/test_perturbations.py -k seed7``.
"""

from collections.abc import Callable

import pytest

from tests.network import perturbing
from tests.network.network import Network

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

RUNS = 20
ACTS = 2


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    """Return four running nodes."""
    network = make_network(signers=4)
    network.start()
    network.announce()
    return network


@pytest.fixture(scope="module")
def issuers(network: Network) -> list:
    return network.make_issuers(3)


@pytest.mark.case("LEDG-023", "LEDG-025")
@pytest.mark.parametrize("seed", range(1, RUNS + 1), ids=lambda seed: f"seed{seed}")
def test_nothing_forks_and_nothing_acknowledged_is_lost(network, issuers, seed):
    run = perturbing.run(network, issuers, seed=seed, acts=ACTS)
    print(run)
    assert run.findings.acknowledged > 0
