"""Handing a text round, signing it, proposing it: between the services of two members."""

from pathlib import Path

import pytest

from issuer.agreements import carrying, listing, parties, proposing, signing, store, texts
from issuer.agreements.errors import NotSignedError, SignatureRefusedError
from issuer.agreements.texts import Text
from issuer.errors import ConflictError, InvalidActError
from issuer.governance import acting
from ledger.proposing import PartySignature, end_of_day
from tests.issuer.agreements.members import GOVERNANCE_PASSPHRASE, OFFICER, Member, Network, document


def fix(member: Member, **changes) -> Text:
    return texts.fix(
        member.db,
        actor=OFFICER,
        document=document(member.now, **changes),
        expires=end_of_day(member.now, days=14),
        now=member.now,
    )


def sign(member: Member, text: Text) -> None:
    signing.sign(
        member.db,
        member.parts,
        actor=OFFICER,
        digest=text.digest,
        passphrase=GOVERNANCE_PASSPHRASE,
        now=member.now,
    )


def propose(member: Member, text: Text) -> bytes:
    return proposing.propose(
        member.db,
        member.parts,
        actor=OFFICER,
        digest=text.digest,
        passphrase=GOVERNANCE_PASSPHRASE,
        now=member.now,
    )


def states(member: Member, text: Text) -> dict[str, str]:
    found = parties.standings(member.db, texts.load(member.db, text.digest), own=member.did)
    return {each.did: each.state for each in found}


@pytest.fixture
def text(yunling: Member, xingheng: Member, network: Network) -> Text:
    """A text that the enterprise has received and confirmed."""
    fixed = fix(yunling)
    network.settle(yunling, xingheng)
    return fixed


@pytest.mark.row("S26")
def test_text_reaches_the_other_partys_own_service_and_waits_there_to_be_signed(
    text: Text, yunling: Member, xingheng: Member
):
    there = texts.load(xingheng.db, text.digest)
    assert (there.state, there.proposer, there.expires) == ("signing", yunling.did, text.expires)
    assert states(yunling, text) == {yunling.did: "waiting", xingheng.did: "waiting"}
    found = listing.overview(xingheng.db, xingheng.parts, now=xingheng.now)
    assert [item.state for item in found.to_sign] == ["to-sign"]


@pytest.mark.row("S24", "S26")
def test_every_party_signs_in_its_own_service_and_the_proposer_puts_it_before_the_members(
    text: Text, yunling: Member, xingheng: Member, network: Network
):
    sign(yunling, text)
    with pytest.raises(NotSignedError, match="xingheng"):
        propose(yunling, text)
    sign(xingheng, text)
    network.settle(xingheng)
    assert set(states(yunling, text).values()) == {"signed"}
    proposal = propose(yunling, text)
    assert propose(yunling, text) == proposal
    network.settle(yunling)
    assert yunling.node.client("another").document(text.digest) == text.document
    for party in yunling.node.consortium.parties:
        yunling.node.accept(party, "vote", {"proposal": proposal, "yes": True})
    yunling.wait(6)
    for member in (yunling, xingheng):
        found = listing.one(member.db, member.parts, text.digest, now=member.now)
        assert (found.state, found.proposal) == ("in-force", proposal)


def test_party_out_of_reach_delays_nobody_and_gets_the_text_later(
    yunling: Member, xingheng: Member, network: Network
):
    network.down.add("127.0.0.1:8702")
    text = fix(yunling)
    assert network.carry(yunling) == 0
    assert states(yunling, text)[xingheng.did] == "undelivered"
    sign(yunling, text)
    network.down.clear()
    assert network.carry(yunling) == 0  # not before its pause is over
    yunling.wait(carrying.FIRST_PAUSE_SECONDS)
    network.settle(yunling, xingheng)
    assert states(yunling, text) == {yunling.did: "signed", xingheng.did: "waiting"}


def test_pauses_between_tries_grow_up_to_ten_minutes(yunling: Member, xingheng: Member, network: Network):
    network.down.add("127.0.0.1:8702")
    text, pauses = fix(yunling), []
    for _ in range(12):
        network.carry(yunling)
        (errand,) = store.errands(yunling.db, text.digest)
        pauses.append(errand["next_at"] - yunling.now)
        yunling.wait(pauses[-1])
    assert pauses[:3] == [2, 4, 8]
    assert pauses[-1] == carrying.LONGEST_PAUSE_SECONDS


def test_errand_that_was_never_tried_goes_before_one_that_failed(
    yunling: Member, xingheng: Member, network: Network
):
    network.down.add("127.0.0.1:8702")
    failed = fix(yunling)
    network.carry(yunling)
    yunling.wait(carrying.LONGEST_PAUSE_SECONDS)
    fresh = fix(yunling, id="urn:vocred:agreement:YL-2026-0002")
    due = store.due_errands(yunling.db, now=yunling.now)
    assert [bytes(each["digest"]) for each in due] == [fresh.digest, failed.digest]


def test_signature_that_could_not_be_delivered_is_not_lost(
    text: Text, yunling: Member, xingheng: Member, network: Network
):
    network.down.add("127.0.0.1:8701")
    sign(xingheng, text)
    network.carry(xingheng)
    assert states(yunling, text)[xingheng.did] == "waiting"
    xingheng.reopen()
    network.down.clear()
    xingheng.wait(carrying.FIRST_PAUSE_SECONDS)
    network.settle(xingheng)
    assert states(yunling, text)[xingheng.did] == "signed"


