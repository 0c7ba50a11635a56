"""An issuer is suspended for a time, or closed for good; what it anchored before is untouched."""

from hashlib import sha256

import pytest

from ledger.core.machine import Core
from tests.ledger.consortium import DAY, Consortium, Party
from tests.ledger.core_acts import code_of, document

LIST = sha256(b"https://yunling.example/status/1").digest()


def suspend(party, start, until=None):
    return ["suspend-issuer", {"issuer": party.did, "from": start, "until": until}]


def close(party):
    return ["close-issuer", {"issuer": party.did}]


def suspensions(ledger, party):
    return ledger.value("issuer", party.did)["suspensions"]


def anchor(ledger, party, number=0):
    """Try to anchor and return the refusal's code, or None."""
    body = {"root": bytes([number]) * 32}
    outcome = ledger.block(ledger.sign(party, "anchor", body)).results[0]
    if outcome.refusal is None:
        return None
    party.seq["submission"] -= 1
    return outcome.refusal.code


def version(ledger, number, *, until):
    entry = {"list": LIST, "version": number, "digest": bytes(32), "from": ledger.now + 1, "until": until}
    return [entry]


# Suspension.


def test_a_suspended_issuer_anchors_nothing(ledger, college):
    assert anchor(ledger, college, 1) is None
    ledger.decide(suspend(college, ledger.now))
    assert anchor(ledger, college, 2) == "NOT_ACCREDITED"


def test_a_suspension_begins_with_its_effect_and_never_before(ledger, college):
    ledger.decide(suspend(college, ledger.now - 100 * DAY))
    assert suspensions(ledger, college) == [[ledger.now, None]]


def test_a_suspension_may_begin_later(ledger, college):
    start = ledger.now + DAY
    ledger.decide(suspend(college, start, start + DAY))
    assert suspensions(ledger, college) == [[start, start + DAY]]
    assert anchor(ledger, college, 1) is None
    ledger.block(after=DAY)
    assert anchor(ledger, college, 2) == "NOT_ACCREDITED"
    ledger.block(after=DAY)
    assert anchor(ledger, college, 2) is None


def test_a_suspended_issuer_keeps_its_lists_up_to_date(ledger, college):
    ledger.decide(suspend(college, ledger.now))
    ledger.accept(college, "status", version(ledger, 1, until=ledger.now + DAY))


@pytest.mark.parametrize("past", [0, 3 * DAY])
def test_a_suspension_is_lifted_by_its_own_begin_or_by_any_past_time(ledger, college, past):
    ledger.decide(suspend(college, ledger.now))
    begin = ledger.now
    ledger.block(after=5 * DAY)
    ledger.decide(suspend(college, begin + past, begin))
    assert suspensions(ledger, college) == [[begin, ledger.now]]
    assert anchor(ledger, college) is None


def test_a_suspension_is_prolonged(ledger, college):
    ledger.decide(suspend(college, ledger.now, ledger.now + 10 * DAY))
    begin = ledger.now
    ledger.decide(suspend(college, begin, begin + 20 * DAY))
    assert suspensions(ledger, college) == [[begin, begin + 20 * DAY]]


def test_one_that_has_not_begun_is_called_off(ledger, college):
    start = ledger.now + 10 * DAY
    ledger.decide(suspend(college, start))
    ledger.decide(suspend(college, start, start))
    assert suspensions(ledger, college) == [[start, start]]
    ledger.block(after=11 * DAY)
    assert anchor(ledger, college) is None


def test_one_that_is_over_stays_as_it_was(ledger, college):
    ledger.decide(suspend(college, ledger.now, ledger.now + DAY))
    over = suspensions(ledger, college)[0]
    ledger.block(after=3 * DAY)
    ledger.decide(suspend(college, over[0], ledger.now + 9 * DAY))
    assert suspensions(ledger, college)[0] == over
    assert suspensions(ledger, college)[1][0] == ledger.now


def test_a_later_one_does_not_shorten_the_one_that_runs(ledger, college):
    ledger.decide(suspend(college, ledger.now))
    begin = ledger.now
    ledger.decide(suspend(college, begin + DAY, begin + 2 * DAY))
    assert suspensions(ledger, college) == [[begin, None], [begin + DAY, begin + 2 * DAY]]
    ledger.block(after=3 * DAY)
    assert anchor(ledger, college) == "NOT_ACCREDITED"


