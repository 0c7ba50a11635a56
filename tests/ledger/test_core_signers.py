"""Who signs roots: begun and stopped by more than 2/3, one at a time, never the last one."""

import pytest

from crypto.keys import PrivateKey
from ledger.core.blocks import CONSORTIUM, SINGLE_OPERATOR, signers_digest
from ledger.core.machine import Core
from ledger.core.signing import MAX_SIGNERS
from tests.ledger.consortium import DAY, Consortium, Party, key
from tests.ledger.core_acts import code_of, joining, signer_set, validator_of


@pytest.fixture
def ledger(tmp_path):
    consortium = Consortium(tmp_path, count=4)
    yield consortium
    consortium.core.close()


def signers(ledger):
    return ledger.value("signers")


def raw(private: PrivateKey) -> bytes:
    return private.public.raw


# Beginning to sign.


def test_a_member_begins_to_sign_with_its_node(ledger):
    second = ledger.parties[1]
    ledger.decide(joining(ledger, second))
    assert signers(ledger) == [ledger.founder.did, second.did]
    assert ledger.value("validator", second.did) == validator_of(second).public.cose_key
    assert ledger.value("key", validator_of(second).public.thumbprint) == [second.did, "validator"]


def test_a_block_names_the_consensus_key_of_every_signer_after_it(ledger):
    second = ledger.parties[1]
    assert ledger.block().signers == {ledger.founder.did: None}
    ledger.decide(joining(ledger, second))
    expected = {ledger.founder.did: None, second.did: raw(validator_of(second))}
    assert ledger.block().signers == expected
    assert ledger.core.signers == expected


def test_a_member_that_was_admitted_without_a_node_adds_one_later(ledger):
    college = Party("college")
    ledger.decide(college.admission(ledger.chain_id, receipt=None))
    ledger.decide(joining(ledger, college))
    assert college.did in signers(ledger)
    assert ledger.value("member", college.did)["receipt"] == college.key("receipt").public.cose_key


def test_the_block_that_enacts_is_signed_by_the_old_set_and_the_next_by_the_new(ledger):
    founder, second = ledger.parties[:2]
    one = [(founder.did, founder.key("receipt").public)]
    two = [*one, (second.did, second.key("receipt").public)]
    proposal = ledger.propose(joining(ledger, second))
    ledger.vote(proposal, *ledger.parties[:3])
    enacting = ledger.block().block
    following = ledger.block().block
    assert (enacting.signers, enacting.next_signers) == (signers_digest(one), signers_digest(two))
    assert (following.signers, following.epoch) == (signers_digest(two), enacting.epoch + 1)
    assert (enacting.mode, following.mode) == (SINGLE_OPERATOR, CONSORTIUM)


def test_a_signer_takes_another_receipt_key_and_the_epoch_ends(ledger):
    founder, new = ledger.founder, key("another receipt key")
    proposal = ledger.propose(signer_set(ledger, founder, receipt=new))
    ledger.vote(proposal, *ledger.parties[:3])
    enacting = ledger.block().block
    assert enacting.next_signers == signers_digest([(founder.did, new.public)])
    assert ledger.block().signers == {founder.did: None}


def test_another_consensus_key_alone_leaves_the_epoch_as_it_is(ledger):
    second = ledger.parties[1]
    ledger.decide(joining(ledger, second))
    ledger.block()
    epoch = ledger.core.head_block.next_epoch
    ledger.decide(joining(ledger, second, "/2"))
    assert ledger.core.signers[second.did] == raw(validator_of(second, "/2"))
    assert ledger.core.head_block.next_epoch == epoch


def test_the_genesis_signer_moves_to_a_consensus_key_of_the_state(ledger):
    founder = ledger.founder
    ledger.decide(joining(ledger, founder))
    assert ledger.core.signers == {founder.did: raw(validator_of(founder))}


# More than 2/3, and the delay.


