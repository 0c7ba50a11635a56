"""A college that the consortium has registered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.college import College


@pytest.fixture
def unregistered(tmp_path: Path) -> Iterator[College]:
    """Return an issuer that the registry does not name yet."""
    college = College(tmp_path)
    yield college
    college.close()


@pytest.fixture
def college(unregistered: College) -> College:
    """Return an issuer that may issue graduation certificates."""
    unregistered.register()
    return unregistered
