"""A town with a credit bank, and an agreement that is in force."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.bank.creditbank import Town

_MEMORY = Path("/dev/shm")


@pytest.fixture
def town() -> Iterator[Town]:
    """Return a bank, a certificate body and a learner; in memory where the machine has such a place."""
    parent = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="vocred-", dir=parent) as name:
        found = Town(Path(name))
        found.agree()
        yield found
        found.close()
