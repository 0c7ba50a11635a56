"""What a member reads of proposals and agreements before it votes: found by listings, taken from proofs."""

import hashlib
import json

import pytest

from crypto import jcs
from ledger.client import LedgerClient, StatementRefusedError
from ledger.core.governance import MAX_OPEN
from ledger.running import ENGINE
from tests.ledger.consortium import DAY, agreement_document
from tests.ledger.living_node import URL, LivingNode

ID = "urn:vocred:agreement:A-1"


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path, count=5)
    yield living
    living.close()


def removal(node, position=4):
    return ["remove", {"member": node.consortium.parties[position].did}]


def lying(node, change):
    """Return a client of a node that changes its listings."""

    def transport(method, url, *, content, headers):
        answer = node.transport(method, url, content=content, headers=headers)
        if answer.status_code == 200 and answer.content.startswith(b"{"):
            answer.content = json.dumps(change(json.loads(answer.content))).encode()
        return answer

    return LedgerClient(URL, pins=node.pins("lied-to"), http=transport)


def version(node, *parties, version=1, name="A-1"):
    """Have a version voted in and leave its document with the node."""
    parties = parties or node.consortium.parties[:2]
    document = agreement_document(*parties, name=name, version=version)
    digest = hashlib.sha256(jcs.canonicalize(document)).digest()
    expires = node.now + DAY
    action = node.consortium.agreement(*parties, expires=expires, name=name, version=version, digest=digest)
    proposal = node.decide(action, expires=expires)
    node.now += 10
    node.client().put_document(jcs.canonicalize(document))
    return proposal


# Proposals.


@pytest.mark.row("S32")
def test_a_proposal_is_read_whole_from_the_state(node):
    founder, second = node.consortium.parties[:2]
    proposal = node.propose(removal(node))
    node.accept(founder, "vote", {"proposal": proposal, "yes": True})
    node.accept(second, "vote", {"proposal": proposal, "yes": False})
    (found,) = node.client().proposals(now=node.now)
    assert (found.id, found.action, found.proposer) == (proposal, "remove", founder.did)
    assert found.body == {"member": node.consortium.parties[4].did}
    assert (found.status, found.is_open) == ("open", True)
    assert found.votes == {founder.did: True, second.did: False}
    assert (found.yes, found.no) == ((founder.did,), (second.did,))
    assert (found.members, found.needed, found.missing) == (5, 3, 2)
    assert node.client().proposal(proposal, now=node.now) == found


def test_an_unknown_proposal_is_none(node):
    assert node.client().proposal(bytes(32), now=node.now) is None


def test_a_proposal_beyond_its_end_reads_expired(node):
    end = node.now + 100
    proposal = node.propose(removal(node), expires=end)
    assert node.client().proposal(proposal, now=end - 1).status == "open"
    node.now = end
    assert node.client().proposal(proposal, now=end).status == "expired"


def test_a_node_cannot_put_another_question_under_an_id(node):
    proposal = node.propose(removal(node))

    def change(listing):
        for item in listing.get("proposals", []):
            item.update(
                action="accredit", about={"issuer": "did:web:m001.example"}, yes=["did:web:m002.example"]
            )
        return listing

    (found,) = lying(node, change).proposals(now=node.now)
    assert (found.id, found.action, found.yes) == (proposal, "remove", ())


def test_a_node_cannot_hide_an_open_proposal(node):
    proposal = node.propose(removal(node))
    node.decide(removal(node, 3))
    client = lying(node, lambda listing: {**listing, "proposals": []})
    assert proposal in [found.id for found in client.proposals(now=node.now)]


def test_a_node_cannot_invent_a_proposal(node):
    node.propose(removal(node))
    invented = [{"id": "ab" * 32}, {"id": "zz"}, {"id": 7}, "text", None]
    client = lying(node, lambda listing: {**listing, "proposals": invented})
    assert len(client.proposals(now=node.now)) == 1


def test_the_newest_come_first_and_page_by_page(node):
    made = [node.propose(removal(node, 1 + number % 4)) for number in range(7)]
    listed, before = [], None
    while True:
        query = "?limit=3" if before is None else f"?limit=3&before={before}"
        page = node.http.get(f"/v1/proposals{query}").json
        listed += [item["id"] for item in page["proposals"]]
        before = page["next"]
        if before is None:
            break
    assert listed == [each.hex() for each in reversed(made)]


@pytest.mark.parametrize("query", ["limit=x", "before=-1", "limit=1&limit=2"])
def test_a_page_is_asked_for_by_whole_numbers(node, query):
    assert node.http.get(f"/v1/proposals?{query}").status_code == 400


def test_a_full_list_is_read_at_once(node):
    for party in node.consortium.parties[:4]:
        for _ in range(MAX_OPEN):
            body = {"action": removal(node), "expires": node.now + DAY}
            node.accept(party, "propose", body)
    assert len(node.client().proposals(now=node.now, limit=10)) == 4 * MAX_OPEN
    assert len(node.http.get("/v1/proposals?limit=1000000").json["proposals"]) == 4 * MAX_OPEN


# Votes, entry by entry.


