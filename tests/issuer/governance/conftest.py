"""A consortium with a college that votes from its own service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.governance.alliance import Alliance


@pytest.fixture
def outsider(folder: Path) -> Iterator[Alliance]:
    """Return a college that is no member yet."""
    alliance = Alliance(folder)
    yield alliance
    alliance.close()


@pytest.fixture
def alliance(outsider: Alliance) -> Alliance:
    """Return a college that is a member: four of them now, three yes votes decide."""
    outsider.join()
    return outsider
