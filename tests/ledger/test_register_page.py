"""The node's public register: which majority an open vote takes."""

import pytest

from ledger import proposing
from tests.ledger.consortium import DAY
from tests.ledger.living_node import LivingNode


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path, count=4)
    yield living
    living.close()


@pytest.mark.parametrize(
    ("make", "said", "lines"),
    [
        (lambda node: proposing.change_params(numbers=7), "Votes still needed: 3 (over two thirds)", 2),
        (
            lambda node: proposing.remove(node.consortium.parties[3].did),
            "3 more votes needed (over 51 %)",
            1,
        ),
    ],
    ids=["parameters", "a member without a node"],
)
def test_an_open_vote_names_the_majority_that_it_takes(node, make, said, lines):
    body = {"action": make(node), "expires": node.now + DAY}
    node.accept(node.consortium.parties[0], "propose", body)
    page = node.http.get("/?lang=en").text
    assert said in page
    assert page.count('y="0" width=".6"') == lines