@pytest.mark.row("S32")
def test_every_vote_names_its_log_entry(node):
    voters = node.consortium.parties[:3]
    proposal = node.decide(removal(node), voters=voters)
    ballots, members = node.client().ballots(proposal)
    assert [ballot.did for ballot in ballots] == [voter.did for voter in voters]
    assert members == 5
    for ballot in ballots:
        entry = node.http.get(f"/v1/entries/{ballot.index}").data
        assert proposal in entry
        assert node.http.get(f"/v1/entries/{ballot.index}/proof").status_code == 200


def test_the_votes_of_those_that_left_are_no_ballots(node):
    leaver = node.consortium.parties[4]
    watched = node.propose(removal(node, 3))
    node.accept(leaver, "vote", {"proposal": watched, "yes": True})
    assert len(node.client().ballots(watched)[0]) == 1
    node.decide(removal(node, 4))
    node.now += 10
    node.app.extensions[ENGINE].tick()
    assert node.client().ballots(watched)[0] == ()


# The history of an agreement.


@pytest.mark.row("S28", "S32")
def test_a_history_tells_every_version_with_its_votes(node):
    proposals = [version(node), version(node, *node.consortium.parties[1:4], version=2)]
    history = node.client().agreement_history(ID, now=node.now)
    assert [each.record.version for each in history.versions] == [1, 2]
    assert [each.proposal.id for each in history.versions] == proposals
    assert [each.proposal.action for each in history.versions] == ["agreement.start", "agreement.amend"]
    assert [len(each.ballots) for each in history.versions] == [3, 3]
    assert [each.members for each in history.versions] == [5, 5]
    assert history.versions[1].signers == tuple(party.did for party in node.consortium.parties[1:4])
    assert (history.ending, history.pending) == (None, ())


@pytest.mark.row("S24")
def test_a_history_tells_how_it_ended_and_what_is_voted_on(node):
    version(node)
    ending = node.propose(["agreement.end", {"id": ID}])
    history = node.client().agreement_history(ID, now=node.now)
    assert [each.id for each in history.pending] == [ending]
    for voter in node.consortium.parties[:3]:
        node.accept(voter, "vote", {"proposal": ending, "yes": True})
    node.now += 10
    history = node.client().agreement_history(ID, now=node.now)
    assert history.ending.id == ending
    assert [ballot.yes for ballot in history.ending_ballots] == [True] * 3
    assert history.versions[0].record.ended is not None
    assert history.pending == ()


def test_a_void_proposal_made_no_version(node):
    expires = node.now + DAY
    parties = node.consortium.parties[:2]
    twice = [
        node.propose(
            node.consortium.agreement(*parties, expires=expires, digest=bytes([n]) * 32), expires=expires
        )
        for n in (1, 2)
    ]
    for proposal in twice:
        for voter in node.consortium.parties[:3]:
            node.accept(voter, "vote", {"proposal": proposal, "yes": True})
    node.now += 10
    history = node.client().agreement_history(ID, now=node.now)
    assert [each.proposal.id for each in history.versions] == twice[:1]


def test_a_node_cannot_attribute_a_version_to_another_proposal(node):
    removed = node.decide(removal(node))
    node.now += 10
    proposals = [version(node), version(node, version=2)]
    for named in (proposals[::-1], [removed, removed], [proposals[0], proposals[0]]):

        def change(listing, named=named):
            for item, proposal in zip(listing.get("versions", []), named, strict=False):
                item["proposal"]["id"] = proposal.hex()
            return listing

        history = lying(node, change).agreement_history(ID, now=node.now)
        assert [each.record.version for each in history.versions] == [1, 2]
        found = [each.proposal.id if each.proposal else None for each in history.versions]
        assert found == [own if own == told else None for own, told in zip(proposals, named, strict=True)]


@pytest.mark.parametrize(
    "change", [{}, {"versions": 5, "ending": [], "pending": {}}, {"versions": [None, {}]}]
)
def test_a_listing_of_another_form_hides_only_itself(node, change):
    version(node)
    history = lying(node, lambda listing: change if "versions" in listing else listing)
    assert [each.record.version for each in history.agreement_history(ID, now=node.now).versions] == [1]


@pytest.mark.parametrize("name", [ID, "urn:vocred:agreement:x", "..", "%00"])
def test_the_history_of_what_never_was_is_not_found(node, name):
    assert node.http.get(f"/v1/agreements/{name}/history").status_code == 404
    if name == ID:
        with pytest.raises(StatementRefusedError, match="no agreement"):
            node.client().agreement_history(ID, now=node.now)


def test_a_proposed_amendments_document_is_kept_before_it_is_in_force(node):
    version(node)
    parties = node.consortium.parties[:2]
    document = agreement_document(*parties, version=2)
    data, expires = jcs.canonicalize(document), node.now + DAY
    digest = hashlib.sha256(data).digest()
    with pytest.raises(StatementRefusedError):
        node.client().put_document(data)
    action = node.consortium.agreement(*parties, expires=expires, version=2, digest=digest)
    node.propose(action, expires=expires)
    node.client().put_document(data)
    assert node.client().document(digest) == document
    assert [record.version for record, _ in node.client().agreements(now=node.now)] == [1]
