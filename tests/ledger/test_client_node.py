"""A client believes nothing that its node cannot prove."""

import hashlib
from dataclasses import replace

import httpx
import pytest

from crypto import cbor, jcs
from ledger import reading
from ledger.client import (
    FalseReceiptError,
    LedgerClient,
    LedgerUnavailableError,
    StatementRefusedError,
)
from ledger.proof.batch import make_batch
from ledger.proof.bundle import Bundle, with_batch_path
from ledger.proof.errors import (
    AnchorMismatchError,
    CheckpointError,
    GrantMissingError,
    InconsistentError,
    NotProvenError,
    ProofMalformedError,
    ReceiptError,
    RollbackError,
    StateProofError,
)
from ledger.proof.verify import verify_receipt
from ledger.registry import issuer_key, member_key, number_key
from tests.ledger.consortium import DAY, agreement_document
from tests.ledger.living_node import URL, Answer, LivingNode
from tests.ledger.paper_log import Fixed

TYPE = "GraduationCertificate"


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path)
    yield living
    living.close()


@pytest.fixture
def college(node):
    party = node.consortium.parties[1]
    node.make_issuer(party)
    return party


class Anchored:
    """A batch of five digests that the college brought to the ledger."""

    def __init__(self, node, college) -> None:
        self.digests = [hashlib.sha256(b"form %d" % n).digest() for n in range(5)]
        self.batch = make_batch(self.digests, random=Fixed(4))
        self.statement = node.consortium.sign(college, "anchor", {"root": self.batch.root})
        self.issuer, self.client = college.did, node.client()
        self.index = self.client.submit(self.statement)
        self.time = node.now

    def receipt(self, now: int, position: int = 2) -> bytes:
        bundle = self.client.receipt(self.index, credential_type=TYPE, now=now, statement=self.statement)
        return with_batch_path(
            bundle,
            salt=self.batch.salts[position],
            size=self.batch.size,
            index=self.batch.order[position],
            path=self.batch.path(position),
        ).encode()

    def check(self, receipt: bytes, *, now: int, position: int = 2):
        return self.client.verify_receipt(
            receipt,
            digest=self.digests[position],
            issuer_id=self.issuer,
            credential_type=TYPE,
            now=now,
        )


class Between:
    """A transport that answers instead of the node, or changes what it says."""

    def __init__(self, node, change) -> None:
        self._node, self._change = node, change
        self.asked = []

    def __call__(self, method, url, *, content, headers):
        self.asked.append((method, url))
        answer = self._node.transport(method, url, content=content, headers=headers)
        changed = self._change(url.removeprefix(URL), answer)
        return answer if changed is None else changed


class Said:
    def __init__(self, content: bytes, status: int = 200) -> None:
        self.content, self.status_code = content, status


def through(node, change, name: str = "pins") -> LedgerClient:
    return LedgerClient(URL, pins=node.pins(name), http=Between(node, change))


def test_snapshot_proves_presence_and_absence(node, college):
    keys = [issuer_key(college.did), number_key(7), number_key(8)]
    snapshot, bundle = node.client().snapshot(keys, now=node.now)
    assert snapshot.issuer(college.did).names["en"] == "Institution m001"
    assert (snapshot.issuer_by_number(7), snapshot.issuer_by_number(8)) == (college.did, None)
    assert snapshot.single_operator
    assert Bundle.decode(bundle).encode() == bundle


def test_many_keys_come_in_one_snapshot(node):
    keys = [member_key(f"did:web:m{number:03}.example") for number in range(80)]
    snapshot, _ = node.client().snapshot(keys, now=node.now)
    found = [snapshot.member(key[1]) for key in keys]
    assert sum(record is not None for record in found) == 3


def test_a_head_counts_as_present_for_five_seconds(node):
    between = Between(node, lambda url, answer: None)
    client = LedgerClient(URL, pins=node.pins(), http=between)
    for later in (0, 4):
        client.snapshot([], now=node.now + later)
    assert len(between.asked) == 1
    client.snapshot([], now=node.now + 5)
    assert len(between.asked) == 2


