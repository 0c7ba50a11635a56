"""A key gives way to another: by its owner's governance key, or by vote where that one is lost."""

import pytest

from ledger.core.machine import Core
from ledger.core.rotation import LOOK_BACK, MAX_INTERVALS
from ledger.statements import key_possession
from tests.ledger.consortium import DAY, START, Consortium, Party, key
from tests.ledger.core_acts import Renewed, code_of, document, lost, rotation

NEW = b"\x07" * 32


def record(ledger, party):
    return ledger.value("issuer", party.did)


def anchor(number=0):
    return {"root": bytes([number]) * 32}


# key.rotate.


def test_an_issuer_rotates_its_submission_key_with_its_governance_key(ledger, college):
    new = Renewed.of(college)
    ledger.accept(college, "key.rotate", rotation(ledger, college, "submission", new.key("submission")))
    assert record(ledger, college)["submission"] == new.key("submission").public.cose_key
    assert ledger.refuse(college, "anchor", anchor()) == "TX_UNKNOWN_KEY"
    ledger.accept(new, "anchor", anchor())


def test_a_rotated_key_goes_on_where_the_old_one_stopped_counting(ledger, college):
    ledger.accept(college, "anchor", anchor(1))
    new = Renewed.of(college)
    ledger.accept(college, "key.rotate", rotation(ledger, college, "submission", new.key("submission")))
    assert ledger.refuse(new, "anchor", anchor(2), seq=1) == "TX_SEQUENCE"
    ledger.accept(new, "anchor", anchor(2))


def test_a_stolen_submission_key_cannot_rotate_itself(ledger, college):
    body = rotation(ledger, college, "submission", key("thief"))
    assert ledger.refuse(college, "key.rotate", body, key=college.key("submission")) == "TX_ROLE"


def test_a_governance_key_rotates_itself_wherever_the_did_stands(ledger, college):
    member = ledger.parties[1]
    ledger.accept(ledger.founder, "issuer.put", Party("other").issuer(ledger.chain_id, 8))
    new = Renewed.of(member)
    ledger.accept(member, "key.rotate", rotation(ledger, member, "governance", new.key("governance")))
    assert ledger.value("member", member.did)["governance"] == new.key("governance").public.cose_key
    assert ledger.value("keys", member.did)["governance"] == new.key("governance").public.cose_key
    new.seq["governance"] = member.seq["governance"]
    endpoint = {"node": None, "mirror": None, "receipts": None}
    assert ledger.refuse(member, "endpoint.put", endpoint) == "TX_UNKNOWN_KEY"
    ledger.accept(new, "endpoint.put", endpoint)


def test_one_rotation_changes_member_and_issuer_of_the_same_did(ledger):
    member = ledger.parties[1]
    proposal = ledger.propose(["issuer.put", member.issuer(ledger.chain_id, 9)])
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block()
    new = key("new submission key")
    ledger.accept(member, "key.rotate", rotation(ledger, member, "submission", new))
    assert record(ledger, member)["submission"] == new.public.cose_key
    assert ledger.value("member", member.did)["submission"] == new.public.cose_key


def test_a_document_gives_way_to_another(ledger, college):
    ledger.accept(college, "key.rotate", document(NEW))
    assert record(ledger, college)["document"] == NEW
    assert record(ledger, college)["compromised"] == []


@pytest.mark.parametrize("role", ["submission", "governance", "document"])
def test_a_theft_stands_in_the_record_up_to_the_rotation(ledger, college, role):
    since = ledger.now - 5 * DAY
    body = (
        document(NEW, since=since)
        if role == "document"
        else rotation(ledger, college, role, key("new"), since=since)
    )
    ledger.accept(college, "key.rotate", body)
    assert record(ledger, college)["compromised"] == [[since, ledger.now]]


@pytest.mark.parametrize(("offset", "code"), [(-LOOK_BACK, None), (-LOOK_BACK - 1, "TX_TIME")])
def test_a_theft_lies_at_most_30_days_back_without_a_vote(ledger, college, offset, code):
    body = document(NEW, since=ledger.now + 1 + offset)
    if code is None:
        ledger.accept(college, "key.rotate", body)
    else:
        assert ledger.refuse(college, "key.rotate", body) == code


@pytest.mark.parametrize(("offset", "code"), [(0, None), (1, "TX_TIME")])
def test_a_theft_does_not_lie_ahead(ledger, college, offset, code):
    body = document(NEW, since=ledger.now + 1 + offset)
    if code is None:
        ledger.accept(college, "key.rotate", body)
    else:
        assert ledger.refuse(college, "key.rotate", body) == code


