"""What goes to the ledger and comes back: anchors, lists, notices, the store's index, receipts."""

import hashlib
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from issuer import (
    anchoring,
    approval,
    batches,
    create_app,
    institution,
    issuance,
    printing,
    records,
    signing,
    standing,
    store,
)
from issuer.errors import ConflictError, NotAccreditedError, PrintingClosedError
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.registry import status_key
from tests.issuer.college import DID, GRADUATION, MAKER, URL, College, new_row
from vc import bitstring, data_integrity, dates, form_store, notices


class SilentLedger:
    """A ledger that does not answer, however it is asked."""

    chain_id = "urn:vocred:ledger:" + "0" * 64

    def __getattr__(self, _name: str) -> Any:
        def silent(*_arguments: object, **_options: object) -> Any:
            raise LedgerUnavailableError("the node is silent")

        return silent


class RefusingLedger:
    """A ledger that refuses every statement of one kind and is honest otherwise."""

    def __init__(self, ledger: Any, *, needle: bytes, code: str) -> None:
        self._ledger, self._needle, self._code = ledger, needle, code

    def submit(self, statement: bytes) -> int:
        if self._needle in statement:
            raise StatementRefusedError("refused", code=self._code)
        return int(self._ledger.submit(statement))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class LyingLedger:
    """A ledger that acknowledges one anchor which it never brings into the log, and is honest afterwards."""

    def __init__(self, ledger: Any) -> None:
        self._ledger, self.lies = ledger, 1

    def submit(self, statement: bytes) -> int:
        if self.lies and b"anchor" in statement:
            self.lies -= 1
            return 3
        return int(self._ledger.submit(statement))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def served(college: College, path: str, **headers: str) -> Any:
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
    return app.test_client().get(path, headers=headers)


def status_record(college: College, path: str) -> Any:
    ledger = college.parts.ledger
    college.wait(10)
    snapshot, _ = ledger.snapshot([status_key(DID, URL + path)], now=college.now)
    return snapshot.status(DID, URL + path)


def bits_of(college: College, path: str = "/status/1") -> bytes:
    return bitstring.decode(json.loads(served(college, path).data)["credentialSubject"]["encodedList"])


# Anchoring


