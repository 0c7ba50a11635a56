"""From certificate to credit, as a learner's wallet and the bank's officers live it."""

import threading
from typing import Any

import pytest

from issuer import records
from issuer.bank import confirming, listing, reviews, role, store, worker
from issuer.bank.conversions import Decision
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from issuer.errors import ConflictError, ForbiddenError, InvalidActError, NotAccreditedError
from ledger.client import LedgerUnavailableError
from tests.issuer.bank.creditbank import AGREEMENT, COLLEGE, Applied, Town, agreement_document
from tests.issuer.cosigning.bodies import CHECKER, MAKER, MENTOR
from vc import data_integrity, dates
from web import database

OFFICERS_RULE = {"confirm": "officer"}


def confirm(town: Town, applied: Applied, **changes: Any) -> Decision:
    given = {"application_id": applied.id, "actor": CHECKER, "now": town.now, **changes}
    return confirming.confirm(town.bank.db, town.bank.parts, town.desk, **given)


def convert(town: Town, certificate: dict, **changes: Any) -> Applied:
    """Apply and present; the rule decides."""
    applied = town.apply(**changes)
    answer = applied.present(certificate)
    assert answer.status_code == 200, answer.json
    return applied


def waiting(town: Town, certificate: dict) -> Applied:
    """Apply where nobody enrolled the learner, so that an officer has to confirm."""
    applied = convert(town, certificate)
    assert applied.state()["state"] == "submitted"
    return applied


@pytest.mark.row("S54", "S55", "S56")
def test_certificate_becomes_a_credit_record_at_once_where_the_rule_says_so(town: Town):
    town.enrol()
    certificate = town.certificate()
    applied = convert(town, certificate)
    state = applied.state()
    assert state["state"] == "registered", state
    (result,) = state["results"]
    assert (result["rule"], result["credits"], result["unit"]) == ("R1", 8, "学分（16学时/学分）")
    assert (result["course"]["code"], result["grade"]) == ("RB2104", "91")
    (offer,) = state["offers"]
    record = town.take(town.bank, offer["credential_offer_uri"])
    subject = record["credentialSubject"]
    assert (record["id"], subject["id"]) == (offer["record"], town.learner.did)
    assert subject["sourceCredential"] == certificate["id"]
    assert (subject["agreement"], subject["ruleId"]) == (f"{AGREEMENT}#1", "R1")
    assert (subject["creditsEarned"], subject["creditUnit"]) == (8, "学分（16学时/学分）")
    assert subject["achievement"]["creator"]["id"] == COLLEGE
    assert applied.state()["offers"] == []


def test_credit_record_is_signed_by_the_bank_and_anchored_like_any_other(town: Town):
    town.enrol()
    applied = convert(town, town.certificate())
    record = town.take(town.bank, applied.state()["offers"][0]["credential_offer_uri"])
    town.bank.anchor()
    (proof,) = data_integrity.verify(
        record,
        resolve=town.bank_key,
        purpose="assertionMethod",
        now=dates.from_seconds(town.now),
    )
    assert proof.controller == town.bank.did
    forms = records.forms(town.bank.db, record["id"].removeprefix("urn:uuid:"))
    assert [form.kind for form in forms] == ["paper", "ldp_vc"]
    assert all(form.anchored_at is not None for form in forms)


def test_first_application_opens_an_account_and_waits_for_an_officer(town: Town):
    applied = waiting(town, town.certificate())
    assert confirm(town, applied).state == "registered"
    state = applied.state()
    assert (state["state"], state["account"]) == ("registered", "CB-00000001")
    assert len(state["offers"]) == 1


def test_confirmed_account_of_somebody_whom_no_list_enrols_waits_each_time(town: Town):
    confirm(town, waiting(town, town.certificate()))
    limits = {"maxCreditsPerLearner": 20}
    town.agree(version=2, supersedes=f"{AGREEMENT}#1", rules=two_courses(), limits=limits)
    again = convert(town, town.certificate(level="高级", certCode="IROM-3"), version=2)
    assert again.state()["state"] == "submitted"