def test_the_highest_checkpoint_is_remembered(node, college):
    client = node.client()
    snapshot, _ = client.snapshot([], now=node.now)
    assert client.pins.load().size == snapshot.size
    assert node.client().pins.load().root == snapshot.root


@pytest.mark.case("LEDG-002")
def test_another_history_of_the_same_size_is_refused_and_kept_as_evidence(node, tmp_path):
    client = node.client()
    client.snapshot([], now=node.now)
    (tmp_path / "other").mkdir()
    other = LivingNode(tmp_path / "other")
    try:
        # Same genesis, so the same chain id and signer; another statement makes another history.
        other.propose(["remove", {"member": other.consortium.parties[1].did}])
        node.propose(["remove", {"member": node.consortium.parties[2].did}])
        client.snapshot([], now=node.now + 10)
        fooled = LedgerClient(URL, pins=node.pins(), http=other.transport)
        with pytest.raises(InconsistentError) as caught:
            fooled.snapshot([], now=other.now + 10)
    finally:
        other.close()
    assert Bundle.decode(caught.value.evidence).signatures


@pytest.mark.case("LEDG-002")
def test_a_longer_history_that_does_not_continue_the_known_one_is_refused(node, tmp_path):
    node.propose(["remove", {"member": node.consortium.parties[2].did}])
    client = node.client()
    before, _ = client.snapshot([], now=node.now)
    (tmp_path / "other").mkdir()
    other = LivingNode(tmp_path / "other")
    try:
        for party in other.consortium.parties[1:]:
            other.propose(["remove", {"member": party.did}])
        fooled = LedgerClient(URL, pins=node.pins(), http=other.transport)
        with pytest.raises(InconsistentError):
            fooled.snapshot([], now=other.now)
    finally:
        other.close()
    assert client.pins.load().root == before.root


def test_an_older_log_is_refused_as_a_rollback(node, college):
    old = node.http.get("/v1/state").data
    client = node.client()
    node.propose(["remove", {"member": node.consortium.parties[2].did}])
    before, _ = client.snapshot([], now=node.now)
    rolled_back = through(node, lambda url, answer: Said(old))
    with pytest.raises(RollbackError) as caught:
        rolled_back.snapshot([], now=node.now + 10)
    assert caught.value.evidence == old
    assert client.pins.load().root == before.root


def test_a_node_cannot_withhold_the_consistency_proof(node, college):
    node.client().snapshot([], now=node.now)
    node.propose(["remove", {"member": node.consortium.parties[2].did}])

    def without(url, answer):
        return Said(replace(Bundle.decode(answer.content), consistency=None).encode())

    with pytest.raises(CheckpointError):
        through(node, without).snapshot([], now=node.now + 10)


def test_a_node_cannot_leave_a_key_out(node, college):
    def without(url, answer):
        return Said(replace(Bundle.decode(answer.content), states=()).encode())

    with pytest.raises(NotProvenError):
        through(node, without).snapshot([issuer_key(college.did)], now=node.now)


def test_a_node_cannot_change_a_value(node, college):
    def changed(url, answer):
        bundle = Bundle.decode(answer.content)
        (state,) = bundle.states
        value = cbor.decode(state.value)
        value["urls"]["lists"] = "https://elsewhere.example"
        return Said(replace(bundle, states=(replace(state, value=cbor.encode(value)),)).encode())

    with pytest.raises(StateProofError):
        through(node, changed).snapshot([issuer_key(college.did)], now=node.now)


@pytest.mark.case("LEDG-004")
@pytest.mark.parametrize("content", [b"", b"{}", b"\xa0", b"<html>"])
def test_what_is_no_bundle_is_refused(node, content):
    with pytest.raises(ProofMalformedError):
        through(node, lambda url, answer: Said(content)).snapshot([], now=node.now)


@pytest.mark.case("LEDG-032")
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_node_that_cannot_answer_is_unavailable(node, status):
    client = through(node, lambda url, answer: Said(b"{}", status))
    with pytest.raises(LedgerUnavailableError):
        client.snapshot([], now=node.now)
    with pytest.raises(LedgerUnavailableError):
        client.submit(b"anything")


