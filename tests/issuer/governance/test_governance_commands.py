"""``vocred issuer governance-key``, ``proposals``, ``vote``, ``propose``: a member without a browser."""

import pytest

from issuer import audit
from tests.issuer.governance.alliance import DID, Alliance, governance_hex


def test_the_printed_key_is_what_an_admission_takes(outsider: Alliance):
    printed = outsider.json("governance-key", "--as", "zhang")
    assert printed == outsider.json("governance-key")
    assert set(printed) == {"name", "did", "governance", "possession"}
    outsider.home.joinpath("governance.key").unlink()
    outsider.db.execute("DELETE FROM governance_key")
    outsider.join()
    assert governance_hex(outsider) != printed["governance"]


def test_a_member_proposes_and_votes_from_the_command_line(alliance: Alliance):
    document, action, expires = alliance.agreement()
    alliance.decide(action, expires=expires)
    opened = alliance.json("propose", "agreement.end", document["id"], "--as", "zhang")
    assert (opened["status"], opened["yes"], opened["needed"], opened["missing"]) == ("open", [], 3, 3)
    voted = alliance.json("vote", opened["id"][:12], "yes", "--as", "zhang")
    assert voted["yes"] == [DID]
    (listed,) = alliance.json("proposals", "--open")["proposals"]
    assert listed == {name: voted[name] for name in listed}
    alliance.vote(bytes.fromhex(opened["id"]), *alliance.members[:2])
    alliance.node.app.extensions["ledger_engine"].tick()
    alliance.node.now += 10
    found = alliance.json("proposals")["proposals"][0]
    assert (found["id"], found["status"]) == (opened["id"], "done")


def test_what_was_voted_is_in_the_log_with_who_did_it(alliance: Alliance):
    proposal = alliance.propose(["remove", {"member": alliance.members[2].did}])
    alliance.json("vote", proposal.hex(), "no", "--as", "zhang")
    line = next(line for line in audit.entries(alliance.db) if line.action == "vote signed")
    assert (line.actor, line.channel, line.subject) == ("zhang", "command line", proposal.hex())
    assert line.detail == {"answer": "no"}


def test_only_an_officer_with_the_role_votes(alliance: Alliance):
    proposal = alliance.propose(["remove", {"member": alliance.members[2].did}])
    assert alliance.refused("vote", proposal.hex(), "yes", "--as", "li") == "FORBIDDEN"
    assert alliance.refused("vote", proposal.hex(), "yes", "--as", "nobody") == "FORBIDDEN"


def test_without_the_keys_passphrase_nothing_is_signed(alliance: Alliance):
    proposal = alliance.propose(["remove", {"member": alliance.members[2].did}])
    alliance.environ["ISSUER_GOVERNANCE_PASSPHRASE"] = "another passphrase"
    assert alliance.refused("vote", proposal.hex(), "yes", "--as", "zhang") == "GOVERNANCE_PASSPHRASE"
    alliance.environ["ISSUER_GOVERNANCE_PASSPHRASE"] = ""
    assert alliance.refused("vote", proposal.hex(), "yes", "--as", "zhang") == "FORBIDDEN"
    assert alliance.ledger.proposal(proposal, now=alliance.now + 10).votes == {}


@pytest.mark.parametrize("text", ["", "zz", "00000000"])
def test_a_proposal_is_named_by_the_beginning_of_its_id(alliance: Alliance, text: str):
    alliance.propose(["remove", {"member": alliance.members[2].did}])
    assert alliance.refused("vote", text, "yes", "--as", "zhang") == "NOT_FOUND"


def test_the_member_takes_its_own_proposal_back(alliance: Alliance):
    opened = alliance.json("propose", "remove", alliance.members[2].did, "--as", "zhang")
    taken = alliance.json("withdraw-proposal", opened["id"], "--as", "zhang")
    assert taken["status"] == "withdrawn"