def test_a_suspension_that_would_be_over_before_it_begins_is_refused(ledger, college):
    action = suspend(college, ledger.now - 5, ledger.now - 1)
    assert code_of(ledger, action) == "TX_TIME"


def test_a_suspension_that_is_over_before_its_vote_is_void(ledger, college):
    proposal = ledger.propose(suspend(college, ledger.now, ledger.now + 10))
    ledger.block(after=20)
    ledger.vote(proposal, *ledger.parties[:2])
    ledger.block()
    assert ledger.status(proposal) == "void"
    assert suspensions(ledger, college) == []


def test_51_percent_suspend_and_close(tmp_path):
    ledger = Consortium(tmp_path, count=5)
    college = Party("college")
    ledger.make_issuer(college)
    for action in (suspend(college, ledger.now), close(college)):
        proposal = ledger.propose(action)
        ledger.vote(proposal, *ledger.parties[:2])
        assert ledger.status(proposal) == "open"
        ledger.vote(proposal, ledger.parties[2])
        ledger.block()
        assert ledger.status(proposal) == "done"
    ledger.core.close()


def test_a_suspension_waits_for_no_delay(tmp_path):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    college = Party("college")
    ledger.make_issuer(college)
    ledger.decide(suspend(college, ledger.now))
    assert suspensions(ledger, college) == [[ledger.now, None]]
    ledger.core.close()


# Closing.


def test_a_closed_issuer_anchors_nothing_more(ledger, college):
    ledger.decide(close(college))
    assert ledger.value("issuer", college.did)["closed"] == ledger.now
    assert anchor(ledger, college) == "NOT_ACCREDITED"


def test_a_closed_issuer_publishes_a_final_list_and_nothing_after_it(ledger, college):
    ledger.accept(college, "status", version(ledger, 1, until=ledger.now + DAY))
    assert ledger.refuse(college, "status", version(ledger, 2, until=None)) == "STATUS_VERSION"
    ledger.decide(close(college))
    ledger.accept(college, "status", version(ledger, 2, until=None))
    assert ledger.refuse(college, "status", version(ledger, 3, until=ledger.now + DAY)) == "STATUS_VERSION"


def test_a_closed_issuer_still_names_its_document_and_where_its_store_went(ledger, college):
    ledger.decide(close(college))
    moved = college.issuer(ledger.chain_id, 7)
    moved["urls"] = {**moved["urls"], "store": "https://archive.example/store"}
    ledger.accept(college, "issuer.put", moved)
    ledger.accept(college, "key.rotate", document(b"\x01" * 32, since=ledger.now))
    assert ledger.value("issuer", college.did)["closed"] is not None


@pytest.mark.parametrize("again", [close, lambda party: suspend(party, 2_000_000_000)])
def test_nothing_more_is_decided_about_the_standing_of_a_closed_issuer(ledger, college, again):
    ledger.decide(close(college))
    assert code_of(ledger, again(college)) == "NOT_PERMITTED"


@pytest.mark.parametrize("make", [close, lambda party: suspend(party, 2_000_000_000)])
def test_only_registered_issuers_are_suspended_or_closed(ledger, make):
    assert code_of(ledger, make(Party("nobody"))) == "UNKNOWN"


@pytest.mark.parametrize(
    "action",
    [
        ["close-issuer", {"issuer": "yunling"}],
        ["close-issuer", {"issuer": "did:web:college.example", "why": "fraud"}],
        ["suspend-issuer", {"issuer": "did:web:college.example", "from": None, "until": None}],
        ["suspend-issuer", {"issuer": "did:web:college.example", "from": -1, "until": None}],
        ["suspend-issuer", {"issuer": "did:web:college.example", "from": 0}],
    ],
)
def test_malformed_decisions_are_refused(ledger, college, action):
    assert code_of(ledger, action) == "TX_MALFORMED"


def test_replay_comes_to_the_same_standing(ledger, college, tmp_path):
    ledger.decide(suspend(college, ledger.now))
    ledger.decide(suspend(college, ledger.now, ledger.now))
    ledger.decide(close(college))
    copy = Core.import_(tmp_path / "copy.db", ledger.core.export(), root=ledger.core.head.root)
    assert copy.reader.value("issuer", college.did) == ledger.value("issuer", college.did)
    copy.close()
