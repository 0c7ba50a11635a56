"""How many nodes agree: what the result page and the report say of the signatures under the ledger's head."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from flask import render_template_string

from ledger.nodes import Nodes
from ledger.transport import LedgerUnavailableError
from tests.verifier.conftest import NOW, World, checkpoint
from tests.verifier.paper import PaperWorld
from verifier import nodes, report
from verifier.answering import Collaborators
from verifier.findings import Verification
from verifier.verdicts import Check, Outcome, Step

NODE = "https://node.example"
FOUR = tuple(f"did:web:node{number}.example" for number in range(4))


def resting_on(*signed: str, signers: tuple[str, ...] = FOUR, **changes) -> Verification:
    head = replace(checkpoint(single=len(signers) == 1), signed=signed, signers=signers)
    checks = tuple(Check(step, Outcome.PASSED) for step in Step)
    return Verification(checks=checks, checked_at=NOW, checkpoint=head, **changes)


def test_the_page_names_who_signed_and_who_was_not_needed():
    names = {FOUR[0]: {"zh": "甲校", "en": "College A"}}
    found = nodes.nodes(resting_on(*FOUR[:3], names=names), node_url=NODE)
    assert (found.agree, found.of) == (3, 4)
    assert found.signed == ["甲校", *FOUR[1:3]]
    assert found.others == [FOUR[3]]
    assert found.link == f"{NODE}/explorer/blocks/900"


@pytest.mark.parametrize(("count", "why"), [(3, True), (4, False)])
def test_a_node_that_was_not_waited_for_does_not_look_like_one_that_disagrees(
    world: World, tmp_path: Path, count: int, why: bool
):
    found = nodes.nodes(resting_on(*FOUR[:count]), node_url=NODE)
    macro = '{% import "verifier/result_parts.html" as result with context %}{{ result.nodes(found, "") }}'
    with PaperWorld(world).app(tmp_path).test_request_context("/?lang=en"):
        said = render_template_string(macro, found=found)
    assert f"{count} of 4 nodes agree" in said
    assert ("3 of 4 nodes agree, more than two thirds" in said) is why
    assert ("does not mean that a node disagrees" in said) is why


def test_a_single_operator_is_one_of_one():
    found = nodes.nodes(resting_on(FOUR[0], signers=FOUR[:1]), node_url="")
    assert (found.agree, found.of, found.link) == (1, 1, "")


def test_what_rests_on_nothing_says_nothing_of_nodes():
    assert nodes.nodes(replace(resting_on(), checkpoint=None), node_url=NODE) is None
    assert nodes.nodes(resting_on(signers=()), node_url=NODE) is None


def test_the_report_names_signers_and_the_anchors_entry(world):
    form = world.issue()
    found = world.verify(form)
    written = report.one(replace(found, checkpoint=resting_on(*FOUR[:3]).checkpoint))
    assert written["ledger"]["agree"] == 3
    assert written["ledger"]["of"] == 4
    assert written["ledger"]["signed"] == list(FOUR[:3])
    assert written["anchorEntry"] == found.receipt.entry_index


def test_the_anchor_leads_to_its_entry_in_the_explorer(world):
    found = world.verify(world.issue())
    assert nodes.entry_link(found, node_url=NODE) == f"{NODE}/explorer/entries/{found.receipt.entry_index}"
    assert nodes.entry_link(found, node_url="") == ""
    assert nodes.entry_link(resting_on(*FOUR), node_url=NODE) == ""


def test_readers_are_led_past_a_node_that_is_silent():
    def http(*_asked, **_sent):
        raise httpx.ConnectError("nobody is there")

    asked = Nodes("https://first.example/, https://second.example", http=http)
    shared = Collaborators(ledger=object(), fetch=None, origin="", nodes=asked)
    assert shared.node_url == "https://first.example"
    with pytest.raises(LedgerUnavailableError):
        asked.send("https://first.example", "GET", "/health")
    assert shared.node_url == "https://second.example"
    assert replace(shared, nodes=None).node_url == ""