def test_printing_is_closed_until_the_batch_is_anchored_and_indexed(college: College):
    batch_id = college.issue(new_row(1))
    with pytest.raises(PrintingClosedError):
        printing.certificates(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    college.anchor()
    (sheet,) = printing.certificates(
        college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now
    )
    assert sheet.code.issuer_number == 7
    assert sheet.code.purpose == "certificate"


def test_digests_wait_for_the_timer(college: College):
    college.anchor()
    batch_id = college.issue(new_row(1))
    assert not batches.progress(college.db, batch_id).anchored
    college.wait(1)
    anchoring.anchor_pending(college.db, college.parts, now=college.now)
    assert not batches.progress(college.db, batch_id).anchored
    college.wait(1)
    anchoring.anchor_pending(college.db, college.parts, now=college.now)
    assert batches.progress(college.db, batch_id).anchored == 1


@pytest.mark.case("FILE-011")
def test_silent_ledger_holds_nothing_up_and_all_follows_when_it_answers(college: College):
    ledger = college.parts.ledger
    college.parts = replace(college.parts, ledger=SilentLedger())
    batch_id = college.issue(new_row(1), new_row(2))
    progress = batches.progress(college.db, batch_id)
    assert (progress.state, progress.signed, progress.anchored) == ("issued", 2, 0)
    pauses = []
    for _ in range(4):
        state = college.anchor()
        assert state.problem == "LEDGER_UNAVAILABLE"
        pauses.append(state.next_attempt_at - college.now)
    assert pauses == [2, 4, 8, 16]
    assert not anchoring.due(college.db, college.parts, now=college.now)
    college.parts = replace(college.parts, ledger=ledger)
    assert college.anchor().problem is None
    assert batches.progress(college.db, batch_id).printable


@pytest.mark.case("LEDG-033")
def test_what_a_node_acknowledged_and_the_log_does_not_hold_is_sent_again(college: College):
    college.anchor()
    batch_id = college.issue(new_row(1))
    college.parts = replace(college.parts, ledger=LyingLedger(college.parts.ledger))
    college.wait(2)
    state = anchoring.anchor_pending(college.db, college.parts, now=college.now)
    assert (state.problem, college.parts.ledger.lies) == ("LEDGER_RECEIPT_FALSE", 0)
    assert not batches.progress(college.db, batch_id).anchored
    assert college.anchor().problem is None
    assert batches.progress(college.db, batch_id).anchored == 1
    (used,) = store.rows(
        college.db, "SELECT count(*) AS times FROM statement GROUP BY kind, seq HAVING kind = 'anchor'"
    )
    assert used["times"] == 1, "one statement, sent twice"


def test_repeated_rounds_with_nothing_to_do_submit_nothing(college: College):
    college.issue(new_row(1))
    college.anchor()
    count = store.value(college.db, "SELECT count(*) FROM statement")
    for _ in range(3):
        college.anchor()
    assert store.value(college.db, "SELECT count(*) FROM statement") == count


def test_salts_order_and_padding_are_forgotten_once_the_receipts_are_stored(college: College):
    college.issue(new_row(1))
    college.anchor()
    assert store.value(college.db, "SELECT count(*) FROM anchor_leaf") == 0
    assert store.value(college.db, "SELECT count(*) FROM anchor WHERE levels IS NOT NULL") == 0


def test_forms_of_a_type_without_grant_wait_for_one(college: College):
    college.issue(new_row(1))
    college.grant(GRADUATION, until=college.now)
    college.wait(100)
    state = college.anchor()
    assert state.pending == 1
    college.grant(GRADUATION)
    assert college.anchor().pending == 0


def test_refused_anchor_keeps_its_batch_for_another_statement(college: College):
    ledger = college.parts.ledger
    college.parts = replace(
        college.parts, ledger=RefusingLedger(ledger, needle=b"anchor", code="NOT_ACCREDITED")
    )
    batch_id = college.issue(new_row(1))
    assert college.anchor().problem == "NOT_ACCREDITED"
    college.parts = replace(college.parts, ledger=ledger)
    assert college.anchor().problem is None
    assert batches.progress(college.db, batch_id).anchored == 1
    assert store.value(college.db, "SELECT count(*) FROM anchor") == 1


def test_revocation_goes_to_the_ledger_while_anchors_are_refused(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    college.issue(new_row(2))
    college.two("revoke", record.id, reason="学籍处理")
    college.parts = replace(
        college.parts,
        ledger=RefusingLedger(college.parts.ledger, needle=b"anchor", code="NOT_ACCREDITED"),
    )
    college.anchor()
    assert status_record(college, "/status/1").version == 2


# Registry


def test_unregistered_issuer_signs_nothing(unregistered: College):
    _batch, act = unregistered.submit_batch(new_row(1))
    (outcome,) = unregistered.approve(act)
    assert outcome.error is not None
    assert outcome.error.code == "ISSUER_NOT_REGISTERED"


def test_issuer_signs_only_types_that_it_was_granted(college: College):
    with pytest.raises(NotAccreditedError):
        standing.require(college.db, "SkillLevelCertificate", now=college.now)
    assert standing.require(college.db, GRADUATION, now=college.now) == 7


def test_batch_pauses_when_the_grant_has_ended_and_goes_on_with_a_new_one(college: College):
    batch_id, act = college.submit_batch(new_row(1))
    college.approve(act)
    college.grant(GRADUATION, until=college.now)
    college.wait(10)
    standing.refresh(college.db, college.parts.ledger, now=college.now)
    (progress,) = issuance.run_all(college.db, college.parts, now=college.now)
    assert (progress.state, progress.problem) == ("paused", "ISSUER_NOT_ACCREDITED")
    college.grant(GRADUATION)
    college.wait(10)
    standing.refresh(college.db, college.parts.ledger, now=college.now)
    issuance.continue_paused(college.db, college.parts, actor=MAKER, batch_id=batch_id, now=college.now)
    issuance.run_all(college.db, college.parts, now=college.now)
    assert batches.progress(college.db, batch_id).signed == 1


# Lists, notices and the 60 seconds


def test_list_is_served_as_it_was_digested_signed_and_dated(college: College):
    college.issue(new_row(1))
    college.anchor()
    answer = served(college, "/status/1")
    assert answer.headers["Content-Type"] == "application/vc"
    assert answer.headers["Vocred-Anchored"] == "yes"
    record = status_record(college, "/status/1")
    assert hashlib.sha256(answer.data).digest() == record.digest
    document = json.loads(answer.data)
    assert dates.parse(document["validFrom"]) == dates.from_seconds(record.valid_from)
    assert dates.parse(document["validUntil"]) == dates.from_seconds(record.valid_until)
    public = institution.signing_key(college.db, college.parts.secret).private.public
    data_integrity.verify(
        document,
        resolve=lambda _method, _purpose: public,
        purpose="assertionMethod",
        now=dates.from_seconds(college.now),
    )


def test_list_is_served_as_plain_json_to_who_asks_for_that(college: College):
    college.issue(new_row(1))
    college.anchor()
    assert (
        served(college, "/status/1", Accept="application/json").headers["Content-Type"] == "application/json"
    )


@pytest.mark.case("STAT-023")
def test_lists_are_public_without_cookie_and_ignore_the_query(college: College):
    college.issue(new_row(1))
    college.anchor()
    plain, odd = (
        served(college, "/status/1"),
        served(college, "/status/1?for=one-holder&lang=en", Cookie="a=b"),
    )
    assert plain.data == odd.data
    assert "Set-Cookie" not in odd.headers
    assert odd.headers["Access-Control-Allow-Origin"] == "*"
    assert "Cookie" not in odd.headers.get("Vary", "")


def test_list_that_the_ledger_does_not_hold_is_served_after_sixty_seconds_and_says_so(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    college.parts = replace(college.parts, ledger=SilentLedger())
    college.two("revoke", record.id, reason="机构撤销")
    (form,) = records.forms(college.db, record.id)
    college.wait(59)
    assert not bitstring.is_set(bits_of(college), form.status_index)
    college.wait(1)
    answer = served(college, "/status/1")
    assert answer.headers["Vocred-Anchored"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    assert bitstring.is_set(bits_of(college), form.status_index)


def test_second_change_while_the_first_is_on_its_way_is_not_delayed_further(college: College):
    rows = college.issue(new_row(1), new_row(2))
    college.anchor()
    first, second = records.search(college.db, batch_id=rows)
    college.parts = replace(college.parts, ledger=SilentLedger())
    college.two("revoke", first.id, reason="机构撤销")
    college.wait(50)
    college.two("revoke", second.id, reason="机构撤销")
    college.wait(10)
    assert int.from_bytes(bits_of(college), "big").bit_count() == 2


def test_versions_follow_one_another_and_start_later_each_time(college: College):
    rows = college.issue(*(new_row(serial) for serial in range(4)))
    college.anchor()
    starts = []
    for record in records.search(college.db, batch_id=rows):
        college.two("revoke", record.id, reason="机构撤销")
        assert (
            anchoring.anchor_pending(college.db, college.parts, now=college.now, at_once=True).problem is None
        )
        starts.append(
            store.value(college.db, "SELECT max(valid_from) FROM publication WHERE resource = 'status/1'")
        )
    assert starts == sorted(set(starts))
    assert status_record(college, "/status/1").version == 5


def test_approved_list_of_revocations_is_one_version_and_one_statement(college: College):
    rows = college.issue(*(new_row(serial) for serial in range(5)))
    college.anchor()
    before = store.value(college.db, "SELECT count(*) FROM statement")
    acts = [
        approval.submit(
            college.db,
            college.parts,
            actor=MAKER,
            kind="revoke",
            subject=record.id,
            arguments={"reason": "机构撤销"},
            now=college.now,
        )
        for record in records.search(college.db, batch_id=rows)
    ]
    assert all(outcome.error is None for outcome in college.approve(*acts))
    college.anchor()
    assert store.value(college.db, "SELECT count(*) FROM statement") == before + 1
    assert int.from_bytes(bits_of(college), "big").bit_count() == 5


@pytest.mark.case("STAT-022")
def test_revocation_is_on_the_ledger_and_served_with_the_next_look(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    college.two("revoke", record.id, reason="冒名/作弊")
    # What the worker does, half a second later at most.
    assert anchoring.due(college.db, college.parts, now=college.now)
    anchoring.anchor_pending(college.db, college.parts, now=college.now)
    answer = served(college, "/status/1")
    assert answer.headers["Vocred-Anchored"] == "yes"
    assert hashlib.sha256(answer.data).digest() == status_record(college, "/status/1").digest
    (form,) = records.forms(college.db, record.id)
    assert bitstring.is_set(bits_of(college), form.status_index)


def test_notice_opens_for_who_holds_the_form_and_says_why(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    college.two("revoke", record.id, reason="冒名/作弊")
    college.anchor()
    answer = served(college, "/status/1/notices")
    assert hashlib.sha256(answer.data).digest() == status_record(college, "/status/1/notices").digest
    (form,) = store.rows(college.db, "SELECT status_index, entry_id FROM form")
    notice = notices.open_notice(
        notices.parse(answer.data), index=form["status_index"], entry_id=form["entry_id"]
    )
    assert notice is not None
    assert (notice.kind, notice.reason) == ("revoked", "冒名/作弊")
    assert "冒名" not in answer.get_data(as_text=True)


def test_withdrawn_form_says_that_the_certificate_stands_until_the_record_is_revoked(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    (form,) = records.forms(college.db, record.id)
    assert college.two("withdraw-form", form.id, reason="持有人申请").error is None
    college.anchor()
    assert opened(college, form).kind == "withdrawn"
    assert records.get(college.db, record.id).state == "valid"
    assert college.two("revoke", record.id, reason="学籍处理").error is None
    college.anchor()
    assert opened(college, form).kind == "revoked"


def opened(college: College, form: records.Form) -> notices.Notice:
    entry_id = store.value(college.db, "SELECT entry_id FROM form WHERE id = ?", (form.id,))
    document = notices.parse(served(college, "/status/1/notices").data)
    notice = notices.open_notice(document, index=form.status_index, entry_id=entry_id)
    assert notice is not None
    return notice


def test_lists_and_index_are_renewed_before_they_expire(college: College):
    college.issue(new_row(1))
    college.anchor()
    college.wait(21 * 24 * 3600)
    assert anchoring.due(college.db, college.parts, now=college.now)
    assert college.anchor().problem is None
    for path in ("/status/1", "/status/1/notices", "/store/index"):
        assert status_record(college, path).version == 2


@pytest.mark.case("STAT-016")
def test_status_indexes_are_drawn_at_random_without_replacement(college: College):
    college.issue(new_row(1))
    counter = iter(range(10**6))

    def random(size: int) -> bytes:
        return hashlib.sha256(next(counter).to_bytes(8, "big")).digest()[:size]

    slots = signing.draw_slots(college.db, count=5_000, random=random, now=college.now)
    indexes = [slot.index for slot in slots]
    assert len(set(indexes)) == len(indexes)
    mean = sum(indexes) / len(indexes)
    pairs = sum((a - mean) * (b - mean) for a, b in itertools.pairwise(indexes))
    assert abs(pairs / sum((index - mean) ** 2 for index in indexes)) < 0.05
    assert len({slot.entry_id for slot in slots}) == len(slots)


@pytest.mark.case("STAT-017")
def test_database_holds_no_list_smaller_than_the_herd(college: College):
    with pytest.raises(Exception, match="CHECK constraint"):
        college.db.execute("INSERT INTO status_list (number, size, created_at) VALUES (9, 1024, 0)")


def test_database_behind_the_ledger_stops_publishing_and_says_so(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.anchor()
    backup = college.home / "backup.db"
    college.db.conn.execute(f"VACUUM INTO '{backup}'")
    college.two("revoke", record.id, reason="机构撤销")
    college.anchor()
    assert status_record(college, "/status/1").version == 2
    # The old backup comes back: it would publish a version 2 without the bit.
    college.db.close()
    for file in college.home.glob("issuer.db*"):
        file.unlink()
    backup.rename(college.home / "issuer.db")
    college.reopen()
    college.db.execute("UPDATE status_list SET changed_at = 1")
    assert college.anchor().problem == "LEDGER_AHEAD"
    assert status_record(college, "/status/1").version == 2


# The form store


def test_every_printed_code_is_found_in_the_bucket_that_the_anchored_index_names(college: College):
    batch_id = college.issue(*(new_row(serial) for serial in range(40)))
    college.anchor()
    index_bytes = served(college, "/store/index").data
    assert hashlib.sha256(index_bytes).digest() == status_record(college, "/store/index").digest
    index = form_store.parse_index(index_bytes)
    sheets = printing.certificates(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    for sheet in sheets:
        path = index.path(sheet.code.locator, kind="forms")
        bucket = form_store.decode_bucket(served(college, f"/store/{path}").data)
        prefix = form_store.prefix_of(sheet.code.locator, index.prefix_bits)
        form_store.check_bucket(bucket, store_index=index, prefix=prefix)
        blob = form_store.find(sheet.code.locator, bucket=bucket)
        assert blob is not None
        assert json.loads(form_store.open_form(blob, code=sheet.code)) == sheet.credential


def test_index_leaves_sixteen_forms_in_every_bucket(college: College):
    college.issue(*(new_row(serial) for serial in range(150)))
    college.anchor()
    index = form_store.parse_index(served(college, "/store/index").data)
    assert index.prefix_bits > 0
    for prefix in index.buckets:
        bucket = form_store.decode_bucket(served(college, f"/store/forms/{index.prefix_bits}/{prefix}").data)
        assert len(bucket) >= 16


def test_nobody_but_the_index_chooses_the_length_of_a_prefix(college: College):
    college.issue(new_row(1))
    college.anchor()
    assert served(college, "/store/forms/0/0").status_code == 200
    for path in ("forms/1/0", "forms/0/1", "forms/128/0", "receipts/3/0"):
        assert served(college, f"/store/{path}").status_code == 404


def test_form_enters_its_bucket_only_with_the_index_that_names_it(college: College):
    college.issue(new_row(1))
    college.anchor()
    college.issue(new_row(2))
    assert len(form_store.decode_bucket(served(college, "/store/forms/0/0").data)) == 1
    college.anchor()
    assert len(form_store.decode_bucket(served(college, "/store/forms/0/0").data)) == 2


def test_reprinted_form_gets_a_new_code_and_the_old_one_stays_in_the_index(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    printing.mark_printed(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    record = college.first_record(batch_id)
    (old,) = records.forms(college.db, record.id)
    outcome = college.two("reprint", old.id, reason="持有人申请")
    assert outcome.error is None
    college.anchor()
    sheet = printing.certificate(
        college.db, college.parts, form_id=outcome.result["form_id"], actor=MAKER, now=college.now
    )
    assert sheet.credential["id"] == f"urn:uuid:{record.id}"
    states = {form.id: form.state for form in records.forms(college.db, record.id)}
    assert states == {old.id: "withdrawn", sheet.form_id: "valid"}
    assert len(form_store.decode_bucket(served(college, "/store/forms/0/0").data)) == 2


def test_withdrawn_paper_form_is_signed_anew_once(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    record = college.first_record(batch_id)
    (old,) = records.forms(college.db, record.id)
    assert college.two("withdraw-form", old.id, reason="持有人申请").error is None
    fresh = college.two("reprint", old.id, reason="持有人申请").result["form_id"]
    college.anchor()
    assert printing.certificate(
        college.db, college.parts, form_id=fresh, actor=MAKER, now=college.now
    ).credential
    states = {form.id: form.state for form in records.forms(college.db, record.id)}
    assert states == {old.id: "withdrawn", fresh: "valid"}
    with pytest.raises(ConflictError):
        college.two("reprint", old.id, reason="持有人申请")


def test_codes_are_forgotten_once_the_batch_is_printed(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    printing.mark_printed(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    assert store.value(college.db, "SELECT count(*) FROM printed_code") == 0
    assert not printing.certificates(
        college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now
    )


# Documents


def test_did_document_is_found_by_name_and_by_the_digest_that_the_registry_holds(college: College):
    standing_now = standing.current(college.db)
    by_name = served(college, "/.well-known/did.json")
    by_digest = served(college, f"/store/documents/{standing_now.document_digest.hex()}")
    assert by_name.data == by_digest.data
    assert by_name.json["id"] == DID
    assert "immutable" in by_digest.headers["Cache-Control"]


def test_published_lists_are_found_by_digest(college: College):
    college.issue(new_row(1))
    college.anchor()
    digest = status_record(college, "/status/1").digest
    assert served(college, f"/store/documents/{digest.hex()}").data == served(college, "/status/1").data


@pytest.mark.parametrize(
    "path",
    [
        "/store/documents/00",
        f"/store/documents/{'0' * 64}",
        f"/store/documents/{'A' * 64}",
        "/status/9",
        "/status/1/x",
        "/contexts/v9",
        "/schemas/none.json",
    ],
)
def test_what_is_not_published_is_not_found(college: College, path: str):
    answer = served(college, path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_our_context_and_schemas_are_served(college: College):
    assert "@context" in served(college, "/contexts/v1").json
    schema = served(college, "/schemas/GraduationCertificate-v1.json").json
    assert schema["$id"].endswith("/GraduationCertificate-v1.json")