@pytest.mark.case("LEDG-017")
@pytest.mark.parametrize("stops", [False, True])
def test_signers_change_by_more_than_two_thirds_only(tmp_path, stops):
    ledger = Consortium(tmp_path, count=6)
    second = ledger.parties[1]
    if stops:
        ledger.decide(joining(ledger, second))
    action = signer_set(ledger, second) if stops else joining(ledger, second)
    proposal = ledger.propose(action)
    ledger.vote(proposal, *ledger.parties[:4])
    ledger.block()
    assert ledger.status(proposal) == "open"  # 4 of 6 are more than 51 %, and exactly 2/3
    ledger.vote(proposal, ledger.parties[4])
    ledger.block()
    assert ledger.status(proposal) == "done"
    ledger.core.close()


def test_a_signer_begins_and_stops_after_the_delay(tmp_path):
    ledger = Consortium(tmp_path, count=3, delay=7 * DAY)
    proposal = ledger.propose(joining(ledger, ledger.parties[1]))
    ledger.vote(proposal, *ledger.parties)
    ledger.block(after=7 * DAY - 1)
    assert signers(ledger) == [ledger.founder.did]
    ledger.block(after=1)
    assert signers(ledger) == [ledger.founder.did, ledger.parties[1].did]
    ledger.core.close()


# Stopping, and being removed.


def test_a_member_stops_signing_and_stays_a_member(ledger):
    second = ledger.parties[1]
    ledger.decide(joining(ledger, second))
    ledger.decide(signer_set(ledger, second))
    assert signers(ledger) == [ledger.founder.did]
    assert ledger.core.signers == {ledger.founder.did: None}
    assert second.did in ledger.value("members")


def test_a_member_that_stopped_begins_again_with_the_keys_it_had(ledger):
    second = ledger.parties[1]
    for action in (joining(ledger, second), signer_set(ledger, second), joining(ledger, second)):
        ledger.decide(action)
    assert ledger.core.signers[second.did] == raw(validator_of(second))


def test_a_removed_member_leaves_the_signers_with_its_consensus_key(ledger):
    second = ledger.parties[1]
    ledger.decide(joining(ledger, second))
    ledger.decide(["remove", {"member": second.did}])
    assert signers(ledger) == [ledger.founder.did]
    assert ledger.value("validator", second.did) is None


def test_removing_a_member_asks_for_two_thirds_only_while_its_node_signs(tmp_path):
    ledger = Consortium(tmp_path, count=6)
    second = ledger.parties[1]
    ledger.decide(joining(ledger, second))
    removal = ledger.propose(["remove", {"member": second.did}])
    ledger.vote(removal, *ledger.parties[2:6])
    assert ledger.status(removal) == "open"
    ledger.decide(signer_set(ledger, second))
    ledger.block()
    assert ledger.status(removal) == "done"  # counted anew when its node had left
    ledger.core.close()


@pytest.mark.parametrize("act", ["stop", "remove"])
def test_the_last_signer_never_leaves(ledger, act):
    founder = ledger.founder
    action = signer_set(ledger, founder) if act == "stop" else ["remove", {"member": founder.did}]
    assert code_of(ledger, action) == "NOT_PERMITTED"


def test_of_two_signers_that_would_both_leave_the_second_stays(ledger):
    founder, second = ledger.parties[:2]
    ledger.decide(joining(ledger, second))
    proposals = [ledger.propose(signer_set(ledger, each)) for each in (founder, second)]
    for proposal in proposals:
        ledger.vote(proposal, *ledger.parties[:3])
    ledger.block()
    ledger.block()
    assert [ledger.status(proposal) for proposal in proposals] == ["done", "void"]
    assert signers(ledger) == [second.did]


def test_one_signer_changes_in_a_block_whatever_was_decided(ledger):
    proposals = [ledger.propose(joining(ledger, each)) for each in ledger.parties[1:]]
    votes = [
        ledger.sign(party, "vote", {"proposal": proposal, "yes": True})
        for proposal in proposals
        for party in ledger.parties[:3]
    ]
    ledger.block(*votes)
    counts = [len(ledger.block().signers) for _ in range(4)]
    assert counts == [2, 3, 4, 4]


def test_an_admission_and_a_signer_never_share_a_block(ledger):
    college = Party("college")
    actions = (college.admission(ledger.chain_id), joining(ledger, ledger.parties[1]))
    proposals = [ledger.propose(action) for action in actions]
    votes = [
        ledger.sign(party, "vote", {"proposal": proposal, "yes": True})
        for proposal in proposals
        for party in ledger.parties
        if (proposal, party) != (proposals[0], ledger.parties[3])
    ]
    ledger.block(*votes)
    ledger.block()
    assert [ledger.status(proposal) for proposal in proposals] == ["done", "enacted"]
    assert ledger.core.effects_due(ledger.now)