def test_officer_without_the_role_of_checker_confirms_nothing(town: Town):
    applied = waiting(town, town.certificate())
    with pytest.raises(ForbiddenError):
        confirm(town, applied, actor=MENTOR)
    assert applied.state()["state"] == "submitted"


def test_application_is_confirmed_once(town: Town):
    applied = waiting(town, town.certificate())
    confirm(town, applied)
    with pytest.raises(ConflictError):
        confirm(town, applied)


def test_confirmation_waits_when_something_cannot_be_checked(town: Town):
    applied = waiting(town, town.certificate())
    town.wire.down.add(town.body.url)
    with pytest.raises(CannotCheckError):
        confirm(town, applied)
    assert applied.state()["state"] == "submitted"


def test_certificate_revoked_while_it_waited_goes_back(town: Town):
    certificate = town.certificate()
    applied = waiting(town, certificate)
    town.revoke(certificate)
    assert confirm(town, applied).reason["code"] == "revoked"
    assert applied.state()["state"] == "returned"


def test_officer_returns_an_application_in_words_of_her_own(town: Town):
    applied = waiting(town, town.certificate())
    confirming.send_back(
        town.bank.db, application_id=applied.id, note="请先到教务处核对学号。", actor=CHECKER, now=town.now
    )
    reason = applied.state()["reason"]
    assert (reason["code"], reason["note"]) == ("returned", "请先到教务处核对学号。")


def test_amended_agreement_with_other_credits_goes_back_with_the_reason(town: Town):
    applied = waiting(town, town.certificate())
    rules = agreement_document(town.now)["rules"]
    town.agree(version=2, supersedes=f"{AGREEMENT}#1", rules=[{**rules[0], "credits": 6}])
    assert confirm(town, applied).reason["code"] == "changed"


def test_bank_that_may_sign_no_credit_record_leaves_everything_as_it_is(town: Town):
    applied = waiting(town, town.certificate())
    town.stop_accrediting_the_bank()
    with pytest.raises(NotAccreditedError):
        confirm(town, applied)
    assert applied.state()["state"] == "submitted"
    assert store.conversions(town.bank.db, "CB-00000001") == []


# Once


@pytest.mark.row("S56")
def test_certificate_is_converted_once(town: Town):
    town.enrol()
    certificate = town.certificate()
    convert(town, certificate)
    again = convert(town, certificate)
    assert again.state()["reason"]["code"] == "source-used"


def test_limit_of_the_agreement_is_not_passed(town: Town):
    town.enrol()
    town.agree(
        version=2, supersedes=f"{AGREEMENT}#1", rules=two_courses(), limits={"maxCreditsPerLearner": 12}
    )
    first = convert(town, town.certificate(), version=2, rules=["R1"])
    assert first.state()["state"] == "registered"
    other = convert(town, town.certificate(level="高级", certCode="IROM-3"), version=2, rules=["R2"])
    assert other.state()["reason"]["code"] == "cap"


def test_source_of_one_account_is_not_taken_into_another(town: Town):
    certificate = town.certificate()
    confirm(town, waiting(town, certificate))
    # The same certificate, corrected in its name: it would be another person's account.
    with database.transaction(town.bank.db):
        town.bank.db.execute("UPDATE bank_account SET person_key = 'somebody else'")
    other = convert(town, certificate)
    assert other.state()["reason"]["code"] == "source-elsewhere"


def test_application_for_an_account_takes_no_certificate_of_another_person(town: Town):
    town.enrol()
    first = convert(town, town.certificate())
    again = town.apply(earlier=first)
    again.present(town.certificate(level="高级", certCode="IROM-3", name="王一", idNumber="1111"))
    assert again.state()["reason"]["code"] == "person-differs"