@pytest.mark.case("LEDG-032")
def test_a_silent_node_is_unavailable(node):
    def silent(method, url, *, content, headers):
        raise httpx.ConnectError("refused")

    with pytest.raises(LedgerUnavailableError):
        LedgerClient(URL, pins=node.pins(), http=silent).snapshot([], now=node.now)


def test_an_anchor_gets_its_receipt(node, college):
    anchored = Anchored(node, college)
    receipt = anchored.check(anchored.receipt(node.now), now=node.now)
    assert receipt.time_of_issue == anchored.time
    assert receipt.grant.credential_type == TYPE
    assert receipt.consistent
    assert receipt.single_operator


def test_a_receipt_is_checked_offline_with_the_pin_alone(node, college):
    anchored = Anchored(node, college)
    receipt = verify_receipt(
        anchored.receipt(node.now),
        digest=anchored.digests[2],
        issuer_id=college.did,
        credential_type=TYPE,
        pin=node.pins("fresh").load(),
        now=node.now,
    )
    assert not receipt.consistent


def test_an_old_receipt_stays_good_as_the_log_grows(node, college):
    anchored = Anchored(node, college)
    receipt = anchored.receipt(node.now)
    node.now += DAY
    for party in node.consortium.parties[1:]:
        node.propose(["remove", {"member": party.did}])
    anchored.client.snapshot([], now=node.now)
    for _ in range(2):
        checked = anchored.check(receipt, now=node.now)
        assert (checked.time_of_issue, checked.consistent) == (anchored.time, True)


def test_a_forged_receipt_costs_the_ledger_nothing(node, college):
    anchored = Anchored(node, college)
    receipt = anchored.receipt(node.now)
    node.propose(["remove", {"member": node.consortium.parties[2].did}])
    anchored.client.snapshot([], now=node.now)
    between = Between(node, lambda url, answer: None)
    anchored.client = LedgerClient(URL, pins=node.pins(), http=between)
    with pytest.raises(AnchorMismatchError):
        anchored.check(receipt, now=node.now, position=3)
    assert between.asked == []
    assert anchored.check(receipt, now=node.now).consistent
    assert len(between.asked) == 1


def test_a_node_that_does_not_know_the_receipts_tree_is_no_proof(node, college):
    anchored = Anchored(node, college)
    receipt = anchored.receipt(node.now)
    node.propose(["remove", {"member": node.consortium.parties[2].did}])
    anchored.client.snapshot([], now=node.now)
    unknown = through(node, lambda url, answer: Answer(node.http.get("/v1/entries/999")))
    anchored.client = unknown
    with pytest.raises(InconsistentError):
        anchored.check(receipt, now=node.now)
    other = cbor.encode([1, 2, [bytes(32)]])
    anchored.client = through(node, lambda url, answer: Said(other))
    with pytest.raises(CheckpointError):
        anchored.check(receipt, now=node.now)


def test_a_receipt_can_be_fetched_long_after(node, college):
    anchored = Anchored(node, college)
    node.now += DAY
    node.propose(["remove", {"member": node.consortium.parties[2].did}])
    checked = anchored.check(anchored.receipt(node.now), now=node.now)
    assert checked.time_of_issue == anchored.time
    assert checked.checkpoint.time == node.now


def test_the_receipt_of_another_form_of_the_batch_is_no_receipt_of_this_one(node, college):
    anchored = Anchored(node, college)
    with pytest.raises(AnchorMismatchError):
        anchored.check(anchored.receipt(node.now, position=1), now=node.now)


def test_no_receipt_for_a_type_without_grant(node, college):
    anchored = Anchored(node, college)
    with pytest.raises(GrantMissingError):
        anchored.client.receipt(anchored.index, credential_type="SkillLevelCertificate", now=node.now)


@pytest.mark.case("LEDG-033")
def test_an_acknowledged_statement_that_is_not_there_is_found_out(node, college):
    anchored = Anchored(node, college)
    with pytest.raises(FalseReceiptError):
        anchored.client.receipt(999, credential_type=TYPE, now=node.now)