# What is refused.


def other_kind(ledger):
    p256 = key("validator on another curve", "P-256")
    return signer_set(ledger, ledger.parties[1], receipt=ledger.parties[1].key("receipt"), validator=p256)


def foreign_receipt(ledger):
    second = ledger.parties[1]
    return signer_set(
        ledger, second, receipt=ledger.parties[2].key("receipt"), validator=validator_of(second)
    )


def two_roles(ledger):
    second = ledger.parties[1]
    return signer_set(ledger, second, receipt=second.key("receipt"), validator=second.key("receipt"))


def unproved(ledger):
    action = joining(ledger, ledger.parties[1])
    action[1]["possession"]["validator"] = None
    return action


def proved_for_another(ledger):
    action = joining(ledger, ledger.parties[1])
    theirs = joining(ledger, ledger.parties[2])
    action[1]["possession"]["validator"] = theirs[1]["possession"]["validator"]
    return action


REFUSED = {
    "stranger": (lambda ledger: joining(ledger, Party("stranger")), "NOT_A_MEMBER"),
    "stranger stops": (lambda ledger: signer_set(ledger, Party("stranger")), "NOT_A_MEMBER"),
    "member that does not sign stops": (
        lambda ledger: signer_set(ledger, ledger.parties[1]),
        "NOT_PERMITTED",
    ),
    "no consensus key at first": (
        lambda ledger: signer_set(ledger, ledger.parties[1], receipt=ledger.parties[1].key("receipt")),
        "NOT_PERMITTED",
    ),
    "nothing would change": (
        lambda ledger: signer_set(ledger, ledger.founder, receipt=ledger.founder.key("receipt")),
        "NOT_PERMITTED",
    ),
    "no receipt key": (
        lambda ledger: signer_set(ledger, ledger.parties[1], validator=validator_of(ledger.parties[1])),
        "TX_MALFORMED",
    ),
    "signature without a key": (
        lambda ledger: signer_set(
            ledger, ledger.founder, possession={"receipt": bytes(64), "validator": None}
        ),
        "TX_MALFORMED",
    ),
    "another member's receipt key": (foreign_receipt, "KEY_IN_USE"),
    "one key for two roles": (two_roles, "KEY_IN_USE"),
    "consensus key of P-256": (other_kind, "TX_MALFORMED"),
    "consensus key without its signature": (unproved, "KEY_POSSESSION"),
    "consensus key with another's signature": (proved_for_another, "KEY_POSSESSION"),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED)
def test_a_signer_is_not_set(ledger, make, code):
    assert code_of(ledger, make(ledger)) == code


def test_a_consensus_key_is_registered_once_ever(ledger):
    second, third = ledger.parties[1:3]
    shared = validator_of(second)
    ledger.decide(joining(ledger, second))
    ledger.decide(joining(ledger, second, "/2"))
    again = signer_set(ledger, third, receipt=third.key("receipt"), validator=shared)
    assert code_of(ledger, again) == "KEY_IN_USE"
    back = signer_set(ledger, second, receipt=second.key("receipt"), validator=shared)
    assert code_of(ledger, back) == "KEY_IN_USE"


def test_a_hundred_members_sign_at_most(tmp_path):
    ledger = Consortium(tmp_path, count=MAX_SIGNERS + 1, signers=MAX_SIGNERS)
    assert code_of(ledger, joining(ledger, ledger.parties[-1])) == "QUOTA"
    ledger.core.close()


def test_replay_comes_to_the_same_signers(ledger, tmp_path):
    for action in (
        joining(ledger, ledger.parties[1]),
        joining(ledger, ledger.parties[2]),
        signer_set(ledger, ledger.parties[1]),
    ):
        ledger.decide(action)
    copy = Core.import_(tmp_path / "copy.db", ledger.core.export(), root=ledger.core.head.root)
    assert copy.signers == ledger.core.signers
    copy.close()
