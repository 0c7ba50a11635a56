"""What an issuer's host may submit, and that nothing else of it is accepted."""

import pytest

from ledger.core.anchoring import MAX_LISTS, MAX_STATUS_ENTRIES, anchor, status
from ledger.core.state import State
from ledger.errors import Reject
from ledger.statements import parse_statement
from tests.ledger.consortium import START, Party

LIST = b"\x01" * 32


@pytest.fixture
def issuer(ledger):
    party = Party("college")
    ledger.make_issuer(party)
    return party


def entry(ledger, version=1, **changes):
    start = ledger.now
    given = {"list": LIST, "version": version, "digest": bytes(32), "from": start, "until": start + 1000}
    return {**given, **changes}


def test_an_accredited_issuer_anchors(ledger, issuer):
    index = ledger.accept(issuer, "anchor", {"root": bytes(32)})
    assert ledger.core.reader.own_block(index).first == index


def test_an_anchor_changes_nothing_but_the_row_of_numbers(ledger, issuer):
    ledger.accept(issuer, "anchor", {"root": bytes(32)})
    assert ledger.value("seq", issuer.did, "submission") == 1


@pytest.mark.case("LEDG-034")
@pytest.mark.parametrize(
    "body",
    [
        {"root": bytes(31)},
        {"root": bytes(33)},
        {"root": "张伟 110101199003070000"},
        {"root": bytes(32), "name": "张伟"},
        {"root": bytes(32), "memo": b""},
        {"name": "张伟"},
        [bytes(32)],
        bytes(32),
        None,
    ],
)
def test_an_anchor_carries_a_digest_and_nothing_else(ledger, issuer, body):
    assert ledger.refuse(issuer, "anchor", body) == "TX_MALFORMED"


def test_a_member_that_is_no_issuer_cannot_anchor(ledger):
    assert ledger.refuse(ledger.parties[2], "anchor", {"root": bytes(32)}) == "NOT_PERMITTED"


def test_an_issuer_without_a_grant_cannot_anchor(ledger):
    party = Party("college")
    ledger.accept(ledger.founder, "issuer.put", party.issuer(ledger.chain_id, 7))
    assert ledger.refuse(party, "anchor", {"root": bytes(32)}) == "NOT_ACCREDITED"


@pytest.mark.parametrize(
    ("start", "end", "accepted"),
    [
        (0, None, True),
        (START - 500, START - 400, False),  # over
        (START + 5000, None, False),  # to come
        (START, START + 5000, True),
    ],
)
def test_a_grant_is_in_force_from_its_start_until_its_end(ledger, start, end, accepted):
    party = Party("college")
    ledger.make_issuer(party, **{"from": start, "until": end})
    if accepted:
        ledger.accept(party, "anchor", {"root": bytes(32)})
    else:
        assert ledger.refuse(party, "anchor", {"root": bytes(32)}) == "NOT_ACCREDITED"


def test_the_second_of_a_grants_end_is_outside(ledger):
    party = Party("college")
    ledger.make_issuer(party, until=ledger.now + 10)
    end = ledger.value("grant", ledger.founder.did, party.did, "GraduationCertificate")["until"]
    inside, outside = (ledger.sign(party, "anchor", {"root": bytes([n]) * 32}) for n in range(2))
    assert ledger.block(inside, after=end - 1 - ledger.now).results[0].index is not None
    assert ledger.block(outside, after=1).results[0].refusal.code == "NOT_ACCREDITED"


def test_a_governance_key_cannot_anchor(ledger, issuer):
    tx = ledger.sign(issuer, "anchor", {"root": bytes(32)}, key=issuer.key("governance"))
    assert ledger.block(tx).results[0].refusal.code == "TX_ROLE"


def test_lists_go_up_version_by_version(ledger, issuer):
    for version in (1, 2, 3):
        ledger.accept(issuer, "status", [entry(ledger, version)])
    assert ledger.value("status", issuer.did, LIST)["version"] == 3


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_version_that_is_not_the_next_is_refused(ledger, issuer, version):
    ledger.accept(issuer, "status", [entry(ledger, 1)])
    ledger.accept(issuer, "status", [entry(ledger, 2)])
    assert ledger.refuse(issuer, "status", [entry(ledger, version)]) == "STATUS_VERSION"


def test_a_version_begins_after_the_one_before(ledger, issuer):
    first = entry(ledger, 1)
    ledger.accept(issuer, "status", [first])
    assert ledger.refuse(issuer, "status", [{**entry(ledger, 2), "from": first["from"]}]) == "TX_TIME"
    ledger.accept(issuer, "status", [{**entry(ledger, 2), "from": first["from"] + 1}])


