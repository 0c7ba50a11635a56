"""Agreements start, change and end by one test; what nobody signed or has ended comes about by no vote."""

import pytest

from ledger.core.machine import Core
from ledger.statements import AgreementTerms, sign_agreement
from tests.ledger.consortium import DAY, Consortium, Party

ID = "urn:vocred:agreement:A-1"
DIGESTS = {version: bytes([version]) * 32 for version in range(1, 10)}


@pytest.fixture
def ledger(tmp_path):
    consortium = Consortium(tmp_path, count=5)
    yield consortium
    consortium.core.close()


def signed(ledger, *parties, version=1, expires=None, **changes):
    """Return the action by which a version starts."""
    end = ledger.now + 10 * DAY if expires is None else expires
    parties = parties or ledger.parties[1:3]
    return ledger.agreement(*parties, expires=end, version=version, digest=DIGESTS[version], **changes)


def put_in_force(ledger, *parties, version=1):
    proposal = ledger.decide(signed(ledger, *parties, version=version))
    assert ledger.status(proposal) == "done"


def voted(ledger, action, *, party=None):
    """Have an action proposed and decided; its effect is still to come."""
    proposal = ledger.propose(action, party=party)
    ledger.vote(proposal, *ledger.parties[:3])
    return proposal


def refusal(ledger, action, *, expires=None):
    end = ledger.now + 10 * DAY if expires is None else expires
    return ledger.refuse(ledger.founder, "propose", {"action": action, "expires": end})


# The next version.


@pytest.mark.row("S28")
def test_an_amendment_puts_the_next_version_in_force(ledger):
    put_in_force(ledger)
    first = ledger.value("agreement", ID, 1)
    put_in_force(ledger, version=2)
    second = ledger.value("agreement", ID)
    assert second == {**first, "version": 2, "digest": DIGESTS[2], "started": ledger.now}
    assert ledger.value("agreement", ID, 2) == second


def test_an_amendment_leaves_the_older_versions_record_as_it_is(ledger):
    put_in_force(ledger)
    first = ledger.value("agreement", ID, 1)
    put_in_force(ledger, version=2)
    assert ledger.value("agreement", ID, 1) == first
    assert first["ended"] is None


def test_the_parties_of_a_version_are_those_that_signed_it(ledger):
    put_in_force(ledger)
    put_in_force(ledger, *ledger.parties[2:5], version=2)
    assert ledger.value("agreement", ID)["parties"] == sorted(party.did for party in ledger.parties[2:5])
    assert ledger.value("agreement", ID, 1)["parties"] == sorted(party.did for party in ledger.parties[1:3])


@pytest.mark.row("S24")
@pytest.mark.case("LEDG-017", "LEDG-018")
@pytest.mark.parametrize("kind", ["agreement.start", "agreement.amend", "agreement.end"])
@pytest.mark.parametrize(("members", "needed"), [(50, 26), (51, 27), (100, 52)])
def test_starting_amending_and_ending_pass_the_same_51_percent(tmp_path, kind, members, needed):
    ledger = Consortium(tmp_path, count=members)
    if kind != "agreement.start":
        decided = ledger.propose(signed(ledger))
        votes = [ledger.sign(p, "vote", {"proposal": decided, "yes": True}) for p in ledger.parties[:needed]]
        ledger.block(*votes)
        ledger.block()
    action = {
        "agreement.start": signed(ledger),
        "agreement.amend": signed(ledger, version=2),
        "agreement.end": ["agreement.end", {"id": ID}],
    }[kind]
    assert action[0] == kind
    before = ledger.value("agreement", ID)
    proposal = ledger.propose(action)
    early = [
        ledger.sign(p, "vote", {"proposal": proposal, "yes": True}) for p in ledger.parties[: needed - 1]
    ]
    ledger.block(*early)
    ledger.block()
    assert ledger.status(proposal) == "open"
    assert ledger.value("agreement", ID) == before
    ledger.vote(proposal, ledger.parties[needed - 1])
    assert ledger.status(proposal) == "enacted"
    ledger.block()
    assert ledger.status(proposal) == "done"
    assert ledger.value("agreement", ID) != before
    ledger.core.close()


# What an amendment may not do.


def test_a_version_starts_once(ledger):
    put_in_force(ledger)
    put_in_force(ledger, version=2)
    assert refusal(ledger, signed(ledger, version=2)) == "ALREADY_USED"
    again = signed(ledger, version=1)
    assert refusal(ledger, ["agreement.amend", again[1]]) == "ALREADY_USED"
    assert refusal(ledger, again) == "ALREADY_USED"


