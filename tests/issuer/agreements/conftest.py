"""A college and an enterprise that are members of one consortium, and can reach each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.agreements.members import Member, Network
from tests.ledger.living_node import LivingNode


@pytest.fixture
def node(folder: Path) -> Iterator[LivingNode]:
    home = folder / "ledger"
    home.mkdir()
    living = LivingNode(home, count=3)
    living.now = 1_795_240_800  # 2026-11-21
    yield living
    living.close()


@pytest.fixture
def yunling(folder: Path, node: LivingNode) -> Iterator[Member]:
    """The college; it hands the agreement round."""
    member = Member(folder, node, "yunling")
    member.join(7, "GraduationCertificate")
    yield member
    member.close()


@pytest.fixture
def xingheng(folder: Path, node: LivingNode) -> Iterator[Member]:
    """The enterprise; it recognises."""
    member = Member(folder, node, "xingheng")
    member.join(8)
    yield member
    member.close()


@pytest.fixture
def network(yunling: Member, xingheng: Member) -> Network:
    return Network(yunling, xingheng)
