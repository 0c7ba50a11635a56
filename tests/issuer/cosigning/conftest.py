"""A college, an enterprise and the wire between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.cosigning.bodies import (
    APPRENTICESHIP,
    COLLEGE,
    COLLEGE_URL,
    ENTERPRISE,
    ENTERPRISE_NAME,
    ENTERPRISE_URL,
    TRAINING,
    Body,
    Wire,
)
from tests.ledger.living_node import LivingNode


@pytest.fixture
def wire() -> Wire:
    """Return a network on which nobody is yet."""
    return Wire()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LivingNode]:
    """Return a ledger."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    found = LivingNode(folder, count=1)
    yield found
    found.close()


@pytest.fixture
def college(tmp_path: Path, node: LivingNode, wire: Wire) -> Iterator[Body]:
    """Return a registered college."""
    body = Body(
        tmp_path / "college",
        node=node,
        wire=wire,
        did=COLLEGE,
        url=COLLEGE_URL,
        name="云岭示范职业技术学院",
        number=7,
    )
    body.register(APPRENTICESHIP, TRAINING)
    yield body
    body.close()


@pytest.fixture
def enterprise(tmp_path: Path, node: LivingNode, wire: Wire) -> Iterator[Body]:
    """Return a registered enterprise."""
    body = Body(
        tmp_path / "enterprise",
        node=node,
        wire=wire,
        did=ENTERPRISE,
        url=ENTERPRISE_URL,
        name=ENTERPRISE_NAME,
        number=8,
    )
    body.register()
    yield body
    body.close()
