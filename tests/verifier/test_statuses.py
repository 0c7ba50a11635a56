"""Step 6: which list may answer, what it may say, and what an issuer's notice adds."""

import gzip
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from crypto import jcs
from crypto.keys import PrivateKey
from crypto.multibase import base64url_encode
from ledger.recent import Recent
from tests.verifier.conftest import did_document
from vc import bitstring, data_integrity, dates, status
from verifier import wording
from verifier.verdicts import Outcome, Step, Verdict

NOW = dates.parse("2026-11-20T06:03:00Z")
DID = "did:web:yunling.edu.example"
LIST = "https://issuer.yunling.edu.example/status/1"
INDEX = 4021


def found(verification):
    check = verification.check(Step.STATUS)
    return check.outcome, check.code


def test_a_clear_bit_in_the_anchored_list_passes(world):
    assert found(world.verify(world.issue())) == (Outcome.PASSED, None)


def test_a_neighbours_bit_is_not_ours(world):
    world.publish([INDEX - 1, INDEX + 1, INDEX ^ 7])
    assert world.verify(world.issue()).verdict is Verdict.VALID


def test_a_set_bit_revokes(world):
    world.publish([INDEX])
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.REVOKED
    assert found(verification) == (Outcome.FAILED, "REVOKED")


def test_the_notice_says_when_and_why_and_by_whom(world):
    world.publish([INDEX])
    world.notify("revoked", reason="录入错误更正")
    sentence = wording.reason(world.verify(world.issue()))
    assert "云岭示范职业技术学院于 2026-11-19 撤销，原因：录入错误更正" in sentence.zh
    assert "Correction of an entry" in sentence.en


def test_a_withdrawn_copy_is_void_while_the_certificate_is_not_revoked(world):
    world.publish([INDEX])
    world.notify("withdrawn", reason="持有人申请")
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.REVOKED
    assert found(verification) == (Outcome.FAILED, "WITHDRAWN")
    assert wording.title(verification)[0] == "此份已作废"
    assert "证书未被撤销" in wording.reason(verification).zh


@pytest.mark.parametrize("broken", ["absent", "unanchored", "garbage", "foreign"])
def test_a_notice_that_cannot_be_read_leaves_the_revocation_standing(world, broken):
    world.publish([INDEX])
    world.notify("withdrawn", entry_id="urn:uuid:other" if broken == "foreign" else _entry(world))
    url = f"{LIST}/notices"
    if broken == "absent":
        world.notice_documents.clear()
    if broken == "unanchored":
        world.anchored.pop(url)
    if broken == "garbage":
        world.notice_documents[url] = b"{}"
    assert found(world.verify(world.issue())) == (Outcome.FAILED, "REVOKED")


def _entry(world):
    return world.unsigned()["credentialStatus"]["id"]


@pytest.mark.case("STAT-001")
def test_a_list_with_a_broken_signature_answers_nothing(world):
    document = dict(world.publish())
    proof = dict(document["proof"][0])
    other = world.issue()["proof"][0]["proofValue"]
    document["proof"] = [{**proof, "proofValue": other}]
    _serve(world, document)
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert found(verification) == (Outcome.UNAVAILABLE, "STATUS_VERIFICATION_ERROR")


@pytest.mark.case("STAT-002")
def test_a_clean_list_signed_by_another_body_answers_nothing(world):
    stranger = PrivateKey.from_bytes("Ed25519", bytes([5] * 32))
    world.publish(key=stranger)
    assert found(world.verify(world.issue()))[1] == "STATUS_VERIFICATION_ERROR"
    world.publish(issuer="did:web:attacker.example")
    assert found(world.verify(world.issue()))[1] == "STATUS_ISSUER_MISMATCH"


@pytest.mark.case("STAT-004")
def test_a_list_of_another_purpose_answers_nothing(world):
    subject = {**world.publish()["credentialSubject"], "statusPurpose": "suspension"}
    world.publish(credentialSubject=subject)
    assert found(world.verify(world.issue()))[1] == "STATUS_VERIFICATION_ERROR"