def test_a_record_keeps_a_bounded_number_of_thefts_that_nobody_voted_on(ledger, college):
    for number in range(MAX_INTERVALS):
        body = document(bytes([number]) * 32, since=ledger.now)
        ledger.accept(college, "key.rotate", body)
    assert ledger.refuse(college, "key.rotate", document(b"\xff" * 32, since=ledger.now)) == "QUOTA"
    ledger.decide(["rotate-lost-key", {"did": college.did, **document(b"\xff" * 32, since=ledger.now)}])
    assert len(record(ledger, college)["compromised"]) == MAX_INTERVALS + 1


def test_a_rotated_submission_key_signs_nothing_more_in_the_same_block(ledger, college):
    rotate = ledger.sign(college, "key.rotate", rotation(ledger, college, "submission", key("new")))
    late = ledger.sign(college, "anchor", anchor())
    results = ledger.block(rotate, late).results
    assert results[0].refusal is None
    assert results[1].refusal.code == "TX_UNKNOWN_KEY"


REFUSED = {
    "present key": (
        lambda ledger, college: rotation(ledger, college, "submission", college.key("submission")),
        "KEY_IN_USE",
    ),
    "another's key": (
        lambda ledger, college: rotation(ledger, college, "submission", ledger.founder.key("submission")),
        "KEY_IN_USE",
    ),
    "the governance key as submission key": (
        lambda ledger, college: rotation(ledger, college, "submission", college.key("governance")),
        "KEY_IN_USE",
    ),
    "no signature of its own": (
        lambda ledger, college: rotation(ledger, college, "submission", key("new"), possession=None),
        "KEY_POSSESSION",
    ),
    "signature for another role": (
        lambda ledger, college: rotation(
            ledger,
            college,
            "submission",
            key("new"),
            possession=key_possession(
                key("new"), chain_id=ledger.chain_id, did=college.did, role="governance"
            ),
        ),
        "KEY_POSSESSION",
    ),
    "unknown role": (
        lambda ledger, college: rotation(ledger, college, "receipt", key("new")),
        "TX_MALFORMED",
    ),
    "present document": (
        lambda ledger, college: document(record(ledger, college)["document"]),
        "ALREADY_USED",
    ),
    "document with a signature": (
        lambda ledger, college: {**document(NEW), "possession": bytes(64)},
        "TX_MALFORMED",
    ),
    "document of another length": (lambda ledger, college: document(b"\x07" * 31), "TX_MALFORMED"),
    "one member more": (lambda ledger, college: {**document(NEW), "did": college.did}, "TX_MALFORMED"),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED)
def test_a_rotation_is_refused(ledger, college, make, code):
    assert ledger.refuse(college, "key.rotate", make(ledger, college)) == code


def test_a_key_comes_back_never(ledger, college):
    old = college.key("submission")
    ledger.accept(college, "key.rotate", rotation(ledger, college, "submission", key("new")))
    assert ledger.refuse(college, "key.rotate", rotation(ledger, college, "submission", old)) == "KEY_IN_USE"


def test_a_member_without_an_issuer_record_tells_of_no_theft_and_has_no_document(ledger):
    member = ledger.parties[1]
    body = rotation(ledger, member, "governance", key("new"), since=ledger.now)
    assert ledger.refuse(member, "key.rotate", body) == "NOT_PERMITTED"
    assert ledger.refuse(member, "key.rotate", document(NEW)) == "NOT_PERMITTED"


def test_a_member_without_a_submission_key_has_none_to_rotate(ledger):
    new = Party("new")
    ledger.decide(new.admission(ledger.chain_id, submission=None))
    body = rotation(ledger, new, "submission", new.key("submission"))
    assert ledger.refuse(new, "key.rotate", body) == "NOT_PERMITTED"


def test_whoever_left_for_good_rotates_nothing(ledger):
    member = ledger.parties[1]
    ledger.decide(["remove", {"member": member.did}])
    body = rotation(ledger, member, "governance", key("new"))
    assert ledger.refuse(member, "key.rotate", body) == "UNKNOWN"


# rotate-lost-key.


@pytest.mark.parametrize("role", ["governance", "submission"])
def test_a_lost_key_is_replaced_by_vote(ledger, college, role):
    new = Renewed.of(college)
    since = START
    ledger.decide(lost(ledger, college, role, new.key(role), since=since))
    assert record(ledger, college)[role] == new.key(role).public.cose_key
    assert record(ledger, college)["compromised"] == [[since, ledger.now]]


def test_a_lost_document_is_replaced_by_vote(ledger, college):
    ledger.decide(["rotate-lost-key", {"did": college.did, **document(NEW, since=START - 1)}])
    assert record(ledger, college)["document"] == NEW
    assert record(ledger, college)["compromised"] == [[START - 1, ledger.now]]