def test_later_end_of_the_vote_asks_for_new_signatures(
    text: Text, yunling: Member, xingheng: Member, network: Network
):
    sign(yunling, text)
    sign(xingheng, text)
    network.settle(xingheng)
    yunling.wait(20 * 24 * 3600)
    with pytest.raises(ConflictError):
        propose(yunling, text)
    renewed = fix(yunling, **dict(text.document))
    assert renewed.digest == text.digest
    network.settle(yunling, xingheng)
    assert states(yunling, text) == {yunling.did: "waiting", xingheng.did: "waiting"}
    assert texts.load(xingheng.db, text.digest).expires == renewed.expires


def test_signature_is_for_the_end_of_the_vote_that_was_read(text: Text, yunling: Member, xingheng: Member):
    sign(xingheng, text)
    found = signing.own_signature(xingheng.db, text)
    late = PartySignature(found.party, found.expires + 1, found.signature)
    with pytest.raises(SignatureRefusedError):
        signing.receive(yunling.db, yunling.parts, digest=text.digest, signature=late, now=yunling.now)


def test_signature_of_somebody_who_is_no_party_is_refused(text: Text, yunling: Member, xingheng: Member):
    sign(xingheng, text)
    found = signing.own_signature(xingheng.db, text)
    forged = PartySignature("did:web:m000.example", found.expires, found.signature)
    with pytest.raises(SignatureRefusedError):
        signing.receive(yunling.db, yunling.parts, digest=text.digest, signature=forged, now=yunling.now)


def test_only_a_party_hands_an_agreement_round(xingheng: Member):
    others = document(xingheng.now)
    for party, did in zip(others["parties"], ("did:web:a.example", "did:web:b.example"), strict=True):
        party["id"] = did
    with pytest.raises(InvalidActError):
        fix(xingheng, **others)


def test_text_given_up_is_offered_no_more(text: Text, yunling: Member, xingheng: Member, network: Network):
    texts.drop(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    sign(xingheng, text)
    network.settle(xingheng)
    (confirm, signature) = store.errands(xingheng.db, text.digest)
    assert (confirm["state"], signature["state"]) == ("done", "refused")


@pytest.mark.row("S24")
def test_amendment_and_end_take_a_vote_like_the_start(
    text: Text, yunling: Member, xingheng: Member, network: Network
):
    def through(proposal: bytes) -> None:
        for party in yunling.node.consortium.parties:
            yunling.node.accept(party, "vote", {"proposal": proposal, "yes": True})
        yunling.wait(6)

    def agreed(found: Text) -> None:
        for member in (yunling, xingheng):
            sign(member, found)
        network.settle(xingheng)
        through(propose(yunling, found))

    agreed(text)
    second = fix(yunling, version=2, supersedes=f"{text.agreement_id}#1")
    network.settle(yunling, xingheng)
    agreed(second)

    def found(digest: bytes) -> str:
        return listing.one(yunling.db, yunling.parts, digest, now=yunling.now).state

    assert (found(text.digest), found(second.digest)) == ("superseded", "in-force")
    through(
        proposing.end(
            yunling.db,
            yunling.parts,
            actor=OFFICER,
            agreement_id=text.agreement_id,
            passphrase=GOVERNANCE_PASSPHRASE,
            expires=end_of_day(yunling.now, days=7),
            now=yunling.now,
        )
    )
    assert (found(text.digest), found(second.digest)) == ("ended", "ended")


def test_text_can_be_read_by_voters_from_the_moment_at_which_it_is_proposed(
    yunling: Member, xingheng: Member, network: Network, text: Text
):
    sign(yunling, text)
    sign(xingheng, text)
    network.settle(yunling, xingheng)
    propose(yunling, text)
    # Nothing was carried since.
    assert yunling.node.client("voter").document(text.digest) == text.document


def test_text_whose_proposal_was_withdrawn_may_be_proposed_again(
    text: Text, yunling: Member, xingheng: Member, network: Network
):
    for member in (yunling, xingheng):
        sign(member, text)
    network.settle(xingheng)
    first = propose(yunling, text)
    acting.withdraw(
        yunling.db,
        yunling.parts,
        actor=OFFICER,
        passphrase=GOVERNANCE_PASSPHRASE,
        proposal=first,
        now=yunling.now,
    )
    yunling.wait(6)
    assert listing.one(yunling.db, yunling.parts, text.digest, now=yunling.now).state == "rejected"
    assert propose(yunling, text) != first


def test_agreements_of_others_are_listed_with_everybodys(
    text: Text, yunling: Member, xingheng: Member, network: Network, folder: Path
):
    for member in (yunling, xingheng):
        sign(member, text)
    network.settle(xingheng)
    proposal = propose(yunling, text)
    network.settle(yunling)
    for party in yunling.node.consortium.parties:
        yunling.node.accept(party, "vote", {"proposal": proposal, "yes": True})
    yunling.wait(6)
    huaheng = Member(folder, yunling.node, "huaheng")
    assert listing.overview(huaheng.db, huaheng.parts, now=huaheng.now).items == ()
    found = listing.overview(huaheng.db, huaheng.parts, everybody=True, now=huaheng.now)
    assert [(item.state, item.mine) for item in found.items] == [("in-force", False)]
    assert found.total == 1
    huaheng.close()