@pytest.mark.case("STAT-005")
@pytest.mark.parametrize(
    ("index", "code"),
    [
        ("-1", "MALFORMED_VALUE_ERROR"),
        ("1e3", "MALFORMED_VALUE_ERROR"),
        ("7 ", "MALFORMED_VALUE_ERROR"),
        ("0x10", "MALFORMED_VALUE_ERROR"),
        ("", "MALFORMED_VALUE_ERROR"),
        ("01", "MALFORMED_VALUE_ERROR"),
        (str(2**63), "RANGE_ERROR"),
        ("131072", "RANGE_ERROR"),
    ],
)
def test_an_index_that_no_list_has_is_never_read_as_clear(world, index, code):
    unsigned = world.unsigned()
    unsigned["credentialStatus"]["statusListIndex"] = index
    form = world.sign(unsigned)
    world.anchor(form)
    verification = world.verify(form)
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert found(verification) == (Outcome.UNAVAILABLE, code)


@pytest.mark.case("STAT-006")
def test_a_list_too_short_to_hide_anybody_answers_nothing(world):
    subject = {**world.publish()["credentialSubject"], "encodedList": _encoded(bytes(8192))}
    world.publish(credentialSubject=subject)
    assert found(world.verify(world.issue()))[1] == "STATUS_LIST_LENGTH_ERROR"


@pytest.mark.case("STAT-007")
def test_a_list_that_expands_without_end_answers_nothing(world):
    subject = {**world.publish()["credentialSubject"], "encodedList": _encoded(bytes(5 * 1024 * 1024))}
    world.publish(credentialSubject=subject)
    assert found(world.verify(world.issue()))[1] == "STATUS_LIST_LIMIT"


def _encoded(bits):
    return "u" + base64url_encode(gzip.compress(bits, mtime=0))