def test_of_two_next_versions_that_were_voted_the_first_one_starts_and_the_other_is_void(ledger):
    put_in_force(ledger)
    first = ledger.propose(signed(ledger, version=2))
    other = ledger.agreement(
        *ledger.parties[1:3], expires=ledger.now + 10 * DAY, version=2, digest=DIGESTS[9]
    )
    second = ledger.propose(other)
    votes = [
        ledger.sign(voter, "vote", {"proposal": proposal, "yes": True})
        for proposal in (second, first)
        for voter in ledger.parties[:3]
    ]
    ledger.block(*votes)
    ledger.block()
    assert (ledger.status(first), ledger.status(second)) == ("done", "void")
    assert ledger.value("agreement", ID)["digest"] == DIGESTS[2]
    assert ledger.value("agreement", ID, 2)["digest"] == DIGESTS[2]


def test_no_version_is_left_out(ledger):
    put_in_force(ledger)
    assert refusal(ledger, signed(ledger, version=3)) == "NOT_PERMITTED"
    put_in_force(ledger, version=2)
    put_in_force(ledger, version=3)


def test_what_never_started_is_neither_amended_nor_ended(ledger):
    assert refusal(ledger, signed(ledger, version=2)) == "UNKNOWN"
    assert refusal(ledger, ["agreement.end", {"id": ID}]) == "UNKNOWN"


def test_what_has_ended_is_neither_amended_nor_ended_nor_started_again(ledger):
    put_in_force(ledger)
    ledger.decide(["agreement.end", {"id": ID}])
    assert refusal(ledger, signed(ledger, version=2)) == "UNKNOWN"
    assert refusal(ledger, ["agreement.end", {"id": ID}]) == "UNKNOWN"
    assert refusal(ledger, signed(ledger)) == "ALREADY_USED"


def test_an_amendment_of_what_ended_meanwhile_is_void_and_changes_nothing(ledger):
    put_in_force(ledger)
    amendment = ledger.propose(signed(ledger, version=2))
    ending = ledger.propose(["agreement.end", {"id": ID}])
    ledger.vote(ending, *ledger.parties[:3])
    ledger.block()
    ended = ledger.value("agreement", ID)
    ledger.vote(amendment, *ledger.parties[:3])
    ledger.block()
    assert ledger.status(amendment) == "void"
    assert ledger.value("agreement", ID) == ended
    assert ledger.value("agreement", ID, 2) is None


def test_the_end_ends_every_version(ledger):
    for version in (1, 2, 3):
        put_in_force(ledger, version=version)
    ledger.decide(["agreement.end", {"id": ID}])
    ends = [ledger.value("agreement", ID, version)["ended"] for version in (1, 2, 3)]
    assert ends == [ledger.now] * 3
    assert ledger.value("agreement", ID)["ended"] == ledger.now


def test_an_agreement_that_began_with_a_later_version_ends_as_well(ledger):
    action = signed(ledger, version=3)
    ledger.decide(["agreement.start", action[1]])
    put_in_force(ledger, version=4)
    ledger.decide(["agreement.end", {"id": ID}])
    assert [ledger.value("agreement", ID, version)["ended"] for version in (3, 4)] == [ledger.now] * 2
    assert ledger.value("agreement", ID, 2) is None


# Whose signature.


def test_no_majority_amends_what_a_party_did_not_sign(ledger):
    put_in_force(ledger)
    action = signed(ledger, version=2)
    victim, others = ledger.parties[3], action[1]["signatures"]
    parties = sorted([*action[1]["parties"], victim.did])
    for signatures in ([*others, b""], [*others, others[0]], [others[0]] * 3, [*others, 5]):
        body = {**action[1], "parties": parties, "signatures": signatures}
        assert refusal(ledger, ["agreement.amend", body]) in {"TX_MALFORMED", "TX_SIGNATURE"}


