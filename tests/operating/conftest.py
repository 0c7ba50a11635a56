"""An issuer on a real ledger, for what operators do to it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.college import College

_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder, in memory where the machine has such a place: these tests sync often."""
    parent = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="vocred-", dir=parent) as name:
        yield Path(name)


@pytest.fixture
def college(folder: Path) -> Iterator[College]:
    """Return an issuer that may issue graduation certificates."""
    college = College(folder)
    college.home.chmod(0o700)
    college.register()
    yield college
    college.close()