@pytest.mark.case("LEDG-033")
def test_another_statement_in_the_place_of_ones_own_is_found_out(node, college):
    anchored = Anchored(node, college)
    with pytest.raises(FalseReceiptError):
        anchored.client.receipt(
            anchored.index, credential_type=TYPE, now=node.now, statement=anchored.statement + b"x"
        )


def test_a_proof_about_no_statement_is_the_nodes_fault_and_not_the_callers(node, college):
    anchored = Anchored(node, college)

    def spoilt(url, answer):
        if f"/v1/entries/{anchored.index}/" not in url:
            return None
        return Said(replace(Bundle.decode(answer.content), entry=b"\x00").encode())

    with pytest.raises(ProofMalformedError):
        through(node, spoilt).receipt(anchored.index, credential_type=TYPE, now=node.now)


@pytest.mark.case("LEDG-033")
def test_a_proof_of_another_entry_is_found_out(node, college):
    anchored = Anchored(node, college)
    second = node.accept(college, "anchor", {"root": bytes(32)})

    def swapped(url, answer):
        if f"/v1/entries/{anchored.index}/" not in url:
            return None
        path = url.replace(f"/{anchored.index}/", f"/{second}/")
        return Answer(node.http.get(path))

    with pytest.raises(FalseReceiptError):
        through(node, swapped).receipt(anchored.index, credential_type=TYPE, now=node.now)


@pytest.mark.case("LEDG-010")
def test_submitting_the_same_bytes_again_gives_the_same_index(node, college):
    anchored = Anchored(node, college)
    size = node.http.get("/v1/checkpoint").data
    assert anchored.client.submit(anchored.statement) == anchored.index
    assert Bundle.decode(node.http.get("/v1/checkpoint").data).head == Bundle.decode(size).head


def test_the_next_number_follows_what_was_submitted(node, college):
    client = node.client()
    assert client.next_seq(college.did, "submission", now=node.now) == 1
    client.submit(node.consortium.sign(college, "anchor", {"root": bytes(32)}))
    assert client.next_seq(college.did, "submission", now=node.now) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"seq": 9}, "TX_SEQUENCE"),
        ({"chain_id": "urn:vocred:ledger:" + "0" * 64}, "TX_WRONG_CHAIN"),
        ({"issuer": "did:web:stranger.example"}, "TX_UNKNOWN_KEY"),
    ],
)
@pytest.mark.case("LEDG-011")
def test_a_refusal_carries_the_rules_code(node, college, changes, code):
    statement = node.consortium.sign(college, "anchor", {"root": bytes(32)}, **changes)
    with pytest.raises(StatementRefusedError) as caught:
        node.client().submit(statement)
    assert caught.value.code == code


def voted_in(node, *parties, version=1, name="A-1", change=None):
    """Have a version of an agreement voted in; return its document, which the node does not have yet."""
    document = {**agreement_document(*parties, name=name, version=version), **(change or {})}
    data, expires = jcs.canonicalize(document), node.now + DAY
    digest = hashlib.sha256(data).digest()
    action = node.consortium.agreement(*parties, expires=expires, name=name, version=version, digest=digest)
    node.decide(action, expires=expires)
    node.now += 10
    return document


def test_agreements_in_force_come_with_their_documents(node):
    parties = node.consortium.parties[:2]
    document = voted_in(node, *parties)
    client = node.client()
    client.put_document(jcs.canonicalize(document))
    ((record, found),) = client.agreements(now=node.now)
    assert found == document
    assert record.parties == tuple(sorted(party.did for party in parties))
    node.decide(["agreement.end", {"id": document["id"]}])
    node.now += 10
    assert client.agreements(now=node.now) == []
    assert client.agreement_keys(now=node.now) == [("agreement", document["id"])]


