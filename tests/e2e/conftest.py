"""The town that the tests of load and of outbound connections share."""

from collections.abc import Iterator

import pytest

from tests.e2e.faults import Town
from tests.e2e.papers import Papers, hand_out


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory, guarded_environment: dict[str, str]) -> Iterator[Papers]:
    """Start ledger, college, wallet and verifier; issue, claim and share."""
    town = Town(tmp_path_factory.mktemp("papers") / "town", guarded_environment)
    try:
        town.open("wallet", "verifier")
        yield hand_out(town)
    finally:
        town.close()
