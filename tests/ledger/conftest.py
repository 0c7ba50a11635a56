"""A ledger on the embedded engine's Core, and an issuer that may anchor there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.consortium import Consortium, Party


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Consortium]:
    """Return a consortium whose ledger has begun."""
    consortium = Consortium(tmp_path)
    yield consortium
    consortium.core.close()


@pytest.fixture
def college(ledger: Consortium) -> Party:
    """Return an issuer of it."""
    party = Party("college")
    ledger.make_issuer(party)
    return party