def test_of_an_amended_agreement_every_version_comes_with_its_document(node):
    parties = node.consortium.parties[:2]
    client = node.client()
    documents = [voted_in(node, *parties, version=version) for version in (1, 2, 3)]
    for document in documents:
        client.put_document(jcs.canonicalize(document))
    found = client.agreements(now=node.now)
    assert [record.version for record, _ in found] == [1, 2, 3]
    assert [document for _, document in found] == documents
    assert client.agreement_keys(now=node.now) == [
        ("agreement", documents[0]["id"]),
        ("agreement", documents[0]["id"], 1),
        ("agreement", documents[0]["id"], 2),
    ]
    assert [record.version for record in client.agreement_versions(documents[0]["id"], now=node.now)] == [
        1,
        2,
        3,
    ]


def test_more_agreements_than_one_question_holds_are_asked_for_in_parts(node, monkeypatch):
    monkeypatch.setattr(reading, "_KEYS_AT_ONCE", 1)
    parties = node.consortium.parties[:2]
    client = node.client()
    for name, version in (("A-1", 1), ("B-1", 1), ("A-1", 2)):
        client.put_document(jcs.canonicalize(voted_in(node, *parties, name=name, version=version)))
    found = client.agreements(now=node.now)
    assert [(record.agreement_id[-3:], record.version) for record, _ in found] == [
        ("A-1", 1),
        ("A-1", 2),
        ("B-1", 1),
    ]


def test_a_version_from_a_block_that_is_ahead_of_ones_clock_hides_no_older_one(node):
    parties = node.consortium.parties[:2]
    client = node.client()
    for version in (1, 2):
        client.put_document(jcs.canonicalize(voted_in(node, *parties, version=version)))
    (_, (newer, _)) = client.agreements(now=node.now)
    found = client.agreements(now=newer.started - 1)
    assert [record.version for record, _ in found] == [1]


def test_without_the_newest_versions_document_no_older_one_counts(node):
    parties = node.consortium.parties[:2]
    client = node.client()
    client.put_document(jcs.canonicalize(voted_in(node, *parties)))
    other = voted_in(node, *parties, name="B-1")
    client.put_document(jcs.canonicalize(other))
    voted_in(node, *parties, version=2)
    assert [document for _, document in client.agreements(now=node.now)] == [other]


def test_a_document_that_speaks_in_another_agreements_name_does_not_count(node):
    parties = node.consortium.parties[:2]
    client = node.client()
    for name, change in (
        ("A-1", {"id": "urn:vocred:agreement:Z-9"}),
        ("B-1", {"version": 2}),
        ("C-1", {"parties": [{"id": party.did} for party in node.consortium.parties]}),
    ):
        client.put_document(jcs.canonicalize(voted_in(node, *parties, name=name, change=change)))
    assert client.agreements(now=node.now) == []


@pytest.mark.parametrize(("first", "left"), [(1, [1, 2, 3]), (2, [2, 3]), (3, [3]), (4, []), (0, [])])
def test_a_node_can_hide_old_versions_but_never_the_newest_alone(node, first, left):
    parties = node.consortium.parties[:2]
    honest = node.client()
    for version in (1, 2, 3):
        honest.put_document(jcs.canonicalize(voted_in(node, *parties, version=version)))

    def lie(url, answer):
        listing = url.endswith("/v1/agreements")
        return Said(answer.content.replace(b'"first": 1', b'"first": %d' % first)) if listing else answer

    found = through(node, lie).agreements(now=node.now)
    assert [record.version for record, _ in found] == left


def test_a_node_cannot_serve_another_document(node):
    client = through(node, lambda url, answer: Said(b"{}"))
    with pytest.raises(LedgerUnavailableError):
        client.document(bytes(32))


def test_an_unknown_shape_of_listing_is_no_listing(node):
    client = through(node, lambda url, answer: Said(b"[]"))
    with pytest.raises(LedgerUnavailableError):
        client.registry()


def test_every_error_of_a_bundle_is_an_error_of_ours(node, college):
    anchored = Anchored(node, college)
    receipt = anchored.receipt(node.now)
    for cut in range(0, len(receipt), 97):
        with pytest.raises(ReceiptError):
            anchored.check(receipt[:cut], now=node.now)