def test_a_member_votes_again_with_the_key_that_the_others_gave_it(ledger):
    member = ledger.parties[2]
    new = Renewed.of(member)
    proposal = ledger.propose(lost(ledger, member, "governance", new.key("governance")))
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block()
    another = ledger.propose(["params", {"numbers": 3}])
    ledger.vote(another, new)
    assert ledger.value("proposal", another)["yes"] == [member.did]


def test_a_lost_key_is_replaced_after_the_delay(tmp_path):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    member = ledger.parties[2]
    new = key("new")
    proposal = ledger.propose(lost(ledger, member, "governance", new))
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block(after=7 * DAY - 1)
    assert ledger.value("keys", member.did)["governance"] == member.key("governance").public.cose_key
    ledger.block(after=1)
    assert ledger.value("keys", member.did)["governance"] == new.public.cose_key
    ledger.core.close()


def test_the_interval_of_a_vote_ends_with_its_effect(tmp_path):
    ledger = Consortium(tmp_path, delay=DAY)
    college = Party("college")
    ledger.make_issuer(college)
    proposal = ledger.propose(lost(ledger, college, "submission", key("new"), since=START - 90 * DAY))
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block(after=DAY)
    assert record(ledger, college)["compromised"] == [[START - 90 * DAY, ledger.now]]
    ledger.core.close()


@pytest.mark.parametrize("enacted", [False, True])
def test_a_key_that_was_not_lost_cancels_its_replacement(tmp_path, enacted):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    member = ledger.parties[2]
    proposal = ledger.propose(lost(ledger, member, "governance", key("new")))
    if enacted:
        ledger.vote(proposal, *ledger.parties[:2])
    ledger.accept(member, "withdraw", {"proposal": proposal})
    assert ledger.status(proposal) == "withdrawn"
    assert ledger.value("due") in (None, [])
    ledger.block(after=8 * DAY)
    assert ledger.value("keys", member.did)["governance"] == member.key("governance").public.cose_key
    ledger.core.close()


def test_an_issuer_that_is_no_member_cancels_as_well(ledger, college):
    proposal = ledger.propose(lost(ledger, college, "governance", key("new")))
    ledger.accept(college, "withdraw", {"proposal": proposal})
    assert ledger.status(proposal) == "withdrawn"


@pytest.mark.parametrize("role", ["submission", "document"])
def test_only_the_governance_key_itself_is_kept_by_a_withdrawal(ledger, college, role):
    action = (
        ["rotate-lost-key", {"did": college.did, **document(NEW)}]
        if role == "document"
        else lost(ledger, college, role, key("new"))
    )
    proposal = ledger.propose(action)
    assert ledger.refuse(college, "withdraw", {"proposal": proposal}) == "NOT_A_MEMBER"


def test_nobody_else_cancels_a_replacement(ledger):
    proposal = ledger.propose(lost(ledger, ledger.parties[2], "governance", key("new")))
    assert ledger.refuse(ledger.parties[1], "withdraw", {"proposal": proposal}) == "NOT_PERMITTED"


def test_a_replacement_is_void_once_the_key_was_used_elsewhere(tmp_path):
    ledger = Consortium(tmp_path, delay=DAY)
    member, other, new = ledger.parties[2], ledger.parties[1], key("new")
    proposal = ledger.propose(lost(ledger, member, "governance", new))
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.accept(other, "key.rotate", rotation(ledger, other, "governance", new))
    ledger.block(after=DAY)
    assert ledger.status(proposal) == "void"
    ledger.core.close()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda ledger: lost(ledger, Party("nobody"), "governance", key("new")), "UNKNOWN"),
        (lambda ledger: lost(ledger, ledger.parties[1], "receipt", key("new")), "TX_MALFORMED"),
        (
            lambda ledger: lost(ledger, ledger.parties[1], "governance", key("new"), since=START),
            "NOT_PERMITTED",
        ),
        (
            lambda ledger: lost(ledger, ledger.parties[1], "governance", key("new"), possession=None),
            "KEY_POSSESSION",
        ),
        (
            lambda ledger: lost(ledger, ledger.parties[1], "governance", ledger.parties[1].key("governance")),
            "KEY_IN_USE",
        ),
    ],
)
def test_a_replacement_that_cannot_be_is_not_voted_on(ledger, make, code):
    assert code_of(ledger, make(ledger)) == code


def test_replay_comes_to_the_same_keys(ledger, college, tmp_path):
    ledger.accept(college, "key.rotate", rotation(ledger, college, "submission", key("a"), since=START))
    ledger.decide(lost(ledger, college, "governance", key("b"), since=START))
    copy = Core.import_(tmp_path / "copy.db", ledger.core.export(), root=ledger.core.head.root)
    assert copy.reader.value("issuer", college.did) == record(ledger, college)
    copy.close()
