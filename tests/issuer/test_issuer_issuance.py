"""Signing batches: what is refused, what is a duplicate, what happens when something changes on the way."""

from dataclasses import replace
from typing import Any

import pytest

from issuer import (
    approval,
    batches,
    institution,
    issuance,
    preferences,
    printing,
    records,
    signing,
    standing,
    store,
    store_forms,
    store_records,
    worker,
)
from issuer.errors import ConflictError, DuplicateCredentialIdError, ForbiddenError, InvalidActError
from issuer.signing import Press
from tests.issuer.college import CHECKER, GRADUATION, MAKER, College, new_row
from vc.errors import UndefinedTermError
from web.database import transaction
from web.errors import StorageFullError


def sign(college: College) -> None:
    issuance.run_all(college.db, college.parts, now=college.now)


def failed_rows(college: College, batch_id: str) -> dict[str, str | None]:
    return {row.number: row.problem for row in batches.rows(college.db, batch_id) if row.state == "failed"}


@pytest.mark.case("CRED-005")
def test_credential_with_an_undefined_term_is_not_signed_and_takes_no_index(
    college: College, monkeypatch: pytest.MonkeyPatch
):
    build = Press._build

    def with_a_term_of_nobody(self: Press, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {**build(self, *arguments, **options), "role": "admin"}

    ready = issuance.press(college.db, college.parts, now=college.now)
    with transaction(college.db):
        (slot,) = signing.draw_slots(college.db, count=1, random=college.parts.random, now=college.now)
    monkeypatch.setattr(Press, "_build", with_a_term_of_nobody)
    with pytest.raises(UndefinedTermError):
        ready.sign(new_row(1).fields, credential_type=GRADUATION, record_id="x", slot=slot)
    batch_id = college.issue(new_row(1))
    assert failed_rows(college, batch_id) == {new_row(1).number: "UNDEFINED_TERM"}
    for table in ("record", "form", "sealed_form", "printed_code"):
        assert store.value(college.db, f"SELECT count(*) FROM {table}") == 0


def test_row_that_lacks_a_value_fails_alone(college: College):
    batch_id = college.issue(new_row(1), new_row(2, majorName=""), new_row(3))
    assert failed_rows(college, batch_id) == {new_row(2).number: "RECORD_INCOMPLETE"}
    assert batches.progress(college.db, batch_id).signed == 2


@pytest.mark.case("CRED-059")
def test_id_of_a_record_is_never_given_to_other_content(college: College):
    record = college.first_record(college.issue(new_row(1)))
    with pytest.raises(DuplicateCredentialIdError):
        issuance.check_new_record(
            college.db,
            record_id=record.id,
            credential_type=GRADUATION,
            number="another",
            person_key="another",
            achievement="another",
        )
    batch_id, act = college.submit_batch(new_row(2))
    college.db.execute("UPDATE batch_row SET record_id = ? WHERE batch_id = ?", (record.id, batch_id))
    college.approve(act)
    sign(college)
    assert failed_rows(college, batch_id) == {new_row(2).number: "DUPLICATE_CREDENTIAL_ID"}
    assert records.get(college.db, record.id).number == new_row(1).number


@pytest.mark.case("FILE-008")
def test_same_person_and_achievement_in_another_batch_is_a_duplicate(college: College):
    college.issue(new_row(1))
    again = replace(new_row(2), person_key=new_row(1).person_key)
    batch_id = college.issue(again)
    assert failed_rows(college, batch_id) == {again.number: "DUPLICATE_CREDENTIAL"}


@pytest.mark.case("FILE-008")
def test_same_number_in_another_batch_is_a_duplicate(college: College):
    college.issue(new_row(1))
    again = replace(new_row(2), number=new_row(1).number)
    batch_id = college.issue(again)
    assert failed_rows(college, batch_id) == {new_row(1).number: "DUPLICATE_CREDENTIAL"}
    assert store.value(college.db, "SELECT count(*) FROM form") == 1


@pytest.mark.case("FILE-010")
@pytest.mark.parametrize("compromised", [False, True])
def test_key_that_changes_in_mid_batch_pauses_it_until_a_checker_goes_on(
    college: College, monkeypatch: pytest.MonkeyPatch, compromised: bool
):
    monkeypatch.setattr(issuance, "CHUNK_ROWS", 2)
    batch_id, act = college.submit_batch(*(new_row(serial) for serial in range(4)))
    college.approve(act)
    old = institution.current_method(college.db)
    issuance._sign_chunk(college.db, college.parts, batches.get(college.db, batch_id), now=college.now)
    institution.replace_signing_key(
        college.db, college.parts, actor=CHECKER, compromised=compromised, now=college.now
    )
    sign(college)
    paused = batches.progress(college.db, batch_id)
    assert (paused.state, paused.problem, paused.signed) == ("paused", "SIGNER_CHANGED", 2)
    assert store_forms.signers(college.db, batch_id) == {old: 2}
    issuance.continue_paused(college.db, college.parts, actor=CHECKER, batch_id=batch_id, now=college.now)
    sign(college)
    new = institution.current_method(college.db)
    assert store_forms.signers(college.db, batch_id) == {old: 2, new: 2}
    assert (old.encode() in institution.document(college.db)) is not compromised
    assert institution.key_compromised(college.db, old) is compromised


@pytest.mark.case("FILE-012")
def test_full_disk_stops_the_batch_and_it_goes_on_when_there_is_space(college: College):
    batch_id, act = college.submit_batch(*(new_row(serial) for serial in range(120)))
    college.approve(act)
    pages = store.value(college.db, "PRAGMA page_count")
    college.db.execute(f"PRAGMA max_page_count = {pages + 250}")
    with pytest.raises(StorageFullError):
        sign(college)
    before = batches.progress(college.db, batch_id)
    assert before.state == "approved"
    assert before.signed < 120
    assert before.signed == store.value(college.db, "SELECT count(*) FROM form")
    college.reopen()
    sign(college)
    assert batches.progress(college.db, batch_id).signed == 120


def test_empty_batch_is_not_submitted(college: College):
    with pytest.raises(InvalidActError):
        college.submit_batch(replace(new_row(1), pile="refused"))


def test_confirm_rows_are_signed_only_when_confirmed(college: College):
    waiting = replace(new_row(2), pile="confirm")
    batch_id = college.issue(new_row(1), waiting)
    assert batches.progress(college.db, batch_id).signed == 1
    assert [row.state for row in batches.rows(college.db, batch_id)] == ["signed", "waiting"]


def test_submitted_batch_is_not_changed_any_more(college: College):
    batch_id, _act = college.submit_batch(new_row(1), replace(new_row(2), pile="confirm"))
    with pytest.raises(ConflictError):
        batches.confirm(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    with pytest.raises(ConflictError):
        batches.discard(college.db, actor=MAKER, batch_id=batch_id, now=college.now)


def test_draft_that_is_given_up_leaves_no_row_and_no_file(college: College):
    batch_id, act = college.submit_batch(new_row(1))
    approval.withdraw(college.db, actor=MAKER, act_id=act, now=college.now)
    batches.discard(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    assert not batches.rows(college.db, batch_id)
    assert store_records.batch_source(college.db, batch_id) is None


def test_uploaded_file_is_kept_sealed(college: College):
    batch_id, _act = college.submit_batch(new_row(1))
    assert batches.source(college.db, college.parts, batch_id) == b"file"
    sealed = store_records.batch_source(college.db, batch_id)
    assert sealed is not None
    assert b"file" not in sealed


def test_worker_signs_and_anchors_what_was_approved(college: College):
    batch_id, act = college.submit_batch(new_row(1))
    college.approve(act)
    for _ in range(3):
        college.wait(2)
        worker.look(college.db, college.parts, now=college.now)
    assert batches.progress(college.db, batch_id).printable


def test_worker_soon_sees_that_the_issuer_was_accredited(college: College):
    college.grant(GRADUATION, until=college.now)
    college.wait(10)
    standing.refresh(college.db, college.parts.ledger, now=college.now)
    assert not standing.current(college.db).grants_in_force(college.now)
    college.grant(GRADUATION)
    for _ in range(2):
        college.wait(7)
        worker.look(college.db, college.parts, now=college.now)
    assert standing.current(college.db).grants_in_force(college.now) == {GRADUATION}


def test_worker_forgets_what_has_ended(college: College):
    batch_id = college.issue(new_row(1))
    college.wait(40 * 24 * 3600)
    worker.tidy(college.db, now=college.now)
    assert store_records.batch_source(college.db, batch_id) is None


def test_second_process_finds_the_work_taken(college: College):
    batch_id, act = college.submit_batch(new_row(1))
    college.approve(act)
    with college.parts.alone("signing") as alone:
        assert alone
        assert issuance.run_all(college.db, college.parts, now=college.now) == []
    sign(college)
    assert batches.progress(college.db, batch_id).signed == 1


def test_slips_are_printed_with_new_pins_until_they_are_marked(college: College):
    batch_id = college.issue(new_row(1), new_row(2))
    first = printing.slips(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    second = printing.slips(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    assert [slip.claim_code for slip in first] == [slip.claim_code for slip in second]
    assert len(second) == 2
    printing.mark_slips_printed(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    assert not printing.slips(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)


def test_claim_code_is_no_certificate_code_of_the_record(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    (sheet,) = printing.certificates(
        college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now
    )
    (slip,) = printing.slips(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    assert slip.claim_code.purpose == "claim"
    assert slip.claim_code.text[4:] != sheet.code.text[4:]
    assert slip.link.endswith(f"/O#{slip.claim_code.text}")


def test_strangers_see_no_codes(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    stranger = replace(MAKER, name="stranger")
    with pytest.raises(ForbiddenError):
        printing.certificates(college.db, college.parts, batch_id=batch_id, actor=stranger, now=college.now)


def test_blank_numbers_are_filled_by_the_institutions_pattern_at_approval(college: College):
    college.issue(new_row(3, certNo="999011202606000002"))
    preferences.put(college.db, "number_pattern", "999011{year}060{serial}", actor=MAKER, now=college.now)
    blank = [replace(new_row(serial, certNo=""), number="") for serial in (1, 2)]
    batch_id = college.issue(*blank)
    numbers = [row.number for row in batches.rows(college.db, batch_id)]
    assert numbers == ["999011202606000001", "999011202606000003"]
    assert {record.fields["certNo"] for record in records.search(college.db, batch_id=batch_id)} == set(
        numbers
    )