@pytest.mark.case("STAT-009")
@pytest.mark.parametrize("index", [0, 1, 2, 3, 4, 5, 6, 7, 8, 131071])
def test_bits_are_counted_from_the_left(world, index):
    bits = bytearray(16384)
    bits[index // 8] |= 1 << (7 - index % 8)
    assert bitstring.with_set([index]) == bytes(bits)
    assert [position for position in (*range(16), 131071) if bitstring.is_set(bytes(bits), position)] == [
        index
    ]


@pytest.mark.case("STAT-011")
def test_an_expired_list_answers_nothing(world):
    world.publish(now=NOW - timedelta(days=8))
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert found(verification)[1] == "STATUS_EXPIRED"
    assert "已过期" in wording.reason(verification).zh


@pytest.mark.case("STAT-012")
def test_a_list_that_cannot_be_had_leaves_it_open(world):
    world.lists.clear()
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert found(verification) == (Outcome.UNAVAILABLE, "STATUS_RETRIEVAL_ERROR")


@pytest.mark.case("STAT-014")
def test_an_entry_of_an_unknown_type_is_not_ignored(world):
    unsigned = world.unsigned()
    entry = unsigned["credentialStatus"]
    unsigned["credentialStatus"] = {**entry, "statusPurpose": "message"}
    form = world.sign(unsigned)
    world.anchor(form)
    assert found(world.verify(form)) == (Outcome.UNAVAILABLE, "STATUS_TYPE_UNKNOWN")


def test_an_older_list_beside_a_newer_anchored_version_is_a_rollback(world):
    older = world.publish()
    world.publish([INDEX], version=2)
    world.lists[LIST] = older
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert found(verification)[1] == "STATUS_RETRIEVAL_ERROR"


def test_a_newer_list_lowers_a_verdict_before_it_is_anchored(world):
    world.publish([INDEX], now=NOW + timedelta(minutes=1), anchor=False)
    verification = world.verify(world.issue(), now=NOW + timedelta(minutes=2))
    assert verification.verdict is Verdict.REVOKED
    assert not verification.revocation.anchored


def test_a_newer_list_raises_no_verdict_before_it_is_anchored(world):
    world.publish(now=NOW + timedelta(minutes=1), anchor=False)
    verification = world.verify(world.issue(), now=NOW + timedelta(minutes=2))
    assert verification.verdict is Verdict.COULD_NOT_CHECK


def test_old_bytes_anchored_anew_under_other_dates_do_not_answer(world, change):
    record = world.anchored[LIST]
    world.anchored[LIST] = change(record, version=2, valid_until=record.valid_until + 1)
    assert world.verify(world.issue()).verdict is Verdict.COULD_NOT_CHECK


def test_a_list_that_the_ledger_never_heard_of_is_not_asked(world):
    world.anchored.clear()
    form = world.issue()
    world.asked.clear()
    verification = world.verify(form)
    assert found(verification) == (Outcome.UNAVAILABLE, "STATUS_NOT_ANCHORED")
    assert "list" not in world.asked


def test_a_list_anchored_seconds_ago_is_found_by_asking_for_the_very_present(world):
    fresh = world.publish([INDEX - 1], version=2)
    record = world.anchored[LIST]
    older = world.publish()
    world.lists[LIST] = fresh
    ask = world.registry

    def registry(issuer_id, *, lists, fresh=False):
        if fresh:
            world.anchored[LIST] = record
        return ask(issuer_id, lists=lists)

    world.registry = registry
    assert jcs.digest(older) == world.anchored[LIST].digest
    assert world.verify(world.issue()).verdict is Verdict.VALID


def test_a_stapled_list_of_the_current_version_answers_offline_as_of_its_checkpoint(world):
    form = world.issue()
    world.source, world.as_of = "staple", NOW - timedelta(hours=23)
    verification = world.verify(form)
    assert verification.verdict is Verdict.VALID
    assert [note.code for note in verification.notes] == ["AS_OF"]


def test_a_staple_older_than_a_day_could_not_be_checked(world):
    form = world.issue()
    world.source, world.as_of = "staple", NOW - timedelta(hours=25)
    assert world.verify(form).verdict is Verdict.COULD_NOT_CHECK


def test_after_a_day_of_silence_the_issuers_own_unexpired_list_answers_with_a_note(world):
    form = world.issue()
    world.as_of = NOW - timedelta(hours=25)
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOTE
    assert wording.reason(verification).code == "LEDGER_SILENT"


def test_a_list_with_an_unsigned_copy_of_the_right_issuer_is_refused(world):
    unsigned = status.list_credential(
        list_url=LIST,
        issuer=DID,
        encoded_list=bitstring.encode(bitstring.with_set([])),
        valid_from=NOW - timedelta(hours=1),
        valid_until=NOW + timedelta(days=7),
    )
    _serve(world, unsigned)
    assert found(world.verify(world.issue()))[1] == "STATUS_VERIFICATION_ERROR"


def test_a_list_is_signed_for_assertion_and_nothing_else(world):
    document = dict(world.publish())
    del document["proof"]
    signed = data_integrity.sign(
        document,
        key=world.key,
        verification_method=f"{DID}#key-1",
        purpose="authentication",
        created=NOW - timedelta(hours=1),
    )
    _serve(world, signed)
    assert found(world.verify(world.issue()))[1] == "STATUS_VERIFICATION_ERROR"


def _serve(world, document):
    """Serve a document and have the ledger hold its digest, so that nothing but the document is wrong."""
    world.lists[LIST] = document
    world.anchored[LIST] = replace(world.anchored[LIST], digest=jcs.digest(document))


@pytest.fixture
def remembering(world):
    """Return a world whose verifier remembers the lists that verified, and what it remembers."""
    proved, ask = Recent(4), world.candidates
    world.candidates = lambda url, **options: [replace(item, proved=proved) for item in ask(url, **options)]
    return world, proved


def test_a_list_that_verified_before_counts_again(remembering):
    world, proved = remembering
    assert world.verify(world.issue()).verdict is Verdict.VALID
    assert proved.get(jcs.digest(world.lists[LIST])) is not None
    assert world.verify(world.issue()).verdict is Verdict.VALID


def test_a_list_that_verified_before_is_not_believed_once_its_key_is_replaced(remembering):
    world, _ = remembering
    form = world.issue()
    assert world.verify(form).verdict is Verdict.VALID
    content = did_document(PrivateKey.from_bytes("Ed25519", bytes([1] * 32)))
    digest = hashlib.sha256(content).digest()
    world.documents[digest] = content
    world.record = replace(world.record, document_digest=digest)
    assert found(world.verify(form)) == (Outcome.UNAVAILABLE, "STATUS_VERIFICATION_ERROR")


def test_a_list_that_verified_before_is_not_believed_before_its_proof_was_made(remembering):
    world, _ = remembering
    form = world.issue()
    assert world.verify(form).verdict is Verdict.VALID
    assert found(world.verify(form, now=NOW - timedelta(hours=2)))[0] is Outcome.UNAVAILABLE


def test_another_list_is_verified_whatever_is_remembered(remembering):
    world, _ = remembering
    form = world.issue()
    assert world.verify(form).verdict is Verdict.VALID
    world.publish([INDEX], key=PrivateKey.from_bytes("Ed25519", bytes([1] * 32)))
    assert found(world.verify(form)) == (Outcome.UNAVAILABLE, "STATUS_VERIFICATION_ERROR")
    world.publish([INDEX])
    assert world.verify(form).verdict is Verdict.REVOKED
