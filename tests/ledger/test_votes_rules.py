"""Proposals, votes, delays, effects: more than 51 % of those who are members when it is counted."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.governance import MAX_DURATION, MAX_OPEN, enough
from ledger.statements import parse_statement
from tests.ledger.consortium import DAY, Consortium, Party

ENDPOINTS = {"node": None, "mirror": None, "receipts": None}


@pytest.fixture
def ledger(tmp_path):
    consortium = Consortium(tmp_path, count=5)
    yield consortium
    consortium.core.close()


def grant_action(party, credential_type="GraduationCertificate"):
    return ["accredit", {"issuer": party.did, "type": credential_type, "from": 0, "until": None}]


def started(ledger, *parties, name="A-1"):
    """Put an agreement in force by vote and return its id."""
    action = ledger.agreement(*parties, expires=ledger.now + 10 * DAY, name=name)
    proposal = ledger.propose(action)
    ledger.vote(proposal, *ledger.parties[:3])
    ledger.block()
    assert ledger.status(proposal) == "done"
    return action[1]["id"]


# The 51 % line.


@pytest.mark.case("LEDG-017")
@pytest.mark.parametrize("members", range(1, 101))
def test_more_than_51_percent_of_the_members_decide(members):
    needed = next(yes for yes in range(members + 1) if Fraction(yes, members) > Fraction(51, 100))
    assert not enough(needed - 1, members=members)
    assert enough(needed, members=members)


def test_the_examples_of_the_constitution():
    assert [enough(yes, members=51) for yes in (26, 27)] == [False, True]
    assert [enough(yes, members=100) for yes in (51, 52)] == [False, True]
    assert [enough(yes, members=2) for yes in (1, 2)] == [False, True]
    assert enough(1, members=1)


@pytest.mark.parametrize("members", range(1, 101))
def test_two_thirds_are_asked_beside_the_51_percent(members):
    for yes in range(members + 1):
        expected = Fraction(yes, members) > Fraction(2, 3)
        assert enough(yes, members=members, two_thirds=True) == expected


@pytest.mark.case("LEDG-017", "LEDG-018")
def test_an_agreement_starts_and_ends_by_the_same_test(ledger):
    parties = ledger.parties[1:3]
    action = ledger.agreement(*parties, expires=ledger.now + 10 * DAY)
    proposal = ledger.propose(action)
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block()
    assert ledger.status(proposal) == "open"
    assert ledger.value("agreement", action[1]["id"]) is None
    ledger.vote(proposal, ledger.parties[2])
    assert ledger.status(proposal) == "enacted"
    ledger.block()
    assert ledger.value("agreement", action[1]["id"])["started"] == ledger.now
    end = ledger.propose(["agreement.end", {"id": action[1]["id"]}])
    ledger.vote(end, *ledger.parties[:2])
    ledger.block()
    assert ledger.value("agreement", action[1]["id"])["ended"] is None
    ledger.vote(end, ledger.parties[2])
    ledger.block()
    assert ledger.value("agreement", action[1]["id"])["ended"] == ledger.now
    assert ledger.value("agreement", action[1]["id"], 1)["ended"] == ledger.now


def test_votes_against_and_silence_are_both_no(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.vote(proposal, *ledger.parties[2:], yes=False)
    ledger.block()
    assert ledger.status(proposal) == "open"


def test_proposing_is_not_voting(tmp_path):
    ledger = Consortium(tmp_path, count=1)
    proposal = ledger.propose(Party("new").admission(ledger.chain_id))
    ledger.block()
    assert ledger.status(proposal) == "open"
    ledger.core.close()


# Votes.


@pytest.mark.case("LEDG-019")
def test_a_member_votes_once(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    ledger.vote(proposal, ledger.parties[0])
    for yes in (True, False):
        assert ledger.refuse(ledger.parties[0], "vote", {"proposal": proposal, "yes": yes}) == "VOTE_INVALID"
    assert ledger.value("proposal", proposal)["yes"] == [ledger.parties[0].did]


@pytest.mark.case("LEDG-019")
def test_nobody_votes_on_what_is_over(ledger):
    end = ledger.now + 100
    expired = ledger.propose(["remove", {"member": ledger.parties[4].did}], expires=end)
    withdrawn = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    ledger.accept(ledger.founder, "withdraw", {"proposal": withdrawn})
    decided = ledger.propose(["remove", {"member": ledger.parties[3].did}])
    ledger.vote(decided, *ledger.parties[:3])
    ledger.block()
    voter = ledger.parties[4]
    for proposal in (withdrawn, decided):
        assert ledger.refuse(voter, "vote", {"proposal": proposal, "yes": True}) == "VOTE_INVALID"
    ledger.block(after=end - ledger.now - 2)
    ledger.vote(expired, ledger.parties[0])  # the last second
    assert ledger.now == end - 1
    assert ledger.refuse(voter, "vote", {"proposal": expired, "yes": True}) == "VOTE_INVALID"


def test_expiry_writes_nothing(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    head = ledger.core.head
    result = ledger.block(after=20 * DAY)
    assert result.block is None
    assert ledger.core.head.root == head.root
    assert ledger.status(proposal) == "open"


@pytest.mark.case("LEDG-019")
def test_a_vote_is_for_one_text(ledger):
    first = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    second = ledger.propose(["remove", {"member": ledger.parties[3].did}])
    assert first != second
    ledger.vote(first, ledger.parties[0])
    assert ledger.value("proposal", second)["yes"] == []


@pytest.mark.case("LEDG-015")
@pytest.mark.parametrize(
    "change",
    [
        {"proposal": b"short"},
        {"proposal": 3},
        {"yes": 1},
        {"yes": None},
        {"member": 7},
    ],
)
def test_a_malformed_vote_is_refused(ledger, change):
    body = {"proposal": bytes(32), "yes": True, **change}
    assert ledger.refuse(ledger.founder, "vote", body) == "TX_MALFORMED"


def test_a_vote_on_nothing_is_refused(ledger):
    assert ledger.refuse(ledger.founder, "vote", {"proposal": bytes(32), "yes": True}) == "UNKNOWN"


def test_only_members_vote(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    college = Party("college")
    ledger.make_issuer(college)
    assert ledger.refuse(college, "vote", {"proposal": proposal, "yes": True}) == "NOT_A_MEMBER"


def test_a_submission_key_does_not_vote(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    voter = ledger.parties[0]
    tx = ledger.sign(voter, "vote", {"proposal": proposal, "yes": True}, key=voter.key("submission"))
    assert ledger.block(tx).results[0].refusal.code == "TX_ROLE"


def test_nobody_votes_with_anothers_key(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    thief, victim = ledger.parties[:2]
    body = {"proposal": proposal, "yes": True}
    forged = ledger.sign(victim, "vote", body, key=thief.key("governance"))
    assert ledger.block(forged).results[0].refusal.code == "TX_UNKNOWN_KEY"


# Proposals.


def test_a_proposal_lasts_at_most_thirty_days(ledger):
    action = ["remove", {"member": ledger.parties[4].did}]
    for expires in (ledger.now + 1, ledger.now, ledger.now + 1 + MAX_DURATION + 1):
        tx = {"action": action, "expires": expires}
        assert ledger.refuse(ledger.founder, "propose", tx) == "TX_TIME"
        ledger.now -= 1
    ledger.now += 3
    ledger.propose(action, expires=ledger.now + 1 + MAX_DURATION)


@pytest.mark.parametrize(
    "action",
    [
        ["params", {}],
        ["upgrade", {"height": 1}],
        ["anchor", {"root": bytes(32)}],
        ["remove"],
        ["remove", {"member": "did:web:m001.example"}, 1],
        {"remove": "did:web:m001.example"},
        [b"remove", {}],
        ["remove", {"member": "m001"}],
        ["agreement.end", {"id": "A-1"}],
    ],
)
def test_only_known_actions_of_the_right_shape_are_proposed(ledger, action):
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "TX_MALFORMED"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (["remove", {"member": "did:web:stranger.example"}], "NOT_A_MEMBER"),
        (["agreement.end", {"id": "urn:vocred:agreement:X"}], "UNKNOWN"),
        (grant_action(Party("stranger")), "UNKNOWN"),
    ],
)
def test_what_could_not_take_effect_is_not_put_to_the_vote(ledger, action, code):
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == code


def test_a_member_has_sixteen_proposals_open(ledger):
    action = ["remove", {"member": ledger.parties[4].did}]
    for number in range(MAX_OPEN):
        ledger.propose(action, expires=ledger.now + 1000 + number)
    tx = {"action": action, "expires": ledger.now + 2000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "QUOTA"
    ledger.propose(action, party=ledger.parties[1])  # another member is not held up
    ledger.block(after=1000)  # the oldest ones expire
    ledger.propose(action, expires=ledger.now + 1000)
    assert len(ledger.value("open")) <= MAX_OPEN + 1


def test_only_the_proposer_withdraws(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    assert ledger.refuse(ledger.parties[1], "withdraw", {"proposal": proposal}) == "NOT_PERMITTED"
    ledger.accept(ledger.founder, "withdraw", {"proposal": proposal})
    assert ledger.status(proposal) == "withdrawn"
    assert ledger.refuse(ledger.founder, "withdraw", {"proposal": proposal}) == "VOTE_INVALID"
    assert ledger.refuse(ledger.founder, "withdraw", {"proposal": bytes(32)}) == "UNKNOWN"


def test_a_decided_proposal_is_not_withdrawn(tmp_path):
    ledger = Consortium(tmp_path, delay=1000)
    proposal = ledger.decide(["remove", {"member": ledger.parties[2].did}])
    assert ledger.status(proposal) == "enacted"
    assert ledger.refuse(ledger.founder, "withdraw", {"proposal": proposal}) == "VOTE_INVALID"
    ledger.core.close()


# Counting while members come and go.


@pytest.mark.case("LEDG-017")
def test_votes_of_those_that_left_are_dropped(ledger):
    *stay, leaver, victim = ledger.parties
    proposal = ledger.propose(["remove", {"member": victim.did}])
    ledger.vote(proposal, leaver, stay[0])
    removal = ledger.propose(["remove", {"member": leaver.did}])
    ledger.vote(removal, *stay)
    ledger.block()
    assert leaver.did not in ledger.value("members")
    assert ledger.value("proposal", proposal)["yes"] == [stay[0].did]
    ledger.vote(proposal, stay[1])  # 2 of 4 are not more than 51 %
    assert ledger.status(proposal) == "open"
    ledger.vote(proposal, stay[2])
    assert ledger.status(proposal) == "enacted"


def test_a_membership_change_alone_can_decide(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[3].did}])
    ledger.vote(proposal, *ledger.parties[:2])  # 2 of 5, later 2 of 3
    for leaver in (ledger.parties[4], ledger.parties[3]):
        removal = ledger.propose(["remove", {"member": leaver.did}])
        ledger.vote(removal, *ledger.parties[:3])
        ledger.block()
    # The recount in that block enacted it; its effect waited for the next one, and that member is gone.
    assert ledger.status(proposal) == "enacted"
    ledger.block()
    assert ledger.status(proposal) == "void"


def test_the_founder_alone_keeps_no_votes_for_later(tmp_path):
    ledger = Consortium(tmp_path, count=1)
    founder, second, third = ledger.founder, Party("second"), Party("third")
    college = Party("college")
    ledger.make_issuer(college)
    hoard = ledger.propose(grant_action(college, "CompetitionAward"))
    for new in (second, third):
        proposal = ledger.propose(new.admission(ledger.chain_id))
        ledger.vote(proposal, *[p for p in (founder, second) if p.did in ledger.value("members")])
        ledger.block()
    ledger.vote(hoard, founder)
    ledger.block()
    assert ledger.status(hoard) == "open"  # 1 of 3, though it would have been 1 of 1 on the opening day
    ledger.vote(hoard, second)
    ledger.block()
    assert ledger.status(hoard) == "done"
    ledger.core.close()


def test_a_member_that_joined_later_votes_too(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    new = Party("new")
    admission = ledger.propose(new.admission(ledger.chain_id))
    ledger.vote(admission, *ledger.parties[:3])
    ledger.block()
    ledger.vote(proposal, new)
    assert ledger.value("proposal", proposal)["yes"] == [new.did]


@pytest.mark.case("LEDG-020")
def test_a_block_changes_membership_once(ledger):
    proposals = [ledger.propose(Party(f"new{n}").admission(ledger.chain_id)) for n in range(3)]
    votes = [
        ledger.sign(voter, "vote", {"proposal": proposal, "yes": True})
        for voter in ledger.parties[:3]
        for proposal in proposals
    ]
    result = ledger.block(*votes)
    assert all(outcome.refusal is None for outcome in result.results)
    assert [ledger.status(proposal) for proposal in proposals] == ["enacted"] * 3
    for done in (1, 2, 3):
        ledger.block()
        assert [ledger.status(p) for p in proposals] == ["done"] * done + ["enacted"] * (3 - done)
    assert ledger.value("due") == []


def test_effects_come_in_the_order_of_the_log_not_of_the_votes(ledger):
    parties = ledger.parties[1:3]
    first = ledger.propose(ledger.agreement(*parties, expires=ledger.now + 10 * DAY))
    second = ledger.propose(
        ledger.agreement(*parties, expires=ledger.now + 10 * DAY), party=ledger.parties[1]
    )
    votes = [
        ledger.sign(voter, "vote", {"proposal": proposal, "yes": True})
        for proposal in (second, first)
        for voter in ledger.parties[:3]
    ]
    ledger.block(*votes)
    ledger.block()
    assert (ledger.status(first), ledger.status(second)) == ("done", "void")


def test_removing_a_signer_takes_two_thirds(tmp_path):
    ledger = Consortium(tmp_path, count=5, signers=2)
    proposal = ledger.propose(["remove", {"member": ledger.parties[1].did}])
    ledger.vote(proposal, *ledger.parties[:3])
    assert ledger.status(proposal) == "open"  # 3 of 5 are 60 %
    ledger.vote(proposal, ledger.parties[3])
    assert ledger.status(proposal) == "enacted"
    ledger.core.close()


# Delays and effects.


@pytest.mark.parametrize("kind", ["admit", "remove"])
def test_membership_changes_after_the_delay(tmp_path, kind):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    new, left = Party("new"), ledger.parties[2]
    action = new.admission(ledger.chain_id) if kind == "admit" else ["remove", {"member": left.did}]
    proposal = ledger.decide(action)
    due = ledger.value("proposal", proposal)["due"]
    before = ledger.value("members")
    ledger.block(after=due - 1 - ledger.now)
    assert (ledger.status(proposal), ledger.value("members")) == ("enacted", before)
    assert ledger.core.effects_due(due)
    ledger.block(after=1)
    assert ledger.status(proposal) == "done"
    assert ledger.value("members") != before
    ledger.core.close()


def test_an_effect_never_comes_in_the_block_of_its_vote(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[4].did}])
    votes = [ledger.sign(voter, "vote", {"proposal": proposal, "yes": True}) for voter in ledger.parties[:3]]
    ledger.block(*votes)
    assert ledger.parties[4].did in ledger.value("members")
    ledger.block(after=0)
    assert ledger.parties[4].did not in ledger.value("members")


def test_an_effect_that_became_impossible_is_void_and_changes_nothing_else(ledger):
    twice = [
        ledger.propose(Party("new").admission(ledger.chain_id), party=party) for party in ledger.parties[:2]
    ]
    ledger.vote(twice[0], *ledger.parties[:3])
    ledger.vote(twice[1], *ledger.parties[:4])  # six members by then
    ledger.block()
    assert [ledger.status(proposal) for proposal in twice] == ["done", "void"]
    assert ledger.value("members").count("did:web:new.example") == 1


# Agreements.


def test_no_majority_makes_a_body_a_party(ledger):
    action = ledger.agreement(*ledger.parties[1:3], expires=ledger.now + 1000)
    victim = ledger.parties[3]
    parties = sorted([*action[1]["parties"], victim.did])
    unsigned = {**action[1], "parties": parties, "signatures": [*action[1]["signatures"], b""]}
    same = [action[1]["signatures"][0]] * 3
    for body in (unsigned, {**unsigned, "signatures": same}, {**unsigned, "signatures": [5, 5, 5]}):
        tx = {"action": [action[0], body], "expires": ledger.now + 1000}
        assert ledger.refuse(ledger.founder, "propose", tx) in {"TX_MALFORMED", "TX_SIGNATURE"}


def test_a_party_signs_with_its_governance_key_until_the_proposals_end(ledger):
    expires = ledger.now + 1000
    action = ledger.agreement(*ledger.parties[1:3], expires=expires)
    longer = {"action": action, "expires": expires + 1}
    assert ledger.refuse(ledger.founder, "propose", longer) == "TX_SIGNATURE"
    ledger.propose(action, expires=expires)


def test_signatures_for_another_document_or_version_are_refused(ledger):
    expires = ledger.now + 1000
    action = ledger.agreement(*ledger.parties[1:3], expires=expires)
    for change in ({"digest": b"\x01" * 32}, {"version": 2}, {"id": "urn:vocred:agreement:B-1"}):
        tx = {"action": [action[0], {**action[1], **change}], "expires": expires}
        assert ledger.refuse(ledger.founder, "propose", tx) == "TX_SIGNATURE"


def test_a_party_is_a_member(ledger):
    stranger = Party("stranger")
    action = ledger.agreement(ledger.parties[1], stranger, expires=ledger.now + 1000)
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "NOT_A_MEMBER"


def test_membership_is_checked_once_more_when_an_agreement_starts(ledger):
    party = ledger.parties[4]
    removal = ledger.propose(["remove", {"member": party.did}])
    proposal = ledger.propose(ledger.agreement(ledger.parties[1], party, expires=ledger.now + 10 * DAY))
    for each in (removal, proposal):
        txs = [ledger.sign(p, "vote", {"proposal": each, "yes": True}) for p in ledger.parties[:2]]
        ledger.block(*txs)
    last = [ledger.sign(ledger.parties[2], "vote", {"proposal": p, "yes": True}) for p in (proposal, removal)]
    ledger.block(*last)
    ledger.block()
    assert ledger.status(removal) == "done"
    assert ledger.status(proposal) == "void"


@pytest.mark.parametrize("change", ["one", "twice", "unsorted", "extra", "none"])
def test_parties_are_two_or_more_sorted_and_distinct(ledger, change):
    action = ledger.agreement(*ledger.parties[1:3], expires=ledger.now + 1000)
    body = action[1]
    parties, signatures = body["parties"], body["signatures"]
    changed = {
        "one": {"parties": parties[:1], "signatures": signatures[:1]},
        "twice": {"parties": [parties[0], *parties], "signatures": [signatures[0], *signatures]},
        "unsorted": {"parties": parties[::-1], "signatures": signatures[::-1]},
        "extra": {"signatures": [*signatures, signatures[0]]},
        "none": {"parties": [], "signatures": []},
    }[change]
    tx = {"action": [action[0], {**body, **changed}], "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "TX_MALFORMED"


def test_an_agreements_id_is_never_used_again(ledger):
    agreement = started(ledger, *ledger.parties[1:3])
    end = ledger.propose(["agreement.end", {"id": agreement}])
    ledger.vote(end, *ledger.parties[:3])
    ledger.block()
    expires = ledger.now + 1000
    again = ledger.agreement(*ledger.parties[1:3], expires=expires)
    assert ledger.refuse(ledger.founder, "propose", {"action": again, "expires": expires}) == "ALREADY_USED"
    tx = {"action": ["agreement.end", {"id": agreement}], "expires": expires}
    assert ledger.refuse(ledger.founder, "propose", tx) == "UNKNOWN"


# Every way of voting at once.


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_state_of_a_proposal_is_that_of_a_count_by_hand(tmp_path_factory, data):
    ledger = Consortium(tmp_path_factory.mktemp("votes"), count=data.draw(st.integers(3, 7)))
    members = [party.did for party in ledger.parties]
    yes, no, open_ = set(), set(), True
    watched = ledger.propose(grant_after(ledger))
    for step in range(data.draw(st.integers(1, 8))):
        voter = data.draw(st.sampled_from([p for p in ledger.parties if p.did in members]))
        agrees = data.draw(st.booleans())
        tx = ledger.sign(voter, "vote", {"proposal": watched, "yes": agrees})
        refusal = ledger.block(tx).results[0].refusal
        assert (refusal is None) == (open_ and voter.did not in yes | no)
        if refusal is None:
            (yes if agrees else no).add(voter.did)
        else:
            voter.seq["governance"] -= 1
        open_ = open_ and not enough(len(yes), members=len(members))
        if data.draw(st.booleans()) and len(members) > 2 and step % 2:
            leaver = data.draw(st.sampled_from([p for p in ledger.parties[1:] if p.did in members]))
            removal = ledger.propose(["remove", {"member": leaver.did}])
            for party in ledger.parties:
                if party.did in members and ledger.status(removal) == "open":
                    ledger.vote(removal, party)
            ledger.block()
            members.remove(leaver.did)
            yes.discard(leaver.did)
            no.discard(leaver.did)
            open_ = open_ and not enough(len(yes), members=len(members))
        assert (ledger.status(watched) == "open") == open_
    ledger.core.close()


def grant_after(ledger):
    college = Party("college")
    ledger.make_issuer(college)
    return grant_action(college, "CompetitionAward")


def test_the_proposals_id_is_what_the_statement_says(ledger):
    tx = ledger.sign(
        ledger.founder,
        "propose",
        {"action": ["remove", {"member": ledger.parties[4].did}], "expires": ledger.now + 1000},
    )
    index = ledger.block(tx).results[0].index
    assert ledger.value("proposal", parse_statement(tx).proposal_id)["index"] == index