def test_two_confirmations_side_by_side_register_one_course(town: Town):
    town.agree(version=2, supersedes=f"{AGREEMENT}#1", rules=one_course_for_two_levels())
    first = convert(town, town.certificate(), version=2)
    second = convert(town, town.certificate(level="高级", certCode="IROM-3"), version=2)
    barrier, outcomes = threading.Barrier(2), []

    def run(applied: Applied) -> None:
        db = database.connect(town.bank.parts.settings.database)
        try:
            desk = Desk(town.node.client(f"pins-{applied.id}"), town.wire)
            barrier.wait()
            decision = confirming.confirm(
                db, town.bank.parts, desk, application_id=applied.id, actor=CHECKER, now=town.now
            )
            outcomes.append((decision.state, (decision.reason or {}).get("code")))
        finally:
            db.close()

    threads = [threading.Thread(target=run, args=(applied,)) for applied in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [("registered", None), ("returned", "course-done")]
    (conversion,) = store.conversions(town.bank.db, "CB-00000001")
    assert conversion["course_code"] == "RB2104"
    assert town.bank.db.execute("SELECT count(*) FROM record").fetchone() == (1,)


def test_kill_in_the_middle_of_registering_leaves_nothing_half_done(town: Town, monkeypatch):
    applied = waiting(town, town.certificate())

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        # The very last write of the transaction: record, form and conversion are written already.
        patched.setattr("issuer.bank.store.move_application", killed)
        with pytest.raises(SystemExit):
            confirm(town, applied)
    for table in ("bank_conversion", "record", "form", "batch", "sealed_form"):
        assert town.bank.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert confirm(town, applied).state == "registered"


# Reconciliation and review


def converted(town: Town) -> tuple[Applied, dict]:
    town.enrol()
    certificate = town.certificate()
    applied = convert(town, certificate)
    assert applied.state()["state"] == "registered"
    return applied, certificate


@pytest.mark.row("S56")
def test_revoked_source_opens_a_review_and_still_counts(town: Town):
    applied, certificate = converted(town)
    assert reviews.reconcile(town.bank.db, town.desk, now=town.now).opened == 0
    town.revoke(certificate)
    found = reviews.reconcile(town.bank.db, town.desk, now=town.now)
    assert (found.looked_at, found.revoked, found.opened) == (1, 1, 1)
    (review,) = listing.reviews(town.bank.db, open_only=True)
    assert (review["cause"], review["reason"], review["rule"]) == ("revoked", "冒名/作弊", "R1")
    statement = town.statement(applied)
    assert (statement["entries"][0]["state"], statement["balance"]) == ("underReview", 8)
    assert reviews.reconcile(town.bank.db, town.desk, now=town.now).opened == 0


def test_withdrawn_form_opens_no_review(town: Town):
    _, certificate = converted(town)
    town.withdraw(certificate)
    found = reviews.reconcile(town.bank.db, town.desk, now=town.now)
    assert (found.withdrawn, found.opened) == (1, 0)
    # The certificate may still be revoked later: the form is looked at again.
    town.revoke(certificate)
    assert reviews.reconcile(town.bank.db, town.desk, now=town.now).opened == 1


def test_issuer_that_does_not_answer_is_asked_again(town: Town):
    _, certificate = converted(town)
    town.revoke(certificate)
    town.wire.down.add(town.body.url)
    found = reviews.reconcile(town.bank.db, town.desk, now=town.now)
    assert (found.unavailable, found.opened) == ((town.body.did,), 0)
    town.wire.down.clear()
    assert reviews.reconcile(town.bank.db, town.desk, now=town.now).opened == 1


def test_kept_conversion_stands(town: Town):
    applied, certificate = converted(town)
    town.revoke(certificate)
    reviews.reconcile(town.bank.db, town.desk, now=town.now)
    reviews.keep(town.bank.db, review_id=1, actor=CHECKER, now=town.now)
    assert town.statement(applied)["entries"][0]["state"] == "active"
    with pytest.raises(ConflictError):
        reviews.keep(town.bank.db, review_id=1, actor=CHECKER, now=town.now)


def test_cancelled_conversion_ends_its_credit_record_and_takes_two_officers(town: Town):
    applied, certificate = converted(town)
    town.revoke(certificate)
    reviews.reconcile(town.bank.db, town.desk, now=town.now)
    assert town.bank.two(reviews.ACT, "1", decision="cancel").error is None
    statement = town.statement(applied)
    assert statement["entries"][0]["state"] == "cancelled"
    assert statement["balances"] == []
    record = records.get(town.bank.db, statement["entries"][0]["record"])
    assert (record.state, record.reason) == ("revoked", "机构撤销")
    assert applied.state()["offers"] == []


def test_only_a_corrected_certificate_is_converted_anew(town: Town):
    _, certificate = converted(town)
    town.revoke(certificate)
    reviews.reconcile(town.bank.db, town.desk, now=town.now)
    with pytest.raises(InvalidActError):
        town.bank.two(reviews.ACT, "1", decision="reissue")


def test_corrected_certificate_takes_the_place_of_the_one_it_corrects(town: Town):
    applied, certificate = converted(town)
    corrected = town.correct(certificate)
    reviews.reconcile(town.bank.db, town.desk, now=town.now)
    (review,) = listing.reviews(town.bank.db, open_only=True)
    assert (review["cause"], review["replacement"]) == ("corrected", corrected["id"])
    assert convert(town, corrected).state()["reason"]["code"] == "source-used"
    assert town.bank.two(reviews.ACT, str(review["id"]), decision="reissue").error is None
    assert convert(town, corrected).state()["state"] == "registered"
    old, new = store.conversions(town.bank.db, "CB-00000001")
    assert (old["state"], old["replaced_by"], new["state"]) == ("cancelled", new["id"], "active")
    assert town.statement(applied)["balance"] == 8


def test_one_officer_alone_cancels_nothing(town: Town):
    _, certificate = converted(town)
    town.revoke(certificate)
    reviews.reconcile(town.bank.db, town.desk, now=town.now)
    from issuer import approval

    act = approval.submit(
        town.bank.db,
        town.bank.parts,
        actor=MAKER,
        kind=reviews.ACT,
        subject="1",
        arguments={"decision": "cancel"},
        now=town.now,
    )
    (outcome,) = approval.approve(town.bank.db, town.bank.parts, actor=MAKER, act_ids=[act], now=town.now)
    assert outcome.error is not None
    assert store.conversions(town.bank.db, "CB-00000001")[0]["state"] == "review"


# The background


def test_worker_learns_the_role_and_looks_at_the_sources(town: Town):
    _, certificate = converted(town)
    town.revoke(certificate)
    town.wait(worker.LOOK_SECONDS)
    worker.look(town.bank.db, town.desk, now=town.now)
    assert role.is_bank(town.bank.db)
    assert len(listing.reviews(town.bank.db, open_only=True)) == 1


def test_worker_of_another_institution_looks_at_nothing(town: Town):
    worker.look(town.body.db, town.desk, now=town.now)
    assert not role.is_bank(town.body.db)


def test_silent_ledger_is_no_fault_of_the_worker(town: Town):
    def silent(*_: Any, **__: Any) -> None:
        raise LedgerUnavailableError("the ledger node does not answer")

    client = town.node.client("silent-pins")
    client.snapshot = silent  # type: ignore[method-assign]
    worker.look(town.bank.db, Desk(client, town.wire), now=town.now)
    assert not role.is_bank(town.bank.db)


def two_courses() -> list[dict[str, Any]]:
    (first,) = agreement_document(0)["rules"]
    second = {
        **first,
        "id": "R2",
        "when": {"levelCode": ["1X-3"]},
        "credits": 5,
        "target": {
            "courseCode": "RB3110",
            "courseName": {"zh-CN": "机器人系统集成实训", "en": "Robot System Integration Practice"},
        },
    }
    return [first, second]


def one_course_for_two_levels() -> list[dict[str, Any]]:
    (rule,) = agreement_document(0)["rules"]
    return [{**rule, **OFFICERS_RULE}]
