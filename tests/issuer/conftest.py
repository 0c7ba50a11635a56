"""A college that the consortium has registered, in a folder that is quick to write."""

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
def unregistered(folder: Path) -> Iterator[College]:
    """Return an issuer that the registry does not name yet."""
    college = College(folder)
    yield college
    college.close()


@pytest.fixture
def college(unregistered: College) -> College:
    """Return an issuer that may issue graduation certificates."""
    unregistered.register()
    return unregistered