def terms(ledger, **changes):
    given = {
        "chain_id": ledger.chain_id,
        "agreement_id": ID,
        "version": 2,
        "digest": DIGESTS[2],
        "parties": sorted(party.did for party in ledger.parties[1:3]),
        "expires": ledger.now + DAY,
    }
    return AgreementTerms(**{**given, **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": "urn:vocred:ledger:" + "0" * 64},
        {"agreement_id": "urn:vocred:agreement:B-1"},
        {"version": 1},
        {"version": 3},
        {"digest": DIGESTS[3]},
        {"parties": ["did:web:m001.example", "did:web:m002.example", "did:web:m003.example"]},
        {"expires": 1},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.case("LEDG-011")
def test_a_signature_under_anything_else_amends_nothing(ledger, change):
    put_in_force(ledger)
    expires = ledger.now + DAY
    action = signed(ledger, version=2, expires=expires)
    other = ledger.parties[2]
    false = sign_agreement(terms(ledger, **change), party=other.did, key=other.key("governance"))
    position = action[1]["parties"].index(other.did)
    signatures = list(action[1]["signatures"])
    signatures[position] = false
    tx = ["agreement.amend", {**action[1], "signatures": signatures}]
    assert refusal(ledger, tx, expires=expires) == "TX_SIGNATURE"
    right = terms(ledger, expires=expires)
    signatures[position] = sign_agreement(right, party=other.did, key=other.key("governance"))
    ledger.propose(tx, expires=expires)


@pytest.mark.parametrize("role", ["submission", "receipt"])
def test_only_the_governance_key_signs_for_a_party(ledger, role):
    put_in_force(ledger)
    expires = ledger.now + DAY
    action = signed(ledger, version=2, expires=expires)
    other = ledger.parties[1]
    signatures = list(action[1]["signatures"])
    signatures[0] = sign_agreement(terms(ledger), party=other.did, key=other.key(role))
    tx = ["agreement.amend", {**action[1], "signatures": signatures}]
    assert refusal(ledger, tx, expires=expires) == "TX_SIGNATURE"


def test_the_first_versions_signatures_do_not_serve_the_second(ledger):
    first = signed(ledger)
    ledger.decide(first)
    second = {**first[1], "version": 2}
    assert refusal(ledger, ["agreement.amend", second]) == "TX_SIGNATURE"


def test_a_signature_serves_the_end_of_the_vote_that_it_names(ledger):
    put_in_force(ledger)
    expires = ledger.now + DAY
    action = signed(ledger, version=2, expires=expires)
    for other in (expires - 1, expires + 1):
        assert refusal(ledger, action, expires=other) == "TX_SIGNATURE"


def test_a_party_that_is_no_member_amends_nothing(ledger):
    put_in_force(ledger)
    action = signed(ledger, ledger.parties[1], Party("stranger"), version=2)
    assert refusal(ledger, action) == "NOT_A_MEMBER"


def test_membership_is_checked_once_more_when_an_amendment_takes_effect(ledger):
    put_in_force(ledger)
    leaver = ledger.parties[4]
    removal = ledger.propose(["remove", {"member": leaver.did}])
    amendment = ledger.propose(signed(ledger, ledger.parties[1], leaver, version=2))
    for each in (removal, amendment):
        ledger.block(*[ledger.sign(p, "vote", {"proposal": each, "yes": True}) for p in ledger.parties[:2]])
    last = [
        ledger.sign(ledger.parties[2], "vote", {"proposal": p, "yes": True}) for p in (amendment, removal)
    ]
    ledger.block(*last)
    ledger.block()
    assert (ledger.status(removal), ledger.status(amendment)) == ("done", "void")
    assert ledger.value("agreement", ID)["version"] == 1


def test_a_running_agreement_is_amended_without_those_that_left(ledger):
    leaver = ledger.parties[4]
    put_in_force(ledger, *ledger.parties[1:3], leaver)
    ledger.decide(["remove", {"member": leaver.did}])
    assert ledger.value("agreement", ID)["ended"] is None
    put_in_force(ledger, *ledger.parties[1:3], version=2)
    assert leaver.did not in ledger.value("agreement", ID)["parties"]


def test_a_change_that_was_voted_waits_for_no_delay(tmp_path):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    ledger.decide(signed(ledger))
    proposal = ledger.decide(signed(ledger, version=2))
    assert ledger.status(proposal) == "done"
    ledger.core.close()


# The log.


def test_versions_replay_from_the_log(ledger, tmp_path):
    for version in (1, 2, 3):
        put_in_force(ledger, version=version)
    ledger.decide(["agreement.end", {"id": ID}])
    head = ledger.core.head
    copy = Core.import_(tmp_path / "copy.db", list(ledger.core.export()), root=head.root)
    assert copy.reader.value("agreement", ID, 2) == ledger.value("agreement", ID, 2)
    assert copy.head.state == head.state
    copy.close()