@pytest.mark.case("LEDG-012")
def test_a_version_does_not_begin_ahead_of_the_block(ledger, issuer):
    late = entry(ledger, 1, **{"from": ledger.now + 1 + 121, "until": ledger.now + 9999})
    assert ledger.refuse(issuer, "status", [late]) == "TX_TIME"
    skewed = entry(ledger, 1, **{"from": ledger.now + 1 + 120, "until": ledger.now + 9999})
    ledger.accept(issuer, "status", [skewed])


def test_a_version_has_an_end_while_its_issuer_is_open(ledger, issuer):
    assert ledger.refuse(issuer, "status", [entry(ledger, until=None)]) == "STATUS_VERSION"


def test_nobody_takes_anothers_list(ledger, issuer):
    ledger.accept(issuer, "status", [entry(ledger)])
    other = Party("other")
    ledger.make_issuer(other, number=8)
    ledger.accept(other, "status", [entry(ledger)])  # the same URL's hash, but under its own DID
    assert ledger.value("status", issuer.did, LIST)["version"] == 1
    assert ledger.value("status", other.did, LIST)["version"] == 1


def test_one_wrong_entry_undoes_the_whole_statement(ledger, issuer):
    good, wrong = entry(ledger), entry(ledger, 2, list=b"\x02" * 32)
    assert ledger.refuse(issuer, "status", [good, wrong]) == "STATUS_VERSION"
    assert ledger.value("status", issuer.did, LIST) is None
    assert ledger.value("lists", issuer.did) is None


@pytest.mark.parametrize(
    "change",
    [
        {"list": b"short"},
        {"digest": b""},
        {"version": 0},
        {"version": "1"},
        {"from": -1},
        {"until": 0},
        {"url": "https://yunling.example/status/1"},
    ],
)
def test_a_list_entry_holds_exactly_its_members(ledger, issuer, change):
    assert ledger.refuse(issuer, "status", [entry(ledger, **change)]) == "TX_MALFORMED"


def test_a_status_statement_brings_each_list_once_and_at_most_a_thousand(ledger, issuer):
    lists = [entry(ledger, list=number.to_bytes(32, "big")) for number in range(MAX_STATUS_ENTRIES + 1)]
    for body in ([], {}, 5, None, "list", [5]):
        assert ledger.refuse(issuer, "status", body) == "TX_MALFORMED"
    assert ledger.refuse(issuer, "status", [lists[0], lists[0]]) == "TX_MALFORMED"
    assert ledger.refuse(issuer, "status", lists) == "TX_MALFORMED"
    ledger.accept(issuer, "status", lists[:-1])
    assert ledger.value("lists", issuer.did) == MAX_STATUS_ENTRIES


def test_an_issuer_has_a_largest_number_of_lists(ledger, issuer):

    state = State(ledger.core.store, genesis=ledger.genesis, time=ledger.now)
    state.put(("lists", issuer.did), MAX_LISTS)
    with pytest.raises(Reject) as caught:
        status(state, parse_statement(ledger.sign(issuer, "status", [entry(ledger)])))
    assert caught.value.code == "QUOTA"


def test_a_closed_issuer_anchors_nothing_and_ends_its_lists_for_good(ledger, issuer):

    def statement(kind, body):
        return parse_statement(ledger.sign(issuer, kind, body))

    state = State(ledger.core.store, genesis=ledger.genesis, time=ledger.now)
    state.put(("issuer", issuer.did), {**state.get("issuer", issuer.did), "closed": ledger.now})
    with pytest.raises(Reject, match="closed"):
        anchor(state, statement("anchor", {"root": bytes(32)}))
    status(state, statement("status", [entry(ledger, until=None)]))
    with pytest.raises(Reject, match="nothing follows"):
        status(state, statement("status", [entry(ledger, 2, **{"from": ledger.now + 1})]))


@pytest.mark.parametrize(
    ("suspensions", "accepted"), [([[0, None]], False), ([[0, START]], True), ([[START + 10**6, None]], True)]
)
def test_a_suspended_issuer_anchors_nothing_meanwhile(ledger, issuer, suspensions, accepted):

    state = State(ledger.core.store, genesis=ledger.genesis, time=ledger.now)
    state.put(("issuer", issuer.did), {**state.get("issuer", issuer.did), "suspensions": suspensions})
    statement = parse_statement(ledger.sign(issuer, "anchor", {"root": bytes(32)}))
    if accepted:
        anchor(state, statement)
    else:
        with pytest.raises(Reject, match="suspended"):
            anchor(state, statement)
